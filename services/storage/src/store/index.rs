//! The index: which files are known and which of their segments are on the disk.
//!
//! | table | key | value |
//! |---|---|---|
//! | `meta` | name | layout version, chain and provider that the directory belongs to |
//! | `files` | file id | [`FileRecord`] |
//! | `segments` | file id ‖ index as `u64` BE | root ‖ siblings, 32 bytes each |
//! | `held` | file id ‖ chunk as `u32` BE | bits of the 4096 segments of the chunk that are held |
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

use codec::{Decode, DecodeAll, Encode};
use noema_chain_client::{AccountId, FileId, Hash};
use noema_commitment::Shape;
use redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata,
    TableDefinition, WriteTransaction,
};

use bits::{copy_bits, is_held, place};
use database::{closed, make_tables, open_database, owner_of, prepare};

use super::{error::index_error, NewSegment, StoreError};
use crate::client::FileRef;

mod bits;
mod database;
#[cfg(fuzzing)]
pub mod fuzzing;
#[cfg(test)]
pub(crate) mod harm;
mod progress;
#[cfg(test)]
mod tests;
mod walk;

pub(crate) use progress::{Round, ScrubProgress};

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

/// What is known of a file.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct FileRecord {
    /// 0G Storage root.
    pub root: [u8; 32],
    /// Size in bytes.
    pub size: u64,
    /// How many segments are held.
    pub have: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Since when the file has no deal, in seconds since 1970.
    pub orphaned_at: Option<u64>,
    /// Its deletion has begun.
    deleting: bool,
}

impl FileRecord {
    /// The file. `None` if the record's size is impossible.
    pub fn file_ref(&self) -> Option<FileRef> {
        FileRef::new(self.root, self.size).ok()
    }

    /// Whether all segments are held.
    pub fn is_complete(&self) -> bool {
        Shape::new(self.size).is_ok_and(|shape| shape.segments() == self.have)
    }

    /// Whether this is the record of `file`. A damaged one may say anything.
    pub(crate) fn is_of(&self, file: &FileRef) -> bool {
        self.root == file.root && self.size == file.size()
    }

    /// What stands for a record that cannot be read: that of no file, since none has this size.
    fn unreadable() -> Self {
        Self {
            root: [0; 32],
            size: 0,
            have: 0,
            bytes: 0,
            orphaned_at: None,
            deleting: false,
        }
    }
}

/// What is known of a segment that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentRecord {
    /// Its root.
    pub root: [u8; 32],
    /// Siblings from its root to the file's, bottom to top.
    pub siblings: Vec<[u8; 32]>,
}

/// What the index says of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SegmentEntry {
    /// It is not held.
    Missing,
    /// It is held.
    Held(SegmentRecord),
    /// It counts as held, but there is no record.
    NoRecord,
    /// There is a record that cannot be read.
    Unreadable,
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

fn segment_key(file: &FileId, index: u64) -> [u8; 40] {
    let mut key = [0; 40];
    key[..32].copy_from_slice(&file.0);
    key[32..].copy_from_slice(&index.to_be_bytes());
    key
}

fn held_key(file: &FileId, chunk: u64) -> [u8; 36] {
    let mut key = [0; 36];
    key[..32].copy_from_slice(&file.0);
    // A file has at most 2^30 segments.
    key[32..].copy_from_slice(&u32::try_from(chunk).unwrap_or(u32::MAX).to_be_bytes());
    key
}

fn corrupted(what: &str) -> redb::Error {
    redb::Error::Corrupted(what.to_owned())
}

fn decode_file(bytes: &[u8]) -> FileRecord {
    FileRecord::decode_all(&mut &bytes[..]).unwrap_or_else(|_| FileRecord::unreadable())
}

/// `None` if it cannot be read.
fn decode_segment(bytes: &[u8]) -> Option<SegmentRecord> {
    let mut hashes = bytes.chunks_exact(32).map(<[u8; 32]>::try_from);
    let all = hashes.by_ref().collect::<Result<Vec<_>, _>>();
    match all {
        Ok(mut all) if !all.is_empty() && bytes.len().is_multiple_of(32) => {
            let root = all.remove(0);
            Some(SegmentRecord {
                root,
                siblings: all,
            })
        }
        _ => None,
    }
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

    /// Files whose deletion has begun.
    pub(super) fn deleting(&self) -> Result<Vec<FileId>, StoreError> {
        self.read(|transaction| {
            let table = transaction.open_table(FILES)?;
            let mut deleting = Vec::new();
            for entry in table.range::<&[u8; 32]>(..)? {
                let (key, value) = entry?;
                if decode_file(value.value()).deleting {
                    deleting.push(FileId(*key.value()));
                }
            }
            Ok(deleting)
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

    /// Makes files known and takes the orphan's mark off. A record that says something else of a file is damaged and written anew; so
    /// is one that was lost. Says for each whether it is known now: one that is being deleted is not.
    pub(super) fn add_files(&self, files: &[&FileRef]) -> Result<Vec<bool>, StoreError> {
        self.write(|transaction, change| {
            let mut table = transaction.open_table(FILES)?;
            let held = transaction.open_table(HELD)?;
            let mut added = Vec::with_capacity(files.len());
            for file in files {
                let known = table
                    .get(&file.file.0)?
                    .map(|bytes| decode_file(bytes.value()));
                let record = match known {
                    Some(record) if record.deleting => {
                        added.push(false);
                        continue;
                    }
                    Some(record) if record.is_of(file) => FileRecord {
                        orphaned_at: None,
                        ..record
                    },
                    other => {
                        let tally = walk::tally(&held, file)?;
                        change.bytes(other.as_ref().map_or(0, |record| record.bytes), tally.bytes);
                        if other.is_none() {
                            change.files += 1;
                        }
                        FileRecord {
                            root: file.root,
                            size: file.size(),
                            have: tally.have,
                            bytes: tally.bytes,
                            orphaned_at: None,
                            deleting: false,
                        }
                    }
                };
                table.insert(&file.file.0, &record.encode()[..])?;
                added.push(true);
            }
            Ok(added)
        })
    }

    /// Records segments whose data is synced. Those of unknown files are left out; the answer says
    /// for each whether it is recorded.
    pub(super) fn record(&self, segments: &[&NewSegment]) -> Result<Vec<bool>, StoreError> {
        let (recorded, healed) = self.write(|transaction, change| {
            let mut files = transaction.open_table(FILES)?;
            let mut records = transaction.open_table(SEGMENTS)?;
            let mut held = transaction.open_table(HELD)?;
            let mut damaged = transaction.open_table(DAMAGED)?;
            let mut recorded = Vec::with_capacity(segments.len());
            let mut healed = 0;
            for segment in segments {
                let known = files
                    .get(&segment.file.0)?
                    .map(|bytes| decode_file(bytes.value()));
                let Some(mut record) = known.filter(|record| !record.deleting) else {
                    recorded.push(false);
                    continue;
                };
                recorded.push(true);
                let mut value = Vec::with_capacity(32 * (1 + segment.siblings.len()));
                value.extend_from_slice(&segment.root);
                segment
                    .siblings
                    .iter()
                    .for_each(|sibling| value.extend_from_slice(sibling));
                let key = segment_key(&segment.file, segment.index);
                let known_before = records.insert(&key, &value[..])?.is_some();
                if damaged.remove(&key)?.is_some() {
                    healed += 1;
                }
                let key = held_key(&segment.file, segment.index / CHUNK);
                let mut bits = [0u8; CHUNK_BYTES];
                if let Some(known) = held.get(&key)? {
                    copy_bits(&mut bits, known.value());
                }
                let (byte, bit) = place(segment.index);
                // Both are written together, but where a damaged index lost the bit, the segment would be missing for ever.
                if bits[byte] & bit == 0 {
                    bits[byte] |= bit;
                    held.insert(&key, &bits[..])?;
                }
                if known_before {
                    continue;
                }
                record.have = record.have.saturating_add(1);
                let before = record.bytes;
                record.bytes = before.saturating_add(segment.data.len() as u64);
                change.bytes(before, record.bytes);
                files.insert(&segment.file.0, &record.encode()[..])?;
            }
            Ok((recorded, healed))
        })?;
        self.healed.fetch_add(healed, Ordering::Relaxed);
        Ok(recorded)
    }

    /// Takes a damaged segment's record away and notes `at` (seconds since 1970) that it is to be fetched again.
    pub(super) fn forget(
        &self,
        file: &FileId,
        index: u64,
        len: u64,
        at: u64,
    ) -> Result<(), StoreError> {
        self.write(|transaction, change| {
            let key = segment_key(file, index);
            let mut records = transaction.open_table(SEGMENTS)?;
            let recorded = records.remove(&key)?.is_some();
            let mut held = transaction.open_table(HELD)?;
            let chunk = held_key(file, index / CHUNK);
            let mut bits = [0u8; CHUNK_BYTES];
            if let Some(known) = held.get(&chunk)? {
                copy_bits(&mut bits, known.value());
            }
            let (byte, bit) = place(index);
            let counted = bits[byte] & bit != 0;
            if !recorded && !counted {
                return Ok(());
            }
            bits[byte] &= !bit;
            held.insert(&chunk, &bits[..])?;
            let mut files = transaction.open_table(FILES)?;
            let known = files.get(&file.0)?.map(|bytes| decode_file(bytes.value()));
            if let Some(mut record) = known {
                let before = record.bytes;
                record.have = record.have.saturating_sub(1);
                record.bytes = before.saturating_sub(len);
                change.bytes(before, record.bytes);
                files.insert(&file.0, &record.encode()[..])?;
                transaction.open_table(DAMAGED)?.insert(&key, at)?;
            }
            Ok(())
        })
    }

    /// Whether the figures of a file's record agree with the segments that count as held.
    pub(super) fn figures_agree(&self, file: &FileRef) -> Result<bool, StoreError> {
        self.read(|transaction| {
            let record = transaction.open_table(FILES)?.get(&file.file.0)?;
            let record = record.map(|bytes| decode_file(bytes.value()));
            let tally = walk::tally(&transaction.open_table(HELD)?, file)?;
            Ok(record.is_none_or(|record| record.deleting || tally.agrees(&record)))
        })
    }

    /// Makes the figures of a file's record agree with the segments that count as held. Says whether they did not.
    pub(super) fn reconcile(&self, file: &FileRef) -> Result<bool, StoreError> {
        if self.figures_agree(file)? {
            return Ok(false);
        }
        self.write(|transaction, change| {
            let mut files = transaction.open_table(FILES)?;
            let known = files
                .get(&file.file.0)?
                .map(|bytes| decode_file(bytes.value()));
            let Some(mut record) = known.filter(|record| !record.deleting) else {
                return Ok(false);
            };
            let tally = walk::tally(&transaction.open_table(HELD)?, file)?;
            if tally.agrees(&record) {
                return Ok(false);
            }
            change.bytes(record.bytes, tally.bytes);
            (record.have, record.bytes) = (tally.have, tally.bytes);
            files.insert(&file.file.0, &record.encode()[..])?;
            Ok(true)
        })
    }

    /// Marks a file as one without a deal; an earlier mark stays, one from the future does not.
    pub(super) fn mark_orphan(&self, file: &FileId, at: u64) -> Result<(), StoreError> {
        self.write(|transaction, _| {
            let mut files = transaction.open_table(FILES)?;
            let known = files.get(&file.0)?.map(|bytes| decode_file(bytes.value()));
            if let Some(mut record) = known {
                record.orphaned_at = Some(record.orphaned_at.map_or(at, |since| since.min(at)));
                files.insert(&file.0, &record.encode()[..])?;
            }
            Ok(())
        })
    }

    /// Begins the deletion of a file that is marked as an orphan. Says whether it did.
    pub(super) fn begin_delete(&self, file: &FileId) -> Result<bool, StoreError> {
        self.write(|transaction, _| {
            let mut files = transaction.open_table(FILES)?;
            let known = files.get(&file.0)?.map(|bytes| decode_file(bytes.value()));
            match known {
                Some(mut record) if record.orphaned_at.is_some() => {
                    record.deleting = true;
                    files.insert(&file.0, &record.encode()[..])?;
                    Ok(true)
                }
                _ => Ok(false),
            }
        })
    }

    /// Removes up to `limit` segment records of a file that is being deleted. Says whether any are
    /// left.
    pub(super) fn delete_records(&self, file: &FileId, limit: usize) -> Result<bool, StoreError> {
        self.write(|transaction, _| {
            let mut records = transaction.open_table(SEGMENTS)?;
            let (first, last) = (segment_key(file, 0), segment_key(file, u64::MAX));
            let mut removed = 0;
            {
                let range = records.extract_from_if::<&[u8; 40], _>(&first..=&last, |_, _| true)?;
                for entry in range.take(limit) {
                    entry?;
                    removed += 1;
                }
            }
            Ok(removed == limit)
        })
    }

    /// Forgets a file whose segment records and data are gone.
    pub(super) fn finish_delete(&self, file: &FileId) -> Result<(), StoreError> {
        self.write(|transaction, change| {
            let mut held = transaction.open_table(HELD)?;
            let (first, last) = (held_key(file, 0), held_key(file, u64::from(u32::MAX)));
            held.retain_in::<&[u8; 36], _>(&first..=&last, |_, _| false)?;
            let mut damaged = transaction.open_table(DAMAGED)?;
            let (first, last) = (segment_key(file, 0), segment_key(file, u64::MAX));
            damaged.retain_in::<&[u8; 40], _>(&first..=&last, |_, _| false)?;
            let mut files = transaction.open_table(FILES)?;
            let known = files
                .remove(&file.0)?
                .map(|bytes| decode_file(bytes.value()));
            if let Some(record) = known {
                change.files -= 1;
                change.bytes(record.bytes, 0);
            }
            Ok(())
        })
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
