//! Validators die one after the other and come back.

use std::time::Instant;

use noema_tests::{
    fleet::{catches_up, same_chain, Fleet},
    log_lines,
    network::proving,
};

use super::{all, others, validators, LONGEST_WAIT, SOME, VALIDATORS};

/// Deaths.
const CI: usize = 2;
const FULL: usize = 24;
/// Blocks that the others finalise meanwhile.
const MEANWHILE: u64 = 8;

/// Each death but the first needs the vote of the validator that died before: three of four must vote. So all have come back as voters, not
/// only as readers.
#[tokio::test(flavor = "multi_thread")]
async fn three_validators_finalise_while_the_fourth_is_killed_and_comes_back() -> anyhow::Result<()>
{
    let net = validators().start().await?;
    let fleet = Fleet::watch(&net);
    let everybody: Vec<usize> = (0..VALIDATORS).collect();
    fleet.goes_on(&everybody, SOME).await?;
    let deaths = if proving() { FULL } else { CI };
    for dead in (0..VALIDATORS).rev().cycle().take(deaths) {
        let (node, living) = (net.node(dead), others(dead));
        let from = Instant::now();
        node.kill9().await;
        fleet.goes_on(&living, MEANWHILE).await?;
        node.start()?;
        let (block, took) = catches_up(node, net.node(living[0])).await?;
        println!("{} is back at block {block} after {took:.1?}", node.name());
        fleet.goes_on(&everybody, SOME).await?;
        let what = format!("{} killed and started again", node.name());
        fleet.finalised_throughout(&what, &living, from, LONGEST_WAIT)?;
    }
    fleet.agree()?;
    log_lines::no_errors(&net, &[])?;
    let blocks = same_chain(&all(&net), 1).await?;
    println!("{deaths} deaths, {blocks} blocks final, the same ones everywhere");
    net.shutdown().await;
    Ok(())
}
