//! A node comes to a network of four validators with nothing, and takes proof and state of its newest block instead of its history.

use std::time::{Duration, Instant};

use anyhow::ensure;
use noema_chain_client::{Call, ChainClient, SigningKey};
use noema_tests::{
    fleet::{catches_up, Fleet},
    log_lines,
    network::{self, proving},
};

use super::{validators, SOME};

/// Blocks that the chain has by then. At full size the validators have entered another session, and justifications are kept in the database.
const CI: u32 = 25;
const FULL: u32 = 650;
/// What a new account is sent.
const AMOUNT: u128 = 7_000_000_000_000_000_000;
/// For the node to say so.
const PATIENCE: Duration = Duration::from_secs(10);
/// What the node says when it has neither imported nor executed the blocks in between.
const SAID: [&str; 2] = ["Warp sync is complete", "State sync is complete"];

#[tokio::test(flavor = "multi_thread")]
async fn a_full_node_takes_the_state_without_the_history() -> anyhow::Result<()> {
    let net = validators()
        .followers(1)
        .follower_arg("--sync")
        .follower_arg("warp")
        .start()
        .await?;
    let fleet = Fleet::watch(&net);
    // Something that is in no genesis.
    let newcomer = SigningKey::dev("Newcomer")?.account();
    let call = Call::TransferKeepAlive {
        to: newcomer,
        amount: AMOUNT,
    };
    network::submitter(&net, "Alice")?.submit(call).await?;
    net.client()
        .wait_finalized(if proving() { FULL } else { CI })
        .await?;

    let (node, validator) = (&net.followers()[0], net.node(0));
    let began = Instant::now();
    node.start()?;
    node.ready().await?;
    let (block, _) = catches_up(node, validator).await?;
    println!(
        "{} is at block {block} after {:.1?}",
        node.name(),
        began.elapsed()
    );
    // The state is there a moment before the node says so.
    let log = net.data_dir().join("logs/follower-1.log");
    network::until("word of proof and state in its log", PATIENCE, || async {
        let log = std::fs::read_to_string(&log)?;
        Ok(SAID.iter().all(|said| log.contains(said)).then_some(()))
    })
    .await?;
    fleet.goes_on(&[node.index()], SOME).await?;
    fleet.agree()?;
    log_lines::no_errors(&net, &[])?;

    let state = ChainClient::connect(&node.ws_url()).await?;
    let has = state.at_finalized().await?.account(&newcomer).await?.free;
    ensure!(
        has == AMOUNT,
        "expected {AMOUNT} in the account, {} says {has}",
        node.name()
    );
    net.shutdown().await;
    Ok(())
}
