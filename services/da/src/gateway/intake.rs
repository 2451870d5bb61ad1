//! Taking blobs: their bytes go to the spool as they come, and are promised to be worked on once they are durable there.

use std::{io::Write, time::Duration};

use axum::{
    body::{Body, BodyDataStream},
    extract::{Query, State},
    http::{header, HeaderMap, StatusCode},
    Extension, Json,
};
use bytes::Bytes;
use futures::StreamExt;
use noema_da_primitives::{Content, Namespace, Shape, MAX_BLOB_SIZE, NAMESPACE_BYTES};
use noema_transport::{Caller, Peer};
use serde::Deserialize;
use tokio::{sync::mpsc, time::timeout};

use super::{
    book::BookError,
    record::{Request, Stage},
    App, Gateway,
};
use crate::{chain::DaCalls, replies::Refusal, wire::BlobStatus};

/// Pieces of a body that wait for the disk.
const QUEUE: usize = 8;
/// How long a client may take for a piece.
const PIECE_TIME: Duration = Duration::from_secs(30);
/// Days that can be paid for at once.
pub const MOST_DAYS: u8 = 13;

/// How a blob is wanted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Where it is listed: 56 hex digits, with or without 0x.
    namespace: Option<String>,
    /// Days that are paid for.
    days: Option<u8>,
    /// Whether it may go with others, if it is small.
    #[serde(default)]
    bundle: bool,
}

/// A blob that is about to be taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewBlob {
    pub(super) size: u32,
    pub(super) namespace: Namespace,
    pub(super) days: u8,
    pub(super) bundle: bool,
}

/// `PUT /v1/blobs`: 202 once the bytes are durable here.
pub(super) async fn put_blob<C: DaCalls>(
    State(app): State<App<C>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
    body: Body,
) -> Result<(StatusCode, Json<BlobStatus>), Refusal> {
    let new = app.wanted(&wanted, length(&headers)?)?;
    let pieces = pieces(body.into_data_stream());
    let request = app.take(caller.peer, new, pieces).await?;
    let status = app.status(&request)?;
    Ok((StatusCode::ACCEPTED, Json(status)))
}

/// The pieces of a body, each in time.
fn pieces(
    mut body: BodyDataStream,
) -> impl futures::Stream<Item = Result<Bytes, Refusal>> + Send + Unpin {
    Box::pin(futures::stream::poll_fn(move |context| {
        body.poll_next_unpin(context)
    }))
    .map(|piece| {
        piece.map_err(|_| {
            let message = "the body ended early";
            Refusal::new(StatusCode::BAD_REQUEST, "bad_body", message)
        })
    })
}

/// The size of a blob is needed before its bytes: its shape follows from it.
fn length(headers: &HeaderMap) -> Result<u32, Refusal> {
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<u64>().ok())
        .ok_or_else(|| {
            let message = "expected Content-Length: how a blob is coded follows from its size";
            Refusal::new(StatusCode::LENGTH_REQUIRED, "no_length", message)
        })?;
    let size = u32::try_from(length)
        .ok()
        .filter(|size| *size <= MAX_BLOB_SIZE);
    size.ok_or_else(|| {
        let message = format!("{length} bytes: a blob has at most {MAX_BLOB_SIZE}; split it");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    })
}

impl<C: DaCalls> Gateway<C> {
    fn wanted(&self, wanted: &Wanted, size: u32) -> Result<NewBlob, Refusal> {
        let bad = |code, message: String| Refusal::new(StatusCode::BAD_REQUEST, code, message);
        let days = wanted.days.unwrap_or(self.days);
        if !(1..=MOST_DAYS).contains(&days) {
            let message = format!("{days} days: expected 1 to {MOST_DAYS}");
            return Err(bad("bad_days", message));
        }
        let namespace = match &wanted.namespace {
            None => self.namespace,
            Some(text) => parse_namespace(text).ok_or_else(|| {
                let message = format!("expected a namespace of {} hex digits", 2 * NAMESPACE_BYTES);
                bad("bad_namespace", message)
            })?,
        };
        Ok(NewBlob {
            size,
            namespace,
            days,
            bundle: wanted.bundle && self.bundles.takes(size),
        })
    }

    /// Takes a blob, and begins to work on it.
    pub(super) async fn take(
        self: &std::sync::Arc<Self>,
        peer: Peer,
        new: NewBlob,
        pieces: impl futures::Stream<Item = Result<Bytes, Refusal>> + Send + Unpin,
    ) -> Result<Request, Refusal> {
        Shape::of(new.size.into()).map_err(|error| {
            let message = error.to_string();
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
        })?;
        let Some(_turn) = self.intake.take(peer).await else {
            return Err(Refusal::busy(
                "busy",
                "too many blobs are on their way; try again",
            ));
        };
        let room = self.book.reserve(new.size)?;
        spool(&room.path, new.size, pieces).await?;
        self.metrics.received_bytes.inc_by(new.size.into());
        let request = Request {
            id: room.id,
            size: new.size,
            content: Content::Plain,
            namespace: new.namespace,
            days: new.days,
            bundle: new.bundle,
            members: Vec::new(),
            stage: Stage::Received,
            done: false,
            faults: Vec::new(),
        };
        self.book.take(room, &request).await?;
        match request.bundle {
            true => self.bundles.put(&request),
            false => self.start(request.clone(), false),
        }
        Ok(request)
    }
}

/// Writes a body of exactly `size` bytes to a file, and syncs it.
async fn spool(
    path: &std::path::Path,
    size: u32,
    mut pieces: impl futures::Stream<Item = Result<Bytes, Refusal>> + Send + Unpin,
) -> Result<(), Refusal> {
    let (send, mut queue) = mpsc::channel::<Bytes>(QUEUE);
    let path = path.to_owned();
    let writing = tokio::task::spawn_blocking(move || {
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(BookError::io("create", &path))?;
        while let Some(piece) = queue.blocking_recv() {
            file.write_all(&piece)
                .map_err(BookError::io("write", &path))?;
        }
        file.sync_all().map_err(BookError::io("sync", &path))
    });
    let mut received = 0u64;
    let wrong = |found: String| {
        let message = format!("{found} bytes came: {size} were announced");
        Refusal::new(StatusCode::BAD_REQUEST, "wrong_length", message)
    };
    let outcome = loop {
        let piece = match timeout(PIECE_TIME, pieces.next()).await {
            Err(_) => {
                let message = format!("nothing came for {} s", PIECE_TIME.as_secs());
                let status = StatusCode::REQUEST_TIMEOUT;
                break Err(Refusal::new(status, "too_slow", message));
            }
            Ok(None) if received == u64::from(size) => break Ok(()),
            Ok(None) => break Err(wrong(received.to_string())),
            Ok(Some(Err(error))) => break Err(error),
            Ok(Some(Ok(piece))) => piece,
        };
        received += piece.len() as u64;
        if received > size.into() {
            break Err(wrong("more".to_owned()));
        }
        // A disk that fails says why below.
        if send.send(piece).await.is_err() {
            break Ok(());
        }
    };
    drop(send);
    writing.await.map_err(|_| BookError::Closing)??;
    outcome
}

/// Reads a namespace.
pub fn parse_namespace(text: &str) -> Option<Namespace> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let mut bytes = [0; NAMESPACE_BYTES];
    hex::decode_to_slice(digits, &mut bytes).ok()?;
    Some(Namespace(bytes))
}
