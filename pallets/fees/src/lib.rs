#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::let_underscore_must_use,
        clippy::panic,
        clippy::string_slice,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod collect;
pub mod migrations;
#[cfg(test)]
mod mock;
mod pay;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "try-runtime", test))]
mod try_state;
mod types;
pub mod weights;

pub use pallet::*;
pub use types::{BalanceOf, Collected, CreditOf};
pub use weights::WeightInfo;

#[frame_support::pallet]
#[allow(
    missing_docs,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::unreachable,
    reason = "the code that the pallet macros generate; what stands here by hand needs none of them"
)]
pub mod pallet {
    use super::*;
    use frame_support::{
        pallet_prelude::*,
        traits::{fungible::Balanced, OnUnbalanced},
        weights::WeightMeter,
    };
    use frame_system::pallet_prelude::*;
    use sp_runtime::Permill;

    /// Version of the layout of this pallet's storage.
    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// The pallet: what the transactions of a block paid, until it is paid out.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What a runtime decides.
    #[pallet::config]
    pub trait Config: frame_system::Config {
        /// The token in which fees are paid.
        type Currency: Balanced<Self::AccountId>;

        /// The author of the block that is being executed, if it is known.
        type Author: Get<Option<Self::AccountId>>;

        /// The author's part of fees. Tips are the author's as a whole.
        #[pallet::constant]
        type AuthorShare: Get<Permill>;

        /// Gets what the author does not get.
        type Rest: OnUnbalanced<CreditOf<Self>>;

        /// Weights of the hook.
        type WeightInfo: WeightInfo;
    }

    /// What was collected and not paid out yet.
    #[pallet::storage]
    pub type Pending<T: Config> = StorageValue<_, Collected<T>, OptionQuery>;

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_poll(_: BlockNumberFor<T>, meter: &mut WeightMeter) {
            if meter.try_consume(T::WeightInfo::on_poll()).is_ok() {
                Self::pay();
            }
        }

        fn integrity_test() {
            let (hook, block) = (T::WeightInfo::on_poll(), T::BlockWeights::get().max_block);
            assert!(
                hook.all_lte(block),
                "pallet-noema-fees: the hook weighs {hook:?}, a block holds {block:?}: nothing would ever be paid out; measure the \
                 weights or enlarge the block",
            );
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }
}
