//! Benchmarks: the worst case of the hook.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "benchmarks set up their own state and may stop when it is impossible"
)]

use super::*;
use frame_benchmarking::v2::*;
use frame_support::{
    traits::{Get, Hooks},
    weights::WeightMeter,
    BoundedVec,
};
use frame_system::pallet_prelude::BlockNumberFor;

#[benchmarks]
mod benchmarks {
    use super::*;

    /// A full window, an output, a gap before the current block, and `n` old gaps to forget, each
    /// of which costs one read more than a seed.
    #[benchmark]
    fn on_poll(n: Linear<0, FORGOTTEN_PER_BLOCK>) {
        T::BenchmarkHelper::provide_output();
        Outputs::<T>::put(BoundedVec::truncate_from(
            alloc::vec![[7u8; 32]; WINDOW as usize],
        ));
        let oldest = BlockNumberFor::<T>::from(10u32);
        for step in 0..n {
            let block = oldest + step.into();
            Gaps::<T>::insert(block, block + 1u32.into());
        }
        let newest = oldest + n.into();
        Seeds::<T>::insert(newest, [9u8; 32]);
        Recorded::<T>::put(Span { oldest, newest });
        let now = newest + T::History::get();
        frame_system::Pallet::<T>::set_block_number(now);

        #[block]
        {
            Pallet::<T>::on_poll(now, &mut WeightMeter::new());
        }

        assert!(
            Seeds::<T>::contains_key(now),
            "the output is there and the window full"
        );
        assert_eq!(
            Recorded::<T>::get(),
            Some(Span {
                oldest: newest,
                newest: now
            })
        );
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
