//! Plain data.

use super::{Inner, Kind};
use std::collections::{BTreeMap, BTreeSet};

/// Somebody: a person, a key, or an agent's account.
pub type Account = u64;
/// Units of the token.
pub type Balance = u128;
/// A point in time.
pub type Tick = u64;

/// The account of agent 0; the others follow.
pub const FIRST_ACCOUNT: Account = 1_000;

/// What the chain decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Least free balance of an account.
    pub existential_deposit: Balance,
    /// For how many ticks ahead a wallet signs.
    pub max_deadline: Tick,
    /// Length of a period of ratings.
    pub period: Tick,
    /// The least that a feedback consumes.
    pub min_feedback: Balance,
    /// The protocol's part of what is paid, in percent, rounded up.
    pub cut_percent: Balance,
    /// Entries of metadata.
    pub max_metadata: usize,
    /// Entries of data.
    pub max_data: usize,
    /// Usages.
    pub max_usages: usize,
    /// Sessions.
    pub max_sessions: usize,
    /// Scheduled acts, half of which keys leave to the owner.
    pub max_scheduled: usize,
    /// Tags.
    pub max_tags: usize,
    /// Wallets that an agent can be rated for at a time.
    pub max_wallets: usize,
    /// For each byte.
    pub byte_deposit: Balance,
    /// For an agent.
    pub agent_deposit: Balance,
    /// For the endpoints, as they are here.
    pub endpoints_deposit: Balance,
    /// For an empty entry of metadata.
    pub metadata_deposit: Balance,
    /// For an entry of data without holders.
    pub data_deposit: Balance,
    /// For each holder.
    pub holder_deposit: Balance,
    /// For a usage.
    pub usage_deposit: Balance,
    /// For a session without calls.
    pub session_deposit: Balance,
    /// For each call in a scope.
    pub call_deposit: Balance,
    /// For a scheduled act of an empty call.
    pub scheduled_deposit: Balance,
    /// For a tag.
    pub tag_deposit: Balance,
    /// For a feedback.
    pub feedback_deposit: Balance,
}

/// An entry of data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// Names what is committed.
    pub hash: u8,
    /// For whom the key is sealed.
    pub holders: Vec<Account>,
}

/// What takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staged {
    /// By whom.
    pub by: Account,
    /// What.
    pub data: Data,
}

/// What a user may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// About one entry of data only.
    pub data: Option<u32>,
    /// The first tick at which it may not.
    pub expires: Tick,
    /// How often it still may.
    pub left: u32,
}

/// What an owner lets a key do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The key.
    pub key: Account,
    /// Its calls.
    pub calls: BTreeSet<Kind>,
    /// The most at once.
    pub per_use: Balance,
    /// The most in all.
    pub total: Balance,
    /// The first tick at which it may do nothing.
    pub expires: Tick,
    /// Length of a period.
    pub period: Tick,
    /// The most in one.
    pub most: Balance,
}

/// A grant and what was done under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What was granted.
    pub grant: Grant,
    /// When.
    pub since: Tick,
    /// When something was spent, and how much.
    pub acts: Vec<(Tick, Balance)>,
    /// How many acts were signed.
    pub nonce: u64,
    /// Whether the key itself has acted.
    pub used: bool,
}

impl Session {
    /// What was spent in all.
    pub fn spent(&self) -> Balance {
        self.acts.iter().map(|(_, spent)| spent).sum()
    }

    /// What was spent in the period of a tick.
    pub fn spent_in_period(&self, now: Tick) -> Balance {
        let period = |tick: Tick| (tick - self.since) / self.grant.period;
        self.acts
            .iter()
            .filter(|(tick, _)| period(*tick) == period(now))
            .map(|(_, spent)| spent)
            .sum()
    }
}

/// When something is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The first time.
    pub due: Tick,
    /// Until the next.
    pub every: Tick,
    /// How often.
    pub times: u32,
    /// For whoever brings it.
    pub reward: Balance,
}

/// Something that is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheduled {
    /// Under whose limits.
    pub session: u32,
    /// What.
    pub call: Inner,
    /// When.
    pub plan: Plan,
}

/// A rating.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feedback {
    /// Who gave it.
    pub giver: Account,
    /// 0 to 10,000.
    pub value: u16,
    /// What it consumed.
    pub weight: Balance,
    /// What about.
    pub tag: Option<u8>,
    /// When.
    pub at: Tick,
    /// Under which owner.
    pub tenure: u32,
    /// Whether the agent has answered.
    pub answered: bool,
}

/// A wallet that was bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Former {
    /// Which.
    pub wallet: Account,
    /// Until when.
    pub ended: Tick,
    /// Under which owner.
    pub tenure: u32,
}

/// An agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Whose it is.
    pub owner: Account,
    /// Where it is paid.
    pub wallet: Option<Account>,
    /// Where it was paid before, all of them.
    pub former: Vec<Former>,
    /// To whom it is offered.
    pub offered: Option<Account>,
    /// Names its registration file.
    pub file: Option<u8>,
    /// Whether it says where it answers.
    pub endpoints: bool,
    /// How often it has changed hands.
    pub tenure: u32,
    /// How often what wallets signed became worthless.
    pub bindings: u64,
    /// Length of each entry of metadata.
    pub metadata: BTreeMap<u8, usize>,
    /// Data.
    pub data: BTreeMap<u32, Data>,
    /// What takes its place.
    pub staged: BTreeMap<u32, Staged>,
    /// What users may ask.
    pub usages: BTreeMap<Account, Usage>,
    /// Keys that act.
    pub sessions: BTreeMap<u32, Session>,
    /// What is to be done.
    pub scheduled: BTreeMap<u32, Scheduled>,
    /// What it can be rated for.
    pub tags: BTreeSet<u8>,
    /// Number of the next entry of data.
    pub next_data: u32,
    /// Number of the next session.
    pub next_session: u32,
    /// Number of the next scheduled act.
    pub next_schedule: u32,
    /// Number of the next feedback.
    pub next_feedback: u64,
}

/// A wallet's consent: what it signed, and who signed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consent {
    /// For which agent.
    pub agent: u64,
    /// Of which owner.
    pub owner: Account,
    /// Which wallet.
    pub wallet: Account,
    /// The agent's count of bindings.
    pub nonce: u64,
    /// The first tick at which it is worth nothing.
    pub deadline: Tick,
    /// Who signed.
    pub signer: Account,
}

/// An act that somebody else brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedAct {
    /// The agent.
    pub agent: u64,
    /// The session.
    pub session: u32,
    /// How many were signed before.
    pub nonce: u64,
    /// The first tick at which it is worth nothing.
    pub expires: Tick,
    /// Who signed it as it stands here. None if it was changed since.
    pub signer: Option<Account>,
}

/// What ratings come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mean {
    /// How many.
    pub count: u64,
    /// What they weigh.
    pub weight: Balance,
    /// Rounded down; none of no weight.
    pub value: Option<u16>,
}

/// What ratings come to, by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// All.
    pub all: Mean,
    /// Of the present owner.
    pub in_tenure: Mean,
    /// Of this period and the one before.
    pub recent: Mean,
}
