//! Putting the daemon together.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use noema_chain_client::{ChainClient, ChainError, Submitter};
use noema_transport::{
    serve, Answering, Gate, Identity, IdentityError, Options, Patience, Rate, Turns,
};
use tokio::{
    net::TcpListener,
    signal::unix::{signal, SignalKind},
};
use tokio_util::sync::CancellationToken;

use crate::{
    audit::{Auditor, Duties},
    chain_view::OperatorChain,
    client::{Limits, StorageClient},
    config::Config,
    converge::{Converger, Shared},
    directory::Directory,
    frame::MAX_FRAME_LEN,
    metrics::Metrics,
    penalty::Penalties,
    scrub::Scrub,
    server::{self, App},
    store::{Store, StoreError, StoreIdentity},
};

/// Pause between attempts to reach the node at the start.
const CONNECT_PAUSE: Duration = Duration::from_secs(1);

/// Why the daemon cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DaemonError {
    /// The address to answer at cannot be had.
    #[error("cannot listen at {address}: {source}; is another program there?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The node's address is wrong.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The process cannot be told to stop.
    #[error("cannot wait for signals: {0}")]
    Signals(#[source] std::io::Error),
    /// There is no usable TLS key.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The figures for Prometheus clash.
    #[error("cannot set up metrics: {0}")]
    Metrics(String),
}

/// Runs the daemon until SIGTERM or SIGINT. Writes one line to standard output when it answers:
/// `noema-storage answers at ENDPOINT`, with the pin of its key if it has one.
pub async fn run(config: Config) -> Result<(), DaemonError> {
    let stop = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate()).map_err(DaemonError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(DaemonError::Signals)?;
    let stopping = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("told to stop: finishing what is under way");
        stopping.cancel();
    });
    let announce = |endpoint: &str| println!("noema-storage answers at {endpoint}");
    run_until(config, stop, announce).await
}

/// Prints the endpoint that the daemon would announce for the address at which it answers; makes its
/// TLS key if there is none.
pub fn print_endpoint(config: &Config) -> Result<(), DaemonError> {
    let identity = config.tls.identity(&config.data_dir)?;
    let pin = identity.as_ref().map(Identity::pin);
    println!("{}", noema_transport::endpoint(config.listen, pin));
    Ok(())
}

/// Runs the daemon until `stop`. `listening` is called with its endpoint once it answers.
pub async fn run_until(
    config: Config,
    stop: CancellationToken,
    listening: impl FnOnce(&str),
) -> Result<(), DaemonError> {
    let Some(client) = connect(&config.node, &stop).await? else {
        return Ok(());
    };
    let identity = StoreIdentity {
        genesis: client.genesis_hash(),
        provider: config.provider,
    };
    let (data_dir, options) = (config.data_dir.clone(), config.store.clone());
    let opening = tokio::task::spawn_blocking(move || Store::open(&data_dir, identity, options));
    let store = opening.await.map_err(|_| StoreError::Closed)??;
    let tls_identity = config.tls.identity(&config.data_dir)?;
    let answering = Answering::with(tls_identity.as_ref())?;
    let pin = answering.pin;
    let renewing = tokio::spawn(answering.renewing(&config.tls, stop.clone()));
    let metrics = Metrics::new().map_err(|e| DaemonError::Metrics(e.to_string()))?;
    let directory = Arc::new(Directory::new(config.provider, store.clone()));
    let operator = config.operator.account();
    let app = App {
        store: store.clone(),
        directory: directory.clone(),
        heads: client.finalized_heads(),
        metrics: metrics.clone(),
        genesis: client.genesis_hash(),
        provider: config.provider,
        operator,
        limits: Limits {
            max_uploads: config.max_uploads,
            max_downloads: config.max_downloads,
            max_body: MAX_FRAME_LEN,
        },
        uploads: Arc::new(Turns::new(config.max_uploads, server::TURN)),
        downloads: Arc::new(Turns::new(config.max_downloads, server::TURN)),
        upload_rate: Rate::new(config.rates.upload),
        download_rate: Rate::new(config.rates.download),
        scrubs: config.rates.scrub > 0,
        gate: Gate::new(config.connections),
        denied: config.denied.clone(),
    };
    let listen_error = |source| DaemonError::Listen {
        address: config.listen,
        source,
    };
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(listen_error)?;
    let address = listener.local_addr().map_err(listen_error)?;
    let submitter = Submitter::new(client.clone(), config.operator.clone());
    let scrub = Scrub {
        store: store.clone(),
        directory: directory.clone(),
        metrics: metrics.clone(),
        rate: Rate::new(config.rates.scrub),
        interval: config.scrub_interval,
    };
    let shared = Arc::new(Shared {
        chain: OperatorChain::new(client, submitter),
        provider: config.provider,
        operator,
        store,
        directory,
        metrics,
        client: StorageClient::default(),
        penalties: Penalties::default(),
        grace: config.grace,
        pin,
        denied: config.denied,
        pull_rate: Rate::new(config.rates.pull),
    });
    let duties = Duties {
        hand_over: config.hand_over,
        poke_others: config.poke_others,
    };
    let auditor = Auditor::new(shared.clone(), duties);
    let auditing = tokio::spawn(auditor.run(stop.clone()));
    let converging = tokio::spawn(Converger::new(shared).run(stop.clone()));
    let (scrubs, scrub_stop) = (app.scrubs, stop.clone());
    let scrubbing = tokio::spawn(async move {
        match scrubs {
            true => scrub.run(scrub_stop).await,
            false => tracing::warn!("the scrub is off: damage is found when somebody reads it"),
        }
    });
    let endpoint = noema_transport::endpoint(address, pin);
    tracing::info!(%endpoint, provider = %config.provider, %operator, "answering");
    listening(&endpoint);
    let options = Options {
        security: answering.security,
        gate: app.gate.clone(),
        patience: Patience::default(),
    };
    serve(listener, server::router(app), options, stop).await;
    for (task, what) in [
        (converging, "convergence"),
        (auditing, "audits"),
        (renewing, "renewal"),
        (scrubbing, "scrub"),
    ] {
        if let Err(error) = task.await {
            tracing::error!(%error, what, "a task broke");
        }
    }
    tracing::info!("stopped");
    Ok(())
}

/// Connects to the node, however long it takes. `None` if told to stop meanwhile.
async fn connect(node: &str, stop: &CancellationToken) -> Result<Option<ChainClient>, ChainError> {
    loop {
        let connected = tokio::select! {
            connected = ChainClient::connect(node) => connected,
            () = stop.cancelled() => return Ok(None),
        };
        match connected {
            Ok(client) => return Ok(Some(client)),
            Err(error @ ChainError::BadUrl { .. }) => return Err(error),
            Err(error) => tracing::warn!(%error, "trying again"),
        }
        tokio::select! {
            () = tokio::time::sleep(CONNECT_PAUSE) => {}
            () = stop.cancelled() => return Ok(None),
        }
    }
}
