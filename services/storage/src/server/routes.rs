//! Everything that is read from the daemon.

use std::ops::Range;

use axum::{
    extract::{Path, Request, State},
    http::{header, HeaderMap, HeaderName, HeaderValue, Method, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
    Extension, Json,
};
use bytes::Bytes;
use futures::{stream, StreamExt};
use noema_chain_client::{FileId, Hash};
use noema_commitment::SEGMENT_SIZE;
use noema_transport::{paced, Caller, Turn};

use super::{
    range::{wanted, Wanted},
    App, STALE_AFTER,
};
use crate::{
    client::{ChainHealth, FileRef, FileStatus, Health, ProviderInfo, ScrubHealth, StoreHealth},
    frame,
    metrics::Metrics,
    replies::Refusal,
    store::{StoreError, StoredSegment},
};

/// Ranges of missing segments that are listed.
const MAX_RANGES: usize = 1000;
/// Segments read ahead while a file is streamed.
const READ_AHEAD: usize = 2;
const SEGMENT: u64 = SEGMENT_SIZE as u64;

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
        _ if !path.starts_with("/v1/files/") => "other",
        _ if path.ends_with("/data") => "data",
        _ if !path.contains("/segments/") => "file",
        _ if method == Method::PUT => "put_segment",
        _ => "get_segment",
    }
}

pub(super) async fn nothing() -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        "no_route",
        "there is no such resource",
    )
}

pub(super) async fn no_method() -> Refusal {
    let message = "this resource does not know the method";
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "no_method", message)
}

/// The file of a request, if this provider has a slot for it.
pub(super) fn known_file(app: &App, file: &str) -> Result<FileRef, Refusal> {
    let bad = |message: String| Refusal::new(StatusCode::BAD_REQUEST, "bad_file_id", message);
    if file.starts_with("0x") {
        return Err(bad(
            "expected a file id of 64 hex digits without 0x".to_owned()
        ));
    }
    let id: FileId = file
        .parse()
        .map_err(|_| bad("expected 64 hex digits".to_owned()))?;
    // Asked first: the answer may come while the file is looked for.
    let is_known = app.directory.is_known();
    let file = app.directory.file(&id)?.ok_or_else(|| {
        if !is_known {
            let message = "the daemon has just started and has not read the chain yet; try again";
            return Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "starting", message);
        }
        let message = format!("this provider has no deal for file {id} in finalised state");
        Refusal::new(StatusCode::NOT_FOUND, "unknown_file", message)
    })?;
    if app.denied.contains(&file.root) {
        let message = "this provider does not hold the file and gives its slot back";
        let status = StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS;
        return Err(Refusal::new(status, "denied", message));
    }
    Ok(file)
}

pub(super) fn segment_index(file: &FileRef, index: &str) -> Result<u64, Refusal> {
    let segments = file.shape.segments();
    index
        .parse()
        .ok()
        .filter(|index| *index < segments)
        .ok_or_else(|| {
            let message = format!("expected the index of a segment from 0 to {}", segments - 1);
            Refusal::new(StatusCode::NOT_FOUND, "no_such_segment", message)
        })
}

pub(super) async fn health(State(app): State<App>) -> Response {
    let head = *app.heads.borrow();
    let lag = head.seen_at.elapsed();
    let looked = app
        .store
        .stats()
        .and_then(|stats| Ok((stats, app.store.room()?)));
    let store = match looked {
        Ok((stats, room)) => Some(StoreHealth {
            files: stats.files,
            bytes: stats.bytes,
            free_bytes: stats.free_bytes,
            writable: stats.writable,
            damaged: stats.damaged,
            promised_bytes: room.promised,
            holdable_bytes: room.holdable,
        }),
        Err(error) => {
            tracing::warn!(%error, "the store cannot be read");
            None
        }
    };
    let trouble = match &store {
        None => Some("the store cannot be read"),
        Some(store) if !store.writable => Some("the store cannot be written"),
        _ if !app.directory.is_known() => Some("the chain is not read yet"),
        _ if lag > STALE_AFTER => Some("no new finalised block is seen"),
        _ => None,
    };
    let status = match trouble {
        None => StatusCode::OK,
        Some(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let health = Health {
        status: trouble.unwrap_or("ok").to_owned(),
        chain: ChainHealth {
            finalized: head.number,
            lag_seconds: lag.as_secs(),
        },
        store,
        scrub: app.scrubs.then(|| ScrubHealth {
            position: app.metrics.scrub_position.get(),
            round_ended: app.metrics.scrub_round_ended.get().unsigned_abs(),
            round_seconds: app.metrics.scrub_round_seconds.get().unsigned_abs(),
        }),
    };
    (status, Json(health)).into_response()
}

pub(super) async fn info(State(app): State<App>) -> Json<ProviderInfo> {
    Json(ProviderInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        genesis: app.genesis,
        provider: app.provider,
        operator: app.operator,
        limits: app.limits,
    })
}

pub(super) async fn metrics(State(app): State<App>) -> Response {
    let head = *app.heads.borrow();
    app.metrics.finalized_block.set(i64::from(head.number));
    app.metrics
        .finalized_lag
        .set(head.seen_at.elapsed().as_secs() as i64);
    if let Ok(stats) = app.store.stats() {
        app.metrics.store(&stats);
    }
    if let Ok(room) = app.store.room() {
        app.metrics.room(&room);
    }
    app.metrics.connections(&app.gate.stats());
    let format = HeaderValue::from_static("text/plain; version=0.0.4");
    ([(header::CONTENT_TYPE, format)], app.metrics.text()).into_response()
}

pub(super) async fn file(
    State(app): State<App>,
    Path(file): Path<String>,
) -> Result<Json<FileStatus>, Refusal> {
    let file = known_file(&app, &file)?;
    let segments = file.shape.segments();
    let have = app.store.file(&file.file)?.map_or(0, |record| record.have);
    let missing = match have == segments {
        true => Vec::new(),
        false => app.store.missing(&file.file, segments, MAX_RANGES)?,
    };
    Ok(Json(FileStatus {
        file: file.file,
        root: Hash(file.root),
        size: file.size(),
        segments,
        have,
        complete: have == segments,
        missing,
    }))
}

pub(super) async fn segment(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((file, index)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let file = known_file(&app, &file)?;
    let index = segment_index(&file, &index)?;
    let turn = download_turn(&app, &caller).await?;
    let segment = read(&app, &file, index).await?.ok_or_else(|| {
        let message = format!("segment {index} is not here yet");
        Refusal::new(StatusCode::NOT_FOUND, "segment_missing", message)
    })?;
    let frame = frame::encode(&segment.siblings, &segment.data);
    let length = frame.len();
    app.metrics.served_bytes.inc_by(length as u64);
    let rate = app.download_rate.clone();
    let body = paced(stream::iter([Ok(frame)]), turn, caller, rate);
    let mut response = ([OCTETS], body).into_response();
    set(&mut response, header::CONTENT_LENGTH, length.to_string());
    Ok(response)
}

async fn download_turn(app: &App, caller: &Caller) -> Result<Turn, Refusal> {
    app.downloads.take(caller.peer).await.ok_or_else(|| {
        let message = format!(
            "{} answers are under way; try again",
            app.limits.max_downloads
        );
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message)
    })
}

async fn read(app: &App, file: &FileRef, index: u64) -> Result<Option<StoredSegment>, StoreError> {
    let read = app.store.read(file, index).await;
    if let Err(error @ StoreError::Damaged { .. }) = &read {
        app.metrics.damaged_segments.inc();
        tracing::error!(%error, "a segment is damaged on the disk");
    }
    read
}

pub(super) async fn data(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let file = known_file(&app, &file)?;
    let size = file.size();
    let range = headers
        .get(header::RANGE)
        .and_then(|value| value.to_str().ok());
    let (status, range) = match wanted(range, size) {
        Wanted::All => (StatusCode::OK, 0..size),
        Wanted::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Wanted::Unsatisfiable => {
            let message = format!("the file has {size} bytes");
            let refusal = Refusal::new(StatusCode::RANGE_NOT_SATISFIABLE, "bad_range", message);
            let mut response = refusal.into_response();
            set(
                &mut response,
                header::CONTENT_RANGE,
                format!("bytes */{size}"),
            );
            return Ok(response);
        }
    };
    let segments = range.start / SEGMENT..range.end.div_ceil(SEGMENT);
    let missing = app
        .store
        .first_missing(&file.file, segments.end, segments.start)?;
    if let Some(index) = missing {
        let message = format!("segment {index} is not here yet");
        return Err(Refusal::new(
            StatusCode::NOT_FOUND,
            "segment_missing",
            message,
        ));
    }
    let turn = download_turn(&app, &caller).await?;
    let length = range.end - range.start;
    let content_range = format!("bytes {}-{}/{size}", range.start, range.end - 1);
    let rate = app.download_rate.clone();
    let body = paced(stream_range(app, file, range), turn, caller, rate);
    let mut response = (status, [OCTETS], body).into_response();
    set(&mut response, header::CONTENT_LENGTH, length.to_string());
    set(&mut response, header::ACCEPT_RANGES, "bytes".to_owned());
    // The id names the content, so that a part fetched later always fits.
    set(&mut response, header::ETAG, format!("\"{}\"", file.file));
    if status == StatusCode::PARTIAL_CONTENT {
        set(&mut response, header::CONTENT_RANGE, content_range);
    }
    Ok(response)
}

fn set(response: &mut Response, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}

/// The bytes of a range, read segment by segment as the reader takes them. An error in between ends
/// the connection: the status has been sent.
fn stream_range(
    app: App,
    file: FileRef,
    range: Range<u64>,
) -> impl stream::Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static {
    let segments = range.start / SEGMENT..range.end.div_ceil(SEGMENT);
    stream::iter(segments)
        .map(move |index| {
            let app = app.clone();
            async move { (index, read(&app, &file, index).await, app) }
        })
        .buffered(READ_AHEAD)
        .map(move |(index, segment, app)| {
            let segment = segment
                .map_err(|e| std::io::Error::other(e.to_string()))?
                .ok_or_else(|| std::io::Error::other(format!("segment {index} is gone")))?;
            let start = index * SEGMENT;
            let from = range.start.saturating_sub(start) as usize;
            let to = (range.end - start).min(SEGMENT) as usize;
            app.metrics.served_bytes.inc_by((to - from) as u64);
            Ok(segment.data.slice(from..to))
        })
}
