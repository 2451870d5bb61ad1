//! Calls in an agent's name.

use super::{Account, Balance};

/// Which calls there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Pays through the market.
    Pay,
    /// Reserves.
    Reserve,
    /// Gives back what is reserved.
    Release,
    /// Takes more than it says.
    Lie,
    /// Rates an agent.
    Feedback,
    /// Sets an entry of metadata.
    SetMetadata,
    /// Replaces data.
    UpdateData,
    /// Asks an agent for something.
    Exercise,
    /// Answers to a rating.
    Respond,
}

/// A call in an agent's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inner {
    /// Pays through the market.
    Pay {
        /// Whom.
        to: Account,
        /// How much, cut included.
        amount: Balance,
    },
    /// Reserves.
    Reserve(Balance),
    /// Gives back.
    Release(Balance),
    /// Takes more than it says.
    Lie {
        /// What it says.
        declared: Balance,
        /// What it takes.
        taken: Balance,
    },
    /// Rates an agent.
    Feedback {
        /// Which.
        agent: u64,
        /// With how much.
        amount: Balance,
        /// 0 to 10,000.
        value: u16,
        /// What about.
        tag: Option<u8>,
    },
    /// Sets an entry of metadata, or removes it.
    SetMetadata {
        /// Whose.
        agent: u64,
        /// Which.
        key: u8,
        /// So many bytes.
        value: Option<usize>,
    },
    /// Replaces data by some that are sealed for nobody.
    UpdateData {
        /// Whose.
        agent: u64,
        /// Which.
        index: u32,
        /// Names what is committed.
        hash: u8,
    },
    /// Asks an agent for something.
    Exercise {
        /// Which.
        agent: u64,
        /// About one entry of data, or anything.
        data: Option<u32>,
    },
    /// Answers to a rating.
    Respond {
        /// Of which agent.
        agent: u64,
        /// Which.
        feedback: u64,
    },
    /// Wraps calls, or is the owner's: no leaf.
    NoLeaf,
}

impl Inner {
    /// What the classifier says: which call, and what it spends. None if it is no leaf.
    pub const fn leaf(&self) -> Option<(Kind, Balance)> {
        match self {
            Self::Pay { amount, .. } => Some((Kind::Pay, *amount)),
            Self::Reserve(amount) => Some((Kind::Reserve, *amount)),
            Self::Release(_) => Some((Kind::Release, 0)),
            Self::Lie { declared, .. } => Some((Kind::Lie, *declared)),
            Self::Feedback { .. } => Some((Kind::Feedback, 0)),
            Self::SetMetadata { .. } => Some((Kind::SetMetadata, 0)),
            Self::UpdateData { .. } => Some((Kind::UpdateData, 0)),
            Self::Exercise { .. } => Some((Kind::Exercise, 0)),
            Self::Respond { .. } => Some((Kind::Respond, 0)),
            Self::NoLeaf => None,
        }
    }

    /// Bytes of the encoded call, where it is scheduled.
    pub const fn bytes(&self) -> Balance {
        match self {
            Self::Pay { .. } => 50,
            Self::Reserve(_) | Self::Release(_) => 18,
            Self::Lie { .. } => 34,
            _ => 0,
        }
    }
}
