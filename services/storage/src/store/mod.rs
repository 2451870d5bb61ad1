//! What the daemon keeps on disk: data files, and the index that says which of their bytes count.
//!
//! One thread does all writing. It writes segments into the data file of their file, syncs the data
//! files, records the segments in the index in one durable transaction, and only then answers.
//! Whatever waits in the queue meanwhile is written together next time. After a crash the index is
//! the truth: bytes without a record do not exist.
//!
//! Whatever is read is verified against the file's root. What does not verify is forgotten, durably, so that it is neither served nor said
//! to be here, and noted until it was fetched again.

mod error;
mod examine;
mod index;
mod layout;
mod reader;
mod slots;
mod space;
mod sync;
mod writer;

use std::{path::Path, sync::Arc};

use bytes::Bytes;
pub use error::{Damage, StoreError};
pub(crate) use examine::{examine, room_at, Depth, Examination};
#[cfg(fuzzing)]
pub use index::fuzzing;
#[cfg(test)]
pub(crate) use index::harm::{claim, harm, Harm};
use index::Index;
pub(crate) use index::{DealKey, Round, ScrubProgress, SlotNote};
pub use index::{FileRecord, SegmentRecord, StoreIdentity};
use layout::{DataDirLock, Layout};
use noema_chain_client::FileId;
use reader::Access;
use space::Admissions;
pub use space::Room;
pub(crate) use space::{sector_bytes, Wanted};
use tokio::sync::{mpsc, oneshot};

use crate::{client::FileRef, units::Reserve};

/// Segments that may wait for the writer; each has 256 KiB of data.
const QUEUE: usize = 32;

/// How the store works.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Memory for pages of the index, in bytes.
    pub index_cache: usize,
    /// How much of the disk stays free.
    pub reserve: Reserve,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            index_cache: 16 << 20,
            reserve: Reserve::default(),
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

/// A segment from the disk, verified against its file's root.
#[derive(Clone, Debug)]
pub struct StoredSegment {
    /// Its root.
    pub root: [u8; 32],
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
    /// Damaged segments that wait to be fetched again.
    pub damaged: u64,
    /// Damaged segments that were taken again since the start.
    pub healed: u64,
}

/// How a segment was found.
#[derive(Debug)]
pub(crate) enum Checked {
    /// As it was written; so many bytes.
    Sound(u64),
    /// Damaged: it does not count as held any more.
    Damaged(StoreError),
    /// Not held; forgotten or deleted a moment ago.
    Gone,
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
    admissions: Admissions,
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
            admissions: Admissions::default(),
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
    /// [`Store::mark_orphan`] off, and writes a damaged record anew. Fails with
    /// [`StoreError::Deleting`] while its data of an earlier time is being deleted: try again later.
    pub async fn add_file(&self, file: &FileRef) -> Result<(), StoreError> {
        if self
            .file(&file.file)?
            .is_some_and(|record| record.is_taken(file))
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

    /// Notes since when (seconds since 1970) a file has no deal. An earlier mark stays, one from the
    /// future does not.
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

    /// Finishes deletions that an error interrupted. Returns how many.
    pub(crate) async fn finish_deletions(&self) -> Result<u64, StoreError> {
        if self.inner.index.deleting_after(None, 1)?.is_empty() {
            return Ok(0);
        }
        self.operate(|answer| writer::Operation::FinishDeletions { answer })
            .await
    }

    /// Makes the figures of a file agree with what the index holds of it. Says whether they did not.
    pub(crate) async fn reconcile(&self, file: &FileRef) -> Result<bool, StoreError> {
        let file = *file;
        self.operate(|answer| writer::Operation::Reconcile { file, answer })
            .await
    }

    /// How far the scrub was when that was last noted.
    pub(crate) fn scrub_progress(&self) -> Result<ScrubProgress, StoreError> {
        self.inner.index.scrub_progress()
    }

    /// Notes how far the scrub is, durably.
    pub(crate) async fn note_scrub(&self, progress: &ScrubProgress) -> Result<(), StoreError> {
        let progress = progress.clone();
        self.operate(|answer| writer::Operation::NoteScrub { progress, answer })
            .await
    }

    /// What is known of a file; `None` for one that is not there or being deleted.
    pub fn file(&self, file: &FileId) -> Result<Option<FileRecord>, StoreError> {
        self.inner.index.file(file)
    }

    /// Up to `limit` files after one (or from the first on) with their records, in the order of their ids.
    pub fn files_after(
        &self,
        after: Option<&FileId>,
        limit: usize,
    ) -> Result<Vec<(FileId, FileRecord)>, StoreError> {
        self.inner.index.files_after(after, limit)
    }

    /// The file with this id or the next one after it.
    pub(crate) fn file_at_or_after(
        &self,
        file: &FileId,
    ) -> Result<Option<(FileId, FileRecord)>, StoreError> {
        self.inner.index.file_at_or_after(file)
    }

    /// Up to `limit` indices at or after `from` of segments of which the index says anything.
    pub(crate) fn kept(
        &self,
        file: &FileId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError> {
        self.inner.index.kept(file, from, limit)
    }

    /// Whether a segment is held.
    pub fn has(&self, file: &FileId, index: u64) -> Result<bool, StoreError> {
        self.inner.index.counts_as_held(file, index)
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

    /// Reads a segment and verifies it against the file's root. `None` if it is not held. What is
    /// damaged on the disk is forgotten and reported as [`StoreError::Damaged`].
    pub async fn read(
        &self,
        file: &FileRef,
        index: u64,
    ) -> Result<Option<StoredSegment>, StoreError> {
        self.read_by(file, index, Access::Cached).await
    }

    /// Reads a segment from the disk itself and says how it is. What is damaged is forgotten; one that
    /// the index does not count although it is sound is taken up again.
    pub(crate) async fn check(&self, file: &FileRef, index: u64) -> Result<Checked, StoreError> {
        let segment = match self.read_by(file, index, Access::Disk).await {
            Ok(Some(segment)) => segment,
            Ok(None) => return Ok(Checked::Gone),
            Err(error @ StoreError::Damaged { .. }) => return Ok(Checked::Damaged(error)),
            Err(error) => return Err(error),
        };
        let len = segment.data.len() as u64;
        if !self.has(&file.file, index)? {
            let StoredSegment {
                root,
                siblings,
                data,
            } = segment;
            self.put(NewSegment {
                file: file.file,
                index,
                root,
                siblings,
                data,
            })
            .await?;
        }
        Ok(Checked::Sound(len))
    }

    async fn read_by(
        &self,
        file: &FileRef,
        index: u64,
        access: Access,
    ) -> Result<Option<StoredSegment>, StoreError> {
        let damaged = match self.read_once(file, index, access).await {
            Err(damaged @ StoreError::Damaged { .. }) => damaged,
            result => return result,
        };
        let file_ref = *file;
        let forgetting = self.operate(|answer| writer::Operation::Forget {
            file: file_ref,
            index,
            answer,
        });
        match forgetting.await {
            Ok(true) => Err(damaged),
            // It was written or deleted at this moment.
            Ok(false) => self.read_once(file, index, access).await,
            Err(error) => {
                tracing::error!(%error, "cannot note that a segment is damaged; it is not served");
                Err(damaged)
            }
        }
    }

    async fn read_once(
        &self,
        file: &FileRef,
        index: u64,
        access: Access,
    ) -> Result<Option<StoredSegment>, StoreError> {
        let (inner, file) = (self.inner.clone(), *file);
        let reading = tokio::task::spawn_blocking(move || {
            reader::read_segment(&inner.layout, &inner.index, &file, index, access)
        });
        reading.await.map_err(|_| StoreError::Closed)?
    }

    /// How full the store is.
    pub fn stats(&self) -> Result<StoreStats, StoreError> {
        let (files, bytes) = self.inner.index.totals()?;
        Ok(StoreStats {
            files,
            bytes,
            free_bytes: self.inner.layout.disk()?.free,
            writable: self.inner.health.is_ok(),
            damaged: self.inner.index.damaged()?,
            healed: self.inner.index.healed(),
        })
    }

    /// Bytes of segments held.
    pub(crate) fn held_bytes(&self) -> Result<u64, StoreError> {
        Ok(self.inner.index.totals()?.1)
    }

    /// Fails when half of the reserve is gone: then nothing more is taken, not even of what was admitted.
    pub fn check_room(&self) -> Result<(), StoreError> {
        space::check_room(&self.inner.layout, self.inner.options.reserve)
    }
}

#[cfg(test)]
mod tests;
