//! Room on the disk: what stays free, and what is promised to files that are not complete.
//!
//! A file is admitted once, when all of it fits beside the reserve and beside what is still to come for those admitted before. From then
//! on its segments are taken down to half of the reserve; the other half is for the index, for files that others write to the disk, and
//! for deletions, which need room as well.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use noema_chain_client::FileId;
use noema_commitment::SECTOR_SIZE;

use super::{layout::Layout, Store, StoreError};
use crate::{client::FileRef, units::Reserve};

/// What the index needs beside the data, in bytes for each hundred: siblings of 32 bytes a level, and room to write pages anew.
const INDEX_PERCENT: u64 = 1;

/// Files for which room is kept, with the bytes of all of their sectors: 40 bytes for each file that is not complete.
#[derive(Debug, Default)]
pub(super) struct Admissions(Mutex<HashMap<FileId, u64>>);

/// A file that wants room.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) file: FileId,
    /// Bytes of all of its sectors.
    pub(crate) data: u64,
    /// Bytes of it that are held.
    pub(crate) held: u64,
}

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

/// Bytes of all sectors of a file.
pub(crate) fn sector_bytes(file: &FileRef) -> u64 {
    file.shape.sectors().saturating_mul(SECTOR_SIZE as u64)
}

/// Bytes of the disk that a file of which `held` bytes are held will still take.
pub(super) fn outstanding(layout: &Layout, wanted: Wanted) -> u64 {
    let Wanted { file, data, held } = wanted;
    if held >= data {
        return 0;
    }
    // A damaged segment keeps its place; where the system compresses, what is held takes less than it has.
    let taken = layout.taken_bytes(&file).max(held);
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
        let data = sector_bytes(file);
        let held = self.file(&file.file)?.map_or(0, |record| record.bytes);
        let wanted = Wanted {
            file: file.file,
            data,
            held,
        };
        let needed = outstanding(&self.inner.layout, wanted);
        if needed > 0 {
            let promised = self.promised_to(&admitted)?;
            self.check_fits(file.file, needed, promised)?;
        }
        admitted.insert(file.file, data);
        Ok(())
    }

    /// Keeps room for these files and no others from now on: for those that have it already, then for the others in their order, as long as
    /// they fit. Tells `refused` which do not. What is promised already is counted once and not for each of them.
    pub(crate) fn admit_only(
        &self,
        wanted: &[Wanted],
        mut refused: impl FnMut(FileId, &StoreError),
    ) -> Result<(), StoreError> {
        let files: HashSet<FileId> = wanted.iter().map(|wanted| wanted.file).collect();
        let mut admitted = self.admitted();
        admitted.retain(|file, _| files.contains(file));
        drop(files);
        admitted.shrink_to(wanted.len());
        match self.check_room() {
            Ok(()) => {}
            Err(error) if error.is_disk_full() => {
                wanted.iter().for_each(|w| refused(w.file, &error));
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        let has_room = |wanted: &&Wanted| admitted.contains_key(&wanted.file);
        let layout = &self.inner.layout;
        let before = wanted.iter().filter(has_room);
        let mut promised = before.fold(0u64, |sum, w| sum.saturating_add(outstanding(layout, *w)));
        for wanted in wanted {
            if admitted.contains_key(&wanted.file) {
                continue;
            }
            let needed = outstanding(layout, *wanted);
            if needed > 0 {
                match self.check_fits(wanted.file, needed, promised) {
                    Ok(()) => promised = promised.saturating_add(needed),
                    Err(error) if error.is_disk_full() => {
                        refused(wanted.file, &error);
                        continue;
                    }
                    Err(error) => return Err(error),
                }
            }
            admitted.insert(wanted.file, wanted.data);
        }
        Ok(())
    }

    /// Fails when so many bytes do not fit beside the reserve and what is promised.
    fn check_fits(&self, file: FileId, needed: u64, promised: u64) -> Result<(), StoreError> {
        let disk = self.inner.layout.disk()?;
        let reserve = self.inner.options.reserve.of(disk.total);
        if disk.free < reserve.saturating_add(promised).saturating_add(needed) {
            return Err(StoreError::NoRoom {
                file,
                needed,
                free: disk.free,
                reserve,
                promised,
            });
        }
        Ok(())
    }

    /// What the disk holds and can hold.
    pub fn room(&self) -> Result<Room, StoreError> {
        let promised = self.promised_to(&self.admitted())?;
        let disk = self.inner.layout.disk()?;
        let (_, held) = self.inner.index.totals()?;
        let reserve = self.inner.options.reserve.of(disk.total);
        Ok(Room::new(disk.free, reserve, promised, held))
    }

    fn admitted(&self) -> MutexGuard<'_, HashMap<FileId, u64>> {
        let Admissions(admitted) = &self.inner.admissions;
        admitted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn promised_to(&self, files: &HashMap<FileId, u64>) -> Result<u64, StoreError> {
        files.iter().try_fold(0u64, |promised, (file, data)| {
            let held = self.file(file)?.map_or(0, |record| record.bytes);
            let wanted = Wanted {
                file: *file,
                data: *data,
                held,
            };
            Ok(promised.saturating_add(outstanding(&self.inner.layout, wanted)))
        })
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
        store.admit_only(&[], |_, _| {}).unwrap();
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
        store.admit_only(&[], |_, _| {}).unwrap();
        store.admit(&sample.file).unwrap();
    }
}
