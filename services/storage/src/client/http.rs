//! Single requests to a provider.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use noema_chain_client::{AccountId, BlockNumber, FileId, Hash};
use noema_transport::{Clients, EndpointUrl};
use reqwest::{header, Method, Response, StatusCode};
use serde::{de::DeserializeOwned, Deserialize, Serialize};

use super::{ClientError, Fault, FileRef};
use crate::{
    frame::{self, Frame, MAX_FRAME_LEN},
    token::UploadToken,
};

/// The longest JSON answer that is read, in bytes: 1000 ranges need about 40 KiB.
const MAX_JSON: usize = 256 << 10;

/// How requests are made.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Limit for making a connection.
    pub connect_timeout: Duration,
    /// Limit for one request, body included.
    pub request_timeout: Duration,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(60),
        }
    }
}

/// Health of a daemon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// `ok`, or what is wrong in words.
    pub status: String,
    /// What the daemon sees of the chain.
    pub chain: ChainHealth,
    /// Its store; absent if it cannot be read.
    pub store: Option<StoreHealth>,
    /// How far its scrub is; absent if it does not scrub.
    #[serde(default)]
    pub scrub: Option<ScrubHealth>,
}

/// What a daemon sees of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainHealth {
    /// Number of the newest finalised block it has seen.
    pub finalized: BlockNumber,
    /// Seconds since it saw that.
    pub lag_seconds: u64,
}

/// A daemon's store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreHealth {
    /// Files known, complete or not.
    pub files: u64,
    /// Bytes of segments held.
    pub bytes: u64,
    /// Free bytes on the disk.
    pub free_bytes: u64,
    /// Whether the last write worked.
    pub writable: bool,
    /// Damaged segments that wait to be fetched again.
    #[serde(default)]
    pub damaged: u64,
    /// Bytes that are to come for files that are not complete.
    #[serde(default)]
    pub promised_bytes: u64,
    /// Bytes of files that the disk can hold in all, those held included.
    #[serde(default)]
    pub holdable_bytes: u64,
}

/// How far a daemon is with reading what it stores.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScrubHealth {
    /// How much of the round is done, from 0 to 1.
    pub position: f64,
    /// When the last full round ended, in seconds since 1970; 0 if there was none.
    pub round_ended: u64,
    /// How long it took.
    pub round_seconds: u64,
}

/// Limits of a daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Uploads of segments at the same time.
    pub max_uploads: usize,
    /// Answers with data at the same time.
    pub max_downloads: usize,
    /// Greatest body of a request in bytes.
    pub max_body: usize,
}

/// Who a daemon is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderInfo {
    /// Version of the program.
    pub version: String,
    /// The chain it serves.
    pub genesis: Hash,
    /// Its bonded account.
    pub provider: AccountId,
    /// Its hot key.
    pub operator: AccountId,
    /// Its limits.
    pub limits: Limits,
}

/// What a daemon has of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStatus {
    /// The file.
    pub file: FileId,
    /// Its root, `0x` hex.
    pub root: Hash,
    /// Its size in bytes.
    pub size: u64,
    /// How many segments it has.
    pub segments: u64,
    /// How many of them are here.
    pub have: u64,
    /// Whether all are here.
    pub complete: bool,
    /// Ranges of segments that are missing, first and last included; at most 1000 ranges.
    pub missing: Vec<(u64, u64)>,
}

/// A segment that belongs to its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedSegment {
    /// Its index.
    pub index: u64,
    /// Root of the segment.
    pub root: [u8; 32],
    /// Siblings from the segment's root to the file's, bottom to top.
    pub siblings: Vec<[u8; 32]>,
    /// Its data; zeros behind the file's end, up to a whole sector.
    pub data: Bytes,
}

/// The form of every error answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ErrorBody {
    pub(crate) error: ErrorDetail,
}

/// An error by code and in words.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ErrorDetail {
    pub(crate) code: String,
    pub(crate) message: String,
}

/// Talks to any number of providers over HTTP/2, to each only with the key that its endpoint pins;
/// keeps connections open. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct StorageClient {
    clients: Clients,
    options: ClientOptions,
}

impl Default for StorageClient {
    fn default() -> Self {
        Self::new(ClientOptions::default())
    }
}

impl StorageClient {
    /// A client with these options.
    pub fn new(options: ClientOptions) -> Self {
        let user_agent = concat!("noema-storage/", env!("CARGO_PKG_VERSION"));
        let clients = Clients::new(user_agent, options.connect_timeout);
        Self { clients, options }
    }

    /// `GET /v1/health`, whether healthy or not.
    pub async fn health(&self, endpoint: &str) -> Result<Health, ClientError> {
        let answer = self.send(endpoint, Method::GET, "health", None).await?;
        match answer.status() {
            StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE => json(endpoint, answer).await,
            _ => Err(refused(endpoint, answer).await),
        }
    }

    /// `GET /v1/info`.
    pub async fn info(&self, endpoint: &str) -> Result<ProviderInfo, ClientError> {
        let answer = self.send(endpoint, Method::GET, "info", None).await?;
        match answer.status() {
            StatusCode::OK => json(endpoint, answer).await,
            _ => Err(refused(endpoint, answer).await),
        }
    }

    /// `GET /v1/files/{file}`; `None` when the daemon has no deal for the file.
    pub async fn file_status(
        &self,
        endpoint: &str,
        file: &FileId,
    ) -> Result<Option<FileStatus>, ClientError> {
        let path = format!("files/{file}");
        let answer = self.send(endpoint, Method::GET, &path, None).await?;
        match answer.status() {
            StatusCode::OK => Ok(Some(json(endpoint, answer).await?)),
            StatusCode::NOT_FOUND => {
                match refused(endpoint, answer).await {
                    // Anything may answer 404; only the daemon knows this code.
                    ClientError::Refused { code, .. } if code == "unknown_file" => Ok(None),
                    other => Err(other),
                }
            }
            _ => Err(refused(endpoint, answer).await),
        }
    }

    /// Fetches a segment and verifies it.
    pub async fn segment(
        &self,
        endpoint: &str,
        file: &FileRef,
        index: u64,
    ) -> Result<VerifiedSegment, ClientError> {
        let path = format!("files/{}/segments/{index}", file.file);
        let answer = self.send(endpoint, Method::GET, &path, None).await?;
        if answer.status() != StatusCode::OK {
            return Err(refused(endpoint, answer).await);
        }
        let expected = frame::expected_len(&file.shape, index).unwrap_or(MAX_FRAME_LEN) as u64;
        let wrong = |fault| ClientError::WrongSegment {
            endpoint: endpoint.to_owned(),
            fault,
        };
        let announced = answer.content_length();
        let Some(bytes) = body(endpoint, answer, MAX_FRAME_LEN).await? else {
            let found = announced.unwrap_or(MAX_FRAME_LEN as u64 + 1);
            return Err(wrong(Fault::Length { expected, found }));
        };
        let file = *file;
        let verified = tokio::task::spawn_blocking(move || verify(&file, index, bytes, expected));
        match verified.await {
            Ok(verified) => verified.map_err(wrong),
            Err(e) => Err(ClientError::BadAnswer {
                endpoint: endpoint.to_owned(),
                reason: format!("verification was interrupted: {e}"),
            }),
        }
    }

    /// Sends a segment and waits until the provider has it durably.
    pub async fn put_segment(
        &self,
        endpoint: &str,
        file: &FileId,
        index: u64,
        siblings: &[[u8; 32]],
        data: &[u8],
        token: &UploadToken,
    ) -> Result<(), ClientError> {
        let path = format!("files/{file}/segments/{index}");
        let body = (frame::encode(siblings, data), token);
        let answer = self.send(endpoint, Method::PUT, &path, Some(body)).await?;
        match answer.status() {
            StatusCode::NO_CONTENT => Ok(()),
            _ => Err(refused(endpoint, answer).await),
        }
    }

    async fn send(
        &self,
        endpoint: &str,
        method: Method,
        path: &str,
        body: Option<(Bytes, &UploadToken)>,
    ) -> Result<Response, ClientError> {
        let path = format!("v1/{path}");
        let EndpointUrl { url, client } =
            self.clients
                .url(endpoint, &path)
                .map_err(|error| ClientError::BadEndpoint {
                    endpoint: endpoint.to_owned(),
                    reason: error.to_string(),
                })?;
        let mut request = client
            .request(method, url)
            .timeout(self.options.request_timeout);
        if let Some((body, token)) = body {
            request = request
                .header(header::AUTHORIZATION, token.to_header())
                .header(header::CONTENT_TYPE, "application/octet-stream")
                .body(body);
        }
        request.send().await.map_err(|e| unreachable(endpoint, &e))
    }
}

/// The innermost cause says what happened; the outer ones repeat the address.
fn unreachable(endpoint: &str, error: &reqwest::Error) -> ClientError {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let reason = if error.is_timeout() {
        "no answer in time".to_owned()
    } else {
        cause.to_string()
    };
    ClientError::Unreachable {
        endpoint: endpoint.to_owned(),
        reason,
    }
}

/// The body of an answer; `None` if it is longer than `limit`.
async fn body(
    endpoint: &str,
    mut answer: Response,
    limit: usize,
) -> Result<Option<Bytes>, ClientError> {
    if answer
        .content_length()
        .is_some_and(|length| length > limit as u64)
    {
        return Ok(None);
    }
    // As much as is announced, which is at most the limit: growing to it would copy over and over.
    let announced = answer
        .content_length()
        .and_then(|length| usize::try_from(length).ok());
    let mut whole = BytesMut::with_capacity(announced.unwrap_or(0).min(limit));
    while let Some(chunk) = answer
        .chunk()
        .await
        .map_err(|e| unreachable(endpoint, &e))?
    {
        if whole.len() + chunk.len() > limit {
            return Ok(None);
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(Some(whole.freeze()))
}

async fn json<T: DeserializeOwned>(endpoint: &str, answer: Response) -> Result<T, ClientError> {
    let bad = |reason: String| ClientError::BadAnswer {
        endpoint: endpoint.to_owned(),
        reason,
    };
    let bytes = body(endpoint, answer, MAX_JSON)
        .await?
        .ok_or_else(|| bad(format!("it is longer than {MAX_JSON} bytes")))?;
    serde_json::from_slice(&bytes).map_err(|e| bad(e.to_string()))
}

async fn refused(endpoint: &str, answer: Response) -> ClientError {
    let status = answer.status().as_u16();
    let detail = match json::<ErrorBody>(endpoint, answer).await {
        Ok(body) => body.error,
        Err(_) => ErrorDetail {
            code: "unknown".into(),
            message: "no reason given".into(),
        },
    };
    // What a provider says goes to people's terminals.
    let clean = |text: String| text.chars().filter(|c| !c.is_control()).take(300).collect();
    ClientError::Refused {
        endpoint: endpoint.to_owned(),
        status,
        code: clean(detail.code),
        message: clean(detail.message),
    }
}

fn verify(
    file: &FileRef,
    index: u64,
    bytes: Bytes,
    expected: u64,
) -> Result<VerifiedSegment, Fault> {
    let found = bytes.len() as u64;
    let frame = Frame::decode(bytes).map_err(|e| Fault::Frame(e.to_string()))?;
    let root = match frame.verify(&file.root, &file.shape, index) {
        Ok(root) => root,
        Err(_) if found != expected => return Err(Fault::Length { expected, found }),
        Err(error) => return Err(Fault::Proof(error)),
    };
    Ok(VerifiedSegment {
        index,
        root,
        siblings: frame.siblings,
        data: frame.data,
    })
}

/// The steps between an answer of a provider and its user, for fuzz targets.
#[cfg(fuzzing)]
#[allow(missing_docs)]
pub mod fuzzing {
    use super::*;

    const ENDPOINT: &str = "http://127.0.0.1:8201";

    fn answer(status: u16, body: &[u8]) -> Response {
        let mut answer = axum::http::Response::new(body.to_vec());
        *answer.status_mut() = StatusCode::from_u16(status).expect("100 to 999; qed");
        answer.into()
    }

    pub async fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ClientError> {
        json(ENDPOINT, answer(200, body)).await
    }

    pub async fn refusal(status: u16, body: &[u8]) -> ClientError {
        refused(ENDPOINT, answer(status, body)).await
    }

    pub fn segment(file: &FileRef, index: u64, body: &[u8]) -> Result<VerifiedSegment, Fault> {
        let expected = frame::expected_len(&file.shape, index).unwrap_or(MAX_FRAME_LEN) as u64;
        verify(file, index, Bytes::copy_from_slice(body), expected)
    }
}
