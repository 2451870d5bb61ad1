//! Agents as readers see them.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::{Balance, FormerWallet, Reference, Tags};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use noema_agents_primitives::{
    CallId, Commitment, DataIndex, Description, Endpoints, FeedbackId, FileId, Hash, Mean, Rating,
    ScheduleId, SessionId, UsageScope,
};
use noema_session::{Allowance, Limits};
use noema_traits::Tick;
use scale_info::TypeInfo;

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Page<Entry, Cursor> {
    /// What was found.
    pub entries: Vec<Entry>,
    /// Where to go on. None at the end; a page may be empty and not the last.
    pub next: Option<Cursor>,
}

/// An agent as readers see it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct AgentInfo<AccountId> {
    /// Controls it.
    pub owner: AccountId,
    /// From where it acts and pays.
    pub account: AccountId,
    /// Where it is paid, if a wallet bound itself.
    pub wallet: Option<AccountId>,
    /// Where it was paid before, and can still be rated for until two periods after each ended.
    pub former: Vec<FormerWallet<AccountId>>,
    /// The nonce of the next binding.
    pub bindings: u64,
    /// Who may stage data.
    pub offered: Option<AccountId>,
    /// Its registration file.
    pub file: Option<FileId>,
    /// Where it answers.
    pub endpoints: Endpoints,
    /// How often it has changed hands.
    pub tenure: u32,
}

/// An entry of data as readers see it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct DataInfo<AccountId> {
    /// Its number.
    pub index: DataIndex,
    /// What it is.
    pub description: Description,
    /// The encrypted data, and who can open them.
    pub commitment: Commitment<AccountId>,
    /// How often it was updated.
    pub version: u32,
    /// Who has staged what takes its place, and its hash.
    pub staged: Option<(AccountId, Hash)>,
}

/// A usage as readers see it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct UsageInfo<AccountId> {
    /// Who.
    pub user: AccountId,
    /// What it may ask for.
    pub scope: UsageScope,
    /// The first tick at which it may not any more.
    pub expires: Tick,
    /// How often it still may.
    pub left: u32,
    /// How often it has.
    pub used: u32,
    /// Hash of what it asked last.
    pub request: Hash,
}

/// A session as readers see it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct SessionInfo<AccountId> {
    /// Its number.
    pub session: SessionId,
    /// The key.
    pub key: AccountId,
    /// What it may call.
    pub calls: Vec<CallId>,
    /// What it may spend.
    pub limits: Limits,
    /// What it may spend per period.
    pub allowance: Allowance,
    /// What it has spent.
    pub spent: Balance,
    /// What is left of the present period.
    pub left_in_period: Balance,
    /// The nonce of the next act that it signs.
    pub nonce: u64,
    /// The first tick at which it may do nothing.
    pub expires: Tick,
}

/// A scheduled act as readers see it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct ScheduledInfo {
    /// Its number.
    pub schedule: ScheduleId,
    /// Under whose limits.
    pub session: SessionId,
    /// The encoded call.
    pub call: Vec<u8>,
    /// The first tick at which it can be made.
    pub due: Tick,
    /// How often it will be made.
    pub times: u32,
    /// What whoever brings it gets.
    pub reward: Balance,
}

/// What ratings come to. Values are 0 to 10,000, of which the last two digits are decimals.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Summary {
    /// Of all time.
    pub all: Mean,
    /// Under the present owner.
    pub in_tenure: Mean,
    /// In this period and the one before.
    pub recent: Mean,
}

/// A rating as readers see it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct FeedbackInfo<AccountId> {
    /// Its number.
    pub feedback: FeedbackId,
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
}
