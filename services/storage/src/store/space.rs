//! Room on the disk: what stays free, and what is promised to files that are not complete.
//!
//! A file is admitted once, when all of it fits beside the reserve and beside what is still to come for those admitted before. From then
//! on its segments are taken down to half of the reserve; the other half is for the index, for files that others write to the disk, and
//! for deletions, which need room as well.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use noema_chain_client::FileId;
use noema_commitment::SECTOR_SIZE;

use super::{layout::Layout, Store, StoreError};
use crate::{client::FileRef, units::Reserve};

/// What the index needs beside the data, in bytes for each hundred: siblings of 32 bytes a level, and room to write pages anew.
const INDEX_PERCENT: u64 = 1;

/// Files for which room is kept.
#[derive(Debug, Default)]
pub(super) struct Admissions(Mutex<HashMap<FileId, FileRef>>);

/// What a disk holds and can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Room {
    /// Free bytes on the disk.
    pub free: u64,
    /// Bytes of them that stay free.
    pub reserve: u64,
    /// Bytes that are to come for files that are not complete.
    pub promised: u64,
    /// Bytes of files that the disk can hold in all, those held included.
    pub holdable: u64,
}

impl Room {
    pub(super) fn new(free: u64, reserve: u64, promised: u64, held: u64) -> Self {
        let more = free.saturating_sub(reserve);
        Self {
            free,
            reserve,
            promised,
            holdable: held.saturating_add(more.saturating_sub(more.div_ceil(100) * INDEX_PERCENT)),
        }
    }
}

/// With what the index needs for so many bytes of data.
pub(super) fn with_index(bytes: u64) -> u64 {
    bytes.saturating_add(bytes.div_ceil(100).saturating_mul(INDEX_PERCENT))
}

/// Fails when half of the reserve is gone.
pub(super) fn check_room(layout: &Layout, reserve: Reserve) -> Result<(), StoreError> {
    let disk = layout.disk()?;
    let least = reserve.of(disk.total) / 2;
    if disk.free < least {
        return Err(StoreError::DiskFull {
            free: disk.free,
            reserve: least,
        });
    }
    Ok(())
}

/// Bytes of the disk that a file of which `held` bytes are held will still take.
pub(super) fn outstanding(layout: &Layout, file: &FileRef, held: u64) -> u64 {
    let data = file.shape.sectors().saturating_mul(SECTOR_SIZE as u64);
    if held >= data {
        return 0;
    }
    // A damaged segment keeps its place; where the system compresses, what is held takes less than it has.
    let taken = layout.taken_bytes(&file.file).max(held);
    match data.saturating_sub(taken) {
        0 => 0,
        rest => with_index(rest),
    }
}

impl Store {
    /// Keeps room for a file, if that is not done yet. Fails when not all of it fits, or half of the reserve is gone.
    pub fn admit(&self, file: &FileRef) -> Result<(), StoreError> {
        self.check_room()?;
        let mut admitted = self.admitted();
        if admitted.contains_key(&file.file) {
            return Ok(());
        }
        let needed = self.outstanding(file)?;
        if needed > 0 {
            let promised = self.promised_to(&admitted)?;
            let disk = self.inner.layout.disk()?;
            let reserve = self.inner.options.reserve.of(disk.total);
            if disk.free < reserve.saturating_add(promised).saturating_add(needed) {
                return Err(StoreError::NoRoom {
                    file: file.file,
                    needed,
                    free: disk.free,
                    reserve,
                    promised,
                });
            }
        }
        admitted.insert(file.file, *file);
        Ok(())
    }

    /// Keeps room for these files only, from now on.
    pub(crate) fn keep_admitted(&self, files: &HashSet<FileId>) {
        self.admitted().retain(|file, _| files.contains(file));
    }

    /// What the disk holds and can hold.
    pub fn room(&self) -> Result<Room, StoreError> {
        let promised = self.promised_to(&self.admitted())?;
        let disk = self.inner.layout.disk()?;
        let (_, held) = self.inner.index.totals()?;
        let reserve = self.inner.options.reserve.of(disk.total);
        Ok(Room::new(disk.free, reserve, promised, held))
    }

    fn admitted(&self) -> std::sync::MutexGuard<'_, HashMap<FileId, FileRef>> {
        let Admissions(admitted) = &self.inner.admissions;
        admitted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn promised_to(&self, files: &HashMap<FileId, FileRef>) -> Result<u64, StoreError> {
        files.values().try_fold(0u64, |promised, file| {
            Ok(promised.saturating_add(self.outstanding(file)?))
        })
    }

    fn outstanding(&self, file: &FileRef) -> Result<u64, StoreError> {
        let held = self.file(&file.file)?.map_or(0, |record| record.bytes);
        Ok(outstanding(&self.inner.layout, file, held))
    }
}

#[cfg(test)]
mod tests {
    use noema_chain_client::AccountId;
    use noema_commitment::SEGMENT_SIZE;

    use super::*;
    use crate::{
        store::{StoreIdentity, StoreOptions},
        testing::{data_path, fill, Sample, GENESIS},
    };

    const MIB: u64 = 1 << 20;

    /// A store on a disk of which all but about `room` bytes are reserved.
    fn store_with(dir: &std::path::Path, room: u64) -> Store {
        let free = Layout::create(dir).unwrap().disk().unwrap().free;
        let identity = StoreIdentity {
            genesis: GENESIS,
            provider: AccountId([3; 32]),
        };
        let options = StoreOptions {
            index_cache: 1 << 20,
            reserve: Reserve::Bytes(free.saturating_sub(room)),
        };
        Store::open(dir, identity, options).unwrap()
    }

    #[test]
    fn what_the_index_needs_is_counted() {
        assert_eq!(with_index(0), 0);
        assert_eq!(with_index(1), 2);
        assert_eq!(with_index(1000), 1010);
        assert_eq!(with_index(u64::MAX), u64::MAX);
        let room = Room::new(1000, 400, 7, 5000);
        assert_eq!(room.holdable, 5000 + 594);
        assert_eq!(Room::new(10, 400, 0, 5000).holdable, 5000);
    }

    #[tokio::test]
    async fn files_are_admitted_while_all_of_them_fits_beside_those_before() {
        // The disk is shared with whatever else runs: only sizes far above that say anything.
        let dir = tempfile::tempdir().unwrap();
        let store = store_with(dir.path(), 512 * MIB);
        let file = |seed: u8, mib: u64| FileRef::new([seed; 32], mib * MIB).unwrap();
        store.admit(&file(1, 300)).unwrap();
        store.admit(&file(1, 300)).unwrap();
        let promised = store.room().unwrap().promised;
        assert!((300 * MIB..304 * MIB).contains(&promised), "{promised}");
        let error = store.admit(&file(2, 400)).unwrap_err();
        assert!(error.is_disk_full(), "{error}");
        let StoreError::NoRoom {
            needed, promised, ..
        } = error
        else {
            panic!("{error}")
        };
        assert!(needed >= 400 * MIB && promised >= 300 * MIB);
        // What is not promised any more makes room for others.
        store.keep_admitted(&HashSet::new());
        store.admit(&file(2, 400)).unwrap();
        assert!(store.admit(&file(1, 300)).is_err());
    }

    #[tokio::test]
    async fn what_is_held_needs_no_room_and_a_damaged_segment_has_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let store = store_with(dir.path(), 0);
        let sample = Sample::new(4 * SEGMENT_SIZE, 0);
        assert!(
            store.admit(&sample.file).is_err(),
            "the reserve begins here"
        );
        fill(&store, &sample).await;
        store.admit(&sample.file).unwrap();
        assert_eq!(store.room().unwrap().promised, 0);
        let path = data_path(dir.path(), &sample);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[5] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        std::fs::File::open(&path).unwrap().sync_all().unwrap();
        assert!(store.read(&sample.file, 0).await.is_err());
        assert_eq!(store.room().unwrap().promised, 0);
        store.keep_admitted(&HashSet::new());
        store.admit(&sample.file).unwrap();
    }
}
