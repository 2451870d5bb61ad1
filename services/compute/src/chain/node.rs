//! The compute market over a node.

use noema_chain_client::{
    compute::SignedReceipt, AccountId, Call, ChainClient, ChainError, ChainEvent, ComputeCall,
    FileId, Finalized, Role, SigningKey, SlotState, SubmitError, Submitter,
};
use noema_compute_primitives::{ChannelId, Hash, ServiceId};
use noema_storage::client::{FileRef, Peer};

use super::{
    Browse, ChannelInfo, ChannelPage, Claim, ComputeChain, Constants, Moment, Opening,
    ProviderInfo, ServiceInfo, ServicePage, StoredFile,
};

/// Entries asked for at once; the runtime gives no more than these.
const PAGE: u32 = 100;

/// Providers that are asked for a file.
const PEERS: usize = 16;

/// Those first who proved that they have it.
fn rank(slot: &SlotState) -> u8 {
    match slot {
        SlotState::Held { .. } | SlotState::Leaving { .. } => 0,
        SlotState::Proving { .. } => 1,
        SlotState::Assigned { .. } => 2,
        SlotState::Drawing { .. } => 3,
    }
}

/// A node, and the key that submits to it.
#[derive(Clone, Debug)]
pub struct NodeChain {
    client: ChainClient,
    submitter: Submitter,
}

impl NodeChain {
    /// Asks through `client` and submits with `key`. Must be called within a Tokio runtime.
    pub fn new(client: ChainClient, key: SigningKey) -> Self {
        let submitter = Submitter::new(client.clone(), key);
        Self { client, submitter }
    }

    async fn submit(&self, call: ComputeCall) -> Result<Finalized, SubmitError> {
        self.submitter.submit(Call::Compute(Box::new(call))).await
    }
}

impl ComputeChain for NodeChain {
    fn genesis(&self) -> Hash {
        self.client.genesis_hash().0
    }

    async fn constants(&self) -> Result<Constants, ChainError> {
        let limits = self.client.at_finalized().await?.compute_limits()?;
        Ok(Constants {
            close_lock: limits.close_lock,
            max_claims: limits.max_claims,
            min_cap: limits.min_cap,
            min_slash: limits.min_slash,
            slash_factor: limits.slash_factor,
        })
    }

    async fn now(&self) -> Result<Moment, ChainError> {
        let head = self.client.finalized();
        // The market counts the ticks of the audits: the runtime has one clock.
        let tick = self.client.at(head.block()).await?.tick().await?;
        let age = head.seen_at.elapsed();
        Ok(Moment { tick, age })
    }

    async fn browse(
        &self,
        wanted: &Browse,
        after: Option<ServiceId>,
    ) -> Result<ServicePage, ChainError> {
        let state = self.client.at_finalized().await?;
        state.services(wanted, after, PAGE).await
    }

    async fn service(&self, service: ServiceId) -> Result<Option<ServiceInfo>, ChainError> {
        self.client.at_finalized().await?.service(service).await
    }

    async fn channel(&self, channel: ChannelId) -> Result<Option<ChannelInfo>, ChainError> {
        self.client.at_finalized().await?.channel(channel).await
    }

    async fn channels_of(
        &self,
        payer: &AccountId,
        after: Option<ChannelId>,
    ) -> Result<ChannelPage, ChainError> {
        let state = self.client.at_finalized().await?;
        state.channels_of(payer, after, PAGE).await
    }

    async fn provider(&self, provider: &AccountId) -> Result<ProviderInfo, ChainError> {
        let state = self.client.at_finalized().await?;
        state.compute_provider(provider).await
    }

    async fn file(&self, file: FileId) -> Result<Option<StoredFile>, ChainError> {
        let state = self.client.at_finalized().await?;
        let deals = state.deals_for(&file).await?;
        let Some((_, deal)) = deals.first() else {
            return Ok(None);
        };
        // The chain's own rule, checked: a file id says root and size.
        let known = FileRef::new(deal.root, deal.size).ok();
        let Some(known) = known.filter(|known| known.file == file) else {
            return Ok(None);
        };
        let mut holders: Vec<_> = deals
            .iter()
            .flat_map(|(_, deal)| deal.providers())
            .map(|(_, provider, slot)| (rank(&slot), provider))
            .collect();
        holders.sort_unstable();
        let mut peers: Vec<Peer> = Vec::new();
        for (_, provider) in holders {
            if peers.len() >= PEERS {
                break;
            }
            if peers.iter().any(|peer| peer.provider == provider) {
                continue;
            }
            if let Some(record) = state.provider(Role::Storage, &provider).await? {
                let endpoint = record.endpoint;
                peers.push(Peer { provider, endpoint });
            }
        }
        let file = known;
        Ok(Some(StoredFile { file, peers }))
    }

    async fn redeem(&self, claims: Vec<Claim>) -> Result<(), SubmitError> {
        let done = self.submit(ComputeCall::Redeem { claims }).await?;
        let refused = |event: &&ChainEvent| event.is("Compute", "ClaimRefused");
        for event in done.events.iter().filter(refused) {
            tracing::warn!(claim = %event.fields, "the chain refuses a claim; what it asked for stays due");
        }
        Ok(())
    }

    async fn open(&self, opening: Opening) -> Result<(), SubmitError> {
        let Opening {
            service,
            cap,
            lanes,
            grant,
        } = opening;
        self.submit(ComputeCall::Open {
            service,
            cap,
            lanes,
            grant,
        })
        .await?;
        Ok(())
    }

    async fn report(&self, receipt: SignedReceipt) -> Result<(), SubmitError> {
        self.submit(ComputeCall::Report { receipt }).await?;
        Ok(())
    }
}
