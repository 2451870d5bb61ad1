//! What the daemon needs of the chain, and that over [`ChainClient`]. Tests put another chain
//! behind it.

use std::future::Future;

use noema_chain_client::{
    AccountId, AssignmentPage, AuditLimits, AuditRound, AuditStanding, AuditedPage, BlockNumber,
    BlockRef, Call, ChainClient, ChainError, Challenges, Deal, FileId, Finalized, Head,
    ProviderPay, ProviderRecord, Role, SeedAt, StateAt, SubmitError, SubmitOptions, Submitter,
    Uncovered,
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

    /// The best block, final or not.
    fn best(&self) -> impl Future<Output = Result<BlockRef, ChainError>> + Send;

    /// Submits a call with the operator key and waits until it is final.
    fn submit(&self, call: Call) -> impl Future<Output = Result<Finalized, SubmitError>> + Send;

    /// The same, for so long at most, with a tip that grows. Until then whatever is lost is sent again with the same nonce, so that it is executed once at most.
    fn submit_with(
        &self,
        call: Call,
        options: SubmitOptions,
    ) -> impl Future<Output = Result<Finalized, SubmitError>> + Send;
}

/// The state at one block.
pub(crate) trait StateView: Send + Sync + 'static {
    /// Up to `limit` of the slots that a provider has, from the beginning or where the page before ended.
    fn assignments_page(
        &self,
        provider: &AccountId,
        start: Option<&[u8]>,
        limit: u32,
    ) -> impl Future<Output = Result<AssignmentPage, ChainError>> + Send;

    /// The deals of these owners for these files, in the same order.
    fn deals(
        &self,
        of: &[(FileId, AccountId)],
    ) -> impl Future<Output = Result<Vec<Option<Deal>>, ChainError>> + Send;

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

    /// The running round of audits.
    fn audit_round(&self) -> impl Future<Output = Result<Option<AuditRound>, ChainError>> + Send;

    /// What a provider is asked for.
    fn challenges(
        &self,
        provider: &AccountId,
    ) -> impl Future<Output = Result<Option<Challenges>, ChainError>> + Send;

    /// Where a provider stands with the audits.
    fn audit_standing(
        &self,
        provider: &AccountId,
    ) -> impl Future<Output = Result<Option<AuditStanding>, ChainError>> + Send;

    /// Providers that the audits have on record.
    fn audited_page(
        &self,
        start: Option<&[u8]>,
        limit: u32,
    ) -> impl Future<Output = Result<AuditedPage, ChainError>> + Send;

    /// What is owed to a provider.
    fn provider_pay(
        &self,
        provider: &AccountId,
    ) -> impl Future<Output = Result<Option<ProviderPay>, ChainError>> + Send;

    /// What a provider's stake is short of.
    fn uncovered(
        &self,
        provider: &AccountId,
    ) -> impl Future<Output = Result<Option<Uncovered>, ChainError>> + Send;

    /// Bytes of replicas that anyone may let a provider hand over.
    fn to_hand_over(
        &self,
        provider: &AccountId,
    ) -> impl Future<Output = Result<u64, ChainError>> + Send;

    /// Parameters of the audits.
    fn audit_limits(&self) -> Result<AuditLimits, ChainError>;
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

    async fn best(&self) -> Result<BlockRef, ChainError> {
        self.client.best().await
    }

    async fn submit(&self, call: Call) -> Result<Finalized, SubmitError> {
        self.submitter.submit(call).await
    }

    async fn submit_with(
        &self,
        call: Call,
        options: SubmitOptions,
    ) -> Result<Finalized, SubmitError> {
        self.submitter.submit_with(call, options).await
    }
}

impl StateView for StateAt {
    async fn assignments_page(
        &self,
        provider: &AccountId,
        start: Option<&[u8]>,
        limit: u32,
    ) -> Result<AssignmentPage, ChainError> {
        StateAt::assignments_page(self, provider, start, limit).await
    }

    async fn deals(&self, of: &[(FileId, AccountId)]) -> Result<Vec<Option<Deal>>, ChainError> {
        StateAt::deals(self, of).await
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

    async fn audit_round(&self) -> Result<Option<AuditRound>, ChainError> {
        StateAt::audit_round(self).await
    }

    async fn challenges(&self, provider: &AccountId) -> Result<Option<Challenges>, ChainError> {
        StateAt::challenges(self, provider).await
    }

    async fn audit_standing(
        &self,
        provider: &AccountId,
    ) -> Result<Option<AuditStanding>, ChainError> {
        StateAt::audit_standing(self, provider).await
    }

    async fn audited_page(
        &self,
        start: Option<&[u8]>,
        limit: u32,
    ) -> Result<AuditedPage, ChainError> {
        StateAt::audited_page(self, start, limit).await
    }

    async fn provider_pay(&self, provider: &AccountId) -> Result<Option<ProviderPay>, ChainError> {
        StateAt::provider_pay(self, provider).await
    }

    async fn uncovered(&self, provider: &AccountId) -> Result<Option<Uncovered>, ChainError> {
        StateAt::uncovered(self, provider).await
    }

    async fn to_hand_over(&self, provider: &AccountId) -> Result<u64, ChainError> {
        StateAt::to_hand_over(self, provider).await
    }

    fn audit_limits(&self) -> Result<AuditLimits, ChainError> {
        StateAt::audit_limits(self)
    }
}
