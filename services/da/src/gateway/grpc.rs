//! The three calls of 0G's disperser.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{Request as HttpRequest, State},
    http::{Response as HttpResponse, StatusCode},
    Extension,
};
use futures::{stream, StreamExt};
use noema_transport::{Caller, Peer};
use tokio::time::timeout;
use tonic::{body::Body as GrpcBody, server::Grpc, Code, Request, Response, Status};
use tonic_prost::ProstCodec;

use super::{intake::NewBlob, App, Gateway};
use crate::{
    chain::DaCalls,
    disperser::{
        BlobHeader, BlobInfo, BlobStatus, BlobStatusReply, BlobStatusRequest, DisperseBlobReply,
        DisperseBlobRequest, RetrieveBlobReply, RetrieveBlobRequest, MAX_DATA,
    },
    replies::Refusal,
    wire::BlobState,
};

/// What a message has beside its data, in bytes.
const OVERHEAD: usize = 1 << 10;
/// How long a client may take for a piece of a message.
const PIECE_TIME: Duration = Duration::from_secs(30);

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal.status {
            StatusCode::BAD_REQUEST
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::RANGE_NOT_SATISFIABLE => Code::InvalidArgument,
            StatusCode::NOT_FOUND => Code::NotFound,
            StatusCode::TOO_EARLY => Code::FailedPrecondition,
            StatusCode::REQUEST_TIMEOUT => Code::DeadlineExceeded,
            StatusCode::INSUFFICIENT_STORAGE | StatusCode::TOO_MANY_REQUESTS => {
                Code::ResourceExhausted
            }
            StatusCode::SERVICE_UNAVAILABLE => Code::Unavailable,
            StatusCode::UNPROCESSABLE_ENTITY => Code::DataLoss,
            _ => Code::Internal,
        };
        Self::new(code, refusal.message)
    }
}

/// What an answer takes until its last byte is sent.
type Held = Arc<Mutex<Vec<Box<dyn Send>>>>;

fn hold(held: &Held, what: impl Send + 'static) {
    let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
    held.push(Box::new(what));
}

/// A call of one message, answered with one.
struct Call<F>(F);

impl<F, Asked, Answer, Fut> tonic::server::UnaryService<Asked> for Call<F>
where
    F: FnMut(Asked) -> Fut,
    Fut: Future<Output = Result<Answer, Status>> + Send + 'static,
{
    type Response = Answer;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Answer>, Status>> + Send>>;

    fn call(&mut self, request: Request<Asked>) -> Self::Future {
        let answering = (self.0)(request.into_inner());
        Box::pin(async move { answering.await.map(Response::new) })
    }
}

/// A body that lets go of something when it is sent, or given up.
struct Holding {
    body: Pin<Box<GrpcBody>>,
    _held: Held,
}

impl HttpBody for Holding {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Status>>> {
        self.body.as_mut().poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// Reads the message, has it answered, and sends the answer.
async fn unary<Asked, Answer, F, Fut>(
    request: HttpRequest,
    held: Held,
    answer: F,
) -> HttpResponse<Body>
where
    Asked: prost::Message + Default + Send + 'static,
    Answer: prost::Message + Send + 'static,
    F: FnMut(Asked) -> Fut,
    Fut: Future<Output = Result<Answer, Status>> + Send + 'static,
{
    let codec = ProstCodec::<Answer, Asked>::default();
    let mut grpc = Grpc::new(codec).max_decoding_message_size(MAX_DATA + OVERHEAD);
    let response = grpc.unary(Call(answer), request.map(in_time)).await;
    response.map(|body| {
        Body::new(Holding {
            body: Box::pin(body),
            _held: held,
        })
    })
}

/// A body whose pieces come in time, or which ends with an error.
fn in_time(body: Body) -> Body {
    let pieces = stream::unfold(Some(body.into_data_stream()), |left| async {
        let mut pieces = left?;
        match timeout(PIECE_TIME, pieces.next()).await {
            Ok(None) => None,
            Ok(Some(Ok(piece))) => Some((Ok(piece), Some(pieces))),
            Ok(Some(Err(error))) => Some((Err(io::Error::other(error)), None)),
            Err(_) => {
                let message = format!("nothing came for {} s", PIECE_TIME.as_secs());
                Some((Err(io::Error::new(io::ErrorKind::TimedOut, message)), None))
            }
        }
    });
    Body::from_stream(pieces)
}

/// `DisperseBlob`: answered once the bytes are durable here.
pub(super) async fn disperse<C: DaCalls>(
    State(app): State<App<C>>,
    Extension(caller): Extension<Caller>,
    request: HttpRequest,
) -> HttpResponse<Body> {
    // The message is in memory before anything can be said of it: few at a time.
    let Ok(turn) = app.messages.clone().acquire_owned().await else {
        return Status::unavailable("closing").into_http();
    };
    let held = Held::default();
    hold(&held, turn);
    unary(request, held, move |asked: DisperseBlobRequest| {
        let (app, peer) = (app.clone(), caller.peer);
        async move {
            let size = asked.data.len();
            if size == 0 || size > MAX_DATA {
                let message = format!(
                    "the blob has {size} bytes: expected 1 to {MAX_DATA}; larger ones go over PUT /v1/blobs"
                );
                return Err(Status::invalid_argument(message));
            }
            let new = NewBlob {
                // No more than MAX_DATA.
                size: size as u32,
                namespace: app.namespace,
                days: app.days,
                bundle: false,
            };
            let pieces = stream::iter([Ok(asked.data)]);
            let request = app.take(peer, new, pieces).await?;
            Ok(DisperseBlobReply {
                result: BlobStatus::Processing.into(),
                request_id: request.id.to_string().into(),
            })
        }
    })
    .await
}

/// `GetBlobStatus`.
pub(super) async fn status<C: DaCalls>(
    State(app): State<App<C>>,
    request: HttpRequest,
) -> HttpResponse<Body> {
    unary(request, Held::default(), move |asked: BlobStatusRequest| {
        let app = app.clone();
        async move { app.disperser_status(&asked.request_id).await }
    })
    .await
}

/// `RetrieveBlob`.
pub(super) async fn retrieve<C: DaCalls>(
    State(app): State<App<C>>,
    Extension(caller): Extension<Caller>,
    request: HttpRequest,
) -> HttpResponse<Body> {
    let held = Held::default();
    let holding = held.clone();
    unary(request, held, move |asked: RetrieveBlobRequest| {
        app.clone().retrieved(caller.peer, asked, holding.clone())
    })
    .await
}

impl<C: DaCalls> Gateway<C> {
    async fn retrieved(
        self: Arc<Self>,
        peer: Peer,
        asked: RetrieveBlobRequest,
        held: Held,
    ) -> Result<RetrieveBlobReply, Status> {
        let turn = self.reading(peer).await?;
        let submission = asked.quorum_id;
        let info = self.lookup.submission(submission).await;
        let info = info.map_err(Refusal::from)?;
        let is_it =
            info.commitment.0[..] == asked.storage_root[..] && u64::from(info.era) == asked.epoch;
        if !is_it {
            let message = format!(
                "submission {submission} (quorum_id) has another commitment (storage_root) or era (epoch)"
            );
            return Err(Status::not_found(message));
        }
        let (data, memory) = self.read_all(submission).await?;
        self.metrics.served_bytes.inc_by(data.len() as u64);
        hold(&held, (memory, turn));
        Ok(RetrieveBlobReply { data })
    }

    async fn disperser_status(&self, id: &[u8]) -> Result<BlobStatusReply, Status> {
        let id = std::str::from_utf8(id)
            .map_err(|_| Status::invalid_argument("expected a request_id of this gateway"))?;
        let request = self.request(id)?;
        let status = self.status(&request).map_err(Refusal::from)?;
        let word = match status.state {
            BlobState::Received | BlobState::Submitting | BlobState::Submitted => {
                BlobStatus::Processing
            }
            BlobState::Available => BlobStatus::Finalized,
            BlobState::Failed => BlobStatus::Failed,
            BlobState::TooFewSignatures => BlobStatus::InsufficientSignatures,
        };
        let mut info = BlobInfo { blob_header: None };
        if let (BlobStatus::Finalized, Some(submission)) = (word, status.submission) {
            let found = self.lookup.submission(submission).await;
            let found = found.map_err(Refusal::from)?;
            info.blob_header = Some(BlobHeader {
                storage_root: Bytes::copy_from_slice(&found.commitment.0),
                epoch: found.era.into(),
                quorum_id: submission,
            });
        }
        Ok(BlobStatusReply {
            status: word.into(),
            info: Some(info),
        })
    }
}
