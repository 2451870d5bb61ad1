//! Old seeds go, a bounded number per block.

use crate::{mock::*, Gaps, Recorded, Seeds, Span, FORGOTTEN_PER_BLOCK};
use noema_traits::AgedRandomness;
use proptest::prelude::*;

fn stored() -> usize {
    Seeds::<Test>::iter_keys().count()
}

#[test]
fn on_poll_keeps_history_and_current_block() {
    build_and_execute(|| {
        poll_range(1, 200);
        // 150 to 200.
        assert_eq!(stored(), 51);
        assert_eq!(
            Recorded::<Test>::get(),
            Some(Span {
                oldest: 150,
                newest: 200
            })
        );
        assert_eq!(Gaps::<Test>::iter().count(), 0);
        assert!(NoemaEntropy::seed_from(150).is_some());
        assert!(NoemaEntropy::seed_from(149).is_none());
    });
}

#[test]
fn seed_from_too_old_is_forgotten_before_it_is_removed() {
    build_and_execute(|| {
        poll_range(1, 60);
        System::set_block_number(110);
        assert!(NoemaEntropy::seed_from(60).is_some());
        System::set_block_number(111);
        // Still stored, as the hook did not run, but no answer any more; nor does an older point
        // get the answer of a later block that is still remembered.
        assert!(Seeds::<Test>::contains_key(60));
        assert!(NoemaEntropy::seed_from(60).is_none());
        assert!(NoemaEntropy::seed_from(58).is_none());
    });
}

#[test]
fn on_poll_after_long_pause_catches_up_in_steps() {
    build_and_execute(|| {
        poll_range(1, 100);
        assert_eq!(stored(), 51);
        // A million blocks without the hook.
        let resumed = 1_000_101;
        poll_range(resumed, resumed);
        assert_eq!(stored(), 51 + 1 - FORGOTTEN_PER_BLOCK as usize);
        assert_eq!(Gaps::<Test>::get(101), Some(resumed));
        assert!(NoemaEntropy::seed_from(100).is_none());
        poll_range(resumed + 1, resumed + 6);
        // All 51 old seeds and the gap are gone.
        assert_eq!(stored(), 7);
        assert_eq!(Gaps::<Test>::iter().count(), 0);
        assert_eq!(
            Recorded::<Test>::get(),
            Some(Span {
                oldest: resumed,
                newest: resumed + 6
            })
        );
    });
}

#[test]
fn on_poll_without_outputs_forgets_everything() {
    build_and_execute(|| {
        poll_range(1, 40);
        for block in 41..=100 {
            poll_with(block, None);
        }
        assert_eq!(stored(), 0);
        assert_eq!(
            Recorded::<Test>::get(),
            Some(Span {
                oldest: 41,
                newest: 40
            })
        );
        NoemaEntropy::do_try_state().unwrap();
        // And begins anew.
        poll_range(101, 102);
        assert_eq!(
            Recorded::<Test>::get(),
            Some(Span {
                oldest: 101,
                newest: 102
            })
        );
        assert_eq!(Gaps::<Test>::iter().count(), 0);
    });
}

#[test]
fn history_lowered_forgets_the_rest_in_steps() {
    build_and_execute(|| {
        poll_range(1, 200);
        History::set(10);
        assert!(NoemaEntropy::seed_from(189).is_none());
        poll_range(201, 206);
        assert_eq!(stored(), 11);
        History::set(50);
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever pauses there are, never more than `History + 1` seeds are stored, and forgetting
    /// misses none.
    #[test]
    fn stored_seeds_are_bounded(
        runs in prop::collection::vec((1u32..60, 0u32..2_000, any::<bool>()), 1..12),
    ) {
        build_and_execute(|| {
            let mut next = 1;
            for (polled, paused, without_output) in runs {
                for block in next..next + polled {
                    poll_range(block, block);
                    assert!(stored() <= 51, "{} in {block}", stored());
                }
                next += polled;
                if without_output {
                    for block in next..next + paused.min(60) {
                        poll_with(block, None);
                    }
                }
                next += paused;
                NoemaEntropy::do_try_state().unwrap();
            }
        });
    }

    /// Blocks with a seed alternate with blocks without: a gap for each seed.
    #[test]
    fn alternating_gaps_are_forgotten(holes in 1u32..4) {
        build_and_execute(|| {
            poll_range(1, 40);
            let mut block = 40;
            for _ in 0..200 {
                block += holes;
                poll_range(block, block);
                assert!(stored() <= 51);
            }
            assert!(stored() <= 51 / holes as usize + 1);
            assert!(Gaps::<Test>::iter().count() <= stored());
        });
    }
}
