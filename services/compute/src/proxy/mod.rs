//! The buyer's proxy: OpenAI's interface on the user's own machine, answered by providers who are paid and checked.

mod ask;
mod asking;
mod book;
mod follow;
mod guard;
mod lanes;
mod market;
mod metrics;
mod opening;
mod public;
mod resolve;
mod response;
mod server;
mod spending;
mod stream;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use noema_chain_client::{AccountId, SigningKey};
use noema_compute_primitives::{Hash, LaneId};
use noema_transport::{serve, Clients, ConnectionLimits, Gate, Options, Patience, Security};
use tokio::{net::TcpListener, sync::Mutex, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use book::{Liar, Spending};
pub use lanes::{BuyerLane, Pending};
pub use market::{Choice, Preference};

use crate::{
    chain::{ComputeChain, Tick},
    openai::Passes,
    JournalError,
};
use book::Book;
use market::Market;
use metrics::Metrics;
use opening::Openings;

/// How long an application may take for a piece of a stream.
pub(crate) const PIECE_TIME: Duration = Duration::from_secs(30);
/// How long a provider may take to take a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// How long streams may take after the proxy is told to stop.
const DRAIN: Duration = Duration::from_secs(5);

/// A program that may use the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Its name, under which what it spends is counted.
    pub name: String,
    /// SHA-256 of the key that it sends.
    pub key_hash: [u8; 32],
    /// The most that it may spend, in units, since the book was begun.
    pub limit: Option<u128>,
}

/// How channels are opened where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpeningPolicy {
    /// Units that are reserved, at most.
    pub cap: u128,
    /// Requests at the same time.
    pub lanes: LaneId,
    /// For how many ticks the session key is good.
    pub ticks: Tick,
    /// Whether no more is reserved than the provider's bond covers for certain.
    pub covered_only: bool,
    /// Units that are reserved in all channels of the session key, at most, when one is opened.
    pub total: u128,
}

/// Everything that a proxy is started with.
#[derive(Clone, Debug)]
pub struct ProxyConfig {
    /// Whose channels pay.
    pub payer: AccountId,
    /// Signs vouchers.
    pub session_key: SigningKey,
    /// Where the book is.
    pub data_dir: PathBuf,
    /// Where to answer: loopback; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Who is asked.
    pub choice: Choice,
    /// What may be spent.
    pub spending: Spending,
    /// Tokens of output that are paid for at most where a request does not say.
    pub default_max_tokens: u64,
    /// Programs that may use it; any on this machine when it is empty.
    pub applications: Vec<Application>,
    /// How channels are opened; they are not when it is None.
    pub opening: Option<OpeningPolicy>,
    /// Bytes of a request's body.
    pub max_body: usize,
    /// Which members of requests are sent on, beside those that OpenAI's interface has.
    pub passes: Passes,
    /// Providers that are asked for one request.
    pub attempts: usize,
    /// Ticks for which a voucher can be redeemed.
    pub voucher_ticks: Tick,
    /// How long a provider may think before an answer begins, and between two pieces of it.
    pub patience: Duration,
    /// How old finalised state may be before the proxy says that it is unwell.
    pub stale_after: Duration,
    /// How often the chain is read.
    pub look: Duration,
}

/// Why a proxy does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The address is not this machine's alone.
    #[error("the proxy would answer at {0}, which others reach, and pay for them: expected a loopback address")]
    NotLoopback(SocketAddr),
    /// The address to answer at cannot be had.
    #[error("cannot listen at {address}: {source}; is another program there?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The book cannot be used.
    #[error(transparent)]
    Book(#[from] JournalError),
    /// The figures for Prometheus clash.
    #[error("cannot set up metrics: {0}")]
    Metrics(String),
}

/// What counts of the configuration while it runs.
struct Settings {
    default_max_tokens: u64,
    per_request: u128,
    applications: Vec<Application>,
    opening: Option<OpeningPolicy>,
    max_body: usize,
    passes: Passes,
    attempts: usize,
    voucher_ticks: Tick,
    patience: Duration,
    stale_after: Duration,
    look: Duration,
}

/// A proxy that runs.
struct Proxy<C> {
    chain: C,
    genesis: Hash,
    session_key: SigningKey,
    market: Market<C>,
    book: Arc<Book>,
    clients: Clients,
    metrics: Metrics,
    settings: Settings,
    /// Held by whoever opens a channel.
    opening: Mutex<Openings>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// Runs a proxy until `stop`. `listening` is called with its address once it answers.
///
/// # Errors
/// When it cannot begin.
pub async fn run<C: ComputeChain>(
    chain: C,
    config: ProxyConfig,
    stop: CancellationToken,
    listening: impl FnOnce(&str),
) -> Result<(), ProxyError> {
    if !config.listen.ip().is_loopback() {
        return Err(ProxyError::NotLoopback(config.listen));
    }
    let genesis = chain.genesis();
    let key = config.session_key.account();
    let book = Book::open(
        &config.data_dir,
        &genesis,
        &config.payer,
        &key,
        config.spending,
    )?;
    let user_agent = concat!("noema-compute/", env!("CARGO_PKG_VERSION"));
    let proxy = Arc::new(Proxy {
        market: Market::new(chain.clone(), config.payer, key, config.choice),
        chain,
        genesis,
        session_key: config.session_key,
        book,
        clients: Clients::new(user_agent, CONNECT),
        metrics: Metrics::new().map_err(|e| ProxyError::Metrics(e.to_string()))?,
        settings: Settings {
            default_max_tokens: config.default_max_tokens,
            per_request: config.spending.per_request,
            applications: config.applications,
            opening: config.opening,
            max_body: config.max_body,
            passes: config.passes,
            attempts: config.attempts,
            voucher_ticks: config.voucher_ticks,
            patience: config.patience,
            stale_after: config.stale_after,
            look: config.look,
        },
        opening: Mutex::default(),
        tasks: TaskTracker::new(),
        stop: stop.clone(),
    });
    if let Err(error) = proxy.market.refresh().await {
        tracing::warn!(%error, "the chain cannot be read yet");
    }
    let listen_error = |source| ProxyError::Listen {
        address: config.listen,
        source,
    };
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(listen_error)?;
    let address = listener.local_addr().map_err(listen_error)?;
    let following = tokio::spawn(proxy.clone().follow());
    let resolving = tokio::spawn(proxy.clone().resolve_all());
    let at = format!("http://{address}/v1");
    tracing::info!(url = %at, payer = %config.payer, "answering");
    listening(&at);
    let options = Options {
        security: Security::Plain,
        gate: Gate::new(ConnectionLimits {
            total: 4096,
            per_peer: 4096,
        }),
        patience: Patience::default(),
    };
    serve(listener, server::router(proxy.clone()), options, stop).await;
    proxy.tasks.close();
    if timeout(DRAIN, proxy.tasks.wait()).await.is_err() {
        tracing::warn!(
            "some streams did not end in time; their receipts are asked for at the next start"
        );
    }
    for (task, what) in [(following, "the chain"), (resolving, "receipts")] {
        if let Err(error) = task.await {
            tracing::error!(%error, what, "a task broke");
        }
    }
    tracing::info!("stopped");
    Ok(())
}
