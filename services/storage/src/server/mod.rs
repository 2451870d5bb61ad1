//! The HTTP side of the daemon: HTTP/1.1 and HTTP/2 with prior knowledge on one port.

mod auth;
mod cors;
mod range;
mod routes;
mod upload;

use std::{sync::Arc, time::Duration};

use axum::{routing::get, Router};
use noema_chain_client::{AccountId, Hash, Head};
use noema_transport::{Gate, Peer, Rate, Turns};
use tokio::sync::watch;

use crate::{client::Limits, deny::DenyList, directory::Directory, metrics::Metrics, store::Store};

/// How long a finalised block may be the newest one seen before the daemon is unhealthy.
pub(crate) const STALE_AFTER: Duration = Duration::from_secs(30);
/// How long a request waits for its turn.
pub(crate) const TURN: Duration = Duration::from_secs(10);
/// How long the body of a segment may take.
const BODY_TIME: Duration = Duration::from_secs(60);

/// What all requests share.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) directory: Arc<Directory>,
    pub(crate) heads: watch::Receiver<Head>,
    pub(crate) metrics: Metrics,
    pub(crate) genesis: Hash,
    pub(crate) provider: AccountId,
    pub(crate) operator: AccountId,
    pub(crate) limits: Limits,
    /// Uploads under way, shared by owners.
    pub(crate) uploads: Arc<Turns<AccountId>>,
    /// Answers with data under way, shared by peers.
    pub(crate) downloads: Arc<Turns<Peer>>,
    /// Bytes of data taken and served in a second, whoever sends and reads.
    pub(crate) upload_rate: Rate,
    pub(crate) download_rate: Rate,
    /// Whether the store is scrubbed.
    pub(crate) scrubs: bool,
    /// Who is let in.
    pub(crate) gate: Arc<Gate>,
    /// Roots that this provider does not hold.
    pub(crate) denied: DenyList,
}

/// The routes of the daemon.
pub(crate) fn router(app: App) -> Router {
    let counted = axum::middleware::from_fn_with_state(app.metrics.clone(), routes::count);
    Router::new()
        .route("/v1/health", get(routes::health))
        .route("/v1/info", get(routes::info))
        .route("/metrics", get(routes::metrics))
        .route("/v1/files/{file}", get(routes::file))
        .route(
            "/v1/files/{file}/segments/{index}",
            get(routes::segment).put(upload::put_segment),
        )
        .route("/v1/files/{file}/data", get(routes::data))
        .fallback(routes::nothing)
        .method_not_allowed_fallback(routes::no_method)
        .layer(counted)
        .layer(cors::layer())
        .with_state(app)
}

#[cfg(test)]
mod tests;
