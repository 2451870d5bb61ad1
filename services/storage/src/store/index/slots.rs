//! What is noted of the slots of this provider, by file and owner. The index does not know what the notes say: whoever wrote them does.

use std::ops::Bound;

use noema_chain_client::{AccountId, FileId};
use redb::{ReadableTableMetadata, TableDefinition};

use super::{decode_file, FileRecord, Index, StoreError, FILES};

/// File id ‖ owner → note.
pub(super) const SLOTS: TableDefinition<'_, &[u8; 64], &[u8]> = TableDefinition::new("slots");

/// A deal, by file and owner.
pub(crate) type DealKey = (FileId, AccountId);

/// A new note, or that there is none any more.
pub(crate) type SlotNote = (DealKey, Option<Vec<u8>>);

fn slot_key((file, owner): &DealKey) -> [u8; 64] {
    let mut key = [0; 64];
    key[..32].copy_from_slice(&file.0);
    key[32..].copy_from_slice(&owner.0);
    key
}

fn deal_key(key: &[u8; 64]) -> DealKey {
    let (mut file, mut owner) = ([0; 32], [0; 32]);
    file.copy_from_slice(&key[..32]);
    owner.copy_from_slice(&key[32..]);
    (FileId(file), AccountId(owner))
}

impl Index {
    /// The records of these files, in their order; `None` for what [`Index::file`] has none for.
    pub(in crate::store) fn files(
        &self,
        of: &[FileId],
    ) -> Result<Vec<Option<FileRecord>>, StoreError> {
        self.read(|transaction| {
            let table = transaction.open_table(FILES)?;
            let records = of.iter().map(|file| {
                let record = table.get(&file.0)?;
                let record = record.map(|bytes| decode_file(bytes.value()));
                Ok(record.filter(|record| !record.deleting))
            });
            records.collect()
        })
    }

    /// What is noted of these deals, in their order.
    pub(in crate::store) fn slot_notes(
        &self,
        of: &[DealKey],
    ) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.read(|transaction| {
            let table = transaction.open_table(SLOTS)?;
            let notes = of.iter().map(|key| {
                let note = table.get(&slot_key(key))?;
                Ok(note.map(|note| note.value().to_vec()))
            });
            notes.collect()
        })
    }

    /// Up to `limit` notes of deals for a file, in the order of their owners.
    pub(in crate::store) fn slot_notes_of(
        &self,
        file: &FileId,
        limit: usize,
    ) -> Result<Vec<(DealKey, Vec<u8>)>, StoreError> {
        let first = slot_key(&(*file, AccountId([0; 32])));
        let last = slot_key(&(*file, AccountId([u8::MAX; 32])));
        self.read(|transaction| {
            let table = transaction.open_table(SLOTS)?;
            let entries = table.range::<&[u8; 64]>(&first..=&last)?.take(limit);
            let notes = entries.map(|entry| {
                let (key, note) = entry?;
                Ok((deal_key(key.value()), note.value().to_vec()))
            });
            notes.collect()
        })
    }

    /// Whether anything is noted of a deal for each of these files, in their order.
    pub(in crate::store) fn have_slots(&self, files: &[FileId]) -> Result<Vec<bool>, StoreError> {
        self.read(|transaction| {
            let table = transaction.open_table(SLOTS)?;
            let noted = files.iter().map(|file| {
                let first = slot_key(&(*file, AccountId([0; 32])));
                let last = slot_key(&(*file, AccountId([u8::MAX; 32])));
                let entry = table.range::<&[u8; 64]>(&first..=&last)?.next();
                Ok(entry.transpose()?.is_some())
            });
            noted.collect()
        })
    }

    /// Up to `limit` deals after one (or from the first on) of which anything is noted, in order.
    pub(in crate::store) fn slots_after(
        &self,
        after: Option<&DealKey>,
        limit: usize,
    ) -> Result<Vec<DealKey>, StoreError> {
        let after = after.map(slot_key);
        let from = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        self.read(|transaction| {
            let table = transaction.open_table(SLOTS)?;
            let entries = table.range::<&[u8; 64]>((from, Bound::Unbounded))?;
            let keys = entries.take(limit).map(|entry| {
                let (key, _) = entry?;
                Ok(deal_key(key.value()))
            });
            keys.collect()
        })
    }

    /// Deals of which anything is noted.
    pub(in crate::store) fn slot_count(&self) -> Result<u64, StoreError> {
        self.read(|transaction| Ok(transaction.open_table(SLOTS)?.len()?))
    }

    /// Writes notes, all of them or none.
    pub(in crate::store) fn note_slots(&self, notes: &[SlotNote]) -> Result<(), StoreError> {
        self.write(|transaction, _| {
            let mut table = transaction.open_table(SLOTS)?;
            for (key, note) in notes {
                let key = slot_key(key);
                match note {
                    Some(note) => table.insert(&key, &note[..])?,
                    None => table.remove(&key)?,
                };
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{tests::IDENTITY, Index};
    use super::*;

    fn deal(file: u8, owner: u8) -> DealKey {
        (FileId([file; 32]), AccountId([owner; 32]))
    }

    #[test]
    fn notes_are_kept_by_deal_and_listed_in_bounded_pages() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("index.redb");
        let index = Index::open(&path, &IDENTITY, 1 << 20).unwrap();
        let notes: Vec<SlotNote> = [(1, 0), (1, 255), (2, 7), (255, 255)]
            .map(|(file, owner)| (deal(file, owner), Some(vec![file, owner])))
            .to_vec();
        index.note_slots(&notes).unwrap();
        assert_eq!(index.slot_count().unwrap(), 4);
        assert_eq!(
            index.slot_notes(&[deal(2, 7), deal(2, 8)]).unwrap(),
            [Some(vec![2, 7]), None]
        );
        let of = |file, limit| index.slot_notes_of(&FileId([file; 32]), limit).unwrap();
        assert_eq!(
            of(1, 9),
            [(deal(1, 0), vec![1, 0]), (deal(1, 255), vec![1, 255])]
        );
        assert_eq!(of(1, 1).len(), 1);
        let files = [1, 3, 255].map(|file| FileId([file; 32]));
        assert_eq!(index.have_slots(&files).unwrap(), [true, false, true]);
        assert!(of(3, 9).is_empty());
        let first = index.slots_after(None, 3).unwrap();
        assert_eq!(first, [deal(1, 0), deal(1, 255), deal(2, 7)]);
        assert_eq!(
            index.slots_after(first.last(), 3).unwrap(),
            [deal(255, 255)]
        );
        index.note_slots(&[(deal(1, 0), None)]).unwrap();
        drop(index);
        let index = Index::open(&path, &IDENTITY, 1 << 20).unwrap();
        assert_eq!(index.slot_count().unwrap(), 3, "notes outlive a restart");
    }
}
