//! Plain data of the pallet: deals, their slots, and the tasks that move them.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::{math, terms::Terms};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
    traits::Get, BoundedVec, CloneNoBound, DebugNoBound, EqNoBound, PartialEqNoBound,
};
use noema_traits::{RoundIndex, Tick};
use scale_info::TypeInfo;
use sp_runtime::traits::AtLeast32BitUnsigned;

/// Names a file of one root and one size: `noema_commitment::file_id` of both.
pub type FileId = [u8; 32];

/// What one replica slot of a deal is waiting for. Block numbers are those of
/// `Config::BlockNumberProvider`.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum SlotState<AccountId, Balance, BlockNumber> {
    /// Nobody holds the replica; a provider will be drawn.
    #[codec(index = 0)]
    Drawing {
        /// The block whose seed draws the provider.
        draw_at: BlockNumber,
        /// Draws before this one in which nobody fitted.
        vain: u8,
    },
    /// A provider was drawn and is fetching the file.
    #[codec(index = 1)]
    Assigned {
        /// Bonded account of the provider.
        provider: AccountId,
        /// The last tick in which `ready` is accepted.
        ready_by: Tick,
    },
    /// The provider says that it holds the file and must prove it.
    #[codec(index = 2)]
    Proving {
        /// Bonded account of the provider.
        provider: AccountId,
        /// The block whose seed draws the sectors to prove.
        draw_at: BlockNumber,
        /// The last tick in which `prove` is accepted.
        prove_by: Tick,
    },
    /// The provider proved that it holds the file.
    #[codec(index = 3)]
    Held {
        /// Bonded account of the provider.
        provider: AccountId,
        /// The block of the accepted proof.
        since: BlockNumber,
        /// The round in which the replica became auditable, and its leaf among those of the provider. It earns from the round after.
        joined: Option<(RoundIndex, u32)>,
        /// What it gets in addition with the first round; of use only while that has not begun.
        bounty: Balance,
    },
}

impl<AccountId, Balance, BlockNumber> SlotState<AccountId, Balance, BlockNumber> {
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

/// An earner that gives its replica up and stays until its replacement earns.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Leaving<AccountId, Balance> {
    /// Bonded account of the provider.
    pub provider: AccountId,
    /// Its leaf.
    pub leaf: u32,
    /// The round in which its replica became auditable.
    pub joined: RoundIndex,
    /// The round in which it began to leave.
    pub since: RoundIndex,
    /// As in [`SlotState::Held`].
    pub bounty: Balance,
}

/// Whose replica of a slot is auditable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earner<AccountId, Balance> {
    /// Bonded account of the provider.
    pub provider: AccountId,
    /// Its leaf.
    pub leaf: u32,
    /// The round in which its replica became auditable.
    pub joined: RoundIndex,
    /// What it gets in addition with the round after.
    pub bounty: Balance,
}

/// One place for a replica.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Slot<AccountId, Balance, BlockNumber> {
    /// What the slot is waiting for.
    pub state: SlotState<AccountId, Balance, BlockNumber>,
    /// Changes with every state; a task with another token is out of date.
    pub token: u64,
    /// The provider that failed here last; the next draw passes it over.
    pub passed_over: Option<AccountId>,
    /// The agenda block that holds the slot's task. `None` while the replica earns, and while nothing is to be done before the lease ends or is renewed.
    pub due: Option<BlockNumber>,
    /// Whoever had it before and earns still.
    pub leaving: Option<Leaving<AccountId, Balance>>,
    /// Waits for whoever takes the replica over. In the pot.
    pub bounty: Balance,
    /// How often in a row nobody came to hold it.
    pub failures: u8,
}

impl<AccountId, Balance, BlockNumber> Slot<AccountId, Balance, BlockNumber>
where
    AccountId: Clone + PartialEq,
    Balance: Copy,
{
    /// Whoever is in the audited population for this slot: at most one, always.
    pub fn earner(&self) -> Option<Earner<AccountId, Balance>> {
        match (&self.leaving, &self.state) {
            (Some(old), _) => Some(Earner {
                provider: old.provider.clone(),
                leaf: old.leaf,
                joined: old.joined,
                bounty: old.bounty,
            }),
            (
                None,
                SlotState::Held {
                    provider,
                    joined: Some((joined, leaf)),
                    bounty,
                    ..
                },
            ) => Some(Earner {
                provider: provider.clone(),
                leaf: *leaf,
                joined: *joined,
                bounty: *bounty,
            }),
            _ => None,
        }
    }

    /// Everybody who has reserved bytes for it: the one that has it, and the one that is leaving.
    pub fn providers(&self) -> impl Iterator<Item = &AccountId> {
        let leaving = self.leaving.as_ref().map(|old| &old.provider);
        self.state.provider().into_iter().chain(leaving)
    }

    /// Whether somebody holds the replica, be it on the way out.
    pub fn is_held(&self) -> bool {
        self.leaving.is_some() || self.state.is_held()
    }

    /// Whether nobody has anything to do with it.
    pub fn is_empty(&self) -> bool {
        self.providers().next().is_none()
    }
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
    pub slots: BoundedVec<Slot<AccountId, Balance, BlockNumber>, MaxReplicas>,
    /// Rents and ends.
    pub terms: Terms<Balance>,
    /// What the pot has for the deal that is owed to nobody: the rounds to come of slots without an earner, and the owner's credit.
    pub balance: Balance,
    /// Whether anybody ever held a replica.
    pub ever_held: bool,
    /// Who may become the owner.
    pub offered_to: Option<AccountId>,
    /// The token of the task that ends it.
    pub token: u64,
    /// The agenda block that holds this task.
    pub due: Option<BlockNumber>,
}

impl<AccountId, Balance, BlockNumber, MaxReplicas>
    Deal<AccountId, Balance, BlockNumber, MaxReplicas>
where
    AccountId: Clone + PartialEq + Eq + core::fmt::Debug,
    Balance: AtLeast32BitUnsigned + Copy + core::fmt::Debug,
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
    pub fn slot(&self, index: u8) -> Option<&Slot<AccountId, Balance, BlockNumber>> {
        self.slots.get(usize::from(index))
    }

    /// The same, to be changed.
    pub(crate) fn slot_mut(
        &mut self,
        index: u8,
    ) -> Option<&mut Slot<AccountId, Balance, BlockNumber>> {
        self.slots.get_mut(usize::from(index))
    }

    /// Whether this provider has any slot of the deal, be it on the way out.
    pub fn has_provider(&self, provider: &AccountId) -> bool {
        self.slots
            .iter()
            .any(|slot| slot.providers().any(|other| other == provider))
    }

    /// The numbers of the slots.
    pub(crate) fn indices(&self) -> core::ops::Range<u8> {
        0..self.replicas()
    }

    /// Slots with their earners.
    pub(crate) fn earners(&self) -> impl Iterator<Item = (u8, Earner<AccountId, Balance>)> + '_ {
        (0u8..)
            .zip(self.slots.iter())
            .filter_map(|(index, slot)| Some((index, slot.earner()?)))
    }

    /// Whether the lease has no round left in `now`.
    pub fn is_over(&self, now: RoundIndex) -> bool {
        self.terms.last() < now
    }

    /// What the rounds after `now` take of slots without an earner. `None` when it does not fit.
    pub(crate) fn unearned_after(&self, now: RoundIndex) -> Option<Balance> {
        let earning = u32::try_from(self.earners().count()).ok()?;
        let empty = u32::from(self.replicas()).checked_sub(earning)?;
        self.terms
            .cost_after(now)?
            .checked_mul(&Balance::from(empty))
    }

    /// What the deal has beyond what its rounds after `now` can take.
    pub(crate) fn credit(&self, now: RoundIndex) -> Option<Balance> {
        self.balance.checked_sub(&self.unearned_after(now)?)
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
    /// The token that the slot, or the deal, had when the task was made.
    pub token: u64,
    /// What it is about.
    pub kind: TaskKind,
}

/// What a task is about.
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
pub enum TaskKind {
    /// A slot: its draw, its deadline, its becoming auditable.
    #[codec(index = 0)]
    Slot,
    /// The end of the deal. The slot is 0.
    #[codec(index = 1)]
    End,
}
