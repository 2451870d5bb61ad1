//! The index over records that are not its own.

use bytes::Bytes;

use super::*;

/// Two records that claim more bytes and segments than numbers can count are opened, counted and
/// written to like any other.
#[test]
fn records_that_claim_too_much_do_not_stop_the_index() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index.redb");
    let identity = StoreIdentity {
        genesis: Hash([7; 32]),
        provider: AccountId([9; 32]),
    };
    drop(Index::open(&path, &identity, 1 << 20).unwrap());
    let database = open_database(&path, 1 << 20).unwrap();
    let record = FileRecord {
        root: [1; 32],
        size: 600,
        have: u64::MAX,
        bytes: u64::MAX,
        orphaned_at: None,
        deleting: false,
    };
    let written = transact(&database, |transaction, _| {
        let mut files = transaction.open_table(FILES)?;
        for file in [[1; 32], [2; 32]] {
            files.insert(&file, &record.encode()[..])?;
        }
        Ok(())
    });
    written.unwrap();
    drop(database);

    let index = Index::open(&path, &identity, 1 << 20).unwrap();
    assert_eq!(index.totals().unwrap(), (2, u64::MAX));
    let segment = NewSegment {
        file: FileId([1; 32]),
        index: 0,
        root: [3; 32],
        siblings: Vec::new(),
        data: Bytes::from_static(&[0; 256]),
    };
    assert_eq!(index.record(&[&segment]).unwrap(), [true]);
    let after = index.file(&segment.file).unwrap().unwrap();
    assert_eq!((after.have, after.bytes), (u64::MAX, u64::MAX));
}
