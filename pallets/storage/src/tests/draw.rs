//! The draw of a provider.

use crate::{mock::*, Error, Event, SlotState};
use codec::Encode;
use frame_support::{assert_noop, assert_ok};
use noema_commitment::Shape;
use noema_traits::{ProviderRegistry, Role};
use sp_runtime::traits::Convert;

fn state_of(file: &TestFile, slot: u8) -> SlotState<u64, u64, u32> {
    slot_of(file.id(), ALICE, slot).state
}

#[test]
fn draw_at_the_point_assigns_and_reserves() {
    build_and_execute(1, || {
        let file = TestFile::new(5_000, 0);
        assert_ok!(buy(&file, 1));
        next_block();
        assert_eq!(
            state_of(&file, 0),
            SlotState::Drawing {
                draw_at: 3,
                vain: 0
            }
        );
        take_events();
        next_block();
        let ready_by = 3 + 20 + 1;
        assert_eq!(
            state_of(&file, 0),
            SlotState::Assigned {
                provider: provider(0),
                ready_by: ready_by.into()
            }
        );
        assert_eq!(slot_of(file.id(), ALICE, 0).due, Some(ready_by + 1));
        assert_eq!(
            take_events(),
            [Event::ReplicaAssigned {
                file: file.id(),
                owner: ALICE,
                slot: 0,
                provider: provider(0),
                ready_by: ready_by.into()
            }]
        );
        let bytes = Shape::new(5_000).unwrap().padded_bytes();
        assert_eq!(Registry::all()[&provider(0)].reserved, bytes);
        assert_eq!(
            crate::Assignments::<Test>::get(provider(0), (file.id(), ALICE)),
            Some(0)
        );
    });
}

#[test]
fn draw_gives_every_slot_another_provider() {
    build_and_execute(16, || {
        // Checked with the other invariants: no provider has two slots of a deal.
        let file = TestFile::new(300, 0);
        assert_ok!(buy(&file, 10));
        run_blocks(60);
        let deal = deal_of(file.id(), ALICE);
        assert!(deal
            .slots
            .iter()
            .all(|slot| slot.state.provider().is_some()));
    });
}

/// The formula that docs/design/storage.md publishes, written out.
#[test]
fn draw_uses_the_published_hash() {
    build_and_execute(16, || {
        let file = TestFile::new(300, 0);
        assert_ok!(buy(&file, 1));
        let token = slot_of(file.id(), ALICE, 0).token;
        next_block();
        next_block_without_seed();
        Seeds::set(4, [0xab; 32]);
        let message = (
            *b"noema/storage/assign/v1",
            [0xabu8; 32],
            file.id(),
            PaddedAccount::convert(ALICE),
            0u8,
            token,
            0u8,
        )
            .encode();
        let expected = Registry::draw(Role::Storage, &sp_io::hashing::blake2_256(&message));
        next_block_without_seed();
        assert_eq!(state_of(&file, 0).provider().copied(), expected);
    });
}

#[test]
fn draw_without_seed_waits_for_the_next_one() {
    build_and_execute(1, || {
        let file = TestFile::new(300, 0);
        assert_ok!(buy(&file, 1));
        let token = slot_of(file.id(), ALICE, 0).token;
        next_block();
        for block in 3..=6 {
            next_block_without_seed();
            let slot = slot_of(file.id(), ALICE, 0);
            assert_eq!(
                slot.state,
                SlotState::Drawing {
                    draw_at: 3,
                    vain: 0
                }
            );
            assert_eq!((slot.token, slot.due), (token, Some(block + 1)));
        }
        next_block();
        assert_eq!(state_of(&file, 0).provider(), Some(&provider(0)));
    });
}

#[test]
fn draw_with_lost_seed_takes_a_new_point() {
    build_and_execute(1, || {
        let file = TestFile::new(300, 0);
        assert_ok!(buy(&file, 1));
        next_block();
        for _ in 3..=8 {
            next_block_without_seed();
        }
        assert_eq!(System::block_number(), 8);
        assert_eq!(
            state_of(&file, 0),
            SlotState::Drawing {
                draw_at: 10,
                vain: 0
            }
        );
        run_to(10);
        assert_eq!(state_of(&file, 0).provider(), Some(&provider(0)));
    });
}

#[test]
fn draw_with_lost_seed_still_passes_over_who_failed() {
    build_and_execute(2, || {
        let file = TestFile::new(300, 0);
        let id = assigned(&file, 1);
        let failed = provider_of(id, ALICE, 0);
        assert_ok!(Storage::resign(signed(failed), id, ALICE, 0));
        next_block();
        for _ in 0..6 {
            next_block_without_seed();
        }
        assert_eq!(slot_of(id, ALICE, 0).passed_over, Some(failed));
        run_blocks(2);
        assert_ne!(provider_of(id, ALICE, 0), failed);
    });
}

/// Who knows the seed could move the weights of the draw.
#[test]
fn draw_after_its_seed_takes_a_new_point() {
    build_and_execute(16, || {
        let file = TestFile::new(300, 0);
        assert_ok!(buy(&file, 1));
        next_block();
        // Block 3 makes the seed, and no hook runs.
        next_block_without_hooks();
        take_events();
        next_block();
        let slot = slot_of(file.id(), ALICE, 0);
        assert_eq!(
            slot.state,
            SlotState::Drawing {
                draw_at: 6,
                vain: 0
            }
        );
        assert_eq!(slot.due, Some(6));
        assert!(take_events().is_empty());
        run_to(6);
        assert!(state_of(&file, 0).provider().is_some());
    });
}

#[test]
fn draw_after_its_seed_still_passes_over_who_failed() {
    build_and_execute(2, || {
        let file = TestFile::new(300, 0);
        let id = assigned(&file, 1);
        let failed = provider_of(id, ALICE, 0);
        assert_ok!(Storage::resign(signed(failed), id, ALICE, 0));
        for _ in 0..3 {
            next_block_without_hooks();
        }
        next_block();
        assert_eq!(slot_of(id, ALICE, 0).passed_over, Some(failed));
        run_blocks(2);
        assert_ne!(provider_of(id, ALICE, 0), failed);
    });
}

#[test]
fn draw_in_a_block_that_is_full_waits_for_the_seed_of_the_next() {
    build_and_execute(16, || {
        MaxTasksPerBlock::set(2);
        let file = TestFile::new(300, 0);
        assert_ok!(buy(&file, 3));
        for (slot, point) in [(0, 3), (1, 3), (2, 4)] {
            let slot = slot_of(file.id(), ALICE, slot);
            assert_eq!(
                slot.state,
                SlotState::Drawing {
                    draw_at: point,
                    vain: 0
                }
            );
            assert_eq!(slot.due, Some(point));
        }
        run_to(3);
        assert!(state_of(&file, 2).provider().is_none());
        run_to(4);
        assert!(state_of(&file, 2).provider().is_some());
    });
}

#[test]
fn draw_when_nobody_has_room_tries_again_later() {
    build_and_execute(2, || {
        let file = TestFile::new(5_000, 0);
        for n in 0..2 {
            Registry::set_capacity(provider(n), 5_000);
        }
        assert_ok!(buy(&file, 1));
        take_events();
        run_to(3);
        let slot = slot_of(file.id(), ALICE, 0);
        assert_eq!(
            slot.state,
            SlotState::Drawing {
                draw_at: 13,
                vain: 1
            }
        );
        assert_eq!(slot.due, Some(13));
        assert!(take_events().is_empty());
        Registry::set_capacity(provider(1), 5_120);
        run_to(13);
        assert_eq!(provider_of(file.id(), ALICE, 0), provider(1));
    });
}

#[test]
fn draw_when_nobody_is_active_tries_again_later() {
    build_and_execute(1, || {
        let file = TestFile::new(300, 0);
        assert_ok!(buy(&file, 1));
        Registry::set_activity(provider(0), false);
        run_to(3);
        assert_eq!(
            state_of(&file, 0),
            SlotState::Drawing {
                draw_at: 13,
                vain: 1
            }
        );
    });
}

/// With as many replicas as providers, whoever failed is the only one left. It is passed over in
/// one draw, not for ever.
#[test]
fn draw_after_failure_of_the_only_provider_left_takes_it_again() {
    build_and_execute(1, || {
        let id = assigned(&TestFile::new(300, 0), 1);
        assert_ok!(Storage::resign(signed(provider(0)), id, ALICE, 0));
        run_blocks(2);
        let slot = slot_of(id, ALICE, 0);
        assert!(matches!(slot.state, SlotState::Drawing { .. }));
        assert_eq!(slot.passed_over, None);
        run_blocks(10);
        assert_eq!(provider_of(id, ALICE, 0), provider(0));
    });
}

#[test]
fn draw_gives_up_after_the_allowed_attempts() {
    build_and_execute(2, || {
        MaxDrawAttempts::set(1);
        let file = TestFile::new(300, 0);
        // One provider has almost all the room, so that it is drawn for the second slot too.
        Registry::set_capacity(provider(1), 512);
        assert_ok!(buy(&file, 2));
        run_to(3);
        assert_eq!(state_of(&file, 0).provider(), Some(&provider(0)));
        assert_eq!(
            state_of(&file, 1),
            SlotState::Drawing {
                draw_at: 13,
                vain: 1
            }
        );
    });
}

#[test]
fn draw_for_removed_deal_does_nothing() {
    build_and_execute(1, || {
        let file = TestFile::new(300, 0);
        assert_ok!(buy(&file, 1));
        let task = tasks_at(3).remove(0);
        assert_ok!(Storage::remove(signed(ALICE), file.id(), MOST));
        // As if the task had stayed on the agenda.
        crate::Agenda::<Test>::try_append(3, task).unwrap();
        take_events();
        run_to(3);
        assert!(take_events().is_empty());
        assert_eq!(Registry::all()[&provider(0)].reserved, 0);
    });
}

#[test]
fn draw_with_old_token_does_nothing() {
    build_and_execute(1, || {
        let file = TestFile::new(300, 0);
        assert_ok!(buy(&file, 1));
        let task = tasks_at(3).remove(0);
        run_to(3);
        crate::Agenda::<Test>::try_append(4, task).unwrap();
        let before = deal_of(file.id(), ALICE);
        take_events();
        run_to(4);
        assert_eq!(deal_of(file.id(), ALICE), before);
        assert!(take_events().is_empty());
        assert_noop!(
            Storage::ready(signed(ALICE), file.id(), ALICE, 0),
            Error::<Test>::NotAnOperator
        );
    });
}
