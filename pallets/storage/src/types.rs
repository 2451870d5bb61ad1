//! Plain data of the pallet: deals, their slots, and the tasks that move them.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::math;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
    traits::Get, BoundedVec, CloneNoBound, DebugNoBound, EqNoBound, PartialEqNoBound,
};
use scale_info::TypeInfo;

/// Names a file of one root and one size: `noema_commitment::file_id` of both.
pub type FileId = [u8; 32];

/// What one replica slot of a deal is waiting for. Block numbers are those of
/// `Config::BlockNumberProvider`.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum SlotState<AccountId, BlockNumber> {
    /// Nobody holds the replica; a provider will be drawn.
    #[codec(index = 0)]
    Drawing {
        /// The block whose seed draws the provider.
        draw_at: BlockNumber,
    },
    /// A provider was drawn and is fetching the file.
    #[codec(index = 1)]
    Assigned {
        /// Bonded account of the provider.
        provider: AccountId,
        /// The last block in which `ready` is accepted.
        ready_by: BlockNumber,
    },
    /// The provider says that it holds the file and must prove it.
    #[codec(index = 2)]
    Proving {
        /// Bonded account of the provider.
        provider: AccountId,
        /// The block whose seed draws the sectors to prove.
        draw_at: BlockNumber,
        /// The last block in which `prove` is accepted.
        prove_by: BlockNumber,
    },
    /// The provider proved that it holds the file.
    #[codec(index = 3)]
    Held {
        /// Bonded account of the provider.
        provider: AccountId,
        /// The block of the accepted proof.
        since: BlockNumber,
    },
}

impl<AccountId, BlockNumber> SlotState<AccountId, BlockNumber> {
    /// The provider that has this slot, if anybody has.
    pub fn provider(&self) -> Option<&AccountId> {
        match self {
            Self::Drawing { .. } => None,
            Self::Assigned { provider, .. }
            | Self::Proving { provider, .. }
            | Self::Held { provider, .. } => Some(provider),
        }
    }

    /// Whether the replica is proven.
    pub fn is_held(&self) -> bool {
        matches!(self, Self::Held { .. })
    }
}

/// One place for a replica.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Slot<AccountId, BlockNumber> {
    /// What the slot is waiting for.
    pub state: SlotState<AccountId, BlockNumber>,
    /// Changes with every state; a task with another token is out of date.
    pub token: u64,
    /// The provider that failed here last; the next draw passes it over.
    pub passed_over: Option<AccountId>,
    /// The agenda block that holds the slot's task. `None` while held.
    pub due: Option<BlockNumber>,
}

/// One owner's commitment to one file.
#[derive(
    CloneNoBound,
    DebugNoBound,
    PartialEqNoBound,
    EqNoBound,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
#[codec(encode_bound(AccountId: Encode, Balance: Encode, BlockNumber: Encode))]
#[codec(decode_bound(AccountId: Decode, Balance: Decode, BlockNumber: Decode))]
#[codec(decode_with_mem_tracking_bound(
    AccountId: DecodeWithMemTracking,
    Balance: DecodeWithMemTracking,
    BlockNumber: DecodeWithMemTracking
))]
#[codec(mel_bound(AccountId: MaxEncodedLen, Balance: MaxEncodedLen, BlockNumber: MaxEncodedLen))]
#[scale_info(skip_type_params(MaxReplicas))]
pub struct Deal<AccountId, Balance, BlockNumber, MaxReplicas>
where
    AccountId: Clone + PartialEq + Eq + core::fmt::Debug,
    Balance: Clone + PartialEq + Eq + core::fmt::Debug,
    BlockNumber: Clone + PartialEq + Eq + core::fmt::Debug,
    MaxReplicas: Get<u32>,
{
    /// The 0G Storage root of the file.
    pub root: [u8; 32],
    /// Size of the file in bytes.
    pub size: u64,
    /// What is held on the owner's account for this deal.
    pub deposit: Balance,
    /// The block of the commitment.
    pub committed_at: BlockNumber,
    /// How many slots are held.
    pub held: u8,
    /// The places of the replicas; their number never changes.
    pub slots: BoundedVec<Slot<AccountId, BlockNumber>, MaxReplicas>,
}

impl<AccountId, Balance, BlockNumber, MaxReplicas>
    Deal<AccountId, Balance, BlockNumber, MaxReplicas>
where
    AccountId: Clone + PartialEq + Eq + core::fmt::Debug,
    Balance: Clone + PartialEq + Eq + core::fmt::Debug,
    BlockNumber: Clone + PartialEq + Eq + core::fmt::Debug,
    MaxReplicas: Get<u32>,
{
    /// How many replicas were asked for.
    pub fn replicas(&self) -> u8 {
        // `integrity_test` keeps `MaxReplicas` within a byte.
        u8::try_from(self.slots.len()).unwrap_or(u8::MAX)
    }

    /// Whether enough replicas are proven: `held >= quorum`.
    pub fn is_active(&self) -> bool {
        self.held >= math::quorum(self.replicas())
    }

    /// The slot with this number.
    pub fn slot(&self, index: u8) -> Option<&Slot<AccountId, BlockNumber>> {
        self.slots.get(usize::from(index))
    }

    /// Whether this provider has any slot of the deal.
    pub fn has_provider(&self, provider: &AccountId) -> bool {
        self.slots
            .iter()
            .any(|slot| slot.state.provider() == Some(provider))
    }
}

/// How many deals there are for one root and size.
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
pub struct CommitmentCount {
    /// Deals, whatever their state.
    pub deals: u32,
    /// Deals that are active: proven by enough providers.
    pub active: u32,
}

/// Something to do for a slot in an agenda block.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Task<AccountId> {
    /// The file of the deal.
    pub file: FileId,
    /// The owner of the deal.
    pub owner: AccountId,
    /// The number of the slot.
    pub slot: u8,
    /// The token that the slot had when the task was made.
    pub token: u64,
}

/// Why a provider lost a slot.
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
pub enum DropReason {
    /// It did not call `ready` in time.
    #[codec(index = 0)]
    NotReady,
    /// It did not prove the sectors drawn in time.
    #[codec(index = 1)]
    NotProven,
    /// It gave the slot up.
    #[codec(index = 2)]
    Resigned,
}
