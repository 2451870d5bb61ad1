//! The committed network runs.

use std::time::Duration;

use noema_zombienet::{chain, metrics, network::Net};

/// A block comes every second; five nodes on a busy machine are given time.
const PATIENCE: Duration = Duration::from_secs(120);
/// Further on than any block that was there when the nodes met.
const BLOCKS: u32 = 15;

#[tokio::test(flavor = "multi_thread")]
async fn four_validators_meet_and_their_best_and_finalised_blocks_grow() -> anyhow::Result<()> {
    let net = Net::start("four-validators").await?;
    metrics::until_all_are_peers(&net, PATIENCE).await?;
    metrics::until_grown(&net, BLOCKS, PATIENCE).await?;
    let number = chain::common(&chain::of_all(&net.nodes()).await?).await?;
    println!("all nodes have finalised the same block {number}");
    net.stop().await
}
