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

mod agenda;
mod attest;
#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
mod bits;
mod blobs_integrity;
mod blobs_storage;
pub mod bls;
mod books;
mod dropping;
mod errors;
mod events;
mod extend;
mod fees;
mod forming;
mod hashing;
mod integrity;
mod keys;
pub mod lists;
mod members;
pub mod migrations;
#[cfg(test)]
mod mock;
mod namespaces;
mod payroll;
mod population;
mod pot;
mod pricing;
mod reading;
pub mod records;
mod seats;
#[cfg(any(feature = "runtime-benchmarks", test))]
#[allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    reason = "benchmarks and tests only"
)]
mod signing;
mod submissions;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "try-runtime", test))]
mod try_state;
#[cfg(any(feature = "try-runtime", test))]
mod try_state_blobs;
#[cfg(any(feature = "try-runtime", test))]
mod try_state_pay;
mod types;
#[cfg(any(feature = "runtime-benchmarks", test))]
#[allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    reason = "benchmarks and tests only"
)]
mod uniform;
pub mod weights;

pub use attest::RULES;
pub use bits::SeatBits;
pub use fees::Charge;
pub use forming::{AHEAD, DRAW_DOMAIN};
pub use hashing::HostHashing;
pub use lists::{Day, List};
pub use pallet::*;
pub use population::AskedRow;
pub use reading::{NamespacePageOf, SubmissionInfoOf, SubmissionPageOf};
pub use records::{
    Attested, Batch, Book, Entry, HeightEntries, ListSums, LogEntry, MemberRecord, NamespaceRecord,
    PayAccount, RunningSums, SeatSums, SeedState, State, Submission, SubmissionId,
};
pub use types::{
    Candidate, CommitteeRecord, EraIndex, Forming, KeyPoint, KeyRecord, MaxSeats, Seat, SeatKey,
};
pub use weights::WeightInfo;

use frame_support::{pallet_macros::import_section, traits::fungible::Inspect};
use frame_system::pallet_prelude::BlockNumberFor;

/// Units of the token.
pub type BalanceOf<T> =
    <<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;

/// A submission of this chain.
pub type SubmissionOf<T> =
    Submission<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockNumberFor<T>>;
/// A batch of this chain.
pub type BatchOf<T> = Batch<BalanceOf<T>, BlockNumberFor<T>>;
/// A member of this chain.
pub type MemberOf<T> =
    MemberRecord<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockNumberFor<T>>;
/// A committee of this chain.
pub type CommitteeOf<T> = CommitteeRecord<<T as frame_system::Config>::AccountId>;

#[import_section(blobs_storage::blobs_storage)]
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
    use crate::{bls::SignatureBytes, records::CHUNK};
    use frame_support::{
        dispatch::PostDispatchInfo,
        pallet_prelude::*,
        traits::{fungible, Contains},
        weights::WeightMeter,
    };
    use frame_system::pallet_prelude::*;
    use noema_da_primitives::{
        Commitment, CommitteeId, Content, MemberId, MemberProof, Namespace, RowSeed,
    };
    use noema_price::{PriceState, Usage};
    use noema_traits::{
        AgedRandomness, AuditFreeze, ProviderDiscipline, ProviderRegistry, RoundIndex, Rounds,
        Tick, Ticks,
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

        /// Which providers may be drawn beside what [`Config::Providers`] says: not those of whom too many rounds are unsettled. Asked for each key while candidates are
        /// fixed: the weight of `collect` has room for reading all that is kept of a seat's eras.
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

        /// Ticks that seats have for a submission. Bits come until the round after its era ends, however many these are. Not in the metadata, since it may follow the pace of rounds.
        type AttestTicks: Get<Tick>;

        /// Blocks from a submission to the draw point of its row seed; at least 1.
        #[pallet::constant]
        type RowDrawDelay: Get<BlockNumberFor<Self>>;

        /// Bytes of one payer's submissions that may wait for attestation; at least the largest blob.
        #[pallet::constant]
        type MaxInFlight: Get<u64>;

        /// The account that has everything that was paid for rounds to come, on hold. Nobody has its key.
        /// It needs its existential deposit before anybody can submit.
        type Pot: Get<Self::AccountId>;

        /// The account that gets base fees, and what nobody earns.
        type RepairFund: Get<Self::AccountId>;

        /// Stands in where the repair fund cannot receive, and gets what namespaces cost.
        type Treasury: Get<Self::AccountId>;

        /// Who sets the base price.
        type PriceOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// Units per GiB of stored bytes and round at little use, until somebody sets another.
        #[pallet::constant]
        type BasePrice: Get<BalanceOf<Self>>;

        /// The lowest base price that can be set; at least 1.
        #[pallet::constant]
        type MinBasePrice: Get<BalanceOf<Self>>;

        /// The highest. Ten times as much is the highest price.
        #[pallet::constant]
        type MaxBasePrice: Get<BalanceOf<Self>>;

        /// What a base fee takes for the record, whatever the class; at least 1.
        #[pallet::constant]
        type RecordFee: Get<BalanceOf<Self>>;

        /// What a base fee takes for each GiB that the largest blob of the class makes a committee store.
        #[pallet::constant]
        type SendingFee: Get<BalanceOf<Self>>;

        /// The most weight that the agenda takes of one block.
        #[pallet::constant]
        type MaxAgendaWeight: Get<Weight>;

        /// Weights of calls and hooks, without what [`Config::Audits`] takes.
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
            // Where a migration failed, values of the old layout read as absent: nothing is drawn, noted or ended by them.
            if meter.try_consume(T::DbWeight::get().reads(1)).is_err()
                || Self::on_chain_storage_version() != Self::in_code_storage_version()
            {
                return;
            }
            Self::form_committees(meter);
            Self::fix_price(meter);
            Self::run_agenda(meter);
        }

        fn integrity_test() {
            integrity::integrity_test::<T>();
            Self::assert_blobs();
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
        /// When `MaxKeys` others have one, it must have more stake than `instead_of`, whose key is retired: places belong to those with the most behind them, whoever
        /// came first. While there is room, `instead_of` keeps its key.
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
            instead_of: Option<T::AccountId>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_key(&who, &key, &proof, instead_of)
        }

        /// Takes a provider's key away, so that it is not drawn any more, and gives the deposit back. Called by the bonded account or its operator; by anybody when
        /// the provider is no longer active for data availability. What it signed it holds all the same.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::retire_key())]
        pub fn retire_key(origin: OriginFor<T>, provider: T::AccountId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_retire_key(&who, provider)
        }

        /// Submits a blob of `size` bytes, coded to this `commitment`, for so many `days`, to be attested by the running era's committee. Pays the base fee and
        /// that of the window, and for the namespace if it is new, all of which is at most `max_fee`; and holds the deposit.
        ///
        /// The origin is any signed account.
        #[pallet::call_index(10)]
        #[pallet::weight(T::WeightInfo::submit())]
        pub fn submit(
            origin: OriginFor<T>,
            commitment: Commitment,
            size: u32,
            content: Content,
            namespace: Namespace,
            days: Day,
            max_fee: BalanceOf<T>,
        ) -> DispatchResult {
            let payer = ensure_signed(origin)?;
            let blob = submissions::Blob {
                commitment,
                size,
                content,
            };
            Self::do_submit(payer, blob, namespace, days, max_fee).map(drop)
        }

        /// Says which seats signed: at least two thirds of the stake make the blob available, for free. While there is time, further seats are added, by calls
        /// that pay. `signature` is the sum of the signatures of exactly these seats.
        ///
        /// The origin is any signed account.
        #[pallet::call_index(11)]
        #[pallet::weight(Pallet::<T>::weight_of_attest(bits, bits.count()))]
        pub fn attest(
            origin: OriginFor<T>,
            submission: SubmissionId,
            bits: SeatBits,
            signature: SignatureBytes,
        ) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            let done = Self::do_attest(submission, bits, &signature)?;
            Ok(PostDispatchInfo {
                actual_weight: Some(Self::weight_of_attest(&bits, done.enlisted)),
                pays_fee: if done.first { Pays::No } else { Pays::Yes },
            })
        }

        /// Refunds a submission that had no quorum in time, or expires one whose window is over. The agenda does so by itself; whoever does not want to wait pays.
        ///
        /// The origin is any signed account.
        #[pallet::call_index(12)]
        #[pallet::weight(T::WeightInfo::expire())]
        pub fn expire(origin: OriginFor<T>, submission: SubmissionId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_expire(submission)
        }

        /// Buys so many more `days` of an available blob at the price in force, at most `max_fee`. Each must be bought a whole round before it begins.
        ///
        /// The origin is any signed account.
        #[pallet::call_index(13)]
        #[pallet::weight(T::WeightInfo::extend((*days).into()))]
        pub fn extend(
            origin: OriginFor<T>,
            submission: SubmissionId,
            days: Day,
            max_fee: BalanceOf<T>,
        ) -> DispatchResult {
            let payer = ensure_signed(origin)?;
            Self::do_extend(&payer, submission, days, max_fee)
        }

        /// Records a member of an available bundle under the sender's own namespace, for so many `days` from the one that runs, at most as long as the bundle.
        /// A member can have several places, each paid for. Pays the gateway the member's share of what the bundle paid, and for the namespace if it is new, all of which is at most `max_fee`; and holds the
        /// deposit.
        ///
        /// The origin is any signed account.
        #[pallet::call_index(14)]
        #[pallet::weight(T::WeightInfo::submit_member())]
        pub fn submit_member(
            origin: OriginFor<T>,
            submission: SubmissionId,
            proof: MemberProof,
            namespace: Namespace,
            days: Day,
            max_fee: BalanceOf<T>,
        ) -> DispatchResult {
            let payer = ensure_signed(origin)?;
            Self::do_submit_member(payer, submission, &proof, namespace, days, max_fee)
        }

        /// Takes the record of a member away whose window is over, by its place in a namespace. The agenda does so by itself; whoever does not want to wait pays.
        ///
        /// The origin is any signed account.
        #[pallet::call_index(15)]
        #[pallet::weight(T::WeightInfo::expire_member())]
        pub fn expire_member(
            origin: OriginFor<T>,
            namespace: Namespace,
            index: u64,
        ) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_expire_member(namespace, index)
        }

        /// Sets the base price, in units per GiB of stored bytes and round, from the next round on: at most to the double or the half of that in force.
        #[pallet::call_index(16)]
        #[pallet::weight(T::WeightInfo::set_base_price())]
        pub fn set_base_price(origin: OriginFor<T>, price: BalanceOf<T>) -> DispatchResult {
            T::PriceOrigin::ensure_origin(origin)?;
            Self::do_set_base_price(price)
        }
    }
}
