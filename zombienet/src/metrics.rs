//! What nodes say of themselves to Prometheus.

use std::time::Duration;

use anyhow::Context;
use zombienet_sdk::NetworkNode;

use crate::network::Net;

/// Number of the newest block.
pub const BEST: &str = "substrate_block_height{status=\"best\"}";
/// Number of the newest finalised block.
pub const FINALIZED: &str = "substrate_block_height{status=\"finalized\"}";
/// How many nodes it is connected to.
pub const PEERS: &str = "substrate_sub_libp2p_peers_count";

/// Waits until each node of the network has all the others as peers.
///
/// # Errors
/// When one of them has not after `patience`.
pub async fn until_all_are_peers(net: &Net, patience: Duration) -> anyhow::Result<()> {
    let others = net.nodes().len().saturating_sub(1);
    for node in net.nodes() {
        let all = |peers| peers == others as f64;
        until(node, PEERS, &format!("be {others}"), patience, all).await?;
    }
    Ok(())
}

/// Waits until the best and the finalised block of each node are `blocks` further on than now.
///
/// # Errors
/// When one of them is not after `patience`.
pub async fn until_grown(net: &Net, blocks: u32, patience: Duration) -> anyhow::Result<()> {
    let mut wanted = Vec::new();
    for node in net.nodes() {
        for metric in [BEST, FINALIZED] {
            let now = node
                .reports(metric)
                .await
                .with_context(|| format!("{metric} of {}", node.name()))?;
            wanted.push((node, metric, now, now + f64::from(blocks)));
        }
    }
    for (node, metric, now, then) in wanted {
        let what = format!("grow from {now} to {then}");
        until(node, metric, &what, patience, |height| height >= then).await?;
    }
    Ok(())
}

/// Waits until a metric of the node is as `good` wants it; `what` says so in words.
async fn until(
    node: &NetworkNode,
    metric: &str,
    what: &str,
    patience: Duration,
    good: impl Fn(f64) -> bool,
) -> anyhow::Result<()> {
    let waited = node
        .wait_metric_with_timeout(metric, good, patience.as_secs())
        .await;
    if waited.is_ok() {
        return Ok(());
    }
    let now = node
        .reports(metric)
        .await
        .map_or_else(|e| format!("nothing ({e})"), |value| value.to_string());
    waited.with_context(|| {
        format!(
            "expected {metric} of {} to {what}, found {now}",
            node.name()
        )
    })
}
