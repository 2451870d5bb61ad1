//! The chain as one node of a network has it.

use anyhow::{ensure, Context};
use serde_json::Value;
use zombienet_sdk::{
    subxt::ext::subxt_rpcs::client::{rpc_params, RpcClient, RpcParams},
    NetworkNode,
};

/// The chain to one node.
pub struct Chain {
    node: String,
    rpc: RpcClient,
}

/// A block after which a node executes another runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switch {
    /// Its number: the first whose state holds the new code.
    pub number: u64,
    /// Its hash to this node.
    pub hash: String,
    /// Version before and after.
    pub versions: (u64, u64),
}

impl Chain {
    /// Connects to the node.
    ///
    /// # Errors
    /// When its RPC does not answer.
    pub async fn of(node: &NetworkNode) -> anyhow::Result<Self> {
        let rpc = node.rpc().await;
        let rpc = rpc.with_context(|| format!("{} of {}", node.ws_uri(), node.name()))?;
        Ok(Self {
            node: node.name().to_owned(),
            rpc,
        })
    }

    /// Name of the node.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Number of its newest finalised block.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn finalized(&self) -> anyhow::Result<u64> {
        let hash = self.ask("chain_getFinalizedHead", rpc_params![]).await?;
        let header = self.ask("chain_getHeader", rpc_params![hash]).await?;
        header["number"]
            .as_str()
            .and_then(|hex| u64::from_str_radix(hex.trim_start_matches("0x"), 16).ok())
            .with_context(|| format!("expected a header of {}, found {header}", self.node))
    }

    /// The hash that the block with this number has to it.
    ///
    /// # Errors
    /// When it has no such block.
    pub async fn hash(&self, number: u64) -> anyhow::Result<String> {
        let hash = self.ask("chain_getBlockHash", rpc_params![number]).await?;
        hash.as_str()
            .map(str::to_owned)
            .with_context(|| format!("{} lacks block {number}", self.node))
    }

    /// Version of the code in the state of the block with this number.
    ///
    /// # Errors
    /// When it has no such block, or no state of it.
    pub async fn version(&self, number: u64) -> anyhow::Result<u64> {
        let hash = self.hash(number).await?;
        self.reported("state_getRuntimeVersion", rpc_params![hash])
            .await
    }

    /// Version that it says it executes, at its best block.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn version_now(&self) -> anyhow::Result<u64> {
        self.reported("state_getRuntimeVersion", rpc_params![])
            .await
    }

    /// The block up to `last` with which it changed its runtime, which must have happened once since genesis.
    ///
    /// # Errors
    /// When it did not change it, or more than once, or does not answer.
    pub async fn switch(&self, last: u64) -> anyhow::Result<Switch> {
        let (old, new) = (self.version(0).await?, self.version(last).await?);
        ensure!(
            old < new,
            "expected a change of runtime at {}, found version {old} at block 0 and {new} at block {last}",
            self.node
        );
        let (mut before, mut after) = (0, last);
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            let version = self.version(middle).await?;
            ensure!(
                version == old || version == new,
                "expected version {old} or {new} at block {middle} of {}, found {version}",
                self.node
            );
            if version == new {
                after = middle;
            } else {
                before = middle;
            }
        }
        Ok(Switch {
            number: after,
            hash: self.hash(after).await?,
            versions: (old, new),
        })
    }

    async fn reported(&self, method: &str, params: RpcParams) -> anyhow::Result<u64> {
        let version = self.ask(method, params).await?;
        version["specVersion"].as_u64().with_context(|| {
            format!(
                "expected a runtime version of {}, found {version}",
                self.node
            )
        })
    }

    async fn ask(&self, method: &str, params: RpcParams) -> anyhow::Result<Value> {
        self.rpc
            .request(method, params)
            .await
            .with_context(|| format!("{method} of {}", self.node))
    }
}

/// Connects to all nodes of a network.
///
/// # Errors
/// When the RPC of one does not answer.
pub async fn of_all(nodes: &[&NetworkNode]) -> anyhow::Result<Vec<Chain>> {
    let mut chains = Vec::new();
    for node in nodes {
        chains.push(Chain::of(node).await?);
    }
    Ok(chains)
}

/// The number up to which all of these have finalised the chain. They must agree about the block with this number.
///
/// # Errors
/// When they do not agree, or one does not answer.
pub async fn common(chains: &[Chain]) -> anyhow::Result<u64> {
    let mut numbers = Vec::new();
    for chain in chains {
        numbers.push(chain.finalized().await?);
    }
    let number = numbers.iter().min().copied().context("expected a node")?;
    let mut hashes = Vec::new();
    for chain in chains {
        hashes.push((chain.node(), chain.hash(number).await?));
    }
    ensure!(
        hashes.windows(2).all(|pair| pair[0].1 == pair[1].1),
        "expected one finalised block {number}, found {hashes:?}"
    );
    Ok(number)
}
