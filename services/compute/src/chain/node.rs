//! The compute market over a node.

use codec::{DecodeAll, Encode};
use noema_chain_client::{
    AccountId, Call, ChainClient, ChainError, SigningKey, StateAt, SubmitError, Submitter,
};
use noema_compute_primitives::{ChannelId, Hash, ServiceId};
use serde_json::Value;

use super::{
    Browse, ChannelInfo, ChannelPage, Claim, ComputeChain, Constants, Evidence, Moment, Opening,
    Page, ProviderInfo, ServiceInfo,
};

/// Name of the pallet in the runtime.
const PALLET: &str = "Compute";
/// Entries asked for at once; the runtime gives no more than these.
const PAGE: u32 = 100;

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

    async fn ask<Answer: DecodeAll>(
        &self,
        what: &'static str,
        function: &str,
        arguments: impl Encode + Send,
    ) -> Result<Answer, ChainError> {
        let arguments = arguments.encode();
        let state = self.client.at_finalized().await?;
        state.ask_encoded(what, function, &arguments).await
    }

    async fn submit(&self, call: &str, arguments: Vec<u8>) -> Result<(), SubmitError> {
        let state = self.client.at_finalized().await?;
        let call = state.encode_arguments(PALLET, call, arguments)?;
        self.submitter.submit(Call::Raw(call)).await?;
        Ok(())
    }
}

fn number(state: &StateAt, name: &str) -> Result<u128, ChainError> {
    let value = state.constant_named(PALLET, name)?;
    let found = match &value {
        Value::Number(number) => number.as_u64().map(u128::from),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    found.ok_or_else(|| ChainError::Incompatible {
        spec_version: state.spec_version(),
        what: format!("{PALLET}::{name}"),
        reason: format!("expected a number, found {value}"),
    })
}

fn small<T: TryFrom<u128>>(state: &StateAt, name: &str) -> Result<T, ChainError> {
    let found = number(state, name)?;
    T::try_from(found).map_err(|_| ChainError::Incompatible {
        spec_version: state.spec_version(),
        what: format!("{PALLET}::{name}"),
        reason: format!("{found} is larger than any that this program knows"),
    })
}

impl ComputeChain for NodeChain {
    fn genesis(&self) -> Hash {
        self.client.genesis_hash().0
    }

    async fn constants(&self) -> Result<Constants, ChainError> {
        let state = self.client.at_finalized().await?;
        Ok(Constants {
            close_lock: small(&state, "CloseLock")?,
            max_claims: small(&state, "MaxClaims")?,
            min_cap: number(&state, "MinCap")?,
            min_slash: number(&state, "MinSlash")?,
            slash_factor: small(&state, "SlashFactor")?,
        })
    }

    async fn now(&self) -> Result<Moment, ChainError> {
        let head = self.client.finalized();
        let tick = self.client.at(head.block()).await?.tick().await?;
        let age = head.seen_at.elapsed();
        Ok(Moment { tick, age })
    }

    async fn browse(
        &self,
        wanted: &Browse,
        after: Option<ServiceId>,
    ) -> Result<Page<ServiceInfo, ServiceId>, ChainError> {
        let arguments = (wanted, after, PAGE);
        self.ask("services", "ComputeApi_browse", arguments).await
    }

    async fn service(&self, service: ServiceId) -> Result<Option<ServiceInfo>, ChainError> {
        self.ask("a service", "ComputeApi_service", service).await
    }

    async fn channel(&self, channel: ChannelId) -> Result<Option<ChannelInfo>, ChainError> {
        self.ask("a channel", "ComputeApi_channel", channel).await
    }

    async fn channels_of(
        &self,
        payer: &AccountId,
        after: Option<ChannelId>,
    ) -> Result<ChannelPage, ChainError> {
        let arguments = (payer, after, PAGE);
        let function = "ComputeApi_channels_of";
        self.ask("the channels of a payer", function, arguments)
            .await
    }

    async fn provider(&self, provider: &AccountId) -> Result<ProviderInfo, ChainError> {
        let what = "what stands behind a provider";
        self.ask(what, "ComputeApi_provider", provider).await
    }

    async fn redeem(&self, claims: Vec<Claim>) -> Result<(), SubmitError> {
        self.submit("redeem", claims.encode()).await
    }

    async fn open(&self, opening: Opening) -> Result<(), SubmitError> {
        self.submit("open", opening.encode()).await
    }

    async fn report(&self, evidence: Evidence) -> Result<(), SubmitError> {
        self.submit("report", evidence.encode()).await
    }
}
