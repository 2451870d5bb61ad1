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
mod deals;
mod hashing;
mod math;
pub mod migrations;
#[cfg(test)]
mod mock;
mod proofs;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "try-runtime", test))]
mod try_state;
pub mod types;
pub mod weights;
#[cfg(any(feature = "runtime-benchmarks", test))]
mod zero_file;

pub use hashing::HostHashing;
pub use math::quorum;
pub use pallet::*;
pub use types::{CommitmentCount, Deal, DropReason, FileId, Slot, SlotState, Task};
pub use weights::WeightInfo;

use frame_support::{traits::fungible, BoundedVec};
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
pub type SlotOf<T> = Slot<<T as frame_system::Config>::AccountId, BlockOf<T>>;
/// The state of a slot of this chain.
pub type SlotStateOf<T> = SlotState<<T as frame_system::Config>::AccountId, BlockOf<T>>;
/// A task of this chain.
pub type TaskOf<T> = Task<<T as frame_system::Config>::AccountId>;
/// The sector proofs that `prove` takes.
pub type SectorProofsOf<T> = BoundedVec<SectorProof, <T as Config>::ProofSectors>;

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
        traits::fungible::{hold, Inspect},
        weights::WeightMeter,
    };
    use frame_system::pallet_prelude::*;
    use noema_commitment::{Hasher, Shape};
    use noema_traits::{AgedRandomness, ProviderRegistry};
    use sp_runtime::traits::{BlockNumberProvider, Convert, One, Saturating, Zero};

    /// Version of the layout of this pallet's storage.
    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// The pallet: deals, their slots, and the agenda that moves them.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config: frame_system::Config {
        /// Where deposits are held.
        type Currency: Inspect<Self::AccountId>
            + hold::Mutate<Self::AccountId, Reason = Self::RuntimeHoldReason>;

        /// The runtime's reasons for holds.
        type RuntimeHoldReason: From<HoldReason>;

        /// The bonded storage providers.
        type Providers: ProviderRegistry<Self::AccountId, BalanceOf<Self>>;

        /// Seeds for the draws of providers and sectors. The pallet that makes them must come before
        /// this one in the runtime, so that the seed of a block is there when this one draws in the
        /// same block: a draw by a seed that others know already is not made.
        type Randomness: AgedRandomness<BlockNumberFor<Self>>;

        /// Hash functions: [`HostHashing`] in a runtime.
        type FileHasher: Hasher;

        /// The 32 bytes by which an account enters draws; for `AccountId32` it is
        /// `sp_runtime::traits::ConvertInto`. No two accounts may share them.
        type AccountBytes: Convert<Self::AccountId, [u8; 32]>;

        /// The block number by which draw points and deadlines count: the one by which
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

        /// Blocks that a provider has to fetch a file of any size; at least 1.
        #[pallet::constant]
        type ReadyWindowBase: Get<BlockNumberFor<Self>>;

        /// Blocks that it has in addition for each MiB.
        #[pallet::constant]
        type ReadyWindowPerMib: Get<BlockNumberFor<Self>>;

        /// Blocks from the draw point of the sectors to the deadline of the proof; more than
        /// [`Config::MaxSeedGap`].
        #[pallet::constant]
        type ProveWindow: Get<BlockNumberFor<Self>>;

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

        /// The most weight that the agenda takes of one block.
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

        /// Deposit for each MiB of each replica.
        #[pallet::constant]
        type DepositPerMib: Get<BalanceOf<Self>>;

        /// Weights of the calls and of the agenda.
        type WeightInfo: WeightInfo;
    }

    /// Why this pallet holds funds.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// Deposits of deals.
        #[codec(index = 0)]
        Deposit,
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

    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A deal was made; its providers will be drawn.
        #[codec(index = 0)]
        Committed {
            /// File id.
            file: FileId,
            /// Owner of the deal.
            owner: T::AccountId,
            /// 0G Storage root of the file.
            root: [u8; 32],
            /// Size of the file in bytes.
            size: u64,
            /// Replicas asked for.
            replicas: u8,
            /// What is held on the owner's account.
            deposit: BalanceOf<T>,
        },
        /// The owner committed what it had committed already; nothing changed.
        #[codec(index = 1)]
        CommitRepeated {
            /// File id.
            file: FileId,
            /// Owner of the deal.
            owner: T::AccountId,
        },
        /// A provider was drawn for a slot.
        #[codec(index = 2)]
        ReplicaAssigned {
            /// File id.
            file: FileId,
            /// Owner of the deal.
            owner: T::AccountId,
            /// Number of the slot.
            slot: u8,
            /// The provider drawn.
            provider: T::AccountId,
            /// The last block for its `ready`.
            ready_by: BlockNumberFor<T>,
        },
        /// A provider says that it holds the file; its sectors will be drawn.
        #[codec(index = 3)]
        ReplicaReady {
            /// File id.
            file: FileId,
            /// Owner of the deal.
            owner: T::AccountId,
            /// Number of the slot.
            slot: u8,
            /// The provider.
            provider: T::AccountId,
            /// The block whose seed draws the sectors.
            draw_at: BlockNumberFor<T>,
            /// The last block for its `prove`.
            prove_by: BlockNumberFor<T>,
        },
        /// A provider proved that it holds the file.
        #[codec(index = 4)]
        ReplicaProven {
            /// File id.
            file: FileId,
            /// Owner of the deal.
            owner: T::AccountId,
            /// Number of the slot.
            slot: u8,
            /// The provider.
            provider: T::AccountId,
        },
        /// A provider lost a slot; another will be drawn.
        #[codec(index = 5)]
        ReplicaDropped {
            /// File id.
            file: FileId,
            /// Owner of the deal.
            owner: T::AccountId,
            /// Number of the slot.
            slot: u8,
            /// The provider that lost it.
            provider: T::AccountId,
            /// Why.
            reason: DropReason,
        },
        /// Enough replicas of a deal are proven.
        #[codec(index = 6)]
        FileActivated {
            /// File id.
            file: FileId,
            /// Owner of the deal.
            owner: T::AccountId,
        },
        /// Too few replicas of a deal are proven now. (A deal that is removed only emits
        /// `Removed`.)
        #[codec(index = 7)]
        FileDeactivated {
            /// File id.
            file: FileId,
            /// Owner of the deal.
            owner: T::AccountId,
        },
        /// The owner ended a deal.
        #[codec(index = 8)]
        Removed {
            /// File id.
            file: FileId,
            /// Owner of the deal.
            owner: T::AccountId,
            /// What the owner got back.
            refunded: BalanceOf<T>,
        },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// The file has no bytes. Commit a file of at least one.
        EmptyFile,
        /// The file is larger than `MaxFileSize`. Split it.
        FileTooLarge,
        /// No replicas asked for. Ask for at least one.
        NoReplicas,
        /// More replicas asked for than `MaxReplicas`.
        TooManyReplicas,
        /// More replicas asked for than there are active storage providers.
        NotEnoughProviders,
        /// The file is committed already with another number of replicas. Remove it first.
        ReplicasDiffer,
        /// This owner has no deal for this file.
        UnknownDeal,
        /// The deal has fewer slots.
        UnknownSlot,
        /// The sender is no operator key of a storage provider.
        NotAnOperator,
        /// The slot belongs to another provider, or to nobody.
        NotAssignedToYou,
        /// The provider has said `ready` already.
        NotAwaitingReady,
        /// The slot awaits no proof: say `ready` first, or it is proven already.
        NotAwaitingProof,
        /// The deadline is past; another provider will be drawn.
        TooLate,
        /// The seed that draws the sectors is not there yet. Try again in the next block.
        SeedNotDrawn,
        /// The seed that draws the sectors was lost. Wait for the new draw point, which is set
        /// when the deadline is past.
        SeedForgotten,
        /// The proof has not exactly `ProofSectors` sector proofs.
        WrongProofCount,
        /// A sector proof does not lead to the root, is for another sector, or the size committed
        /// does not fit the shape of the root.
        WrongProof,
        /// The agenda is full around the block in question. Try again in some blocks.
        Busy,
        /// The owner cannot put up the deposit.
        InsufficientDeposit,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_poll(_n: BlockNumberFor<T>, meter: &mut WeightMeter) {
            Self::run_agenda(meter);
        }

        fn integrity_test() {
            let one = BlockNumberFor::<T>::one();
            assert!(
                (1..=u32::from(u8::MAX)).contains(&T::MaxReplicas::get()),
                "MaxReplicas must be 1 to 255"
            );
            assert!(
                !T::MaxFileSize::get().is_zero() && Shape::new(T::MaxFileSize::get()).is_ok(),
                "MaxFileSize must be the size of a file that has a shape"
            );
            for (name, blocks) in [
                ("DrawDelay", T::DrawDelay::get()),
                ("RedrawDelay", T::RedrawDelay::get()),
                ("ProofDrawDelay", T::ProofDrawDelay::get()),
                ("ReadyWindowBase", T::ReadyWindowBase::get()),
            ] {
                assert!(blocks >= one, "{name} must be at least one block");
            }
            assert!(
                T::RedrawDelay::get() >= T::DrawDelay::get(),
                "RedrawDelay must not be shorter than DrawDelay"
            );
            assert!(
                T::ProveWindow::get() > T::MaxSeedGap::get(),
                "ProveWindow must be longer than MaxSeedGap, or sectors are drawn too late to prove"
            );
            let remembered = T::ProofDrawDelay::get()
                .saturating_add(T::ProveWindow::get())
                .saturating_add(T::MaxSeedGap::get())
                .saturating_add(T::AgendaSearch::get().into());
            assert!(
                remembered < T::Randomness::history(),
                "seeds must be remembered for longer than ProofDrawDelay + ProveWindow + \
                 MaxSeedGap + AgendaSearch"
            );
            assert!(
                !T::ProofSectors::get().is_zero(),
                "ProofSectors must be at least 1"
            );
            assert!(
                !T::MaxDrawAttempts::get().is_zero(),
                "MaxDrawAttempts must be at least 1"
            );
            assert!(
                T::AgendaCatchUp::get() >= 2,
                "AgendaCatchUp must be at least 2"
            );
            assert!(
                T::AgendaSearch::get()
                    .saturating_add(1)
                    .saturating_mul(T::MaxTasksPerBlock::get())
                    >= T::MaxReplicas::get(),
                "the agenda must have room for the slots of a deal: \
                 (AgendaSearch + 1) × MaxTasksPerBlock >= MaxReplicas"
            );
            // Once for the block's own tasks, once for a backlog.
            let least = Self::least_agenda_weight().saturating_mul(2);
            assert!(
                least.all_lte(T::MaxAgendaWeight::get()),
                "MaxAgendaWeight must allow {least:?}"
            );
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_n: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Commits to a file, by its 0G Storage `root` and its `size` in bytes, to be held by
        /// `replicas` providers. Holds the deposit; the providers are drawn by the seed of the
        /// block `DrawDelay` later.
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
        ) -> DispatchResultWithPostInfo {
            let owner = ensure_signed(origin)?;
            let weight = match Self::do_commit(owner, root, size, replicas)? {
                CommitOutcome::New => T::WeightInfo::commit(replicas.into()),
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

        /// Ends the sender's deal for this file: providers are released from it, its records go,
        /// and the deposit comes back.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::remove(T::MaxReplicas::get()))]
        pub fn remove(origin: OriginFor<T>, file: FileId) -> DispatchResultWithPostInfo {
            let owner = ensure_signed(origin)?;
            let replicas = Self::do_remove(owner, file)?;
            Ok(Some(T::WeightInfo::remove(replicas.into())).into())
        }

        /// The provider gives a slot up, in whatever state; another provider will be drawn.
        ///
        /// The origin is the provider's bonded account or its operator key.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::resign())]
        pub fn resign(
            origin: OriginFor<T>,
            file: FileId,
            owner: T::AccountId,
            slot: u8,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_resign(&who, &file, &owner, slot)
        }
    }

    impl<T: Config> Pallet<T> {
        /// The current block.
        pub(crate) fn now() -> BlockNumberFor<T> {
            T::BlockNumberProvider::current_block_number()
        }
    }
}
