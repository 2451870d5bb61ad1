//! Reading what is held. Whatever is read is verified against the commitment that was signed for.

use std::{fs::File, io, os::unix::fs::FileExt};

use bytes::Bytes;
use noema_da_primitives::{verify_row, Software};
use sha2::{Digest, Sha256};

use super::{layout_of, record::Layout, ShardRecord, Store, StoreError};
use crate::coding::{row_on_the_wire, Row};

/// The open file of a shard.
#[derive(Debug)]
pub struct ShardReader {
    record: ShardRecord,
    layout: Layout,
    file: File,
}

impl Store {
    /// Opens the rows of a record. They can be read even if they are removed meanwhile.
    ///
    /// # Errors
    /// When the file is not there, or not whole.
    pub fn reader(&self, record: ShardRecord) -> Result<ShardReader, StoreError> {
        let path = self.shard_path(record.submission());
        let layout = layout_of(&record)?;
        let expected = layout.bytes();
        let opened = File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
        match opened {
            Ok((found, file)) if found == expected => Ok(ShardReader {
                record,
                layout,
                file,
            }),
            Ok((found, _)) => Err(StoreError::DamagedFile {
                path,
                expected,
                found,
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(StoreError::DamagedFile {
                path,
                expected,
                found: 0,
            }),
            Err(error) => Err(StoreError::io("read", path)(error)),
        }
    }
}

impl ShardReader {
    /// What is noted of the shard.
    pub fn record(&self) -> &ShardRecord {
        &self.record
    }

    fn read(&self, at: u64, length: usize) -> io::Result<Bytes> {
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, at)?;
        Ok(bytes.into())
    }

    /// The combinations.
    ///
    /// # Errors
    /// When they are not what was stored.
    pub fn combinations(&self) -> Result<Bytes, StoreError> {
        let submission = self.record.submission();
        let length = self.layout.shape.combinations_bytes() as usize;
        let damaged = StoreError::DamagedCombinations { submission };
        let Ok(bytes) = self.read(self.layout.combinations(), length) else {
            return Err(damaged);
        };
        let found: [u8; 32] = Sha256::digest(&bytes).into();
        match found == self.record.combinations_hash {
            true => Ok(bytes),
            false => Err(damaged),
        }
    }

    /// A row as it goes over the wire: index, siblings, bytes. That it fits the combinations was checked before it was signed for; that it still leads to the
    /// commitment is checked now.
    ///
    /// # Errors
    /// When the seat does not hold the row, or it is not what was stored.
    pub fn frame(&self, row: u16) -> Result<Bytes, StoreError> {
        let submission = self.record.submission();
        let not_held = StoreError::NotHeld { submission, row };
        let place = self.record.place(row).ok_or(not_held)?;
        let length = row_on_the_wire(&self.layout.shape) as usize;
        let read = self.read(self.layout.row(place), length);
        let frame = read.map_err(StoreError::io("read", "a shard"))?;
        let (siblings, bytes) = self.split(&frame);
        let verdict = verify_row::<Software>(
            &self.record.attestation.commitment,
            &self.layout.shape,
            // The index stands in the frame as well; it is covered by this one having been asked for.
            row,
            bytes,
            siblings,
            &self.record.combinations_root,
        );
        match verdict {
            Ok(()) if frame.starts_with(&row.to_le_bytes()) => Ok(frame),
            Ok(()) => Err(StoreError::NotHeld { submission, row }),
            Err(reason) => Err(StoreError::DamagedRow {
                submission,
                row,
                reason,
            }),
        }
    }

    fn split<'a>(&self, frame: &'a [u8]) -> (&'a [[u8; 32]], &'a [u8]) {
        let (_, rest) = frame.split_at(2);
        let (siblings, bytes) = rest.split_at(32 * self.layout.shape.depth() as usize);
        (siblings.as_chunks::<32>().0, bytes)
    }

    /// A row, verified as [`Self::frame`] does.
    ///
    /// # Errors
    /// When the seat does not hold the row, or it is not what was stored.
    pub fn row(&self, row: u16) -> Result<Row, StoreError> {
        let frame = self.frame(row)?;
        let (siblings, bytes) = self.split(&frame);
        Ok(Row {
            index: row,
            siblings: siblings.to_vec(),
            bytes: frame.slice_ref(bytes),
        })
    }
}
