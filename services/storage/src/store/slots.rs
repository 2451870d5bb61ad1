//! Notes of the slots that this provider has, kept in the index so that they take no memory, however many there are.

use noema_chain_client::FileId;

use super::{writer, DealKey, FileRecord, SlotNote, Store, StoreError};

impl Store {
    /// What is known of these files, in their order; `None` as in [`Store::file`].
    pub(crate) fn files(&self, of: &[FileId]) -> Result<Vec<Option<FileRecord>>, StoreError> {
        self.inner.index.files(of)
    }

    /// What is noted of these deals, in their order.
    pub(crate) fn slot_notes(&self, of: &[DealKey]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.inner.index.slot_notes(of)
    }

    /// Up to `limit` notes of deals for a file, in the order of their owners.
    pub(crate) fn slot_notes_of(
        &self,
        file: &FileId,
        limit: usize,
    ) -> Result<Vec<(DealKey, Vec<u8>)>, StoreError> {
        self.inner.index.slot_notes_of(file, limit)
    }

    /// Whether anything is noted of a deal for each of these files, in their order.
    pub(crate) fn have_slots(&self, files: &[FileId]) -> Result<Vec<bool>, StoreError> {
        self.inner.index.have_slots(files)
    }

    /// Up to `limit` deals after one (or from the first on) of which anything is noted, in order.
    pub(crate) fn slots_after(
        &self,
        after: Option<&DealKey>,
        limit: usize,
    ) -> Result<Vec<DealKey>, StoreError> {
        self.inner.index.slots_after(after, limit)
    }

    /// Deals of which anything is noted.
    pub(crate) fn slot_count(&self) -> Result<u64, StoreError> {
        self.inner.index.slot_count()
    }

    /// Writes notes durably, all of them or none.
    pub(crate) async fn note_slots(&self, notes: Vec<SlotNote>) -> Result<(), StoreError> {
        if notes.is_empty() {
            return Ok(());
        }
        self.operate(|answer| writer::Operation::NoteSlots { notes, answer })
            .await
    }
}
