//! Connections: how patient, how large, and how they end.

use std::{
    future::pending,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    },
    time::{Duration, Instant},
};

use axum::{
    extract::Request,
    http::StatusCode,
    middleware::{from_fn_with_state, Next},
    response::Response,
    Extension, Router,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto,
        graceful::{GracefulShutdown, Watcher},
    },
    service::TowerToHyperService,
};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_io_timeout::TimeoutWriter;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::{
    gate::{Admitted, Gate},
    Peer,
};

/// How often an HTTP/2 client is asked whether it is there, and how long it may think.
const PING: Duration = Duration::from_secs(20);
/// How long requests under way may take after the daemon is told to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// Pause when the system has no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Requests at the same time on one HTTP/2 connection.
const STREAMS: u32 = 128;
/// Request line and headers, in bytes, and how many headers.
const HEADER_BYTES: usize = 16 << 10;
const HEADERS: usize = 64;

/// How connections are protected.
#[derive(Clone, Debug)]
pub enum Security {
    /// TLS 1.3 with the daemon's key.
    Tls(Arc<ServerConfig>),
    /// None. For loopback.
    Plain,
}

/// Who asks; an extension of every request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The other end.
    pub peer: Peer,
    close: CancellationToken,
}

impl Caller {
    /// Ends the connection, with everything else that is under way on it.
    pub fn hang_up(&self) {
        self.close.cancel();
    }
}

/// An extension of responses whose request its peer should not have sent, whatever the status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault;

/// How long clients may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a TLS handshake.
    pub handshake: Duration,
    /// Until the first request of a connection is there.
    pub first_request: Duration,
    /// For request line and headers, over HTTP/1.1.
    pub headers: Duration,
    /// Without taking any of an answer.
    pub write: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            first_request: Duration::from_secs(20),
            headers: Duration::from_secs(15),
            write: Duration::from_secs(30),
        }
    }
}

/// How connections are taken.
#[derive(Clone, Debug)]
pub struct Options {
    /// How they are protected.
    pub security: Security,
    /// Who is let in.
    pub gate: Arc<Gate>,
    /// How long they may take.
    pub patience: Patience,
}

/// Answers connections until `stop`, then lets requests under way finish. Requests carry their
/// [`Caller`] as an extension.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    options: Options,
    stop: CancellationToken,
) {
    let Options {
        security,
        gate,
        patience,
    } = options;
    let builder = Arc::new(builder(&patience));
    let graceful = GracefulShutdown::new();
    let acceptor = match security {
        Security::Tls(config) => Some(TlsAcceptor::from(config)),
        Security::Plain => None,
    };
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Some(admitted) = gate.admit(address.ip().into(), Instant::now()) else {
            continue;
        };
        let _ = stream.set_nodelay(true);
        let connection = Connection {
            builder: builder.clone(),
            watcher: graceful.watcher(),
            admitted: Arc::new(admitted),
            patience,
        };
        tokio::spawn(connection.run(stream, acceptor.clone(), router.clone()));
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = sleep(DRAIN) => tracing::warn!("some requests did not finish in time"),
    }
}

fn builder(patience: &Patience) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.headers)
        .max_buf_size(HEADER_BYTES)
        .max_headers(HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        // A segment and its head fit, so that an upload is one burst.
        .initial_stream_window_size(320 << 10)
        .initial_connection_window_size(2 << 20)
        .max_header_list_size(HEADER_BYTES as u32)
        .max_send_buf_size(320 << 10)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING);
    builder
}

/// One connection that was let in.
struct Connection {
    builder: Arc<auto::Builder<TokioExecutor>>,
    watcher: Watcher,
    admitted: Arc<Admitted>,
    patience: Patience,
}

impl Connection {
    async fn run(self, stream: TcpStream, acceptor: Option<TlsAcceptor>, router: Router) {
        let admitted = self.admitted.clone();
        let work = async {
            let Some(acceptor) = acceptor else {
                return self.answer(stream, router).await;
            };
            match timeout(self.patience.handshake, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => self.answer(stream, router).await,
                Ok(Err(error)) => {
                    tracing::debug!(%error, "a TLS handshake failed");
                    self.admitted.fault(Instant::now());
                }
                Err(_) => tracing::debug!("a TLS handshake took too long"),
            }
        };
        tokio::select! {
            () = work => {}
            () = admitted.close.cancelled() => tracing::debug!("a connection was closed"),
        }
    }

    async fn answer<S>(self, stream: S, router: Router)
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let mut stream = TimeoutWriter::new(stream);
        stream.set_timeout(Some(self.patience.write));
        let asked = Arc::new(AtomicBool::new(false));
        let watched = Watched {
            admitted: self.admitted.clone(),
            asked: asked.clone(),
        };
        let router = router
            .layer(from_fn_with_state(watched, watch))
            .layer(Extension(Caller {
                peer: self.admitted.peer,
                close: self.admitted.close.clone(),
            }));
        let connection = self
            .builder
            .serve_connection(
                TokioIo::new(Box::pin(stream)),
                TowerToHyperService::new(router),
            )
            .into_owned();
        let first_request = async {
            sleep(self.patience.first_request).await;
            if asked.load(Ordering::Relaxed) {
                pending::<()>().await;
            }
        };
        tokio::select! {
            ended = self.watcher.watch(connection) => if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended");
                // Whoever breaks off after a good answer did nothing wrong.
                if !asked.load(Ordering::Relaxed) {
                    self.admitted.fault(Instant::now());
                }
            },
            () = first_request => tracing::debug!("no request came"),
        }
    }
}

/// What is noted of the requests of a connection.
#[derive(Clone)]
struct Watched {
    admitted: Arc<Admitted>,
    asked: Arc<AtomicBool>,
}

async fn watch(
    axum::extract::State(watched): axum::extract::State<Watched>,
    request: Request,
    next: Next,
) -> Response {
    watched.asked.store(true, Ordering::Relaxed);
    let response = next.run(request).await;
    let status = response.status();
    if is_fault(status) || response.extensions().get::<Fault>().is_some() {
        watched.admitted.fault(Instant::now());
    } else if !status.is_client_error() && !status.is_server_error() {
        watched.admitted.proven();
    }
    response
}

/// Whether an answer says that the peer sent something wrong. Asking for what is not there, or too
/// early, is no fault: honest clients do that while they wait.
fn is_fault(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST
            | StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::REQUEST_TIMEOUT
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::URI_TOO_LONG
            | StatusCode::UNPROCESSABLE_ENTITY
            | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
    )
}

/// Connections in memory, for fuzz targets.
#[cfg(fuzzing)]
#[allow(missing_docs)]
pub mod fuzzing {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    /// Answers one connection with the limits of [`serve`]. It differs in one thing: a client that has
    /// finished sending is still answered, so that there is something to look at.
    pub async fn answer<S>(stream: S, router: Router)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut builder = builder(&Patience::default());
        builder.http1().half_close(true);
        let router = router.layer(Extension(Caller {
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST).into(),
            close: CancellationToken::new(),
        }));
        // How it ends is for the client to see.
        let _ = builder
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
            .await;
    }
}

#[cfg(test)]
mod tests;
