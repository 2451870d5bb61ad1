//! Going through the index in order, a bounded number of entries at a time.

use std::ops::Bound;

use redb::ReadableTable;

use super::{
    decode_file, held_key, is_held, segment_key, FileRecord, Index, StoreError, Work, CHUNK, FILES,
    HELD, SEGMENTS,
};
use crate::client::FileRef;
use noema_chain_client::FileId;
use noema_commitment::SEGMENT_SIZE;

/// The segments of a file that count as held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// How many.
    pub(super) have: u64,
    /// Their bytes.
    pub(super) bytes: u64,
}

impl Tally {
    /// Whether a record says the same.
    pub(super) fn agrees(&self, record: &FileRecord) -> bool {
        (record.have, record.bytes) == (self.have, self.bytes)
    }
}

/// Counts the bits of a file. Those beyond its end do not count.
pub(super) fn tally(
    held: &impl ReadableTable<&'static [u8; 36], &'static [u8]>,
    file: &FileRef,
) -> Work<Tally> {
    let segments = file.shape.segments();
    let (first, last) = (held_key(&file.file, 0), held_key(&file.file, u64::MAX));
    let mut tally = Tally::default();
    for entry in held.range::<&[u8; 36]>(&first..=&last)? {
        let (key, bits) = entry?;
        let start = chunk_of(key.value()) * CHUNK;
        let bits = bits.value();
        for index in (start..segments.min(start + CHUNK)).filter(|index| is_held(bits, *index)) {
            tally.have += 1;
            tally.bytes += file.shape.segment_len(index).unwrap_or(SEGMENT_SIZE) as u64;
        }
    }
    Ok(tally)
}

fn chunk_of(key: &[u8; 36]) -> u64 {
    key.last_chunk::<4>()
        .map_or(0, |chunk| u64::from(u32::from_be_bytes(*chunk)))
}

impl Index {
    /// Up to `limit` files after one (or from the first on) that are not being deleted, in the order of their ids.
    pub(in crate::store) fn files_after(
        &self,
        after: Option<&FileId>,
        limit: usize,
    ) -> Result<Vec<(FileId, FileRecord)>, StoreError> {
        let from = after.map_or(Bound::Unbounded, |file| Bound::Excluded(&file.0));
        self.files_from(from, limit)
    }

    /// The file with this id or the next one after it that is not being deleted.
    pub(in crate::store) fn file_at_or_after(
        &self,
        file: &FileId,
    ) -> Result<Option<(FileId, FileRecord)>, StoreError> {
        Ok(self.files_from(Bound::Included(&file.0), 1)?.pop())
    }

    fn files_from(
        &self,
        from: Bound<&[u8; 32]>,
        limit: usize,
    ) -> Result<Vec<(FileId, FileRecord)>, StoreError> {
        self.read(|transaction| {
            let table = transaction.open_table(FILES)?;
            let mut files = Vec::new();
            for entry in table.range::<&[u8; 32]>((from, Bound::Unbounded))? {
                if files.len() >= limit {
                    break;
                }
                let (key, value) = entry?;
                let record = decode_file(value.value());
                if !record.deleting {
                    files.push((FileId(*key.value()), record));
                }
            }
            Ok(files)
        })
    }

    /// Up to `limit` files after one (or from the first on) whose deletion has begun, in the order of their ids.
    pub(in crate::store) fn deleting_after(
        &self,
        after: Option<&FileId>,
        limit: usize,
    ) -> Result<Vec<FileId>, StoreError> {
        let from = after.map_or(Bound::Unbounded, |file| Bound::Excluded(&file.0));
        self.read(|transaction| {
            let table = transaction.open_table(FILES)?;
            let mut deleting = Vec::new();
            for entry in table.range::<&[u8; 32]>((from, Bound::Unbounded))? {
                let (key, value) = entry?;
                if decode_file(value.value()).deleting {
                    deleting.push(FileId(*key.value()));
                    if deleting.len() >= limit {
                        break;
                    }
                }
            }
            Ok(deleting)
        })
    }

    /// Whether anything is known of a file, be it on its way out.
    pub(in crate::store) fn knows(&self, file: &FileId) -> Result<bool, StoreError> {
        self.read(|transaction| Ok(transaction.open_table(FILES)?.get(&file.0)?.is_some()))
    }

    /// Up to `limit` indices at or after `from`, in order, of segments that have a record or count as held. After a damage to the index
    /// only one of both may be so.
    pub(in crate::store) fn kept(
        &self,
        file: &FileId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError> {
        self.read(|transaction| {
            let records = transaction.open_table(SEGMENTS)?;
            let (first, last) = (segment_key(file, from), segment_key(file, u64::MAX));
            let mut kept = Vec::new();
            for entry in records.range::<&[u8; 40]>(&first..=&last)?.take(limit) {
                let (key, _) = entry?;
                let index = key.value().last_chunk::<8>();
                kept.extend(index.map(|index| u64::from_be_bytes(*index)));
            }
            let held = transaction.open_table(HELD)?;
            let (first, last) = (held_key(file, from / CHUNK), held_key(file, u64::MAX));
            let mut counted = Vec::new();
            'chunks: for entry in held.range::<&[u8; 36]>(&first..=&last)? {
                let (key, bits) = entry?;
                let start = chunk_of(key.value()) * CHUNK;
                let bits = bits.value();
                for index in (start.max(from)..start + CHUNK).filter(|index| is_held(bits, *index))
                {
                    if counted.len() >= limit {
                        break 'chunks;
                    }
                    counted.push(index);
                }
            }
            kept.append(&mut counted);
            kept.sort_unstable();
            kept.dedup();
            // Each list is complete up to its end, so that the first `limit` of both are, too.
            kept.truncate(limit);
            Ok(kept)
        })
    }

    /// Whether a segment counts as held.
    pub(in crate::store) fn counts_as_held(
        &self,
        file: &FileId,
        index: u64,
    ) -> Result<bool, StoreError> {
        self.read(|transaction| {
            let bits = transaction
                .open_table(HELD)?
                .get(&held_key(file, index / CHUNK))?;
            Ok(bits.is_some_and(|bits| is_held(bits.value(), index)))
        })
    }
}
