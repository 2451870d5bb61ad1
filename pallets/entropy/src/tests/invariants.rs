//! Each invariant detects a broken state.

use crate::{mock::*, Gaps, Outputs, Recorded, Seeds};
use frame_support::assert_ok;
use sp_runtime::TryRuntimeError;

/// Forty blocks with seeds, a pause, and more; then breaks something by hand, which this one
/// invariant, and the sum of all, must notice.
#[track_caller]
fn detects(
    invariant: fn() -> Result<(), TryRuntimeError>,
    expected: &str,
    break_it: impl FnOnce(),
) {
    new_test_ext().execute_with(|| {
        poll_range(1, 40);
        poll_range(45, 50);
        assert_ok!(invariant());
        assert_ok!(NoemaEntropy::do_try_state());
        break_it();
        let found = format!(
            "{:?}",
            invariant().expect_err("the broken state was not found")
        );
        assert!(
            found.contains(expected),
            "found {found}, expected {expected}"
        );
        assert!(NoemaEntropy::do_try_state().is_err());
    });
}

#[test]
fn try_state_detects_seed_of_future_block() {
    detects(
        NoemaEntropy::try_state_no_seed_of_the_future,
        "a seed is of a future block",
        || {
            Seeds::<Test>::insert(51, [1; 32]);
        },
    );
}

#[test]
fn try_state_detects_seed_before_the_oldest() {
    detects(
        NoemaEntropy::try_state_every_seed_will_be_forgotten,
        "a seed lies where forgetting never comes",
        || {
            Seeds::<Test>::insert(31, [1; 32]);
        },
    );
}

#[test]
fn try_state_detects_seed_in_a_gap() {
    detects(
        NoemaEntropy::try_state_every_seed_will_be_forgotten,
        "a seed lies where forgetting never comes",
        || {
            Seeds::<Test>::insert(43, [1; 32]);
        },
    );
}

#[test]
fn try_state_detects_lost_seed() {
    detects(
        NoemaEntropy::try_state_every_seed_will_be_forgotten,
        "neither a seed nor is it the beginning of a gap",
        || {
            Seeds::<Test>::remove(35);
        },
    );
}

#[test]
fn try_state_detects_lost_gap() {
    detects(
        NoemaEntropy::try_state_every_seed_will_be_forgotten,
        "neither a seed nor is it the beginning of a gap",
        || {
            Gaps::<Test>::remove(41);
        },
    );
}

#[test]
fn try_state_detects_gap_that_leads_backwards() {
    detects(
        NoemaEntropy::try_state_every_seed_will_be_forgotten,
        "a gap leads backwards",
        || {
            Gaps::<Test>::insert(41, 40);
        },
    );
}

#[test]
fn try_state_detects_gap_beyond_the_newest() {
    detects(
        NoemaEntropy::try_state_every_seed_will_be_forgotten,
        "a gap leads beyond the newest seed",
        || {
            Gaps::<Test>::insert(41, 51);
        },
    );
}

#[test]
fn try_state_detects_stray_gap() {
    detects(
        NoemaEntropy::try_state_every_seed_will_be_forgotten,
        "a gap lies where forgetting never comes",
        || {
            Gaps::<Test>::insert(10, 20);
        },
    );
}

#[test]
fn try_state_detects_lost_span() {
    detects(
        NoemaEntropy::try_state_every_seed_will_be_forgotten,
        "a seed lies where forgetting never comes",
        Recorded::<Test>::kill,
    );
}

#[test]
fn try_state_detects_too_many_seeds() {
    detects(
        NoemaEntropy::try_state_seeds_are_few,
        "more seeds are stored than blocks are remembered",
        || {
            for block in 51..90 {
                Seeds::<Test>::insert(block, [1; 32]);
            }
        },
    );
}

#[test]
fn try_state_detects_seeds_without_window() {
    detects(
        NoemaEntropy::try_state_seeds_follow_full_window,
        "although the window of outputs is not full",
        || {
            Outputs::<Test>::mutate(|outputs| outputs.pop());
        },
    );
}
