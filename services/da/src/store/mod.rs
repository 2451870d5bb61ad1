//! The rows that a seat holds, and what it signed.
//!
//! A shard is stored in this order: its rows are written to a file in `incoming` as they are verified; the file is synced; it is renamed into `shards`, whose
//! directory is synced; then a record with the signature is written in a durable transaction; only then the signature leaves the seat. So at whatever moment the
//! process ends, the next start finds for each record all rows that were signed for, and what has no record was never signed for: it is deleted.
//!
//! | path in the data directory | |
//! |---|---|
//! | `seat.redb` | a record for each shard: what was signed, the signature, which rows, how long they are kept |
//! | `shards/<aa>/<submission>.shard` | the rows with their siblings, and the combinations, as they go over the wire |
//! | `incoming/` | shards that are on their way; emptied at the start |

mod books;
mod error;
mod incoming;
mod opening;
mod reading;
mod record;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicU64, Ordering},
        Arc, Mutex, MutexGuard, PoisonError,
    },
};

use codec::{DecodeAll, Encode};
use noema_da_primitives::Commitment;
use noema_journal::{Change, Journal, Table};

pub use books::Budget;
use books::{Books, Waiting};
pub use error::StoreError;
pub use incoming::{Incoming, Sealed};
pub use opening::Opened;
pub use reading::ShardReader;
use record::Layout;
pub use record::{Keep, ShardRecord, Signed};

use crate::chain::{Plan, SubmissionId};

/// Uploads of one submission at the same time: a second, so that one that stands still keeps nobody waiting.
pub const MOST_UPLOADS: usize = 2;

/// The records, by submission.
const SHARDS: Table = "shards";
/// Which submissions a commitment has: a key for each, of both, and nothing behind it.
const BLOBS: Table = "blobs";

/// What is held, in figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreStats {
    /// Shards that are held.
    pub shards: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Submissions of these, and of those that are on their way, that wait for attestation.
    pub waiting: usize,
    /// Their bytes.
    pub waiting_bytes: u64,
    /// Bytes that are free on the disk.
    pub free: u64,
}

/// The shards of one seat. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    dir: PathBuf,
    journal: Journal,
    budget: Budget,
    books: Mutex<Books>,
    /// One record is made at a time, so that of two uploads one wins.
    committing: tokio::sync::Mutex<()>,
    next_part: AtomicU64,
}

impl Store {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.inner
            .books
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Where it is.
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    fn shard_path(&self, submission: SubmissionId) -> PathBuf {
        shard_path(&self.inner.dir, submission)
    }

    /// What is held.
    ///
    /// # Errors
    /// When the disk cannot be asked for its room.
    pub fn stats(&self) -> Result<StoreStats, StoreError> {
        let free = free_bytes(&self.inner.dir)?;
        let books = self.books();
        let (waiting, waiting_bytes) = books.waiting();
        Ok(StoreStats {
            shards: books.shards,
            bytes: books.held,
            waiting,
            waiting_bytes,
            free,
        })
    }

    /// Whether records can be written.
    ///
    /// # Errors
    /// Why not, any more.
    pub fn works(&self) -> Result<(), StoreError> {
        Ok(self.inner.journal.works()?)
    }

    /// The record of a submission, if its rows are held.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn get(&self, submission: SubmissionId) -> Result<Option<ShardRecord>, StoreError> {
        let found = self.inner.journal.get(SHARDS, &key(submission))?;
        found.map(|bytes| decode(submission, &bytes)).transpose()
    }

    /// Records from a submission on, that one included.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn page(&self, from: SubmissionId, limit: usize) -> Result<Vec<ShardRecord>, StoreError> {
        let notes = self.inner.journal.page(SHARDS, &key(from), limit)?;
        notes.iter().map(record_of).collect()
    }

    /// Submissions from a number on that wait for attestation, as far as is known.
    pub fn waiting_from(&self, from: SubmissionId, limit: usize) -> Vec<SubmissionId> {
        self.books().waiting_from(from, limit)
    }

    /// Begins to take the seat's rows of a submission, and keeps room for them.
    ///
    /// # Errors
    /// When there is no room, they are there, or others send them.
    pub fn begin(&self, plan: &Plan, seat: usize) -> Result<Incoming, StoreError> {
        let submission = plan.submission();
        if self.get(submission)?.is_some() {
            return Err(StoreError::Held { submission });
        }
        let rows = plan.assignment.sorted_rows(seat);
        let layout = Layout {
            shape: plan.shape,
            // No more than a blob has.
            rows: rows.len() as u16,
        };
        let new = Waiting {
            payer: plan.payer.0,
            blob: plan.shape.size().into(),
            shard: layout.bytes(),
            held: false,
        };
        let free = free_bytes(&self.inner.dir)?;
        self.books()
            .begin(submission, new, &self.inner.budget, free)?;
        let number = self.inner.next_part.fetch_add(1, Ordering::Relaxed);
        let name = format!("{submission:016x}-{number}.part");
        let part = incoming_dir(&self.inner.dir).join(name);
        Incoming::create(self.clone(), part, plan, seat, rows, layout)
    }

    /// Notes that the rows are held and signed for. The record is durable when this returns: only then the signature may be given to anybody. If they are held
    /// already, that record is returned.
    ///
    /// # Errors
    /// When it cannot be made durable, or another attestation of the submission was signed.
    pub async fn commit(&self, sealed: Sealed, signed: Signed) -> Result<ShardRecord, StoreError> {
        let _one = self.inner.committing.lock().await;
        let submission = signed.attestation.submission;
        if let Some(known) = self.get(submission)? {
            return match known.attestation == signed.attestation {
                true => Ok(known),
                false => Err(StoreError::SignedOther { submission }),
            };
        }
        let target = self.shard_path(submission);
        let placing = tokio::task::spawn_blocking(move || sealed.place(&target));
        let placed = placing.await.map_err(|_| StoreError::Closing)??;
        let record = placed.record(signed);
        let of_blob = Change {
            table: BLOBS,
            key: blob_key(&record.attestation.commitment, submission),
            value: Some(Vec::new()),
        };
        let changes = vec![change_of(&record), of_blob];
        self.inner.journal.write(changes).await?;
        placed.recorded();
        tracing::trace!(target: "noema_da::durable", step = "recorded");
        Ok(record)
    }

    /// Submissions of a commitment whose rows are held, at most so many.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn of_commitment(
        &self,
        commitment: &Commitment,
        limit: usize,
    ) -> Result<Vec<SubmissionId>, StoreError> {
        let notes = self.inner.journal.page(BLOBS, &commitment.0, limit)?;
        let own = notes.iter().map_while(|(key, _)| {
            let number = key.strip_prefix(&commitment.0)?;
            number.try_into().ok().map(u64::from_be_bytes)
        });
        Ok(own.collect())
    }

    /// Notes that the blob is available until the end of a round.
    ///
    /// # Errors
    /// When it cannot be noted.
    pub async fn keep_until(&self, submission: SubmissionId, round: u32) -> Result<(), StoreError> {
        let Some(mut record) = self.get(submission)? else {
            return Ok(());
        };
        if record.keep != Keep::Until(round) {
            record.keep = Keep::Until(round);
            self.inner.journal.write(vec![change_of(&record)]).await?;
        }
        self.books().settle(submission);
        Ok(())
    }

    /// Deletes the rows of a submission, which nobody can ask for any more, and the record of them. A process that ends in between deletes the rest at its next
    /// start.
    ///
    /// # Errors
    /// When the record cannot be removed.
    pub async fn remove(&self, submission: SubmissionId) -> Result<(), StoreError> {
        let Some(record) = self.get(submission)? else {
            return Ok(());
        };
        let gone = |table, key| Change {
            table,
            key,
            value: None,
        };
        let of_blob = blob_key(&record.attestation.commitment, submission);
        let changes = vec![gone(SHARDS, key(submission).to_vec()), gone(BLOBS, of_blob)];
        self.inner.journal.write(changes).await?;
        tracing::trace!(target: "noema_da::durable", step = "record removed");
        let path = self.shard_path(submission);
        if let Err(error) = tokio::fs::remove_file(&path).await {
            tracing::warn!(%error, path = %path.display(), "a file stays until the next start");
        }
        self.books().drop_shard(submission, bytes_of(&record)?);
        Ok(())
    }
}

/// The key of a record: numbers in the order of their bytes.
fn key(submission: SubmissionId) -> [u8; 8] {
    submission.to_be_bytes()
}

fn blob_key(commitment: &Commitment, submission: SubmissionId) -> Vec<u8> {
    [&commitment.0[..], &key(submission)].concat()
}

fn change_of(record: &ShardRecord) -> Change {
    Change {
        table: SHARDS,
        key: key(record.submission()).to_vec(),
        value: Some(record.encode()),
    }
}

fn decode(submission: SubmissionId, bytes: &[u8]) -> Result<ShardRecord, StoreError> {
    ShardRecord::decode_all(&mut &bytes[..])
        .ok()
        .filter(|record| record.submission() == submission && record.shape().is_ok())
        .ok_or(StoreError::DamagedRecord { submission })
}

fn record_of((found, value): &noema_journal::Note) -> Result<ShardRecord, StoreError> {
    let number = found[..].try_into().map_or(0, u64::from_be_bytes);
    decode(number, value)
}

/// Bytes of a record's file.
fn bytes_of(record: &ShardRecord) -> Result<u64, StoreError> {
    Ok(layout_of(record)?.bytes())
}

fn layout_of(record: &ShardRecord) -> Result<Layout, StoreError> {
    let submission = record.submission();
    let damaged = |_| StoreError::DamagedRecord { submission };
    Ok(Layout {
        shape: record.shape().map_err(damaged)?,
        rows: record.rows.len() as u16,
    })
}

fn incoming_dir(dir: &Path) -> PathBuf {
    dir.join("incoming")
}

fn shards_dir(dir: &Path) -> PathBuf {
    dir.join("shards")
}

/// Spread over 256 directories by the lowest byte, so that none is too large.
fn shard_path(dir: &Path, submission: SubmissionId) -> PathBuf {
    shards_dir(dir)
        .join(format!("{:02x}", submission & 0xff))
        .join(format!("{submission:016x}.shard"))
}

fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(StoreError::io("sync", dir))
}

fn create_dir(dir: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(dir).map_err(StoreError::io("create", dir))
}

/// Bytes of the disk that this process could still use.
fn free_bytes(dir: &Path) -> Result<u64, StoreError> {
    let found = nix::sys::statvfs::statvfs(dir)
        .map_err(|error| StoreError::io("ask for the room of", dir)(error.into()))?;
    Ok(found.blocks_available() as u64 * found.fragment_size() as u64)
}
