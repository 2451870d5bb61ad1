//! What anybody may ask a gateway.

use axum::{
    extract::State,
    http::{header, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    Json,
};
use noema_compute_primitives::{Price, ServiceKind};
use serde_json::{json, Value};

use super::{admission, routes::App};
use crate::{chain::ComputeChain, wire::JOBS_ROUTE};

pub(super) async fn models<C: ComputeChain>(State(app): State<App<C>>) -> Json<Value> {
    let offered = app.offered().into_iter();
    let models = offered.filter(|(_, offer)| offer.info.descriptor.kind != ServiceKind::Job);
    let models = models.map(|(_, offer)| {
        json!({
            "id": String::from_utf8_lossy(&offer.info.descriptor.model),
            "object": "model",
            "created": 0,
            "owned_by": offer.info.provider,
        })
    });
    Json(json!({ "object": "list", "data": models.collect::<Vec<_>>() }))
}

pub(super) async fn info<C: ComputeChain>(State(app): State<App<C>>) -> Json<Value> {
    let services = app.offered().into_iter().map(|(number, offer)| {
        let descriptor = offer.info.descriptor;
        // What an order may ask for, where jobs are sold.
        let limits = app.job_limits(number).map(|limits| {
            json!({ "fuel": limits.fuel, "memory": limits.memory, "output": limits.output })
        });
        json!({
            "service": number,
            "kind": format!("{:?}", descriptor.kind),
            "model": String::from_utf8_lossy(&descriptor.model),
            "price": price(&descriptor.price),
            "limits": limits,
            "verification": admission::verification(descriptor.verification),
        })
    });
    Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "genesis": format!("0x{}", hex::encode(app.core.genesis)),
        "provider": app.settings.provider,
        "service_key": app.core.service_key.account(),
        "margin_ticks": app.settings.margin,
        "max_body": app.settings.max_body,
        "services": services.collect::<Vec<_>>(),
        "routes": [
            "POST /v1/chat/completions", "POST /v1/embeddings", JOBS_ROUTE, "POST /v1/receipt",
            "GET /v1/models", "GET /v1/info", "GET /v1/health", "GET /metrics",
        ],
    }))
}

fn price(price: &Price) -> Value {
    // Amounts as texts: they do not fit into the numbers of most readers.
    match price {
        Price::Tokens {
            input,
            cached,
            output,
        } => json!({
            "per": "million tokens",
            "input": input.to_string(),
            "cached": cached.to_string(),
            "output": output.to_string(),
        }),
        Price::Units { unit } => json!({ "per": "unit", "unit": unit.to_string() }),
    }
}

pub(super) async fn health<C: ComputeChain>(State(app): State<App<C>>) -> Response {
    let trouble = match app.directory.now() {
        _ if app.core.ledger.works().is_err() => Some("the ledger cannot be written".to_owned()),
        Err(unknown) => Some(unknown.to_string()),
        Ok(_) if app.offered().is_empty() => {
            Some("the chain has none of the configured services".to_owned())
        }
        Ok(_) => None,
    };
    let status = match trouble {
        None => StatusCode::OK,
        Some(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let text = trouble.unwrap_or_else(|| "ok".to_owned());
    (status, Json(json!({ "status": text }))).into_response()
}

pub(super) async fn metrics<C: ComputeChain>(State(app): State<App<C>>) -> Response {
    let metrics = &app.core.metrics;
    metrics.set_connections(&app.gate.stats());
    metrics.set_standing(app.directory.age(), app.core.ledger.works().is_ok());
    let format = HeaderValue::from_static("text/plain; version=0.0.4");
    ([(header::CONTENT_TYPE, format)], metrics.text()).into_response()
}
