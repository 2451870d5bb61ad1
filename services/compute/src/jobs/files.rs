//! Files of jobs, from the storage layer by way of the cache.

use std::{fs, sync::Arc, time::Duration};

use async_trait::async_trait;
use noema_chain_client::ChainError;
use noema_compute_engine::job::FileId;
use noema_storage::client::{DownloadOptions, FileRef, Peer, StorageClient};
use tokio::{sync::Semaphore, time::timeout};

use super::{cache::FileCache, message::FileFault};
use crate::chain::ComputeChain;

/// Files that are fetched at the same time.
const FETCHES: usize = 4;
/// Segments of one file under way: half a megabyte of memory each.
const WINDOW: usize = 8;

/// A stored file by what the chain says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Root and size.
    pub file: FileRef,
    /// Who has it, those first who proved so.
    pub peers: Vec<Peer>,
}

/// Knows who has a file.
#[async_trait]
pub(crate) trait FindFile: Send + Sync + 'static {
    async fn find(&self, id: FileId) -> Result<Option<StoredFile>, ChainError>;
}

#[async_trait]
impl<C: ComputeChain> FindFile for C {
    async fn find(&self, id: FileId) -> Result<Option<StoredFile>, ChainError> {
        self.file(noema_chain_client::FileId(id.0)).await
    }
}

/// Fetches files, and keeps them for a while. Each segment is verified against the root that the chain has; the runner verifies the whole again.
pub(crate) struct StorageFiles {
    chain: Box<dyn FindFile>,
    storage: StorageClient,
    cache: FileCache,
    patience: Duration,
    fetches: Arc<Semaphore>,
}

impl StorageFiles {
    /// `patience` is how long a file may take in all.
    pub(crate) fn new(chain: impl FindFile, cache: FileCache, patience: Duration) -> Self {
        Self {
            chain: Box::new(chain),
            storage: StorageClient::default(),
            cache,
            patience,
            fetches: Arc::new(Semaphore::new(FETCHES)),
        }
    }

    /// A file of this id and size, to be read.
    pub(crate) async fn open(&self, id: FileId, size: u64) -> Result<fs::File, FileFault> {
        let getting = timeout(self.patience, self.get(id, size));
        let late = |_| {
            let seconds = self.patience.as_secs();
            FileFault::Failed(format!("storage did not give it within {seconds} s"))
        };
        getting.await.map_err(late)?
    }

    /// Forgets what is kept of a file that turned out to be another.
    pub(crate) fn forget(&self, id: &FileId) {
        self.cache.remove(id);
    }

    async fn get(&self, id: FileId, size: u64) -> Result<fs::File, FileFault> {
        let turn = self.cache.turn(&id);
        let _turn = turn.lock().await;
        if let Some(file) = self.cache.get(&id) {
            let found = file.metadata().map_err(|e| failed(&e))?.len();
            return match found == size {
                true => Ok(file),
                false => Err(FileFault::Size { found }),
            };
        }
        let _fetch = self.fetches.acquire().await.map_err(|e| failed(&e))?;
        let known = self.chain.find(id).await.map_err(|e| failed(&e))?;
        let known = known.ok_or(FileFault::Unknown)?;
        let found = known.file.size();
        if found != size {
            return Err(FileFault::Size { found });
        }
        let reserved = self.cache.reserve(&id, size).ok_or_else(|| {
            FileFault::Failed("it is larger than the gateway has room for now".to_owned())
        })?;
        let mut output = tokio::fs::File::create(reserved.path())
            .await
            .map_err(|e| failed(&e))?;
        let options = DownloadOptions {
            window: WINDOW,
            ..DownloadOptions::default()
        };
        let download = self
            .storage
            .download(&known.file, &known.peers, &mut output, options);
        let report = download.await.map_err(|e| failed(&e))?;
        for fault in &report.misbehaved {
            tracing::warn!(%fault, "a storage provider gave something else; another one served");
        }
        drop(output.into_std().await);
        reserved.keep().map_err(|e| failed(&e))?;
        let gone = || FileFault::Failed("it was pushed out of the cache at once".to_owned());
        self.cache.get(&id).ok_or_else(gone)
    }
}

fn failed(error: &dyn std::error::Error) -> FileFault {
    let mut why = error.to_string();
    // Words of strangers among them.
    why.truncate(
        (0..=1_000)
            .rev()
            .find(|at| why.is_char_boundary(*at))
            .unwrap_or(0),
    );
    FileFault::Failed(why)
}
