//! The index: which files are known and which of their segments are on the disk.
//!
//! | table | key | value |
//! |---|---|---|
//! | `meta` | name | layout version, chain and provider that the directory belongs to |
//! | `files` | file id | [`FileRecord`] |
//! | `segments` | file id ‖ index as `u64` BE | root ‖ siblings, 32 bytes each |
//! | `held` | file id ‖ chunk as `u32` BE | bits of the 4096 segments of the chunk that are held |
//! | `slots` | file id ‖ owner | what is noted of this provider's slot in the deal, by whoever notes it |
//! | `damaged` | file id ‖ index as `u64` BE | since when the segment waits to be fetched again, seconds since 1970 |
//!
//! A record that cannot be read stops nothing: that of a file counts as one of no file until somebody who knows the file writes it anew,
//! that of a segment as damage, and how far the scrub is as nothing.
//!
//! Every transaction is durable when it returns. After an I/O error the database refuses further
//! work, so that it is closed and opened again: what was committed before is there.

use std::{
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicU64, Ordering},
        Mutex, PoisonError, RwLock,
    },
    time::{Duration, Instant},
};

use noema_chain_client::{AccountId, FileId, Hash};
use redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTableMetadata, TableDefinition,
    WriteTransaction,
};

use bits::is_held;
use database::{closed, make_tables, open_database, owner_of, prepare};

use super::{error::index_error, NewSegment, StoreError};

mod bits;
mod changes;
mod database;
#[cfg(fuzzing)]
pub mod fuzzing;
#[cfg(test)]
pub(crate) mod harm;
mod progress;
mod records;
mod slots;
#[cfg(test)]
mod tests;
mod walk;

pub(crate) use progress::{Round, ScrubProgress};
pub(super) use records::SegmentEntry;
use records::{decode_file, decode_segment, held_key, segment_key};
pub use records::{FileRecord, SegmentRecord};
pub(crate) use slots::{DealKey, SlotNote};

const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
const FILES: TableDefinition<'_, &[u8; 32], &[u8]> = TableDefinition::new("files");
const SEGMENTS: TableDefinition<'_, &[u8; 40], &[u8]> = TableDefinition::new("segments");
const HELD: TableDefinition<'_, &[u8; 36], &[u8]> = TableDefinition::new("held");
const DAMAGED: TableDefinition<'_, &[u8; 40], u64> = TableDefinition::new("damaged");

/// Version of this layout.
const LAYOUT_VERSION: u32 = 1;
/// Segments whose bits are in one value of `held`.
const CHUNK: u64 = 4096;
const CHUNK_BYTES: usize = CHUNK as usize / 8;
/// Pause between attempts of readers to open a database that an error closed.
const MEND_PAUSE: Duration = Duration::from_secs(1);

/// What a data directory belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreIdentity {
    /// The chain.
    pub genesis: Hash,
    /// The provider's bonded account.
    pub provider: AccountId,
}

/// The database.
#[derive(Debug)]
pub(super) struct Index {
    path: PathBuf,
    cache: usize,
    /// `None` after a failure that opening again did not mend.
    state: RwLock<Option<Open>>,
    /// When a reader last tried to open it again.
    tried_at: Mutex<Option<Instant>>,
    /// Damaged segments that were taken again since the start.
    healed: AtomicU64,
}

#[derive(Debug)]
struct Open {
    database: Database,
    totals: Totals,
}

#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    files: u64,
    bytes: u64,
}

type Work<T> = Result<T, redb::Error>;

fn corrupted(what: &str) -> redb::Error {
    redb::Error::Corrupted(what.to_owned())
}

impl Index {
    /// Opens the index, making it if it is not there, and checks that it belongs to `identity`.
    pub(super) fn open(
        path: &Path,
        identity: &StoreIdentity,
        cache: usize,
    ) -> Result<Self, StoreError> {
        let database = open_database(path, cache)?;
        prepare(&database, identity)?;
        Self::over(path.to_owned(), cache, database)
    }

    fn over(path: PathBuf, cache: usize, database: Database) -> Result<Self, StoreError> {
        let totals = count(&database).map_err(index_error)?;
        Ok(Self {
            path,
            cache,
            state: RwLock::new(Some(Open { database, totals })),
            tried_at: Mutex::default(),
            healed: AtomicU64::new(0),
        })
    }

    /// Opens an index that is there, whomever it belongs to, to look at it. Says whose it is.
    pub(super) fn open_to_look(
        path: &Path,
        cache: usize,
    ) -> Result<(Self, Option<StoreIdentity>), StoreError> {
        let mut builder = Database::builder();
        builder.set_cache_size(cache);
        let database = builder.open(path).map_err(index_error)?;
        let owner = owner_of(&database)?;
        // Those of an index that was made by an earlier version, or a moment ago.
        transact(&database, |transaction, _| make_tables(transaction)).map_err(index_error)?;
        Ok((Self::over(path.to_owned(), cache, database)?, owner))
    }

    fn read<T>(&self, work: impl FnOnce(&ReadTransaction) -> Work<T>) -> Result<T, StoreError> {
        self.mend_to_read();
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let open = state.as_ref().ok_or_else(closed)?;
        let transaction = open.database.begin_read().map_err(index_error)?;
        work(&transaction).map_err(index_error)
    }

    /// Runs one durable transaction; only the writer thread does. `work` says by how much the totals
    /// change.
    fn write<T>(
        &self,
        work: impl FnOnce(&WriteTransaction, &mut Change) -> Work<T>,
    ) -> Result<T, StoreError> {
        self.mend()?;
        let result = {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            let open = state.as_ref().ok_or_else(closed)?;
            transact(&open.database, work)
        };
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok((value, change)) => {
                if let Some(open) = state.as_mut() {
                    change.apply(&mut open.totals);
                }
                Ok(value)
            }
            Err(error) => {
                *state = None;
                drop(state);
                // Whether that works shows at the next use.
                let _ = self.mend();
                Err(index_error(error))
            }
        }
    }

    /// Opens the database again if an error closed it and nobody tried just now: with a full disk nothing may be written for long, and
    /// what is there is to be served.
    fn mend_to_read(&self) {
        let is_open = |state: &Option<Open>| state.is_some();
        if is_open(&self.state.read().unwrap_or_else(PoisonError::into_inner)) {
            return;
        }
        let mut tried_at = self.tried_at.lock().unwrap_or_else(PoisonError::into_inner);
        if tried_at.is_some_and(|at| at.elapsed() < MEND_PAUSE) {
            return;
        }
        *tried_at = Some(Instant::now());
        drop(tried_at);
        if let Err(error) = self.mend() {
            tracing::error!(%error, "the index stays closed");
        }
    }

    /// Opens the database again if an error closed it.
    fn mend(&self) -> Result<(), StoreError> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.is_some() {
            return Ok(());
        }
        let database = open_database(&self.path, self.cache)?;
        let totals = count(&database).map_err(index_error)?;
        *state = Some(Open { database, totals });
        Ok(())
    }

    /// The record of a file that is not being deleted.
    pub(super) fn file(&self, file: &FileId) -> Result<Option<FileRecord>, StoreError> {
        self.read(|transaction| {
            let record = transaction.open_table(FILES)?.get(&file.0)?;
            let record = record.map(|bytes| decode_file(bytes.value()));
            Ok(record.filter(|record| !record.deleting))
        })
    }

    /// What is said of a segment.
    pub(super) fn segment(&self, file: &FileId, index: u64) -> Result<SegmentEntry, StoreError> {
        self.read(|transaction| {
            let record = transaction
                .open_table(SEGMENTS)?
                .get(&segment_key(file, index))?;
            if let Some(bytes) = record {
                return Ok(match decode_segment(bytes.value()) {
                    Some(record) => SegmentEntry::Held(record),
                    None => SegmentEntry::Unreadable,
                });
            }
            let bits = transaction
                .open_table(HELD)?
                .get(&held_key(file, index / CHUNK))?;
            Ok(
                match bits.is_some_and(|bits| is_held(bits.value(), index)) {
                    true => SegmentEntry::NoRecord,
                    false => SegmentEntry::Missing,
                },
            )
        })
    }

    /// Damaged segments that wait to be fetched again.
    pub(super) fn damaged(&self) -> Result<u64, StoreError> {
        self.read(|transaction| Ok(transaction.open_table(DAMAGED)?.len()?))
    }

    /// Damaged segments that were taken again since the start.
    pub(super) fn healed(&self) -> u64 {
        self.healed.load(Ordering::Relaxed)
    }

    /// Ranges (first and last included) of segments at or after `from` that are missing, at most
    /// `limit` ranges.
    pub(super) fn missing(
        &self,
        file: &FileId,
        segments: u64,
        from: u64,
        limit: usize,
    ) -> Result<Vec<(u64, u64)>, StoreError> {
        self.read(|transaction| {
            let table = transaction.open_table(HELD)?;
            let mut ranges: Vec<(u64, u64)> = Vec::new();
            for chunk in from / CHUNK..segments.div_ceil(CHUNK) {
                let bits = table.get(&held_key(file, chunk))?;
                let bits = bits.as_ref().map(|bits| bits.value()).unwrap_or_default();
                let first = (chunk * CHUNK).max(from);
                for index in first..(chunk * CHUNK + CHUNK).min(segments) {
                    if is_held(bits, index) {
                        continue;
                    }
                    let full = ranges.len() == limit;
                    match ranges.last_mut() {
                        Some((_, last)) if *last + 1 == index => *last = index,
                        _ if full => return Ok(ranges),
                        _ => ranges.push((index, index)),
                    }
                }
            }
            Ok(ranges)
        })
    }

    /// Files known and bytes of segments held.
    pub(super) fn totals(&self) -> Result<(u64, u64), StoreError> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let open = state.as_ref().ok_or_else(closed)?;
        Ok((open.totals.files, open.totals.bytes))
    }
}

/// By how much a transaction changes the totals.
#[derive(Default)]
struct Change {
    files: i64,
    bytes: i64,
}

impl Change {
    /// The bytes of a file become others.
    fn bytes(&mut self, before: u64, after: u64) {
        let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        self.bytes = self
            .bytes
            .saturating_add(signed(after).saturating_sub(signed(before)));
    }

    fn apply(&self, totals: &mut Totals) {
        totals.files = totals.files.saturating_add_signed(self.files);
        totals.bytes = totals.bytes.saturating_add_signed(self.bytes);
    }
}

fn transact<T>(
    database: &Database,
    work: impl FnOnce(&WriteTransaction, &mut Change) -> Work<T>,
) -> Work<(T, Change)> {
    let mut transaction = database.begin_write()?;
    // Opening after a crash must not take the time of reading the whole index.
    transaction.set_quick_repair(true);
    let mut change = Change::default();
    let value = work(&transaction, &mut change)?;
    transaction.commit()?;
    Ok((value, change))
}

fn count(database: &Database) -> Work<Totals> {
    let transaction = database.begin_read()?;
    let mut totals = Totals::default();
    for entry in transaction.open_table(FILES)?.range::<&[u8; 32]>(..)? {
        let record = decode_file(entry?.1.value());
        totals.files += 1;
        // A damaged record may say anything; the figure is for people, the records are checked where they are used.
        totals.bytes = totals.bytes.saturating_add(record.bytes);
    }
    Ok(totals)
}
