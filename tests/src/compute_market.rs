//! A compute market for tests: a provider with a gateway before an engine, and a buyer with a proxy, on a chain.

use anyhow::{ensure, Context};
use noema_chain_client::{
    AccountState, Call, ChainClient, ChannelInfo, ComputeCall, RegisterProvider, Role, SigningKey,
    Submitter,
};
use noema_compute::{openai::Route, wire::RECEIPT_HEADER, SignedReceipt};
use noema_compute_primitives::{
    request_hash, response_hash, ChannelId, Descriptor, Price, ServiceId, ServiceKind, Usage,
    VerificationMode,
};
use noema_local_net::LocalNet;
use serde_json::{json, Value};
use tempfile::TempDir;

use crate::{
    daemon::Daemon,
    engine::{Engine, CHAT_INPUT},
    network::{self, account, balance},
};

/// One token, in the smallest unit.
pub const NOEMA: u128 = 10_u128.pow(18);
/// What a channel that the proxy opens reserves.
pub const CAP: u128 = NOEMA;
/// For a million tokens; not a round number, so that units count.
pub const PRICE: Price = Price::Tokens {
    input: NOEMA / 5 + 300_001,
    cached: NOEMA / 20,
    output: 4 * NOEMA / 5 + 700_003,
};
/// Model of the conversations.
pub const CHAT: &str = "tiny/1";
/// Model of the vectors.
pub const EMBEDDING: &str = "embed/1";
/// Signs receipts.
pub const SERVICE_KEY: &str = "Bob//receipts";

/// A provider, Bob, operated by Charlie, and a buyer, Dave, whose proxy signs with a key of its own.
#[derive(Debug)]
pub struct Market {
    /// The chain.
    pub net: LocalNet,
    /// Of gateway and proxy.
    pub dir: TempDir,
    /// What works.
    pub engine: Engine,
    /// Of the programs that ask.
    pub http: reqwest::Client,
    /// Numbers and models of what Bob offers.
    pub services: Vec<(ServiceId, &'static str)>,
}

/// What a request costs that uses so much.
pub fn cost(usage: Usage) -> anyhow::Result<u128> {
    Ok(PRICE.cost(&usage)?)
}

/// What a conversation uses whose answer has so many words.
pub fn words(output: u64) -> Usage {
    Usage::Tokens {
        input: CHAT_INPUT,
        cached: 0,
        output,
    }
}

/// A conversation that asks for so many words, `slow` or just `words`.
pub fn chat(how: &str, words: u64, stream: bool) -> String {
    json!({
        "model": CHAT, "stream": stream, "max_tokens": 50,
        "messages": [{ "role": "user", "content": format!("{how} {words}") }],
    })
    .to_string()
}

impl Market {
    /// A network, an engine, and nobody who sells.
    pub async fn start() -> anyhow::Result<Self> {
        noema_transport::install_crypto();
        Ok(Self {
            net: network::start(0).await?,
            dir: tempfile::tempdir()?,
            engine: Engine::start().await?,
            http: reqwest::Client::builder().no_proxy().build()?,
            services: Vec::new(),
        })
    }

    /// A client of the network.
    pub fn chain(&self) -> &ChainClient {
        self.net.client()
    }

    /// What a development account has.
    pub async fn money(&self, name: &str) -> anyhow::Result<AccountState> {
        balance(&self.net, &account(name)?).await
    }

    /// Bob registers and announces two services, wherever the gateway will be.
    pub async fn offer(&mut self, bob: &Submitter) -> anyhow::Result<()> {
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
    pub async fn gateway(&self, listen: &str) -> anyhow::Result<Daemon> {
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
    pub async fn proxy(&self) -> anyhow::Result<Daemon> {
        self.proxy_of("proxy").await
    }

    /// A proxy with a book, a key and channels of its own, under a name.
    pub async fn proxy_of(&self, name: &str) -> anyhow::Result<Daemon> {
        let (dir, url) = (self.dir.path().join(name), self.net.url());
        let session_key = format!("Dave//{name}");
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
            &session_key,
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

    /// Asks the proxy as any program does. An answer that is an error is one here.
    pub async fn post(&self, proxy: &Daemon, route: Route, body: &str) -> anyhow::Result<Answer> {
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
    pub async fn health(&self, proxy: &Daemon) -> anyhow::Result<Value> {
        let url = proxy.address().replace("/v1", "/health");
        Ok(self.http.get(url).send().await?.json().await?)
    }

    /// The channels of Dave's.
    pub async fn channels(&self) -> anyhow::Result<Vec<(ChannelId, ChannelInfo)>> {
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
#[derive(Debug)]
pub struct Answer {
    /// The body, as it came.
    pub body: Vec<u8>,
    /// The receipt of an answer that is a whole.
    pub receipt: Option<SignedReceipt>,
}

impl Answer {
    /// The receipt of an answer that is a whole, recomputed: what it cost.
    pub fn checked(
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
    pub fn events(&self) -> anyhow::Result<Vec<String>> {
        let text = String::from_utf8(self.body.clone())?;
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        Ok(data.map(str::to_owned).collect())
    }
}

/// Submits a call of the market, and waits until it is final.
pub async fn submit(by: &Submitter, call: ComputeCall) -> anyhow::Result<()> {
    by.submit(Call::Compute(Box::new(call))).await?;
    Ok(())
}
