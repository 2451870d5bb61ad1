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
mod assignment;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod books;
mod cover;
mod deals;
mod dropping;
mod earning;
mod ending;
mod entries;
mod errors;
mod events;
mod hashing;
mod integrity;
mod leaving;
mod math;
pub mod migrations;
#[cfg(test)]
mod mock;
mod ownership;
mod payroll;
mod population;
mod pot;
pub mod price;
mod pricing;
mod proofs;
mod quotes;
pub mod records;
mod renewals;
pub mod terms;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "try-runtime", test))]
mod try_state;
#[cfg(any(feature = "try-runtime", test))]
mod try_state_money;
pub mod types;
pub mod weights;
mod witness;
#[cfg(any(feature = "runtime-benchmarks", test))]
mod zero_file;

pub use cover::Uncovered;
pub use hashing::HostHashing;
pub use math::quorum;
pub use pallet::*;
pub use price::{PriceState, Usage};
pub use quotes::{Lease, LeaseStatus, PriceInfo, ProviderPay, Quote, RenewalQuote};
pub use records::{Account, Challenge, Drop, DropReason, EndReason, Leaf, RateChange};
pub use terms::{Segment, Terms};
pub use types::{CommitmentCount, Deal, FileId, Leaving, Slot, SlotState, Task, TaskKind};
pub use weights::WeightInfo;

use frame_support::{pallet_macros::import_section, traits::fungible, BoundedVec};
use frame_system::pallet_prelude::BlockNumberFor;
use noema_commitment::SectorProof;

/// Balances of the chain's currency.
pub type BalanceOf<T> =
    <<T as Config>::Currency as fungible::Inspect<<T as frame_system::Config>::AccountId>>::Balance;
/// Block numbers by which deadlines count.
pub type BlockOf<T> = BlockNumberFor<T>;
/// A deal of this chain.
pub type DealOf<T> = Deal<
    <T as frame_system::Config>::AccountId,
    BalanceOf<T>,
    BlockOf<T>,
    <T as Config>::MaxReplicas,
>;
/// A slot of this chain.
pub type SlotOf<T> = Slot<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockOf<T>>;
/// The state of a slot of this chain.
pub type SlotStateOf<T> =
    SlotState<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockOf<T>>;
/// A task of this chain.
pub type TaskOf<T> = Task<<T as frame_system::Config>::AccountId>;
/// The sector proofs that `prove` takes.
pub type SectorProofsOf<T> = BoundedVec<SectorProof, <T as Config>::ProofSectors>;
/// Files to commit to at once: root, size in bytes, replicas of each.
pub type FilesOf<T> = BoundedVec<([u8; 32], u64, u8), <T as Config>::MaxBatch>;
/// Leases to renew at once: file and owner of each.
pub type LeasesOf<T> =
    BoundedVec<(FileId, <T as frame_system::Config>::AccountId), <T as Config>::MaxBatch>;

#[import_section(entries::entries)]
#[import_section(errors::errors)]
#[import_section(events::events)]
#[allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::unreachable,
    reason = "the pallet macros cast indices of variants, expect the instance and match exhaustively"
)]
#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use crate::deals::CommitOutcome;
    use frame_support::{
        pallet_prelude::*,
        traits::fungible::{hold, Mutate},
        weights::WeightMeter,
    };
    use frame_system::pallet_prelude::*;
    use noema_commitment::Hasher;
    use noema_sum_tree::Node;
    use noema_traits::{
        AgedRandomness, AuditFreeze, ProviderDiscipline, ProviderRegistry, RoundIndex, Rounds,
        Tick, Ticks,
    };
    use sp_runtime::{
        traits::{BlockNumberProvider, Convert},
        Perbill,
    };

    /// Version of the layout of this pallet's storage.
    pub(crate) const STORAGE_VERSION: StorageVersion = StorageVersion::new(2);

    /// The pallet: deals, their slots, and the agenda that moves them.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config: frame_system::Config {
        /// What deposits, rents and bounties are paid in.
        type Currency: Mutate<Self::AccountId>
            + hold::Mutate<Self::AccountId, Reason = Self::RuntimeHoldReason>;

        /// The runtime's reasons for holds.
        type RuntimeHoldReason: From<HoldReason>;

        /// The bonded storage providers.
        type Providers: ProviderRegistry<Self::AccountId, BalanceOf<Self>>;

        /// Who pays them and their delegators.
        type Discipline: ProviderDiscipline<Self::AccountId, BalanceOf<Self>, BlockNumberFor<Self>>;

        /// Audits, which hear of every change of what can be challenged.
        type Audits: AuditFreeze<Self::AccountId>;

        /// The ticks by which deadlines count, and the rounds by which leases do: those of the audits.
        type Clock: Ticks + Rounds;

        /// Seeds for the draws of providers and sectors. The pallet that makes them must come before
        /// this one in the runtime, so that the seed of a block is there when this one draws in the
        /// same block: a draw by a seed that others know already is not made.
        type Randomness: AgedRandomness<BlockNumberFor<Self>>;

        /// Hash functions: [`HostHashing`] in a runtime.
        type FileHasher: Hasher;

        /// The 32 bytes by which an account enters draws; for `AccountId32` it is
        /// `sp_runtime::traits::ConvertInto`. No two accounts may share them.
        type AccountBytes: Convert<Self::AccountId, [u8; 32]>;

        /// The block number by which draw points count and tasks come: the one by which
        /// [`Config::Randomness`] dates its seeds.
        type BlockNumberProvider: BlockNumberProvider<BlockNumber = BlockNumberFor<Self>>;

        /// The most replicas of a deal, 1 to 255.
        #[pallet::constant]
        type MaxReplicas: Get<u32>;

        /// The largest file, in bytes.
        #[pallet::constant]
        type MaxFileSize: Get<u64>;

        /// Blocks from a commitment, or the loss of a provider, to the draw point; at least 1.
        #[pallet::constant]
        type DrawDelay: Get<BlockNumberFor<Self>>;

        /// Blocks to the next draw point after a draw in which nobody fitted; at least 1. Longer
        /// than [`Config::DrawDelay`], so that a deal which no provider has room for costs the
        /// chain little.
        #[pallet::constant]
        type RedrawDelay: Get<BlockNumberFor<Self>>;

        /// Blocks from `ready` to the draw point of the sectors; at least 1.
        #[pallet::constant]
        type ProofDrawDelay: Get<BlockNumberFor<Self>>;

        /// How many blocks past a draw point [`Config::Randomness`] looks for a seed before it is
        /// lost.
        #[pallet::constant]
        type MaxSeedGap: Get<BlockNumberFor<Self>>;

        /// Ticks that a provider has to fetch a file of any size; at least 1.
        #[pallet::constant]
        type ReadyWindowBase: Get<Tick>;

        /// Ticks that it has in addition for each MiB.
        #[pallet::constant]
        type ReadyWindowPerMib: Get<Tick>;

        /// Ticks from the draw point of the sectors to the deadline of the proof; more than
        /// [`Config::MaxSeedGap`].
        #[pallet::constant]
        type ProveWindow: Get<Tick>;

        /// Blocks from the proof until the replica becomes auditable: three epochs. No constant of the
        /// metadata, so that it may follow the pace of the audits on chains for development.
        type MaturingDelay: Get<BlockNumberFor<Self>>;

        /// How many sectors are drawn for a proof; at least 1.
        #[pallet::constant]
        type ProofSectors: Get<u32>;

        /// The most tasks in one agenda block.
        #[pallet::constant]
        type MaxTasksPerBlock: Get<u32>;

        /// How many blocks past the wanted one are tried when it is full.
        #[pallet::constant]
        type AgendaSearch: Get<u32>;

        /// The most agenda blocks visited in one block; at least 2, so that the agenda catches up
        /// after a pause.
        #[pallet::constant]
        type AgendaCatchUp: Get<u32>;

        /// The most weight that the agenda and the taking of replicas from dropped providers take of one block.
        #[pallet::constant]
        type MaxAgendaWeight: Get<Weight>;

        /// How often a provider is drawn before a draw is given up; at least 1.
        #[pallet::constant]
        type MaxDrawAttempts: Get<u8>;

        /// Deposit for a deal.
        #[pallet::constant]
        type DepositBase: Get<BalanceOf<Self>>;

        /// Deposit for each replica of a deal: for the state it takes.
        #[pallet::constant]
        type DepositPerReplica: Get<BalanceOf<Self>>;

        /// The account that has all escrows, on hold. Nobody has its key. It needs its existential deposit before anybody can buy a lease.
        type Pot: Get<Self::AccountId>;

        /// The account that pays for repair, and gets what providers miss.
        type RepairFund: Get<Self::AccountId>;

        /// Stands in where the repair fund is short, or cannot receive.
        type Treasury: Get<Self::AccountId>;

        /// Who sets the base price.
        type PriceOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// Units per GiB and round at little use, until somebody sets another.
        #[pallet::constant]
        type BasePrice: Get<BalanceOf<Self>>;

        /// The lowest base price that can be set; at least 1.
        #[pallet::constant]
        type MinBasePrice: Get<BalanceOf<Self>>;

        /// The highest. Ten times as much is the highest price, which collateral must carry.
        #[pallet::constant]
        type MaxBasePrice: Get<BalanceOf<Self>>;

        /// The least term of a lease in rounds, without its grace. Longer than a replica takes to become auditable.
        #[pallet::constant]
        type MinRounds: Get<RoundIndex>;

        /// The end of a lease lies at most so many rounds ahead.
        #[pallet::constant]
        type MaxRounds: Get<RoundIndex>;

        /// The last rounds of what is paid, in which the owner is warned.
        #[pallet::constant]
        type GraceRounds: Get<RoundIndex>;

        /// Rounds after which a leaving provider may go without a replacement.
        #[pallet::constant]
        type HandOverRounds: Get<RoundIndex>;

        /// Rounds whose rent is charged for each placement, whatever the size.
        #[pallet::constant]
        type PlacementRounds: Get<RoundIndex>;

        /// For as many MiB it is one round more, begun ones included: what is fetched in a round at the pace of the ready window. At least 1.
        #[pallet::constant]
        type MibPerPlacementRound: Get<u32>;

        /// Nobody is drawn for fewer rounds.
        #[pallet::constant]
        type MinRoundsLeft: Get<RoundIndex>;

        /// A deal that nobody ever held ends when a slot failed so often; at least 1.
        #[pallet::constant]
        type MaxFailures: Get<u8>;

        /// Bounties for the replicas of a dropped provider: their part of what its own slashes were.
        #[pallet::constant]
        type BountyShare: Get<Perbill>;

        /// The largest share of a slash that a reporter is paid.
        #[pallet::constant]
        type MaxReporterShare: Get<Perbill>;

        /// Files, or leases, in one call at most.
        #[pallet::constant]
        type MaxBatch: Get<u32>;

        /// Replicas taken from dropped providers in one block, at most; at least 1.
        #[pallet::constant]
        type DropsPerBlock: Get<u32>;

        /// Weights of the calls, the agenda and the hooks, without what [`Config::Audits`] takes.
        type WeightInfo: WeightInfo;
    }

    /// Why this pallet holds funds.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// Deposits of deals, on their owners' accounts.
        #[codec(index = 0)]
        Deposit,
        /// What was paid for rounds to come, and bounties that wait, on the pot's account.
        #[codec(index = 1)]
        Escrow,
    }

    /// Deals by file and owner.
    #[pallet::storage]
    pub type Deals<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        FileId,
        Blake2_128Concat,
        T::AccountId,
        DealOf<T>,
        OptionQuery,
    >;

    /// The same deals by owner and file.
    #[pallet::storage]
    pub type DealsOf<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        T::AccountId,
        Blake2_128Concat,
        FileId,
        (),
        OptionQuery,
    >;

    /// How many deals there are, and how many are active, by root and size.
    #[pallet::storage]
    pub type Commitments<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        [u8; 32],
        Blake2_128Concat,
        u64,
        CommitmentCount,
        ValueQuery,
    >;

    /// The slot that a provider has in a deal, by provider and deal.
    #[pallet::storage]
    pub type Assignments<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        T::AccountId,
        Blake2_128Concat,
        (FileId, T::AccountId),
        u8,
        OptionQuery,
    >;

    /// What is due in which block. Nobody chooses the keys.
    #[pallet::storage]
    pub type Agenda<T: Config> = StorageMap<
        _,
        Twox64Concat,
        BlockNumberFor<T>,
        BoundedVec<TaskOf<T>, T::MaxTasksPerBlock>,
        ValueQuery,
    >;

    /// The first block whose tasks are not all done. None before the first task ever.
    #[pallet::storage]
    pub type AgendaCursor<T: Config> = StorageValue<_, BlockNumberFor<T>, OptionQuery>;

    /// The next token of a slot. Every state of every slot has its own.
    #[pallet::storage]
    pub type NextToken<T: Config> = StorageValue<_, u64, ValueQuery>;

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_poll(_n: BlockNumberFor<T>, meter: &mut WeightMeter) {
            // Where a migration failed, values of the old layout read as absent: nothing is due, drawn or priced by them.
            if meter.try_consume(T::DbWeight::get().reads(1)).is_err()
                || Self::on_chain_storage_version() != Self::in_code_storage_version()
            {
                return;
            }
            Self::fix_price(meter);
            let share = meter.remaining().min(T::MaxAgendaWeight::get());
            let mut own = WeightMeter::with_limit(share);
            Self::run_agenda_and_drops(&mut own);
            meter.consume(own.consumed());
        }

        fn integrity_test() {
            Self::assert_integrity();
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_n: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Commits to a file, by its 0G Storage `root` and its `size` in bytes, to be held by `replicas` providers for `rounds` rounds and their grace. Pays
        /// for the rounds and the placement and holds the deposit, all of which is at most `max`; the providers are drawn by the seed of the block
        /// `DrawDelay` later.
        ///
        /// Committing the same again with the same number of replicas changes nothing and
        /// succeeds.
        #[pallet::call_index(0)]
        #[pallet::weight(
            T::WeightInfo::commit((*replicas).into()).max(T::WeightInfo::commit_repeated())
        )]
        pub fn commit(
            origin: OriginFor<T>,
            root: [u8; 32],
            size: u64,
            replicas: u8,
            rounds: RoundIndex,
            max: BalanceOf<T>,
        ) -> DispatchResultWithPostInfo {
            let owner = ensure_signed(origin)?;
            let weight = match Self::do_commit(&owner, (root, size, replicas), rounds, max)? {
                CommitOutcome::New { .. } => T::WeightInfo::commit(replicas.into()),
                CommitOutcome::Repeated => T::WeightInfo::commit_repeated(),
            };
            Ok(Some(weight).into())
        }

        /// The provider holds the whole file and awaits the draw of the sectors to prove.
        ///
        /// The origin is the operator key of the provider that was drawn for the slot. Free when
        /// it succeeds, which is once for each assignment.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::ready())]
        pub fn ready(
            origin: OriginFor<T>,
            file: FileId,
            owner: T::AccountId,
            slot: u8,
        ) -> DispatchResultWithPostInfo {
            let operator = ensure_signed(origin)?;
            Self::do_ready(&operator, &file, &owner, slot)?;
            Ok(Pays::No.into())
        }

        /// Proves the sectors drawn: `proof` is one sector proof for each, in the order drawn.
        ///
        /// The origin is the operator key of the provider. Free when it succeeds, which is once
        /// for each `ready`.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::prove())]
        pub fn prove(
            origin: OriginFor<T>,
            file: FileId,
            owner: T::AccountId,
            slot: u8,
            proof: SectorProofsOf<T>,
        ) -> DispatchResultWithPostInfo {
            let operator = ensure_signed(origin)?;
            Self::do_prove(&operator, &file, &owner, slot, &proof)?;
            Ok(Pays::No.into())
        }

        /// Ends the sender's deal for this file: providers are released from it, its records go, and what was paid for rounds that have not begun comes back,
        /// with the credit and the deposit.
        ///
        /// Is charged for `replicas`, at least as many as the deal has slots; what is not used is given back.
        #[pallet::call_index(3)]
        #[pallet::weight(Pallet::<T>::weight_by_witness(*replicas, T::WeightInfo::remove))]
        pub fn remove(
            origin: OriginFor<T>,
            file: FileId,
            replicas: u8,
        ) -> DispatchResultWithPostInfo {
            let owner = ensure_signed(origin)?;
            let ended = Self::do_remove(&owner, &file, replicas)?;
            Ok(Some(Self::weight_of_ending(ended)).into())
        }

        /// The provider gives a slot up, in whatever state; another provider will be drawn. A replica that earns stays with it until the replacement earns, or
        /// until it calls this again after `HandOverRounds`.
        ///
        /// The origin is the provider's bonded account or its operator key.
        #[pallet::call_index(4)]
        #[pallet::weight(Pallet::<T>::weight_of_leaving())]
        pub fn resign(
            origin: OriginFor<T>,
            file: FileId,
            owner: T::AccountId,
            slot: u8,
        ) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            let weight = Self::do_resign(&who, &file, &owner, slot)?;
            Ok(Some(weight).into())
        }

        /// [`Pallet::commit`] for many files, each with its root, size and replicas: all or none. Files that are committed already are skipped. `max` is for all
        /// of them together.
        #[pallet::call_index(5)]
        #[pallet::weight(Pallet::<T>::weight_of_commit_many(files))]
        pub fn commit_many(
            origin: OriginFor<T>,
            files: FilesOf<T>,
            rounds: RoundIndex,
            max: BalanceOf<T>,
        ) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_commit_many(&owner, &files, rounds, max)
        }

        /// Extends leases to the round `until` and their grace, at the present price; those that reach it already cost nothing. All or none. `max` is the price
        /// of all of them together, credit included, which is used first if the sender is the owner.
        ///
        /// The origin is any signed account.
        #[pallet::call_index(6)]
        #[pallet::weight(Pallet::<T>::weight_of_renewing(
            leases.len(),
            T::MaxReplicas::get().saturating_mul(u32::try_from(leases.len()).unwrap_or(u32::MAX)),
        ))]
        pub fn renew(
            origin: OriginFor<T>,
            leases: LeasesOf<T>,
            until: RoundIndex,
            max: BalanceOf<T>,
        ) -> DispatchResultWithPostInfo {
            let payer = ensure_signed(origin)?;
            let replicas = Self::do_renew(&payer, &leases, until, max)?;
            Ok(Some(Self::weight_of_renewing(leases.len(), replicas)).into())
        }

        /// Raises the credit of a deal to `level`, which its owner's renewals use first.
        ///
        /// The origin is any signed account.
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::top_up())]
        pub fn top_up(
            origin: OriginFor<T>,
            file: FileId,
            owner: T::AccountId,
            level: BalanceOf<T>,
        ) -> DispatchResult {
            let payer = ensure_signed(origin)?;
            Self::do_top_up(&payer, &file, &owner, level)
        }

        /// Says who may become the owner of the sender's deal, by [`Pallet::accept`]; nobody any more, if none.
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::offer())]
        pub fn offer(
            origin: OriginFor<T>,
            file: FileId,
            to: Option<T::AccountId>,
        ) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_offer(&owner, &file, to)
        }

        /// Becomes the owner of a deal that was offered, for a deposit of one's own of at most `max`. Lease, escrow and credit go along.
        ///
        /// Is charged for `replicas`, as [`Pallet::remove`] is.
        #[pallet::call_index(9)]
        #[pallet::weight(Pallet::<T>::weight_by_witness(*replicas, T::WeightInfo::accept))]
        pub fn accept(
            origin: OriginFor<T>,
            file: FileId,
            owner: T::AccountId,
            replicas: u8,
            max: BalanceOf<T>,
        ) -> DispatchResultWithPostInfo {
            let new = ensure_signed(origin)?;
            let accepted = Self::do_accept(&new, &file, &owner, replicas, max)?;
            Ok(Some(Self::weight_of_accepting(accepted)).into())
        }

        /// Cleans up a deal whose lease is over. The agenda does so by itself; whoever does not want to wait for it pays, or it could fill blocks for nothing.
        ///
        /// The origin is any signed account. Is charged for `replicas`, as [`Pallet::remove`] is.
        #[pallet::call_index(10)]
        #[pallet::weight(Pallet::<T>::weight_by_witness(*replicas, T::WeightInfo::remove))]
        pub fn expire(
            origin: OriginFor<T>,
            file: FileId,
            owner: T::AccountId,
            replicas: u8,
        ) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            let ended = Self::do_expire(&file, &owner, replicas)?;
            Ok(Some(Self::weight_of_ending(ended)).into())
        }

        /// Lets a provider whose stake has not covered what it holds for a round begin to hand a replica over: as many as it is short of, and no more. Free when it does.
        ///
        /// The origin is any signed account.
        #[pallet::call_index(11)]
        #[pallet::weight(T::WeightInfo::hand_over())]
        pub fn hand_over(
            origin: OriginFor<T>,
            file: FileId,
            owner: T::AccountId,
            slot: u8,
        ) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            Self::do_hand_over(&file, &owner, slot)?;
            Ok(Pays::No.into())
        }

        /// Takes up to `limit` replicas from a provider that loses everything. Each block takes some by itself; whoever does not want to wait pays.
        ///
        /// The origin is any signed account.
        #[pallet::call_index(12)]
        #[pallet::weight(Pallet::<T>::weight_of_dropping(*limit))]
        pub fn drop_replicas(
            origin: OriginFor<T>,
            provider: T::AccountId,
            limit: u32,
        ) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            let mut spent = Weight::zero();
            Self::do_drop_replicas(&provider, limit, &mut spent)?;
            Ok(Some(spent).into())
        }

        /// Sets the base price, in units per GiB and round, from the next round on: at most to the double or the half of that in force.
        #[pallet::call_index(13)]
        #[pallet::weight(T::WeightInfo::set_base_price())]
        pub fn set_base_price(origin: OriginFor<T>, price: BalanceOf<T>) -> DispatchResult {
            T::PriceOrigin::ensure_origin(origin)?;
            Self::do_set_base_price(price)
        }
    }

    impl<T: Config> Pallet<T> {
        /// The current block.
        pub(crate) fn now() -> BlockNumberFor<T> {
            T::BlockNumberProvider::current_block_number()
        }

        /// The round that runs.
        pub(crate) fn round() -> RoundIndex {
            <T::Clock as Rounds>::current()
        }

        /// Ticks until now.
        pub(crate) fn tick() -> Tick {
            <T::Clock as Ticks>::now()
        }
    }
}
