//! What is accepted, and with which error everything else is refused.

use crate::{mock::*, Error, Event};
use frame_support::{assert_noop, dispatch::Pays};
use proptest::prelude::*;

/// Providers 1 and 2 with several replicas each, 3 with none, in an open round that is not the first.
fn scene() -> u32 {
    to_draw();
    to_calm();
    give(1, &[5, 9, 30]);
    give(2, &[7, 80]);
    to_open();
    round()
}

/// Refused with this error, and nothing has changed.
#[track_caller]
fn refused(provider: u64, round: u32, answers: &[(u8, Proof)], error: Error<Test>) {
    assert_noop!(
        answer(provider, round, answers).map_err(|failed| failed.error),
        error
    );
}

fn flipped(proof: Proof) -> Proof {
    Proof {
        flipped: true,
        ..proof
    }
}

#[test]
fn answer_of_everything_passes_the_round_at_once_and_is_free() {
    build_and_execute(&[1, 2], || {
        let round = scene();
        let answers = right(1);
        take_events();
        let info = answer(1, round, &answers).unwrap();
        assert_eq!(info.pays_fee, Pays::No);
        assert_eq!(
            take_events(),
            [
                Event::Answered {
                    provider: 1,
                    round,
                    answered: answers.len() as u8,
                    left: 0
                },
                Event::RoundPassed {
                    provider: 1,
                    round,
                    points: 0
                },
                Event::Settled {
                    provider: 1,
                    next: round + 1
                },
            ]
        );
        assert_eq!(written(1), None);
        assert_eq!(Wages::log(1), [(round, Paid::Passed)]);
        assert_eq!(Wages::totals(1).paid, 44);
    });
}

#[test]
fn answer_in_batches_in_any_order_passes_with_the_last() {
    build_and_execute(&[1, 2], || {
        let round = scene();
        let answers = right(1);
        for (index, single) in answers.iter().enumerate().rev() {
            let info = answer(1, round, &[*single]).unwrap();
            assert_eq!(info.pays_fee, Pays::No);
            match index {
                0 => assert_eq!(written(1), None),
                left => assert_eq!(
                    written(1).unwrap().answered.count_ones() as usize,
                    answers.len() - left
                ),
            }
        }
        assert_eq!(record(1).next, round + 1);
    });
}

#[test]
fn answer_by_who_is_no_operator_is_refused() {
    build_and_execute(&[1, 2], || {
        let round = scene();
        refused(9, round, &right(1), Error::NotAnOperator);
    });
}

#[test]
fn answer_for_another_round_is_refused() {
    build_and_execute(&[1, 2], || {
        let answers = [(
            0,
            Proof::of(Item {
                replica: 0,
                sectors: 1,
                sector: 0,
            }),
        )];
        // Before the first.
        refused(1, 0, &answers, Error::RoundNotBegun);
        let round = scene();
        refused(1, round + 1, &right(1), Error::RoundNotBegun);
        refused(1, round - 1, &right(1), Error::RoundOver);
    });
}

#[test]
fn answer_outside_of_the_window_is_refused() {
    build_and_execute(&[1, 2], || {
        let round = scene();
        let late = right(1);
        to_close();
        refused(1, round, &late, Error::TooLate);
        to_draw();
        refused(1, round, &late, Error::RoundOver);
        refused(1, round + 1, &late, Error::NotDrawn);
        to_skipped();
        refused(1, round + 1, &late, Error::RoundSkipped);
    });
}

#[test]
fn answer_in_the_last_block_of_the_window_is_taken() {
    build_and_execute(&[1, 2], || {
        let round = scene();
        // Four more blocks are ticks of the window; then it is over.
        next_blocks(3);
        assert!(is_open());
        in_next_block(|| answer(1, round, &right(1)).unwrap());
        assert!(!is_open());
        assert_eq!(Wages::log(1), [(round, Paid::Passed)]);
    });
}

#[test]
fn answer_without_answers_is_refused() {
    build_and_execute(&[1, 2], || {
        let round = scene();
        refused(1, round, &[], Error::NoAnswers);
        // After what is wrong with the round.
        refused(1, round + 1, &[], Error::RoundNotBegun);
    });
}

#[test]
fn answer_by_who_has_nothing_is_refused() {
    build_and_execute(&[1, 2, 3], || {
        let round = scene();
        refused(3, round, &right(1), Error::NothingToAnswer);
        let answers = right(1);
        answer(1, round, &answers).unwrap();
        refused(1, round, &answers[..1], Error::NothingToAnswer);
    });
}

#[test]
fn answer_with_too_much_unsettled_is_refused_until_poked() {
    build_and_execute(&[1, 2], || {
        MaxSettle::set(3);
        // Points that never add up to a drop.
        MissPoints::set(1);
        DropPoints::set(100);
        scene();
        pass_rounds(5);
        to_open();
        refused(1, round(), &right(1), Error::Unsettled);
        poke(1).unwrap();
        answer(1, round(), &right(1)).unwrap();
        assert_eq!(record(1).next, round() + 1);
    });
}

#[test]
fn answer_settles_what_is_over_first() {
    build_and_execute(&[1, 2], || {
        let missed = scene();
        to_draw();
        to_open();
        let answers = right(1);
        take_events();
        answer(1, missed + 1, &answers).unwrap();
        let events = take_events();
        assert!(
            matches!(events[0], Event::RoundMissed { round, settler: None, reward: 0, .. } if round == missed)
        );
        assert!(matches!(events[2], Event::RoundPassed { points: 23, .. }));
        assert_eq!(
            events[3],
            Event::Settled {
                provider: 1,
                next: missed + 2
            }
        );
        assert_eq!(events.len(), 4);
        assert_eq!(
            Wages::log(1),
            [(missed, Paid::Missed), (missed + 1, Paid::Passed)]
        );
    });
}

#[test]
fn answer_by_who_is_being_dropped_is_refused() {
    build_and_execute(&[1, 2], || {
        scene();
        let answers = right(1);
        miss(1, 4);
        to_open();
        refused(1, round(), &answers, Error::BeingDropped);
    });
}

#[test]
fn answer_that_would_itself_settle_the_drop_is_refused_and_leaves_it_to_others() {
    build_and_execute(&[1, 2], || {
        scene();
        miss(1, 3);
        to_open();
        to_close();
        // What it would have been asked for, had it not been for the miss that is unsettled.
        DropPoints::set(120);
        to_open();
        let answers = right(1);
        DropPoints::set(96);
        assert_eq!(record(1).points, 72);
        refused(1, round(), &answers, Error::BeingDropped);
        assert!(!record(1).is_dropping());
        poke(1).unwrap();
        assert!(record(1).is_dropping());
    });
}

#[test]
fn answer_to_a_challenge_that_is_none_is_refused() {
    build_and_execute(&[1, 2], || {
        let round = scene();
        let answers = right(1);
        let proof = answers[0].1;
        for index in [answers.len() as u8, 63, 64, 255] {
            refused(1, round, &[(index, proof)], Error::UnknownChallenge);
        }
    });
}

#[test]
fn answer_to_a_challenge_twice_is_refused() {
    build_and_execute(&[1, 2], || {
        let round = scene();
        let answers = right(1);
        let first = answers[0];
        refused(1, round, &[first, first], Error::DuplicateIndex);
        answer(1, round, &[first]).unwrap();
        refused(1, round, &[first], Error::AlreadyAnswered);
        refused(1, round, &[answers[1], first], Error::AlreadyAnswered);
        refused(1, round, &[answers[1], answers[1]], Error::DuplicateIndex);
    });
}

#[test]
fn answer_with_a_wrong_proof_is_refused_whole() {
    build_and_execute(&[1, 2], || {
        let round = scene();
        let answers = right(1);
        let (_, first) = answers[0];
        let longer = Proof {
            siblings: first.siblings + 1,
            ..first
        };
        let dirty = Proof {
            dirty: true,
            ..first
        };
        refused(1, round, &[(0, longer)], Error::WrongProofLength);
        refused(1, round, &[(0, dirty)], Error::MalformedProof);
        refused(1, round, &[(0, flipped(first))], Error::WrongProof);
        // The bad one is the last of otherwise right ones.
        let mut batch = answers.clone();
        let last = batch.len() - 1;
        batch[last].1 = flipped(batch[last].1);
        refused(1, round, &batch, Error::WrongProof);
        assert_eq!(written(1), None);
        answer(1, round, &answers).unwrap();
    });
}

#[test]
fn answer_is_looked_at_for_what_is_cheap_before_anything_is_hashed() {
    build_and_execute(&[1, 2], || {
        let round = scene();
        let answers = right(1);
        let bad = (0, flipped(answers[0].1));
        let truncated = Proof {
            siblings: 60,
            ..answers[1].1
        };
        refused(1, round, &[bad, (1, truncated)], Error::WrongProofLength);
        refused(
            1,
            round,
            &[
                bad,
                (
                    1,
                    Proof {
                        dirty: true,
                        ..answers[1].1
                    },
                ),
            ],
            Error::MalformedProof,
        );
        refused(1, round, &[bad, (200, truncated)], Error::UnknownChallenge);
        refused(1, round, &[bad, bad], Error::DuplicateIndex);
    });
}

#[test]
fn answer_of_another_provider_or_round_is_refused() {
    build_and_execute(&[1, 2], || {
        let round = scene();
        let wrong = |result: frame_support::dispatch::DispatchResultWithPostInfo| {
            let error = result.unwrap_err().error;
            let errors = [
                Error::<Test>::WrongProof.into(),
                Error::<Test>::WrongProofLength.into(),
                Error::<Test>::UnknownChallenge.into(),
            ];
            assert!(errors.contains(&error), "{error:?}");
        };
        let own = right(1);
        for (index, proof) in right(2) {
            wrong(answer(1, round, &[(index, proof)]));
        }
        answer(1, round, &own).unwrap();
        to_close();
        to_open();
        let next: Vec<Item> = open_challenges(1)
            .into_iter()
            .map(|(_, item)| item)
            .collect();
        for (index, proof) in own {
            if next.get(usize::from(index)) != Some(&proof.of) {
                wrong(answer(1, round + 1, &[(index, proof)]));
            }
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// Whatever is sent: it is accepted only if each index is one that is open, once, with its right proof; and then exactly these are answered.
    #[test]
    fn answer_takes_right_answers_to_open_challenges_only(
        batches in prop::collection::vec(prop::collection::vec((0..8u8, 0..8u8, 0..12u8), 0..6), 1..6)
    ) {
        new_test_ext().execute_with(|| {
            Registry::register(1, BOND, 0);
            Registry::register(2, BOND, 0);
            let round = scene();
            let proofs: Vec<Proof> = right(1).into_iter().map(|(_, proof)| proof).collect();
            let mut answered = std::collections::BTreeSet::new();
            for batch in &batches {
                let sent: Vec<(u8, Proof)> = batch.iter().map(|(index, of, spoil)| {
                    let mut proof = proofs[usize::from(*of) % proofs.len()];
                    proof.flipped = *spoil == 0;
                    proof.dirty = *spoil == 1;
                    (*index, proof)
                }).collect();
                let mut fresh = answered.clone();
                let good = !sent.is_empty() && sent.iter().all(|(index, proof)| {
                    let right = proofs.get(usize::from(*index));
                    right == Some(proof) && fresh.insert(*index)
                });
                let before = written(1);
                let done = answered.len() == proofs.len();
                let result = answer(1, round, &sent);
                prop_assert_eq!(result.is_ok(), good && !done);
                if good && !done {
                    answered = fresh;
                } else {
                    prop_assert_eq!(written(1), before);
                }
                prop_assert_eq!(crate::Audited::<Test>::get(1).is_some_and(|record| record.next == round + 1), answered.len() == proofs.len());
            }
            check_invariants();
            Ok(())
        })?;
    }
}
