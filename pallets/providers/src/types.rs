//! Plain data of the pallet.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::{Config, Delegation, Pool};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::fungible, BoundedVec};
use noema_traits::Role;
use scale_info::TypeInfo;
use sp_runtime::traits::BlockNumberProvider;

/// An amount of the token in which providers bond, in its smallest unit.
pub type BalanceOf<T> =
    <<T as Config>::Currency as fungible::Inspect<<T as frame_system::Config>::AccountId>>::Balance;

/// A point in time, counted by the runtime's choice of block numbers.
pub type BlockNumberOf<T> =
    <<T as Config>::BlockNumberProvider as BlockNumberProvider>::BlockNumber;

/// An endpoint as it is stored.
pub type EndpointOf<T> = BoundedVec<u8, <T as Config>::MaxEndpointLen>;

/// A chunk of unbonding funds of this runtime.
pub type ChunkOf<T> = Chunk<BalanceOf<T>, BlockNumberOf<T>>;

/// Chunks of what `Amount` counts, in the order of their maturity, no two with the same.
pub type ChunksOf<T, Amount> =
    BoundedVec<Chunk<Amount, BlockNumberOf<T>>, <T as Config>::MaxUnlocking>;

/// All chunks of a provider.
pub type UnlockingOf<T> = ChunksOf<T, BalanceOf<T>>;

/// The pool of a provider of this runtime.
pub type PoolOf<T> = Pool<BlockNumberOf<T>>;

/// What one account has in one pool. Its chunks count shares of unbonding.
pub type DelegationOf<T> = Delegation<ChunksOf<T, u128>>;

/// The record of a provider of this runtime.
pub type ProviderOf<T> = Provider<
    <T as frame_system::Config>::AccountId,
    BalanceOf<T>,
    BlockNumberOf<T>,
    EndpointOf<T>,
    UnlockingOf<T>,
>;

/// What a provider may do at present.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum ProviderState<BlockNumber> {
    /// Drawn for new work in proportion to its free bytes.
    #[codec(index = 0)]
    Active,
    /// Keeps what it has, gets nothing new.
    #[codec(index = 1)]
    Chilled,
    /// As chilled, and cannot come back before a block.
    #[codec(index = 2)]
    Jailed {
        /// The first block in which `unjail` works.
        until: BlockNumber,
    },
    /// All bond is unbonding and nothing is reserved.
    #[codec(index = 3)]
    Leaving {
        /// The end of a jail term, if there is one: leaving and rebonding does not shorten it.
        jailed_until: Option<BlockNumber>,
    },
}

impl<BlockNumber> ProviderState<BlockNumber> {
    /// Whether the provider may be drawn for new work.
    pub const fn is_active(&self) -> bool {
        matches!(self, Self::Active)
    }

    /// Whether all bond is unbonding.
    pub const fn is_leaving(&self) -> bool {
        matches!(self, Self::Leaving { .. })
    }
}

/// Funds, or shares of funds, that are unbonding: held and slashable until they are withdrawn.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Chunk<Balance, BlockNumber> {
    /// How much.
    pub amount: Balance,
    /// The first block in which it can be withdrawn.
    pub matures_at: BlockNumber,
}

/// What the chain knows of one provider in one role.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Provider<AccountId, Balance, BlockNumber, Endpoint, Unlocking> {
    /// The hot key of its daemon.
    pub operator: AccountId,
    /// Where its daemon answers.
    pub endpoint: Endpoint,
    /// What it may do at present.
    pub state: ProviderState<BlockNumber>,
    /// Bytes it offers in all, those in use included.
    pub declared: u64,
    /// Bytes that other pallets have set aside for what they assigned.
    pub reserved: u64,
    /// Its bond, without what is unbonding.
    pub bond: Balance,
    /// What is unbonding, in the order of maturity.
    pub unlocking: Unlocking,
    /// Its leaf in the sum tree of its role.
    pub leaf: u32,
}

/// How many providers a role has, and how its leaves are used.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Census {
    /// Providers that may be drawn, with free bytes or without.
    pub active: u32,
    /// The lowest leaf that nobody has had yet.
    pub next_leaf: u32,
    /// How many leaves below `next_leaf` are free again.
    pub free_leaves: u32,
}

impl Census {
    /// Providers in all states.
    pub const fn registered(&self) -> u32 {
        self.next_leaf.saturating_sub(self.free_leaves)
    }
}

/// Why a provider gets no new work.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum ChillReason {
    /// It, or its operator, asked for it.
    #[codec(index = 0)]
    OwnCall,
    /// A slash left less than the minimum bond.
    #[codec(index = 1)]
    BondTooSmall,
}

/// What a role asks of its providers.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct RoleParameters<Balance> {
    /// The smallest bond of an active provider.
    pub minimum_bond: Balance,
    /// Bond that one MiB (2^20 bytes) of assignable capacity takes. Not zero, or a minimum bond
    /// would carry unlimited promises.
    pub collateral_per_mib: Balance,
}

/// The parameters of each role.
pub trait ParametersByRole<Balance> {
    /// What `role` asks for.
    fn parameters(role: Role) -> RoleParameters<Balance>;
}
