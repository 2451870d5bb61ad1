//! The files that this provider has slots for, as the finalised state says. Requests are answered
//! from here, so that no request asks the chain.
//!
//! What is known of the slots stands in the store's index: it takes no memory, however many there are. It outlives a restart, but is believed only after
//! the finalised state was read once.

use std::{
    collections::HashMap,
    sync::{
        atomic::{AtomicBool, Ordering},
        Mutex, MutexGuard, PoisonError,
    },
    time::{Duration, Instant},
};

use noema_chain_client::{AccountId, FileId};

use crate::{
    client::FileRef,
    store::{DealKey, Store, StoreError},
    tracked,
};

pub(crate) use tracked::Tracked;

/// Deals for one file that are looked at for its other providers.
const DEALS: usize = 32;
/// How long it is remembered that a file was uploaded to.
const REMEMBERED: Duration = Duration::from_secs(10);
/// Uploads that are remembered before those that are too old are let go.
const UPLOADS: usize = 1024;

/// The directory.
#[derive(Debug)]
pub(crate) struct Directory {
    provider: AccountId,
    store: Store,
    /// Whether a finalised state was read since the start. Before that, a file that is not here may well be this
    /// provider's.
    known: AtomicBool,
    /// When a segment last came from an owner.
    uploads: Mutex<HashMap<FileId, Instant>>,
}

impl Directory {
    /// The directory of a provider's slots in its store.
    pub(crate) fn new(provider: AccountId, store: Store) -> Self {
        Self {
            provider,
            store,
            known: AtomicBool::default(),
            uploads: Mutex::default(),
        }
    }

    /// What was noted of these deals, in their order, be it by an earlier run. What cannot be read counts as nothing.
    pub(crate) fn noted(&self, of: &[DealKey]) -> Result<Vec<Option<Tracked>>, StoreError> {
        let notes = self.store.slot_notes(of)?;
        let both = of.iter().zip(notes);
        let noted = both.map(|(key, note)| tracked::decode(key, &note?, &self.provider));
        Ok(noted.collect())
    }

    /// Notes what a finalised state says of slots: what each is now, or that there is none any more.
    pub(crate) async fn note(
        &self,
        changes: Vec<(DealKey, Option<Tracked>)>,
    ) -> Result<(), StoreError> {
        let notes = changes
            .into_iter()
            .map(|(key, slot)| (key, slot.as_ref().map(tracked::encode)));
        self.store.note_slots(notes.collect()).await
    }

    /// Slots noted.
    pub(crate) fn count(&self) -> Result<u64, StoreError> {
        self.store.slot_count()
    }

    /// Up to `limit` deals after one (or from the first on) of which slots are noted, in order.
    pub(crate) fn deals_after(
        &self,
        after: Option<&DealKey>,
        limit: usize,
    ) -> Result<Vec<DealKey>, StoreError> {
        self.store.slots_after(after, limit)
    }

    /// From now on what is noted is what a finalised state says.
    pub(crate) fn set_known(&self) {
        self.known.store(true, Ordering::Release);
    }

    /// Whether the directory says what a finalised state says; not so right after the start.
    pub(crate) fn is_known(&self) -> bool {
        self.known.load(Ordering::Acquire)
    }

    /// Slots in deals for a file: `limit` at most.
    fn slots(&self, file: &FileId, limit: usize) -> Result<Vec<Tracked>, StoreError> {
        if !self.is_known() {
            return Ok(Vec::new());
        }
        let notes = self.store.slot_notes_of(file, limit)?;
        let slots = notes
            .iter()
            .filter_map(|(key, note)| tracked::decode(key, note, &self.provider));
        Ok(slots.collect())
    }

    /// The file, if this provider has a slot for it.
    pub(crate) fn file(&self, file: &FileId) -> Result<Option<FileRef>, StoreError> {
        let slot = self.slots(file, DEALS)?.into_iter().next();
        Ok(slot.map(|slot| slot.file))
    }

    /// Whether this provider has a slot for each of these files, in their order.
    pub(crate) fn has(&self, files: &[FileId]) -> Result<Vec<bool>, StoreError> {
        match self.is_known() {
            true => self.store.have_slots(files),
            false => Ok(vec![false; files.len()]),
        }
    }

    /// Whether `owner` has a deal for the file in which this provider has a slot.
    pub(crate) fn is_owner(&self, file: &FileId, owner: &AccountId) -> Result<bool, StoreError> {
        if !self.is_known() {
            return Ok(false);
        }
        let noted = self.noted(&[(*file, *owner)])?;
        Ok(noted.iter().any(Option::is_some))
    }

    /// Other providers of the file, deal by deal, those that hold it first.
    pub(crate) fn peers(&self, file: &FileId) -> Result<Vec<AccountId>, StoreError> {
        let mut peers = Vec::new();
        for slot in self.slots(file, DEALS)? {
            for peer in slot.peers {
                if !peers.contains(&peer) {
                    peers.push(peer);
                }
            }
        }
        Ok(peers)
    }

    fn uploads(&self) -> MutexGuard<'_, HashMap<FileId, Instant>> {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the owner is uploading.
    pub(crate) fn note_upload(&self, file: &FileId) {
        let mut uploads = self.uploads();
        if uploads.len() >= UPLOADS {
            uploads.retain(|_, at| at.elapsed() < REMEMBERED);
        }
        uploads.insert(*file, Instant::now());
    }

    /// Whether the owner uploaded something within the last `window`, which is less than [`REMEMBERED`].
    pub(crate) fn is_uploading(&self, file: &FileId, window: Duration) -> bool {
        let uploads = self.uploads();
        uploads.get(file).is_some_and(|at| at.elapsed() < window)
    }
}

#[cfg(any(test, fuzzing))]
impl Directory {
    /// Replaces everything by these slots.
    pub(crate) async fn replace(&self, slots: &[Tracked]) {
        let gone = self.deals_after(None, usize::MAX).expect("it can be read");
        let gone = gone.into_iter().map(|key| (key, None));
        let new = slots.iter().map(|slot| (slot.deal(), Some(slot.clone())));
        self.note(gone.chain(new).collect())
            .await
            .expect("it can be written");
        self.set_known();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{open_store, tracked, Sample};

    const ME: AccountId = AccountId([3; 32]);

    #[tokio::test]
    async fn what_an_earlier_run_noted_is_not_believed_before_the_chain_was_read() {
        let dir = tempfile::tempdir().unwrap();
        let sample = Sample::new(100, 0);
        let slot = tracked(&sample, ME, &[AccountId([4; 32])]);
        let directory = Directory::new(ME, open_store(dir.path(), ME));
        directory.replace(std::slice::from_ref(&slot)).await;
        drop(directory);
        let directory = Directory::new(ME, open_store(dir.path(), ME));
        let (file, owner) = slot.deal();
        assert_eq!(directory.file(&file).unwrap(), None);
        assert!(!directory.is_owner(&file, &owner).unwrap());
        assert!(directory.peers(&file).unwrap().is_empty());
        assert_eq!(directory.noted(&[slot.deal()]).unwrap(), [Some(slot)]);
        directory.set_known();
        assert_eq!(directory.file(&file).unwrap(), Some(sample.file));
        assert!(directory.is_owner(&file, &owner).unwrap());
        assert!(!directory.is_owner(&file, &ME).unwrap());
        assert_eq!(directory.peers(&file).unwrap(), [AccountId([4; 32])]);
    }

    #[tokio::test]
    async fn a_note_that_cannot_be_read_counts_as_none_and_hides_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let (store, sample) = (open_store(dir.path(), ME), Sample::new(100, 0));
        let directory = Directory::new(ME, store.clone());
        let slot = tracked(&sample, ME, &[]);
        directory.replace(std::slice::from_ref(&slot)).await;
        let broken = (sample.file.file, AccountId([0; 32]));
        store
            .note_slots(vec![(broken, Some(vec![1, 2, 3]))])
            .await
            .unwrap();
        assert_eq!(directory.noted(&[broken]).unwrap(), [None]);
        assert_eq!(
            directory.file(&sample.file.file).unwrap(),
            Some(sample.file)
        );
        assert!(!directory.is_owner(&broken.0, &broken.1).unwrap());
    }

    #[tokio::test]
    async fn uploads_are_remembered_for_a_while_and_not_without_limit() {
        let dir = tempfile::tempdir().unwrap();
        let directory = Directory::new(ME, open_store(dir.path(), ME));
        let file = FileId([1; 32]);
        assert!(!directory.is_uploading(&file, REMEMBERED));
        directory.note_upload(&file);
        assert!(directory.is_uploading(&file, REMEMBERED));
        assert!(!directory.is_uploading(&file, Duration::ZERO));
        let Some(long_ago) = Instant::now().checked_sub(REMEMBERED) else {
            return;
        };
        let old = (0..UPLOADS).map(|n| {
            let mut id = [0; 32];
            id[..8].copy_from_slice(&n.to_be_bytes());
            (FileId(id), long_ago)
        });
        directory.uploads().extend(old);
        directory.note_upload(&FileId([2; 32]));
        assert_eq!(directory.uploads().len(), 2);
    }
}
