//! Networks of seats and a gateway in this process.

use std::{path::Path, time::Duration};

use bytes::Bytes;
use noema_chain_client::AccountId;
use noema_da::{
    chain::{Lookup, SubmissionId},
    client::{BlobReader, GatewayClient, Patience, PutOptions, SeatClient},
    gateway::{self, GatewayConfig},
    seat::{self, SeatConfig},
    wire::{BlobState, BlobStatus},
};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::chain::*;

/// How long a test waits for something that must come.
const SOON: Duration = Duration::from_secs(60);

/// Bytes that repeat nowhere nearby.
pub(crate) fn data(size: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let mut bytes: Vec<u8> = (0..size.div_ceil(8)).flat_map(|_| next()).collect();
    bytes.truncate(size);
    bytes
}

/// A daemon in this process.
pub(crate) struct Running {
    pub(crate) endpoint: String,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

pub(crate) fn seat_config(n: u8, dir: &Path) -> SeatConfig {
    let mut config = SeatConfig::new(account(n), vec![secret(n)], dir.to_owned());
    config.listen = "127.0.0.1:0".parse().unwrap();
    config.budget.reserve = 0;
    config.reads_per_round = 1;
    config.connections.per_peer = 256;
    config
}

pub(crate) fn patience() -> Patience {
    Patience {
        connect: Duration::from_secs(2),
        answer: Duration::from_secs(20),
        least: 64 << 10,
    }
}

pub(crate) fn gateway_config(dir: &Path) -> GatewayConfig {
    let mut config = GatewayConfig::new(dir.to_owned());
    config.listen = "127.0.0.1:0".parse().unwrap();
    config.seats = patience();
    config.gather = Duration::from_millis(500);
    config.late = Duration::from_millis(500);
    config.transactions_live = 5;
    config
}

/// Starts a seat, and announces it on chain.
pub(crate) async fn start_seat(chain: &MemoryChain, config: SeatConfig) -> Running {
    let provider = config.provider;
    let running = start(|stop, announce| {
        let chain = chain.clone();
        async move {
            seat::run(chain, config, stop, announce).await.unwrap();
        }
    })
    .await;
    let endpoint = running.endpoint.clone();
    chain.change(|state| state.endpoints.insert(provider, endpoint));
    running
}

pub(crate) async fn start_gateway(chain: &MemoryChain, config: GatewayConfig) -> Running {
    start(|stop, announce| {
        let chain = chain.clone();
        async move {
            gateway::run(chain, config, stop, announce).await.unwrap();
        }
    })
    .await
}

async fn start<F, R>(run: F) -> Running
where
    F: FnOnce(CancellationToken, Box<dyn FnOnce(&str) + Send>) -> R,
    R: std::future::Future<Output = ()> + Send + 'static,
{
    let stop = CancellationToken::new();
    let (told, told_of) = oneshot::channel();
    let announce = move |endpoint: &str| told.send(endpoint.to_owned()).unwrap();
    let task = tokio::spawn(run(stop.clone(), Box::new(announce)));
    Running {
        endpoint: told_of.await.unwrap(),
        stop,
        task,
    }
}

/// Seats, a gateway and a chain that makes blocks.
pub(crate) struct Network {
    pub(crate) chain: MemoryChain,
    pub(crate) seats: Vec<Running>,
    pub(crate) gateway: Option<Running>,
    pub(crate) dir: TempDir,
    _blocks: AbortOnDropHandle<()>,
}

impl Network {
    pub(crate) async fn new(stakes: &[u128]) -> Self {
        Self::with(stakes, |_, _| {}, |_| {}).await
    }

    /// Seats of which each is set by the first, and a gateway set by the second.
    pub(crate) async fn with(
        stakes: &[u128],
        mut set: impl FnMut(usize, &mut SeatConfig),
        set_gateway: impl FnOnce(&mut GatewayConfig),
    ) -> Self {
        let (chain, dir) = (MemoryChain::new(stakes), tempfile::tempdir().unwrap());
        let mut seats = Vec::new();
        for seat in 0..stakes.len() {
            let path = dir.path().join(format!("seat{seat}"));
            let mut config = seat_config(seat as u8 + 1, &path);
            set(seat, &mut config);
            seats.push(start_seat(&chain, config).await);
        }
        let mut config = gateway_config(&dir.path().join("gateway"));
        set_gateway(&mut config);
        let gateway = Some(start_gateway(&chain, config).await);
        Self {
            _blocks: chain.run(),
            chain,
            seats,
            gateway,
            dir,
        }
    }

    pub(crate) fn client(&self) -> GatewayClient {
        let gateway = self.gateway.as_ref().unwrap();
        GatewayClient::new(gateway.endpoint.clone(), None)
    }

    pub(crate) fn reader(&self) -> BlobReader<MemoryChain> {
        reader(&self.chain)
    }

    /// Gives the gateway a blob, and waits for what becomes of it.
    pub(crate) async fn put(&self, blob: &[u8]) -> BlobStatus {
        let client = self.client();
        let status = put(&client, blob, PutOptions::default()).await;
        settled(&client, &status.id).await
    }

    pub(crate) async fn stop(self) {
        if let Some(gateway) = self.gateway {
            gateway.stop().await;
        }
        for seat in self.seats {
            seat.stop().await;
        }
    }
}

pub(crate) fn reader(chain: &MemoryChain) -> BlobReader<MemoryChain> {
    BlobReader::new(Lookup::new(chain.clone()), SeatClient::new(patience()))
}

pub(crate) async fn put(client: &GatewayClient, blob: &[u8], options: PutOptions) -> BlobStatus {
    let size = blob.len() as u64;
    let pieces: Vec<_> = blob
        .chunks(64 << 10)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    let pieces = futures::stream::iter(pieces);
    client.put(pieces, size, options).await.unwrap()
}

/// Waits until a blob stays as it is.
pub(crate) async fn settled(client: &GatewayClient, id: &str) -> BlobStatus {
    until(|| async {
        let status = client.status(id).await.unwrap();
        status.state.is_final().then_some(status)
    })
    .await
}

/// Waits until a blob is this far.
pub(crate) async fn reached(client: &GatewayClient, id: &str, state: BlobState) -> BlobStatus {
    until(|| async {
        let status = client.status(id).await.unwrap();
        (status.state == state).then_some(status)
    })
    .await
}

/// Asks again and again, until there is an answer.
pub(crate) async fn until<T, F, R>(mut ask: F) -> T
where
    F: FnMut() -> R,
    R: std::future::Future<Output = Option<T>>,
{
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let answer = tokio::time::timeout(SOON, asking).await;
    answer.expect("what must come does not come")
}

/// The text of a page of a daemon over plain HTTP.
pub(crate) async fn page(running: &Running, path: &str) -> (u16, String) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/{path}", running.endpoint);
    let response = client.get(url).send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.text().await.unwrap())
}

/// The value of a figure.
pub(crate) async fn figure(running: &Running, name: &str) -> f64 {
    let (_, text) = page(running, "metrics").await;
    let line = text.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.rsplit(' ').next());
    value.map_or(0.0, |value| value.parse().unwrap())
}

pub(crate) fn provider(n: usize) -> AccountId {
    account(n as u8 + 1)
}

pub(crate) fn submission_of(status: &BlobStatus) -> SubmissionId {
    status.submission.unwrap()
}
