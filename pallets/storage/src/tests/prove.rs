//! `prove`.

use crate::{mock::*, zero_file, Error, Event, HostHashing, SectorProofsOf, SlotState};
use frame_support::{assert_noop, assert_ok, pallet_prelude::Pays};
use noema_commitment::Shape;

#[test]
fn prove_sectors_drawn_holds_the_slot() {
    build_and_execute(2, || {
        let file = TestFile::new(70_000, 0);
        let id = assigned(&file, 2);
        make_ready(id, 0);
        run_blocks(2);
        let who = provider_of(id, ALICE, 0);
        let due = slot_of(id, ALICE, 0).due.unwrap();
        take_events();

        let proof = file.proof(ALICE, 0);
        let info = Storage::prove(signed(operator_of(who)), id, ALICE, 0, proof).unwrap();
        assert_eq!(info.pays_fee, Pays::No);
        let (slot, now) = (slot_of(id, ALICE, 0), System::block_number());
        assert_eq!(
            slot.state,
            SlotState::Held {
                provider: who,
                since: now,
                joined: None,
                bounty: 0
            }
        );
        assert_eq!(slot.due, Some(now + MaturingDelay::get()));
        assert!(tasks_at(due).is_empty());
        assert_eq!(deal_of(id, ALICE).held, 1);
        assert_eq!(
            take_events(),
            [Event::ReplicaProven {
                file: id,
                owner: ALICE,
                slot: 0,
                provider: who
            }]
        );
    });
}

#[test]
fn prove_largest_file_succeeds() {
    build_and_execute(1, || {
        for size in [MaxFileSize::get(), MaxFileSize::get() - 1, (1 << 39) + 1] {
            let shape = Shape::new(size).unwrap();
            let root = zero_file::root::<HostHashing>(&shape);
            let id = noema_commitment::file_id::<HostHashing>(&root, size);
            assert_ok!(Storage::commit(signed(ALICE), root, size, 1, ROUNDS, AMPLE));
            run_blocks(2);
            make_ready(id, 0);
            run_blocks(2);
            let sectors = sectors_drawn(id, ALICE, 0);
            assert!(sectors.iter().all(|sector| *sector < shape.sectors()));
            let proof = zero_file::proofs::<Test>(&shape, sectors.into_iter());
            let operator = signed(operator_of(provider(0)));
            assert_ok!(Storage::prove(operator, id, ALICE, 0, proof));
            assert_ok!(Storage::remove(signed(ALICE), id, MOST));
        }
    });
}

#[test]
fn prove_smallest_file_succeeds() {
    build_and_execute(1, || {
        let file = TestFile::new(1, 7);
        let (id, operator) = proving(&file);
        assert_ok!(Storage::prove(
            signed(operator),
            id,
            ALICE,
            0,
            file.proof(ALICE, 0)
        ));
    });
}

#[test]
fn prove_other_sectors_is_refused() {
    build_and_execute(1, || {
        let file = TestFile::new(70_000, 0);
        let (id, operator) = proving(&file);
        let drawn = sectors_drawn(id, ALICE, 0);
        for place in 0..drawn.len() {
            let mut sectors = drawn.clone();
            sectors[place] = (sectors[place] + 1) % 274;
            assert_noop!(
                Storage::prove(signed(operator), id, ALICE, 0, file.proof_of(sectors)),
                Error::<Test>::WrongProof
            );
        }
    });
}

#[test]
fn prove_sectors_in_another_order_is_refused() {
    build_and_execute(1, || {
        let file = TestFile::new(70_000, 0);
        let (id, operator) = proving(&file);
        let mut sectors = sectors_drawn(id, ALICE, 0);
        sectors.reverse();
        assert_noop!(
            Storage::prove(signed(operator), id, ALICE, 0, file.proof_of(sectors)),
            Error::<Test>::WrongProof
        );
    });
}

#[test]
fn prove_another_file_is_refused() {
    build_and_execute(1, || {
        let (file, other) = (TestFile::new(70_000, 0), TestFile::new(70_000, 1));
        let (id, operator) = proving(&file);
        let proof = other.proof_of(sectors_drawn(id, ALICE, 0));
        assert_noop!(
            Storage::prove(signed(operator), id, ALICE, 0, proof),
            Error::<Test>::WrongProof
        );
    });
}

#[test]
fn prove_with_the_proof_of_another_provider_is_refused() {
    build_and_execute(2, || {
        let file = TestFile::new(70_000, 0);
        let id = assigned(&file, 2);
        make_ready(id, 0);
        make_ready(id, 1);
        run_blocks(2);
        let operator = operator_of(provider_of(id, ALICE, 0));
        assert_noop!(
            Storage::prove(signed(operator), id, ALICE, 0, file.proof(ALICE, 1)),
            Error::<Test>::WrongProof
        );
        assert_noop!(
            Storage::prove(signed(operator), id, ALICE, 1, file.proof(ALICE, 1)),
            Error::<Test>::NotAssignedToYou
        );
    });
}

#[test]
fn prove_flipped_bit_is_refused() {
    build_and_execute(1, || {
        let file = TestFile::new(70_000, 0);
        let (id, operator) = proving(&file);
        let proof = file.proof(ALICE, 0);
        for place in [0, 7] {
            let mut flipped = proof.to_vec();
            flipped[place].sector[0] ^= 1;
            assert_noop!(
                Storage::prove(signed(operator), id, ALICE, 0, flipped.try_into().unwrap()),
                Error::<Test>::WrongProof
            );
            let mut flipped = proof.to_vec();
            flipped[place].siblings[0][31] ^= 1;
            assert_noop!(
                Storage::prove(signed(operator), id, ALICE, 0, flipped.try_into().unwrap()),
                Error::<Test>::WrongProof
            );
            let mut cut = proof.to_vec();
            cut[place].siblings.pop();
            assert_noop!(
                Storage::prove(signed(operator), id, ALICE, 0, cut.try_into().unwrap()),
                Error::<Test>::WrongProof
            );
        }
    });
}

#[test]
fn prove_too_few_sectors_is_refused() {
    build_and_execute(1, || {
        let file = TestFile::new(70_000, 0);
        let (id, operator) = proving(&file);
        let mut proof = file.proof(ALICE, 0);
        proof.pop();
        assert_noop!(
            Storage::prove(signed(operator), id, ALICE, 0, proof),
            Error::<Test>::WrongProofCount
        );
        assert_noop!(
            Storage::prove(
                signed(operator),
                id,
                ALICE,
                0,
                SectorProofsOf::<Test>::default()
            ),
            Error::<Test>::WrongProofCount
        );
    });
}

/// A root does not contain the size, so that a wrong one shows at the first proof.
#[test]
fn prove_of_size_that_does_not_fit_the_root_is_refused() {
    for (size, claimed) in [(5_000u64, 70_000u64), (70_000, 5_000), (70_000, 140_000)] {
        build_and_execute(1, || {
            let file = TestFile::new(size, 0);
            let id = noema_commitment::file_id::<HostHashing>(&file.root, claimed);
            assert_ok!(Storage::commit(
                signed(ALICE),
                file.root,
                claimed,
                1,
                ROUNDS,
                AMPLE
            ));
            run_blocks(2);
            make_ready(id, 0);
            run_blocks(2);
            let drawn = sectors_drawn(id, ALICE, 0);
            let sectors = Shape::new(size).unwrap().sectors();
            let operator = operator_of(provider(0));
            // Whatever the provider takes from the file.
            for shift in 0..4 {
                let taken = drawn
                    .iter()
                    .map(|sector| (sector + shift) % sectors)
                    .collect();
                assert_noop!(
                    Storage::prove(signed(operator), id, ALICE, 0, file.proof_of(taken)),
                    Error::<Test>::WrongProof
                );
            }
            assert_ok!(Storage::remove(signed(ALICE), id, MOST));
            assert_eq!(held(ALICE), 0);
        });
    }
}

#[test]
fn prove_before_the_seed_is_refused_and_then_succeeds() {
    build_and_execute(1, || {
        let file = TestFile::new(70_000, 0);
        let id = assigned(&file, 1);
        make_ready(id, 0);
        let operator = operator_of(provider(0));
        let guess = file.proof_of(vec![0; 8]);
        next_block();
        assert_noop!(
            Storage::prove(signed(operator), id, ALICE, 0, guess.clone()),
            Error::<Test>::SeedNotDrawn
        );
        // The seed of the draw point is missing; the next one counts.
        next_block_without_seed();
        assert_noop!(
            Storage::prove(signed(operator), id, ALICE, 0, guess),
            Error::<Test>::SeedNotDrawn
        );
        next_block();
        assert_ok!(Storage::prove(
            signed(operator),
            id,
            ALICE,
            0,
            file.proof(ALICE, 0)
        ));
    });
}

#[test]
fn prove_after_the_seed_is_lost_is_refused() {
    build_and_execute(1, || {
        let file = TestFile::new(70_000, 0);
        let id = assigned(&file, 1);
        make_ready(id, 0);
        let operator = operator_of(provider(0));
        let guess = file.proof_of(vec![0; 8]);
        next_block();
        for _ in 0..=MaxSeedGap::get() {
            next_block_without_seed();
            assert_noop!(
                Storage::prove(signed(operator), id, ALICE, 0, guess.clone()),
                Error::<Test>::SeedNotDrawn
            );
        }
        next_block();
        assert_noop!(
            Storage::prove(signed(operator), id, ALICE, 0, guess),
            Error::<Test>::SeedForgotten
        );
    });
}

#[test]
fn prove_in_the_last_block_succeeds_and_after_it_is_refused() {
    for late in [false, true] {
        build_and_execute(1, || {
            let file = TestFile::new(300, 0);
            let (id, operator) = proving(&file);
            let SlotState::Proving { prove_by, .. } = slot_of(id, ALICE, 0).state else {
                panic!()
            };
            run_to_tick(prove_by);
            let proof = file.proof(ALICE, 0);
            if late {
                next_block_without_hooks();
                assert_noop!(
                    Storage::prove(signed(operator), id, ALICE, 0, proof),
                    Error::<Test>::TooLate
                );
            } else {
                assert_ok!(Storage::prove(signed(operator), id, ALICE, 0, proof));
            }
        });
    }
}

#[test]
fn prove_without_ready_is_refused() {
    build_and_execute(1, || {
        let file = TestFile::new(300, 0);
        let id = assigned(&file, 1);
        assert_noop!(
            Storage::prove(
                signed(operator_of(provider(0))),
                id,
                ALICE,
                0,
                file.proof_of(vec![0; 8])
            ),
            Error::<Test>::NotAwaitingProof
        );
    });
}

#[test]
fn prove_twice_is_refused() {
    build_and_execute(1, || {
        let file = TestFile::new(300, 0);
        let (id, operator) = proving(&file);
        let proof = file.proof(ALICE, 0);
        assert_ok!(Storage::prove(
            signed(operator),
            id,
            ALICE,
            0,
            proof.clone()
        ));
        assert_noop!(
            Storage::prove(signed(operator), id, ALICE, 0, proof),
            Error::<Test>::NotAwaitingProof
        );
    });
}

#[test]
fn prove_by_unknown_provider_is_refused() {
    build_and_execute(1, || {
        let file = TestFile::new(300, 0);
        let (id, _) = proving(&file);
        assert_noop!(
            Storage::prove(signed(BOB), id, ALICE, 0, file.proof(ALICE, 0)),
            Error::<Test>::NotAnOperator
        );
    });
}

#[test]
fn prove_for_unknown_deal_or_slot_is_refused() {
    build_and_execute(1, || {
        let file = TestFile::new(300, 0);
        let (id, operator) = proving(&file);
        let proof = file.proof(ALICE, 0);
        assert_noop!(
            Storage::prove(signed(operator), id, BOB, 0, proof.clone()),
            Error::<Test>::UnknownDeal
        );
        assert_noop!(
            Storage::prove(signed(operator), id, ALICE, 1, proof),
            Error::<Test>::UnknownSlot
        );
    });
}

#[test]
fn prove_by_chilled_provider_succeeds() {
    build_and_execute(1, || {
        let file = TestFile::new(300, 0);
        let (id, operator) = proving(&file);
        Registry::set_activity(provider(0), false);
        assert_ok!(Storage::prove(
            signed(operator),
            id,
            ALICE,
            0,
            file.proof(ALICE, 0)
        ));
    });
}
