//! A reverse proxy in front of a daemon: what passes can be watched, and segments can be changed on their way out.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context;
use axum::{
    body::{to_bytes, Body},
    extract::{Request, State},
    http::{header, Method, StatusCode},
    response::{IntoResponse, Response},
    Router,
};
use bytes::Bytes;
use futures::future::BoxFuture;
use tokio::{net::TcpListener, task::JoinHandle};

/// Largest request that passes, in bytes: a segment frame and room to spare.
const MAX_REQUEST: usize = 1 << 20;

/// Who stands in the middle. Everything passes unchanged if nothing is overridden.
pub trait Intermediary: Send + Sync + 'static {
    /// A request begins: its body has not been read yet.
    fn on_request(&self, _method: &Method, _path: &str) {}

    /// The daemon answered, and the answer is about to be passed on. `None` if it did not answer.
    fn on_answer(&self, _method: &Method, _path: &str, _status: Option<StatusCode>) {}

    /// Answers a request itself, instead of the daemon.
    fn answer(&self, _method: &Method, _path: &str) -> Option<Response> {
        None
    }

    /// The frame of a segment passes out; returns what the asker gets.
    fn segment<'a>(
        &'a self,
        _daemon: &'a Daemon,
        _of: &'a Segment,
        frame: Bytes,
    ) -> BoxFuture<'a, Bytes> {
        Box::pin(std::future::ready(frame))
    }
}

/// Lets everything pass.
#[derive(Debug)]
pub struct Honest;

impl Intermediary for Honest {}

/// Names a segment in a request's path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Segment {
    /// The file's id in hex.
    pub file: String,
    /// The segment's index.
    pub index: u64,
}

impl Segment {
    /// Reads `/v1/files/{file}/segments/{index}`.
    pub fn of_path(path: &str) -> Option<Self> {
        let (file, index) = path.strip_prefix("/v1/files/")?.split_once("/segments/")?;
        Some(Self {
            file: file.to_owned(),
            index: index.parse().ok()?,
        })
    }

    /// The path it is served at.
    pub fn path(&self) -> String {
        format!("/v1/files/{}/segments/{}", self.file, self.index)
    }
}

/// The daemon behind the proxy.
#[derive(Clone, Debug)]
pub struct Daemon {
    http: reqwest::Client,
    url: String,
}

impl Daemon {
    /// The daemon that answers at `url` (scheme, host and port).
    pub fn at(url: impl Into<String>) -> Self {
        noema_transport::install_crypto();
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client without TLS needs nothing of the system");
        Self {
            http,
            url: url.into(),
        }
    }

    /// The frame of a segment, as the daemon serves it.
    pub async fn frame(&self, of: &Segment) -> anyhow::Result<Bytes> {
        let answer = self
            .http
            .get(format!("{}{}", self.url, of.path()))
            .send()
            .await?;
        Ok(answer.error_for_status()?.bytes().await?)
    }
}

/// A running proxy; ends when dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Listens at `listen` (port 0 for any) for the daemon at `url`.
    pub async fn start(
        listen: SocketAddr,
        url: &str,
        middle: Arc<dyn Intermediary>,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen at {listen}"))?;
        let address = listener.local_addr()?;
        let router = Router::new().fallback(pass).with_state(Passage {
            daemon: Daemon::at(url),
            middle,
        });
        let task = tokio::spawn(async move {
            if let Err(e) = axum::serve(listener, router).await {
                tracing::error!(%address, error = %e, "the proxy ended");
            }
        });
        Ok(Self { address, task })
    }

    /// Where it listens: `http://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until it ends, which it does only by a fault.
    pub async fn ended(&mut self) {
        // A panic in the task is an end like another.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone)]
struct Passage {
    daemon: Daemon,
    middle: Arc<dyn Intermediary>,
}

async fn pass(State(passage): State<Passage>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    if let Some(answer) = passage.middle.answer(&parts.method, &path) {
        return answer;
    }
    passage.middle.on_request(&parts.method, &path);
    let Ok(body) = to_bytes(body, MAX_REQUEST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let mut headers = parts.headers;
    for own in [
        header::HOST,
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
    ] {
        headers.remove(own);
    }
    let target = parts.uri.path_and_query().map_or("/", |p| p.as_str());
    let asked = passage
        .daemon
        .http
        .request(
            parts.method.clone(),
            format!("{}{target}", passage.daemon.url),
        )
        .headers(headers)
        .body(body)
        .send()
        .await;
    let answer = match asked {
        Ok(answer) => answer,
        Err(e) => {
            passage.middle.on_answer(&parts.method, &path, None);
            return (
                StatusCode::BAD_GATEWAY,
                format!("the daemon does not answer: {e}"),
            )
                .into_response();
        }
    };
    let status = answer.status();
    let mut passed = Response::builder().status(status);
    for (name, value) in answer.headers() {
        if ![
            header::CONNECTION,
            header::CONTENT_LENGTH,
            header::TRANSFER_ENCODING,
        ]
        .contains(name)
        {
            passed = passed.header(name, value);
        }
    }
    let segment =
        Segment::of_path(&path).filter(|_| parts.method == Method::GET && status.is_success());
    let body = match segment {
        Some(segment) => match answer.bytes().await {
            Ok(frame) => Body::from(
                passage
                    .middle
                    .segment(&passage.daemon, &segment, frame)
                    .await,
            ),
            Err(e) => {
                passage.middle.on_answer(&parts.method, &path, None);
                return (
                    StatusCode::BAD_GATEWAY,
                    format!("the daemon broke off: {e}"),
                )
                    .into_response();
            }
        },
        None => Body::from_stream(answer.bytes_stream()),
    };
    passage.middle.on_answer(&parts.method, &path, Some(status));
    passed
        .body(body)
        .unwrap_or_else(|_| StatusCode::BAD_GATEWAY.into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segment_paths_are_read_and_written() {
        let segment = Segment {
            file: "ab12".into(),
            index: 7,
        };
        assert_eq!(Segment::of_path(&segment.path()), Some(segment));
        assert_eq!(Segment::of_path("/v1/files/ab12"), None);
        assert_eq!(Segment::of_path("/v1/files/ab12/segments/x"), None);
    }
}
