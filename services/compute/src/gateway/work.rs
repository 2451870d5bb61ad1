//! A request that is taken: the engine is asked, what comes is passed on, and its receipt is durable before the last byte.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{header, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use bytes::{Bytes, BytesMut};
use futures::{stream, StreamExt};
use noema_compute_primitives::{ModelName, Receipt, ResponseHasher, Usage};
use tokio::{
    sync::{mpsc, oneshot, OwnedSemaphorePermit},
    time::timeout,
};

use super::{
    admission::Payer,
    meter::{charge, Meter, NOTHING},
    routes::Refused,
    Core,
};
use crate::{
    engine::{Engine, EngineAnswer, EngineError, EngineRequest},
    openai::{usage_of, ApiError, Piece},
    sse::{Event, Events},
    unix_millis,
    wire::{RECEIPT_EVENT, RECEIPT_HEADER},
    JournalError, SignedReceipt, SignedVoucher,
};

/// Pieces that wait for a reader.
const PIECES: usize = 32;
/// How long a reader may take for one.
const PIECE_TIME: Duration = Duration::from_secs(30);

/// A request whose voucher may be taken.
pub(super) struct Job {
    pub(super) core: Arc<Core>,
    pub(super) engine: Arc<dyn Engine>,
    pub(super) request: EngineRequest,
    pub(super) payer: Payer,
    pub(super) model: ModelName,
    /// Bytes of the body as the client sent it.
    pub(super) body_bytes: u64,
    /// Tokens of output that are paid for, and that the engine is asked for, at most.
    pub(super) max_output: u64,
    /// Whether the client asked for the usage of a stream.
    pub(super) include_usage: bool,
    /// Its place among those that the service works on.
    pub(super) _place: OwnedSemaphorePermit,
}

/// What the client is given.
pub(super) enum Given {
    Whole {
        status: StatusCode,
        body: Bytes,
        receipt: Box<SignedReceipt>,
    },
    Stream(mpsc::Receiver<Bytes>),
    /// The voucher is not taken.
    Refused(Refused),
    /// The receipt could not be noted: there is no answer.
    Lost(JournalError),
}

impl Given {
    /// What a client is given whose request ended otherwise than it can.
    pub(super) fn lost(reason: &str) -> Self {
        Self::Lost(JournalError::Write(reason.to_owned()))
    }

    pub(super) fn into_response(self, verification: &'static str) -> Response {
        let (status, content, body, receipt) = match self {
            Self::Whole {
                status,
                body,
                receipt,
            } => (status, "application/json", Body::from(body), Some(receipt)),
            Self::Stream(pieces) => {
                let pieces = stream::unfold(pieces, |mut pieces| async move {
                    let piece = pieces.recv().await?;
                    Some((Ok::<_, std::convert::Infallible>(piece), pieces))
                });
                let body = Body::from_stream(pieces);
                (StatusCode::OK, "text/event-stream", body, None)
            }
            Self::Refused(refused) => return refused.into_response(),
            Self::Lost(error) => {
                tracing::error!(%error, "a receipt cannot be noted; its request is lost");
                let message = "the gateway cannot write its ledger; its operator can see why";
                return ApiError::unavailable("ledger", message).into_response();
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert("noema-verification", HeaderValue::from_static(verification));
        if let Some(value) = receipt.and_then(|receipt| receipt.to_text().parse().ok()) {
            headers.insert(RECEIPT_HEADER, value);
        }
        response
    }
}

/// How a stream ended.
enum End {
    Done(Event),
    Broken(EngineError),
    ClientGone,
}

impl Job {
    /// Works; `given` gets what the client is given. The work does not end when the client goes away, the stream does.
    pub(super) async fn run(self, mut given: oneshot::Sender<Given>) {
        let Payer {
            signed,
            channel,
            session,
        } = &self.payer;
        if let Err(refusal) = self.core.ledger.begin(*signed, channel, session) {
            // Nobody need be told any more.
            let _ = given.send(Given::Refused(refusal.into()));
            return;
        }
        let asking = self.engine.answer(self.request.clone());
        let answer = if self.request.stream {
            tokio::select! {
                answer = asking => answer,
                () = given.closed() => {
                    let usage = self.meter().streamed();
                    self.end_unread(&ResponseHasher::new(200), usage).await;
                    return;
                }
            }
        } else {
            asking.await
        };
        match answer {
            Ok(EngineAnswer::Stream(pieces)) => {
                let (sender, receiver) = mpsc::channel(PIECES);
                // A client that is gone is noticed by the sender.
                let _ = given.send(Given::Stream(receiver));
                self.pass_on(pieces, sender).await;
            }
            Ok(EngineAnswer::Whole { status, body }) => {
                let whole = self.whole(status, body).await;
                let _ = given.send(whole);
            }
            Err(error) => {
                tracing::warn!(%error, "the engine fails");
                self.core.metrics.engine_errors.inc();
                let whole = self.failed(&error).await;
                let _ = given.send(whole);
            }
        }
    }

    fn meter(&self) -> Meter {
        Meter::new(self.body_bytes, self.max_output)
    }

    async fn whole(&self, status: u16, body: Bytes) -> Given {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
        if status.is_success() {
            let usage = self.meter().whole(usage_of(&body), body.len() as u64);
            return self.finish_whole(StatusCode::OK, body, usage).await;
        }
        // What the engine says of the gateway's own key or address is the operator's affair.
        let hidden = [
            StatusCode::UNAUTHORIZED,
            StatusCode::FORBIDDEN,
            StatusCode::NOT_FOUND,
        ];
        if status.is_client_error() && !hidden.contains(&status) {
            return self.finish_whole(status, body, NOTHING).await;
        }
        let error = EngineError::Malformed(format!("it has status {}", status.as_u16()));
        tracing::warn!(%error, "the engine fails");
        self.core.metrics.engine_errors.inc();
        self.failed(&error).await
    }

    async fn failed(&self, error: &EngineError) -> Given {
        let error = engine_error(error);
        let body = Bytes::from(error.body().to_string());
        self.finish_whole(error.status, body, NOTHING).await
    }

    async fn finish_whole(&self, status: StatusCode, body: Bytes, usage: Usage) -> Given {
        let mut hasher = ResponseHasher::new(status.as_u16());
        hasher.update(&body);
        match self.finish(&hasher, usage).await {
            Ok(receipt) => Given::Whole {
                status,
                body,
                receipt: Box::new(receipt),
            },
            Err(error) => Given::Lost(error),
        }
    }

    /// Signs and notes the receipt.
    async fn finish(
        &self,
        hasher: &ResponseHasher,
        usage: Usage,
    ) -> Result<SignedReceipt, JournalError> {
        let receipt = self
            .core
            .receipt(&self.payer.signed, &self.model, hasher, usage);
        self.core.ledger.end(receipt.clone()).await?;
        self.core.metrics.answered(&receipt.receipt);
        Ok(receipt)
    }

    async fn end_unread(&self, hasher: &ResponseHasher, usage: Usage) {
        self.core.metrics.cut_off.inc();
        if let Err(error) = self.finish(hasher, usage).await {
            tracing::error!(%error, "a receipt cannot be noted; its request is lost");
        }
    }

    async fn pass_on(
        &self,
        mut pieces: stream::BoxStream<'static, Result<Bytes, EngineError>>,
        to: mpsc::Sender<Bytes>,
    ) {
        let mut hasher = ResponseHasher::new(200);
        let mut meter = self.meter();
        let mut events = Events::default();
        let end = loop {
            let piece = tokio::select! {
                biased;
                () = to.closed() => break End::ClientGone,
                () = self.core.cut.cancelled() => {
                    break End::Broken(EngineError::Unreachable("the gateway is stopping".to_owned()));
                }
                piece = pieces.next() => piece,
            };
            match piece {
                Some(Ok(piece)) => events.push(&piece),
                Some(Err(error)) => break End::Broken(error),
                None => {
                    let reason = "the stream ended without [DONE]".to_owned();
                    break End::Broken(EngineError::Malformed(reason));
                }
            }
            if let Some(end) = self
                .pass_events(&mut events, &mut hasher, &mut meter, &to)
                .await
            {
                break end;
            }
        };
        // The engine need not go on.
        drop(pieces);
        let last = match end {
            End::ClientGone => return self.end_unread(&hasher, meter.streamed()).await,
            End::Done(event) => event,
            End::Broken(error) => {
                tracing::warn!(%error, "the engine breaks off");
                self.core.metrics.engine_errors.inc();
                Event::new(None, &engine_error(&error).body().to_string())
            }
        };
        hasher.update(last.raw());
        let receipt = match self.finish(&hasher, meter.streamed()).await {
            Ok(receipt) => receipt,
            Err(error) => {
                tracing::error!(%error, "a receipt cannot be noted; its request is lost");
                return;
            }
        };
        let mut end = BytesMut::from(&last.raw()[..]);
        let event = Event::new(Some(RECEIPT_EVENT), &receipt.to_text());
        end.extend_from_slice(event.raw());
        // A client that is gone asks for the receipt.
        let _ = timeout(PIECE_TIME, to.send(end.freeze())).await;
        tracing::trace!(target: "noema_compute::durable", step = "last byte sent");
    }

    /// Passes the events on that are complete. How it ended, if it did.
    async fn pass_events(
        &self,
        events: &mut Events,
        hasher: &mut ResponseHasher,
        meter: &mut Meter,
        to: &mpsc::Sender<Bytes>,
    ) -> Option<End> {
        loop {
            let event = match events.next_event() {
                Ok(Some(event)) => event,
                Ok(None) => return None,
                Err(error) => return Some(End::Broken(EngineError::Malformed(error.to_string()))),
            };
            if event.is_done() {
                return Some(End::Done(event));
            }
            if event.is_receipt() {
                continue;
            }
            let data = event.data();
            let piece = data.map_or_else(Piece::default, |data| Piece::parse(&data));
            meter.piece(&piece);
            if piece.is_usage_only() && !self.include_usage {
                continue;
            }
            hasher.update(event.raw());
            match timeout(PIECE_TIME, to.send(event.raw().clone())).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return Some(End::ClientGone),
            }
            tracing::trace!(target: "noema_compute::durable", step = "piece sent");
        }
    }
}

/// What clients are told when the engine fails: not where it is.
fn engine_error(error: &EngineError) -> ApiError {
    let message = match error {
        EngineError::Timeout { seconds } => format!("the engine took longer than {seconds} s"),
        EngineError::Unreachable(_) => "the engine does not answer".to_owned(),
        EngineError::Malformed(_) => "the engine's answer cannot be used".to_owned(),
    };
    ApiError::upstream("engine", message)
}

impl Core {
    /// The receipt of a request, signed.
    pub(super) fn receipt(
        &self,
        signed: &SignedVoucher,
        model: &ModelName,
        hasher: &ResponseHasher,
        usage: Usage,
    ) -> SignedReceipt {
        let voucher = &signed.voucher;
        let (usage, amount) = charge(&voucher.price, usage, voucher.maximum);
        let receipt = Receipt {
            channel: voucher.channel,
            session: voucher.session,
            lane: voucher.lane,
            nonce: voucher.nonce,
            service: voucher.service,
            request: voucher.request,
            response: hasher.finish(),
            response_bytes: hasher.length(),
            model: model.clone(),
            usage,
            price: voucher.price,
            amount,
            // A voucher whose ceiling does not fit is not taken.
            cumulative: voucher.paid.saturating_add(amount),
            time: unix_millis(),
        };
        SignedReceipt::sign(&self.service_key, &self.genesis, receipt)
    }

    /// The receipt of a request that was never worked on, or of which nobody knows what became.
    pub(super) fn nothing(&self, signed: &SignedVoucher, model: &ModelName) -> SignedReceipt {
        self.receipt(signed, model, &ResponseHasher::new(0), NOTHING)
    }
}
