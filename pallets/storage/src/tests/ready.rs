//! `ready`.

use crate::{mock::*, Call, Error, Event, SlotState};
use frame_support::{assert_noop, assert_ok, pallet_prelude::Pays};

#[test]
fn ready_by_operator_fixes_a_later_draw_point() {
    build_and_execute(1, || {
        let file = TestFile::new(300, 0);
        let id = assigned(&file, 1);
        let (who, now) = (provider(0), System::block_number());
        let token = slot_of(id, ALICE, 0).token;
        take_events();

        let info = Storage::ready(signed(operator_of(who)), id, ALICE, 0).unwrap();
        assert_eq!(info.pays_fee, Pays::No);
        let (draw_at, prove_by) = (now + 2, now + 12);
        let slot = slot_of(id, ALICE, 0);
        assert_eq!(
            slot.state,
            SlotState::Proving {
                provider: who,
                draw_at,
                prove_by: prove_by.into()
            }
        );
        assert_eq!(slot.due, Some(prove_by + 1));
        assert!(slot.token > token);
        assert_eq!(
            take_events(),
            [Event::ReplicaReady {
                file: id,
                owner: ALICE,
                slot: 0,
                provider: who,
                draw_at,
                prove_by: prove_by.into()
            }]
        );
    });
}

#[test]
fn ready_takes_the_old_deadline_off_the_agenda() {
    build_and_execute(1, || {
        let id = assigned(&TestFile::new(300, 0), 1);
        let due = slot_of(id, ALICE, 0).due.unwrap();
        assert_eq!(tasks_at(due).len(), 1);
        make_ready(id, 0);
        assert!(tasks_at(due).is_empty());
    });
}

#[test]
fn ready_in_the_last_block_succeeds_and_after_it_is_refused() {
    build_and_execute(1, || {
        let id = assigned(&TestFile::new(300, 0), 1);
        let SlotState::Assigned { ready_by, .. } = slot_of(id, ALICE, 0).state else {
            panic!()
        };
        // 300 bytes are one MiB begun.
        assert_eq!(ready_by, <Clock as noema_traits::Ticks>::now() + 21);
        run_to_tick(ready_by);
        assert_ok!(Storage::ready(
            signed(operator_of(provider(0))),
            id,
            ALICE,
            0
        ));
    });
    build_and_execute(1, || {
        let id = assigned(&TestFile::new(300, 0), 1);
        let SlotState::Assigned { ready_by, .. } = slot_of(id, ALICE, 0).state else {
            panic!()
        };
        run_to_tick(ready_by);
        // Even if the agenda had no time to take the slot away.
        next_block_without_hooks();
        assert_noop!(
            Storage::ready(signed(operator_of(provider(0))), id, ALICE, 0),
            Error::<Test>::TooLate
        );
    });
}

#[test]
fn ready_twice_is_refused() {
    build_and_execute(1, || {
        let file = TestFile::new(300, 0);
        let id = assigned(&file, 1);
        let operator = operator_of(provider(0));
        make_ready(id, 0);
        assert_noop!(
            Storage::ready(signed(operator), id, ALICE, 0),
            Error::<Test>::NotAwaitingReady
        );
        run_blocks(2);
        assert_ok!(Storage::prove(
            signed(operator),
            id,
            ALICE,
            0,
            file.proof(ALICE, 0)
        ));
        assert_noop!(
            Storage::ready(signed(operator), id, ALICE, 0),
            Error::<Test>::NotAwaitingReady
        );
    });
}

#[test]
fn ready_by_unknown_provider_is_refused() {
    build_and_execute(1, || {
        let id = assigned(&TestFile::new(300, 0), 1);
        assert_noop!(
            Storage::ready(signed(BOB), id, ALICE, 0),
            Error::<Test>::NotAnOperator
        );
    });
}

#[test]
fn ready_by_another_provider_is_refused() {
    build_and_execute(2, || {
        let id = assigned(&TestFile::new(300, 0), 1);
        let other = if provider_of(id, ALICE, 0) == provider(0) {
            provider(1)
        } else {
            provider(0)
        };
        assert_noop!(
            Storage::ready(signed(operator_of(other)), id, ALICE, 0),
            Error::<Test>::NotAssignedToYou
        );
    });
}

#[test]
fn ready_before_the_draw_is_refused() {
    build_and_execute(1, || {
        let file = TestFile::new(300, 0);
        assert_ok!(buy(&file, 1));
        assert_noop!(
            Storage::ready(signed(operator_of(provider(0))), file.id(), ALICE, 0),
            Error::<Test>::NotAssignedToYou
        );
    });
}

#[test]
fn ready_for_unknown_deal_or_slot_is_refused() {
    build_and_execute(1, || {
        let id = assigned(&TestFile::new(300, 0), 1);
        let operator = signed(operator_of(provider(0)));
        assert_noop!(
            Storage::ready(operator.clone(), [9; 32], ALICE, 0),
            Error::<Test>::UnknownDeal
        );
        assert_noop!(
            Storage::ready(operator.clone(), id, BOB, 0),
            Error::<Test>::UnknownDeal
        );
        assert_noop!(
            Storage::ready(operator, id, ALICE, 1),
            Error::<Test>::UnknownSlot
        );
    });
}

#[test]
fn ready_while_the_agenda_is_full_is_refused() {
    build_and_execute(2, || {
        MaxTasksPerBlock::set(1);
        AgendaSearch::set(0);
        ReadyWindowBase::set(11);
        // Both deadlines are due in the same block if Bob's provider says ready in the block in
        // which Alice's is drawn: 11 + 1 blocks to fetch, 2 + 10 to prove.
        let (first, second) = (TestFile::new(300, 0), TestFile::new(300, 1));
        assert_ok!(Storage::commit(
            signed(BOB),
            first.root,
            first.size,
            1,
            ROUNDS,
            AMPLE
        ));
        next_block();
        assert_ok!(Storage::commit(
            signed(ALICE),
            second.root,
            second.size,
            1,
            ROUNDS,
            AMPLE
        ));
        run_blocks(2);
        let bobs = operator_of(provider_of(first.id(), BOB, 0));
        let ready = Call::ready {
            file: first.id(),
            owner: BOB,
            slot: 0,
        };
        assert_noop!(dispatch(bobs, ready.clone()), Error::<Test>::Busy);
        next_block();
        assert_ok!(dispatch(bobs, ready));
    });
}
