//! A validator is set up by the command line, as a person does it. An era is longer than this takes, so that nobody is elected here: that it is, and what it earns,
//! is shown by jumping over eras in `runtime/tests/staking.rs`.

use anyhow::{ensure, Context};
use noema_chain_client::AccountState;
use noema_local_net::{LocalNet, Node, PortChoice};
use noema_tests::{
    cli::Noema,
    network::{account, balance},
};
use serde_json::{json, Value};

/// One token, in the smallest unit.
const NOEMA: u128 = 10_u128.pow(18);

fn tokens(count: u128) -> String {
    (count * NOEMA).to_string()
}

/// A development network, and a node of it that answers as to other machines.
async fn network() -> anyhow::Result<LocalNet> {
    Ok(LocalNet::builder()
        .providers(0)
        .followers(1)
        .follower_arg("--rpc-methods")
        .follower_arg("safe")
        .ports(PortChoice::Free)
        .start()
        .await?)
}

async fn money(net: &LocalNet, name: &str) -> anyhow::Result<AccountState> {
    balance(net, &account(name)?).await
}

/// Removes what is in the node's keystore on disk.
fn lose_keys(node: &Node) -> anyhow::Result<()> {
    let mut lost = 0;
    for chain in std::fs::read_dir(node.base_path().join("chains"))? {
        for key in std::fs::read_dir(chain?.path().join("keystore"))? {
            std::fs::remove_file(key?.path())?;
            lost += 1;
        }
    }
    ensure!(lost > 0, "the keystore was empty");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_is_set_up_in_one_transaction_and_only_once() -> anyhow::Result<()> {
    let net = network().await?;
    let bob = Noema::of(&net)?.dev("Bob");
    let arguments = [
        "validator",
        "setup",
        "--bond",
        "5000",
        "--commission",
        "2.5",
        "--payee",
        "stash",
    ];
    let done = bob.ask(&arguments).await?;
    ensure!(
        done["done"] == json!(["Staking.bond", "Session.set_keys", "Staking.validate"]),
        "{done}"
    );
    let keys = done["keys"].as_str().context("keys")?.to_owned();
    // Three keys of 32 bytes.
    ensure!(keys.len() == 2 + 3 * 64, "{keys}");

    let status = bob.ask(&["validator", "status"]).await?;
    ensure!(status["candidate"] == true, "{status}");
    ensure!(status["active"] == false, "{status}");
    ensure!(status["stake"]["active"] == tokens(5_000), "{status}");
    ensure!(status["stake"]["payee"] == "stash", "{status}");
    ensure!(status["commission"] == 25_000_000, "{status}");
    ensure!(status["keys_in_node"] == true, "{status}");
    let list = bob.ask(&["validator", "list"]).await?;
    let word = |name: &str| -> anyhow::Result<Value> {
        let address = account(name)?.to_string();
        let all = list["validators"].as_array().context("validators")?;
        let found = all.iter().find(|one| one["account"] == address);
        Ok(found.context("nobody of that name")?["status"].clone())
    };
    ensure!(
        word("Bob")? == "waiting" && word("Alice")? == "active",
        "{list}"
    );

    // Once more: nothing is missing, so nothing is done, paid or made.
    let before = money(&net, "Bob").await?;
    let again = bob.ask(&arguments).await?;
    ensure!(
        again["done"] == json!([]) && again["keys"] == keys && again["tx"].is_null(),
        "{again}"
    );
    ensure!(money(&net, "Bob").await? == before, "it cost something");

    // Only the difference.
    let more = bob
        .ask(&["validator", "setup", "--bond", "6000", "--commission", "3"])
        .await?;
    ensure!(
        more["done"] == json!(["Staking.bond_extra", "Staking.validate"]),
        "{more}"
    );
    ensure!(more["keys"] == keys && more["payee"] == "stash", "{more}");
    ensure!(more["active"] == tokens(6_000), "{more}");

    // A node that lost its keys is given new ones, under the deposit that is there.
    let held = money(&net, "Bob").await?.reserved;
    lose_keys(net.node(0))?;
    let status = bob.ask(&["validator", "status"]).await?;
    ensure!(status["keys_in_node"] == false, "{status}");
    let other = bob.ask(&["validator", "setup", "--bond", "6000"]).await?;
    ensure!(other["done"] == json!(["Session.set_keys"]), "{other}");
    ensure!(other["keys"] != keys, "{other}");
    ensure!(money(&net, "Bob").await?.reserved == held, "it held more");
    net.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_chain_would_refuse_costs_nothing() -> anyhow::Result<()> {
    let net = network().await?;
    let bob = Noema::of(&net)?.dev("Bob");
    let before = money(&net, "Bob").await?;
    // So much that only the fee is missing.
    let state = net.client().at_finalized().await?;
    let kept = state.constants()?.existential_deposit + state.staking_limits().await?.key_deposit;
    let all = before.free - kept;
    let all = format!("{}.{:018}", all / NOEMA, all % NOEMA);
    let cases: [(&[&str], &str); 8] = [
        (&["setup", "--bond", "999"], "at least 1000 NOEMA"),
        (&["setup", "--bond", "99999999"], "insufficient balance"),
        (&["setup", "--bond", &all], "and a fee of about"),
        (
            &[
                "setup", "--bond", "5000", "--keys", "0x01", "--proof", "0x01",
            ],
            "no session keys of this chain",
        ),
        (&["status"], "has nothing at stake"),
        (&["withdraw"], "has nothing at stake"),
        (&["chill"], "has nothing at stake"),
        (&["payout", "--era", "0"], "has not ended"),
    ];
    for (arguments, reason) in cases {
        let arguments = [&["validator"], arguments].concat();
        let said = bob.refused(&arguments).await?;
        ensure!(said.contains(reason), "{arguments:?}: {said}");
    }
    let pay = bob.ask(&["validator", "payout"]).await?;
    ensure!(pay["paid"] == "0" && pay["eras"] == json!([]), "{pay}");
    ensure!(money(&net, "Bob").await? == before, "it cost something");
    net.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_can_be_made_where_the_node_is_and_registered_elsewhere() -> anyhow::Result<()> {
    let net = network().await?;
    let elsewhere = &net.followers()[0];
    elsewhere.start()?;
    elsewhere.ready().await?;
    let charlie = Noema::of(&net)?.dev("Charlie").at(elsewhere.ws_url());
    let before = money(&net, "Charlie").await?;
    let said = charlie
        .refused(&["validator", "setup", "--bond", "1000"])
        .await?;
    for advice in ["author_rotateKeysWithOwner", "--keys", "--proof"] {
        ensure!(said.contains(advice), "{said}");
    }
    ensure!(money(&net, "Charlie").await? == before, "it cost something");

    let owner = format!("0x{}", hex::encode(account("Charlie")?.as_bytes()));
    let made = net
        .node(0)
        .rpc("author_rotateKeysWithOwner", json!([owner]))
        .await?;
    let given = |name: &str| {
        let text = made[name].as_str();
        text.map(str::to_owned).context("keys and their proof")
    };
    let (keys, proof) = (given("keys")?, given("proof")?);
    let arguments = [
        "validator",
        "setup",
        "--bond",
        "1000",
        "--keys",
        &keys,
        "--proof",
        &proof,
    ];
    // A proof says whose keys they are.
    let said = charlie.dev("Dave").refused(&arguments).await?;
    ensure!(said.contains("InvalidProof"), "{said}");
    let done = charlie.ask(&arguments).await?;
    ensure!(done["keys"] == keys, "{done}");

    // The node that does not say is not taken for one that has not.
    let status = charlie.ask(&["validator", "status"]).await?;
    ensure!(status["candidate"] == true, "{status}");
    ensure!(status["keys_in_node"].is_null(), "{status}");
    let status = charlie.at(net.url()).ask(&["validator", "status"]).await?;
    ensure!(status["keys_in_node"] == true, "{status}");
    net.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_leaves_in_the_order_that_the_chain_wants() -> anyhow::Result<()> {
    let net = network().await?;
    let bob = Noema::of(&net)?.dev("Bob");
    bob.ask(&["validator", "setup", "--bond", "5000"]).await?;
    let said = bob.refused(&["validator", "unbond", "4500"]).await?;
    ensure!(said.contains("1000 NOEMA"), "{said}");
    let part = bob.ask(&["validator", "unbond", "1000"]).await?;
    ensure!(part["stake"]["active"] == tokens(4_000), "{part}");
    let chunk = json!([{ "amount": tokens(1_000), "era": 28 }]);
    ensure!(part["stake"]["unbonding"] == chunk, "{part}");
    let said = bob.refused(&["validator", "withdraw"]).await?;
    ensure!(said.contains("era 28"), "{said}");

    bob.ask(&["validator", "chill"]).await?;
    let status = bob.ask(&["validator", "status"]).await?;
    ensure!(status["candidate"] == false, "{status}");
    let said = bob.refused(&["validator", "chill"]).await?;
    ensure!(said.contains("does not stand"), "{said}");

    // Back, and out at once.
    let back = bob.ask(&["validator", "setup", "--bond", "4000"]).await?;
    ensure!(back["done"] == json!(["Staking.validate"]), "{back}");
    let out = bob.ask(&["validator", "unbond", "all"]).await?;
    ensure!(out["stake"]["active"] == "0", "{out}");
    let status = bob.ask(&["validator", "status"]).await?;
    ensure!(status["candidate"] == false, "{status}");
    net.shutdown().await;
    Ok(())
}
