//! Connections over real sockets, good and bad.

use std::net::SocketAddr;

use axum::{body::Bytes, routing::get};
use noema_endpoint::Pin;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::JoinHandle,
};
use tokio_util::sync::DropGuard;

use super::*;
use crate::{Clients, ConnectionLimits, EndpointUrl, Identity};

/// Bytes of an answer that no socket buffer takes whole.
const LARGE: usize = 64 << 20;
/// Longer than any of the short patience below, and no reason to wait when all is well.
const SOON: Duration = Duration::from_secs(20);

struct Server {
    address: SocketAddr,
    pin: Option<Pin>,
    gate: Arc<Gate>,
    _stop: DropGuard,
}

fn router() -> Router {
    Router::new()
        .route("/v1/hello", get(|| async { "hello" }))
        .route("/v1/large", get(|| async { Bytes::from(vec![0; LARGE]) }))
        .route("/v1/refused", get(|| async { StatusCode::UNAUTHORIZED }))
        .route(
            "/v1/unpaid",
            get(|| async { (StatusCode::PAYMENT_REQUIRED, Extension(Fault)) }),
        )
}

async fn server(tls: bool, limits: (usize, usize)) -> Server {
    let short = Duration::from_millis(300);
    let patience = Patience {
        handshake: short,
        first_request: short,
        headers: short,
        write: short,
    };
    let dir = tempfile::tempdir().unwrap();
    let identity = tls.then(|| Identity::load_or_create(dir.path()).unwrap());
    let security = match &identity {
        Some(identity) => Security::Tls(identity.server_config().unwrap()),
        None => Security::Plain,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (total, per_peer) = limits;
    let gate = Gate::new(ConnectionLimits { total, per_peer });
    let options = Options {
        security,
        gate: gate.clone(),
        patience,
    };
    let stop = CancellationToken::new();
    tokio::spawn(serve(listener, router(), options, stop.clone()));
    Server {
        address,
        pin: identity.map(|identity| identity.pin()),
        gate,
        _stop: stop.drop_guard(),
    }
}

impl Server {
    fn endpoint(&self) -> String {
        match self.pin {
            Some(pin) => format!("https://{}#{pin}", self.address),
            None => format!("http://{}", self.address),
        }
    }

    async fn ask(&self, endpoint: &str, path: &str) -> Result<(u16, Bytes), reqwest::Error> {
        let clients = Clients::new("test", SOON);
        let EndpointUrl { url, client } = clients.url(endpoint, path).unwrap();
        let answer = client.get(url).timeout(SOON).send().await?;
        Ok((answer.status().as_u16(), answer.bytes().await?))
    }

    async fn says_hello(&self) {
        let (status, body) = self.ask(&self.endpoint(), "v1/hello").await.unwrap();
        assert_eq!((status, &body[..]), (200, &b"hello"[..]));
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

/// What the server sends until it closes the connection.
async fn until_closed(mut stream: TcpStream) -> Vec<u8> {
    let mut said = Vec::new();
    let closed = timeout(SOON, stream.read_to_end(&mut said)).await;
    // A reset is an end as well.
    let _ = closed.expect("the server closes the connection");
    said
}

#[tokio::test]
async fn the_pinned_key_is_accepted_and_no_other() {
    let (server, other) = (server(true, (8, 8)).await, server(true, (8, 8)).await);
    server.says_hello().await;
    let wrong = format!("https://{}#{}", server.address, other.pin.unwrap());
    let error = server.ask(&wrong, "v1/hello").await.unwrap_err();
    let said = format!("{error:?}");
    assert!(said.contains(&server.pin.unwrap().to_string()), "{said}");
    assert!(said.contains(&other.pin.unwrap().to_string()), "{said}");
}

#[tokio::test]
async fn plain_bytes_do_not_pass_for_tls_nor_tls_for_plain() {
    let tls = server(true, (8, 8)).await;
    let mut stream = tls.connect().await;
    stream
        .write_all(b"GET /v1/hello HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    let said = until_closed(stream).await;
    assert!(!said.windows(5).any(|part| part == b"hello"));
    let plain = server(false, (8, 8)).await;
    let endpoint = format!("https://{}#{}", plain.address, Pin([1; 32]));
    assert!(plain.ask(&endpoint, "v1/hello").await.is_err());
    tls.says_hello().await;
    plain.says_hello().await;
}

#[tokio::test]
async fn silent_and_slow_connections_are_closed() {
    for tls in [false, true] {
        let server = server(tls, (8, 8)).await;
        let silent = server.connect().await;
        let mut slow = server.connect().await;
        let dripping: JoinHandle<Vec<u8>> = tokio::spawn(async move {
            // One byte of a request that never ends, again and again.
            slow.write_all(b"GET /v1/hello HTTP/1.1\r\nx: ")
                .await
                .unwrap();
            let (read, mut write) = slow.into_split();
            let drip = tokio::spawn(async move {
                while write.write_all(b"x").await.is_ok() {
                    sleep(Duration::from_millis(20)).await;
                }
            });
            let mut read = read;
            let mut said = Vec::new();
            let _ = timeout(SOON, read.read_to_end(&mut said))
                .await
                .expect("the server closes the connection");
            drip.abort();
            said
        });
        assert!(until_closed(silent).await.is_empty());
        let said = dripping.await.unwrap();
        assert!(!said.starts_with(b"HTTP/1.1 200"));
        server.says_hello().await;
    }
}

#[tokio::test]
async fn oversized_headers_are_refused() {
    let server = server(false, (8, 8)).await;
    let mut stream = server.connect().await;
    let long = format!(
        "GET /v1/hello HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n",
        "x".repeat(2 * HEADER_BYTES)
    );
    let _ = stream.write_all(long.as_bytes()).await;
    let said = String::from_utf8_lossy(&until_closed(stream).await).into_owned();
    assert!(
        said.is_empty() || said.starts_with("HTTP/1.1 431"),
        "{said}"
    );
    let mut stream = server.connect().await;
    let many = format!(
        "GET /v1/hello HTTP/1.1\r\nhost: a\r\n{}\r\n",
        "x: y\r\n".repeat(2 * HEADERS)
    );
    let _ = stream.write_all(many.as_bytes()).await;
    let said = String::from_utf8_lossy(&until_closed(stream).await).into_owned();
    assert!(
        said.is_empty() || said.starts_with("HTTP/1.1 431"),
        "{said}"
    );
    server.says_hello().await;
}

#[tokio::test]
async fn an_answer_that_nobody_reads_ends() {
    let server = server(false, (8, 8)).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /v1/large HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    // The connection's place is free again although nothing was read.
    timeout(SOON, async {
        while server.gate.stats().open != 1 {
            sleep(Duration::from_millis(10)).await;
        }
        while server.gate.stats().open != 0 {
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("the server gives up");
    let said = until_closed(stream).await;
    assert!(said.len() < LARGE);
}

#[tokio::test]
async fn refused_again_and_again_is_barred() {
    let server = server(false, (8, 8)).await;
    let clients = Clients::new("test", SOON);
    let mut refused = 0;
    let broken = loop {
        // By the status, or by what the router says.
        let (path, status) = match refused % 2 {
            0 => ("v1/refused", StatusCode::UNAUTHORIZED),
            _ => ("v1/unpaid", StatusCode::PAYMENT_REQUIRED),
        };
        let EndpointUrl { url, client } = clients.url(&server.endpoint(), path).unwrap();
        match client.get(url).timeout(SOON).send().await {
            Ok(answer) => {
                assert_eq!(answer.status(), status);
                refused += 1;
                assert!(refused < 10_000, "refusals go on without end");
            }
            Err(error) => break error,
        }
    };
    assert!(refused >= 100, "barred after {refused}: {broken}");
}

#[tokio::test]
async fn silent_connections_make_room_for_whoever_asks() {
    let server = server(false, (4, 4)).await;
    let mut silent = Vec::new();
    for _ in 0..4 {
        silent.push(server.connect().await);
    }
    timeout(SOON, async {
        while server.gate.stats().open < 4 {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
    // Its peer has all its places; another address of loopback has its own.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut stream = socket.connect(server.address).await.unwrap();
    stream
        .write_all(b"GET /v1/hello HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let said = until_closed(stream).await;
    assert!(
        said.ends_with(b"hello"),
        "{}",
        String::from_utf8_lossy(&said)
    );
}
