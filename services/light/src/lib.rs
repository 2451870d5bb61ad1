#![doc = include_str!("../README.md")]

mod spec;

use std::time::Duration;

use noema_chain_client::{ChainClient, ChainError, ConnectOptions};
use subxt::{
    lightclient::{LightClient, LightClientError},
    rpcs::client::RpcClient,
};

pub use spec::SpecError;

/// What the light client is called in messages where a node has its address.
const NAME: &str = "the light client";

/// How a light client looks for the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LightOptions {
    /// Addresses of peers, beside those of the specification: `/ip4/…/tcp/…/p2p/…`.
    pub bootnodes: Vec<String>,
    /// How long it may take until the finalised chain is found and the runtime answers.
    pub patience: Duration,
    /// How long one question may take.
    pub request_timeout: Duration,
}

impl Default for LightOptions {
    fn default() -> Self {
        Self {
            bootnodes: Vec::new(),
            patience: Duration::from_secs(180),
            request_timeout: Duration::from_secs(60),
        }
    }
}

/// Why there is no light client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LightError {
    /// The specification cannot be used.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The light client does not take it.
    #[error("the light client refuses the specification: {0}")]
    Refused(String),
    /// The chain was not found.
    #[error("the chain was not found: {0}; are the boot nodes up, and of this chain?")]
    NotFound(#[from] ChainError),
}

impl From<LightClientError> for LightError {
    fn from(error: LightClientError) -> Self {
        Self::Refused(error.to_string())
    }
}

/// The chain, proven from its specification. The light client runs until this is dropped.
#[derive(Clone)]
pub struct LightChain {
    client: ChainClient,
    _light: LightClient,
}

impl std::fmt::Debug for LightChain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LightChain")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

impl LightChain {
    /// Finds the chain of this specification (JSON, raw). Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// When the specification cannot be used, or nobody who has its chain is found in time.
    pub async fn connect(spec: &str, options: LightOptions) -> Result<Self, LightError> {
        let spec = spec::prepare(spec, &options.bootnodes)?;
        let (light, rpc) = LightClient::relay_chain(spec)?;
        let connecting = ConnectOptions {
            connect_timeout: options.patience,
            request_timeout: options.request_timeout,
        };
        let client = ChainClient::connect_over(NAME, RpcClient::new(rpc), connecting).await?;
        Ok(Self {
            client,
            _light: light,
        })
    }

    /// The chain, to be asked like over a node.
    pub fn client(&self) -> &ChainClient {
        &self.client
    }
}
