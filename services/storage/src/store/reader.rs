//! Reading segments back.

use std::{fs::File, os::unix::fs::FileExt};

use noema_chain_client::Hash;
use noema_commitment::{segment_root, Software, SEGMENT_SIZE};

use super::{index::Index, layout::Layout, StoreError, StoredSegment};
use crate::client::FileRef;

/// Reads a segment and checks it against its recorded root, so that damage on the disk is found
/// here and not by those who are served.
pub(super) fn read_segment(
    layout: &Layout,
    index: &Index,
    file: &FileRef,
    segment: u64,
) -> Result<Option<StoredSegment>, StoreError> {
    let Some(record) = index.segment(&file.file, segment)? else {
        return Ok(None);
    };
    let Some(len) = file.shape.segment_len(segment) else {
        return Ok(None);
    };
    let path = layout.data(&file.file);
    let mut data = vec![0; len];
    let offset = segment.saturating_mul(SEGMENT_SIZE as u64);
    let read = File::open(&path).and_then(|opened| opened.read_exact_at(&mut data, offset));
    match read {
        Ok(()) => {}
        Err(e)
            if matches!(
                e.kind(),
                std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::NotFound
            ) =>
        {
            // Deleted meanwhile, or lost: the record decides which.
            if index.segment(&file.file, segment)?.is_none() {
                return Ok(None);
            }
            data.fill(0);
        }
        Err(e) => return Err(StoreError::io("read", &path)(e)),
    }
    let found = segment_root::<Software>(&file.shape, segment, &data).unwrap_or_default();
    if found != record.root {
        // A deletion may have begun between the record and the data.
        if index.segment(&file.file, segment)?.as_ref() != Some(&record) {
            return Ok(None);
        }
        return Err(StoreError::Damaged {
            file: file.file,
            index: segment,
            expected: Hash(record.root),
            found: Hash(found),
        });
    }
    Ok(Some(StoredSegment {
        siblings: record.siblings,
        data: data.into(),
    }))
}
