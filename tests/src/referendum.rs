//! An upgrade that those decide who hold the tokens, as the command line takes it through.

use std::time::Duration;

use anyhow::{ensure, Context};
use noema_chain_client::{call_value, Call, Value as Dynamic};
use noema_local_net::LocalNet;
use serde_json::Value;

use crate::{cli::Noema, network};

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

/// Brings the runtime at `wasm` before the committee and the token holders, and returns when it is authorised. No sudo key is used.
pub async fn authorize(net: &LocalNet, alice: &Noema, wasm: &str) -> anyhow::Result<()> {
    let propose = ["upgrade", "propose", wasm, "--committee", "--yes"];
    let proposed = alice.ask(&propose).await?;
    ensure!(proposed["way"]["preimage"] == true, "{proposed}");
    // Two of three members have to agree.
    ensure!(proposed["way"]["whitelisted"] == false, "{proposed}");
    let said = alice.refused(&["upgrade", "apply", wasm, "--yes"]).await?;
    ensure!(said.contains("not_authorized"), "{said}");

    // Bob goes on with the same referendum.
    let agreed = alice.dev("Bob").ask(&propose).await?;
    ensure!(agreed["way"]["whitelisted"] == true, "{agreed}");
    ensure!(agreed["referendum"] == proposed["referendum"], "{agreed}");
    let index = proposed["referendum"].as_u64().context("a number")?;

    for voter in VOTERS {
        vote(net, voter, index).await?;
    }
    network::until("authorised runtime", PATIENCE, || async {
        let status: Value = alice.ask(&["upgrade", "status", wasm]).await?;
        Ok((status["authorized"] == proposed["code_hash"]).then_some(()))
    })
    .await?;
    let passed = alice
        .ask(&["upgrade", "status", &index.to_string()])
        .await?;
    ensure!(passed["referendum"]["state"] == "Approved", "{passed}");
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
