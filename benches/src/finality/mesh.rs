//! Waiting until every node has every other one as its peer: until then blocks reach some nodes by way of others, too late for the next slot, which is a matter of
//! the start and not of the chain.

use std::time::{Duration, Instant};

use anyhow::{ensure, Context};
use noema_local_net::LocalNet;
use serde_json::json;
use tokio::time::sleep;

/// How long nodes may take to meet.
const PATIENCE: Duration = Duration::from_secs(180);
/// How often they are asked.
const PAUSE: Duration = Duration::from_millis(500);

/// Waits until each node has all others as peers, and tells how long that took.
pub(super) async fn whole(net: &LocalNet) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let others = u64::try_from(net.nodes().len())?.saturating_sub(1);
    for node in net.nodes() {
        loop {
            let health = node.rpc("system_health", json!([])).await?;
            let peers = health["peers"]
                .as_u64()
                .with_context(|| format!("expected a number of peers, found {health}"))?;
            if peers >= others {
                break;
            }
            ensure!(
                begun.elapsed() < PATIENCE,
                "expected each node to have {others} peers within {} s, found one with {peers}",
                PATIENCE.as_secs()
            );
            sleep(PAUSE).await;
        }
    }
    Ok(begun.elapsed())
}
