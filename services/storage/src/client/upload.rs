//! Uploading a file to one provider.

use std::{
    fs::File,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicU64, Ordering},
        Arc,
    },
    time::Duration,
};

use futures::{stream, StreamExt, TryStreamExt};
use noema_commitment::{segment_root, Commitment, Software, SEGMENT_SIZE};
use tokio::time::{sleep, Instant};

use super::{ClientError, FileRef, FileStatus, OnProgress, Peer, Progress, StorageClient};
use crate::token::UploadToken;

/// Pause while the provider has not seen the deal yet.
const DEAL_PAUSE: Duration = Duration::from_millis(500);

/// How a file is uploaded.
#[derive(Clone)]
pub struct UploadOptions {
    /// Segments under way at the same time; each takes 512 KiB of memory.
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
            // More than the provider syncs to its disk at once (about half of it), so that the next ones
            // are sent and verified meanwhile.
            concurrency: 48,
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
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no longer what was committed to.
    #[error("{path} changed after its root was computed: segment {segment} is different; commit to it again")]
    Changed {
        /// The file.
        path: PathBuf,
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
    /// The provider says of another file than was asked for.
    #[error("provider {} at {} describes another file than {}: it is on another chain or faulty", peer.provider, peer.endpoint, file)]
    OtherFile {
        /// The provider.
        peer: Peer,
        /// The file asked for.
        file: noema_chain_client::FileId,
    },
}

/// What all tasks of an upload share.
struct Upload<'a> {
    client: &'a StorageClient,
    path: &'a Path,
    source: Arc<File>,
    commitment: &'a Commitment,
    file: FileRef,
    peer: &'a Peer,
    token: &'a UploadToken,
    options: &'a UploadOptions,
    done: AtomicU64,
}

impl StorageClient {
    /// Uploads the file at `path` to one provider. Segments that the provider has are skipped, so
    /// that an upload that broke off goes on where it was.
    pub async fn upload(
        &self,
        path: &Path,
        commitment: &Commitment,
        peer: &Peer,
        token: &UploadToken,
        options: UploadOptions,
    ) -> Result<UploadReport, UploadError> {
        let source = File::open(path).map_err(|source| UploadError::Read {
            path: path.to_owned(),
            source,
        })?;
        let upload = Upload {
            client: self,
            path,
            source: Arc::new(source),
            commitment,
            file: FileRef::from(commitment),
            peer,
            token,
            options: &options,
            done: AtomicU64::new(0),
        };
        upload.run().await
    }
}

impl Upload<'_> {
    async fn run(&self) -> Result<UploadReport, UploadError> {
        let mut status = self.wait_for_deal().await?;
        let skipped = status.have;
        let mut report = UploadReport {
            skipped,
            ..UploadReport::default()
        };
        let missing_bytes: u64 = self.missing(&status).map(|index| self.len(index)).sum();
        let complete_list = status.missing.len() < 1000;
        if complete_list {
            self.advance(self.file.size().saturating_sub(missing_bytes));
        }
        // One round unless the list of what is missing was cut, or the provider lost something.
        let mut rounds = 0;
        while !status.complete {
            let indices: Vec<u64> = self.missing(&status).collect();
            let sent: Vec<u64> = stream::iter(indices)
                .map(|index| self.send(index))
                .buffer_unordered(self.options.concurrency.max(1))
                .try_collect()
                .await?;
            report.sent += sent.len() as u64;
            report.bytes += sent.iter().sum::<u64>();
            let before = status.have;
            status = self.status().await?.ok_or_else(|| self.lost_deal())?;
            rounds = if status.have > before { 0 } else { rounds + 1 };
            if rounds >= self.options.attempts.max(1) {
                return Err(self.provider_error(ClientError::BadAnswer {
                    endpoint: self.peer.endpoint.clone(),
                    reason: format!(
                        "it acknowledges segments and still has only {} of {}",
                        status.have, status.segments
                    ),
                }));
            }
        }
        self.done.store(0, Ordering::Relaxed);
        self.advance(self.file.size());
        Ok(report)
    }

    async fn wait_for_deal(&self) -> Result<FileStatus, UploadError> {
        let until = Instant::now() + self.options.wait_for_deal;
        loop {
            match self.status().await {
                Ok(Some(status)) => return Ok(status),
                Ok(None) if Instant::now() >= until => return Err(self.lost_deal()),
                Err(UploadError::Provider { source, .. })
                    if is_passing(&source) && Instant::now() < until => {}
                Err(error) => return Err(error),
                Ok(None) => {}
            }
            sleep(DEAL_PAUSE).await;
        }
    }

    async fn status(&self) -> Result<Option<FileStatus>, UploadError> {
        let asking = self
            .client
            .file_status(&self.peer.endpoint, &self.file.file);
        let status = asking.await.map_err(|source| self.provider_error(source))?;
        if let Some(status) = &status {
            let same = status.file == self.file.file
                && status.root.0 == self.file.root
                && status.size == self.file.size();
            if !same {
                let (peer, file) = (self.peer.clone(), self.file.file);
                return Err(UploadError::OtherFile { peer, file });
            }
        }
        Ok(status)
    }

    fn lost_deal(&self) -> UploadError {
        self.provider_error(ClientError::Refused {
            endpoint: self.peer.endpoint.clone(),
            status: 404,
            code: "unknown_file".into(),
            message: "it has no deal for the file in finalised state".into(),
        })
    }

    fn provider_error(&self, source: ClientError) -> UploadError {
        UploadError::Provider {
            peer: self.peer.clone(),
            source,
        }
    }

    /// The segments that are missing, whatever a provider says beyond the file.
    fn missing<'s>(&self, status: &'s FileStatus) -> impl Iterator<Item = u64> + 's {
        let segments = self.file.shape.segments();
        status
            .missing
            .iter()
            .take(1000)
            .filter(move |(first, last)| first <= last && *first < segments)
            .flat_map(move |(first, last)| *first..=(*last).min(segments - 1))
    }

    /// Bytes of the file in a segment.
    fn len(&self, index: u64) -> u64 {
        self.file.shape.segment_bytes(index).unwrap_or(0) as u64
    }

    fn advance(&self, bytes: u64) {
        let done = self.done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if let Some(progress) = &self.options.progress {
            let total = self.file.size();
            progress(Progress {
                done: done.min(total),
                total,
            });
        }
    }

    /// Sends one segment, again and again if need be. Returns its bytes.
    async fn send(&self, index: u64) -> Result<u64, UploadError> {
        let data = self.read(index).await?;
        let siblings = self.commitment.segment_siblings(index).unwrap_or_default();
        let mut attempt = 0;
        loop {
            attempt += 1;
            let sending = self.client.put_segment(
                &self.peer.endpoint,
                &self.file.file,
                index,
                &siblings,
                &data,
                self.token,
            );
            match sending.await {
                Ok(()) => break,
                Err(ClientError::Refused { status: 422, .. }) if self.changed(index, &data) => {
                    let path = self.path.to_owned();
                    return Err(UploadError::Changed {
                        path,
                        segment: index,
                    });
                }
                Err(error) if is_passing(&error) && attempt < self.options.attempts => {
                    sleep(Duration::from_millis(200 << attempt.min(5))).await;
                }
                Err(error) => return Err(self.provider_error(error)),
            }
        }
        self.advance(self.len(index));
        Ok(self.len(index))
    }

    async fn read(&self, index: u64) -> Result<Vec<u8>, UploadError> {
        let source = self.source.clone();
        let shape = self.file.shape;
        let reading = tokio::task::spawn_blocking(move || {
            let mut data = vec![0; shape.segment_len(index).unwrap_or(0)];
            let len = shape.segment_bytes(index).unwrap_or(0);
            source
                .read_exact_at(&mut data[..len], index * SEGMENT_SIZE as u64)
                .map(|()| data)
        });
        match reading.await {
            Ok(Ok(data)) => Ok(data),
            Ok(Err(e)) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
                Err(UploadError::Changed {
                    path: self.path.to_owned(),
                    segment: index,
                })
            }
            Ok(Err(source)) => Err(UploadError::Read {
                path: self.path.to_owned(),
                source,
            }),
            Err(e) => Err(UploadError::Read {
                path: self.path.to_owned(),
                source: std::io::Error::other(e.to_string()),
            }),
        }
    }

    /// Whether the data is not what was committed to.
    fn changed(&self, index: u64, data: &[u8]) -> bool {
        let expected = usize::try_from(index)
            .ok()
            .and_then(|at| self.commitment.segment_roots.get(at));
        segment_root::<Software>(&self.file.shape, index, data).as_ref() != expected
    }
}

/// Whether the same request may work later.
fn is_passing(error: &ClientError) -> bool {
    match error {
        ClientError::Unreachable { .. } => true,
        ClientError::Refused { status, .. } => matches!(status, 408 | 429 | 500 | 502..=504),
        _ => false,
    }
}
