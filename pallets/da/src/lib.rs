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

#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
mod bits;
pub mod bls;
mod errors;
mod events;
mod forming;
mod hashing;
mod integrity;
mod keys;
pub mod migrations;
#[cfg(test)]
mod mock;
#[cfg(any(feature = "runtime-benchmarks", test))]
#[allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    reason = "benchmarks and tests only"
)]
mod signing;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "try-runtime", test))]
mod try_state;
mod types;
pub mod weights;

pub use bits::SeatBits;
pub use forming::{AHEAD, DRAW_DOMAIN};
pub use hashing::HostHashing;
pub use pallet::*;
pub use types::{
    Candidate, CommitteeRecord, EraIndex, Forming, KeyPoint, KeyRecord, MaxSeats, Seat, SeatKey,
};
pub use weights::WeightInfo;

use frame_support::{pallet_macros::import_section, traits::fungible::Inspect};

/// Units of the token.
pub type BalanceOf<T> =
    <<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;

#[import_section(errors::errors)]
#[import_section(events::events)]
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
    use crate::bls::SignatureBytes;
    use frame_support::{
        pallet_prelude::*,
        traits::{fungible, Contains},
        weights::WeightMeter,
    };
    use frame_system::pallet_prelude::*;
    use noema_da_primitives::CommitteeId;
    use noema_traits::{
        AgedRandomness, AuditFreeze, ProviderDiscipline, ProviderRegistry, Rounds, Ticks,
    };
    use sp_runtime::traits::BlockNumberProvider;

    /// Version of the layout of this pallet's storage.
    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// The pallet: keys and committees of seats, submissions and their attestation, what seats hold and are paid for.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What a runtime decides.
    #[pallet::config]
    pub trait Config:
        frame_system::Config<RuntimeEvent: From<Event<Self>>, Hash: Into<[u8; 32]>>
    {
        /// The token in which submissions are paid.
        type Currency: fungible::Inspect<Self::AccountId>
            + fungible::Mutate<Self::AccountId>
            + fungible::InspectHold<Self::AccountId, Reason = Self::RuntimeHoldReason>
            + fungible::MutateHold<Self::AccountId>;

        /// The hold reasons of the whole runtime.
        type RuntimeHoldReason: From<HoldReason>;

        /// The bonded providers.
        type Providers: ProviderRegistry<Self::AccountId, BalanceOf<Self>>;

        /// Who pays them.
        type Discipline: ProviderDiscipline<Self::AccountId, BalanceOf<Self>, BlockNumberFor<Self>>;

        /// Which providers may be drawn beside what [`Config::Providers`] says: not those of whom too many rounds are unsettled.
        type Eligible: Contains<Self::AccountId>;

        /// The clock of deadlines, and the rounds which are the eras: those of the instance of audits over rows.
        type Clock: Ticks + Rounds;

        /// The audits over rows.
        type Audits: AuditFreeze<Self::AccountId>;

        /// Seeds of committees and of the order of rows.
        type Randomness: AgedRandomness<BlockNumberFor<Self>>;

        /// How many blocks past a draw point [`Config::Randomness`] looks for a seed before it is lost.
        #[pallet::constant]
        type MaxSeedGap: Get<BlockNumberFor<Self>>;

        /// Blocks from the fixing of candidates to their draw; at least 1.
        #[pallet::constant]
        type SeatDrawDelay: Get<BlockNumberFor<Self>>;

        /// The block number by which [`Config::Randomness`] dates its seeds.
        type BlockNumberProvider: BlockNumberProvider<BlockNumber = BlockNumberFor<Self>>;

        /// How many providers can have a key.
        #[pallet::constant]
        type MaxKeys: Get<u32>;

        /// With fewer candidates nobody is drawn: those of the committee before serve on.
        #[pallet::constant]
        type MinSeats: Get<u32>;

        /// How many keys are looked at in a block, at most, while candidates are fixed.
        #[pallet::constant]
        type KeysPerBlock: Get<u32>;

        /// What is held for each item that somebody puts into state.
        #[pallet::constant]
        type ItemDeposit: Get<BalanceOf<Self>>;

        /// What is held for each byte that somebody puts into state.
        #[pallet::constant]
        type ByteDeposit: Get<BalanceOf<Self>>;

        /// Weights of calls and hooks.
        type WeightInfo: WeightInfo;
    }

    /// What the held funds are for.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// Deposits for what is in state.
        #[codec(index = 0)]
        Deposit,
        /// Fees of submissions, in the pot.
        #[codec(index = 1)]
        Escrow,
    }

    /// The keys of providers.
    #[pallet::storage]
    pub type Keys<T: Config> =
        CountedStorageMap<_, Blake2_128Concat, T::AccountId, KeyRecord<BalanceOf<T>>, OptionQuery>;

    /// The committees, by era, while anything that they attested can be asked for.
    #[pallet::storage]
    pub type Committees<T: Config> =
        StorageMap<_, Twox64Concat, EraIndex, CommitteeRecord<T::AccountId>, OptionQuery>;

    /// The first era for which no committee was formed.
    #[pallet::storage]
    pub type NextEra<T: Config> = StorageValue<_, EraIndex, ValueQuery>;

    /// Who has a seat in the committee that was formed last: they serve on where nobody can be drawn. None before the first.
    #[pallet::storage]
    pub type LastCommittee<T: Config> =
        StorageValue<_, BoundedVec<T::AccountId, MaxSeats>, OptionQuery>;

    /// The committee that is being made.
    #[pallet::storage]
    pub type FormingState<T: Config> =
        StorageValue<_, Forming<T::AccountId, BlockNumberFor<T>>, OptionQuery>;

    /// Who may be drawn into it.
    #[pallet::storage]
    pub type Candidates<T: Config> =
        StorageValue<_, BoundedVec<Candidate<T::AccountId>, T::MaxKeys>, ValueQuery>;

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_poll(_now: BlockNumberFor<T>, meter: &mut WeightMeter) {
            Self::form_committees(meter);
        }

        fn integrity_test() {
            integrity::integrity_test::<T>();
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Gives the provider for which the caller acts a key, in the place of the one that it has, if any.
        ///
        /// - `key`: a BLS12-381 public key, compressed.
        /// - `proof`: a signature by it of [`noema_da_primitives::Possession`], compressed, under the suite of proofs of possession.
        ///
        /// Called by the bonded account or its operator, while the provider is active for data availability. A deposit is held on the bonded account as long as it
        /// has a key. The key counts from the next committee on whose candidates are fixed; committees that there are keep the one before.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::set_key())]
        pub fn set_key(
            origin: OriginFor<T>,
            key: SeatKey,
            proof: SignatureBytes,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_key(&who, &key, &proof)
        }

        /// Takes a provider's key away, so that it is not drawn any more, and gives the deposit back. Called by the bonded account or its operator; by anybody when
        /// the provider is no longer active for data availability. What it signed it holds all the same.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::retire_key())]
        pub fn retire_key(origin: OriginFor<T>, provider: T::AccountId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_retire_key(&who, provider)
        }
    }
}
