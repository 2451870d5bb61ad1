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

    /// A full window, an output, and `n` old seeds to forget.
    #[benchmark]
    fn on_poll(n: Linear<0, FORGOTTEN_PER_BLOCK>) {
        T::BenchmarkHelper::provide_output();
        Outputs::<T>::put(BoundedVec::truncate_from(
            alloc::vec![[7u8; 32]; WINDOW as usize],
        ));
        let oldest = BlockNumberFor::<T>::from(10u32);
        for step in 0..n {
            Seeds::<T>::insert(oldest + step.into(), [9u8; 32]);
        }
        Oldest::<T>::put(oldest);
        let now = oldest + T::History::get() + n.into();
        frame_system::Pallet::<T>::set_block_number(now);

        #[block]
        {
            Pallet::<T>::on_poll(now, &mut WeightMeter::new());
        }

        assert!(
            Seeds::<T>::contains_key(now),
            "the output is there and the window full"
        );
        assert_eq!(Oldest::<T>::get(), Some(oldest + n.into()));
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
