//! The files that this provider has slots for, as the finalised state says. Requests are answered
//! from here, so that no request asks the chain.

use std::{
    collections::HashMap,
    sync::{
        atomic::{AtomicBool, Ordering},
        PoisonError, RwLock,
    },
    time::{Duration, Instant},
};

use noema_chain_client::{AccountId, Deal, FileId, SlotState};

use crate::client::FileRef;

/// One slot of this provider with its deal.
#[derive(Clone, Debug)]
pub(crate) struct Tracked {
    pub(crate) file: FileRef,
    pub(crate) owner: AccountId,
    pub(crate) slot: u8,
    /// What the slot is to this provider.
    pub(crate) state: SlotState,
    /// Distinguishes this state from every other.
    pub(crate) token: u64,
    pub(crate) deal: Deal,
}

/// A file with everything that this provider has to do with it.
#[derive(Clone, Debug)]
struct Entry {
    file: FileRef,
    owners: Vec<AccountId>,
    /// Other providers of the same deals, those that hold the file first.
    peers: Vec<AccountId>,
    last_upload: Option<Instant>,
}

/// The directory.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    /// Whether a finalised state was read since the start. Before that, a file that is not here may well be this
    /// provider's.
    known: AtomicBool,
    entries: RwLock<HashMap<FileId, Entry>>,
}

impl Directory {
    /// Replaces everything by what a finalised state says. Notes of uploads stay.
    pub(crate) fn replace(&self, provider: &AccountId, tracked: &[Tracked]) {
        let mut next: HashMap<FileId, Entry> = HashMap::new();
        for item in tracked {
            let entry = next.entry(item.file.file).or_insert_with(|| Entry {
                file: item.file,
                owners: Vec::new(),
                peers: Vec::new(),
                last_upload: None,
            });
            entry.owners.push(item.owner);
            for (_, peer, _) in item.deal.providers() {
                if peer != *provider && !entry.peers.contains(&peer) {
                    entry.peers.push(peer);
                }
            }
        }
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        for (file, entry) in &mut next {
            entry.last_upload = entries.get(file).and_then(|known| known.last_upload);
        }
        *entries = next;
        self.known.store(true, Ordering::Release);
    }

    /// Whether the directory says what a finalised state says; not so right after the start.
    pub(crate) fn is_known(&self) -> bool {
        self.known.load(Ordering::Acquire)
    }

    fn read<T>(&self, file: &FileId, read: impl FnOnce(&Entry) -> T) -> Option<T> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.get(file).map(read)
    }

    /// The file, if this provider has a slot for it.
    pub(crate) fn file(&self, file: &FileId) -> Option<FileRef> {
        self.read(file, |entry| entry.file)
    }

    /// Whether `owner` has a deal for the file in which this provider has a slot.
    pub(crate) fn is_owner(&self, file: &FileId, owner: &AccountId) -> bool {
        self.read(file, |entry| entry.owners.contains(owner))
            .unwrap_or(false)
    }

    /// Other providers of the file.
    pub(crate) fn peers(&self, file: &FileId) -> Vec<AccountId> {
        self.read(file, |entry| entry.peers.clone())
            .unwrap_or_default()
    }

    /// Notes that the owner is uploading.
    pub(crate) fn note_upload(&self, file: &FileId) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get_mut(file) {
            entry.last_upload = Some(Instant::now());
        }
    }

    /// Whether the owner uploaded something within the last `window`.
    pub(crate) fn is_uploading(&self, file: &FileId, window: Duration) -> bool {
        self.read(file, |entry| {
            entry.last_upload.is_some_and(|at| at.elapsed() < window)
        })
        .unwrap_or(false)
    }
}
