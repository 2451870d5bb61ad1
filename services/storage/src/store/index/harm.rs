//! For tests: what a damaged disk does to an index that nobody has open.

use std::path::Path;

use codec::Encode;
use redb::ReadableTable;

use super::{bits::place, *};
use crate::client::FileRef;

/// Harm to the records of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Harm {
    /// A sibling of a segment is another.
    Siblings(u64),
    /// The root of a segment is another.
    Root(u64),
    /// The record of a segment cannot be read.
    Garble(u64),
    /// A segment counts as held and has no record.
    LoseRecord(u64),
    /// A segment has a record and does not count as held.
    LoseBit(u64),
    /// The file's figures are others.
    Count,
    /// The file's size is another.
    Size,
    /// The file's record cannot be read.
    GarbleFile,
    /// The file's record is gone.
    LoseFile,
}

/// Harms the index in a data directory.
pub(crate) fn harm(data_dir: &Path, file: &FileId, harms: &[Harm]) {
    let database = open_database(&data_dir.join("index.redb"), 1 << 20).unwrap();
    transact(&database, |transaction, _| {
        let mut files = transaction.open_table(FILES)?;
        let mut records = transaction.open_table(SEGMENTS)?;
        let mut held = transaction.open_table(HELD)?;
        for harm in harms {
            let mut change = |index: u64, at: usize| {
                let key = segment_key(file, index);
                let mut value = records.get(&key)?.unwrap().value().to_vec();
                value[at] ^= 1;
                records.insert(&key, &value[..])?;
                Ok::<_, redb::Error>(())
            };
            let known = files.get(&file.0)?.map(|bytes| decode_file(bytes.value()));
            match *harm {
                Harm::Siblings(index) => change(index, 40)?,
                Harm::Root(index) => change(index, 3)?,
                Harm::Garble(index) => {
                    records.insert(&segment_key(file, index), &[1, 2, 3][..])?;
                }
                Harm::LoseRecord(index) => {
                    records.remove(&segment_key(file, index))?;
                }
                Harm::LoseBit(index) => {
                    let key = held_key(file, index / CHUNK);
                    let mut bits = held.get(&key)?.unwrap().value().to_vec();
                    let (byte, bit) = place(index);
                    bits[byte] &= !bit;
                    held.insert(&key, &bits[..])?;
                }
                Harm::Count => {
                    let mut record = known.unwrap();
                    (record.have, record.bytes) = (record.have + 7, 5);
                    files.insert(&file.0, &record.encode()[..])?;
                }
                Harm::Size => {
                    let mut record = known.unwrap();
                    record.size += 1 << 20;
                    files.insert(&file.0, &record.encode()[..])?;
                }
                Harm::GarbleFile => {
                    files.insert(&file.0, &[9; 3][..])?;
                }
                Harm::LoseFile => {
                    files.remove(&file.0)?;
                }
            }
        }
        Ok(())
    })
    .unwrap();
}

/// Makes the index in a data directory, which nobody has open, say that these files, of one segment each, are whole.
pub(crate) fn claim(data_dir: &Path, files: impl Iterator<Item = FileRef>) {
    let database = open_database(&data_dir.join("index.redb"), 1 << 20).unwrap();
    transact(&database, |transaction, _| {
        let mut table = transaction.open_table(FILES)?;
        let mut held = transaction.open_table(HELD)?;
        for file in files {
            let record = FileRecord {
                root: file.root,
                size: file.size(),
                have: 1,
                bytes: file.size(),
                orphaned_at: None,
                deleting: false,
            };
            table.insert(&file.file.0, &record.encode()[..])?;
            held.insert(&held_key(&file.file, 0), &[1][..])?;
        }
        Ok(())
    })
    .unwrap();
}
