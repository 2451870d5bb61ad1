//! The provider's gateway: takes vouchers, has an engine work, gives receipts, redeems.

mod admission;
mod bodies;
mod directory;
mod jobs;
mod lanes;
mod last;
mod ledger;
mod meter;
mod metrics;
mod passing;
mod public;
mod ready;
mod redeem;
mod routes;
mod services;
mod strikes;
mod work;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use noema_chain_client::{AccountId, ChainError, SigningKey};
use noema_compute_engine::job::Limits;
use noema_compute_primitives::{Hash, ServiceId, VerificationMode};
use noema_transport::{
    endpoint, serve, Answering, ConnectionLimits, Gate, IdentityError, Options, Patience, Tls,
};
use tokio::{net::TcpListener, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use lanes::{Answered, LaneKey, LaneRecord, LaneRefusal};
pub use redeem::RedeemPolicy;
pub use services::{Behind, ServiceConfig};

use crate::{
    chain::{ComputeChain, Constants, Tick},
    engine::EngineError,
    jobs::{JobPool, JobsConfig, JobsError},
    openai::ApiError,
    JournalError,
};
use bodies::Bodies;
use directory::{Directory, Offer, Wanted};
use ledger::Ledger;
use metrics::Metrics;
use services::{ServiceSlot, Worker};
use strikes::Strikes;

/// How long requests under way may take after the gateway is told to stop, before they are cut off and charged.
const DRAIN: Duration = Duration::from_secs(8);
/// How long their receipts may take then.
const LAST_NOTES: Duration = Duration::from_secs(5);
/// Pause between attempts to read the chain at the start.
const START_PAUSE: Duration = Duration::from_secs(1);

/// Everything that a gateway is started with.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// The bonded account.
    pub provider: AccountId,
    /// Signs receipts and demands.
    pub service_key: SigningKey,
    /// Keys that did before: for channels that froze one of them.
    pub old_service_keys: Vec<SigningKey>,
    /// Where the ledger and the TLS key are.
    pub data_dir: PathBuf,
    /// Where to answer; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The key that connections show.
    pub tls: Tls,
    /// Connections at the same time.
    pub connections: ConnectionLimits,
    /// Bytes of a request's body.
    pub max_body: usize,
    /// What is offered.
    pub services: Vec<ServiceConfig>,
    /// How jobs are run, where a service sells them.
    pub jobs: JobsConfig,
    /// Ticks for which a voucher must still be redeemable. A request is cut off when half of them are left.
    pub margin: Tick,
    /// The longest that a request may take.
    pub request_time: Duration,
    /// Ticks for which the price before, or the next, is taken around a change.
    pub price_leniency: Tick,
    /// How old finalised state may be.
    pub stale_after: Duration,
    /// How often the chain is read, and each channel of it.
    pub look: Duration,
    /// When something is redeemed.
    pub redeem: RedeemPolicy,
}

/// Why a gateway does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GatewayError {
    /// The address to answer at cannot be had.
    #[error("cannot listen at {address}: {source}; is another program there?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The ledger cannot be used.
    #[error(transparent)]
    Ledger(#[from] JournalError),
    /// The chain is another than this program knows.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// There is no usable TLS key.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The figures for Prometheus clash.
    #[error("cannot set up metrics: {0}")]
    Metrics(String),
    /// An engine does not begin.
    #[error("the engine of service {service} cannot be used: {source}")]
    Engine {
        /// The service.
        service: ServiceId,
        /// Why.
        source: EngineError,
    },
    /// Jobs cannot be run.
    #[error(transparent)]
    Jobs(#[from] JobsError),
    /// A service that is configured twice.
    #[error("service {0} is configured twice: expected each once")]
    Twice(ServiceId),
}

/// What works, whatever the chain is.
struct Core {
    genesis: Hash,
    service_key: SigningKey,
    old_service_keys: Vec<SigningKey>,
    ledger: Ledger,
    metrics: Metrics,
    strikes: Strikes,
    /// Cancelled when requests under way must end.
    cut: CancellationToken,
}

impl Core {
    fn keys(&self) -> impl Iterator<Item = &SigningKey> {
        std::iter::once(&self.service_key).chain(&self.old_service_keys)
    }

    /// The key of an account, if this gateway has it.
    fn key(&self, account: &AccountId) -> Option<&SigningKey> {
        self.keys().find(|key| key.account() == *account)
    }
}

/// What counts of the configuration while it runs.
struct Settings {
    provider: AccountId,
    margin: Tick,
    request_time: Duration,
    max_body: usize,
    look: Duration,
    redeem: RedeemPolicy,
}

/// A gateway that runs.
struct Gateway<C> {
    chain: C,
    constants: Constants,
    core: Arc<Core>,
    directory: Directory<C>,
    slots: Vec<ServiceSlot>,
    settings: Settings,
    bodies: Arc<Bodies>,
    gate: Arc<Gate>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl<C: ComputeChain> Gateway<C> {
    fn slot(&self, service: ServiceId) -> Result<&ServiceSlot, ApiError> {
        let found = self.slots.iter().find(|slot| slot.service == service);
        found.ok_or_else(|| {
            let message = format!("service {service} is none of this gateway");
            ApiError::not_found("service_unknown", message)
        })
    }

    /// The services that the chain has as they are configured.
    fn offered(&self) -> Vec<(ServiceId, Offer)> {
        let offers = self.slots.iter().filter_map(|slot| {
            let offer = self.directory.offer(slot.service)?;
            Some((slot.service, offer))
        });
        offers.collect()
    }

    /// What an order may ask for of a service, if it sells jobs.
    fn job_limits(&self, service: ServiceId) -> Option<Limits> {
        match &self.slot(service).ok()?.behind {
            Worker::Jobs(pool) => Some(pool.limits()),
            Worker::Engine(_) => None,
        }
    }

    fn verification(&self, service: ServiceId) -> VerificationMode {
        let offer = self.directory.offer(service);
        offer.map_or(VerificationMode::None, |offer| {
            offer.info.descriptor.verification
        })
    }
}

/// Runs a gateway until `stop`. `listening` is called with its endpoint once it answers.
///
/// # Errors
/// When it cannot begin.
pub async fn run<C: ComputeChain>(
    chain: C,
    config: GatewayConfig,
    stop: CancellationToken,
    listening: impl FnOnce(&str),
) -> Result<(), GatewayError> {
    let mut numbers: Vec<_> = config.services.iter().map(|one| one.service).collect();
    numbers.sort_unstable();
    if let Some(twice) = numbers.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(GatewayError::Twice(twice[0]));
    }
    for one in &config.services {
        let prepared = one.prepare().await;
        prepared.map_err(|source| GatewayError::Engine {
            service: one.service,
            source,
        })?;
    }
    let Some(constants) = read_constants(&chain, &stop).await? else {
        return Ok(());
    };
    let genesis = chain.genesis();
    let core = Arc::new(Core {
        genesis,
        service_key: config.service_key,
        old_service_keys: config.old_service_keys,
        ledger: Ledger::open(&config.data_dir, &genesis, &config.provider)?,
        metrics: Metrics::new().map_err(|e| GatewayError::Metrics(e.to_string()))?,
        strikes: Strikes::default(),
        cut: CancellationToken::new(),
    });
    let wanted = Wanted {
        provider: config.provider,
        keys: core.keys().map(SigningKey::account).collect(),
        services: numbers,
        stale_after: config.stale_after,
        price_leniency: config.price_leniency,
    };
    let pool = match config.services.iter().any(ServiceConfig::sells_jobs) {
        true => Some(JobPool::start(config.jobs, chain.clone()).await?),
        false => None,
    };
    let slots = config.services.into_iter();
    let slots = slots.filter_map(|one| ServiceSlot::of(one, pool.as_ref()));
    let gateway = Arc::new(Gateway {
        directory: Directory::new(chain.clone(), wanted),
        chain,
        constants,
        core,
        slots: slots.collect(),
        settings: Settings {
            provider: config.provider,
            margin: config.margin,
            request_time: config.request_time,
            max_body: config.max_body,
            look: config.look,
            redeem: config.redeem,
        },
        bodies: Bodies::new(config.max_body),
        gate: Gate::new(config.connections),
        tasks: TaskTracker::new(),
        stop: stop.clone(),
    });
    if let Err(error) = gateway.directory.refresh(&[], config.look).await {
        tracing::warn!(%error, "the chain cannot be read yet");
    }
    let identity = config.tls.identity(&config.data_dir)?;
    let answering = Answering::with(identity.as_ref())?;
    let renewing = tokio::spawn(answering.renewing(&config.tls, stop.clone()));
    let listen_error = |source| GatewayError::Listen {
        address: config.listen,
        source,
    };
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(listen_error)?;
    let address = listener.local_addr().map_err(listen_error)?;
    let following = tokio::spawn(gateway.clone().follow());
    let at = endpoint(address, answering.pin);
    tracing::info!(endpoint = %at, provider = %config.provider, "answering");
    listening(&at);
    let cutting = tokio::spawn(cut_late(gateway.clone()));
    let options = Options {
        security: answering.security,
        gate: gateway.gate.clone(),
        patience: Patience::default(),
    };
    serve(listener, routes::router(gateway.clone()), options, stop).await;
    gateway.core.cut.cancel();
    gateway.tasks.close();
    if timeout(LAST_NOTES, gateway.tasks.wait()).await.is_err() {
        tracing::warn!("some receipts could not be noted in time; their requests are not charged");
    }
    for (task, what) in [
        (following, "the chain"),
        (renewing, "renewal"),
        (cutting, "the end"),
    ] {
        if let Err(error) = task.await {
            tracing::error!(%error, what, "a task broke");
        }
    }
    tracing::info!("stopped");
    Ok(())
}

/// Cuts requests off that are still under way some time after the stop, so that they are charged while there is time to note it.
async fn cut_late<C: ComputeChain>(gateway: Arc<Gateway<C>>) {
    gateway.stop.cancelled().await;
    tokio::select! {
        () = tokio::time::sleep(DRAIN) => gateway.core.cut.cancel(),
        () = gateway.core.cut.cancelled() => {}
    }
}

/// Reads the constants, however long it takes. None if told to stop meanwhile.
async fn read_constants<C: ComputeChain>(
    chain: &C,
    stop: &CancellationToken,
) -> Result<Option<Constants>, ChainError> {
    loop {
        match chain.constants().await {
            Ok(constants) => return Ok(Some(constants)),
            Err(error @ ChainError::Incompatible { .. }) => return Err(error),
            Err(error) => tracing::warn!(%error, "trying again"),
        }
        tokio::select! {
            () = tokio::time::sleep(START_PAUSE) => {}
            () = stop.cancelled() => return Ok(None),
        }
    }
}
