//! What the writer changes in the index: each a durable transaction.

use std::sync::atomic::Ordering;

use codec::Encode;
use noema_chain_client::FileId;
use redb::ReadableTable;

use super::{
    bits::{copy_bits, place},
    decode_file, held_key, segment_key, walk, FileRecord, Index, NewSegment, StoreError, CHUNK,
    CHUNK_BYTES, DAMAGED, FILES, HELD, SEGMENTS,
};
use crate::client::FileRef;

impl Index {
    /// Makes files known and takes the orphan's mark off. A record that says something else of a file is damaged and written anew; so
    /// is one that was lost. Says for each whether it is known now: one that is being deleted is not.
    pub(in crate::store) fn add_files(&self, files: &[&FileRef]) -> Result<Vec<bool>, StoreError> {
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
    pub(in crate::store) fn record(
        &self,
        segments: &[&NewSegment],
    ) -> Result<Vec<bool>, StoreError> {
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
    pub(in crate::store) fn forget(
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
    pub(in crate::store) fn figures_agree(&self, file: &FileRef) -> Result<bool, StoreError> {
        self.read(|transaction| {
            let record = transaction.open_table(FILES)?.get(&file.file.0)?;
            let record = record.map(|bytes| decode_file(bytes.value()));
            let tally = walk::tally(&transaction.open_table(HELD)?, file)?;
            Ok(record.is_none_or(|record| record.deleting || tally.agrees(&record)))
        })
    }

    /// Makes the figures of a file's record agree with the segments that count as held. Says whether they did not.
    pub(in crate::store) fn reconcile(&self, file: &FileRef) -> Result<bool, StoreError> {
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
    pub(in crate::store) fn mark_orphan(&self, file: &FileId, at: u64) -> Result<(), StoreError> {
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
    pub(in crate::store) fn begin_delete(&self, file: &FileId) -> Result<bool, StoreError> {
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
    pub(in crate::store) fn delete_records(
        &self,
        file: &FileId,
        limit: usize,
    ) -> Result<bool, StoreError> {
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
    pub(in crate::store) fn finish_delete(&self, file: &FileId) -> Result<(), StoreError> {
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
