//! What the daemon needs of the chain, and that over [`ChainClient`]. Tests put another chain
//! behind it.

use std::future::Future;

use noema_chain_client::{
    AccountId, Assignment, BlockNumber, BlockRef, Call, ChainClient, ChainError, Deal, FileId,
    Finalized, Head, ProviderRecord, Role, SeedAt, StateAt, SubmitError, Submitter,
};
use tokio::sync::watch;

/// The chain as one daemon sees it.
pub(crate) trait ChainView: Clone + Send + Sync + 'static {
    /// State at one block.
    type State: StateView;

    /// Finalised blocks.
    fn heads(&self) -> watch::Receiver<Head>;

    /// The state at a block.
    fn at(&self, block: BlockRef) -> impl Future<Output = Result<Self::State, ChainError>> + Send;

    /// Submits a call with the operator key and waits until it is final.
    fn submit(&self, call: Call) -> impl Future<Output = Result<Finalized, SubmitError>> + Send;
}

/// The state at one block.
pub(crate) trait StateView: Send + Sync + 'static {
    /// The slots that a provider has.
    fn assignments(
        &self,
        provider: &AccountId,
    ) -> impl Future<Output = Result<Vec<Assignment>, ChainError>> + Send;

    /// A deal.
    fn deal(
        &self,
        file: &FileId,
        owner: &AccountId,
    ) -> impl Future<Output = Result<Option<Deal>, ChainError>> + Send;

    /// The seed of a draw point.
    fn seed_from(
        &self,
        draw_at: BlockNumber,
    ) -> impl Future<Output = Result<SeedAt, ChainError>> + Send;

    /// A storage provider.
    fn provider(
        &self,
        account: &AccountId,
    ) -> impl Future<Output = Result<Option<ProviderRecord>, ChainError>> + Send;

    /// Time of the block in milliseconds since 1970.
    fn timestamp_ms(&self) -> impl Future<Output = Result<u64, ChainError>> + Send;

    /// Sectors in a proof.
    fn proof_sectors(&self) -> Result<u32, ChainError>;
}

/// The real chain, submitting with the operator key.
#[derive(Clone)]
pub(crate) struct OperatorChain {
    client: ChainClient,
    submitter: Submitter,
}

impl OperatorChain {
    pub(crate) fn new(client: ChainClient, submitter: Submitter) -> Self {
        Self { client, submitter }
    }
}

impl ChainView for OperatorChain {
    type State = StateAt;

    fn heads(&self) -> watch::Receiver<Head> {
        self.client.finalized_heads()
    }

    async fn at(&self, block: BlockRef) -> Result<StateAt, ChainError> {
        self.client.at(block).await
    }

    async fn submit(&self, call: Call) -> Result<Finalized, SubmitError> {
        self.submitter.submit(call).await
    }
}

impl StateView for StateAt {
    async fn assignments(&self, provider: &AccountId) -> Result<Vec<Assignment>, ChainError> {
        StateAt::assignments(self, provider).await
    }

    async fn deal(&self, file: &FileId, owner: &AccountId) -> Result<Option<Deal>, ChainError> {
        StateAt::deal(self, file, owner).await
    }

    async fn seed_from(&self, draw_at: BlockNumber) -> Result<SeedAt, ChainError> {
        StateAt::seed_from(self, draw_at).await
    }

    async fn provider(&self, account: &AccountId) -> Result<Option<ProviderRecord>, ChainError> {
        StateAt::provider(self, Role::Storage, account).await
    }

    async fn timestamp_ms(&self) -> Result<u64, ChainError> {
        StateAt::timestamp_ms(self).await
    }

    fn proof_sectors(&self) -> Result<u32, ChainError> {
        Ok(self.constants()?.proof_sectors)
    }
}
