//! The connection to a node.

use std::{future::Future, sync::Arc, time::Duration};

use futures::{stream, Stream};
use subxt::{
    backend::LegacyBackend,
    config::substrate::{SubstrateConfig, SubstrateHeader, H256},
    rpcs::{
        client::{
            reconnecting_rpc_client::{ExponentialBackoff, RpcClient as ReconnectingClient},
            RpcClient,
        },
        methods::legacy::LegacyRpcMethods,
        RpcConfig,
    },
    utils::AccountId32,
    OnlineClient,
};
use tokio::{sync::watch, time::timeout};

use crate::{
    error::ChainError,
    events::ChainEvent,
    follower::{self, Head},
    state::StateAt,
    submit::outcome,
    types::{AccountId, BlockNumber, BlockRef, Hash},
};

/// The types that the node's older RPC methods use.
pub(crate) struct Legacy;

impl RpcConfig for Legacy {
    type Header = SubstrateHeader<H256>;
    type Hash = H256;
    type AccountId = AccountId32;
}

/// How to connect.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// How long [`ChainClient::connect_with`] waits for the first answer of the node.
    pub connect_timeout: Duration,
    /// How long one question to the node may take, reconnecting included.
    pub request_timeout: Duration,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(15),
            request_timeout: Duration::from_secs(20),
        }
    }
}

/// What the node says of itself.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct NodeInfo {
    /// Name of the program.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Name of the chain.
    pub chain: String,
    /// Connected peers.
    pub peers: usize,
    /// Whether it is still catching up with the network.
    pub syncing: bool,
}

/// A connection to a node that mends itself, following finalised blocks in the background.
/// Cloning is cheap; all clones share the connection. It ends when the last clone goes.
#[derive(Clone)]
pub struct ChainClient {
    inner: Arc<Inner>,
}

struct Inner {
    url: String,
    genesis: Hash,
    request_timeout: Duration,
    rpc: RpcClient,
    legacy: LegacyRpcMethods<Legacy>,
    online: OnlineClient<SubstrateConfig>,
    heads: watch::Receiver<Head>,
    _follower: tokio_util::task::AbortOnDropHandle<()>,
}

impl std::fmt::Debug for ChainClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChainClient")
            .field("url", &self.inner.url)
            .finish_non_exhaustive()
    }
}

impl ChainClient {
    /// Connects to the node at `url` (`ws://` or `wss://`) with default options.
    pub async fn connect(url: &str) -> Result<Self, ChainError> {
        Self::connect_with(url, ConnectOptions::default()).await
    }

    /// Connects to the node at `url` and waits until it answered once. Afterwards the client
    /// reconnects by itself for as long as it lives.
    pub async fn connect_with(url: &str, options: ConnectOptions) -> Result<Self, ChainError> {
        if !(url.starts_with("ws://") || url.starts_with("wss://")) {
            return Err(ChainError::BadUrl {
                url: url.to_owned(),
                reason: "the scheme is neither ws nor wss".to_owned(),
            });
        }
        in_time(url, &options, Self::establish(url, &options)).await
    }

    async fn establish(url: &str, options: &ConnectOptions) -> Result<Self, String> {
        let retries = ExponentialBackoff::from_millis(50)
            .factor(2)
            .max_delay(Duration::from_secs(2));
        let transport = ReconnectingClient::builder()
            .retry_policy(retries)
            .request_timeout(options.request_timeout)
            .connection_timeout(options.connect_timeout)
            .build(url)
            .await
            .map_err(|e| e.to_string())?;
        Self::over(url, RpcClient::new(transport), options).await
    }

    /// A client over this transport, which mends itself.
    pub(crate) async fn over(
        url: &str,
        rpc: RpcClient,
        options: &ConnectOptions,
    ) -> Result<Self, String> {
        let legacy = LegacyRpcMethods::<Legacy>::new(rpc.clone());
        let backend = LegacyBackend::<SubstrateConfig>::builder()
            .storage_page_size(256)
            .build(rpc.clone());
        let online = OnlineClient::from_backend(Arc::new(backend))
            .await
            .map_err(|e: subxt::error::OnlineClientError| e.to_string())?;
        let genesis = Hash(online.genesis_hash().0);
        let first = follower::poll_finalized(&legacy)
            .await
            .map_err(|e| e.to_string())?;
        let (heads, follower) = follower::spawn(url.to_owned(), legacy.clone(), genesis, first);
        Ok(Self {
            inner: Arc::new(Inner {
                url: url.to_owned(),
                genesis,
                request_timeout: options.request_timeout,
                rpc,
                legacy,
                online,
                heads,
                _follower: follower,
            }),
        })
    }

    /// Address of the node.
    pub fn url(&self) -> &str {
        &self.inner.url
    }

    /// Hash of the chain's first block.
    pub fn genesis_hash(&self) -> Hash {
        self.inner.genesis
    }

    /// The newest finalised block that this client has seen, without asking the node.
    pub fn finalized(&self) -> Head {
        *self.inner.heads.borrow()
    }

    /// Changes whenever a newer finalised block is seen. Slow readers miss blocks in between and
    /// get the newest: for state that is what counts.
    pub fn finalized_heads(&self) -> watch::Receiver<Head> {
        self.inner.heads.clone()
    }

    /// Every finalised block from `from` on (or from the next one), in order and without gaps,
    /// for as long as the client lives. After an error the same block is tried again.
    pub fn finalized_blocks(
        &self,
        from: Option<BlockNumber>,
    ) -> impl Stream<Item = Result<BlockRef, ChainError>> + Send + 'static {
        let client = self.clone();
        let heads = self.finalized_heads();
        let next = from.unwrap_or_else(|| self.finalized().number.saturating_add(1));
        stream::unfold(
            (client, heads, next),
            |(client, mut heads, next)| async move {
                let head = *heads.wait_for(|head| head.number >= next).await.ok()?;
                let block = if head.number == next {
                    Ok(BlockRef {
                        number: head.number,
                        hash: head.hash,
                    })
                } else {
                    client.block_hash(next).await.and_then(|hash| match hash {
                        Some(hash) => Ok(BlockRef { number: next, hash }),
                        None => Err(ChainError::Rpc {
                            what: "the hash of a finalised block",
                            reason: format!("block {next} is not known to the node"),
                        }),
                    })
                };
                let following = if block.is_ok() {
                    next.saturating_add(1)
                } else {
                    next
                };
                Some((block, (client, heads, following)))
            },
        )
    }

    /// Waits until a block with at least this number is finalised.
    pub async fn wait_finalized(&self, number: BlockNumber) -> Result<Head, ChainError> {
        let mut heads = self.finalized_heads();
        let head = heads.wait_for(|head| head.number >= number).await;
        head.map(|head| *head).map_err(|_| ChainError::Rpc {
            what: "finalised blocks",
            reason: "the follower has stopped".to_owned(),
        })
    }

    /// The best block of the node: not final, may be displaced.
    pub async fn best(&self) -> Result<BlockRef, ChainError> {
        self.ask("the best block", async {
            let header = self.inner.legacy.chain_get_header(None).await?;
            Ok(header.map(|header| follower::block_of(&header)))
        })
        .await?
        .ok_or_else(|| ChainError::Rpc {
            what: "the best block",
            reason: "it has none".to_owned(),
        })
    }

    /// Hash of the block with this number on the node's best chain. `None` if there is none.
    pub async fn block_hash(&self, number: BlockNumber) -> Result<Option<Hash>, ChainError> {
        let hash = self
            .ask(
                "a block's hash",
                self.inner
                    .legacy
                    .chain_get_block_hash(Some(u64::from(number).into())),
            )
            .await?;
        Ok(hash.map(|hash| Hash(hash.0)))
    }

    /// Version of the runtime at the best block: the one that the next block runs.
    pub async fn spec_version(&self) -> Result<u32, ChainError> {
        let version = self.ask(
            "the runtime version",
            self.inner.legacy.state_get_runtime_version(None),
        );
        Ok(version.await?.spec_version)
    }

    /// What the node says of itself.
    pub async fn node_info(&self) -> Result<NodeInfo, ChainError> {
        let legacy = &self.inner.legacy;
        let health = self.ask("its health", legacy.system_health()).await?;
        Ok(NodeInfo {
            name: self.ask("its name", legacy.system_name()).await?,
            version: self.ask("its version", legacy.system_version()).await?,
            chain: self.ask("its chain", legacy.system_chain()).await?,
            peers: health.peers,
            syncing: health.is_syncing,
        })
    }

    /// The state at the newest finalised block.
    pub async fn at_finalized(&self) -> Result<StateAt, ChainError> {
        let head = self.finalized();
        self.at(BlockRef {
            number: head.number,
            hash: head.hash,
        })
        .await
    }

    /// The state at a block. Nodes keep the state of a limited number of past blocks.
    pub async fn at(&self, block: BlockRef) -> Result<StateAt, ChainError> {
        StateAt::open(self.clone(), block).await
    }

    /// What was raised in a block, transaction by transaction and by the chain itself.
    pub async fn events(&self, block: BlockRef) -> Result<Vec<ChainEvent>, ChainError> {
        outcome::read_all(self, block).await
    }

    /// The next nonce of an account, counting what waits in the node's pool.
    pub(crate) async fn next_nonce(&self, account: &AccountId) -> Result<u64, ChainError> {
        let account = AccountId32::from(*account);
        self.ask(
            "an account's nonce",
            self.inner.legacy.system_account_next_index(&account),
        )
        .await
    }

    pub(crate) fn rpc(&self) -> &RpcClient {
        &self.inner.rpc
    }

    pub(crate) fn legacy(&self) -> &LegacyRpcMethods<Legacy> {
        &self.inner.legacy
    }

    pub(crate) fn online(&self) -> &OnlineClient<SubstrateConfig> {
        &self.inner.online
    }

    /// Runs one question within the time limit.
    pub(crate) async fn ask<T>(
        &self,
        what: &'static str,
        question: impl Future<Output = Result<T, subxt::rpcs::Error>>,
    ) -> Result<T, ChainError> {
        match self.within(what, question).await? {
            Ok(answer) => Ok(answer),
            Err(e) => Err(ChainError::Rpc {
                what,
                reason: e.to_string(),
            }),
        }
    }

    /// Ends `question` after the time limit.
    pub(crate) async fn within<T>(
        &self,
        what: &'static str,
        question: impl Future<Output = T>,
    ) -> Result<T, ChainError> {
        let limit = self.inner.request_timeout;
        timeout(limit, question)
            .await
            .map_err(|_| ChainError::Timeout {
                url: self.inner.url.clone(),
                what,
                seconds: limit.as_secs(),
            })
    }
}

/// Ends an attempt to connect after the time limit.
async fn in_time(
    url: &str,
    options: &ConnectOptions,
    connecting: impl Future<Output = Result<ChainClient, String>>,
) -> Result<ChainClient, ChainError> {
    let reason = match timeout(options.connect_timeout, connecting).await {
        Ok(Ok(client)) => return Ok(client),
        Ok(Err(reason)) => reason,
        Err(_) => "no answer".to_owned(),
    };
    Err(ChainError::Unreachable {
        url: url.to_owned(),
        seconds: options.connect_timeout.as_secs(),
        reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn connect_wrong_scheme_is_refused() {
        let error = ChainClient::connect("http://127.0.0.1:1")
            .await
            .unwrap_err();
        assert!(matches!(error, ChainError::BadUrl { .. }), "{error}");
    }

    #[tokio::test]
    async fn connect_without_node_fails_in_time_with_the_address() {
        let options = ConnectOptions {
            connect_timeout: Duration::from_millis(300),
            ..ConnectOptions::default()
        };
        let error = ChainClient::connect_with("ws://127.0.0.1:9", options)
            .await
            .unwrap_err();
        assert!(matches!(error, ChainError::Unreachable { .. }), "{error}");
        assert!(error.to_string().contains("ws://127.0.0.1:9"));
    }
}
