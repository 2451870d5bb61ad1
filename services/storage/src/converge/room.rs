//! Room on the disk for files that are not complete.

use std::collections::HashSet;

use super::{
    pass::{Incomplete, Pass},
    Converger,
};
use crate::{
    chain_view::ChainView,
    store::{StoreError, Wanted},
};

impl<C: ChainView> Converger<C> {
    /// Keeps room on the disk for the files that are not complete, those first that are furthest. What does not fit waits, and is neither
    /// fetched nor taken, until there is room.
    pub(super) fn keep_room(&mut self, pass: &Pass) -> Result<(), StoreError> {
        let mut incomplete: Vec<Incomplete> = pass.incomplete.values().copied().collect();
        incomplete.sort_unstable_by_key(|item| {
            let Wanted { file, held, .. } = item.wanted;
            (item.rank, u64::MAX - held, file)
        });
        let wanted: Vec<Wanted> = incomplete.into_iter().map(|item| item.wanted).collect();
        let mut without_room = HashSet::new();
        self.shared.store.admit_only(&wanted, |file, error| {
            if !self.without_room.contains(&file) {
                tracing::error!(%error, %file, "a file of a current deal has no room");
            }
            without_room.insert(file);
        })?;
        let count = i64::try_from(without_room.len()).unwrap_or(i64::MAX);
        self.shared.metrics.files_without_room.set(count);
        self.without_room = without_room;
        Ok(())
    }

    /// Fetches what has room and is missing from peers.
    pub(super) fn fetch(&mut self, pass: &Pass) -> Result<(), StoreError> {
        let taken = pass.incomplete.values().filter(|item| item.taken);
        let mut wanted: Vec<_> = taken.map(|item| item.wanted.file).collect();
        let count = i64::try_from(wanted.len()).unwrap_or(i64::MAX);
        self.shared.metrics.incomplete_files.set(count);
        wanted.retain(|file| !self.without_room.contains(file));
        wanted.sort_unstable();
        for id in self.pulls.keep_to(&wanted) {
            let held = pass.incomplete.get(&id).is_some_and(|item| item.rank == 0);
            if let Some(file) = self.shared.directory.file(&id)? {
                self.pulls.begin(&self.shared, file, held);
            }
        }
        Ok(())
    }

    /// Whether the disk has room enough to promise that a file is held. The index needs some for as long as it is.
    pub(super) fn may_promise(&mut self) -> Result<bool, StoreError> {
        match self.shared.store.check_room() {
            Ok(()) => {
                self.told_full = false;
                Ok(true)
            }
            Err(error) if error.is_disk_full() => {
                if !self.told_full {
                    tracing::error!(%error, "`ready` is not said while the disk is full");
                }
                self.told_full = true;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}
