//! Downloading a file from any of its providers.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{stream, StreamExt};
use noema_commitment::SEGMENT_SIZE;
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    time::sleep,
};

use super::{
    ClientError, FileRef, Misbehaviour, OnProgress, Peer, Progress, StorageClient, VerifiedSegment,
};

/// Failures in a row after which a peer is left until all others have been tried.
const PATIENCE: u32 = 3;
/// Pause before all peers are tried again, times the number of the round.
const ROUND_PAUSE: Duration = Duration::from_millis(500);

/// How a file is downloaded.
#[derive(Clone)]
pub struct DownloadOptions {
    /// Segments under way or waiting to be written; each takes up to 512 KiB of memory.
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

/// What is known of the peers during a download.
struct Download<'a> {
    client: &'a StorageClient,
    file: &'a FileRef,
    peers: &'a [Peer],
    rounds: u32,
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    delivered: BTreeMap<usize, u64>,
    misbehaved: BTreeMap<usize, Misbehaviour>,
    failed: BTreeMap<usize, String>,
    failures_in_a_row: BTreeMap<usize, u32>,
}

impl StorageClient {
    /// Downloads a file, or a range of it, from `peers` into `output`, in order. Every segment is
    /// verified before it is written; when a peer fails or lies, the others take over. The output
    /// holds verified bytes only, even when the download fails.
    pub async fn download(
        &self,
        file: &FileRef,
        peers: &[Peer],
        output: &mut (impl AsyncWrite + Unpin + Send),
        options: DownloadOptions,
    ) -> Result<DownloadReport, DownloadError> {
        let size = file.size();
        let range = options.range.clone().unwrap_or(0..size);
        if range.start > range.end || range.end > size {
            return Err(DownloadError::BadRange { range, size });
        }
        if peers.is_empty() {
            return Err(DownloadError::NoPeers(file.file));
        }
        let rounds = options.rounds.max(1);
        let notes = Mutex::default();
        let download = Download {
            client: self,
            file,
            peers,
            rounds,
            notes,
        };
        let total = range.end - range.start;
        let mut written = 0u64;
        if total > 0 {
            const SEGMENT: u64 = SEGMENT_SIZE as u64;
            let indices = range.start / SEGMENT..range.end.div_ceil(SEGMENT);
            let mut segments = stream::iter(indices)
                .map(|index| download.fetch(index))
                .buffered(options.window.max(1));
            while let Some(segment) = segments.next().await {
                let segment = match segment {
                    Ok(segment) => segment,
                    Err((segment, last)) => {
                        drop(segments);
                        let report = Box::new(download.into_report(written));
                        return Err(DownloadError::Unavailable {
                            segment,
                            report,
                            last,
                        });
                    }
                };
                let start = segment.index * SEGMENT;
                let from = range.start.saturating_sub(start) as usize;
                let to = (range.end - start).min(SEGMENT) as usize;
                let wanted = segment.data.get(from..to).unwrap_or_default();
                output
                    .write_all(wanted)
                    .await
                    .map_err(DownloadError::Write)?;
                written += wanted.len() as u64;
                if let Some(progress) = &options.progress {
                    progress(Progress {
                        done: written,
                        total,
                    });
                }
            }
        }
        output.flush().await.map_err(DownloadError::Write)?;
        Ok(download.into_report(written))
    }
}

impl Download<'_> {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches a segment from one peer after another.
    async fn fetch(&self, index: u64) -> Result<VerifiedSegment, (u64, Option<ClientError>)> {
        let mut last = None;
        for round in 0..self.rounds {
            if round > 0 {
                sleep(ROUND_PAUSE * round).await;
                self.notes().failures_in_a_row.clear();
            }
            for at in self.order(index) {
                let peer = &self.peers[at];
                match self.client.segment(&peer.endpoint, self.file, index).await {
                    Ok(segment) => {
                        let mut notes = self.notes();
                        *notes.delivered.entry(at).or_default() += 1;
                        notes.failures_in_a_row.remove(&at);
                        return Ok(segment);
                    }
                    Err(ClientError::WrongSegment { fault, endpoint }) => {
                        let misbehaviour = Misbehaviour::new(peer, index, fault.clone());
                        tracing::warn!(%misbehaviour, "leaving a provider");
                        self.notes().misbehaved.entry(at).or_insert(misbehaviour);
                        last = Some(ClientError::WrongSegment { fault, endpoint });
                    }
                    Err(error) => {
                        tracing::debug!(provider = %peer.provider, %error, "a provider failed");
                        let mut notes = self.notes();
                        notes.failed.entry(at).or_insert_with(|| error.to_string());
                        *notes.failures_in_a_row.entry(at).or_default() += 1;
                        last = Some(error);
                    }
                }
            }
        }
        Err((index, last))
    }

    /// The peers to ask for a segment: those that work, beginning with another one for every
    /// segment; then those that failed lately. Never those that lied.
    fn order(&self, index: u64) -> Vec<usize> {
        let notes = self.notes();
        let honest = (0..self.peers.len()).filter(|at| !notes.misbehaved.contains_key(at));
        let failing = |at: &usize| {
            notes
                .failures_in_a_row
                .get(at)
                .is_some_and(|n| *n >= PATIENCE)
        };
        let (late, mut good): (Vec<usize>, Vec<usize>) = honest.partition(failing);
        if !good.is_empty() {
            let turn = usize::try_from(index % good.len() as u64).unwrap_or(0);
            good.rotate_left(turn);
        }
        good.extend(late);
        good
    }

    fn into_report(self, bytes: u64) -> DownloadReport {
        let notes = self
            .notes
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let peer = |at: usize| self.peers[at].clone();
        DownloadReport {
            bytes,
            delivered: notes
                .delivered
                .into_iter()
                .map(|(at, n)| (peer(at), n))
                .collect(),
            misbehaved: notes.misbehaved.into_values().collect(),
            failed: notes
                .failed
                .into_iter()
                .map(|(at, why)| (peer(at), why))
                .collect(),
        }
    }
}
