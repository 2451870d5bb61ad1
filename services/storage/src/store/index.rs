//! The index: which files are known and which of their segments are on the disk.
//!
//! | table | key | value |
//! |---|---|---|
//! | `meta` | name | layout version, chain and provider that the directory belongs to |
//! | `files` | file id | [`FileRecord`] |
//! | `segments` | file id ‖ index as `u64` BE | root ‖ siblings, 32 bytes each |
//! | `held` | file id ‖ chunk as `u32` BE | bits of the 4096 segments of the chunk that are held |
//!
//! Every transaction is durable when it returns. After an I/O error the database refuses further
//! work, so that it is closed and opened again: what was committed before is there.

use std::{
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock},
};

use codec::{Decode, DecodeAll, Encode};
use noema_chain_client::{AccountId, FileId, Hash};
use noema_commitment::Shape;
use redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction,
};

use super::{error::index_error, NewSegment, StoreError};
use crate::client::FileRef;

#[cfg(fuzzing)]
pub mod fuzzing;
#[cfg(test)]
mod tests;

const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
const FILES: TableDefinition<'_, &[u8; 32], &[u8]> = TableDefinition::new("files");
const SEGMENTS: TableDefinition<'_, &[u8; 40], &[u8]> = TableDefinition::new("segments");
const HELD: TableDefinition<'_, &[u8; 36], &[u8]> = TableDefinition::new("held");

/// Version of this layout.
const LAYOUT_VERSION: u32 = 1;
/// Segments whose bits are in one value of `held`.
const CHUNK: u64 = 4096;
const CHUNK_BYTES: usize = CHUNK as usize / 8;

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
}

/// What is known of a segment that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentRecord {
    /// Its root.
    pub root: [u8; 32],
    /// Siblings from its root to the file's, bottom to top.
    pub siblings: Vec<[u8; 32]>,
}

/// The database.
#[derive(Debug)]
pub(super) struct Index {
    path: PathBuf,
    cache: usize,
    /// `None` after a failure that opening again did not mend.
    state: RwLock<Option<Open>>,
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

fn decode_file(bytes: &[u8]) -> Work<FileRecord> {
    FileRecord::decode_all(&mut &bytes[..]).map_err(|_| corrupted("a file record is unreadable"))
}

fn decode_segment(bytes: &[u8]) -> Work<SegmentRecord> {
    let mut hashes = bytes.chunks_exact(32).map(<[u8; 32]>::try_from);
    let all = hashes.by_ref().collect::<Result<Vec<_>, _>>();
    match all {
        Ok(mut all) if !all.is_empty() && bytes.len().is_multiple_of(32) => {
            let root = all.remove(0);
            Ok(SegmentRecord {
                root,
                siblings: all,
            })
        }
        _ => Err(corrupted("a segment record is unreadable")),
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
        let totals = count(&database).map_err(index_error)?;
        let state = RwLock::new(Some(Open { database, totals }));
        Ok(Self {
            path: path.to_owned(),
            cache,
            state,
        })
    }

    fn read<T>(&self, work: impl FnOnce(&ReadTransaction) -> Work<T>) -> Result<T, StoreError> {
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
            let record = record.map(|bytes| decode_file(bytes.value())).transpose()?;
            Ok(record.filter(|record| !record.deleting))
        })
    }

    /// Every file that is not being deleted.
    pub(super) fn files(&self) -> Result<Vec<(FileId, FileRecord)>, StoreError> {
        let mut all = self.all_files()?;
        all.retain(|(_, record)| !record.deleting);
        Ok(all)
    }

    /// Files whose deletion has begun.
    pub(super) fn deleting(&self) -> Result<Vec<FileId>, StoreError> {
        let all = self.all_files()?.into_iter();
        Ok(all
            .filter(|(_, record)| record.deleting)
            .map(|(file, _)| file)
            .collect())
    }

    fn all_files(&self) -> Result<Vec<(FileId, FileRecord)>, StoreError> {
        self.read(|transaction| {
            let table = transaction.open_table(FILES)?;
            let mut all = Vec::new();
            for entry in table.range::<&[u8; 32]>(..)? {
                let (key, value) = entry?;
                all.push((FileId(*key.value()), decode_file(value.value())?));
            }
            Ok(all)
        })
    }

    /// The record of a segment that is held.
    pub(super) fn segment(
        &self,
        file: &FileId,
        index: u64,
    ) -> Result<Option<SegmentRecord>, StoreError> {
        self.read(|transaction| {
            let record = transaction
                .open_table(SEGMENTS)?
                .get(&segment_key(file, index))?;
            record
                .map(|bytes| decode_segment(bytes.value()))
                .transpose()
        })
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

    /// Makes a file known and takes the orphan's mark off.
    pub(super) fn add_file(&self, file: &FileRef) -> Result<(), StoreError> {
        let added = self.write(|transaction, change| {
            let mut table = transaction.open_table(FILES)?;
            let known = table
                .get(&file.file.0)?
                .map(|bytes| decode_file(bytes.value()));
            let record = match known.transpose()? {
                Some(record) if record.deleting => return Ok(false),
                Some(record) => FileRecord {
                    orphaned_at: None,
                    ..record
                },
                None => {
                    change.files += 1;
                    FileRecord {
                        root: file.root,
                        size: file.size(),
                        have: 0,
                        bytes: 0,
                        orphaned_at: None,
                        deleting: false,
                    }
                }
            };
            table.insert(&file.file.0, &record.encode()[..])?;
            Ok(true)
        })?;
        if added {
            Ok(())
        } else {
            Err(StoreError::Deleting(file.file))
        }
    }

    /// Records segments whose data is synced. Those of unknown files are left out; the answer says
    /// for each whether it is recorded.
    pub(super) fn record(&self, segments: &[&NewSegment]) -> Result<Vec<bool>, StoreError> {
        self.write(|transaction, change| {
            let mut files = transaction.open_table(FILES)?;
            let mut records = transaction.open_table(SEGMENTS)?;
            let mut held = transaction.open_table(HELD)?;
            let mut recorded = Vec::with_capacity(segments.len());
            for segment in segments {
                let known = files
                    .get(&segment.file.0)?
                    .map(|bytes| decode_file(bytes.value()));
                let Some(mut record) = known.transpose()?.filter(|record| !record.deleting) else {
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
                record.bytes = record.bytes.saturating_add(segment.data.len() as u64);
                change.bytes += segment.data.len() as i64;
                files.insert(&segment.file.0, &record.encode()[..])?;
            }
            Ok(recorded)
        })
    }

    /// Takes a segment's record away.
    pub(super) fn forget(&self, file: &FileId, index: u64, len: u64) -> Result<(), StoreError> {
        self.write(|transaction, change| {
            let mut records = transaction.open_table(SEGMENTS)?;
            if records.remove(&segment_key(file, index))?.is_none() {
                return Ok(());
            }
            let mut held = transaction.open_table(HELD)?;
            let key = held_key(file, index / CHUNK);
            let mut bits = [0u8; CHUNK_BYTES];
            if let Some(known) = held.get(&key)? {
                copy_bits(&mut bits, known.value());
            }
            let (byte, bit) = place(index);
            bits[byte] &= !bit;
            held.insert(&key, &bits[..])?;
            let mut files = transaction.open_table(FILES)?;
            let known = files.get(&file.0)?.map(|bytes| decode_file(bytes.value()));
            if let Some(mut record) = known.transpose()? {
                record.have = record.have.saturating_sub(1);
                record.bytes = record.bytes.saturating_sub(len);
                change.bytes -= i64::try_from(len).unwrap_or(i64::MAX);
                files.insert(&file.0, &record.encode()[..])?;
            }
            Ok(())
        })
    }

    /// Marks a file as one without a deal; an earlier mark stays.
    pub(super) fn mark_orphan(&self, file: &FileId, at: u64) -> Result<(), StoreError> {
        self.write(|transaction, _| {
            let mut files = transaction.open_table(FILES)?;
            let known = files.get(&file.0)?.map(|bytes| decode_file(bytes.value()));
            if let Some(mut record) = known.transpose()? {
                record.orphaned_at.get_or_insert(at);
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
            match known.transpose()? {
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
            let mut files = transaction.open_table(FILES)?;
            let known = files
                .remove(&file.0)?
                .map(|bytes| decode_file(bytes.value()));
            if let Some(record) = known.transpose()? {
                change.files -= 1;
                change.bytes -= i64::try_from(record.bytes).unwrap_or(i64::MAX);
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

fn open_database(path: &Path, cache: usize) -> Result<Database, StoreError> {
    let mut builder = Database::builder();
    builder.set_cache_size(cache);
    builder.create(path).map_err(index_error)
}

fn closed() -> StoreError {
    StoreError::Index(
        "it is closed after an I/O error; it is opened again at the next write".into(),
    )
}

/// Makes the tables, and notes or checks whose they are.
fn prepare(database: &Database, identity: &StoreIdentity) -> Result<(), StoreError> {
    let found = transact(database, |transaction, _| {
        transaction.open_table(FILES)?;
        transaction.open_table(SEGMENTS)?;
        transaction.open_table(HELD)?;
        let mut meta = transaction.open_table(META)?;
        let found = meta.get("identity")?.map(|bytes| bytes.value().to_vec());
        if found.is_none() {
            let ours = (LAYOUT_VERSION, identity.genesis.0, identity.provider.0).encode();
            meta.insert("identity", &ours[..])?;
        }
        Ok(found)
    });
    let (found, _) = found.map_err(index_error)?;
    let Some(found) = found else { return Ok(()) };
    let found = <(u32, [u8; 32], [u8; 32])>::decode(&mut &found[..])
        .map_err(|_| index_error(corrupted("the owner's record is unreadable")))?;
    let (version, genesis, provider) = (found.0, Hash(found.1), AccountId(found.2));
    if version != LAYOUT_VERSION {
        return Err(StoreError::OtherVersion {
            expected: LAYOUT_VERSION,
            found: version,
        });
    }
    if genesis != identity.genesis {
        return Err(StoreError::OtherChain {
            expected: identity.genesis,
            found: genesis,
        });
    }
    if provider != identity.provider {
        return Err(StoreError::OtherProvider {
            expected: identity.provider,
            found: provider,
        });
    }
    Ok(())
}

fn count(database: &Database) -> Work<Totals> {
    let transaction = database.begin_read()?;
    let mut totals = Totals::default();
    for entry in transaction.open_table(FILES)?.range::<&[u8; 32]>(..)? {
        let record = decode_file(entry?.1.value())?;
        totals.files += 1;
        // A damaged record may say anything; the figure is for people, the records are checked where they are used.
        totals.bytes = totals.bytes.saturating_add(record.bytes);
    }
    Ok(totals)
}

fn place(index: u64) -> (usize, u8) {
    let bit = (index % CHUNK) as usize;
    (bit / 8, 1 << (bit % 8))
}

fn is_held(bits: &[u8], index: u64) -> bool {
    let (byte, bit) = place(index);
    bits.get(byte).is_some_and(|byte| byte & bit != 0)
}

fn copy_bits(to: &mut [u8; CHUNK_BYTES], from: &[u8]) {
    let len = from.len().min(CHUNK_BYTES);
    to[..len].copy_from_slice(&from[..len]);
}
