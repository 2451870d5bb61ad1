//! What seats, gateways and readers need of the chain, in finalised state. Tests put another one behind it.

mod committee;
mod lookup;
mod node;
mod plan;
mod set;

use std::future::Future;

use noema_chain_client::{AccountId, Balance, BlockNumber, ChainError, Head, SubmitError};
use noema_da_primitives::{Commitment, Content, Namespace, RowProof, Shape};
use tokio::sync::watch;

pub use committee::CommitteeView;
pub use lookup::{Lookup, LookupError};
pub use node::{NodeChain, NodeState};
pub use plan::{Plan, PlanError, RULES};
pub use set::SeatSet;

use crate::bls::SignatureBytes;

/// Number of a submission, never given twice.
pub type SubmissionId = u64;
/// Number of a DA era, which is a round of its audits.
pub type EraIndex = u32;
/// How a submission stands.
pub type SubmissionInfo = noema_da_primitives::SubmissionInfo<AccountId, Balance, BlockNumber>;
/// Submissions, from some number on.
pub type SubmissionPage = noema_da_primitives::SubmissionPage<AccountId, Balance, BlockNumber>;
/// Where a submission stands.
pub type Standing = noema_da_primitives::Standing<BlockNumber>;
/// The committee of an era.
pub type CommitteeInfo = noema_da_primitives::CommitteeInfo<AccountId>;
/// The rules in force, and where the chain is.
pub type Parameters = noema_da_primitives::DaParameters<Balance, BlockNumber>;
/// What a submission costs.
pub type Quote = noema_da_primitives::FeeQuote<Balance>;

/// What everybody reads. Each question is answered by the newest finalised block that is known when it is asked, and later questions never by an earlier block.
pub trait DaState: Clone + Send + Sync + 'static {
    /// Hash of the first block: separates signatures of this chain from others.
    fn genesis(&self) -> [u8; 32];

    /// Changes with every finalised block that is seen.
    fn heads(&self) -> watch::Receiver<Head>;

    /// The rules in force, and where the chain is.
    fn parameters(&self) -> impl Future<Output = Result<Parameters, ChainError>> + Send;

    /// How a submission stands. None when there is none, or no more.
    fn submission(
        &self,
        submission: SubmissionId,
    ) -> impl Future<Output = Result<Option<SubmissionInfo>, ChainError>> + Send;

    /// The submissions of a commitment, after the one where the page before ended.
    fn submissions_of(
        &self,
        commitment: Commitment,
        after: Option<SubmissionId>,
    ) -> impl Future<Output = Result<SubmissionPage, ChainError>> + Send;

    /// The committee of an era. None when there is none, or no more.
    fn committee(
        &self,
        era: EraIndex,
    ) -> impl Future<Output = Result<Option<CommitteeInfo>, ChainError>> + Send;

    /// Where a provider of data availability answers. None if it is no provider any more.
    fn endpoint(
        &self,
        provider: AccountId,
    ) -> impl Future<Output = Result<Option<String>, ChainError>> + Send;
}

/// A blob to be submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewSubmission {
    /// What the coding commits to.
    pub commitment: Commitment,
    /// Exact bytes.
    pub size: u32,
    /// What the blob is.
    pub content: Content,
    /// Where it is listed.
    pub namespace: Namespace,
    /// Days that are paid for.
    pub days: u8,
    /// All fees together at most.
    pub max_fee: Balance,
}

/// What a gateway has the chain do, with its own key.
pub trait DaCalls: DaState {
    /// Who pays.
    fn account(&self) -> AccountId;

    /// What a submission costs in the round that runs. None when the chain takes none of this size or for so long.
    fn quote(
        &self,
        size: u32,
        namespace: Namespace,
        days: u8,
    ) -> impl Future<Output = Result<Option<Quote>, ChainError>> + Send;

    /// Submits a blob. When it returns, the call is executed in a finalised block.
    fn submit(
        &self,
        submission: NewSubmission,
    ) -> impl Future<Output = Result<SubmissionId, SubmitError>> + Send;

    /// Says which seats signed, with the sum of their signatures. When it returns, the call is executed in a finalised block.
    fn attest(
        &self,
        submission: SubmissionId,
        seats: SeatSet,
        signature: SignatureBytes,
    ) -> impl Future<Output = Result<(), SubmitError>> + Send;
}

/// A row that an audit asks for, complete: its submission may be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedRow {
    /// Its number among those of the provider in the round.
    pub index: u8,
    /// What the coding commits to.
    pub commitment: Commitment,
    /// The blob's shape.
    pub shape: Shape,
    /// The row.
    pub row: u16,
    /// Whether the chain has its proof.
    pub answered: bool,
}

/// What a provider is asked for while the running round can be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The round.
    pub round: u32,
    /// The first tick that is too late.
    pub until: u64,
    /// What is asked, by index.
    pub rows: Vec<AskedRow>,
}

/// Audits over rows, of one provider.
pub trait RowAudits: DaState {
    /// What the provider is asked for. None when nothing is, or everything is answered.
    fn asked(
        &self,
        provider: AccountId,
    ) -> impl Future<Output = Result<Option<Asked>, ChainError>> + Send;

    /// How many answers one call takes.
    fn most_answers(&self) -> impl Future<Output = Result<usize, ChainError>> + Send;

    /// Answers, with the operator's key. When it returns, the call is executed in a finalised block.
    fn answer(
        &self,
        provider: AccountId,
        round: u32,
        answers: Vec<(u8, RowProof)>,
    ) -> impl Future<Output = Result<(), SubmitError>> + Send;
}
