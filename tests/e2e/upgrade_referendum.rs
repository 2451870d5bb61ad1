//! The runtime is replaced by those who hold the tokens, without the sudo key.

use std::time::Duration;

use anyhow::{ensure, Context};
use noema_chain_client::{call_value, Call, Value as Dynamic};
use noema_local_net::LocalNet;
use noema_tests::{cli::Noema, network};
use serde_json::Value;

/// Development chains decide 1,440 times as fast: some seconds until it is decided, a minute until little support is enough.
const PATIENCE: Duration = Duration::from_secs(300);
/// Aye, with the tokens locked for one period.
const AYE: u128 = 0x81;
/// What each votes with: half of its tokens.
const VOTES: u128 = 5_000_000 * 1_000_000_000_000_000_000;
/// Of the accounts with tokens, those who vote.
const VOTERS: [&str; 8] = [
    "Alice",
    "Bob",
    "Charlie",
    "Dave",
    "Eve",
    "Ferdie",
    "Alice//stash",
    "Bob//stash",
];

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_is_decided_by_referendum_and_applied_by_anyone() -> anyhow::Result<()> {
    let next = noema_next_runtime::WASM_PATH
        .context("the next runtime is built without SKIP_WASM_BUILD")?;
    let net = network::start(0).await?;
    let alice = Noema::of(&net)?;
    let old = net.client().at_finalized().await?.spec_version();

    let propose = ["upgrade", "propose", next, "--committee", "--yes"];
    let proposed = alice.ask(&propose).await?;
    ensure!(proposed["way"]["preimage"] == true, "{proposed}");
    // Two of three members have to agree.
    ensure!(proposed["way"]["whitelisted"] == false, "{proposed}");
    let said = alice.refused(&["upgrade", "apply", next, "--yes"]).await?;
    ensure!(said.contains("not_authorized"), "{said}");

    // Bob goes on with the same referendum, and Dave is no member.
    let agreed = alice.dev("Bob").ask(&propose).await?;
    ensure!(agreed["way"]["whitelisted"] == true, "{agreed}");
    ensure!(agreed["referendum"] == proposed["referendum"], "{agreed}");
    let index = proposed["referendum"].as_u64().context("a number")?;

    for voter in VOTERS {
        vote(&net, voter, index).await?;
    }
    network::until("authorised runtime", PATIENCE, || async {
        let status: Value = alice.ask(&["upgrade", "status", next]).await?;
        Ok((status["authorized"] == proposed["code_hash"]).then_some(()))
    })
    .await?;
    let passed = alice
        .ask(&["upgrade", "status", &index.to_string()])
        .await?;
    ensure!(passed["referendum"]["state"] == "Approved", "{passed}");

    // Signed by nobody: this account has no tokens.
    let applied = alice
        .dev("Nobody")
        .ask(&["upgrade", "apply", next, "--yes"])
        .await?;
    ensure!(applied["to"] == old + 1, "{applied}");
    ensure!(
        net.client().at_finalized().await?.spec_version() == old + 1,
        "the new runtime is not in force"
    );
    // Again, and nothing happens.
    let again = alice.ask(&["upgrade", "apply", next, "--yes"]).await?;
    ensure!(again["applied"].is_null(), "{again}");
    net.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_member_cannot_whitelist() -> anyhow::Result<()> {
    let next = noema_next_runtime::WASM_PATH
        .context("the next runtime is built without SKIP_WASM_BUILD")?;
    let net = network::start(0).await?;
    let said = Noema::of(&net)?
        .dev("Dave")
        .refused(&["upgrade", "propose", next, "--committee", "--yes"])
        .await?;
    ensure!(said.contains("no_member"), "{said}");
    net.shutdown().await;
    Ok(())
}

/// Votes aye in referendum `index`.
async fn vote(net: &LocalNet, who: &str, index: u64) -> anyhow::Result<()> {
    let vote = Dynamic::named_variant(
        "Standard",
        [
            ("vote", Dynamic::unnamed_composite([Dynamic::u128(AYE)])),
            ("balance", Dynamic::u128(VOTES)),
        ],
    );
    let vote = call_value(
        "ConvictionVoting",
        "vote",
        vec![("poll_index", Dynamic::u128(index.into())), ("vote", vote)],
    );
    let call = net.client().at_finalized().await?.encode_value(&vote)?;
    network::submitter(net, who)?
        .submit(Call::Raw(call))
        .await?;
    Ok(())
}
