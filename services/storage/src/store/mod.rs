//! What the daemon keeps on disk: data files, and the index that says which of their bytes count.
//!
//! One thread does all writing. It writes segments into the data file of their file, syncs the data
//! files, records the segments in the index in one durable transaction, and only then answers.
//! Whatever waits in the queue meanwhile is written together next time. After a crash the index is
//! the truth: bytes without a record do not exist.

mod error;
mod index;
mod layout;
mod reader;
mod writer;

use std::{path::Path, sync::Arc};

use bytes::Bytes;
pub use error::StoreError;
#[cfg(fuzzing)]
pub use index::fuzzing;
use index::Index;
pub use index::{FileRecord, SegmentRecord, StoreIdentity};
use layout::{DataDirLock, Layout};
use noema_chain_client::FileId;
use tokio::sync::{mpsc, oneshot};

use crate::client::FileRef;

/// Segments that may wait for the writer; each has 256 KiB of data.
const QUEUE: usize = 32;

/// How the store works.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Memory for pages of the index, in bytes.
    pub index_cache: usize,
    /// Free bytes on the disk below which nothing more is taken.
    pub min_free: u64,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            index_cache: 16 << 20,
            min_free: 64 << 20,
        }
    }
}

/// A verified segment on its way to the disk.
#[derive(Clone, Debug)]
pub struct NewSegment {
    /// The file it belongs to.
    pub file: FileId,
    /// Its index.
    pub index: u64,
    /// Its root.
    pub root: [u8; 32],
    /// Siblings from its root to the file's, bottom to top.
    pub siblings: Vec<[u8; 32]>,
    /// Its data.
    pub data: Bytes,
}

/// A segment from the disk, checked against its recorded root.
#[derive(Clone, Debug)]
pub struct StoredSegment {
    /// Siblings from its root to the file's, bottom to top.
    pub siblings: Vec<[u8; 32]>,
    /// Its data.
    pub data: Bytes,
}

/// How full the store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct StoreStats {
    /// Files known, complete or not.
    pub files: u64,
    /// Bytes of segments held.
    pub bytes: u64,
    /// Free bytes on the disk.
    pub free_bytes: u64,
    /// Whether the last write worked.
    pub writable: bool,
}

/// The store. Cloning is cheap. It closes when the last clone goes.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    layout: Layout,
    index: Arc<Index>,
    operations: mpsc::Sender<writer::Operation>,
    health: Arc<writer::WriterHealth>,
    options: StoreOptions,
    /// Ends after `operations` is dropped; holds the lock of the data directory.
    _writer: writer::WriterThread,
}

impl Store {
    /// Opens the store in `data_dir`, making it if it is not there, and finishes deletions that a
    /// crash interrupted. Fails when another daemon has the directory, or when it belongs to another
    /// chain or provider.
    pub fn open(
        data_dir: &Path,
        identity: StoreIdentity,
        options: StoreOptions,
    ) -> Result<Self, StoreError> {
        let layout = Layout::create(data_dir)?;
        let lock = DataDirLock::acquire(&layout)?;
        let index = Arc::new(Index::open(
            &layout.index(),
            &identity,
            options.index_cache,
        )?);
        let health = Arc::new(writer::WriterHealth::default());
        let (operations, queue) = mpsc::channel(QUEUE);
        let writer = writer::spawn(
            lock,
            layout.clone(),
            index.clone(),
            options.clone(),
            queue,
            health.clone(),
        )?;
        let inner = Inner {
            layout,
            index,
            operations,
            health,
            options,
            _writer: writer,
        };
        let store = Self {
            inner: Arc::new(inner),
        };
        Ok(store)
    }

    async fn operate<T>(
        &self,
        operation: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> writer::Operation,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.inner
            .operations
            .send(operation(answer))
            .await
            .map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Makes a file known, so that segments of it can be put; also takes a mark of
    /// [`Store::mark_orphan`] off. Fails with [`StoreError::Deleting`] while its data of an earlier
    /// time is being deleted: try again later.
    pub async fn add_file(&self, file: &FileRef) -> Result<(), StoreError> {
        if self
            .file(&file.file)?
            .is_some_and(|record| record.orphaned_at.is_none())
        {
            return Ok(());
        }
        let file = *file;
        self.operate(|answer| writer::Operation::AddFile { file, answer })
            .await
    }

    /// Makes a segment durable. The segment must be verified. Returns after data and record are on
    /// the disk; waits while the queue is full.
    pub async fn put(&self, segment: NewSegment) -> Result<(), StoreError> {
        self.operate(|answer| writer::Operation::Put { segment, answer })
            .await
    }

    /// Notes since when (seconds since 1970) a file has no deal. An earlier mark stays.
    pub async fn mark_orphan(&self, file: FileId, at: u64) -> Result<(), StoreError> {
        self.operate(|answer| writer::Operation::MarkOrphan { file, at, answer })
            .await
    }

    /// Deletes a file that still has the mark of [`Store::mark_orphan`]. Does nothing otherwise.
    /// A deletion once begun is finished, if need be at the next start.
    pub async fn delete_orphan(&self, file: FileId) -> Result<bool, StoreError> {
        self.operate(|answer| writer::Operation::DeleteOrphan { file, answer })
            .await
    }

    /// Forgets a segment whose data is damaged on the disk, so that it is fetched again.
    async fn forget_segment(&self, file: FileId, index: u64) -> Result<(), StoreError> {
        self.operate(|answer| writer::Operation::Forget {
            file,
            index,
            answer,
        })
        .await
    }

    /// What is known of a file; `None` for one that is not there or being deleted.
    pub fn file(&self, file: &FileId) -> Result<Option<FileRecord>, StoreError> {
        self.inner.index.file(file)
    }

    /// Every file with its record.
    pub fn files(&self) -> Result<Vec<(FileId, FileRecord)>, StoreError> {
        self.inner.index.files()
    }

    /// Whether a segment is held.
    pub fn has(&self, file: &FileId, index: u64) -> Result<bool, StoreError> {
        Ok(self.inner.index.segment(file, index)?.is_some())
    }

    /// Ranges of segments (first and last included) that are missing, at most `limit` ranges.
    pub fn missing(
        &self,
        file: &FileId,
        segments: u64,
        limit: usize,
    ) -> Result<Vec<(u64, u64)>, StoreError> {
        self.inner.index.missing(file, segments, 0, limit)
    }

    /// The first missing segment at or after `from`, if any.
    pub fn first_missing(
        &self,
        file: &FileId,
        segments: u64,
        from: u64,
    ) -> Result<Option<u64>, StoreError> {
        let ranges = self.inner.index.missing(file, segments, from, 1)?;
        Ok(ranges.first().map(|(first, _)| *first))
    }

    /// Reads a segment and checks it against its recorded root. `None` if it is not held. Data that
    /// is damaged on the disk is forgotten and reported as [`StoreError::Damaged`].
    pub async fn read(
        &self,
        file: &FileRef,
        index: u64,
    ) -> Result<Option<StoredSegment>, StoreError> {
        let (inner, file_ref) = (self.inner.clone(), *file);
        let reading = tokio::task::spawn_blocking(move || {
            reader::read_segment(&inner.layout, &inner.index, &file_ref, index)
        });
        let read = reading.await.map_err(|_| StoreError::Closed)?;
        if let Err(StoreError::Damaged { .. }) = &read {
            self.forget_segment(file.file, index).await?;
        }
        read
    }

    /// How full the store is.
    pub fn stats(&self) -> Result<StoreStats, StoreError> {
        let (files, bytes) = self.inner.index.totals()?;
        Ok(StoreStats {
            files,
            bytes,
            free_bytes: self.inner.layout.free_bytes()?,
            writable: self.inner.health.is_ok(),
        })
    }

    /// Fails when the disk has no room for more.
    pub fn check_room(&self) -> Result<(), StoreError> {
        writer::check_room(&self.inner.layout, self.inner.options.min_free)
    }
}

#[cfg(test)]
mod tests;
