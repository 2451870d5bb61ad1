//! The compute market over HTTP and over the chain: the real gateway before an engine, the real proxy before programs that know OpenAI's interface only. The gateway is killed in
//! the middle, and redeems by itself when the buyer closes: everything that was answered is paid, to the unit.

use std::time::Duration;

use anyhow::{ensure, Context};
use futures::future::join_all;
use noema_chain_client::{
    AccountId, AccountState, Call, ChainClient, ChannelInfo, ComputeCall, RegisterProvider, Role,
    SigningKey, Submitter,
};
use noema_compute::{openai::Route, wire::RECEIPT_HEADER, SignedReceipt};
use noema_compute_primitives::{
    request_hash, response_hash, ChannelId, ChannelState, Descriptor, Price, ServiceId,
    ServiceKind, Usage, VerificationMode,
};
use noema_local_net::LocalNet;
use noema_session::{Grant, Limits};
use noema_tests::{
    buyer::Buyer,
    daemon::Daemon,
    engine::{Engine, CHAT_INPUT, TEXT_INPUT},
    network::{self, account, balance, submitter},
};
use serde_json::{json, Value};
use tempfile::TempDir;

/// One token, in the smallest unit.
const NOEMA: u128 = 10_u128.pow(18);
/// What a channel that the proxy opens reserves.
const CAP: u128 = NOEMA;
/// For a million tokens; not a round number, so that units count.
const PRICE: Price = Price::Tokens {
    input: NOEMA / 5 + 300_001,
    cached: NOEMA / 20,
    output: 4 * NOEMA / 5 + 700_003,
};
const CHAT: &str = "tiny/1";
const EMBEDDING: &str = "embed/1";
/// Signs receipts.
const SERVICE_KEY: &str = "Bob//receipts";
/// Requests in parallel while the gateway dies.
const PARALLEL: u64 = 12;
/// How long something may take that waits for finality, or for the next look at the chain.
const SEEN: Duration = Duration::from_secs(60);
/// How long the lock may take: a minute of ticks, and blocks that are none.
const LOCK: Duration = Duration::from_secs(240);

/// A provider, Bob, operated by Charlie, and a buyer, Dave, whose proxy signs with a key of its own.
struct Market {
    net: LocalNet,
    dir: TempDir,
    engine: Engine,
    http: reqwest::Client,
    services: Vec<(ServiceId, &'static str)>,
}

fn cost(usage: Usage) -> anyhow::Result<u128> {
    Ok(PRICE.cost(&usage)?)
}

fn words(output: u64) -> Usage {
    Usage::Tokens {
        input: CHAT_INPUT,
        cached: 0,
        output,
    }
}

fn chat(how: &str, words: u64, stream: bool) -> String {
    json!({
        "model": CHAT, "stream": stream, "max_tokens": 50,
        "messages": [{ "role": "user", "content": format!("{how} {words}") }],
    })
    .to_string()
}

impl Market {
    async fn start() -> anyhow::Result<Self> {
        noema_transport::install_crypto();
        Ok(Self {
            net: network::start(0).await?,
            dir: tempfile::tempdir()?,
            engine: Engine::start().await?,
            http: reqwest::Client::builder().no_proxy().build()?,
            services: Vec::new(),
        })
    }

    fn chain(&self) -> &ChainClient {
        self.net.client()
    }

    async fn money(&self, name: &str) -> anyhow::Result<AccountState> {
        balance(&self.net, &account(name)?).await
    }

    /// Bob registers and announces two services, wherever the gateway will be.
    async fn offer(&mut self, bob: &Submitter) -> anyhow::Result<()> {
        let nowhere = "http://127.0.0.1:1";
        bob.submit(Call::Register(RegisterProvider {
            role: Role::Compute,
            bond: 500 * NOEMA,
            operator: account("Charlie")?,
            endpoint: nowhere.to_owned(),
            capacity: 1 << 30,
        }))
        .await?;
        for (kind, model) in [
            (ServiceKind::Chat, CHAT),
            (ServiceKind::Embedding, EMBEDDING),
        ] {
            let descriptor = Descriptor {
                kind,
                model: model.as_bytes().to_vec().try_into().expect("it is short"),
                weights: None,
                endpoint: nowhere.as_bytes().to_vec().try_into().expect("it is short"),
                price: PRICE,
                verification: VerificationMode::None,
                capacity: 16,
            };
            let key = SigningKey::dev(SERVICE_KEY)?.account();
            submit(bob, ComputeCall::Announce { descriptor, key }).await?;
            let numbers = self.chain().at_finalized().await?;
            let numbers = numbers.services_of(&bob.account()).await?;
            let number = numbers.last().context("it was announced")?;
            self.services.push((*number, model));
        }
        Ok(())
    }

    /// The gateway, answering at `listen`.
    async fn gateway(&self, listen: &str) -> anyhow::Result<Daemon> {
        let mut config = format!(
            "node = {:?}\nprovider = \"{}\"\ndev_operator = \"Charlie\"\ndev_service_key = \"{SERVICE_KEY}\"\ndata_dir = {:?}\nlisten = \"{listen}\"\n",
            self.net.url(),
            account("Bob")?,
            self.dir.path().join("gateway"),
        );
        for (service, model) in &self.services {
            let engine = self.engine.url();
            config += &format!(
                "[[services]]\nservice = {service}\nmodel = \"{model}\"\nengine = \"{engine}\"\n"
            );
        }
        let path = self.dir.path().join("gateway.toml");
        std::fs::write(&path, config)?;
        let path = path.to_str().context("a path in UTF-8")?;
        let arguments = ["gateway", "--config", path];
        Daemon::start("noema-compute", &arguments, "gateway answers at ").await
    }

    /// The proxy, which opens a channel wherever it asks.
    async fn proxy(&self) -> anyhow::Result<Daemon> {
        let (dir, url) = (self.dir.path().join("proxy"), self.net.url());
        let dir = dir.to_str().context("a path in UTF-8")?;
        let cap = CAP.to_string();
        let max = (NOEMA / 100).to_string();
        let arguments = [
            "proxy",
            "--node",
            &url,
            "--dev-payer",
            "Dave",
            "--dev-session-key",
            "Dave//proxy",
            "--data-dir",
            dir,
            "--listen",
            "127.0.0.1:0",
            "--channel-cap",
            &cap,
            "--channel-lanes",
            "16",
            "--max-request",
            &max,
        ];
        Daemon::start("noema-compute", &arguments, "proxy answers at ").await
    }

    async fn post(&self, proxy: &Daemon, route: Route, body: &str) -> anyhow::Result<Answer> {
        let path = route.path().trim_start_matches("/v1");
        let response = self
            .http
            .post(format!("{}{path}", proxy.address()))
            .header("content-type", "application/json")
            .body(body.to_owned())
            .send()
            .await?;
        let status = response.status().as_u16();
        let receipt = response.headers().get(RECEIPT_HEADER).cloned();
        let receipt = receipt.map(|text| SignedReceipt::from_text(text.as_bytes()));
        let body = response.bytes().await?.to_vec();
        ensure!(
            status == 200,
            "{status}: {}",
            String::from_utf8_lossy(&body)
        );
        let receipt = receipt.transpose()?;
        Ok(Answer { body, receipt })
    }

    /// What the proxy says of itself.
    async fn health(&self, proxy: &Daemon) -> anyhow::Result<Value> {
        let url = proxy.address().replace("/v1", "/health");
        Ok(self.http.get(url).send().await?.json().await?)
    }

    /// The channels of Dave's.
    async fn channels(&self) -> anyhow::Result<Vec<(ChannelId, ChannelInfo)>> {
        let state = self.chain().at_finalized().await?;
        let page = state.channels_of(&account("Dave")?, None, 100).await?;
        let mut channels = Vec::new();
        for number in page.items {
            channels.push((
                number,
                state.channel(number).await?.context("it is listed")?,
            ));
        }
        Ok(channels)
    }
}

/// What came through the proxy.
struct Answer {
    body: Vec<u8>,
    receipt: Option<SignedReceipt>,
}

impl Answer {
    /// The receipt of an answer that is a whole, recomputed: what it cost.
    fn checked(
        &self,
        genesis: &[u8; 32],
        route: Route,
        asked: &str,
        used: Usage,
    ) -> anyhow::Result<u128> {
        let signed = self.receipt.as_ref().context("no receipt came with it")?;
        let receipt = &signed.receipt;
        let key = SigningKey::dev(SERVICE_KEY)?.account();
        ensure!(signed.is_by(&key, genesis), "it is signed by somebody else");
        ensure!(receipt.request == request_hash(route.hashed(), asked.as_bytes())?);
        ensure!(receipt.response == response_hash(200, &self.body));
        ensure!(
            (receipt.usage, receipt.price) == (used, PRICE),
            "{receipt:?}"
        );
        ensure!(receipt.amount == cost(used)?, "{receipt:?}");
        Ok(receipt.amount)
    }

    /// The data of the events of a stream.
    fn events(&self) -> anyhow::Result<Vec<String>> {
        let text = String::from_utf8(self.body.clone())?;
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        Ok(data.map(str::to_owned).collect())
    }
}

async fn submit(by: &Submitter, call: ComputeCall) -> anyhow::Result<()> {
    by.submit(Call::Compute(Box::new(call))).await?;
    Ok(())
}

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
