//! The seat: takes its rows of submissions, verifies and keeps them, signs for them, serves them, and answers audits.

mod audit;
mod keeper;
mod metrics;
mod reads;
mod routes;
mod upload;

use std::{collections::HashMap, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use axum::{routing::get, Router};
use noema_chain_client::AccountId;
use noema_transport::{
    serve, Answering, ConnectionLimits, Gate, IdentityError, Options, Patience, Peer, Rate, Tls,
    Turns,
};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;

use crate::{
    bls::{PublicKeyBytes, SeatSecret},
    chain::{Lookup, RowAudits},
    replies::Refusal,
    store::{Budget, Store, StoreError},
};
use metrics::Metrics;
use reads::ReadLimits;
#[cfg(fuzzing)]
pub(crate) use routes::row_indices;

/// How long a finalised block may be the newest one seen before the seat is unhealthy.
const STALE_AFTER: Duration = Duration::from_secs(30);
/// How long a request waits for its turn.
const TURN: Duration = Duration::from_secs(10);

/// Everything a seat is started with.
#[derive(Clone, Debug)]
pub struct SeatConfig {
    /// The provider whose seat it is.
    pub provider: AccountId,
    /// The keys with which it signs: the one that is set on chain, and those before it whose eras are not over.
    pub keys: Vec<SeatSecret>,
    /// Where rows and records are.
    pub data_dir: PathBuf,
    /// Where to answer; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The key that the daemon shows.
    pub tls: Tls,
    /// How much is held.
    pub budget: Budget,
    /// Connections at the same time.
    pub connections: ConnectionLimits,
    /// Uploads at the same time.
    pub max_uploads: usize,
    /// Answers with rows at the same time.
    pub max_downloads: usize,
    /// Bytes in a second that are taken and served; 0 is no limit.
    pub upload_rate: u64,
    /// See `upload_rate`.
    pub download_rate: u64,
    /// How uploads must come on.
    pub pace: UploadPace,
    /// How often a peer is given rows that rebuild a blob, in a round.
    pub reads_per_round: u32,
    /// Bytes that a peer is given in a round.
    pub read_bytes_per_round: u64,
    /// MiB of blobs that are coded once more at the same time; a larger one is coded alone.
    pub coding_mib: usize,
}

/// How slow an upload may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadPace {
    /// What may pass before the first bytes, and between two pieces.
    pub patience: Duration,
    /// Bytes per second, counted from when `patience` is over.
    pub least: u64,
}

impl Default for UploadPace {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(10),
            least: 64 << 10,
        }
    }
}

impl SeatConfig {
    /// With the usual limits.
    pub fn new(provider: AccountId, keys: Vec<SeatSecret>, data_dir: PathBuf) -> Self {
        Self {
            provider,
            keys,
            data_dir,
            listen: SocketAddr::from(([127, 0, 0, 1], 8401)),
            tls: Tls::Plain,
            budget: Budget {
                total: 100 << 30,
                waiting: 25 << 30,
                payer: 256 << 20,
                reserve: 1 << 30,
            },
            connections: ConnectionLimits {
                total: 1024,
                per_peer: 64,
            },
            max_uploads: 32,
            max_downloads: 64,
            upload_rate: 0,
            download_rate: 0,
            pace: UploadPace::default(),
            reads_per_round: 16,
            read_bytes_per_round: 16 << 30,
            coding_mib: 128,
        }
    }
}

/// Why a seat cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SeatError {
    /// The address to answer at cannot be had.
    #[error("cannot listen at {address}: {source}; is another program there?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The rows cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no usable TLS key.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The figures for Prometheus clash.
    #[error("cannot set up metrics: {0}")]
    Metrics(String),
}

/// What all requests and tasks share.
pub(crate) struct Seat<C> {
    lookup: Lookup<C>,
    provider: AccountId,
    keys: HashMap<PublicKeyBytes, SeatSecret>,
    store: Store,
    metrics: Metrics,
    reads: ReadLimits,
    uploads: Turns<Peer>,
    downloads: Turns<Peer>,
    upload_rate: Rate,
    download_rate: Rate,
    pace: UploadPace,
    /// MiB that may be coded at the same time.
    coding: Arc<Semaphore>,
    coding_mib: usize,
    gate: Arc<Gate>,
}

type App<C> = Arc<Seat<C>>;

/// Runs a seat until `stop`. `listening` is called with its endpoint once it answers.
///
/// # Errors
/// When it cannot be started.
pub async fn run<C: RowAudits>(
    chain: C,
    config: SeatConfig,
    stop: CancellationToken,
    listening: impl FnOnce(&str),
) -> Result<(), SeatError> {
    let (genesis, provider, budget) = (chain.genesis(), config.provider, config.budget);
    let dir = config.data_dir.clone();
    let opening = tokio::task::spawn_blocking(move || Store::open(&dir, genesis, provider, budget));
    let (store, opened) = opening.await.map_err(|_| StoreError::Closing)??;
    tracing::info!(
        shards = opened.shards,
        deleted = opened.orphans,
        damaged = opened.damaged_count,
        "the rows are open"
    );
    let identity = config.tls.identity(&config.data_dir)?;
    let answering = Answering::with(identity.as_ref())?;
    let pin = answering.pin;
    let renewing = tokio::spawn(answering.renewing(&config.tls, stop.clone()));
    let metrics = Metrics::new().map_err(|error| SeatError::Metrics(error.to_string()))?;
    let keys = config.keys.into_iter().map(|key| (key.public(), key));
    let app = Arc::new(Seat {
        lookup: Lookup::new(chain),
        provider,
        keys: keys.collect(),
        store,
        metrics,
        reads: ReadLimits::new(config.reads_per_round, config.read_bytes_per_round),
        uploads: Turns::new(config.max_uploads, TURN),
        downloads: Turns::new(config.max_downloads, TURN),
        upload_rate: Rate::new(config.upload_rate),
        download_rate: Rate::new(config.download_rate),
        pace: config.pace,
        coding: Arc::new(Semaphore::new(config.coding_mib)),
        coding_mib: config.coding_mib,
        gate: Gate::new(config.connections),
    });
    let listen_error = |source| SeatError::Listen {
        address: config.listen,
        source,
    };
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(listen_error)?;
    let address = listener.local_addr().map_err(listen_error)?;
    let keeping = tokio::spawn(keeper::run(app.clone(), stop.clone()));
    let auditing = tokio::spawn(audit::run(app.clone(), stop.clone()));
    let endpoint = noema_transport::endpoint(address, pin);
    tracing::info!(%endpoint, %provider, "the seat answers");
    listening(&endpoint);
    let options = Options {
        security: answering.security,
        gate: app.gate.clone(),
        patience: Patience::default(),
    };
    serve(listener, router(app), options, stop).await;
    for (task, what) in [
        (keeping, "keeping"),
        (auditing, "audits"),
        (renewing, "renewal"),
    ] {
        if let Err(error) = task.await {
            tracing::error!(%error, what, "a task broke");
        }
    }
    tracing::info!("stopped");
    Ok(())
}

fn router<C: RowAudits>(app: App<C>) -> Router {
    let counted = axum::middleware::from_fn_with_state(app.metrics.clone(), routes::count);
    Router::new()
        .route("/v1/health", get(routes::health::<C>))
        .route("/v1/info", get(routes::info::<C>))
        .route("/metrics", get(routes::metrics::<C>))
        .route("/v1/submissions/{submission}", get(routes::status::<C>))
        .route(
            "/v1/submissions/{submission}/signature",
            get(routes::signature::<C>),
        )
        .route(
            "/v1/submissions/{submission}/shard",
            axum::routing::put(upload::put_shard::<C>),
        )
        .route("/v1/submissions/{submission}/rows", get(routes::rows::<C>))
        .route(
            "/v1/submissions/{submission}/combinations",
            get(routes::combinations::<C>),
        )
        .fallback(routes::nothing)
        .method_not_allowed_fallback(routes::no_method)
        .layer(counted)
        .with_state(app)
}

/// The number of a submission in a path.
fn number(text: &str) -> Result<u64, Refusal> {
    text.parse().map_err(|_| {
        let message = "expected the number of a submission";
        Refusal::new(
            axum::http::StatusCode::BAD_REQUEST,
            "bad_submission",
            message,
        )
    })
}
