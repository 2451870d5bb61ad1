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
    traits::{
        fungible::{Balanced, Inspect},
        Hooks, NoDrop, SuppressedDrop,
    },
    weights::WeightMeter,
};

#[benchmarks]
mod benchmarks {
    use super::*;

    /// Fees and a tip, and an author whose account exists.
    #[benchmark]
    fn on_poll() {
        let author: T::AccountId = account("author", 0, 0);
        let amount = T::Currency::minimum_balance() * 10u32.into();
        drop(T::Currency::resolve(&author, T::Currency::issue(amount)));
        let now = frame_system::Pallet::<T>::block_number();
        Pending::<T>::put(Collected {
            block: now,
            author: Some(author.clone()),
            fees: NoDrop::new(T::Currency::issue(amount)),
            tips: NoDrop::new(T::Currency::issue(amount)),
        });

        #[block]
        {
            Pallet::<T>::on_poll(now, &mut WeightMeter::new());
        }

        assert!(Pending::<T>::get().is_none());
        assert!(T::Currency::total_balance(&author) > amount);
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
