//! What comes of a provider, read with patience and not without end.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{stream::BoxStream, StreamExt};
use reqwest::{header::HeaderMap, Response};
use tokio::time::timeout;

use super::ask::Failure;
use crate::{
    engine::MAX_ANSWER,
    sse::{Event, Events},
    wire::RECEIPT_HEADER,
    SignedReceipt,
};

/// Events of an answer, as they come.
pub(super) struct EventStream {
    pieces: BoxStream<'static, Result<Bytes, reqwest::Error>>,
    cut: Events,
    patience: Duration,
}

impl EventStream {
    pub(super) fn of(response: Response, patience: Duration) -> Self {
        Self {
            pieces: response.bytes_stream().boxed(),
            cut: Events::default(),
            patience,
        }
    }

    /// The next event. None at the end of the stream.
    pub(super) async fn next(&mut self) -> Result<Option<Event>, Failure> {
        loop {
            let event = self.cut.next_event();
            if let Some(event) = event.map_err(|e| Failure::Unwell(e.to_string()))? {
                return Ok(Some(event));
            }
            match timeout(self.patience, self.pieces.next()).await {
                Ok(Some(Ok(piece))) => self.cut.push(&piece),
                Ok(Some(Err(error))) => return Err(broke_off(error)),
                Ok(None) => return Ok(None),
                Err(_) => return Err(Failure::Unwell("it fell silent".to_owned())),
            }
        }
    }
}

pub(super) fn broke_off(error: reqwest::Error) -> Failure {
    Failure::Unwell(format!("the connection broke off: {}", error.without_url()))
}

/// Whether an event is an error and nothing of an answer.
pub(super) fn is_error(event: &Event) -> bool {
    #[derive(serde::Deserialize)]
    struct Error {
        #[allow(dead_code)]
        error: serde::de::IgnoredAny,
    }
    event
        .data()
        .is_some_and(|data| serde_json::from_slice::<Error>(&data).is_ok())
}

pub(super) fn receipt_of(headers: &HeaderMap) -> Option<SignedReceipt> {
    let value = headers.get(RECEIPT_HEADER)?;
    SignedReceipt::from_text(value.as_bytes()).ok()
}

pub(super) async fn whole_body(response: Response, patience: Duration) -> Result<Bytes, Failure> {
    body_within(response, patience, MAX_ANSWER).await
}

/// A body of at most so many bytes.
pub(super) async fn body_within(
    response: Response,
    patience: Duration,
    most: usize,
) -> Result<Bytes, Failure> {
    let mut body = BytesMut::new();
    let mut pieces = response.bytes_stream();
    loop {
        match timeout(patience, pieces.next()).await {
            Ok(Some(Ok(piece))) if body.len() + piece.len() > most => {
                let reason = format!("its answer has more than {most} bytes");
                return Err(Failure::Unwell(reason));
            }
            Ok(Some(Ok(piece))) => body.extend_from_slice(&piece),
            Ok(Some(Err(error))) => return Err(broke_off(error)),
            Ok(None) => return Ok(body.freeze()),
            Err(_) => return Err(Failure::Unwell("it fell silent".to_owned())),
        }
    }
}
