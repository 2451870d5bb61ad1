//! Everything that is read from a gateway.

use axum::{
    extract::{Path, Query, Request as HttpRequest, State},
    http::{header, HeaderName, HeaderValue, Method, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
    Extension, Json,
};
use bytes::Bytes;
use futures::{stream, StreamExt};
use noema_chain_client::Hash;
use noema_da_primitives::{Content, Shape};
use noema_transport::{paced, Caller, Peer, Turn};
use serde::Deserialize;

use super::{
    book::BookError,
    cache::Cache,
    metrics::Metrics,
    record::{Request, RequestId, Stage},
    status::fault_status,
    unlimited, App, Gateway, STALE_AFTER,
};
use crate::{
    chain::{DaCalls, Standing},
    client::{member_in, ReadError, SampleError, SeatReport},
    replies::Refusal,
    wire::{BlobStatus, Health, Info, SampleStatus},
};

const OCTETS: (HeaderName, HeaderValue) = (
    header::CONTENT_TYPE,
    HeaderValue::from_static("application/octet-stream"),
);

impl From<BookError> for Refusal {
    fn from(error: BookError) -> Self {
        let message = error.to_string();
        match error {
            BookError::Full { .. } => {
                Refusal::new(StatusCode::INSUFFICIENT_STORAGE, "full", message)
            }
            BookError::Closing => Refusal::busy("closing", message),
            error => Refusal::internal(&error),
        }
    }
}

impl From<ReadError> for Refusal {
    fn from(error: ReadError) -> Self {
        let message = error.to_string();
        match error {
            ReadError::Lookup(error) => error.into(),
            ReadError::TooFewRows { .. } => Refusal::busy("too_few_rows", message),
            ReadError::NoBundle { .. } => Refusal::new(StatusCode::NOT_FOUND, "no_bundle", message),
            ReadError::OutOfRange { .. } => {
                Refusal::new(StatusCode::RANGE_NOT_SATISFIABLE, "bad_range", message)
            }
            ReadError::Stopped => Refusal::busy("closing", message),
            // What every reader finds is the coder's doing.
            ReadError::Rebuild(_) | ReadError::Bundle(_) => {
                Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "no_blob", message)
            }
        }
    }
}

/// Counts requests by route and status.
pub(super) async fn count(
    State(metrics): State<Metrics>,
    request: HttpRequest,
    next: Next,
) -> Response {
    let route = route_name(request.method(), request.uri().path());
    let response = next.run(request).await;
    metrics
        .requests
        .with_label_values(&[route, response.status().as_str()])
        .inc();
    response
}

/// Lets in who may have this gateway pay and work.
pub(super) async fn guard<C: DaCalls>(
    State(app): State<App<C>>,
    request: HttpRequest,
    next: Next,
) -> Response {
    match app.access.check(request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// A name from a fixed set, so that nobody can fill the memory with label values.
fn route_name(method: &Method, path: &str) -> &'static str {
    match path {
        "/v1/health" => "health",
        "/v1/info" => "info",
        "/metrics" => "metrics",
        "/v1/blobs" if method == Method::PUT => "put_blob",
        _ if path.starts_with("/disperser.Disperser/") => "grpc",
        _ if path.starts_with("/v1/blobs/") => "blob",
        _ if !path.starts_with("/v1/submissions/") => "other",
        _ if path.ends_with("/data") => "data",
        _ if path.ends_with("/sample") => "sample",
        _ => "member",
    }
}

pub(super) async fn nothing() -> Refusal {
    let message = "there is no such resource";
    Refusal::new(StatusCode::NOT_FOUND, "no_route", message)
}

pub(super) async fn no_method() -> Refusal {
    let message = "this resource does not know the method";
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "no_method", message)
}

pub(super) async fn health<C: DaCalls>(State(app): State<App<C>>) -> Response {
    let head = *app.lookup.chain().heads().borrow();
    let lag = head.seen_at.elapsed();
    let trouble = match app.book.works() {
        Err(error) => {
            tracing::warn!(%error, "notes cannot be written");
            Some("notes cannot be written")
        }
        Ok(()) if lag > STALE_AFTER => Some("no new finalised block is seen"),
        Ok(()) => None,
    };
    let status = match trouble {
        None => StatusCode::OK,
        Some(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let health = Health {
        status: trouble.unwrap_or("ok").to_owned(),
        finalized: head.number,
        lag_seconds: lag.as_secs(),
        held: None,
    };
    (status, Json(health)).into_response()
}

pub(super) async fn info<C: DaCalls>(State(app): State<App<C>>) -> Json<Info> {
    let chain = app.lookup.chain();
    Json(Info {
        part: "gateway".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        genesis: Hash(chain.genesis()),
        account: chain.account(),
        keys: Vec::new(),
    })
}

pub(super) async fn metrics<C: DaCalls>(State(app): State<App<C>>) -> Response {
    let head = *app.lookup.chain().heads().borrow();
    app.metrics.finalized_block.set(head.number.into());
    let lag = head.seen_at.elapsed().as_secs();
    app.metrics.finalized_lag.set(lag as i64);
    let waiting = i64::try_from(app.book.waiting_bytes()).unwrap_or(i64::MAX);
    app.metrics.waiting_bytes.set(waiting);
    app.metrics.connections(&app.gate.stats());
    let format = HeaderValue::from_static("text/plain; version=0.0.4");
    ([(header::CONTENT_TYPE, format)], app.metrics.text()).into_response()
}

impl<C: DaCalls> Gateway<C> {
    pub(super) fn request(&self, id: &str) -> Result<Request, Refusal> {
        let bad = |_| {
            let message = "expected the name of a blob: 32 hex digits";
            Refusal::new(StatusCode::BAD_REQUEST, "bad_id", message)
        };
        let id: RequestId = id.parse().map_err(bad)?;
        self.book.get(&id)?.ok_or_else(|| {
            let message = format!("this gateway was not given a blob {id}");
            Refusal::new(StatusCode::NOT_FOUND, "unknown_blob", message)
        })
    }

    fn count_faults(&self, reports: &[SeatReport]) {
        for report in reports {
            let word = report.fault.word();
            self.metrics.seat_faults.with_label_values(&[word]).inc();
            if report.fault.is_lie() {
                tracing::warn!(%report, "a seat lies");
            }
        }
    }

    pub(super) async fn reading(&self, peer: Peer) -> Result<Turn, Refusal> {
        let turn = self.readers.take(peer).await;
        turn.ok_or_else(|| Refusal::busy("busy", "too many blobs are read; try again"))
    }

    /// All bytes of a blob, with the place in memory that they have.
    pub(super) async fn read_all(
        &self,
        submission: u64,
    ) -> Result<(Bytes, impl Send + 'static + use<C>), Refusal> {
        let info = self.lookup.submission(submission).await?;
        if let Some(bytes) = self.cache.get(submission) {
            return Ok((bytes, None));
        }
        let shape = Shape::of(info.size.into()).map_err(|error| Refusal::internal(&error))?;
        let memory = self.memory.take(&shape).await;
        let read = self.reader.read(submission).await?;
        self.count_faults(&read.reports);
        // What is refunded is not kept.
        if matches!(info.standing, Standing::Available { .. }) {
            self.cache.put(submission, &read.bytes);
        }
        Ok((read.bytes, memory))
    }

    async fn whole(&self, caller: Caller, submission: u64) -> Result<Response, Refusal> {
        let turn = self.reading(caller.peer).await?;
        let (bytes, memory) = self.read_all(submission).await?;
        Ok(self.body(bytes, memory, turn, caller))
    }

    async fn member(
        &self,
        caller: Caller,
        submission: u64,
        member: u32,
    ) -> Result<Response, Refusal> {
        let turn = self.reading(caller.peer).await?;
        let info = self.lookup.submission(submission).await?;
        // Of a bundle that is kept, the first who asks has it read for all others.
        if let (Content::Bundle(header), true) = (info.content, Cache::keeps(info.size)) {
            let (bytes, memory) = self.read_all(submission).await?;
            let found = member_in(&header, &bytes, member).map_err(ReadError::from)?;
            return Ok(self.body(found.1, memory, turn, caller));
        }
        // Where its rows cannot be had, the whole bundle is rebuilt.
        let shape = Shape::of(info.size.into()).map_err(|error| Refusal::internal(&error))?;
        let memory = self.memory.take(&shape).await;
        let read = self.reader.member(submission, member).await?;
        self.count_faults(&read.reports);
        Ok(self.body(read.bytes, memory, turn, caller))
    }

    /// An answer with these bytes; what they take of the memory is free when the last is taken.
    fn body(
        &self,
        bytes: Bytes,
        memory: impl Send + 'static,
        turn: Turn,
        caller: Caller,
    ) -> Response {
        let length = bytes.len() as u64;
        self.metrics.served_bytes.inc_by(length);
        let after = stream::once(async move {
            drop(memory);
            Ok(Bytes::new())
        });
        let pieces = stream::iter([Ok(bytes)]).chain(after);
        let body = paced(pieces, turn, caller, unlimited());
        let mut response = ([OCTETS], body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LENGTH, length.into());
        response
    }
}

pub(super) async fn blob<C: DaCalls>(
    State(app): State<App<C>>,
    Path(id): Path<String>,
) -> Result<Json<BlobStatus>, Refusal> {
    Ok(Json(app.status(&app.request(&id)?)?))
}

pub(super) async fn blob_data<C: DaCalls>(
    State(app): State<App<C>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let request = app.request(&id)?;
    let status = app.status(&request)?;
    let submission = status.submission.ok_or_else(|| {
        let message = "the blob is not on chain yet";
        Refusal::new(StatusCode::TOO_EARLY, "not_submitted", message)
    })?;
    match request.stage {
        Stage::Bundled { index, .. } => app.member(caller, submission, index).await,
        _ => app.whole(caller, submission).await,
    }
}

pub(super) async fn submission_data<C: DaCalls>(
    State(app): State<App<C>>,
    Extension(caller): Extension<Caller>,
    Path(submission): Path<u64>,
) -> Result<Response, Refusal> {
    app.whole(caller, submission).await
}

pub(super) async fn member_data<C: DaCalls>(
    State(app): State<App<C>>,
    Extension(caller): Extension<Caller>,
    Path((submission, member)): Path<(u64, u32)>,
) -> Result<Response, Refusal> {
    app.member(caller, submission, member).await
}

/// How much is sampled.
#[derive(Debug, Deserialize)]
pub(super) struct SampleSize {
    /// Rows.
    rows: Option<usize>,
}

/// Rows that are sampled if nothing is said: a millionth.
const USUAL_SAMPLE: usize = 10;

pub(super) async fn sample<C: DaCalls>(
    State(app): State<App<C>>,
    Extension(caller): Extension<Caller>,
    Path(submission): Path<u64>,
    Query(size): Query<SampleSize>,
) -> Result<Json<SampleStatus>, Refusal> {
    let _turn = app.reading(caller.peer).await?;
    let rows = size.rows.unwrap_or(USUAL_SAMPLE);
    let sampled = app.reader.sample(submission, rows).await;
    let sampled = sampled.map_err(|error| match error {
        SampleError::Read(error) => error.into(),
        error @ SampleError::WrongCount { .. } => {
            Refusal::new(StatusCode::BAD_REQUEST, "bad_rows", error.to_string())
        }
    })?;
    app.count_faults(&sampled.reports);
    Ok(Json(SampleStatus {
        drawn: sampled.drawn.len(),
        verified: sampled.verified,
        fooled_with: sampled.fooled_with(),
        faults: sampled.reports.iter().map(fault_status).collect(),
    }))
}
