//! `commit`.

use crate::{mock::*, Call, CommitmentCount, Commitments, DealsOf, Error, Event, SlotState};
use frame_support::{assert_noop, assert_ok, pallet_prelude::Pays};

#[test]
fn commit_new_file_makes_deal_slots_and_tasks() {
    build_and_execute(3, || {
        let file = TestFile::new(5_000, 0);
        let info = buy(&file, 3).unwrap();
        assert_eq!(info.pays_fee, Pays::Yes);

        let deal = deal_of(file.id(), ALICE);
        assert_eq!(
            (deal.root, deal.size, deal.committed_at, deal.held),
            (file.root, 5_000, 1, 0)
        );
        assert_eq!(deal.replicas(), 3);
        for slot in &deal.slots {
            assert_eq!(
                slot.state,
                SlotState::Drawing {
                    draw_at: 3,
                    vain: 0
                }
            );
            assert_eq!((slot.passed_over, slot.due), (None, Some(3)));
        }
        assert_eq!(tasks_at(3).len(), 3);
        assert!(DealsOf::<Test>::contains_key(ALICE, file.id()));
        assert_eq!(
            Commitments::<Test>::get(file.root, file.size),
            CommitmentCount {
                deals: 1,
                active: 0
            }
        );
        assert_eq!(
            take_events(),
            [Event::Committed {
                file: file.id(),
                owner: ALICE,
                root: file.root,
                size: 5_000,
                replicas: 3,
                deposit: deal.deposit,
                rent: 1,
                until: ROUNDS,
                escrow: 3 * 12,
                placement: 3 * 3,
            }]
        );
    });
}

#[test]
fn commit_new_file_holds_the_deposit() {
    build_and_execute(3, || {
        // Whatever the size.
        let size = (2 << 20) + 1;
        assert_ok!(Storage::commit(
            signed(ALICE),
            [1; 32],
            size,
            2,
            ROUNDS,
            AMPLE
        ));
        let deposit = 1_000 + 2 * 100;
        assert_eq!(held(ALICE), deposit);
        assert_eq!(Storage::deposit_for(2), Some(deposit));
        // Twelve rounds and the three of the placement, twice, for ⌈1,000 × (9,216 + 256) / 2²²⌉ each.
        assert_eq!(
            deal_of(
                noema_commitment::file_id::<crate::HostHashing>(&[1; 32], size),
                ALICE
            )
            .terms
            .rent,
            3
        );
        assert_eq!(pot(), 2 * 3 * 12);
        assert_eq!(wealth(FUND), 1 + 2 * 3 * 3);
        assert_eq!(
            Balances::free_balance(ALICE),
            ENDOWMENT - deposit - 2 * 3 * 15
        );
    });
}

#[test]
fn commit_same_again_changes_nothing_and_succeeds() {
    build_and_execute(3, || {
        let file = TestFile::new(300, 0);
        let first = buy(&file, 2).unwrap();
        let (deal, deposit) = (deal_of(file.id(), ALICE), held(ALICE));
        take_events();

        let second = buy(&file, 2).unwrap();
        assert_eq!(deal_of(file.id(), ALICE), deal);
        assert_eq!(held(ALICE), deposit);
        assert_eq!(tasks_at(3).len(), 2);
        assert_eq!(
            take_events(),
            [Event::CommitRepeated {
                file: file.id(),
                owner: ALICE
            }]
        );
        assert!(second
            .actual_weight
            .unwrap()
            .all_lt(first.actual_weight.unwrap()));
    });
}

#[test]
fn commit_same_again_without_enough_providers_succeeds() {
    build_and_execute(2, || {
        assert_ok!(Storage::commit(
            signed(ALICE),
            [1; 32],
            300,
            2,
            ROUNDS,
            AMPLE
        ));
        Registry::set_activity(provider(0), false);
        assert_ok!(Storage::commit(
            signed(ALICE),
            [1; 32],
            300,
            2,
            ROUNDS,
            AMPLE
        ));
    });
}

#[test]
fn commit_same_with_other_replicas_is_refused() {
    build_and_execute(3, || {
        assert_ok!(Storage::commit(
            signed(ALICE),
            [1; 32],
            300,
            2,
            ROUNDS,
            AMPLE
        ));
        assert_noop!(
            Storage::commit(signed(ALICE), [1; 32], 300, 3, ROUNDS, AMPLE),
            Error::<Test>::ReplicasDiffer
        );
    });
}

#[test]
fn commit_same_root_of_other_size_is_another_deal() {
    build_and_execute(1, || {
        assert_ok!(Storage::commit(
            signed(ALICE),
            [1; 32],
            300,
            1,
            ROUNDS,
            AMPLE
        ));
        assert_ok!(Storage::commit(
            signed(ALICE),
            [1; 32],
            301,
            1,
            ROUNDS,
            AMPLE
        ));
        assert_eq!(DealsOf::<Test>::iter_key_prefix(ALICE).count(), 2);
    });
}

#[test]
fn commit_same_file_by_two_owners_makes_two_deals() {
    build_and_execute(1, || {
        assert_ok!(Storage::commit(
            signed(ALICE),
            [1; 32],
            300,
            1,
            ROUNDS,
            AMPLE
        ));
        assert_ok!(Storage::commit(signed(BOB), [1; 32], 300, 1, ROUNDS, AMPLE));
        assert_eq!(held(ALICE), held(BOB));
        assert_eq!(
            Commitments::<Test>::get([1; 32], 300),
            CommitmentCount {
                deals: 2,
                active: 0
            }
        );
    });
}

#[test]
fn commit_empty_file_is_refused() {
    build_and_execute(1, || {
        assert_noop!(
            Storage::commit(signed(ALICE), [1; 32], 0, 1, ROUNDS, AMPLE),
            Error::<Test>::EmptyFile
        );
    });
}

#[test]
fn commit_largest_size_succeeds_and_larger_is_refused() {
    build_and_execute(1, || {
        let max = MaxFileSize::get();
        assert_noop!(
            Storage::commit(signed(ALICE), [1; 32], max + 1, 1, ROUNDS, AMPLE),
            Error::<Test>::FileTooLarge
        );
        assert_noop!(
            Storage::commit(signed(ALICE), [1; 32], u64::MAX, 1, ROUNDS, AMPLE),
            Error::<Test>::FileTooLarge
        );
        assert_ok!(Storage::commit(
            signed(ALICE),
            [1; 32],
            max,
            1,
            ROUNDS,
            AMPLE
        ));
    });
}

#[test]
fn commit_no_replicas_is_refused() {
    build_and_execute(1, || {
        assert_noop!(
            Storage::commit(signed(ALICE), [1; 32], 300, 0, ROUNDS, AMPLE),
            Error::<Test>::NoReplicas
        );
    });
}

#[test]
fn commit_more_replicas_than_allowed_is_refused() {
    build_and_execute(20, || {
        assert_noop!(
            Storage::commit(signed(ALICE), [1; 32], 300, 17, ROUNDS, AMPLE),
            Error::<Test>::TooManyReplicas
        );
        assert_noop!(
            Storage::commit(signed(ALICE), [1; 32], 300, u8::MAX, ROUNDS, AMPLE),
            Error::<Test>::TooManyReplicas
        );
        assert_ok!(Storage::commit(
            signed(ALICE),
            [1; 32],
            300,
            16,
            ROUNDS,
            AMPLE
        ));
    });
}

#[test]
fn commit_more_replicas_than_active_providers_is_refused() {
    build_and_execute(3, || {
        assert_noop!(
            Storage::commit(signed(ALICE), [1; 32], 300, 4, ROUNDS, AMPLE),
            Error::<Test>::NotEnoughProviders
        );
        Registry::set_activity(provider(2), false);
        assert_noop!(
            Storage::commit(signed(ALICE), [1; 32], 300, 3, ROUNDS, AMPLE),
            Error::<Test>::NotEnoughProviders
        );
        assert_ok!(Storage::commit(
            signed(ALICE),
            [1; 32],
            300,
            2,
            ROUNDS,
            AMPLE
        ));
    });
}

#[test]
fn commit_without_the_deposit_is_refused() {
    build_and_execute(1, || {
        assert_noop!(
            Storage::commit(signed(PAUPER), [1; 32], 300, 1, ROUNDS, AMPLE),
            Error::<Test>::InsufficientDeposit
        );
        // Bob has more than enough for a small file, not for the largest.
        let _ = Balances::force_set_balance(RuntimeOrigin::root(), BOB, 2_000);
        assert_noop!(
            Storage::commit(signed(BOB), [1; 32], MaxFileSize::get(), 1, ROUNDS, AMPLE),
            Error::<Test>::InsufficientFunds
        );
        assert_ok!(Storage::commit(signed(BOB), [1; 32], 300, 1, ROUNDS, AMPLE));
    });
}

#[test]
fn commit_while_the_agenda_is_full_is_refused() {
    build_and_execute(16, || {
        MaxTasksPerBlock::set(2);
        AgendaSearch::set(7);
        let commit = |salt: u8, replicas| Call::commit {
            root: [salt; 32],
            size: 300,
            replicas,
            rounds: ROUNDS,
            max: AMPLE,
        };
        // Eight blocks of two.
        assert_ok!(dispatch(ALICE, commit(1, 16)));
        assert_noop!(dispatch(BOB, commit(2, 1)), Error::<Test>::Busy);
        // The next block's window reaches one block further.
        next_block();
        assert_noop!(dispatch(BOB, commit(2, 3)), Error::<Test>::Busy);
        assert_ok!(dispatch(BOB, commit(2, 2)));
        assert_noop!(dispatch(BOB, commit(3, 1)), Error::<Test>::Busy);
    });
}
