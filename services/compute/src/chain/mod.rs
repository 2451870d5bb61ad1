//! What gateway and proxy need of the chain. Tests put another one behind it.

mod node;
mod types;

use std::{future::Future, time::Duration};

use noema_chain_client::{compute::SignedReceipt, AccountId, ChainError, FileId, SubmitError};
use noema_compute_primitives::{ChannelId, Hash, ServiceId};

pub use crate::jobs::StoredFile;
pub use node::NodeChain;
pub use types::{
    redemption_of, Balance, Browse, ChannelInfo, ChannelPage, ChannelSessions, ChannelState, Claim,
    Constants, LaneInfo, NextPrice, Opening, Page, ProviderInfo, Room, ServiceInfo, ServicePage,
    SessionInfo, SessionLanes, Tick,
};

/// What time it is by the chain, and by how much that may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The tick of the newest finalised block.
    pub tick: Tick,
    /// How long ago that block was first seen: a chain that does not finalise grows old.
    pub age: Duration,
}

/// The compute market of a chain, in finalised state. Each question is answered by the newest finalised block that is known when it is asked.
pub trait ComputeChain: Clone + Send + Sync + 'static {
    /// Hash of the first block: separates signatures of this chain from others.
    fn genesis(&self) -> Hash;

    /// What the runtime decided.
    fn constants(&self) -> impl Future<Output = Result<Constants, ChainError>> + Send;

    /// The present tick.
    fn now(&self) -> impl Future<Output = Result<Moment, ChainError>> + Send;

    /// Services of active providers that fit, after the one where the page before ended.
    fn browse(
        &self,
        wanted: &Browse,
        after: Option<ServiceId>,
    ) -> impl Future<Output = Result<ServicePage, ChainError>> + Send;

    /// A service with the price in force.
    fn service(
        &self,
        service: ServiceId,
    ) -> impl Future<Output = Result<Option<ServiceInfo>, ChainError>> + Send;

    /// How a channel stands.
    fn channel(
        &self,
        channel: ChannelId,
    ) -> impl Future<Output = Result<Option<ChannelInfo>, ChainError>> + Send;

    /// The channels of a payer.
    fn channels_of(
        &self,
        payer: &AccountId,
        after: Option<ChannelId>,
    ) -> impl Future<Output = Result<ChannelPage, ChainError>> + Send;

    /// What stands behind a provider.
    fn provider(
        &self,
        provider: &AccountId,
    ) -> impl Future<Output = Result<ProviderInfo, ChainError>> + Send;

    /// A stored file and who has it. None when the chain knows of none.
    fn file(
        &self,
        file: FileId,
    ) -> impl Future<Output = Result<Option<StoredFile>, ChainError>> + Send;

    /// Redeems claims. When it returns, they are executed in finalised state, each of them paid or refused.
    fn redeem(&self, claims: Vec<Claim>) -> impl Future<Output = Result<(), SubmitError>> + Send;

    /// Opens a channel of the signer's.
    fn open(&self, opening: Opening) -> impl Future<Output = Result<(), SubmitError>> + Send;

    /// Reports a redemption that was too much.
    fn report(
        &self,
        receipt: SignedReceipt,
    ) -> impl Future<Output = Result<(), SubmitError>> + Send;
}
