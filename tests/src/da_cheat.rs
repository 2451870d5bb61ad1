//! Ways in which a seat can lie: the real seat, with somebody before it who changes what it says.

use std::{
    fmt,
    net::SocketAddr,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context;
use axum::{
    body::{to_bytes, Body, Bytes},
    extract::{Path, Request, State},
    http::{header, Method, StatusCode},
    response::{IntoResponse, Response},
    routing::put,
    Router,
};
use futures::{stream, StreamExt};
use tokio::net::TcpListener;

/// Bytes of a shard at most: no seat is sent more than a blob and its proofs.
const MAX_BODY: usize = 256 << 20;
/// Time between two bytes that drip.
const DRIP: Duration = Duration::from_millis(500);

/// What a seat does instead of what it should.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cheat {
    /// Nothing: it is honest.
    #[default]
    None,
    /// Answers shards with a signature that is none.
    GarbageSignature,
    /// Takes shards and never answers.
    Silence,
    /// Serves rows with a flipped bit.
    WrongRow,
    /// Serves rows with a flipped bit in the proof.
    WrongProof,
    /// Serves rows byte by byte.
    Drip,
}

impl Cheat {
    /// Those who spoil what the gateway gathers.
    pub const SIGNING: [Self; 2] = [Self::GarbageSignature, Self::Silence];
    /// Those who spoil what readers are given.
    pub const SERVING: [Self; 3] = [Self::WrongRow, Self::WrongProof, Self::Drip];
}

impl fmt::Display for Cheat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::GarbageSignature => "garbage-signature",
            Self::Silence => "silence",
            Self::WrongRow => "wrong-row",
            Self::WrongProof => "wrong-proof",
            Self::Drip => "drip",
        })
    }
}

impl FromStr for Cheat {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        [Self::None]
            .into_iter()
            .chain(Self::SIGNING)
            .chain(Self::SERVING)
            .find(|way| way.to_string() == name)
            .ok_or_else(|| format!("{name:?} is no way to cheat"))
    }
}

struct Cheater {
    seat: String,
    http: reqwest::Client,
    way: Mutex<Cheat>,
}

/// Stands at `outside` before the seat at `inside`, until it breaks. `PUT /cheat/{way}` changes the way.
pub async fn stand_before(inside: SocketAddr, outside: SocketAddr) -> anyhow::Result<()> {
    noema_transport::install_crypto();
    let cheater = Arc::new(Cheater {
        seat: format!("http://{inside}"),
        http: reqwest::Client::builder().no_proxy().build()?,
        way: Mutex::default(),
    });
    let router = Router::new()
        .route("/cheat/{way}", put(change))
        .fallback(pass)
        .with_state(cheater);
    let listener = TcpListener::bind(outside)
        .await
        .with_context(|| format!("cannot listen at {outside}"))?;
    Ok(axum::serve(listener, router).await?)
}

/// Tells the seat at `url` how to cheat from now on.
pub async fn tell(url: &str, way: Cheat) -> anyhow::Result<()> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let answer = client.put(format!("{url}/cheat/{way}")).send().await?;
    answer.error_for_status()?;
    Ok(())
}

async fn change(State(cheater): State<Arc<Cheater>>, Path(way): Path<String>) -> Response {
    match way.parse() {
        Ok(way) => {
            *cheater.way.lock().unwrap_or_else(PoisonError::into_inner) = way;
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, error).into_response(),
    }
}

async fn pass(State(cheater): State<Arc<Cheater>>, request: Request) -> Response {
    let way = *cheater.way.lock().unwrap_or_else(PoisonError::into_inner);
    let path = request.uri().path().to_owned();
    // A gateway that got no signature asks for it once more.
    let is_shard = (request.method() == Method::PUT && path.ends_with("/shard"))
        || path.ends_with("/signature");
    let is_rows = path.ends_with("/rows");
    match cheater.ask(request).await {
        Ok(answer) if is_shard => sign(way, answer).await,
        Ok(answer) if is_rows => serve(way, answer).await,
        Ok(answer) => passed(answer),
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

impl Cheater {
    async fn ask(&self, request: Request) -> anyhow::Result<reqwest::Response> {
        let (parts, body) = request.into_parts();
        let target = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = parts.headers;
        for own in [
            header::HOST,
            header::CONNECTION,
            header::CONTENT_LENGTH,
            header::TRANSFER_ENCODING,
        ] {
            headers.remove(own);
        }
        let body = to_bytes(body, MAX_BODY).await?;
        let asked = self
            .http
            .request(parts.method, format!("{}{target}", self.seat))
            .headers(headers)
            .body(body);
        Ok(asked.send().await?)
    }
}

fn passed(answer: reqwest::Response) -> Response {
    let status = answer.status();
    (status, Body::from_stream(answer.bytes_stream())).into_response()
}

/// The answer to a shard, and to who asks for its signature.
async fn sign(way: Cheat, answer: reqwest::Response) -> Response {
    let status = answer.status();
    let Ok(text) = answer.text().await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    match way {
        Cheat::Silence => std::future::pending().await,
        Cheat::GarbageSignature => {
            let garbage = format!("\"0x{}\"", "99".repeat(96));
            let honest = text.find("\"0x").and_then(|at| text.get(at..at + 196));
            let text = honest.map_or(text.clone(), |honest| text.replace(honest, &garbage));
            (status, text).into_response()
        }
        _ => (status, text).into_response(),
    }
}

/// The answer to who asks for rows.
async fn serve(way: Cheat, answer: reqwest::Response) -> Response {
    let status = answer.status();
    let Ok(bytes) = answer.bytes().await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let mut bytes = bytes.to_vec();
    match way {
        Cheat::WrongRow => flip(bytes.last_mut()),
        Cheat::WrongProof => flip(bytes.get_mut(2)),
        Cheat::Drip => {
            let pieces = stream::iter(bytes).then(|byte| async move {
                tokio::time::sleep(DRIP).await;
                Ok::<_, std::io::Error>(Bytes::from(vec![byte]))
            });
            return (status, Body::from_stream(pieces)).into_response();
        }
        _ => {}
    }
    (status, bytes).into_response()
}

fn flip(byte: Option<&mut u8>) {
    if let Some(byte) = byte {
        *byte ^= 1;
    }
}
