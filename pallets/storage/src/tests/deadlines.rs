//! What happens when a provider does not answer.

use crate::{mock::*, DropReason, Event, SlotState};
use frame_support::assert_ok;

#[test]
fn deadline_of_ready_passed_draws_another_provider() {
    build_and_execute(2, || {
        let id = assigned(&TestFile::new(300, 0), 1);
        let who = provider_of(id, ALICE, 0);
        let SlotState::Assigned { ready_by, .. } = slot_of(id, ALICE, 0).state else {
            panic!()
        };
        run_to_tick(ready_by);
        assert_eq!(provider_of(id, ALICE, 0), who);
        take_events();
        next_block();
        let slot = slot_of(id, ALICE, 0);
        assert_eq!(
            slot.state,
            SlotState::Drawing {
                draw_at: ready_by as u32 + 3,
                vain: 0
            }
        );
        assert_eq!(slot.passed_over, Some(who));
        assert_eq!(
            take_events(),
            [Event::ReplicaDropped {
                file: id,
                owner: ALICE,
                slot: 0,
                provider: who,
                reason: DropReason::NotReady
            }]
        );
        assert_eq!(Registry::all()[&who].reserved, 0);
        run_blocks(2);
        assert_ne!(provider_of(id, ALICE, 0), who);
    });
}

#[test]
fn deadline_of_proof_passed_draws_another_provider() {
    build_and_execute(2, || {
        let (id, _) = proving(&TestFile::new(300, 0));
        let who = provider_of(id, ALICE, 0);
        let SlotState::Proving { prove_by, .. } = slot_of(id, ALICE, 0).state else {
            panic!()
        };
        run_to_tick(prove_by);
        assert_eq!(provider_of(id, ALICE, 0), who);
        take_events();
        next_block();
        assert_eq!(
            slot_of(id, ALICE, 0).state,
            SlotState::Drawing {
                draw_at: prove_by as u32 + 3,
                vain: 0
            }
        );
        assert_eq!(
            take_events(),
            [Event::ReplicaDropped {
                file: id,
                owner: ALICE,
                slot: 0,
                provider: who,
                reason: DropReason::NotProven
            }]
        );
        run_blocks(2);
        assert_ne!(provider_of(id, ALICE, 0), who);
    });
}

/// Without a seed no sectors are drawn, so that the provider could not have proven any.
#[test]
fn deadline_of_proof_without_seed_sets_a_new_draw_point() {
    build_and_execute(1, || {
        let file = TestFile::new(300, 0);
        let id = assigned(&file, 1);
        make_ready(id, 0);
        let ready_at = System::block_number();
        next_block();
        for _ in 0..=MaxSeedGap::get() {
            next_block_without_seed();
        }
        run_to(ready_at + 12);
        take_events();
        next_block();
        let (who, draw_at, prove_by) = (provider(0), ready_at + 15, ready_at + 25);
        assert_eq!(
            slot_of(id, ALICE, 0).state,
            SlotState::Proving {
                provider: who,
                draw_at,
                prove_by: prove_by.into()
            }
        );
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
        run_to(draw_at);
        assert_ok!(Storage::prove(
            signed(operator_of(who)),
            id,
            ALICE,
            0,
            file.proof(ALICE, 0)
        ));
    });
}

#[test]
fn deadline_met_never_drops() {
    build_and_execute(1, || {
        let file = TestFile::new(300, 0);
        let id = assigned(&file, 1);
        make_held(&file, 0);
        run_blocks(200);
        assert!(slot_of(id, ALICE, 0).state.is_held());
    });
}

#[test]
fn deadline_of_large_file_leaves_time_for_each_mib() {
    build_and_execute(1, || {
        assert_ok!(Storage::commit(
            signed(ALICE),
            [1; 32],
            (100 << 20) - 5,
            1,
            ROUNDS,
            AMPLE
        ));
        run_blocks(2);
        let id = noema_commitment::file_id::<crate::HostHashing>(&[1; 32], (100 << 20) - 5);
        let SlotState::Assigned { ready_by, .. } = slot_of(id, ALICE, 0).state else {
            panic!()
        };
        assert_eq!(ready_by, 3 + 20 + 100);
    });
}
