//! What the model is about. Plain data.

use std::collections::BTreeSet;

/// Who.
pub type Account = u64;
/// Units of the token.
pub type Balance = u128;
/// A block.
pub type Block = u64;
/// A tick.
pub type Tick = u64;
/// A round, or an era.
pub type Round = u32;
/// Days of a window.
pub type Days = u8;
/// A place in a committee.
pub type Seat = u8;

/// What the chain decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The least that an account has.
    pub existential_deposit: Balance,
    /// Ticks that seats have.
    pub attest_ticks: Tick,
    /// Blocks to the draw point of a row seed.
    pub draw_delay: Block,
    /// Blocks past it in which a seed may come.
    pub seed_gap: Block,
    /// Bytes of a payer that may wait.
    pub max_in_flight: u64,
    /// The part of a base fee for the record.
    pub record_fee: Balance,
    /// The part for what is sent, per GiB.
    pub sending_fee: Balance,
    /// For a namespace that is new.
    pub namespace_fee: Balance,
    /// Held for a submission.
    pub submission_deposit: Balance,
    /// Held for a member.
    pub member_deposit: Balance,
}

/// The rounds that blobs of an era are paid for together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum List {
    /// Days 1 to this one.
    Until(Days),
    /// This day, from 2 on.
    Only(Days),
}

impl List {
    /// First and last round.
    pub fn rounds(self, era: Round) -> (Round, Round) {
        let first = |day: Days| era + 2 + 4 * (Round::from(day) - 1);
        match self {
            Self::Until(day) => (first(1), first(day) + 3),
            Self::Only(day) => (first(day), first(day) + 3),
        }
    }

    /// The round with whose begin nothing is added any more.
    pub fn closes(self, era: Round) -> Round {
        match self {
            Self::Until(_) => era + 2,
            Self::Only(_) => self.rounds(era).0 - 1,
        }
    }

    /// Whether the rounds have this one.
    pub fn contains(self, era: Round, round: Round) -> bool {
        let (first, last) = self.rounds(era);
        (first..=last).contains(&round)
    }
}

/// What one call added to a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Of which submission.
    pub submission: u64,
    /// Its units.
    pub units: u128,
    /// Whose bits it set.
    pub seats: BTreeSet<Seat>,
    /// What the blob pays in each round of the list: with its first entry.
    pub pay: Option<Balance>,
}

/// What a submission says of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Whether such a bundle can be.
    pub possible: bool,
}

/// What became of a row seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seed {
    /// It has not come.
    Awaited,
    /// It is there.
    Drawn,
    /// It never comes.
    Lost,
}

/// A submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Who paid.
    pub payer: Account,
    /// Its namespace.
    pub namespace: u8,
    /// Its commitment.
    pub commitment: u8,
    /// Bytes.
    pub size: u32,
    /// Whether it is a bundle.
    pub bundle: Option<Bundle>,
    /// The era.
    pub era: Round,
    /// The block that took it.
    pub block: Block,
    /// The first tick that is too late.
    pub deadline: Tick,
    /// Days in all.
    pub days: Days,
    /// Paid for the window.
    pub fee: Balance,
    /// The base fee.
    pub base: Balance,
    /// The row seed.
    pub seed: Seed,
    /// Whose bits are set, once it is available; and its number in the namespace.
    pub available: Option<(BTreeSet<Seat>, u64)>,
}

impl Submission {
    /// The last round of its window.
    pub fn until(&self) -> Round {
        self.era + 1 + 4 * Round::from(self.days)
    }
}

/// A member on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who paid.
    pub payer: Account,
    /// The bundle's submission, and which member it is.
    pub of: (u64, u32),
    /// The last round of its window.
    pub until: Round,
}

/// A namespace: whatever became available, in order; with the block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// Block, submission, member.
    pub entries: Vec<(Block, u64, Option<u32>)>,
}

/// How a round ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Paid.
    Passed,
    /// Not paid.
    Missed,
    /// Carried.
    Skipped,
}
