//! A request that is taken: the engine is asked, what comes is passed on, and its receipt is durable before the last byte.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

use axum::{
    body::Body,
    http::{header, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{future::BoxFuture, stream, FutureExt};
use noema_chain_client::AccountId;
use noema_compute_engine::form::Order;
use noema_compute_primitives::{ModelName, Receipt, ResponseHasher, Usage};
use tokio::sync::{mpsc, oneshot, OwnedSemaphorePermit};

use super::{
    admission::Payer,
    bodies::BodyPermit,
    meter::{charge, Meter, NOTHING},
    passing::{Reader, PIECES, READER_TIME},
    routes::Refused,
    Core,
};
use crate::{
    engine::{Engine, EngineAnswer, EngineError, EngineRequest},
    jobs::JobPool,
    openai::{usage_of, with_usage, ApiError, ErrorKind},
    unix_millis,
    wire::RECEIPT_HEADER,
    JournalError, SignedReceipt, SignedVoucher,
};

/// What is to be done.
pub(super) enum Task {
    /// An engine answers.
    Model {
        engine: Arc<dyn Engine>,
        request: EngineRequest,
    },
    /// A program runs.
    Wasm {
        pool: Arc<JobPool>,
        order: Box<Order>,
    },
}

/// A request whose voucher may be taken.
pub(super) struct Job {
    pub(super) core: Arc<Core>,
    pub(super) task: Task,
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
    /// The memory of its body.
    pub(super) body: BodyPermit,
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

/// Why there is no answer, or no more of it.
#[derive(Debug)]
pub(super) enum Broken {
    Engine(EngineError),
    /// Its time is up: later it could perhaps not be redeemed.
    Late,
    Stopping,
}

impl From<EngineError> for Broken {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

impl Job {
    /// Works; `given` gets what the client is given. The work does not end when the client goes away, the stream does. It ends when `over` does: when what it costs could
    /// soon not be redeemed any more.
    pub(super) async fn run(mut self, over: BoxFuture<'static, ()>, given: oneshot::Sender<Given>) {
        let Payer {
            signed,
            channel,
            session,
        } = &self.payer;
        let begun = self.core.ledger.begin(*signed, channel, session);
        self.body.leave_lane();
        if let Err(refusal) = begun {
            // Nobody need be told any more.
            let _ = given.send(Given::Refused(refusal.into()));
            return;
        }
        match &self.task {
            Task::Model { engine, request } => {
                self.run_model(engine.as_ref(), request, over, given).await;
            }
            Task::Wasm { pool, order } => self.run_wasm(pool, order, over, given).await,
        }
    }

    async fn run_model(
        &self,
        engine: &dyn Engine,
        request: &EngineRequest,
        mut over: BoxFuture<'static, ()>,
        mut given: oneshot::Sender<Given>,
    ) {
        // An engine that panics must not leave the lane busy.
        let asking = AssertUnwindSafe(engine.answer(request.clone())).catch_unwind();
        let answer = tokio::select! {
            answer = asking => answer.unwrap_or_else(|_| Err(panicked())).map_err(Broken::Engine),
            () = given.closed(), if request.stream => {
                self.end_unread(&ResponseHasher::new(200), self.meter().unread()).await;
                return;
            }
            () = &mut over => Err(Broken::Late),
            () = self.core.cut.cancelled() => Err(Broken::Stopping),
        };
        match answer {
            Ok(EngineAnswer::Stream(pieces)) => {
                let (sender, receiver) = mpsc::channel(PIECES);
                // A client that is gone is noticed by the sender.
                let _ = given.send(Given::Stream(receiver));
                let reader = Reader::new(sender, READER_TIME);
                self.pass_on(pieces, over, reader).await;
            }
            Ok(EngineAnswer::Whole { status, body }) => {
                let whole = self.whole(status, body).await;
                let _ = given.send(whole);
            }
            Err(broken) => {
                let whole = self.failed(broken).await;
                let _ = given.send(whole);
            }
        }
    }

    pub(super) fn meter(&self) -> Meter {
        Meter::new(self.body_bytes, self.max_output)
    }

    /// Notes what broke, and tells what the client is told.
    pub(super) fn broke(&self, broken: &Broken, is_paid: bool) -> ApiError {
        tracing::warn!(?broken, "there is no answer, or not all of it");
        if matches!(broken, Broken::Engine(_)) {
            self.core.metrics.engine_errors.inc();
        }
        let is_costly = matches!(
            broken,
            Broken::Late
                | Broken::Engine(EngineError::Timeout { .. } | EngineError::TooLong { .. })
        );
        if is_costly && !is_paid {
            let channel = self.payer.signed.voucher.channel;
            self.core.strikes.note(channel, Instant::now());
        }
        error_of(broken)
    }

    async fn whole(&self, status: u16, body: Bytes) -> Given {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
        if status.is_success() {
            let said = usage_of(&body);
            let usage = self.meter().whole(said, body.len() as u64);
            let told = match said {
                Some(_) => Some(body),
                // Whoever pays must see for what.
                None => with_usage(&body, usage).map(Bytes::from),
            };
            return match told {
                Some(body) => self.finish_whole(StatusCode::OK, body, usage).await,
                None => self.failed(malformed("it is no JSON object")).await,
            };
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
        let reason = format!("it has status {}", status.as_u16());
        self.failed(malformed(&reason)).await
    }

    pub(super) async fn failed(&self, broken: Broken) -> Given {
        let error = self.broke(&broken, false);
        let body = Bytes::from(error.body().to_string());
        self.finish_whole(error.status, body, NOTHING).await
    }

    pub(super) async fn finish_whole(
        &self,
        status: StatusCode,
        body: Bytes,
        usage: Usage,
    ) -> Given {
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
    pub(super) async fn finish(
        &self,
        hasher: &ResponseHasher,
        usage: Usage,
    ) -> Result<SignedReceipt, JournalError> {
        let Payer {
            signed, channel, ..
        } = &self.payer;
        let receipt = self
            .core
            .receipt(signed, &channel.key, &self.model, hasher, usage);
        self.core.ledger.end(receipt.clone()).await?;
        self.core.metrics.answered(&receipt.receipt);
        Ok(receipt)
    }

    pub(super) async fn end_unread(&self, hasher: &ResponseHasher, usage: Usage) {
        self.core.metrics.cut_off.inc();
        if let Err(error) = self.finish(hasher, usage).await {
            tracing::error!(%error, "a receipt cannot be noted; its request is lost");
        }
    }
}

pub(super) fn malformed(reason: &str) -> Broken {
    EngineError::Malformed(reason.to_owned()).into()
}

pub(super) fn panicked() -> EngineError {
    EngineError::Malformed("it panicked".to_owned())
}

/// What clients are told: not where the engine is.
fn error_of(broken: &Broken) -> ApiError {
    let message = match broken {
        Broken::Engine(EngineError::Timeout { seconds }) => {
            format!("the engine took longer than {seconds} s")
        }
        Broken::Engine(EngineError::Unreachable(_)) => "the engine does not answer".to_owned(),
        Broken::Engine(EngineError::TooLong { most }) => {
            format!("the engine's answer has more than {most} bytes: ask for less at once")
        }
        Broken::Engine(EngineError::Malformed(_)) => {
            "the engine's answer cannot be used".to_owned()
        }
        Broken::Late => {
            let message = "the request took too long: what it costs could soon not be redeemed; use a voucher, a session and a channel that end later, or ask for less";
            let status = StatusCode::GATEWAY_TIMEOUT;
            return ApiError::new(status, ErrorKind::Server, "too_late", message);
        }
        Broken::Stopping => {
            return ApiError::unavailable("stopping", "the gateway is stopping");
        }
    };
    ApiError::upstream("engine", message)
}

impl Core {
    /// The receipt of a request, signed by the key that its channel froze.
    pub(super) fn receipt(
        &self,
        signed: &SignedVoucher,
        key: &AccountId,
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
        // Channels with another key are not worked for.
        let key = self.key(key).unwrap_or(&self.service_key);
        SignedReceipt::sign(key, &self.genesis, receipt)
    }

    /// The receipt of a request that was never worked on, or of which nobody knows what became.
    pub(super) fn nothing(
        &self,
        signed: &SignedVoucher,
        key: &AccountId,
        model: &ModelName,
    ) -> SignedReceipt {
        self.receipt(signed, key, model, &ResponseHasher::new(0), NOTHING)
    }
}
