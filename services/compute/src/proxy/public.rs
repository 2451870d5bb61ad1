//! What an application asks about the proxy itself, and the models that there are.

use axum::{
    extract::{Path, Query, State},
    http::{header, HeaderMap, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    Json,
};
use noema_compute_engine::job::UNIT_FUEL;
use noema_compute_primitives::{Price, ServiceKind};
use serde::Deserialize;
use serde_json::{json, Value};

use super::{
    book::{Found, KeptPage, ReceiptNumber},
    server::{no_candidate, App},
};
use crate::{chain::ComputeChain, openai::ApiError};

/// Receipts in one answer, if nothing is said and at most.
const RECEIPTS: usize = 100;
const MOST_RECEIPTS: usize = 1_000;

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
        .filter(|info| info.descriptor.kind != ServiceKind::Job)
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

/// The services of kind job that suit, those first that are asked first when nothing is known of their providers: the cheapest.
pub(super) async fn jobs<C: ComputeChain>(State(app): State<App<C>>) -> Json<Value> {
    let listing = app.market.listing();
    let mut services: Vec<_> = listing
        .services
        .iter()
        .filter(|info| info.descriptor.kind == ServiceKind::Job && app.market.suits(info))
        .filter(|info| !app.book.is_liar(&info.provider))
        .filter_map(|info| match info.descriptor.price {
            Price::Units { unit } => Some((unit, info)),
            Price::Tokens { .. } => None,
        })
        .collect();
    services.sort_by_key(|(unit, info)| (*unit, info.service));
    let services = services.into_iter().map(|(unit, info)| {
        json!({
            "service": info.service,
            "model": String::from_utf8_lossy(&info.descriptor.model),
            "provider": info.provider,
            "unit_price": unit.to_string(),
            "verification": info.descriptor.verification.label(),
        })
    });
    Json(json!({ "object": "list", "unit_fuel": UNIT_FUEL, "data": services.collect::<Vec<_>>() }))
}

/// Which receipts are asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WhichReceipts {
    before: Option<ReceiptNumber>,
    limit: Option<usize>,
}

/// The receipts that are kept, the newest first. Where applications have keys, each is shown its own.
pub(super) async fn receipts<C: ComputeChain>(
    State(app): State<App<C>>,
    headers: HeaderMap,
    Query(which): Query<WhichReceipts>,
) -> Result<Json<Value>, ApiError> {
    let (application, _) = app.application(&headers)?;
    let own = !app.settings.applications.is_empty();
    let most = which.limit.unwrap_or(RECEIPTS).clamp(1, MOST_RECEIPTS);
    let reading = app.clone();
    let page = tokio::task::spawn_blocking(move || reading.book.kept(which.before, most)).await;
    let page = page
        .map_err(|e| e.to_string())
        .and_then(|page| page.map_err(|e| e.to_string()));
    let KeptPage { items, before } = page.map_err(|error| {
        tracing::error!(%error, "the receipts cannot be read");
        ApiError::unavailable("book", "the proxy cannot read its book")
    })?;
    let items = items.into_iter().filter(|(_, found)| match found {
        Found::Whole(kept) => !own || kept.pending.application == application,
        Found::Receipt(_) => !own,
    });
    let data: Vec<_> = items
        .map(|(number, found)| receipt_json(number, &found))
        .collect();
    Ok(Json(json!({
        "object": "list",
        "genesis": format!("0x{}", hex::encode(app.genesis)),
        "session_key": app.session_key.account(),
        "data": data,
        "before": before,
    })))
}

fn receipt_json(number: ReceiptNumber, found: &Found) -> Value {
    match found {
        Found::Whole(kept) => json!({
            "number": number,
            "time": kept.time,
            "application": kept.pending.application,
            "model": String::from_utf8_lossy(&kept.pending.model),
            "key": kept.pending.key,
            "arrived": kept.arrived,
            "voucher": kept.pending.signed.to_text(),
            "receipt": kept.receipt.to_text(),
        }),
        Found::Receipt(signed) => json!({
            "number": number,
            "time": signed.receipt.time,
            "receipt": signed.to_text(),
        }),
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
