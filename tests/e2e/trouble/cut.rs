//! Validators are cut off from the network one after the other, and connected again.

use std::time::{Duration, Instant};

use anyhow::ensure;
use noema_tests::{
    fleet::{catches_up, same_chain, Fleet},
    log_lines,
    network::proving,
};

use super::{all, others, validators, LONGEST_WAIT, SOME, VALIDATORS};

/// For how many blocks validators are cut off, one validator after the other: at full size also longer than connections live without an
/// answer, and as often as it takes to meet each of them while another one is still catching up.
const CI: &[u64] = &[15, 15];
const FULL: &[u64] = &[180, 180, 15, 15, 15, 15, 15, 15, 15, 15];
/// Blocks that were under way when the link was cut.
const UNDER_WAY: u64 = 2;

/// Each cut needs the vote of the validator that was cut off before.
#[tokio::test(flavor = "multi_thread")]
async fn three_validators_finalise_while_the_fourth_is_cut_off_and_nothing_forks(
) -> anyhow::Result<()> {
    let net = validators().links(Duration::ZERO).start().await?;
    let fleet = Fleet::watch(&net);
    let everybody: Vec<usize> = (0..VALIDATORS).collect();
    fleet.goes_on(&everybody, SOME).await?;
    let cuts = if proving() { FULL } else { CI };
    for (away, blocks) in (0..VALIDATORS).rev().cycle().zip(cuts) {
        let (node, connected) = (net.node(away), others(away));
        let from = Instant::now();
        let before = node.finalized().await?;
        net.links().cut(away);
        fleet.goes_on(&connected, *blocks).await?;

        // That it is cut off indeed, and cannot finalise anything alone.
        let (alone, together) = (
            node.finalized().await?,
            net.node(connected[0]).finalized().await?,
        );
        ensure!(
            alone <= before + UNDER_WAY,
            "{} has finalised block {alone} although it was cut off at block {before}",
            node.name()
        );
        net.links().heal(away);
        let (block, took) = catches_up(node, net.node(connected[0])).await?;
        println!(
            "{} was cut off at block {alone}, others came to {together}; back at block {block} after {took:.1?}",
            node.name()
        );
        fleet.goes_on(&everybody, SOME).await?;
        let what = format!("{} cut off and connected again", node.name());
        fleet.finalised_throughout(&what, &connected, from, LONGEST_WAIT)?;
    }
    fleet.agree()?;
    log_lines::no_errors(&net, &[])?;
    let blocks = same_chain(&all(&net), 1).await?;
    println!(
        "validators cut off {} times, {blocks} blocks final, the same ones everywhere",
        cuts.len()
    );
    net.shutdown().await;
    Ok(())
}
