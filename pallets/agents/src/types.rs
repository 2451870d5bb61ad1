//! Plain data.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::{Aggregate, Config};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use noema_agents_primitives::{
    Commitment, Description, Endpoints, FileId, Hash, Rating, Scope, SessionId, Tag, UsageScope,
    Value,
};
use noema_session::{Allowance, Grant, Session, Window};
use noema_traits::Tick;
use scale_info::TypeInfo;

/// Units of the token.
pub type Balance = u128;

/// Wallets that an agent can be rated for at a time: the one that is bound, and those whose bindings ended less than two periods of ratings ago.
pub const MAX_WALLETS: u32 = 4;

/// An agent of this runtime.
pub type AgentOf<T> = Agent<<T as frame_system::Config>::AccountId>;
/// An entry of data of this runtime.
pub type DataOf<T> = Data<<T as frame_system::Config>::AccountId>;
/// A commitment of this runtime.
pub type CommitmentOf<T> = Commitment<<T as frame_system::Config>::AccountId>;
/// What is staged in this runtime.
pub type StagedOf<T> = Staged<<T as frame_system::Config>::AccountId>;
/// A session of this runtime.
pub type SessionOf<T> = SessionRecord<<T as frame_system::Config>::AccountId>;
/// What an owner grants a key.
pub type GrantOf<T> = Grant<<T as frame_system::Config>::AccountId, Scope>;
/// The encoded call of a scheduled act.
pub type CallBytesOf<T> = BoundedVec<u8, <T as Config>::MaxScheduledCall>;
/// A scheduled act of this runtime.
pub type ScheduledOf<T> = Scheduled<CallBytesOf<T>>;
/// A feedback of this runtime.
pub type FeedbackOf<T> = Feedback<<T as frame_system::Config>::AccountId>;
/// The call of the runtime.
pub type CallOf<T> = <T as Config>::RuntimeCall;

/// How many entries of each sort an agent has.
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
pub struct Counts {
    /// Entries of metadata.
    pub metadata: u32,
    /// Entries of data.
    pub data: u32,
    /// Usages.
    pub usages: u32,
    /// Sessions.
    pub sessions: u32,
    /// Scheduled acts.
    pub scheduled: u32,
    /// Tags.
    pub tags: u32,
}

/// A wallet that was bound. What it was paid can still be rated with, so that nobody is silenced by another wallet.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct FormerWallet<AccountId> {
    /// The wallet.
    pub wallet: AccountId,
    /// The tick at which its binding ended.
    pub ended: Tick,
    /// How often the agent had changed hands until then: ratings with what it was paid belong there.
    pub tenure: u32,
}

/// An agent.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Agent<AccountId> {
    /// Controls it.
    pub owner: AccountId,
    /// From where it acts and pays, and where its deposits are held. Nobody has a key of it.
    pub account: AccountId,
    /// Where it is paid, if that is elsewhere.
    pub wallet: Option<AccountId>,
    /// Where it was paid before, and can still be rated for: with the one that is bound, no more than [`MAX_WALLETS`].
    pub former: BoundedVec<FormerWallet<AccountId>, ConstU32<MAX_WALLETS>>,
    /// Who may stage data, to become the owner.
    pub offered: Option<AccountId>,
    /// Its registration file.
    pub file: Option<FileId>,
    /// How often it has changed hands.
    pub tenure: u32,
    /// How often a wallet was bound, unbound, or could have been: what is signed names it.
    pub bindings: u64,
    /// The number of the next session.
    pub next_session: u32,
    /// The number of the next entry of data.
    pub next_data: u32,
    /// The number of the next scheduled act.
    pub next_schedule: u32,
    /// The number of the next feedback.
    pub next_feedback: u64,
    /// How many entries it has.
    pub counts: Counts,
    /// What is held for it, its entries in lists and its reputation.
    pub deposit: Balance,
}

impl<AccountId> Agent<AccountId> {
    /// Where it is paid.
    pub fn payee(&self) -> &AccountId {
        self.wallet.as_ref().unwrap_or(&self.account)
    }
}

/// Where an agent answers.
#[derive(
    Clone,
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
pub struct EndpointsRecord {
    /// Where.
    pub endpoints: Endpoints,
    /// What is held for it.
    pub deposit: Balance,
}

/// An entry of metadata.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct MetadataRecord {
    /// What it says.
    pub value: Value,
    /// What is held for it.
    pub deposit: Balance,
}

/// An entry of intelligent data.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Data<AccountId> {
    /// What it is.
    pub description: Description,
    /// The encrypted data, and who can open them.
    pub commitment: Commitment<AccountId>,
    /// How often it was updated.
    pub version: u32,
    /// What is held for it.
    pub deposit: Balance,
}

/// What an entry of data becomes with the transfer.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Staged<AccountId> {
    /// Who will be the owner, and on whose account the deposit is held until then.
    pub by: AccountId,
    /// The encrypted data, and who can open them.
    pub commitment: Commitment<AccountId>,
    /// What is held for it: as much as for the entry that it becomes.
    pub deposit: Balance,
}

/// What a user may ask for.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Usage {
    /// What.
    pub scope: UsageScope,
    /// The first tick at which it may not any more.
    pub expires: Tick,
    /// How often it still may.
    pub left: u32,
    /// How often it has.
    pub used: u32,
    /// Hash of what it asked last.
    pub request: Hash,
    /// What is held for it.
    pub deposit: Balance,
}

/// A key that acts.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct SessionRecord<AccountId> {
    /// What was granted, and what was spent.
    pub session: Session<AccountId, Scope>,
    /// The most per period.
    pub allowance: Allowance,
    /// What was spent in the last one.
    pub window: Window,
    /// How many acts were signed.
    pub nonce: u64,
    /// Whether the key itself has ever acted: that an owner named it says nothing about whose it is.
    pub used: bool,
    /// What is held for it.
    pub deposit: Balance,
}

/// When an act is due, and how often.
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
pub struct Plan {
    /// The first tick at which it can be made.
    pub due: Tick,
    /// After how many ticks it is due again.
    pub every: Tick,
    /// How often it will be made.
    pub times: u32,
    /// What whoever brings it gets out of the agent's account, each time.
    pub reward: Balance,
}

/// An act that anybody can bring when it is due.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Scheduled<CallBytes> {
    /// Under whose limits.
    pub session: SessionId,
    /// The encoded call.
    pub call: CallBytes,
    /// The first tick at which it can be made.
    pub due: Tick,
    /// After how many ticks it is due again.
    pub every: Tick,
    /// How often it will be made.
    pub times: u32,
    /// What whoever brings it gets out of the agent's account, each time.
    pub reward: Balance,
    /// What is held for it.
    pub deposit: Balance,
}

/// What is kept under a tag.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct TagRecord {
    /// Ratings with this tag.
    pub aggregate: Aggregate,
    /// What is held for it.
    pub deposit: Balance,
}

/// Something that was written elsewhere.
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
pub struct Reference {
    /// Its hash.
    pub hash: Hash,
    /// Where it is, if in storage.
    pub file: Option<FileId>,
}

/// At most two tags, of which the second only with the first.
#[derive(
    Clone,
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
pub enum Tags {
    /// None.
    #[default]
    #[codec(index = 0)]
    None,
    /// One.
    #[codec(index = 1)]
    One(Tag),
    /// Two, different ones.
    #[codec(index = 2)]
    Two(Tag, Tag),
}

impl Tags {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Tag> {
        let (first, second) = match self {
            Self::None => (None, None),
            Self::One(first) => (Some(first), None),
            Self::Two(first, second) => (Some(first), Some(second)),
        };
        first.into_iter().chain(second)
    }
}

/// What a rating says.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Opinion {
    /// 0 to 10,000.
    pub value: u16,
    /// What it is about.
    pub tags: Tags,
    /// Its reasons.
    pub content: Option<Reference>,
}

/// A rating that counts.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Feedback<AccountId> {
    /// Who gave it.
    pub giver: AccountId,
    /// The rating, and what it weighs.
    pub rating: Rating,
    /// What it is about.
    pub tags: Tags,
    /// When it was given.
    pub at: Tick,
    /// Under which owner.
    pub tenure: u32,
    /// Its reasons.
    pub content: Option<Reference>,
    /// The agent's answer.
    pub response: Option<Reference>,
    /// What is held for it on the giver's account.
    pub deposit: Balance,
}
