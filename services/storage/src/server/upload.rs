//! Taking segments from owners.

use std::time::Duration;

use axum::{
    body::{Body, BodyDataStream},
    extract::{Path, State},
    http::{header, HeaderMap, StatusCode, Version},
};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use noema_chain_client::FileId;
use noema_transport::Rate;
use tokio::time::{timeout, timeout_at, Instant};

use super::{auth, App, BODY_TIME};

use crate::{
    client::FileRef,
    frame::{Frame, FrameError, MAX_FRAME_LEN},
    replies::Refusal,
    store::{NewSegment, StoreError},
};

/// How much of the body of a refused request is read and thrown away, and for how long.
const DISCARD: usize = 4 << 20;
const DISCARD_TIME: Duration = Duration::from_secs(5);

/// `PUT /v1/files/{file}/segments/{index}`: 204 once the segment is verified and durable. Nothing of
/// the body is kept before the token is checked and it is the request's turn.
pub(super) async fn put_segment(
    State(app): State<App>,
    Path((file, index)): Path<(String, String)>,
    version: Version,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Refusal> {
    let mut body = body.into_data_stream();
    let result = take_segment(&app, &file, &index, &headers, &mut body).await;
    // Over HTTP/1 a client that is still sending when the connection closes never sees the answer.
    if result.is_err() && version < Version::HTTP_2 {
        discard(body).await;
    }
    result
}

async fn discard(mut body: BodyDataStream) {
    let read = async {
        let mut left = DISCARD;
        while let Some(Ok(chunk)) = body.next().await {
            match left.checked_sub(chunk.len()) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    let _ = timeout(DISCARD_TIME, read).await;
}

async fn take_segment(
    app: &App,
    file: &str,
    index: &str,
    headers: &HeaderMap,
    body: &mut BodyDataStream,
) -> Result<StatusCode, Refusal> {
    let file = super::routes::known_file(app, file)?;
    let index = super::routes::segment_index(&file, index)?;
    let owner = auth::check(app, headers, &file.file)?;
    if let Some(length) = content_length(headers) {
        if length > MAX_FRAME_LEN as u64 {
            return Err(too_large());
        }
    }
    app.store.admit(&file)?;
    let Some(_turn) = app.uploads.take(owner).await else {
        let message = format!(
            "{} uploads are under way; try again",
            app.limits.max_uploads
        );
        return Err(Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            message,
        ));
    };
    app.directory.note_upload(&file.file);
    let bytes = read_body(body, content_length(headers), &app.upload_rate).await?;
    let received = bytes.len() as u64;
    let segment = verify(app, file, index, bytes).await?;
    let timer = app.metrics.put_seconds.start_timer();
    store(app, &file, segment).await?;
    timer.observe_duration();
    app.metrics.uploaded_bytes.inc_by(received);
    app.directory.note_upload(&file.file);
    Ok(StatusCode::NO_CONTENT)
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

fn too_large() -> Refusal {
    let message = format!("the body is longer than {MAX_FRAME_LEN} bytes, the longest frame");
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
}

/// Reads a body as fast as `rate` allows: what is not read yet stays with the client. The client's time does not run
/// while it is kept waiting here.
async fn read_body(
    body: &mut BodyDataStream,
    length: Option<u64>,
    rate: &Rate,
) -> Result<Bytes, Refusal> {
    // Taken at once and not grown to, which would copy it over and over. The length is the client's
    // word, and at most that of a frame.
    let length = length.and_then(|length| usize::try_from(length).ok());
    let mut bytes = BytesMut::with_capacity(length.unwrap_or(0).min(MAX_FRAME_LEN));
    let mut deadline = Instant::now() + BODY_TIME;
    loop {
        let Ok(chunk) = timeout_at(deadline, body.next()).await else {
            let message = format!("the body took longer than {} s", BODY_TIME.as_secs());
            let status = StatusCode::REQUEST_TIMEOUT;
            return Err(Refusal::new(status, "too_slow", message));
        };
        let Some(chunk) = chunk else {
            return Ok(bytes.freeze());
        };
        let chunk = chunk.map_err(|_| {
            let message = "the body ended early";
            Refusal::new(StatusCode::BAD_REQUEST, "bad_body", message)
        })?;
        if bytes.len() + chunk.len() > MAX_FRAME_LEN {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
        deadline += rate.take(chunk.len() as u64).await;
    }
}

async fn verify(app: &App, file: FileRef, index: u64, bytes: Bytes) -> Result<NewSegment, Refusal> {
    let frame = Frame::decode(bytes).map_err(|error: FrameError| {
        app.metrics.rejected_segments.inc();
        Refusal::new(StatusCode::BAD_REQUEST, "bad_frame", error.to_string())
    })?;
    let verifying = tokio::task::spawn_blocking(move || {
        let root = frame.verify(&file.root, &file.shape, index)?;
        let Frame { siblings, data } = frame;
        Ok(NewSegment {
            file: file.file,
            index,
            root,
            siblings,
            data,
        })
    });
    match verifying.await {
        Ok(Ok(segment)) => Ok(segment),
        Ok(Err(error)) => {
            let error: noema_commitment::ProofError = error;
            app.metrics.rejected_segments.inc();
            let message = error.to_string();
            tracing::info!(file = %file.file, index, reason = message, "a segment was refused");
            Err(Refusal::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "wrong_segment",
                message,
            ))
        }
        Err(_) => Err(StoreError::Closed.into()),
    }
}

/// Makes a segment durable. The deal may be newer than the store's knowledge of the file.
async fn store(app: &App, file: &FileRef, segment: NewSegment) -> Result<(), StoreError> {
    match app.store.put(segment.clone()).await {
        Err(StoreError::UnknownFile(FileId(_))) => {
            app.store.add_file(file).await?;
            app.store.put(segment).await
        }
        result => result,
    }
}
