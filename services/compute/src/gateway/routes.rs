//! The routes. What is not listed here does not exist.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::{Request, State},
    http::{header, HeaderValue, Method, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
    routing::{get, post},
    Json, Router,
};
use noema_compute_primitives::Voucher;
use noema_transport::Fault;
use serde_json::json;
use tokio::sync::oneshot;
use tower_http::cors::{Any, CorsLayer};

use super::{
    admission, jobs,
    lanes::{LaneKey, LaneRefusal},
    last,
    ledger::Refusal,
    public,
    ready::{names_model, place, Ready},
    redeem::last_tick,
    services::{ServiceSlot, Worker},
    work::{Given, Job, Task},
    Gateway,
};
use crate::{
    bounds::affordable_output,
    chain::ComputeChain,
    engine::{Engine, EngineRequest},
    openai::{ApiError, ErrorCode, ParsedRequest, Route},
    wire::{PaidRoute, JOBS_PATH, RECEIPT_HEADER, VOUCHER_HEADER},
    SignedReceipt,
};

/// How long a browser may remember what is allowed.
const MAX_AGE: Duration = Duration::from_secs(2 * 60 * 60);

/// Where receipts are asked for.
pub(super) const RECEIPT_PATH: &str = "/v1/receipt";

pub(super) type App<C> = Arc<Gateway<C>>;

/// Everything that the gateway answers.
pub(super) fn router<C: ComputeChain>(app: App<C>) -> Router {
    let counted = axum::middleware::from_fn_with_state(app.clone(), count::<C>);
    Router::new()
        .route(Route::Chat.path(), post(chat::<C>))
        .route(Route::Embeddings.path(), post(embeddings::<C>))
        .route(JOBS_PATH, post(job::<C>))
        .route(RECEIPT_PATH, post(receipt::<C>))
        .route("/v1/models", get(public::models::<C>))
        .route("/v1/info", get(public::info::<C>))
        .route("/v1/health", get(public::health::<C>))
        .route("/metrics", get(public::metrics::<C>))
        .fallback(nothing)
        .method_not_allowed_fallback(no_method)
        .layer(counted)
        .layer(cors())
        .with_state(app)
}

/// Pages of any origin may use the gateway: what it does is allowed by a signed voucher, never by something that a browser adds by itself.
fn cors() -> CorsLayer {
    let header = |name| header::HeaderName::from_static(name);
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::CONTENT_TYPE, header(VOUCHER_HEADER)])
        .expose_headers([
            header::RETRY_AFTER,
            header(RECEIPT_HEADER),
            header("noema-verification"),
        ])
        .max_age(MAX_AGE)
}

async fn nothing() -> ApiError {
    ApiError::not_found(
        "no_route",
        "there is no such route; GET /v1/info lists them",
    )
}

async fn no_method() -> ApiError {
    ApiError {
        status: StatusCode::METHOD_NOT_ALLOWED,
        ..ApiError::invalid("no_method", "this route does not know the method")
    }
}

/// Counts requests by route and status, both from fixed sets.
async fn count<C: ComputeChain>(
    State(app): State<App<C>>,
    request: Request,
    next: Next,
) -> Response {
    let route = match request.uri().path() {
        "/v1/chat/completions" => "chat",
        "/v1/embeddings" => "embeddings",
        JOBS_PATH => "jobs",
        RECEIPT_PATH => "receipt",
        "/v1/models" => "models",
        "/v1/info" => "info",
        "/v1/health" => "health",
        "/metrics" => "metrics",
        _ => "other",
    };
    let mut response = next.run(request).await;
    let status = response.status();
    app.core.metrics.request(route, status.as_str());
    if status == StatusCode::PAYMENT_REQUIRED
        && response
            .extensions()
            .get::<ErrorCode>()
            .is_some_and(is_fault)
    {
        // Whoever goes on with such vouchers is barred, as with other requests that are none.
        response.extensions_mut().insert(Fault);
    }
    response
}

/// Whether an honest client has no cause to send what is refused with this code; or so seldom that the gate overlooks it.
fn is_fault(code: &ErrorCode) -> bool {
    matches!(
        code.0,
        "voucher_missing"
            | "voucher_malformed"
            | "bad_signature"
            | "wrong_request"
            | "wrong_service"
            | "lane_unknown"
            | "channel_unknown"
    )
}

async fn chat<C: ComputeChain>(state: State<App<C>>, request: Request) -> Response {
    paid(&state.0, PaidRoute::Model(Route::Chat), request).await
}

async fn embeddings<C: ComputeChain>(state: State<App<C>>, request: Request) -> Response {
    paid(&state.0, PaidRoute::Model(Route::Embeddings), request).await
}

async fn job<C: ComputeChain>(state: State<App<C>>, request: Request) -> Response {
    paid(&state.0, PaidRoute::Jobs, request).await
}

async fn paid<C: ComputeChain>(app: &App<C>, asked: PaidRoute, request: Request) -> Response {
    match admit(app, asked, request).await {
        Ok(job) => {
            let voucher = job.payer.signed.voucher;
            let mode = app.verification(voucher.service);
            let over = Box::pin(app.clone().over(voucher));
            let (given, taken) = oneshot::channel();
            // Apart from the connection: whoever hangs up does not end the note of the receipt.
            app.tasks.spawn(job.run(over, given));
            let given = taken
                .await
                .unwrap_or_else(|_| Given::lost("the work broke off"));
            given.into_response(admission::verification(mode))
        }
        Err(refused) => refused.into_response(),
    }
}

impl<C: ComputeChain> Gateway<C> {
    /// Ends when a request must: after the longest time that it may take, or when what it costs must be redeemed soon, as far as is known then. Whoever reads slowly, or whose engine writes
    /// slowly, does not outlast the voucher.
    async fn over(self: Arc<Self>, voucher: Voucher) {
        let until = Instant::now() + self.settings.request_time;
        let reserve = self.settings.margin.div_ceil(2);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(self.settings.look)).await;
            let (Ok(now), Some(info)) =
                (self.directory.now(), self.directory.seen(voucher.channel))
            else {
                continue;
            };
            if last_tick(&voucher, &info) <= now.saturating_add(reserve) {
                return;
            }
        }
    }
}

/// Why a request is not worked on.
pub(super) enum Refused {
    Error(ApiError),
    /// It was, before.
    Answered(Box<SignedReceipt>),
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Error(error) => error.into_response(),
            Self::Answered(receipt) => {
                let message = "the request of this voucher is answered: here is its receipt, and no answer a second time";
                let error = ApiError::conflict("already_answered", message);
                with_receipt(error.into_response(), &receipt)
            }
        }
    }
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self::Error(error)
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Lane(LaneRefusal::Answered(receipt)) => Self::Answered(receipt),
            other => Self::Error(other.into()),
        }
    }
}

/// Everything before the work, in the order of the design.
async fn admit<C: ComputeChain>(
    app: &App<C>,
    asked: PaidRoute,
    request: Request,
) -> Result<Job, Refused> {
    if app.core.cut.is_cancelled() || app.stop.is_cancelled() {
        return Err(ApiError::unavailable("stopping", "the gateway is stopping").into());
    }
    let (parts, body) = request.into_parts();
    admission::no_query(&parts.uri)?;
    admission::plain_json(&parts.headers)?;
    let signed = admission::voucher(&parts.headers)?;
    let slot = app.slot(signed.voucher.service)?;
    let payer = admission::payer(
        &app.directory,
        &app.core.genesis,
        signed,
        |channel, session| {
            admission::terms(
                &app.directory,
                asked,
                app.settings.margin,
                &signed,
                channel,
                session,
            )
        },
    )
    .await?;
    if let Some(wait) = app
        .core
        .strikes
        .wait(signed.voucher.channel, Instant::now())
    {
        let message = format!("requests of the channel took longer than can be charged; ask for less at once, in {} s", wait.as_secs() + 1);
        return Err(ApiError::busy("too_costly", message).into());
    }
    // What is known without the body costs a client that is mistaken no upload.
    let key = LaneKey::of(&signed.voucher);
    if let Some(lane) = app.core.ledger.lane(&key) {
        lane.expects(&signed.voucher).map_err(Refusal::from)?;
    }
    let (body, permit) = app.bodies.read(key, &parts.headers, body).await?;
    let ready = Ready {
        payer,
        body,
        permit,
    };
    ready.binds(asked)?;
    match (asked, &slot.behind) {
        (PaidRoute::Model(route), Worker::Engine(engine)) => {
            prepare(app, slot, route, engine.clone(), ready).await
        }
        (PaidRoute::Jobs, Worker::Jobs(pool)) => {
            jobs::prepare(app, slot, pool.clone(), ready).await
        }
        _ => {
            let message = "the gateway is not set up for services of this kind under this number; its operator can see why";
            tracing::error!(
                service = signed.voucher.service,
                "the chain has the service as of another kind than its engine is"
            );
            Err(ApiError::unavailable("wrong_engine", message).into())
        }
    }
}

async fn prepare<C: ComputeChain>(
    app: &App<C>,
    slot: &ServiceSlot,
    route: Route,
    engine: Arc<dyn Engine>,
    ready: Ready,
) -> Result<Job, Refused> {
    let Ready {
        payer,
        body,
        permit,
    } = ready;
    let voucher = payer.signed.voucher;
    let parsed = ParsedRequest::parse(route, &body).map_err(ApiError::from)?;
    parsed.passes(&slot.passes).map_err(ApiError::from)?;
    names_model(slot, &parsed.model)?;
    let body_bytes = body.len() as u64;
    let affordable = affordable_output(&voucher.price, voucher.maximum, body_bytes)
        .map(|tokens| tokens / parsed.limits.choices)
        .filter(|tokens| route != Route::Chat || *tokens > 0);
    let Some(max_tokens) = affordable else {
        let message =
            "the maximum does not cover the input that the request can have, and a token of output";
        return Err(ApiError::payment("maximum_too_low", message).into());
    };
    let place = place(slot).await?;
    let request = EngineRequest {
        route,
        stream: parsed.stream,
        body: parsed.for_engine(max_tokens).into(),
    };
    let include_usage = parsed.include_usage;
    let asked = parsed.limits.max_tokens.unwrap_or(u64::MAX).min(max_tokens);
    let max_output = asked.saturating_mul(parsed.limits.choices);
    Ok(Job {
        core: app.core.clone(),
        task: Task::Model { engine, request },
        payer,
        model: slot.model.clone(),
        body_bytes,
        max_output,
        include_usage,
        _place: place,
        body: permit,
    })
}

/// The receipt of a lane's last request; ends the next if it never came.
async fn receipt<C: ComputeChain>(State(app): State<App<C>>, request: Request) -> Response {
    match last::last_receipt(&app, request).await {
        Ok(receipt) => {
            let body = json!({
                "object": "receipt",
                "nonce": receipt.receipt.nonce,
                "amount": receipt.receipt.amount.to_string(),
                "cumulative": receipt.receipt.cumulative.to_string(),
            });
            with_receipt(Json(body).into_response(), &receipt)
        }
        Err(error) => error.into_response(),
    }
}

pub(super) fn with_receipt(mut response: Response, receipt: &SignedReceipt) -> Response {
    if let Ok(value) = HeaderValue::try_from(receipt.to_text()) {
        response.headers_mut().insert(RECEIPT_HEADER, value);
    }
    response
}
