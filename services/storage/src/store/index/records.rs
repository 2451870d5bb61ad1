//! The records of the index, and their keys.

use codec::{Decode, DecodeAll, Encode};
use noema_chain_client::FileId;
use noema_commitment::Shape;

use crate::client::FileRef;

/// What is known of a file.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct FileRecord {
    /// 0G Storage root.
    pub root: [u8; 32],
    /// Size in bytes.
    pub size: u64,
    /// How many segments are held.
    pub have: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Since when the file has no deal, in seconds since 1970.
    pub orphaned_at: Option<u64>,
    /// Its deletion has begun.
    pub(super) deleting: bool,
}

impl FileRecord {
    /// The file. `None` if the record's size is impossible.
    pub fn file_ref(&self) -> Option<FileRef> {
        FileRef::new(self.root, self.size).ok()
    }

    /// Whether all segments are held.
    pub fn is_complete(&self) -> bool {
        Shape::new(self.size).is_ok_and(|shape| shape.segments() == self.have)
    }

    /// Whether this is the record of `file`. A damaged one may say anything.
    pub(crate) fn is_of(&self, file: &FileRef) -> bool {
        self.root == file.root && self.size == file.size()
    }

    /// Whether this is the record of `file`, which has a deal as far as the record knows.
    pub(crate) fn is_taken(&self, file: &FileRef) -> bool {
        self.orphaned_at.is_none() && self.is_of(file)
    }

    /// What stands for a record that cannot be read: that of no file, since none has this size.
    fn unreadable() -> Self {
        Self {
            root: [0; 32],
            size: 0,
            have: 0,
            bytes: 0,
            orphaned_at: None,
            deleting: false,
        }
    }
}

/// What is known of a segment that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentRecord {
    /// Its root.
    pub root: [u8; 32],
    /// Siblings from its root to the file's, bottom to top.
    pub siblings: Vec<[u8; 32]>,
}

/// What the index says of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) enum SegmentEntry {
    /// It is not held.
    Missing,
    /// It is held.
    Held(SegmentRecord),
    /// It counts as held, but there is no record.
    NoRecord,
    /// There is a record that cannot be read.
    Unreadable,
}
pub(super) fn segment_key(file: &FileId, index: u64) -> [u8; 40] {
    let mut key = [0; 40];
    key[..32].copy_from_slice(&file.0);
    key[32..].copy_from_slice(&index.to_be_bytes());
    key
}

pub(super) fn held_key(file: &FileId, chunk: u64) -> [u8; 36] {
    let mut key = [0; 36];
    key[..32].copy_from_slice(&file.0);
    // A file has at most 2^30 segments.
    key[32..].copy_from_slice(&u32::try_from(chunk).unwrap_or(u32::MAX).to_be_bytes());
    key
}

pub(super) fn decode_file(bytes: &[u8]) -> FileRecord {
    FileRecord::decode_all(&mut &bytes[..]).unwrap_or_else(|_| FileRecord::unreadable())
}

/// `None` if it cannot be read.
pub(super) fn decode_segment(bytes: &[u8]) -> Option<SegmentRecord> {
    let mut hashes = bytes.chunks_exact(32).map(<[u8; 32]>::try_from);
    let all = hashes.by_ref().collect::<Result<Vec<_>, _>>();
    match all {
        Ok(mut all) if !all.is_empty() && bytes.len().is_multiple_of(32) => {
            let root = all.remove(0);
            Some(SegmentRecord {
                root,
                siblings: all,
            })
        }
        _ => None,
    }
}
