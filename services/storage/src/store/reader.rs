//! Reading segments back.

use std::{
    fs::File,
    io::{self, ErrorKind},
    os::unix::fs::FileExt,
};

use noema_chain_client::Hash;
use noema_commitment::{segment_root, verify_segment, Software, SEGMENT_SIZE};

use super::{
    index::{Index, SegmentEntry, SegmentRecord},
    layout::Layout,
    Damage, StoreError, StoredSegment,
};
use crate::client::FileRef;

/// Where a segment is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// From memory if it is there.
    Cached,
    /// From the disk: what memory remembers of it does not count, and is let go afterwards so that it displaces nothing.
    Disk,
}

/// Reads a segment and verifies it against its file's root, so that damage to data or index is found here and not by those who are
/// served. `None` if it is not held.
pub(super) fn read_segment(
    layout: &Layout,
    index: &Index,
    file: &FileRef,
    segment: u64,
    access: Access,
) -> Result<Option<StoredSegment>, StoreError> {
    let Some(len) = file.shape.segment_len(segment) else {
        return Ok(None);
    };
    let damaged = |damage| StoreError::Damaged {
        file: file.file,
        index: segment,
        damage,
    };
    let record = match index.segment(&file.file, segment)? {
        SegmentEntry::Missing => return Ok(None),
        SegmentEntry::Held(record) => record,
        SegmentEntry::NoRecord => return Err(damaged(Damage::NoRecord)),
        SegmentEntry::Unreadable => {
            return Err(damaged(Damage::Record("it cannot be read".to_owned())))
        }
    };
    let offset = segment.saturating_mul(SEGMENT_SIZE as u64);
    let path = layout.data(&file.file);
    let read = File::open(&path).and_then(|data| read_at(&data, offset, len, access));
    let data = match read {
        Ok(data) => data,
        Err(error) => {
            return Err(match lost(&error) {
                Some(damage) => damaged(damage),
                None => StoreError::io("read", &path)(error),
            })
        }
    };
    if let Some(damage) = verify(file, segment, &data, &record) {
        return Err(damaged(damage));
    }
    Ok(Some(StoredSegment {
        root: record.root,
        siblings: record.siblings,
        data: data.into(),
    }))
}

fn read_at(data: &File, offset: u64, len: usize, access: Access) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    if access == Access::Disk {
        forget_pages(data, offset, len);
    }
    data.read_exact_at(&mut bytes, offset)?;
    if access == Access::Disk {
        forget_pages(data, offset, len);
    }
    Ok(bytes)
}

/// Lets the system's memory of a part of a file go. Where that does not work the scrub sees less, and nothing else is wrong.
#[cfg(target_os = "linux")]
fn forget_pages(data: &File, offset: u64, len: usize) {
    use nix::fcntl::{posix_fadvise, PosixFadviseAdvice};
    if let (Ok(offset), Ok(len)) = (offset.try_into(), len.try_into()) {
        let _ = posix_fadvise(data, offset, len, PosixFadviseAdvice::POSIX_FADV_DONTNEED);
    }
}

#[cfg(not(target_os = "linux"))]
fn forget_pages(_: &File, _: u64, _: usize) {}

/// The damage, if the error means that the data is not there. Anything else may pass: too many open files, missing permission.
fn lost(error: &io::Error) -> Option<Damage> {
    match error.kind() {
        ErrorKind::UnexpectedEof | ErrorKind::NotFound => Some(Damage::Lost),
        _ if error.raw_os_error() == Some(nix::errno::Errno::EIO as i32) => {
            Some(Damage::Unreadable(error.to_string()))
        }
        _ => None,
    }
}

/// What is wrong with data and record, if anything is.
fn verify(file: &FileRef, segment: u64, data: &[u8], record: &SegmentRecord) -> Option<Damage> {
    let verified =
        verify_segment::<Software>(&file.root, &file.shape, segment, data, &record.siblings);
    let reason = match verified {
        Ok(root) if root == record.root => return None,
        Ok(_) => "it names another root of the segment".to_owned(),
        Err(error) => error.to_string(),
    };
    let found = segment_root::<Software>(&file.shape, segment, data).unwrap_or_default();
    Some(if found == record.root {
        Damage::Record(reason)
    } else if verified.is_ok() {
        // The data leads to the file's root with these siblings, so that it is the record's root that is wrong.
        Damage::Record(reason)
    } else {
        Damage::Data {
            expected: Hash(record.root),
            found: Hash(found),
        }
    })
}
