//! The gateway: takes blobs, codes and submits them, sends seats their rows, attests with their signatures, and reads blobs for others.

mod access;
mod book;
mod bundles;
mod cache;
mod disperse;
mod grpc;
mod intake;
mod memory;
mod metrics;
mod record;
mod routes;
mod status;
mod work;

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    routing::{get, post, put},
    Router,
};
use noema_chain_client::Balance;
use noema_da_primitives::Namespace;
use noema_transport::{
    serve, Answering, ConnectionLimits, Gate, IdentityError, Options, Patience as ServerPatience,
    Peer, Rate, Tls, Turns,
};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    chain::{DaCalls, Lookup, SubmissionId},
    client::{BlobReader, Patience, SeatClient},
    disperser,
};
use access::Access;
use book::Book;
pub use book::BookError;
pub use bundles::BundleConfig;
use bundles::Bundles;
use cache::Cache;
pub use intake::{parse_namespace, MOST_DAYS};
use memory::Memory;
use metrics::Metrics;
pub use record::{FailureKind, Request, RequestId, Stage};
use work::Live;

/// How long a finalised block may be the newest one seen before the gateway is unhealthy.
const STALE_AFTER: Duration = Duration::from_secs(30);
/// Messages of the disperser, with a whole blob in each, that are in memory at the same time.
const MESSAGES: usize = 4;
/// How long a request waits for its turn.
const TURN: Duration = Duration::from_secs(10);

/// Everything a gateway is started with.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// Where notes and spool are.
    pub data_dir: PathBuf,
    /// Where to answer; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The key that the daemon shows.
    pub tls: Tls,
    /// Connections at the same time.
    pub connections: ConnectionLimits,
    /// What whoever has it paid for shows; without it, only programs on this machine are served.
    pub token: Option<String>,
    /// Where blobs are listed for which nothing is said.
    pub namespace: Namespace,
    /// Days that are paid for where nothing is said.
    pub days: u8,
    /// What one submission may cost at most.
    pub max_fee: Option<Balance>,
    /// Bytes that may wait to become available.
    pub spool: u64,
    /// Blobs that are taken, and that are read, at the same time.
    pub max_requests: usize,
    /// How long seats may take.
    pub seats: Patience,
    /// How long seats that have not answered are waited for once there is a quorum.
    pub gather: Duration,
    /// How long late seats are waited for after that.
    pub late: Duration,
    /// Blocks after which a transaction of before a restart cannot be included any more.
    pub transactions_live: u32,
    /// When bundles are closed.
    pub bundles: BundleConfig,
}

impl GatewayConfig {
    /// With the usual limits.
    pub fn new(data_dir: PathBuf) -> Self {
        Self {
            data_dir,
            listen: SocketAddr::from(([127, 0, 0, 1], 8402)),
            tls: Tls::Plain,
            connections: ConnectionLimits {
                total: 1024,
                per_peer: 64,
            },
            token: None,
            namespace: Namespace::default(),
            days: 1,
            max_fee: None,
            spool: 4 << 30,
            max_requests: 64,
            seats: Patience::default(),
            gather: Duration::from_secs(2),
            late: Duration::from_secs(60),
            transactions_live: 256,
            bundles: BundleConfig::default(),
        }
    }
}

/// Why a gateway cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GatewayRunError {
    /// The address to answer at cannot be had.
    #[error("cannot listen at {address}: {source}; is another program there?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// What was taken before cannot be read.
    #[error(transparent)]
    Book(#[from] BookError),
    /// There is no usable TLS key.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The figures for Prometheus clash.
    #[error("cannot set up metrics: {0}")]
    Metrics(String),
}

/// What all requests and tasks share.
pub(crate) struct Gateway<C> {
    lookup: Lookup<C>,
    seats: SeatClient,
    reader: BlobReader<C>,
    book: Arc<Book>,
    bundles: Bundles,
    memory: Memory,
    cache: Cache,
    metrics: Metrics,
    access: Access,
    namespace: Namespace,
    days: u8,
    max_fee: Option<Balance>,
    gather: Duration,
    late: Duration,
    transactions_live: u32,
    intake: Turns<Peer>,
    messages: Arc<Semaphore>,
    readers: Turns<Peer>,
    gate: Arc<Gate>,
    live: Mutex<HashMap<RequestId, Arc<Live>>>,
    /// Submissions that belong to a request.
    claimed: Mutex<HashSet<SubmissionId>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

type App<C> = Arc<Gateway<C>>;

impl<C> Gateway<C> {
    fn live(&self) -> MutexGuard<'_, HashMap<RequestId, Arc<Live>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn claimed(&self) -> MutexGuard<'_, HashSet<SubmissionId>> {
        self.claimed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: DaCalls> Gateway<C> {
    /// Begins to work on a blob that is noted.
    fn start(self: &Arc<Self>, request: Request, resumed: bool) {
        let live = Arc::new(Live::default());
        self.live().insert(request.id, live.clone());
        self.metrics.active.inc();
        let app = self.clone();
        self.tasks.spawn(async move {
            let id = request.id;
            let stop = app.stop.clone();
            stop.run_until_cancelled(app.work(request, &live, resumed))
                .await;
            app.live().remove(&id);
            app.metrics.active.dec();
        });
    }

    /// Goes on with what a restart finds.
    fn resume(self: &Arc<Self>, open: Vec<Request>) {
        for request in open {
            match request.stage {
                // It goes on with its bundle.
                Stage::Bundled { .. } => {}
                Stage::Received if request.bundle => self.bundles.put(&request),
                _ => self.start(request, true),
            }
        }
    }
}

/// Runs a gateway until `stop`. `listening` is called with its endpoint once it answers.
///
/// # Errors
/// When it cannot be started.
pub async fn run<C: DaCalls>(
    chain: C,
    config: GatewayConfig,
    stop: CancellationToken,
    listening: impl FnOnce(&str),
) -> Result<(), GatewayRunError> {
    let (genesis, account, dir) = (chain.genesis(), chain.account(), config.data_dir.clone());
    let opening =
        tokio::task::spawn_blocking(move || Book::open(&dir, genesis, account, config.spool));
    let (book, open) = opening.await.map_err(|_| BookError::Closing)??;
    let claimed = book.claimed()?;
    tracing::info!(open = open.len(), "the book is open");
    let identity = config.tls.identity(&config.data_dir)?;
    let answering = Answering::with(identity.as_ref())?;
    let pin = answering.pin;
    let renewing = tokio::spawn(answering.renewing(&config.tls, stop.clone()));
    let metrics = Metrics::new().map_err(|error| GatewayRunError::Metrics(error.to_string()))?;
    let (lookup, seats) = (Lookup::new(chain), SeatClient::new(config.seats));
    let app = Arc::new(Gateway {
        reader: BlobReader::new(lookup.clone(), seats.clone()),
        lookup,
        seats,
        book: Arc::new(book),
        bundles: Bundles::new(config.bundles),
        memory: Memory::default(),
        cache: Cache::default(),
        metrics,
        access: Access::new(config.token.as_deref()),
        namespace: config.namespace,
        days: config.days,
        max_fee: config.max_fee,
        gather: config.gather,
        late: config.late,
        transactions_live: config.transactions_live,
        intake: Turns::new(config.max_requests, TURN),
        messages: Arc::new(Semaphore::new(MESSAGES)),
        readers: Turns::new(config.max_requests, TURN),
        gate: Gate::new(config.connections),
        live: Mutex::default(),
        claimed: Mutex::new(claimed),
        tasks: TaskTracker::new(),
        stop: stop.clone(),
    });
    let listen_error = |source| GatewayRunError::Listen {
        address: config.listen,
        source,
    };
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(listen_error)?;
    let address = listener.local_addr().map_err(listen_error)?;
    app.resume(open);
    let bundling = tokio::spawn(bundles::run(app.clone(), stop.clone()));
    let endpoint = noema_transport::endpoint(address, pin);
    tracing::info!(%endpoint, %account, "the gateway answers");
    listening(&endpoint);
    let options = Options {
        security: answering.security,
        gate: app.gate.clone(),
        patience: ServerPatience::default(),
    };
    serve(listener, router(app.clone()), options, stop).await;
    for (task, what) in [(bundling, "bundling"), (renewing, "renewal")] {
        if let Err(error) = task.await {
            tracing::error!(%error, what, "a task broke");
        }
    }
    app.tasks.close();
    app.tasks.wait().await;
    tracing::info!("stopped");
    Ok(())
}

fn router<C: DaCalls>(app: App<C>) -> Router {
    let counted = axum::middleware::from_fn_with_state(app.metrics.clone(), routes::count);
    let guarded = axum::middleware::from_fn_with_state(app.clone(), routes::guard::<C>);
    let public = Router::new()
        .route("/v1/health", get(routes::health::<C>))
        .route("/v1/info", get(routes::info::<C>))
        .route("/metrics", get(routes::metrics::<C>));
    Router::new()
        .route("/v1/blobs", put(intake::put_blob::<C>))
        .route("/v1/blobs/{id}", get(routes::blob::<C>))
        .route("/v1/blobs/{id}/data", get(routes::blob_data::<C>))
        .route(
            "/v1/submissions/{submission}/data",
            get(routes::submission_data::<C>),
        )
        .route(
            "/v1/submissions/{submission}/members/{member}",
            get(routes::member_data::<C>),
        )
        .route(
            "/v1/submissions/{submission}/sample",
            get(routes::sample::<C>),
        )
        .route(disperser::DISPERSE, post(grpc::disperse::<C>))
        .route(disperser::STATUS, post(grpc::status::<C>))
        .route(disperser::RETRIEVE, post(grpc::retrieve::<C>))
        .route_layer(guarded)
        .merge(public)
        .fallback(routes::nothing)
        .method_not_allowed_fallback(routes::no_method)
        .layer(counted)
        .with_state(app)
}

/// What is served is not slowed down: readers pay with their turns.
fn unlimited() -> Rate {
    Rate::default()
}
