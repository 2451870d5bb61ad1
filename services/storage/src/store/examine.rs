//! Looking at a data directory without serving it: does the index agree with itself and with the data files?
//!
//! Nothing is changed, but for what opening does after a crash: the index is repaired as at a start of the daemon.

use std::{fs, path::Path};

use noema_chain_client::FileId;
use noema_commitment::SEGMENT_SIZE;

use super::{
    index::{Index, SegmentEntry},
    layout::{DataDirLock, Layout},
    reader::{self, Access},
    space::{outstanding, sector_bytes, Room, Wanted},
    StoreError, StoreIdentity,
};
use crate::{client::FileRef, units::Reserve};

/// Problems that are told one by one; the others are counted.
const TOLD: usize = 10;
/// Files and segments looked up at once.
const PAGE: usize = 256;
/// Memory for pages of the index.
const CACHE: usize = 16 << 20;

/// How closely to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// At the index and at the lengths of the data files.
    Index,
    /// At every byte.
    Bytes,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Examination {
    /// Whose directory it is.
    pub(crate) owner: Option<StoreIdentity>,
    /// Files known, and segments and bytes that count as held.
    pub(crate) files: u64,
    pub(crate) segments: u64,
    pub(crate) bytes: u64,
    /// Bytes that files which are not complete will still take.
    pub(crate) outstanding: u64,
    /// Damaged segments that the daemon has found and waits to fetch again.
    pub(crate) waiting: u64,
    /// What does not agree: how often, and the first cases in words.
    pub(crate) problems: u64,
    pub(crate) told: Vec<String>,
    /// Data files that the index does not know, and what they take.
    pub(crate) unknown: u64,
    pub(crate) unknown_bytes: u64,
}

impl Examination {
    fn problem(&mut self, what: String) {
        self.problems = self.problems.saturating_add(1);
        if self.told.len() < TOLD {
            self.told.push(what);
        }
    }
}

/// Looks at the directory. Fails when a daemon has it, when there is none, or when its index cannot be opened.
pub(crate) fn examine(data_dir: &Path, depth: Depth) -> Result<Examination, StoreError> {
    let layout = Layout::of(data_dir);
    if !layout.index().is_file() {
        return Err(StoreError::NoIndex(data_dir.to_owned()));
    }
    let _lock = DataDirLock::acquire(&layout)?;
    let (index, owner) = Index::open_to_look(&layout.index(), CACHE)?;
    let mut found = Examination {
        owner,
        waiting: index.damaged()?,
        ..Examination::default()
    };
    let mut after = None;
    loop {
        let page = index.files_after(after.as_ref(), PAGE)?;
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        for (id, record) in page {
            found.files += 1;
            match record.file_ref().filter(|file| file.file == id) {
                Some(file) => one_file(&layout, &index, &file, depth, &mut found)?,
                None => found.problem(format!("the record of file {id} is damaged")),
            }
        }
    }
    strangers(&layout, &index, &mut found)?;
    Ok(found)
}

fn one_file(
    layout: &Layout,
    index: &Index,
    file: &FileRef,
    depth: Depth,
    found: &mut Examination,
) -> Result<(), StoreError> {
    let id = file.file;
    let there = fs::metadata(layout.data(&id)).map_or(0, |data| data.len());
    let mut held = 0u64;
    let mut from = 0;
    loop {
        let page = index.kept(&id, from, PAGE)?;
        let Some(last) = page.last() else { break };
        from = last.saturating_add(1);
        for segment in page {
            let Some(len) = file.shape.segment_len(segment) else {
                found.problem(format!(
                    "file {id} has no segment {segment}, which the index records"
                ));
                continue;
            };
            found.segments += 1;
            held = held.saturating_add(len as u64);
            if let Some(problem) = one_segment(layout, index, file, segment, depth, there)? {
                found.problem(problem);
            } else if !index.counts_as_held(&id, segment)? {
                found.problem(format!(
                    "segment {segment} of file {id} is held and does not count as held"
                ));
            }
        }
    }
    found.bytes = found.bytes.saturating_add(held);
    let wanted = Wanted {
        file: id,
        data: sector_bytes(file),
        held,
    };
    let rest = outstanding(layout, wanted);
    found.outstanding = found.outstanding.saturating_add(rest);
    if !index.figures_agree(file)? {
        found.problem(format!(
            "the record of file {id} counts other segments than are held"
        ));
    }
    Ok(())
}

/// What is wrong with a segment, if anything is.
fn one_segment(
    layout: &Layout,
    index: &Index,
    file: &FileRef,
    segment: u64,
    depth: Depth,
    there: u64,
) -> Result<Option<String>, StoreError> {
    if depth == Depth::Bytes {
        let read = reader::read_segment(layout, index, file, segment, Access::Disk);
        return match read {
            Ok(_) => Ok(None),
            Err(error @ StoreError::Damaged { .. }) => Ok(Some(error.to_string())),
            Err(error) => Err(error),
        };
    }
    let of = format!("segment {segment} of file {}", file.file);
    let len = file.shape.segment_len(segment).unwrap_or(0) as u64;
    let end = segment
        .saturating_mul(SEGMENT_SIZE as u64)
        .saturating_add(len);
    Ok(match index.segment(&file.file, segment)? {
        SegmentEntry::Missing => None,
        SegmentEntry::NoRecord => Some(format!("{of} counts as held and has no record")),
        SegmentEntry::Unreadable => Some(format!("the record of {of} cannot be read")),
        SegmentEntry::Held(_) if there < end => Some(format!(
            "{of} is recorded, and the data file ends before it: expected {end} bytes at least, found {there}"
        )),
        SegmentEntry::Held(_) => None,
    })
}

/// Data files of which the index knows nothing.
fn strangers(layout: &Layout, index: &Index, found: &mut Examination) -> Result<(), StoreError> {
    let files = layout.files();
    let Ok(directories) = fs::read_dir(&files) else {
        return Ok(());
    };
    for directory in directories {
        let directory = directory.map_err(StoreError::io("read", &files))?.path();
        let Ok(entries) = fs::read_dir(&directory) else {
            continue;
        };
        for entry in entries {
            let entry = entry.map_err(StoreError::io("read", &directory))?;
            let name = entry.file_name();
            let id = name
                .to_str()
                .and_then(|name| name.strip_suffix(".data"))
                .and_then(|id| id.parse::<FileId>().ok());
            let known = match id {
                Some(id) => index.knows(&id)?,
                None => false,
            };
            if !known {
                found.unknown += 1;
                let bytes = entry.metadata().map_or(0, |data| data.len());
                found.unknown_bytes = found.unknown_bytes.saturating_add(bytes);
            }
        }
    }
    Ok(())
}

/// What the disk holds and can hold that a directory is on, or will be when it is made.
pub(crate) fn room_at(
    data_dir: &Path,
    reserve: Reserve,
    promised: u64,
    held: u64,
) -> Result<Room, StoreError> {
    let there = data_dir.ancestors().find(|dir| dir.is_dir());
    let there = there.unwrap_or(Path::new("."));
    let disk = Layout::of(there).disk()?;
    Ok(Room::new(disk.free, reserve.of(disk.total), promised, held))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use noema_chain_client::AccountId;

    use super::*;
    use crate::testing::{data_path, fill, open_store, Sample};

    const ME: AccountId = AccountId([3; 32]);

    #[tokio::test]
    async fn a_sound_directory_has_no_problems_and_damage_is_told() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(
            examine(dir.path(), Depth::Bytes),
            Err(StoreError::NoIndex(_))
        ));
        let sample = Sample::new(3 * SEGMENT_SIZE, 0);
        let store = open_store(dir.path(), ME);
        fill(&store, &sample).await;
        assert!(matches!(
            examine(dir.path(), Depth::Index),
            Err(StoreError::Locked { .. })
        ));
        drop(store);
        let found = examine(dir.path(), Depth::Bytes).unwrap();
        assert_eq!((found.problems, found.files, found.segments), (0, 1, 3));
        assert_eq!(
            (found.bytes, found.outstanding),
            (3 * SEGMENT_SIZE as u64, 0)
        );
        assert_eq!(found.owner.unwrap().provider, ME);

        let name = sample.file.file.to_string();
        let path = data_path(dir.path(), &sample);
        let data = fs::OpenOptions::new().write(true).open(&path).unwrap();
        data.write_all_at(&[!sample.bytes[7]], 7).unwrap();
        assert_eq!(examine(dir.path(), Depth::Index).unwrap().problems, 0);
        let found = examine(dir.path(), Depth::Bytes).unwrap();
        assert_eq!(found.problems, 1);
        assert!(
            found.told[0].contains("segment 0") && found.told[0].contains(&name),
            "{:?}",
            found.told
        );
        data.set_len(SEGMENT_SIZE as u64).unwrap();
        let found = examine(dir.path(), Depth::Index).unwrap();
        assert_eq!(found.problems, 2, "{:?}", found.told);
        // Nothing was changed by looking.
        let store = open_store(dir.path(), ME);
        assert!(store
            .file(&sample.file.file)
            .unwrap()
            .unwrap()
            .is_complete());
    }

    #[tokio::test]
    async fn data_that_the_index_does_not_know_is_counted() {
        let dir = tempfile::tempdir().unwrap();
        drop(open_store(dir.path(), ME));
        let strange = dir.path().join("files/ab");
        fs::create_dir(&strange).unwrap();
        fs::write(strange.join(format!("{}.data", "ab".repeat(32))), [0; 10]).unwrap();
        fs::write(strange.join("notes"), [0; 5]).unwrap();
        let found = examine(dir.path(), Depth::Index).unwrap();
        assert_eq!(
            (found.unknown, found.unknown_bytes, found.problems),
            (2, 15, 0)
        );
    }

    #[test]
    fn the_room_of_a_directory_that_is_not_there_is_that_of_the_disk() {
        let room = room_at(Path::new("/nowhere/at/all"), Reserve::Bytes(1), 0, 5).unwrap();
        assert!(room.free > 0 && room.holdable > 5);
    }
}
