//! What an application asks about the proxy itself, and the models that there are.

use axum::{
    extract::{Path, State},
    http::{header, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    Json,
};
use serde_json::{json, Value};

use super::server::{no_candidate, App};
use crate::chain::ComputeChain;

fn model_json<C: ComputeChain>(app: &App<C>, id: &str) -> Option<Value> {
    let listing = app.market.listing();
    let offers: Vec<_> = listing
        .services
        .iter()
        .filter(|info| info.descriptor.model[..] == *id.as_bytes() && app.market.suits(info))
        .map(|info| {
            json!({
                "service": info.service,
                "provider": info.provider,
                "verification": info.descriptor.verification.label(),
            })
        })
        .collect();
    (!offers.is_empty()).then(|| {
        json!({ "id": id, "object": "model", "created": 0, "owned_by": "noema", "noema": offers })
    })
}

pub(super) async fn models<C: ComputeChain>(State(app): State<App<C>>) -> Json<Value> {
    let listing = app.market.listing();
    let mut names: Vec<_> = listing
        .services
        .iter()
        .map(|info| String::from_utf8_lossy(&info.descriptor.model).into_owned())
        .collect();
    names.sort_unstable();
    names.dedup();
    let models: Vec<_> = names
        .iter()
        .filter_map(|name| model_json(&app, name))
        .collect();
    Json(json!({ "object": "list", "data": models }))
}

pub(super) async fn model<C: ComputeChain>(
    State(app): State<App<C>>,
    Path(id): Path<String>,
) -> Response {
    match model_json(&app, &id) {
        Some(model) => Json(model).into_response(),
        None => no_candidate(&app, &id).into_response(),
    }
}

pub(super) async fn health<C: ComputeChain>(State(app): State<App<C>>) -> Response {
    let listing = app.market.listing();
    let (spent, promised) = app.book.totals();
    let age = listing.read_at.map(|at| at.elapsed().as_secs());
    let fresh = age.is_some_and(|age| age <= app.settings.stale_after.as_secs());
    let status = match fresh {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let liars: Vec<_> = app
        .book
        .liars()
        .into_iter()
        .map(|(provider, liar)| json!({ "provider": provider, "reason": liar.reason, "time": liar.time }))
        .collect();
    let unwell: Vec<_> = app
        .market
        .unwell()
        .into_iter()
        .map(|(provider, failures)| json!({ "provider": provider, "failures": failures }))
        .collect();
    let waiting = app.book.orphans().len();
    let health = json!({
        "status": if fresh { "ok" } else { "the chain is not read" },
        "services": listing.services.len(),
        "channels": listing.accounts.values().map(Vec::len).sum::<usize>(),
        "chain_read_seconds_ago": age,
        "spent": spent.to_string(),
        "promised": promised.to_string(),
        "receipts_awaited": waiting,
        "liars": liars,
        "unwell": unwell,
    });
    (status, Json(health)).into_response()
}

pub(super) async fn metrics<C: ComputeChain>(State(app): State<App<C>>) -> Response {
    let format = HeaderValue::from_static("text/plain; version=0.0.4");
    ([(header::CONTENT_TYPE, format)], app.metrics.text()).into_response()
}
