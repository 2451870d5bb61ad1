//! Everything that is read from a seat.

use std::sync::Arc;

use axum::{
    extract::{Path, Query, Request, State},
    http::{header, HeaderName, HeaderValue, Method, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
    Extension, Json,
};
use bytes::Bytes;
use futures::{stream, StreamExt};
use noema_chain_client::Hash;
use noema_transport::{paced, Caller, Peer, Turn};
use serde::Deserialize;

use super::{metrics::Metrics, number, reads::ReadLimit, upload, App, Seat, STALE_AFTER};
use crate::{
    chain::{LookupError, RowAudits},
    coding::row_on_the_wire,
    replies::Refusal,
    store::{Keep, ShardReader, ShardRecord, StoreError},
    wire::{Health, Held, Info, ShardStatus, SignedShard},
};

/// Rows read ahead of the reader.
const READ_AHEAD: usize = 2;

const OCTETS: (HeaderName, HeaderValue) = (
    header::CONTENT_TYPE,
    HeaderValue::from_static("application/octet-stream"),
);

/// Counts requests by route and status.
pub(super) async fn count(
    State(metrics): State<Metrics>,
    request: Request,
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

/// A name from a fixed set, so that nobody can fill the memory with label values.
fn route_name(method: &Method, path: &str) -> &'static str {
    match path {
        "/v1/health" => "health",
        "/v1/info" => "info",
        "/metrics" => "metrics",
        _ if !path.starts_with("/v1/submissions/") => "other",
        _ if method == Method::PUT => "put_shard",
        _ if path.ends_with("/rows") => "rows",
        _ if path.ends_with("/combinations") => "combinations",
        _ if path.ends_with("/signature") => "signature",
        _ => "status",
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

pub(super) async fn health<C: RowAudits>(State(app): State<App<C>>) -> Response {
    let head = *app.lookup.chain().heads().borrow();
    let lag = head.seen_at.elapsed();
    let stats = app.store.works().and_then(|()| app.store.stats());
    let trouble = match &stats {
        Err(error) => {
            tracing::warn!(%error, "the store fails");
            Some("the store fails")
        }
        Ok(_) if lag > STALE_AFTER => Some("no new finalised block is seen"),
        Ok(_) => None,
    };
    let status = match trouble {
        None => StatusCode::OK,
        Some(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let health = Health {
        status: trouble.unwrap_or("ok").to_owned(),
        finalized: head.number,
        lag_seconds: lag.as_secs(),
        held: stats.ok().map(|stats| Held {
            shards: stats.shards,
            bytes: stats.bytes,
            waiting: stats.waiting,
            free_bytes: stats.free,
        }),
    };
    (status, Json(health)).into_response()
}

pub(super) async fn info<C: RowAudits>(State(app): State<App<C>>) -> Json<Info> {
    Json(Info {
        part: "seat".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        genesis: Hash(app.lookup.chain().genesis()),
        account: app.provider,
        keys: app.keys.keys().map(ToString::to_string).collect(),
    })
}

pub(super) async fn metrics<C: RowAudits>(State(app): State<App<C>>) -> Response {
    let head = *app.lookup.chain().heads().borrow();
    app.metrics.finalized_block.set(head.number.into());
    let lag = head.seen_at.elapsed().as_secs();
    app.metrics.finalized_lag.set(lag as i64);
    if let Ok(stats) = app.store.stats() {
        app.metrics.store(&stats);
    }
    app.metrics.connections(&app.gate.stats());
    let format = HeaderValue::from_static("text/plain; version=0.0.4");
    ([(header::CONTENT_TYPE, format)], app.metrics.text()).into_response()
}

impl<C: RowAudits> Seat<C> {
    fn held(&self, submission: &str) -> Result<ShardRecord, Refusal> {
        let submission = number(submission)?;
        self.store.get(submission)?.ok_or_else(|| {
            let message = format!("this seat holds no rows of submission {submission}");
            Refusal::new(StatusCode::NOT_FOUND, "not_held", message)
        })
    }

    async fn reader(&self, record: ShardRecord) -> Result<ShardReader, Refusal> {
        let store = self.store.clone();
        let opening = tokio::task::spawn_blocking(move || store.reader(record));
        let reader = opening.await.map_err(|_| StoreError::Closing)?;
        reader.map_err(|error| self.damage(error).into())
    }

    /// Counts damage on the way.
    fn damage(&self, error: StoreError) -> StoreError {
        if error.is_damage() {
            self.metrics.damaged.inc();
        }
        error
    }

    async fn turn(&self, peer: Peer) -> Result<Turn, Refusal> {
        let turn = self.downloads.take(peer).await;
        turn.ok_or_else(|| Refusal::busy("busy", "too many answers are under way; try again"))
    }

    /// Books what a peer is about to be given.
    async fn allow(
        &self,
        peer: Peer,
        record: &ShardRecord,
        rows: u16,
        bytes: u64,
    ) -> Result<(), Refusal> {
        let parameters = self.lookup.parameters().await.map_err(LookupError::from)?;
        let original = record.attestation.class.parameters().original;
        let submission = record.submission();
        let taken = self
            .reads
            .take(parameters.era, peer, submission, (rows, original), bytes);
        taken.map_err(|limit| {
            let (label, code) = match limit {
                ReadLimit::Rows { .. } => ("rows", "read_before"),
                ReadLimit::Bytes { .. } => ("bytes", "read_enough"),
            };
            self.metrics.read_refusals.with_label_values(&[label]).inc();
            Refusal::new(StatusCode::TOO_MANY_REQUESTS, code, limit.to_string())
        })
    }
}

pub(super) async fn status<C: RowAudits>(
    State(app): State<App<C>>,
    Path(submission): Path<String>,
) -> Result<Json<ShardStatus>, Refusal> {
    let record = app.held(&submission)?;
    Ok(Json(ShardStatus {
        submission: record.submission(),
        seat: record.seat,
        commitment: Hash(record.attestation.commitment.0),
        size: record.attestation.size,
        until: match record.keep {
            Keep::Waiting => None,
            Keep::Until(round) => Some(round),
        },
        rows: record.rows,
    }))
}

pub(super) async fn signature<C: RowAudits>(
    State(app): State<App<C>>,
    Path(submission): Path<String>,
) -> Result<Json<SignedShard>, Refusal> {
    Ok(Json(upload::signed(&app.held(&submission)?)))
}

/// Which rows are wanted.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    /// Indices and ranges, ascending: `3,9-20`. All of the seat's, if it is not given.
    index: Option<String>,
}

/// `GET /v1/submissions/{submission}/rows?index=3,9-20`: for each row its index, its siblings and its bytes, as in a shard.
pub(super) async fn rows<C: RowAudits>(
    State(app): State<App<C>>,
    Extension(caller): Extension<Caller>,
    Path(submission): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Refusal> {
    let record = app.held(&submission)?;
    let rows = match wanted.index {
        None => record.rows.clone(),
        Some(text) => indices(&text, &record)?,
    };
    let shape = record.shape().map_err(|error| Refusal::internal(&error))?;
    let length = row_on_the_wire(&shape) * rows.len() as u64;
    // A seat has no more rows than a u16 counts.
    app.allow(caller.peer, &record, rows.len() as u16, length)
        .await?;
    let turn = app.turn(caller.peer).await?;
    let reader = Arc::new(app.reader(record).await?);
    let mut frames = read_ahead(app.clone(), reader, rows);
    // Damage that shows at once is still said.
    let first = match frames.next().await {
        Some(Err(error)) => return Err(error.into()),
        first => stream::iter(first),
    };
    let frames = first
        .chain(frames)
        .map(|frame| frame.map_err(|error| std::io::Error::other(error.to_string())));
    let body = paced(frames, turn, caller, app.download_rate.clone());
    Ok(sized(body, length))
}

fn sized(body: axum::body::Body, length: u64) -> Response {
    let mut response = ([OCTETS], body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, length.into());
    response
}

/// Rows one after the other, a few ahead of who takes them. An error in between ends the answer.
fn read_ahead<C: RowAudits>(
    app: App<C>,
    reader: Arc<ShardReader>,
    rows: Vec<u16>,
) -> impl futures::Stream<Item = Result<Bytes, StoreError>> + Send + Unpin + 'static {
    let frames = stream::iter(rows)
        .map(move |row| {
            let (app, reader) = (app.clone(), reader.clone());
            async move {
                let reading = tokio::task::spawn_blocking(move || reader.frame(row));
                let frame = reading.await.map_err(|_| StoreError::Closing)?;
                let frame = frame.map_err(|error| app.damage(error))?;
                app.metrics.served_bytes.inc_by(frame.len() as u64);
                Ok(frame)
            }
        })
        .buffered(READ_AHEAD);
    Box::pin(frames)
}

/// The rows that a request names.
fn indices(text: &str, record: &ShardRecord) -> Result<Vec<u16>, Refusal> {
    row_indices(text, |row| record.place(row).is_some()).map_err(|wrong| match wrong {
        WrongRows::Malformed => {
            let message = "expected indices and ranges of rows, ascending, as in 3,9-20";
            Refusal::new(StatusCode::BAD_REQUEST, "bad_index", message)
        }
        WrongRows::NotHeld(row) => {
            let submission = record.submission();
            StoreError::NotHeld { submission, row }.into()
        }
    })
}

/// Why rows are not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WrongRows {
    /// They are not named as they should be.
    Malformed,
    /// This one is not held.
    NotHeld(u16),
}

/// Reads `3,9-20`. Each must be held, and all must ascend.
pub(crate) fn row_indices(
    text: &str,
    is_held: impl Fn(u16) -> bool,
) -> Result<Vec<u16>, WrongRows> {
    let number = |text: &str| text.parse::<u16>().map_err(|_| WrongRows::Malformed);
    let mut rows: Vec<u16> = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (number(first)?, number(last)?);
        if first > last || rows.last().is_some_and(|before| *before >= first) {
            return Err(WrongRows::Malformed);
        }
        for row in first..=last {
            if !is_held(row) {
                return Err(WrongRows::NotHeld(row));
            }
            rows.push(row);
        }
    }
    Ok(rows)
}

/// `GET /v1/submissions/{submission}/combinations`: K elements of 16 bytes.
pub(super) async fn combinations<C: RowAudits>(
    State(app): State<App<C>>,
    Extension(caller): Extension<Caller>,
    Path(submission): Path<String>,
) -> Result<Response, Refusal> {
    let record = app.held(&submission)?;
    let shape = record.shape().map_err(|error| Refusal::internal(&error))?;
    let length = u64::from(shape.combinations_bytes());
    app.allow(caller.peer, &record, 0, length).await?;
    let turn = app.turn(caller.peer).await?;
    let reader = app.reader(record).await?;
    let reading = tokio::task::spawn_blocking(move || reader.combinations());
    let read = reading.await.map_err(|_| StoreError::Closing)?;
    let bytes = read.map_err(|error| app.damage(error))?;
    app.metrics.served_bytes.inc_by(length);
    let body = paced(
        stream::iter([Ok(bytes)]),
        turn,
        caller,
        app.download_rate.clone(),
    );
    Ok(sized(body, length))
}
