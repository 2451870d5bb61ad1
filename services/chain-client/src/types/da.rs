//! Data availability: what the chain says of committees, submissions and namespaces, with accounts as this crate has them.

use noema_da_primitives as primitives;

use super::{AccountId, Balance, BlockNumber, RoundIndex, Tick};

/// A submission of a blob.
pub type SubmissionInfo = primitives::SubmissionInfo<AccountId, Balance, BlockNumber>;
/// Where a submission stands.
pub type SubmissionStanding = primitives::Standing<BlockNumber>;
/// Submissions, from some number on.
pub type SubmissionPage = primitives::SubmissionPage<AccountId, Balance, BlockNumber>;
/// Entries of a namespace, from some number on.
pub type NamespacePage = primitives::NamespacePage<AccountId, BlockNumber>;
/// An entry of a namespace.
pub type NamespaceEntry = primitives::EntryInfo<AccountId, BlockNumber>;
/// The committee of an era.
pub type CommitteeInfo = primitives::CommitteeInfo<AccountId>;
/// What a submission costs now.
pub type FeeQuote = primitives::FeeQuote<Balance>;
/// The rules in force.
pub type DaParameters = primitives::DaParameters<Balance, BlockNumber>;

/// A row that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowChallenge {
    /// What the answer is given for.
    pub index: u8,
    /// The blob's commitment.
    pub commitment: primitives::Commitment,
    /// Exact bytes of the blob.
    pub size: u32,
    /// The row.
    pub row: u16,
    /// Whether it is answered.
    pub answered: bool,
}

/// What a seat is asked for in the running round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowChallenges {
    /// The round, which is the era as well.
    pub round: RoundIndex,
    /// The first tick that is too late.
    pub until: Tick,
    /// The rows.
    pub rows: Vec<RowChallenge>,
}
