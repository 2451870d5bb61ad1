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

extern crate alloc;

#[cfg(feature = "babe")]
pub mod babe;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
pub mod migrations;
#[cfg(test)]
mod mock;
mod ring;
mod seed;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "try-runtime", test))]
mod try_state;
mod types;
pub mod weights;

pub use pallet::*;
pub use seed::{seed_value, DOMAIN};
#[cfg(feature = "runtime-benchmarks")]
pub use types::BenchmarkHelper;
pub use types::{MissingReason, Output, Span, FORGOTTEN_PER_BLOCK, WINDOW};
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
    use frame_support::{pallet_prelude::*, weights::WeightMeter};
    use frame_system::pallet_prelude::*;

    /// Version of the layout of this pallet's storage.
    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// The pallet: one seed per block, remembered for [`Config::History`] blocks.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What a runtime decides.
    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
        /// The VRF output of the block that is being executed, known to nobody but its author
        /// before. It must be available after all `on_initialize` hooks and be the output of
        /// *this* block: the storage item `AuthorVrfRandomness` of `pallet-babe` still holds the
        /// parent's output at that time and must not be used. `babe::CurrentVrfOutput` (feature
        /// `babe`) is right.
        type VrfOutput: Get<Option<Output>>;

        /// Randomness of the running epoch (32 bytes).
        type EpochRandomness: Get<Output>;

        /// For how many blocks a seed is remembered. At least twice [`Config::MaxGap`].
        #[pallet::constant]
        type History: Get<BlockNumberFor<Self>>;

        /// How many blocks after the one asked for may stand in for it when it has no seed. A
        /// reader reads up to `MaxGap + 1` storage items. At most 256.
        #[pallet::constant]
        type MaxGap: Get<u32>;

        /// Weights of the hook.
        type WeightInfo: WeightInfo;

        /// Gives the benchmark of the hook a VRF output.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: BenchmarkHelper;
    }

    /// The last VRF outputs, oldest first, at most [`WINDOW`]. Blocks without an output are not in
    /// it.
    #[pallet::storage]
    pub type Outputs<T: Config> = StorageValue<_, BoundedVec<Output, ConstU32<WINDOW>>, ValueQuery>;

    /// The seeds by the block that drew them.
    #[pallet::storage]
    pub type Seeds<T: Config> = StorageMap<_, Twox64Concat, BlockNumberFor<T>, Output, OptionQuery>;

    /// From the oldest to the newest stored seed. Unset until the first seed.
    #[pallet::storage]
    pub type Recorded<T: Config> = StorageValue<_, Span<BlockNumberFor<T>>, OptionQuery>;

    /// Runs of blocks without a seed between two stored seeds: from the first such block to the next
    /// block with a seed. Forgetting jumps over them, so that a pause of the hook, however long, is
    /// one step.
    #[pallet::storage]
    pub type Gaps<T: Config> =
        StorageMap<_, Twox64Concat, BlockNumberFor<T>, BlockNumberFor<T>, OptionQuery>;

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A block has no seed. Readers get the seed of a later block, or none.
        #[codec(index = 0)]
        NoSeed {
            /// The block without a seed.
            block: BlockNumberFor<T>,
            /// Why it has none.
            reason: MissingReason,
        },
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_poll(now: BlockNumberFor<T>, meter: &mut WeightMeter) {
            // Without room for the worst case the block goes without a seed, as in a migration.
            if !meter.can_consume(T::WeightInfo::on_poll(FORGOTTEN_PER_BLOCK)) {
                return;
            }
            let forgotten = Self::forget(now);
            Self::record(now);
            meter.consume(T::WeightInfo::on_poll(forgotten));
        }

        fn integrity_test() {
            assert!(
                T::MaxGap::get() <= 256,
                "pallet-noema-entropy: `MaxGap` is {}, at most 256 are allowed since every reader may \
                 have to read that many items; lower it",
                T::MaxGap::get(),
            );
            let least = BlockNumberFor::<T>::from(T::MaxGap::get().max(1).saturating_mul(2));
            assert!(
                T::History::get() >= least,
                "pallet-noema-entropy: `History` is {:?}, expected at least twice `MaxGap` ({least:?}), \
                 or answers are forgotten while they are awaited; raise it",
                T::History::get(),
            );
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }
}
