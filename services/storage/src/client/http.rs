//! Single requests to a provider.

use std::time::Duration;

use noema_chain_client::{AccountId, FileId, Hash};
use serde::{Deserialize, Serialize};

use super::{ClientError, FileRef};

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
    /// `ok` or what is wrong.
    pub status: String,
    /// What the daemon sees of the chain.
    pub chain: serde_json::Value,
    /// Its store.
    pub store: serde_json::Value,
}

/// Limits of a daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Uploads of segments at the same time.
    pub max_uploads: usize,
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
    pub data: bytes::Bytes,
}

/// Talks to any number of providers; keeps connections open. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct StorageClient {
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
        Self { options }
    }

    fn incomplete<T>(&self, endpoint: &str) -> Result<T, ClientError> {
        let reason = format!("{:?}", self.options);
        Err(ClientError::Unreachable {
            endpoint: endpoint.to_owned(),
            reason,
        })
    }

    /// `GET /v1/health`, whether healthy or not.
    pub async fn health(&self, endpoint: &str) -> Result<Health, ClientError> {
        self.incomplete(endpoint)
    }

    /// `GET /v1/info`.
    pub async fn info(&self, endpoint: &str) -> Result<ProviderInfo, ClientError> {
        self.incomplete(endpoint)
    }

    /// `GET /v1/files/{file}`; `None` when the daemon has no deal for the file.
    pub async fn file_status(
        &self,
        endpoint: &str,
        _file: &FileId,
    ) -> Result<Option<FileStatus>, ClientError> {
        self.incomplete(endpoint)
    }

    /// Fetches a segment and verifies it.
    pub async fn segment(
        &self,
        endpoint: &str,
        _file: &FileRef,
        _index: u64,
    ) -> Result<VerifiedSegment, ClientError> {
        self.incomplete(endpoint)
    }
}
