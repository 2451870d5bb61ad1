//! The compute market against those who cheat, each a process of its own: a provider that changes answers and receipts is found and named by the buyer, a buyer that uses vouchers again or goes back on
//! them is found by the gateway, and nobody loses more than is said in `docs/compute.md`.

use std::time::Duration;

use anyhow::{ensure, Context};
use noema_chain_client::{ComputeCall, SigningKey};
use noema_compute::openai::Route;
use noema_compute_primitives::Price;
use noema_session::{Grant, Limits};
use noema_tests::{
    compute_cheat,
    compute_market::{chat, cost, submit, words, Market, NOEMA, PRICE, SERVICE_KEY},
    daemon::Daemon,
    network::{self, account, submitter},
};
use serde_json::{json, Value};
use tokio::process::Command;

const CHEAT: &str = env!("CARGO_BIN_EXE_noema-compute-cheat");
const ROBBER: &str = env!("CARGO_BIN_EXE_noema-compute-robber");
/// How long something may take that waits for finality, or for the next look at the chain.
const SEEN: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn every_cheat_is_found_and_named_by_the_other_party() -> anyhow::Result<()> {
    let mut market = Market::start().await?;
    let (bob, charlie) = (
        submitter(&market.net, "Bob")?,
        submitter(&market.net, "Charlie")?,
    );
    market.offer(&bob).await?;
    let gateway = market.gateway("127.0.0.1:0").await?;
    let genesis = market.chain().genesis_hash().to_string();
    let arguments = [
        "--behind",
        gateway.address(),
        "--dev-service-key",
        SERVICE_KEY,
        "--genesis",
        &genesis,
    ];
    let cheat = Daemon::start_at(CHEAT, &arguments, "cheat answers at ").await?;
    for (service, _) in &market.services {
        let (service, endpoint) = (*service, cheat.address().to_owned());
        submit(&charlie, ComputeCall::SetEndpoint { service, endpoint }).await?;
    }

    // Honest, it is as any other; and a buyer has opened a channel.
    let honest = market.proxy_of("honest").await?;
    ask(&market, &honest).await?;
    for way in compute_cheat::ways() {
        set_way(&market, &cheat, &way).await?;
        found(&market, &way).await?;
    }
    set_way(&market, &cheat, "none").await?;
    ask(&market, &honest).await?;

    robbed(&market, gateway.address()).await?;
    let health = market.health(&honest).await?;
    ensure!(
        health["spent"] == (2 * cost(words(3))?).to_string(),
        "{health}"
    );
    ensure!(health["liars"] == json!([]), "{health}");
    honest.stop().await?;
    gateway.stop().await?;
    market.net.shutdown().await;
    Ok(())
}

/// A conversation that is good, and its receipt.
async fn ask(market: &Market, proxy: &Daemon) -> anyhow::Result<()> {
    let genesis = market.chain().genesis_hash().0;
    let body = chat("words", 3, false);
    let answer = network::until("a good answer", SEEN, || async {
        Ok(market.post(proxy, Route::Chat, &body).await.ok())
    })
    .await?;
    answer.checked(&genesis, Route::Chat, &body, words(3))?;
    Ok(())
}

async fn set_way(market: &Market, cheat: &Daemon, way: &str) -> anyhow::Result<()> {
    let url = format!("{}/cheat/{way}", cheat.address());
    let answer = market.http.put(url).send().await?;
    ensure!(answer.status().is_success(), "{way}: {answer:?}");
    Ok(())
}

/// A buyer that never heard of the provider before finds it out, names it, and asks it no more. It has lost nothing but the request.
async fn found(market: &Market, way: &str) -> anyhow::Result<()> {
    let provider = account("Bob")?.to_string();
    for stream in [false, true] {
        let proxy = market.proxy_of(&format!("{way}-{stream}")).await?;
        let body = chat("words", 3, stream);
        let said = network::until("a lie that is found", SEEN, || async {
            let said = match market.post(&proxy, Route::Chat, &body).await {
                Ok(answer) => String::from_utf8(answer.body)?,
                Err(error) => error.to_string(),
            };
            // Before the channel is open and the services are known, there is another error.
            Ok(said.contains("bad_answer").then_some(said))
        })
        .await?;
        ensure!(said.contains(&provider), "{way}, stream {stream}: {said}");
        ensure!(!said.contains("[DONE]"), "{way}, stream {stream}: {said}");
        let health = market.health(&proxy).await?;
        ensure!(
            health["liars"][0]["provider"] == provider,
            "{way}: {health}"
        );
        ensure!(health["spent"] == "0", "{way}: {health}");
        println!("{way}, stream {stream}: {}", health["liars"][0]["reason"]);
        let again = market.post(&proxy, Route::Chat, &body).await;
        let again = again.err().context("a liar was asked again")?.to_string();
        ensure!(again.contains("they lied"), "{way}: {again}");
        proxy.stop().await?;
    }
    Ok(())
}

/// A buyer that cheats gets nothing for it, and its lane goes on for whoever is honest.
async fn robbed(market: &Market, gateway: &str) -> anyhow::Result<()> {
    let dave = submitter(&market.net, "Dave")?;
    let (service, model) = market.services[0];
    let channels = market.channels().await?;
    let channel = channels.iter().find(|(_, info)| info.service == service);
    let channel = channel.context("a proxy opened one")?.0;
    let key = SigningKey::dev("Dave//robber")?;
    let grant = Grant {
        key: key.account(),
        scope: (),
        limits: Limits {
            per_use: NOEMA / 100,
            total: NOEMA / 10,
        },
        expires: u64::MAX,
    };
    let lanes = 1;
    submit(
        &dave,
        ComputeCall::Grant {
            channel,
            lanes,
            grant,
        },
    )
    .await?;
    let state = market.chain().at_finalized().await?;
    let info = state.channel(channel).await?.context("it is open")?;
    let session = info.sessions.iter().find(|one| one.key == key.account());
    let session = session.context("it was granted")?.session;
    let Price::Tokens {
        input,
        cached,
        output,
    } = PRICE
    else {
        anyhow::bail!("the price is one of tokens");
    };
    let numbers = [channel, session.into(), service].map(|number| number.to_string());
    let [channel, session, service] = &numbers;
    let genesis = market.chain().genesis_hash().to_string();
    let said = Command::new(ROBBER)
        .args(["--gateway", gateway, "--genesis", &genesis])
        .args(["--dev-key", "Dave//robber", "--lane", "0", "--model", model])
        .args(["--service-key", &info.key.to_string()])
        .args(["--channel", channel, "--session", session])
        .args(["--service", service, "--price"])
        .args([input, cached, output].map(|part| part.to_string()))
        .kill_on_drop(true)
        .output()
        .await?;
    let text = String::from_utf8_lossy(&said.stderr).into_owned();
    ensure!(said.status.success(), "{text}");
    let tried: Value = serde_json::from_slice(&said.stdout)?;
    let expected = [
        // The receipt again, and no answer.
        ("replay", 409, "already_answered"),
        ("replay for another request", 409, "already_answered"),
        ("go back to nothing", 409, "wrong_paid"),
        ("go back by a unit", 409, "wrong_paid"),
        ("skip a request", 409, "wrong_nonce"),
        ("promise more than was signed", 402, "bad_signature"),
    ];
    let found = tried.as_array().context("a list")?;
    ensure!(found.len() == expected.len(), "{tried}");
    for (one, (what, status, code)) in found.iter().zip(expected) {
        println!("{what}: {one}");
        let is = (&one["what"], &one["status"], &one["code"]);
        ensure!(is == (&json!(what), &json!(status), &json!(code)), "{one}");
        ensure!(one["has_answer"] == false, "{one}");
    }
    Ok(())
}
