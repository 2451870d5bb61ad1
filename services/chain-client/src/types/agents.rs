//! Agents: what the chain says of them, with accounts as this crate has them.

use noema_agents_primitives::{AgentId, CallId, DataIndex, ScheduleId, SessionId};
use noema_session::{Allowance, Limits};

use super::{AccountId, Balance, FileId, Hash, Tick};

/// An agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentRecord {
    /// Controls it.
    pub owner: AccountId,
    /// From where it acts and pays.
    pub account: AccountId,
    /// Where it is paid, if a wallet bound itself.
    pub wallet: Option<AccountId>,
    /// Where it was paid before, and can still be rated for.
    pub former: Vec<AccountId>,
    /// The nonce of the next binding of a wallet.
    pub bindings: u64,
    /// Who may stage data.
    pub offered: Option<AccountId>,
    /// Its registration file.
    pub file: Option<FileId>,
    /// Where it answers, and by which protocol.
    pub endpoints: Vec<(&'static str, String)>,
    /// How often it has changed hands.
    pub tenure: u32,
}

/// An entry of data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentData {
    /// Its number.
    pub index: DataIndex,
    /// What it is.
    pub description: String,
    /// Hash of the encrypted data.
    pub hash: Hash,
    /// Where they are, if in storage.
    pub file: Option<FileId>,
    /// Who can open them, with what.
    pub holders: Vec<SealedKeyOf>,
    /// How often it was updated.
    pub version: u32,
    /// Who has staged what takes its place.
    pub staged_by: Option<AccountId>,
}

/// The key of an entry of data, for one holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedKeyOf {
    /// Who can open it.
    pub holder: AccountId,
    /// The key, encrypted.
    pub key: Vec<u8>,
}

/// A key that acts for an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentSession {
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
    /// What it has spent, in the smallest unit.
    pub spent: Balance,
    /// What is left of the present period.
    pub left_in_period: Balance,
    /// The first tick at which it may do nothing.
    pub expires: Tick,
}

/// An act that anybody can bring when it is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduledAct {
    /// Its number.
    pub schedule: ScheduleId,
    /// Under whose limits.
    pub session: SessionId,
    /// The call in SCALE, pallet and call index first.
    pub call: Vec<u8>,
    /// The first tick at which it can be made.
    pub due: Tick,
    /// How often it will be made.
    pub times: u32,
    /// What whoever brings it gets, each time, in the smallest unit.
    pub reward: Balance,
}

/// What ratings come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratings {
    /// How many.
    pub count: u64,
    /// What they weigh, in the smallest unit.
    pub weight: Balance,
    /// 0 to 10,000; none of no weight.
    pub value: Option<u16>,
}

/// What the ratings of an agent come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentSummary {
    /// Of all time.
    pub all: Ratings,
    /// Under the present owner.
    pub in_tenure: Ratings,
    /// In this period and the one before.
    pub recent: Ratings,
}

/// Agents of an owner, and where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentPage {
    /// Their numbers.
    pub agents: Vec<AgentId>,
    /// The last of them, if there are more.
    pub next: Option<AgentId>,
}
