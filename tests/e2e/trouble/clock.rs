//! A validator's clock is half a minute off, ahead and behind.
//!
//! Nobody takes a block of a slot that is yet to come. So a validator ahead authors in vain, but follows the others and votes. One behind
//! takes no block of the others, which to it are of slots to come; what it authors builds on blocks that are long final.

use std::{collections::BTreeMap, time::Instant};

use anyhow::{ensure, Context};
use noema_local_net::Node;
use noema_tests::{
    fleet::{catches_up, same_chain, Fleet},
    log_lines,
    network::{self, proving},
    preload,
};
use serde_json::{json, Value};

use super::{all, others, validators, LONGEST_WAIT, SOME, VALIDATORS};

/// Where the chain keeps `Babe.Authorities`.
const AUTHORITIES: &str = "0x1cb6f36e027abb2091cfb5110ab5087f5e0621c4869aa60c02be9adcc98a0d1d";
/// The one with the wrong clock.
const OFF: usize = VALIDATORS - 1;
/// Seconds by which its clock is off, one after the other.
const OFFSETS: [i64; 2] = [30, -30];
/// Blocks that the others finalise meanwhile.
const CI: u64 = 20;
const FULL: u64 = 240;
/// Blocks that the one behind must lack at least: it takes none of the last half minute, in which there are about 22.
const LACKS: u64 = 12;

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_with_a_wrong_clock_stops_nobody_and_comes_back_with_the_right_time(
) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let library = preload::library("clock", dir.path())?;
    let library = library.to_str().context("a path in UTF-8")?;
    let net = validators().start().await?;
    let fleet = Fleet::watch(&net);
    let everybody: Vec<usize> = (0..VALIDATORS).collect();
    fleet.goes_on(&everybody, SOME).await?;
    let (node, right) = (net.node(OFF), others(OFF));
    let judge = net.node(right[0]);
    let blocks = if proving() { FULL } else { CI };
    for offset in OFFSETS {
        let from = Instant::now();
        node.stop().await;
        node.set_env("LD_PRELOAD", Some(library));
        node.set_env("NOEMA_CLOCK_OFFSET", Some(&offset.to_string()));
        node.start()?;
        // What it authored before it was stopped.
        fleet.goes_on(&right, SOME).await?;
        let first = judge.finalized().await? + 1;
        fleet.goes_on(&right, blocks).await?;
        let last = judge.finalized().await?;
        ensure!(
            node.pid().is_some(),
            "{} ended because its clock is off",
            node.name()
        );
        let authored = authors(judge, first, last).await?;
        let theirs = node.finalized().await?;
        println!(
            "clock {offset:+} s: final blocks {first} to {last} by author {authored:?}; {} itself has finalised block {theirs}",
            node.name()
        );
        ensure!(
            !authored.contains_key(&OFF),
            "{} has authored final blocks while its clock was off: {authored:?}",
            node.name()
        );
        if offset > 0 {
            ensure!(
                theirs + LACKS > last,
                "{} is at block {theirs}, others at {last}: it should follow them",
                node.name()
            );
        } else {
            ensure!(
                theirs + LACKS <= last,
                "{} is at block {theirs}, others at {last}: it took blocks of slots to come",
                node.name()
            );
        }
        node.stop().await;
        node.set_env("LD_PRELOAD", None);
        node.set_env("NOEMA_CLOCK_OFFSET", None);
        node.start()?;
        let (block, took) = catches_up(node, judge).await?;
        println!("{} is back at block {block} after {took:.1?}", node.name());
        fleet.goes_on(&everybody, SOME).await?;
        let what = format!("clock of {} {offset:+} s off, then right", node.name());
        fleet.finalised_throughout(&what, &right, from, LONGEST_WAIT)?;
        authors_again(judge).await?;
    }
    fleet.agree()?;
    log_lines::no_errors(&net, &[])?;
    let blocks = same_chain(&all(&net), 1).await?;
    println!("{blocks} blocks final, the same ones everywhere");
    net.shutdown().await;
    Ok(())
}

/// Waits until a final block is by the validator whose clock was off.
async fn authors_again(judge: &Node) -> anyhow::Result<()> {
    let from = judge.finalized().await? + 1;
    network::until("final block of the validator", LONGEST_WAIT * 6, || async {
        let authored = authors(judge, from, judge.finalized().await?).await?;
        Ok(authored.contains_key(&OFF).then_some(()))
    })
    .await
}

/// How many of these blocks each validator authored, by its place in the network.
async fn authors(node: &Node, first: u64, last: u64) -> anyhow::Result<BTreeMap<usize, usize>> {
    let mut authored = BTreeMap::new();
    for number in first..=last {
        let hash = node.block_hash(number).await?;
        let header = node.rpc("chain_getHeader", json!([hash])).await?;
        let claim = claimant(&header).with_context(|| format!("no author in {header}"))?;
        let keys = node
            .rpc("state_getStorage", json!([AUTHORITIES, hash]))
            .await?;
        let author = key(&keys, claim).with_context(|| format!("no key {claim} in {keys}"))?;
        let author = place(&author)?;
        *authored.entry(author).or_default() += 1;
    }
    Ok(authored)
}

/// The author's place among the keys of its epoch. It stands behind the kind of the claim in what BABE puts first into a header: `6` for
/// something of the consensus, `BABE`, a length, the kind, the place in four bytes.
fn claimant(header: &Value) -> Option<usize> {
    let logs = header.pointer("/digest/logs")?.as_array()?;
    let claim = logs
        .iter()
        .filter_map(|log| hex::decode(log.as_str()?.trim_start_matches("0x")).ok())
        .find(|log| log.starts_with(b"\x06BABE"))?;
    // Claims with a signature take two bytes for their length.
    let place = claim.get(8..12)?.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(place)).ok()
}

/// The key with this place in `Babe.Authorities`: behind the length, one byte for so few, each has 32 bytes and a weight of eight.
fn key(authorities: &Value, place: usize) -> Option<Vec<u8>> {
    let bytes = hex::decode(authorities.as_str()?.trim_start_matches("0x")).ok()?;
    let entry = bytes.get(1..)?.chunks_exact(40).nth(place)?;
    Some(entry.get(..32)?.to_vec())
}

/// The place in the network of the validator with this key. The order of an election is another one.
fn place(key: &[u8]) -> anyhow::Result<usize> {
    for (place, name) in ["Alice", "Bob", "Charlie", "Dave"].into_iter().enumerate() {
        if network::account(name)?.as_bytes() == key {
            return Ok(place);
        }
    }
    anyhow::bail!("0x{} is no validator's key", hex::encode(key))
}
