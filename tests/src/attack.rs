//! Connections that mean no good: slow, oversized, malformed, unauthorised.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        atomic::{AtomicU64, Ordering},
        Arc,
    },
    time::Duration,
};

use anyhow::Context;
use noema_chain_client::FileId;
use reqwest::header;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};

/// Pause of an attacker whose connection was ended, before the next.
const PAUSE: Duration = Duration::from_millis(500);
/// How long an attacker keeps one connection at most.
const HOLD: Duration = Duration::from_secs(60);
/// How often a slow attacker sends a byte.
const DRIP: Duration = Duration::from_secs(1);

/// What an attacker does with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Begins a handshake, or a request, and goes on byte by byte.
    Slow,
    /// Sends nothing at all.
    Silent,
    /// Sends what is neither TLS nor HTTP.
    Malformed,
    /// Sends headers of a megabyte.
    LongHeader,
    /// Sends a segment of eight megabytes, without leave.
    LongBody,
    /// Sends a segment without a token, and one with a wrong one.
    Unauthorised,
}

const KINDS: [Kind; 6] = [
    Kind::Slow,
    Kind::Silent,
    Kind::Malformed,
    Kind::LongHeader,
    Kind::LongBody,
    Kind::Unauthorised,
];

/// Attackers at work; they end when this is dropped.
#[derive(Debug)]
pub struct Attack {
    attackers: JoinSet<()>,
    connections: Arc<AtomicU64>,
}

/// What is attacked.
#[derive(Clone, Debug)]
struct Target {
    address: SocketAddr,
    file: FileId,
}

impl Attack {
    /// So many attackers, from addresses of this machine that nobody else uses: half of them from one, the rest from
    /// one each. `address` answers over TLS and has a deal for `file`.
    pub fn start(count: usize, address: SocketAddr, file: FileId) -> anyhow::Result<Self> {
        let connections = Arc::new(AtomicU64::new(0));
        let mut attackers = JoinSet::new();
        for number in 0..count {
            let (target, connections) = (Target { address, file }, connections.clone());
            let from = source(number);
            let kind = KINDS[number % KINDS.len()];
            let http = http(from)?;
            attackers.spawn(async move {
                loop {
                    connections.fetch_add(1, Ordering::Relaxed);
                    // However it ends: that is what the attacked one decides.
                    let _ = timeout(HOLD, attack(kind, from, &target, &http)).await;
                    sleep(PAUSE).await;
                }
            });
        }
        Ok(Self {
            attackers,
            connections,
        })
    }

    /// How many attackers there are.
    pub fn attackers(&self) -> usize {
        self.attackers.len()
    }

    /// How many connections were tried.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }
}

fn source(number: usize) -> IpAddr {
    let [high, low] = u16::try_from(number).unwrap_or(u16::MAX).to_be_bytes();
    IpAddr::V4(match number % 2 {
        0 => Ipv4Addr::new(127, 66, 0, 1),
        _ => Ipv4Addr::new(127, 67, high, low),
    })
}

/// Trusts anybody: it has nothing to lose.
fn http(from: IpAddr) -> anyhow::Result<reqwest::Client> {
    noema_transport::install_crypto();
    reqwest::Client::builder()
        .local_address(from)
        .tls_danger_accept_invalid_certs(true)
        .no_proxy()
        .pool_max_idle_per_host(0)
        .build()
        .context("cannot make an attacker's client")
}

async fn connect(from: IpAddr, to: SocketAddr) -> anyhow::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(from, 0))?;
    Ok(socket.connect(to).await?)
}

async fn attack(
    kind: Kind,
    from: IpAddr,
    target: &Target,
    http: &reqwest::Client,
) -> anyhow::Result<()> {
    let url = format!(
        "https://{}/v1/files/{}/segments/0",
        target.address, target.file
    );
    match kind {
        Kind::Slow => {
            let mut stream = connect(from, target.address).await?;
            // The beginning of a TLS record of 512 bytes.
            stream.write_all(&[22, 3, 1, 2, 0, 1, 0, 1]).await?;
            loop {
                sleep(DRIP).await;
                stream.write_all(&[0]).await?;
            }
        }
        Kind::Silent => {
            let mut stream = connect(from, target.address).await?;
            stream.read_u8().await?;
        }
        Kind::Malformed => {
            let mut stream = connect(from, target.address).await?;
            stream.write_all(&[0xff; 4096]).await?;
            stream.read_to_end(&mut Vec::new()).await?;
        }
        Kind::LongHeader => {
            let long = "x".repeat(1 << 20);
            http.get(url).header("x-long", long).send().await?;
        }
        Kind::LongBody => {
            http.put(url).body(vec![0; 8 << 20]).send().await?;
        }
        Kind::Unauthorised => {
            http.put(&url).body(vec![0; 1 << 10]).send().await?;
            let token = format!("Noema {}", "A".repeat(220));
            http.put(url)
                .header(header::AUTHORIZATION, token)
                .body(vec![0; 1 << 10])
                .send()
                .await?;
        }
    }
    Ok(())
}
