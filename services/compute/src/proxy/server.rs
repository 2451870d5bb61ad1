//! What applications ask: OpenAI's interface on the user's own machine.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{header, HeaderMap, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
    Router,
};
use bytes::Bytes;
use futures::stream;
use noema_chain_client::AccountId;
use noema_compute_engine::form::Order;
use noema_compute_primitives::request_hash;
use sha2::{Digest, Sha256};
use tokio::{sync::mpsc, time::timeout};

use super::{
    ask::{Began, Failure, Good, Outcome},
    asking::{Asking, Work},
    book::BookRefusal,
    guard,
    market::Candidate,
    public, Proxy,
};
use crate::{
    chain::ComputeChain,
    openai::{ApiError, ErrorKind, ParsedRequest, Route},
    wire::{PaidRoute, JOBS_PATH, RECEIPT_HEADER},
};

/// Pieces that wait for a reader.
const PIECES: usize = 32;

pub(super) type App<C> = Arc<Proxy<C>>;

/// Everything that the proxy answers.
pub(super) fn router<C: ComputeChain>(app: App<C>) -> Router {
    let guarded = axum::middleware::from_fn_with_state(app.clone(), guard::guard::<C>);
    Router::new()
        .route(Route::Chat.path(), post(chat::<C>))
        .route(Route::Embeddings.path(), post(embeddings::<C>))
        .route(JOBS_PATH, get(public::jobs::<C>).post(job::<C>))
        .route("/v1/receipts", get(public::receipts::<C>))
        .route("/v1/models", get(public::models::<C>))
        .route("/v1/models/{*model}", get(public::model::<C>))
        .route("/health", get(public::health::<C>))
        .route("/metrics", get(public::metrics::<C>))
        .fallback(nothing)
        .method_not_allowed_fallback(no_method)
        .layer(guarded)
        .with_state(app)
}

async fn nothing() -> ApiError {
    ApiError::not_found("no_route", "there is no such route")
}

async fn no_method() -> ApiError {
    ApiError {
        status: StatusCode::METHOD_NOT_ALLOWED,
        ..ApiError::invalid("no_method", "this route does not know the method")
    }
}

async fn chat<C: ComputeChain>(state: State<App<C>>, request: Request) -> Response {
    answer(state.0, PaidRoute::Model(Route::Chat), request).await
}

async fn embeddings<C: ComputeChain>(state: State<App<C>>, request: Request) -> Response {
    answer(state.0, PaidRoute::Model(Route::Embeddings), request).await
}

async fn job<C: ComputeChain>(state: State<App<C>>, request: Request) -> Response {
    answer(state.0, PaidRoute::Jobs, request).await
}

async fn answer<C: ComputeChain>(app: App<C>, route: PaidRoute, request: Request) -> Response {
    match read(&app, route, request).await {
        Ok(asking) => serve(app, asking)
            .await
            .unwrap_or_else(IntoResponse::into_response),
        Err(error) => error.into_response(),
    }
}

impl<C: ComputeChain> Proxy<C> {
    /// The application that asks: its name, and what it may spend.
    pub(super) fn application(
        &self,
        headers: &HeaderMap,
    ) -> Result<(String, Option<u128>), ApiError> {
        let applications = &self.settings.applications;
        if applications.is_empty() {
            return Ok((String::new(), None));
        }
        let value = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let key = value
            .and_then(|value| value.strip_prefix("Bearer "))
            .unwrap_or_default();
        // Compared as hashes: how long that takes tells nothing of the key.
        let hash: [u8; 32] = Sha256::digest(key.as_bytes()).into();
        let found = applications.iter().find(|one| one.key_hash == hash);
        found.map(|one| (one.name.clone(), one.limit)).ok_or_else(|| {
            let message = "expected the key of an application of this proxy, as in Authorization: Bearer KEY";
            let kind = ErrorKind::Authentication;
            ApiError::new(StatusCode::UNAUTHORIZED, kind, "invalid_api_key", message)
        })
    }
}

async fn read<C: ComputeChain>(
    app: &App<C>,
    route: PaidRoute,
    request: Request,
) -> Result<Asking, ApiError> {
    let (application, limit) = app.application(request.headers())?;
    let most = app.settings.max_body;
    let body = axum::body::to_bytes(request.into_body(), most);
    let body = timeout(app.settings.patience, body).await;
    let body = body
        .map_err(|_| ApiError::invalid("body", "the body took too long"))?
        .map_err(|_| {
            let message = format!("the body broke off, or has more than {most} bytes");
            ApiError {
                status: StatusCode::PAYLOAD_TOO_LARGE,
                ..ApiError::invalid("body", message)
            }
        })?;
    let (work, model, body) = understood(app, route, body)?;
    let hash = request_hash(route.hashed(), &body)
        .map_err(|error| ApiError::invalid("route", error.to_string()))?;
    Ok(Asking {
        work,
        model: model
            .into_bytes()
            .try_into()
            .map_err(|_| ApiError::invalid("model", "the name of the model is too long"))?,
        hash,
        application,
        limit,
        body,
    })
}

/// What is asked for, of which model, and the body that is sent to gateways.
fn understood<C: ComputeChain>(
    app: &App<C>,
    route: PaidRoute,
    body: Bytes,
) -> Result<(Work, String, Bytes), ApiError> {
    let route = match route {
        PaidRoute::Model(route) => route,
        PaidRoute::Jobs => {
            let order = Order::parse(&body)?;
            return Ok((Work::Job(order.terms()), order.model, body));
        }
    };
    let parsed = ParsedRequest::parse(route, &body)?;
    parsed.passes(&app.settings.passes)?;
    let sent = parsed.for_gateway();
    let work = Work::Model {
        route,
        limits: parsed.limits,
        include_usage: parsed.include_usage,
    };
    let model = parsed.model;
    let sent = sent.map_or_else(|| body.clone(), Bytes::from);
    Ok((work, model, sent))
}

/// Asks one provider after the other until one gives a good answer, or begins a stream.
async fn serve<C: ComputeChain>(app: App<C>, asking: Asking) -> Result<Response, ApiError> {
    let model = String::from_utf8_lossy(&asking.model).into_owned();
    let candidates = app.market.candidates(
        asking.route().kind(),
        &model,
        |price| app.most(&asking, price),
        |provider| app.book.is_liar(provider),
    );
    if candidates.is_empty() {
        return Err(no_candidate(&app, &model));
    }
    let mut failures: Vec<(AccountId, Failure)> = Vec::new();
    let mut asked = 0;
    for candidate in &candidates {
        if asked >= app.settings.attempts {
            break;
        }
        let provider = candidate.info.provider;
        if app.book.is_liar(&provider) {
            continue;
        }
        match by_any_account(&app, &asking, candidate).await {
            Ok(outcome) => return Ok(respond(app, outcome, candidate)),
            Err(failure) => {
                tracing::info!(%provider, %failure, "another provider is asked");
                if !matches!(failure, Failure::Book(_)) {
                    asked += 1;
                    app.metrics.failovers.inc();
                }
                failures.push((provider, failure));
            }
        }
    }
    Err(all_failed(&failures))
}

async fn by_any_account<C: ComputeChain>(
    app: &App<C>,
    asking: &Asking,
    candidate: &Candidate,
) -> Result<Outcome, Failure> {
    let accounts = match candidate.accounts.is_empty() {
        false => candidate.accounts.clone(),
        true => {
            // Nothing is reserved for a request that may not be made.
            let maximum = app.maximum(asking, candidate);
            app.book
                .allows(maximum, &asking.application, asking.limit)?;
            app.open_for(&candidate.info, maximum).await
        }
    };
    let mut refused = Failure::Book(BookRefusal::NoLane);
    for account in &accounts {
        match app.ask(asking, candidate, account).await {
            Err(Failure::Book(refusal)) => refused = refusal.into(),
            other => return other,
        }
    }
    if accounts.is_empty() {
        refused = Failure::Unwell("there is no open channel to it".to_owned());
    }
    Err(refused)
}

fn respond<C: ComputeChain>(app: App<C>, outcome: Outcome, candidate: &Candidate) -> Response {
    let provider = candidate.info.provider;
    let (status, content, body, receipt) = match outcome {
        Outcome::Whole(good) => {
            let Good {
                status,
                body,
                receipt,
            } = *good;
            app.metrics.answered(&receipt.receipt);
            (status, "application/json", Body::from(body), Some(receipt))
        }
        Outcome::Stream(began) => {
            let body = streamed(app, *began, provider);
            (StatusCode::OK, "text/event-stream", body, None)
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let mode = candidate.info.descriptor.verification.label();
    headers.insert("noema-verification", HeaderValue::from_static(mode));
    for (name, value) in [
        ("noema-provider", Some(provider.to_string())),
        (RECEIPT_HEADER, receipt.map(|receipt| receipt.to_text())),
    ] {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(name, value);
        }
    }
    response
}

fn streamed<C: ComputeChain>(app: App<C>, began: Began, provider: AccountId) -> Body {
    let (sender, pieces) = mpsc::channel::<Bytes>(PIECES);
    let tasks = app.tasks.clone();
    tasks.spawn(app.pass_on(began, provider, sender));
    Body::from_stream(stream::unfold(pieces, |mut pieces| async move {
        let piece = pieces.recv().await?;
        Some((Ok::<_, std::convert::Infallible>(piece), pieces))
    }))
}

pub(super) fn no_candidate<C: ComputeChain>(app: &App<C>, model: &str) -> ApiError {
    let listing = app.market.listing();
    let of_model = listing
        .services
        .iter()
        .filter(|info| info.descriptor.model[..] == *model.as_bytes());
    let lied: Vec<_> = of_model
        .filter(|info| app.book.is_liar(&info.provider))
        .map(|info| info.provider.to_string())
        .collect();
    let barred: Vec<_> = listing
        .services
        .iter()
        .filter(|info| info.descriptor.model[..] == *model.as_bytes())
        .filter(|info| app.market.is_barred(&info.provider) && !app.book.is_liar(&info.provider))
        .map(|info| info.provider.to_string())
        .collect();
    if !barred.is_empty() {
        let message = format!(
            "nobody who offers {model:?} is asked now; these are left alone for a while, since they charged for answers that did not come: {}",
            barred.join(", ")
        );
        return ApiError::unavailable("no_provider", message);
    }
    let lied = match lied.is_empty() {
        true => String::new(),
        false => format!(" (asked no more, since they lied: {})", lied.join(", ")),
    };
    let message = format!(
        "no provider offers {model:?} at a price and in a mode that are allowed here{lied}; GET /v1/models lists what there is"
    );
    let mut error = ApiError::not_found("model_not_found", message);
    error.param = Some("model");
    error
}

/// What the application is told when nobody gave a good answer: who was asked, and what each did.
fn all_failed(failures: &[(AccountId, Failure)]) -> ApiError {
    let told = failures
        .iter()
        .map(|(provider, failure)| format!("provider {provider}: {failure}"));
    let told = told.collect::<Vec<_>>().join("; ");
    let refused = |failure: &Failure| matches!(failure, Failure::Book(_));
    let limited = failures.iter().find_map(|(_, failure)| match failure {
        Failure::Book(
            BookRefusal::PerRequest { .. } | BookRefusal::PerUse { .. } | BookRefusal::Limit { .. },
        ) => Some(()),
        _ => None,
    });
    if limited.is_some() {
        let kind = ErrorKind::Payment;
        return ApiError::new(StatusCode::PAYMENT_REQUIRED, kind, "spending_limit", told);
    }
    if failures.iter().all(|(_, failure)| refused(failure)) {
        let exhausted = failures
            .iter()
            .any(|(_, failure)| matches!(failure, Failure::Book(BookRefusal::Exhausted { .. })));
        return match exhausted {
            true => ApiError::payment("channel_exhausted", told),
            false => ApiError::busy("no_lane", told),
        };
    }
    if failures
        .iter()
        .any(|(_, failure)| matches!(failure, Failure::Liar(_)))
    {
        return ApiError::upstream("bad_answer", told);
    }
    ApiError::unavailable("no_provider", told)
}
