//! The compute market over HTTP and over the chain: the real gateway before an engine, the real proxy before programs that know OpenAI's interface only. The gateway is killed in
//! the middle, and redeems by itself when the buyer closes: everything that was answered is paid, to the unit.

use std::time::Duration;

use anyhow::{ensure, Context};
use futures::future::join_all;
use noema_chain_client::{AccountId, Call, ChannelInfo, ComputeCall, SigningKey, Submitter};
use noema_compute::openai::Route;
use noema_compute_primitives::{ChannelId, ChannelState, Usage};
use noema_session::{Grant, Limits};
use noema_tests::{
    buyer::Buyer,
    compute_market::{chat, cost, submit, words, Market, CAP, EMBEDDING, NOEMA, PRICE},
    daemon::Daemon,
    engine::TEXT_INPUT,
    network::{self, account, submitter},
};
use serde_json::{json, Value};

/// Requests in parallel while the gateway dies.
const PARALLEL: u64 = 12;
/// How long something may take that waits for finality, or for the next look at the chain.
const SEEN: Duration = Duration::from_secs(60);
/// How long the lock may take: a minute of ticks, and blocks that are none.
const LOCK: Duration = Duration::from_secs(240);

#[tokio::test(flavor = "multi_thread")]
async fn answers_through_gateway_and_proxy_are_paid_to_the_unit() -> anyhow::Result<()> {
    let mut market = Market::start().await?;
    let (bob, charlie) = (
        submitter(&market.net, "Bob")?,
        submitter(&market.net, "Charlie")?,
    );
    let dave = submitter(&market.net, "Dave")?;
    market.offer(&bob).await?;
    let gateway = market.gateway("127.0.0.1:0").await?;
    let endpoint = gateway.address().to_owned();
    for (service, _) in &market.services {
        let (service, endpoint) = (*service, endpoint.clone());
        submit(&charlie, ComputeCall::SetEndpoint { service, endpoint }).await?;
    }
    let proxy = market.proxy().await?;
    let bob_before = market.money("Bob").await?;

    let through_proxy = ask_everything(&market, &proxy).await?;
    let mut by_hand = buyer(&market, &dave, &endpoint).await?;
    let direct = ask_by_hand(&mut by_hand).await?;
    let health = market.health(&proxy).await?;
    ensure!(health["spent"] == through_proxy.to_string(), "{health}");

    let listen = endpoint.trim_start_matches("http://").to_owned();
    let (gateway, during) = die_and_live_again(&market, &proxy, gateway, &listen).await?;
    let direct = direct + ask_by_hand(&mut by_hand).await?;
    ensure!(by_hand.owed == direct, "its last receipt sums up the lane");
    let spent = all_receipts(&market, &proxy).await?;
    // What was cut off by the kill cost nothing, or what its receipt says; what was answered is paid.
    ensure!(spent >= through_proxy + during, "{spent} were spent");

    let gross = spent + direct;
    let channels = market.channels().await?;
    ensure!(channels.len() == 2, "{channels:?}");
    ensure!(
        channels.iter().all(|(_, info)| info.redeemed == 0),
        "nothing was due yet"
    );
    let sent = market.money("Charlie").await?.nonce;
    let closing = channels.iter().map(|(channel, _)| {
        let channel = *channel;
        Call::Compute(Box::new(ComputeCall::Close { channel }))
    });
    dave.submit(Call::BatchAll(closing.collect())).await?;
    let redeemed = network::until("redemption of everything", SEEN, || async {
        let channels = market.channels().await?;
        let sum: u128 = channels.iter().map(|(_, info)| info.redeemed).sum();
        ensure!(sum <= gross, "{sum} were redeemed, {gross} are owed");
        Ok((sum == gross).then_some(channels))
    })
    .await?;
    let calls = market.money("Charlie").await?.nonce - sent;
    ensure!((1..=2).contains(&calls), "it took {calls} calls");
    let cuts = redeemed.iter().flat_map(|(_, info)| &info.sessions);
    let cuts = cuts.flat_map(|session| &session.redeemed);
    let cut: u128 = cuts.map(|lane| lane.redeemed.div_ceil(100)).sum();
    let paid = market.money("Bob").await?.free - bob_before.free;
    ensure!(
        paid == gross - cut,
        "paid {paid} of {gross}, of which {cut} are cut"
    );

    settle(&market, &dave, &redeemed, gross).await?;
    proxy.stop().await?;
    gateway.stop().await?;
    market.net.shutdown().await;
    Ok(())
}

/// Chat as a whole and streamed, and embeddings, through the proxy, which opens the channels. What they cost.
async fn ask_everything(market: &Market, proxy: &Daemon) -> anyhow::Result<u128> {
    let genesis = market.chain().genesis_hash().0;
    let mut sum = 0;
    for number in 1..=4 {
        let body = chat("words", number, false);
        let answer = market.post(proxy, Route::Chat, &body).await?;
        sum += answer.checked(&genesis, Route::Chat, &body, words(number))?;
        let json: Value = serde_json::from_slice(&answer.body)?;
        ensure!(json["usage"]["completion_tokens"] == number, "{json}");

        let answer = market
            .post(proxy, Route::Chat, &chat("words", number, true))
            .await?;
        let events = answer.events()?;
        ensure!(
            events.last().is_some_and(|last| last == "[DONE]"),
            "{events:?}"
        );
        sum += cost(words(number))?;

        let texts: Vec<_> = (0..number).map(|n| format!("text {n}")).collect();
        let body = json!({ "model": EMBEDDING, "input": texts }).to_string();
        let answer = market.post(proxy, Route::Embeddings, &body).await?;
        let used = Usage::Tokens {
            input: number * TEXT_INPUT,
            cached: 0,
            output: 0,
        };
        sum += answer.checked(&genesis, Route::Embeddings, &body, used)?;
    }
    Ok(sum)
}

/// Dave grants a key of its own to a program that has no proxy, on the channel that the proxy opened.
async fn buyer(market: &Market, dave: &Submitter, gateway: &str) -> anyhow::Result<Buyer> {
    let (service, model) = market.services[0];
    let channels = market.channels().await?;
    let channel = channels.iter().find(|(_, info)| info.service == service);
    let channel = channel.context("the proxy opened it")?.0;
    let key = SigningKey::dev("Dave//program")?;
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
        dave,
        ComputeCall::Grant {
            channel,
            lanes,
            grant,
        },
    )
    .await?;
    let info = market
        .chain()
        .at_finalized()
        .await?
        .channel(channel)
        .await?;
    let info = info.context("it is open")?;
    let session = info.sessions.iter().find(|one| one.key == key.account());
    Ok(Buyer {
        client: market.http.clone(),
        gateway: gateway.to_owned(),
        genesis: market.chain().genesis_hash().0,
        key,
        service_key: info.key,
        channel,
        session: session.context("it was granted")?.session,
        lane: 0,
        service,
        model: model.as_bytes().to_vec().try_into().expect("it is short"),
        price: PRICE,
        nonce: 0,
        owed: 0,
    })
}

/// Chat as a whole and streamed, with vouchers signed and receipts checked by the client library. What they cost.
async fn ask_by_hand(buyer: &mut Buyer) -> anyhow::Result<u128> {
    let (_, receipt) = buyer.chat(&chat("words", 5, false)).await?;
    ensure!(receipt.receipt.amount == cost(words(5))?);
    let (events, streamed) = buyer.stream(&chat("words", 6, true)).await?;
    ensure!(
        events.last().is_some_and(|last| last == "[DONE]"),
        "{events:?}"
    );
    ensure!(streamed.receipt.amount == cost(words(6))?);
    Ok(receipt.receipt.amount + streamed.receipt.amount)
}

/// The gateway is killed while it works on many requests, and starts again; the programs ask again what was not answered. What their answers cost.
async fn die_and_live_again(
    market: &Market,
    proxy: &Daemon,
    gateway: Daemon,
    listen: &str,
) -> anyhow::Result<(Daemon, u128)> {
    let one = |number: u64| async move {
        let stream = number.is_multiple_of(2);
        let body = chat("slow", 5 + number, stream);
        let answer = market.post(proxy, Route::Chat, &body).await?;
        let whole = !stream || answer.events()?.last().is_some_and(|last| last == "[DONE]");
        ensure!(whole, "the stream broke off");
        Ok::<_, anyhow::Error>(number)
    };
    let asking = join_all((0..PARALLEL).map(one));
    let dying = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        gateway.kill9().await?;
        market.gateway(listen).await
    };
    let (first, gateway) = tokio::join!(asking, dying);
    let gateway = gateway?;
    let failed: Vec<_> = (0..PARALLEL)
        .zip(&first)
        .filter_map(|(number, answer)| answer.is_err().then_some(number))
        .collect();
    ensure!(
        !failed.is_empty(),
        "the gateway died, and everything was answered"
    );
    for number in failed {
        network::until("answer of the gateway that lives again", SEEN, || async {
            one(number).await.map(Some)
        })
        .await?;
    }
    let costs = (0..PARALLEL).map(|number| cost(words(5 + number)));
    Ok((gateway, costs.sum::<anyhow::Result<u128>>()?))
}

/// Waits until every voucher of the proxy's has its receipt. What they say in all.
async fn all_receipts(market: &Market, proxy: &Daemon) -> anyhow::Result<u128> {
    network::until("receipt of every voucher", SEEN, || async {
        let health = market.health(proxy).await?;
        ensure!(health["liars"] == json!([]), "{health}");
        ensure!(health["promised"] == "0", "{health}");
        let spent = health["spent"].as_str().context("an amount")?;
        Ok(Some(spent.parse()?))
    })
    .await
}

/// What was not redeemed is the buyer's again when the lock is over.
async fn settle(
    market: &Market,
    dave: &Submitter,
    channels: &[(ChannelId, ChannelInfo)],
    gross: u128,
) -> anyhow::Result<()> {
    for (channel, info) in channels {
        let ChannelState::Closing { until } = info.state else {
            anyhow::bail!("channel {channel} is not closing: {info:?}");
        };
        network::until("end of the lock", LOCK, || async {
            let tick = market.chain().at_finalized().await?.tick().await?;
            Ok((tick >= until).then_some(()))
        })
        .await?;
        let channel = *channel;
        submit(dave, ComputeCall::Settle { channel }).await?;
    }
    let buyer: AccountId = account("Dave")?;
    let purse = market.chain().at_finalized().await?.purse(&buyer).await?;
    let purse = purse.context("it has channels")?;
    ensure!(purse.reserved == 0, "{purse:?}");
    ensure!(
        purse.balance == 2 * CAP - gross,
        "{purse:?} after {gross} were redeemed"
    );
    Ok(())
}
