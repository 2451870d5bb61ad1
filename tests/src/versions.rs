//! Which runtime a node executes from which block on.

use anyhow::{ensure, Context};
use noema_local_net::Node;
use serde_json::json;

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

/// The block between `from` and `to` at which the node changed its runtime, which must have happened once.
pub async fn switch(node: &Node, from: u64, to: u64) -> anyhow::Result<Switch> {
    let (old, new) = (version_at(node, from).await?, version_at(node, to).await?);
    ensure!(
        old.1 < new.1,
        "{} executes version {} at block {from} and {} at block {to}",
        node.name(),
        old.1,
        new.1
    );
    let (mut before, mut after) = (from, to);
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        let (_, version) = version_at(node, middle).await?;
        ensure!(
            version == old.1 || version == new.1,
            "{} executes version {version} at block {middle}, which is neither {} nor {}",
            node.name(),
            old.1,
            new.1
        );
        if version == new.1 {
            after = middle;
        } else {
            before = middle;
        }
    }
    Ok(Switch {
        number: after,
        hash: version_at(node, after).await?.0,
        versions: (old.1, new.1),
    })
}

/// The hash of a block to this node, and the version of the code in its state.
async fn version_at(node: &Node, number: u64) -> anyhow::Result<(String, u64)> {
    let hash = node.block_hash(number).await?;
    let hash = hash.with_context(|| format!("{} lacks block {number}", node.name()))?;
    let version = node.rpc("state_getRuntimeVersion", json!([hash])).await?;
    let version = version["specVersion"]
        .as_u64()
        .with_context(|| format!("{version} is not a runtime version"))?;
    Ok((hash, version))
}
