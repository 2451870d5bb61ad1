//! `resign`.

use crate::{mock::*, DropReason, Error, Event, SlotState};
use frame_support::{assert_noop, assert_ok};

fn assert_resigned(id: crate::FileId, who: u64) {
    let now = System::block_number();
    let slot = slot_of(id, ALICE, 0);
    assert_eq!(
        slot.state,
        SlotState::Drawing {
            draw_at: now + 2,
            vain: 0
        }
    );
    assert_eq!((slot.passed_over, slot.due), (Some(who), Some(now + 2)));
    assert!(take_events().contains(&Event::ReplicaDropped {
        file: id,
        owner: ALICE,
        slot: 0,
        provider: who,
        reason: DropReason::Resigned,
    }));
    assert_eq!(Registry::all()[&who].reserved, 0);
}

#[test]
fn resign_assigned_slot_draws_anew() {
    build_and_execute(2, || {
        let id = assigned(&TestFile::new(300, 0), 1);
        let who = provider_of(id, ALICE, 0);
        assert_ok!(Storage::resign(signed(who), id, ALICE, 0));
        assert_resigned(id, who);
        run_blocks(2);
        assert_ne!(provider_of(id, ALICE, 0), who);
    });
}

#[test]
fn resign_proving_slot_draws_anew() {
    build_and_execute(2, || {
        let id = assigned(&TestFile::new(300, 0), 1);
        make_ready(id, 0);
        let who = provider_of(id, ALICE, 0);
        assert_ok!(Storage::resign(signed(operator_of(who)), id, ALICE, 0));
        assert_resigned(id, who);
    });
}

#[test]
fn resign_held_slot_draws_anew() {
    build_and_execute(2, || {
        let file = TestFile::new(300, 0);
        let id = assigned(&file, 1);
        make_held(&file, 0);
        let who = provider_of(id, ALICE, 0);
        assert_ok!(Storage::resign(signed(who), id, ALICE, 0));
        assert_eq!(deal_of(id, ALICE).held, 0);
        assert_resigned(id, who);
    });
}

/// A league that resigns whatever it draws does not end a deal that others would serve.
#[test]
fn resign_again_and_again_ends_no_deal() {
    build_and_execute(4, || {
        let id = assigned(&TestFile::new(300, 0), 1);
        for _ in 0..2 * MaxFailures::get() {
            let who = provider_of(id, ALICE, 0);
            assert_ok!(Storage::resign(signed(who), id, ALICE, 0));
            run_blocks(DrawDelay::get());
        }
        assert_eq!(slot_of(id, ALICE, 0).failures, 0);
    });
}

#[test]
fn resign_by_strangers_is_refused() {
    build_and_execute(2, || {
        let id = assigned(&TestFile::new(300, 0), 1);
        let who = provider_of(id, ALICE, 0);
        let other = if who == provider(0) {
            provider(1)
        } else {
            provider(0)
        };
        for stranger in [ALICE, BOB, other, operator_of(other)] {
            assert_noop!(
                Storage::resign(signed(stranger), id, ALICE, 0),
                Error::<Test>::NotAssignedToYou
            );
        }
    });
}

#[test]
fn resign_slot_without_provider_is_refused() {
    build_and_execute(1, || {
        let file = TestFile::new(300, 0);
        assert_ok!(buy(&file, 1));
        assert_noop!(
            Storage::resign(signed(provider(0)), file.id(), ALICE, 0),
            Error::<Test>::NotAssignedToYou
        );
    });
}

#[test]
fn resign_for_unknown_deal_or_slot_is_refused() {
    build_and_execute(1, || {
        let id = assigned(&TestFile::new(300, 0), 1);
        let who = signed(provider(0));
        assert_noop!(
            Storage::resign(who.clone(), id, BOB, 0),
            Error::<Test>::UnknownDeal
        );
        assert_noop!(
            Storage::resign(who, id, ALICE, 7),
            Error::<Test>::UnknownSlot
        );
    });
}

#[test]
fn resign_twice_is_refused() {
    build_and_execute(1, || {
        let id = assigned(&TestFile::new(300, 0), 1);
        assert_ok!(Storage::resign(signed(provider(0)), id, ALICE, 0));
        assert_noop!(
            Storage::resign(signed(provider(0)), id, ALICE, 0),
            Error::<Test>::NotAssignedToYou
        );
    });
}
