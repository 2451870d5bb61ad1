//! Calls about agents: who they are, what they have committed to, who may use them, which keys act for them, and what others think of them.

mod encode;

use noema_agents_primitives::{
    AgentId, CallId, Commitment, DataIndex, FeedbackId, ScheduleId, ServiceEndpoint, SessionId,
    UsageScope,
};
use noema_session::{Allowance, Limits};

use super::Call;
use crate::{
    agents::WalletSignature,
    types::{AccountId, Balance, FileId, Tick},
};

/// A key that is to act for an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentGrant {
    /// The key.
    pub key: AccountId,
    /// The calls that it may make.
    pub calls: Vec<CallId>,
    /// What it may spend at once and in all.
    pub limits: Limits,
    /// What it may spend per period.
    pub allowance: Allowance,
    /// The first tick at which it may do nothing.
    pub expires: Tick,
}

/// When an act is due, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentPlan {
    /// The first tick at which it can be made.
    pub due: Tick,
    /// After how many ticks it is due again; at least one, if it is made more than once.
    pub every: Tick,
    /// How often it is made; at least once.
    pub times: u32,
    /// What whoever brings it gets out of the agent's account, each time, in the smallest unit. Only the owner promises any.
    pub reward: Balance,
}

/// A call about an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AgentCall {
    /// Registers an agent of the caller's.
    Register {
        /// Its registration file in storage.
        file: Option<FileId>,
        /// Where it answers.
        endpoints: Vec<ServiceEndpoint>,
    },
    /// Sets an entry of metadata, or removes it.
    SetMetadata {
        /// The agent.
        agent: AgentId,
        /// Which.
        key: Vec<u8>,
        /// What it says.
        value: Option<Vec<u8>>,
    },
    /// Has the agent be paid where a wallet agrees to be (owner).
    BindWallet {
        /// The agent.
        agent: AgentId,
        /// The wallet.
        wallet: AccountId,
        /// The first tick at which its signature is worth nothing.
        deadline: Tick,
        /// Its signature.
        signature: WalletSignature,
    },
    /// Ends that (owner, or the wallet).
    UnbindWallet {
        /// The agent.
        agent: AgentId,
    },
    /// Lets an account stage data, so that the agent can be transferred to it; nobody any more, if none.
    Offer {
        /// The agent.
        agent: AgentId,
        /// To whom.
        to: Option<AccountId>,
    },
    /// Gives the agent to another owner.
    Transfer {
        /// The agent.
        agent: AgentId,
        /// To whom.
        to: AccountId,
    },
    /// Ends the agent.
    Burn {
        /// The agent.
        agent: AgentId,
    },
    /// Takes free money out of the agent's account.
    Withdraw {
        /// The agent.
        agent: AgentId,
        /// How much, in the smallest unit.
        amount: Balance,
    },
    /// Commits to an encrypted file.
    CommitData {
        /// The agent.
        agent: AgentId,
        /// What it is.
        description: Vec<u8>,
        /// Its hash, and who can open it.
        commitment: Commitment<AccountId>,
    },
    /// Replaces a commitment, with all its sealed keys.
    UpdateData {
        /// The agent.
        agent: AgentId,
        /// Which.
        index: DataIndex,
        /// Its hash, and who can open it.
        commitment: Commitment<AccountId>,
    },
    /// Removes an entry of data.
    DropData {
        /// The agent.
        agent: AgentId,
        /// Which.
        index: DataIndex,
    },
    /// Commits to what takes the place of an entry of data with the transfer to the caller.
    StageData {
        /// The agent.
        agent: AgentId,
        /// Which.
        index: DataIndex,
        /// Its hash, and who can open it.
        commitment: Commitment<AccountId>,
    },
    /// Takes back what the caller has staged.
    UnstageData {
        /// The agent.
        agent: AgentId,
        /// Which.
        index: DataIndex,
    },
    /// Lets a user ask for something.
    AuthorizeUsage {
        /// The agent.
        agent: AgentId,
        /// Who.
        user: AccountId,
        /// For what.
        scope: UsageScope,
        /// The first tick at which it may not any more.
        expires: Tick,
        /// How often.
        count: u32,
    },
    /// Ends that.
    RevokeUsage {
        /// The agent.
        agent: AgentId,
        /// Who.
        user: AccountId,
    },
    /// Lets a key act.
    GrantSession {
        /// The agent.
        agent: AgentId,
        /// Which, and within which limits.
        grant: AgentGrant,
    },
    /// Ends a session.
    RevokeSession {
        /// The agent.
        agent: AgentId,
        /// Which.
        session: SessionId,
    },
    /// Makes a call in the agent's name, by the key of a session.
    Act {
        /// The agent.
        agent: AgentId,
        /// What.
        call: Box<Call>,
    },
    /// Makes a call in the agent's name, by its owner.
    ActByOwner {
        /// The agent.
        agent: AgentId,
        /// What.
        call: Box<Call>,
    },
    /// Has a call be made in the agent's name when it is due, by whoever brings it, under the limits of a session (owner, or the session's key).
    Schedule {
        /// The agent.
        agent: AgentId,
        /// Under whose limits.
        session: SessionId,
        /// What.
        call: Box<Call>,
        /// When, and how often.
        plan: AgentPlan,
    },
    /// Has a scheduled act not be made (owner, or the session's key; anybody, once the session is over).
    Cancel {
        /// The agent.
        agent: AgentId,
        /// Which.
        schedule: ScheduleId,
    },
    /// Makes a scheduled act that is due; anybody may.
    Run {
        /// The agent.
        agent: AgentId,
        /// Which.
        schedule: ScheduleId,
        /// What was scheduled.
        call: Box<Call>,
    },
    /// Lets the agent be rated under a tag.
    AddTag {
        /// The agent.
        agent: AgentId,
        /// Which.
        tag: Vec<u8>,
    },
    /// Rates an agent.
    Feedback {
        /// The agent.
        agent: AgentId,
        /// What of what was paid is consumed, in the smallest unit.
        amount: Balance,
        /// 0 to 10,000.
        value: u16,
        /// What about, at most two.
        tags: Vec<Vec<u8>>,
        /// To whom it was paid; where the agent is paid now, if none.
        wallet: Option<AccountId>,
    },
    /// Takes a rating back.
    RevokeFeedback {
        /// The agent.
        agent: AgentId,
        /// Which.
        feedback: FeedbackId,
    },
}
