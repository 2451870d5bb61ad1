//! The runtime is replaced under a network: by the command line, over one node, for all.
//!
//! The sudo key decides here. That holders of the tokens can do so without it is shown by `tests/e2e/upgrade_referendum.rs`; what follows is the
//! same, since either way leaves the hash of the new code authorised.

use std::time::Duration;

use anyhow::{ensure, Context};
use noema_zombienet::{
    chain::{self, Chain, Switch},
    environment, metrics,
    network::Net,
    noema::Noema,
};
use tokio::time::{sleep, Instant};

/// How long nodes may take to meet, to finalise the block that another has finalised, or to finalise [`AFTERWARDS`] more.
const PATIENCE: Duration = Duration::from_secs(120);
/// Blocks that must be finalised by all under the new runtime.
const AFTERWARDS: u32 = 15;

#[tokio::test(flavor = "multi_thread")]
async fn every_node_changes_to_the_next_runtime_at_the_same_block() -> anyhow::Result<()> {
    let next = environment::next_runtime()?;
    let next = next.to_str().context("expected a path in UTF-8")?;
    let net = Net::start("four-validators").await?;
    metrics::until_all_are_peers(&net, PATIENCE).await?;
    let chains = chain::of_all(&net.nodes()).await?;
    let old = chains[0].version_now().await?;

    let noema = Noema::at(net.node("alice")?)?;
    noema
        .ask(&["upgrade", "propose", next, "--by", "sudo", "--yes"])
        .await?;
    let applied = noema.ask(&["upgrade", "apply", next, "--yes"]).await?;
    ensure!(
        applied["to"] == old + 1,
        "expected version {} to be applied, found {applied}",
        old + 1
    );

    let mut switches = Vec::new();
    for chain in &chains {
        let finalized = until_finalized_by(chain, old + 1).await?;
        let now = chain.version_now().await?;
        ensure!(
            now == old + 1,
            "expected {} to execute version {}, found {now}",
            chain.node(),
            old + 1
        );
        switches.push((chain.node(), chain.switch(finalized).await?));
    }
    let first: &Switch = &switches[0].1;
    ensure!(
        switches.iter().all(|(_, switch)| switch == first),
        "expected all nodes to change at one block, found {switches:#?}"
    );
    println!(
        "{} nodes changed from version {} to {} with block {} ({})",
        switches.len(),
        first.versions.0,
        first.versions.1,
        first.number,
        first.hash
    );

    metrics::until_grown(&net, AFTERWARDS, PATIENCE).await?;
    let number = chain::common(&chains).await?;
    ensure!(
        number > first.number,
        "expected blocks finalised by all after {}, found {number}",
        first.number
    );
    println!("all nodes have finalised the same block {number}");
    net.stop().await
}

/// Waits until the newest finalised block of the node has the code with this version in its state; the number of that block.
async fn until_finalized_by(chain: &Chain, version: u64) -> anyhow::Result<u64> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let number = chain.finalized().await?;
        let found = chain.version(number).await?;
        if found == version {
            return Ok(number);
        }
        ensure!(
            Instant::now() < deadline,
            "expected version {version} to be finalised by {} within {} s, found {found} at block {number}",
            chain.node(),
            PATIENCE.as_secs()
        );
        sleep(Duration::from_millis(500)).await;
    }
}
