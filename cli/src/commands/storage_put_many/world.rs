//! What the fleet needs of chain and providers. Tests put others in their place.

use std::future::Future;

use noema_chain_client::{
    AccountId, Call, ChainClient, ChainError, Deal, FileId, Finalized, Head, Role, SigningKey,
    SubmitError, Submitter,
};
use noema_storage::client::{Peer, StorageClient, UploadError, UploadOptions, UploadReport};
use tokio::sync::watch;

use super::item::Known;
use crate::commands::storage_put::token_for;

/// The chain and the providers, as the owner of files sees them.
pub(super) trait World: Clone + Send + Sync + 'static {
    /// Who owns the files.
    fn owner(&self) -> AccountId;

    /// Finalised blocks.
    fn heads(&self) -> watch::Receiver<Head>;

    /// Deals in the state of a block, in the order asked for.
    fn deals(
        &self,
        at: Head,
        of: &[(FileId, AccountId)],
    ) -> impl Future<Output = Result<Vec<Option<Deal>>, ChainError>> + Send;

    /// Where a provider answers; `None` if it is not registered.
    fn endpoint(
        &self,
        provider: AccountId,
    ) -> impl Future<Output = Result<Option<String>, ChainError>> + Send;

    /// Submits a call and waits until it is final.
    fn submit(&self, call: Call) -> impl Future<Output = Result<Finalized, SubmitError>> + Send;

    /// Gives a file to a provider.
    fn upload(
        &self,
        known: &Known,
        peer: &Peer,
        options: UploadOptions,
    ) -> impl Future<Output = Result<UploadReport, UploadError>> + Send;
}

/// The real ones.
#[derive(Clone)]
pub(super) struct Network {
    pub(super) client: ChainClient,
    pub(super) submitter: Submitter,
    pub(super) key: SigningKey,
    /// Keeps its connections open from file to file.
    pub(super) storage: StorageClient,
}

impl World for Network {
    fn owner(&self) -> AccountId {
        self.submitter.account()
    }

    fn heads(&self) -> watch::Receiver<Head> {
        self.client.finalized_heads()
    }

    async fn deals(
        &self,
        at: Head,
        of: &[(FileId, AccountId)],
    ) -> Result<Vec<Option<Deal>>, ChainError> {
        self.client.at(at.block()).await?.deals(of).await
    }

    async fn endpoint(&self, provider: AccountId) -> Result<Option<String>, ChainError> {
        let state = self.client.at_finalized().await?;
        let record = state.provider(Role::Storage, &provider).await?;
        Ok(record.map(|record| record.endpoint))
    }

    async fn submit(&self, call: Call) -> Result<Finalized, SubmitError> {
        self.submitter.submit(call).await
    }

    async fn upload(
        &self,
        known: &Known,
        peer: &Peer,
        options: UploadOptions,
    ) -> Result<UploadReport, UploadError> {
        let token = token_for(&self.key, &self.client, &known.file.file, &peer.provider);
        let path = known.source.path();
        self.storage
            .upload(path, &known.commitment, peer, &token, options)
            .await
    }
}
