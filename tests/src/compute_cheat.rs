//! A provider of the compute market that lies: a server before the real gateway, with the provider's own service key. What it does to answers and receipts is written once, for the tests of
//! `services/compute` as well.

#[path = "../../services/compute/tests/market/cheating.rs"]
mod cheating;

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    routing::{get, put},
    Router,
};
use noema_chain_client::SigningKey;
use tokio::net::TcpListener;

use cheating::{Cheat, Way};

/// The names of all ways to cheat.
pub fn ways() -> Vec<String> {
    Way::ALL.iter().map(ToString::to_string).collect()
}

/// Answers at `listen` until it is ended, honest at first: `PUT /cheat/{way}` changes that, `GET /cheat` answers with the number of vouchers that passed by. `announce` is told where it answers.
pub async fn run(
    behind: &str,
    key: SigningKey,
    genesis: [u8; 32],
    listen: SocketAddr,
    announce: impl FnOnce(&str),
) -> anyhow::Result<()> {
    let cheat = Cheat::new(behind, key, genesis, Way::None.tamper());
    let control = Router::new()
        .route("/cheat", get(count))
        .route("/cheat/{way}", put(set))
        .with_state(cheat.clone());
    let router = control.merge(cheat.router());
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("--listen {listen}"))?;
    announce(&format!("http://{}", listener.local_addr()?));
    Ok(axum::serve(listener, router).await?)
}

async fn count(State(cheat): State<Arc<Cheat>>) -> String {
    cheat.vouchers().len().to_string()
}

async fn set(State(cheat): State<Arc<Cheat>>, Path(way): Path<String>) -> (StatusCode, String) {
    match way.parse::<Way>() {
        Ok(way) => {
            cheat.set(way.tamper());
            (StatusCode::NO_CONTENT, String::new())
        }
        Err(reason) => (StatusCode::BAD_REQUEST, reason),
    }
}
