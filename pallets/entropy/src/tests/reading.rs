//! What `seed_from` answers, and that it stays with it.

use crate::{mock::*, Seeds};
use noema_traits::{AgedRandomness, Seed};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn seed_from(not_before: u32) -> Option<Seed<u32>> {
    NoemaEntropy::seed_from(not_before)
}

#[test]
fn seed_from_block_with_seed_answers_its_seed() {
    build_and_execute(|| {
        poll_range(1, 40);
        let value = Seeds::<Test>::get(35).unwrap();
        assert_eq!(
            seed_from(35),
            Some(Seed {
                value,
                drawn_at: 35
            })
        );
    });
}

#[test]
fn seed_from_future_block_answers_none() {
    build_and_execute(|| {
        poll_range(1, 40);
        assert_eq!(seed_from(41), None);
        assert_eq!(seed_from(u32::MAX), None);
    });
}

#[test]
fn seed_from_block_without_seed_answers_next() {
    build_and_execute(|| {
        poll_range(1, 40);
        poll_with(41, None);
        poll_with(42, None);
        assert_eq!(seed_from(41), None);
        poll_range(43, 44);
        assert_eq!(seed_from(41).unwrap().drawn_at, 43);
        assert_eq!(seed_from(42).unwrap().drawn_at, 43);
        assert_eq!(seed_from(43).unwrap().drawn_at, 43);
    });
}

#[test]
fn seed_from_gap_as_long_as_allowed_answers_last_candidate() {
    build_and_execute(|| {
        poll_range(1, 40);
        // Blocks 41 to 45 are missing, `MaxGap` is 5.
        poll_range(46, 60);
        assert_eq!(seed_from(41).unwrap().drawn_at, 46);
    });
}

#[test]
fn seed_from_longer_gap_is_lost_for_good() {
    build_and_execute(|| {
        poll_range(1, 40);
        poll_range(47, 60);
        assert_eq!(seed_from(41), None);
        assert_eq!(seed_from(42).unwrap().drawn_at, 47);
    });
}

#[test]
fn seed_from_block_before_first_seed_answers_none() {
    build_and_execute(|| {
        poll_range(1, 40);
        assert_eq!(seed_from(0), None);
        assert_eq!(seed_from(26), None);
        // The window is full in block 32.
        assert_eq!(seed_from(27).unwrap().drawn_at, 32);
    });
}

#[cfg(feature = "runtime-benchmarks")]
#[test]
fn set_seed_is_answered_whenever_it_is() {
    new_test_ext().execute_with(|| {
        for block in [7, 3, 60] {
            NoemaEntropy::set_seed(block, [8; 32]);
            assert_eq!(
                seed_from(block),
                Some(Seed {
                    value: [8; 32],
                    drawn_at: block
                })
            );
        }
    });
}

#[test]
fn history_is_the_parameter() {
    build_and_execute(|| assert_eq!(NoemaEntropy::history(), 50));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever blocks come without output or are skipped: once answered, always answered alike,
    /// until forgotten; and lost stays lost.
    #[test]
    fn seed_from_never_changes_an_answer(blocks in prop::collection::vec(0u8..6, 100)) {
        build_and_execute(|| {
            let mut answers = BTreeMap::<u32, Option<Seed<u32>>>::new();
            poll_range(1, 40);
            for (block, kind) in (41u32..).zip(&blocks) {
                match kind {
                    0 => poll_with(block, None),
                    1 => {
                        // The hook does not run.
                        System::set_block_number(block);
                    }
                    _ => poll_range(block, block),
                }
                for point in block.saturating_sub(60).max(41)..=block {
                    let answer = seed_from(point);
                    let forgotten = point + 50 < block;
                    let lost = point + 5 < block;
                    match answers.get(&point).copied().flatten() {
                        _ if forgotten => assert_eq!(answer, None, "{point} in {block}"),
                        Some(before) => assert_eq!(answer, Some(before), "{point} in {block}"),
                        None if lost => assert_eq!(answer, None, "{point} in {block}"),
                        None => {}
                    }
                    if let Some(seed) = answer {
                        assert!((point..=point + 5).contains(&seed.drawn_at));
                    }
                    answers.insert(point, answer);
                }
            }
        });
    }
}
