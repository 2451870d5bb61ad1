//! The index over records that are not its own.

use bytes::Bytes;
use codec::Encode;
use tempfile::TempDir;

use super::*;

pub(super) const IDENTITY: StoreIdentity = StoreIdentity {
    genesis: Hash([7; 32]),
    provider: AccountId([9; 32]),
};

/// An index whose tables were changed by somebody else.
fn damaged(damage: impl FnOnce(&WriteTransaction) -> Work<()>) -> (Index, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index.redb");
    drop(Index::open(&path, &IDENTITY, 1 << 20).unwrap());
    let database = open_database(&path, 1 << 20).unwrap();
    transact(&database, |transaction, _| damage(transaction)).unwrap();
    drop(database);
    (Index::open(&path, &IDENTITY, 1 << 20).unwrap(), dir)
}

fn file_record(count: u64) -> FileRecord {
    FileRecord {
        root: [1; 32],
        size: 600,
        have: count,
        bytes: count,
        orphaned_at: None,
        deleting: false,
    }
}

fn segment() -> NewSegment {
    NewSegment {
        file: FileId([1; 32]),
        index: 0,
        root: [3; 32],
        siblings: Vec::new(),
        data: Bytes::from_static(&[0; 256]),
    }
}

/// Two records that claim more bytes and segments than numbers can count are opened, counted and
/// written to like any other.
#[test]
fn records_that_claim_too_much_do_not_stop_the_index() {
    let (index, _dir) = damaged(|transaction| {
        let mut files = transaction.open_table(FILES)?;
        for file in [[1; 32], [2; 32]] {
            files.insert(&file, &file_record(u64::MAX).encode()[..])?;
        }
        Ok(())
    });
    assert_eq!(index.totals().unwrap(), (2, u64::MAX));
    assert_eq!(index.record(&[&segment()]).unwrap(), [true]);
    let after = index.file(&segment().file).unwrap().unwrap();
    assert_eq!((after.have, after.bytes), (u64::MAX, u64::MAX));
}

/// A segment that has its record but lost its bit is missing until it is taken again.
#[test]
fn segment_taken_again_is_held_although_its_bit_was_lost() {
    let segment = segment();
    let (index, _dir) = damaged(|transaction| {
        let mut files = transaction.open_table(FILES)?;
        files.insert(&segment.file.0, &file_record(1).encode()[..])?;
        let mut records = transaction.open_table(SEGMENTS)?;
        records.insert(&segment_key(&segment.file, 0), &segment.root[..])?;
        Ok(())
    });
    let missing = || index.missing(&segment.file, 1, 0, 10).unwrap();
    assert_eq!(missing(), [(0, 0)]);
    assert_eq!(index.record(&[&segment]).unwrap(), [true]);
    assert_eq!(missing(), []);
    // It was counted before.
    assert_eq!(index.file(&segment.file).unwrap().unwrap().have, 1);
}
