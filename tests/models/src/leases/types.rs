//! Plain data: deals, slots, providers.

use super::Terms;

/// Who has money: owners, providers, and the accounts of the protocol.
pub type Account = u64;
/// Units of the token.
pub type Balance = u128;
/// Number of a round.
pub type Round = u32;
/// Names a file; stands for its root and size.
pub type File = u64;
/// Names a deal for good, whoever owns it.
pub type DealId = u64;
/// A deal as calls name it.
pub type Key = (File, Account);

/// A file to commit to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSpec {
    /// Its name.
    pub file: File,
    /// Sectors under its root, padding included.
    pub sectors: u64,
    /// Replicas wanted.
    pub replicas: u8,
}

/// What one place of a deal is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotState {
    /// A provider will be drawn.
    Drawing,
    /// A provider fetches the file.
    Assigned {
        /// The provider.
        provider: Account,
    },
    /// It must prove the sectors drawn.
    Proving {
        /// The provider.
        provider: Account,
    },
    /// It proved them.
    Held {
        /// The provider.
        provider: Account,
        /// The round in which its replica became auditable; it earns from the next round on.
        joined: Option<Round>,
        /// What it gets in addition with the first round; only of use while that round has not begun.
        bounty: Balance,
    },
}

impl SlotState {
    /// Who has the slot.
    pub fn provider(&self) -> Option<Account> {
        match *self {
            Self::Drawing => None,
            Self::Assigned { provider }
            | Self::Proving { provider }
            | Self::Held { provider, .. } => Some(provider),
        }
    }

    /// Who has proven the replica.
    pub fn holder(&self) -> Option<Account> {
        match *self {
            Self::Held { provider, .. } => Some(provider),
            _ => None,
        }
    }
}

/// An earner that gives its replica up and stays until its replacement earns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaving {
    /// The provider.
    pub provider: Account,
    /// The round in which its replica became auditable.
    pub joined: Round,
    /// The round in which it began to leave.
    pub since: Round,
    /// As in [`SlotState::Held`].
    pub bounty: Balance,
}

/// One place for a replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Of whoever has it, or is on the way to.
    pub state: SlotState,
    /// Whoever had it before and earns still.
    pub leaving: Option<Leaving>,
    /// Who failed here last.
    pub passed_over: Option<Account>,
    /// Waits for whoever takes the replica over. In the pot.
    pub bounty: Balance,
    /// How often nobody came to hold it.
    pub failures: u8,
}

/// The earner of a slot, the round in which it joined, and the bounty it took.
pub type Earner = (Account, Round, Balance);

impl Slot {
    pub(super) fn new() -> Self {
        Self {
            state: SlotState::Drawing,
            leaving: None,
            passed_over: None,
            bounty: 0,
            failures: 0,
        }
    }

    /// Whose replica is in the audited population.
    pub fn earner(&self) -> Option<Earner> {
        match (self.leaving, self.state) {
            (Some(old), _) => Some((old.provider, old.joined, old.bounty)),
            (
                None,
                SlotState::Held {
                    provider,
                    joined: Some(joined),
                    bounty,
                },
            ) => Some((provider, joined, bounty)),
            _ => None,
        }
    }

    /// Whether the provider has anything to do with the slot.
    pub(super) fn has(&self, provider: Account) -> bool {
        self.state.provider() == Some(provider)
            || self.leaving.is_some_and(|old| old.provider == provider)
    }
}

/// One owner's commitment to one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deal {
    /// Never used again.
    pub id: DealId,
    /// Sectors of a replica.
    pub sectors: u64,
    /// Held on the owner's account.
    pub deposit: Balance,
    /// Rents and ends.
    pub terms: Terms,
    /// Whether anybody ever held a replica.
    pub ever_held: bool,
    /// Who may become the owner.
    pub offered_to: Option<Account>,
    /// Places of the replicas.
    pub slots: Vec<Slot>,
}

impl Deal {
    /// Replicas wanted.
    pub fn replicas(&self) -> u8 {
        u8::try_from(self.slots.len()).unwrap_or(u8::MAX)
    }

    /// Slots whose replica nobody can be challenged for.
    pub(super) fn without_earner(&self) -> u8 {
        let empty = self
            .slots
            .iter()
            .filter(|slot| slot.earner().is_none())
            .count();
        u8::try_from(empty).unwrap_or(u8::MAX)
    }

    /// Slots with their earners.
    pub(super) fn earners(&self) -> Vec<(u8, Account)> {
        (0u8..)
            .zip(&self.slots)
            .filter_map(|(index, slot)| slot.earner().map(|(provider, ..)| (index, provider)))
            .collect()
    }

    /// Whether the provider has any slot.
    pub(super) fn has(&self, provider: Account) -> bool {
        self.slots.iter().any(|slot| slot.has(provider))
    }
}

/// A provider that loses all it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drop {
    /// Bounties for its replicas at most.
    pub budget: Balance,
    /// What is left of it.
    pub left: Balance,
    /// Sectors of the replicas that earned when it began.
    pub sectors: u64,
}

/// A bonded provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its own bond, held on its account.
    pub bond: Balance,
    /// What others delegated to it, held on the account of its pool.
    pub stake: Balance,
    /// The account of its pool.
    pub pool: Account,
    /// What it keeps of the delegators' rewards, in millionths.
    pub commission: u64,
    /// Whether it may be drawn.
    pub active: bool,
    /// Strike points.
    pub points: u32,
    /// Taken of its own since its points were 0, or since it was dropped last.
    pub own_slashed: Balance,
    /// The round in which its stake began to cover less than what it has.
    pub uncovered_since: Option<Round>,
    /// Set while it loses all it has.
    pub dropping: Option<Drop>,
}

/// How the audit of a provider's round went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All challenges answered, or there were none.
    Passed,
    /// Not all.
    Missed,
    /// The round's seed is lost.
    Skipped,
    /// Everything is being taken from the provider: it was not asked.
    Forfeited,
}

/// Why a deal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By its owner.
    Removed,
    /// Its last round is over.
    Over,
    /// Never delivered.
    Lapsed,
}
