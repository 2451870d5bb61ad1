//! Providers, buyers and a chain for tests: real HTTP over loopback, a chain in memory.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use noema_chain_client::SigningKey;
use noema_compute::{
    engine::UrlEngine,
    gateway::{self, Behind, GatewayConfig, RedeemPolicy, ServiceConfig},
    jobs::JobsConfig,
    openai::Route,
    proxy::{self, Choice, Preference, ProxyConfig, Spending},
    receipts::{check_whole, Asked, StreamCheck},
    sse::{Event, Events},
    wire::{RECEIPT_HEADER, VOUCHER_HEADER},
    SignedReceipt, SignedVoucher,
};
use noema_compute_primitives::{request_hash, Price, ServiceKind, Voucher};
use noema_transport::{ConnectionLimits, Tls};
use reqwest::{Client, Response, StatusCode};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub(crate) use crate::{
    chain::{key, TestChain, GENESIS, PRICE},
    engine::TestEngine,
};

pub(crate) const CHAT: u64 = 1;
pub(crate) const EMBEDDING: u64 = 2;
pub(crate) const CHANNEL: u64 = 10;
pub(crate) const EMBEDDING_CHANNEL: u64 = 11;

pub(crate) fn client() -> Client {
    noema_transport::install_crypto();
    Client::builder().no_proxy().http1_only().build().unwrap()
}

pub(crate) struct Running {
    pub(crate) url: String,
    pub(crate) stop: CancellationToken,
    pub(crate) task: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

pub(crate) fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

pub(crate) fn gateway_config(
    dir: &Path,
    provider: &SigningKey,
    service_key: &SigningKey,
    engine: &str,
    services: &[(u64, &str)],
) -> GatewayConfig {
    let engine = UrlEngine::new(engine, Some("engine-secret"), Duration::from_secs(10)).unwrap();
    let engine = Arc::new(engine);
    GatewayConfig {
        provider: provider.account(),
        service_key: service_key.clone(),
        old_service_keys: Vec::new(),
        data_dir: dir.to_owned(),
        listen: loopback(),
        tls: Tls::Plain,
        connections: ConnectionLimits {
            total: 512,
            per_peer: 512,
        },
        max_body: 1 << 20,
        services: services
            .iter()
            .map(|(service, model)| ServiceConfig {
                service: *service,
                model: model.as_bytes().to_vec().try_into().unwrap(),
                behind: Behind::Engine(engine.clone()),
                parallel: 64,
                passes: Default::default(),
            })
            .collect(),
        jobs: jobs_config(dir),
        margin: 10,
        request_time: Duration::from_secs(60),
        price_leniency: 10,
        stale_after: Duration::from_secs(60),
        look: Duration::from_millis(100),
        redeem: RedeemPolicy {
            interval: Duration::from_secs(3_600),
            least: 1,
            at: u128::MAX,
            urgent: 10,
        },
    }
}

/// Jobs in a process of the program that these tests are for.
pub(crate) fn jobs_config(dir: &Path) -> JobsConfig {
    JobsConfig {
        program: env!("CARGO_BIN_EXE_noema-compute").into(),
        slots: 2,
        waiting: 8,
        memory: 1 << 30,
        cpu_seconds: 600,
        cache_dir: dir.join("files"),
        cache_bytes: 1 << 20,
        fetch_time: Duration::from_secs(10),
    }
}

pub(crate) async fn run_gateway(chain: &TestChain, config: GatewayConfig) -> Running {
    let stop = CancellationToken::new();
    let (listening, at) = oneshot::channel();
    let signed = chain.signed_by(config.provider);
    let task = tokio::spawn({
        let stop = stop.clone();
        async move {
            let announce = |url: &str| listening.send(url.to_owned()).unwrap();
            gateway::run(signed, config, stop, announce).await.unwrap();
        }
    });
    Running {
        url: at.await.unwrap(),
        stop,
        task,
    }
}

/// One provider with a chat and an embedding service, one buyer with a channel for each.
pub(crate) struct Market {
    pub(crate) chain: TestChain,
    pub(crate) engine: TestEngine,
    pub(crate) gateway: Running,
    pub(crate) dir: TempDir,
}

impl Market {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut GatewayConfig)) -> Self {
        let (provider, service_key) = (key("Bob"), key("Charlie"));
        let chain = TestChain::new();
        let engine = TestEngine::start().await;
        let dir = tempfile::tempdir().unwrap();
        chain.offer(
            CHAT,
            ServiceKind::Chat,
            &provider,
            &service_key,
            "tiny/1",
            PRICE,
        );
        chain.offer(
            EMBEDDING,
            ServiceKind::Embedding,
            &provider,
            &service_key,
            "embed/1",
            PRICE,
        );
        chain.channel(CHANNEL, CHAT, &key("Alice"), &key("Dave"), 1_000_000, 8);
        chain.channel(
            EMBEDDING_CHANNEL,
            EMBEDDING,
            &key("Alice"),
            &key("Dave"),
            1_000_000,
            8,
        );
        let mut config = gateway_config(
            dir.path(),
            &provider,
            &service_key,
            &engine.url,
            &[(CHAT, "tiny/1"), (EMBEDDING, "embed/1")],
        );
        change(&mut config);
        let gateway = run_gateway(&chain, config).await;
        for service in [CHAT, EMBEDDING] {
            chain.set_endpoint(service, &gateway.url);
        }
        Self {
            chain,
            engine,
            gateway,
            dir,
        }
    }
}

/// A buyer that speaks to a gateway by hand.
pub(crate) struct Buyer {
    pub(crate) client: Client,
    pub(crate) key: SigningKey,
    pub(crate) service_key: SigningKey,
    pub(crate) channel: u64,
    pub(crate) service: u64,
    pub(crate) model: &'static str,
    pub(crate) lane: u16,
    pub(crate) nonce: u64,
    pub(crate) paid: u128,
    pub(crate) price: Price,
}

impl Buyer {
    pub(crate) fn new(lane: u16) -> Self {
        Self {
            client: client(),
            key: key("Dave"),
            service_key: key("Charlie"),
            channel: CHANNEL,
            service: CHAT,
            model: "tiny/1",
            lane,
            nonce: 1,
            paid: 0,
            price: PRICE,
        }
    }

    pub(crate) fn for_embeddings(lane: u16) -> Self {
        Self {
            channel: EMBEDDING_CHANNEL,
            service: EMBEDDING,
            model: "embed/1",
            ..Self::new(lane)
        }
    }

    pub(crate) fn voucher(&self, route: Route, body: &str, maximum: u128) -> Voucher {
        Voucher {
            channel: self.channel,
            session: 0,
            lane: self.lane,
            nonce: self.nonce,
            service: self.service,
            paid: self.paid,
            maximum,
            request: request_hash(route.hashed(), body.as_bytes()).unwrap(),
            expires: 100_000,
            price: self.price,
        }
    }

    pub(crate) fn sign(&self, voucher: Voucher) -> SignedVoucher {
        SignedVoucher::sign(&self.key, &GENESIS, voucher)
    }

    pub(crate) async fn send(
        &self,
        url: &str,
        route: Route,
        body: &str,
        signed: &SignedVoucher,
    ) -> Response {
        let url = format!("{url}{}", route.path());
        self.client
            .post(url)
            .header("content-type", "application/json")
            .header(VOUCHER_HEADER, signed.to_text())
            .body(body.to_owned())
            .send()
            .await
            .unwrap()
    }

    pub(crate) async fn ask_receipt(&self, url: &str, signed: &SignedVoucher) -> Response {
        self.client
            .post(format!("{url}/v1/receipt"))
            .header(VOUCHER_HEADER, signed.to_text())
            .send()
            .await
            .unwrap()
    }

    pub(crate) fn asked(&self, voucher: &Voucher, body: &str) -> Asked {
        Asked {
            voucher: *voucher,
            model: self.model.as_bytes().to_vec().try_into().unwrap(),
            key: self.service_key.account(),
            genesis: GENESIS,
            body_bytes: body.len() as u64,
            max_output: None,
        }
    }

    /// Goes on from a receipt.
    pub(crate) fn settle(&mut self, signed: &SignedReceipt) {
        self.nonce += 1;
        self.paid = signed.receipt.cumulative;
    }

    /// Sends a request and checks its answer and receipt, which are whole.
    pub(crate) async fn ask(
        &mut self,
        url: &str,
        route: Route,
        body: &str,
    ) -> (StatusCode, Bytes, SignedReceipt) {
        let voucher = self.voucher(route, body, 10_000);
        let response = self.send(url, route, body, &self.sign(voucher)).await;
        let status = response.status();
        let receipt = receipt_of(&response);
        let answer = response.bytes().await.unwrap();
        let receipt = receipt.unwrap_or_else(|| {
            panic!(
                "{status} without a receipt: {}",
                String::from_utf8_lossy(&answer)
            )
        });
        let said = noema_compute::openai::usage_of(&answer);
        check_whole(
            &self.asked(&voucher, body),
            &receipt,
            status.as_u16(),
            &answer,
            said,
        )
        .unwrap();
        self.settle(&receipt);
        (status, answer, receipt)
    }

    /// Sends a request and checks its stream and receipt.
    pub(crate) async fn stream(&mut self, url: &str, body: &str) -> (Vec<String>, SignedReceipt) {
        let voucher = self.voucher(Route::Chat, body, 10_000);
        let response = self.send(url, Route::Chat, body, &self.sign(voucher)).await;
        assert_eq!(response.status(), StatusCode::OK);
        let text = response.bytes().await.unwrap();
        let (data, check, receipt) = taken_apart(&text);
        let receipt = receipt.expect("the stream ends with a receipt");
        check.finish(&self.asked(&voucher, body), &receipt).unwrap();
        self.settle(&receipt);
        (data, receipt)
    }
}

pub(crate) fn receipt_of(response: &Response) -> Option<SignedReceipt> {
    let value = response.headers().get(RECEIPT_HEADER)?;
    Some(SignedReceipt::from_text(value.as_bytes()).unwrap())
}

pub(crate) fn events(text: &[u8]) -> Vec<Event> {
    let mut cut = Events::default();
    cut.push(text);
    let mut events = Vec::new();
    while let Some(event) = cut.next_event().unwrap() {
        events.push(event);
    }
    assert_eq!(cut.rest(), b"", "the stream ends with a whole event");
    events
}

/// The data of a stream's events, what was hashed of it, and its receipt.
pub(crate) fn taken_apart(text: &[u8]) -> (Vec<String>, StreamCheck, Option<SignedReceipt>) {
    let (mut data, mut check, mut receipt) = (Vec::new(), StreamCheck::new(200), None);
    for event in events(text) {
        assert!(receipt.is_none(), "nothing comes behind the receipt");
        let found = event.data();
        if event.is_receipt() {
            receipt = Some(SignedReceipt::from_text(&found.unwrap()).unwrap());
            continue;
        }
        check.event(event.raw(), None);
        data.extend(found.map(|found| String::from_utf8(found).unwrap()));
    }
    (data, check, receipt)
}

pub(crate) fn chat(what: &str) -> String {
    format!(r#"{{"model":"tiny/1","messages":[{{"role":"user","content":"{what}"}}]}}"#)
}

pub(crate) fn chat_stream(what: &str, include_usage: bool) -> String {
    format!(
        r#"{{"model":"tiny/1","stream":true,"stream_options":{{"include_usage":{include_usage}}},"messages":[{{"role":"user","content":"{what}"}}]}}"#
    )
}

pub(crate) fn proxy_config(dir: &Path) -> ProxyConfig {
    ProxyConfig {
        payer: key("Alice").account(),
        session_key: key("Dave"),
        data_dir: dir.to_owned(),
        listen: loopback(),
        choice: Choice {
            preference: Preference::Price,
            modes: Vec::new(),
            max_price: None,
            max_unit: None,
            only: Vec::new(),
        },
        spending: Spending {
            per_request: 100_000,
            total: None,
        },
        default_max_tokens: 1_000,
        applications: Vec::new(),
        opening: None,
        max_body: 1 << 20,
        passes: Default::default(),
        attempts: 4,
        voucher_ticks: 10_000,
        patience: Duration::from_secs(10),
        stale_after: Duration::from_secs(60),
        look: Duration::from_millis(100),
    }
}

pub(crate) async fn run_proxy(chain: &TestChain, config: ProxyConfig) -> Running {
    let stop = CancellationToken::new();
    let (listening, at) = oneshot::channel();
    let signed = chain.signed_by(config.payer);
    let task = tokio::spawn({
        let stop = stop.clone();
        async move {
            let announce = |url: &str| listening.send(url.to_owned()).unwrap();
            proxy::run(signed, config, stop, announce).await.unwrap();
        }
    });
    Running {
        url: at.await.unwrap(),
        stop,
        task,
    }
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what}: not within 10 s");
}
