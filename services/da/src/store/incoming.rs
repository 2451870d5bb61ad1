//! A shard on its way to the disk.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::{create_dir, record::Layout, sync_dir, ShardRecord, Signed, Store, StoreError};
use crate::{
    chain::{Plan, SubmissionId},
    coding::Row,
};

/// Bytes that are written at once: several rows of the smaller classes.
const BUFFER: usize = 64 << 10;

/// Rows that are being stored. Nothing of them is left when this is dropped.
#[derive(Debug)]
pub struct Incoming {
    room: Room,
    file: BufWriter<File>,
    /// The rows that are expected, ascending.
    rows: Vec<u16>,
    written: usize,
    payer: [u8; 32],
    seat: u8,
    hash: [u8; 32],
}

/// All rows of a shard, synced.
#[derive(Debug)]
pub struct Sealed {
    room: Room,
    rows: Vec<u16>,
    payer: [u8; 32],
    seat: u8,
    hash: [u8; 32],
    root: [u8; 32],
}

/// All rows of a shard, durable where they stay.
pub(super) struct Placed(Sealed);

/// The file in `incoming`, and the place that is kept for it. Both are given back unless the shard arrives.
#[derive(Debug)]
struct Room {
    store: Store,
    part: PathBuf,
    submission: SubmissionId,
    layout: Layout,
    arrived: bool,
}

impl Drop for Room {
    fn drop(&mut self) {
        if !self.arrived {
            // It may have been renamed, or never made; what is left is deleted at the next start.
            let _ = fs::remove_file(&self.part);
            let bytes = self.layout.bytes();
            self.store.books().give_up(self.submission, bytes);
        }
    }
}

impl Incoming {
    pub(super) fn create(
        store: Store,
        part: PathBuf,
        plan: &Plan,
        seat: usize,
        rows: Vec<u16>,
        layout: Layout,
    ) -> Result<Self, StoreError> {
        let room = Room {
            store,
            part,
            submission: plan.submission(),
            layout,
            arrived: false,
        };
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&room.part)
            .map_err(StoreError::io("create", &room.part))?;
        let mut file = BufWriter::with_capacity(BUFFER, file);
        let header = layout.header(&plan.attestation);
        file.write_all(&header)
            .map_err(StoreError::io("write", &room.part))?;
        Ok(Self {
            room,
            file,
            rows,
            written: 0,
            payer: plan.payer.0,
            // A committee has a hundred seats at most.
            seat: seat as u8,
            hash: [0; 32],
        })
    }

    /// The rows that are expected, ascending.
    pub fn rows(&self) -> &[u16] {
        &self.rows
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let written = self.file.write_all(bytes);
        written.map_err(StoreError::io("write", &self.room.part))
    }

    /// Writes the combinations, which come before the rows.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write_combinations(&mut self, combinations: &Bytes) -> Result<(), StoreError> {
        self.hash = Sha256::digest(combinations).into();
        self.write(combinations)
    }

    /// Writes the next row, which was verified.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_row(&mut self, row: &Row) -> Result<(), StoreError> {
        self.write(&row.index.to_le_bytes())?;
        self.write(row.siblings.as_flattened())?;
        self.write(&row.bytes)?;
        self.written += 1;
        Ok(())
    }

    /// Reads rows that were written.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read_rows(&mut self, wanted: &[u16]) -> Result<Vec<(u16, Bytes)>, StoreError> {
        use std::os::unix::fs::FileExt;
        let part = &self.room.part;
        self.file.flush().map_err(StoreError::io("write", part))?;
        let file = self.file.get_ref();
        let siblings = 32 * u64::from(self.room.layout.shape.depth());
        let mut rows = Vec::with_capacity(wanted.len());
        for row in wanted {
            let not_held = StoreError::NotHeld {
                submission: self.room.submission,
                row: *row,
            };
            let place = self.rows.binary_search(row).map_err(|_| not_held)?;
            let mut bytes = vec![0; self.room.layout.shape.row_bytes() as usize];
            let at = self.room.layout.row(place) + 2 + siblings;
            file.read_exact_at(&mut bytes, at)
                .map_err(StoreError::io("read", part))?;
            rows.push((*row, bytes.into()));
        }
        Ok(rows)
    }

    /// Syncs what was written, once all rows are there. `root` is that of the combinations.
    ///
    /// # Errors
    /// When rows are missing, or the disk fails.
    pub fn seal(mut self, root: [u8; 32]) -> Result<Sealed, StoreError> {
        let (expected, found) = (self.rows.len(), self.written);
        if expected != found {
            return Err(StoreError::WrongCount { expected, found });
        }
        let part = &self.room.part;
        self.file.flush().map_err(StoreError::io("write", part))?;
        let file = self.file.get_ref();
        file.sync_all().map_err(StoreError::io("sync", part))?;
        tracing::trace!(target: "noema_da::durable", step = "rows synced");
        Ok(Sealed {
            room: self.room,
            rows: self.rows,
            payer: self.payer,
            seat: self.seat,
            hash: self.hash,
            root,
        })
    }
}

impl Sealed {
    /// Moves the file to where it stays, durably.
    pub(super) fn place(self, target: &Path) -> Result<Placed, StoreError> {
        let dir = target.parent().unwrap_or(target);
        if !dir.exists() {
            create_dir(dir)?;
            sync_dir(dir.parent().unwrap_or(dir))?;
        }
        fs::rename(&self.room.part, target).map_err(StoreError::io("rename", target))?;
        tracing::trace!(target: "noema_da::durable", step = "rows renamed");
        sync_dir(dir)?;
        tracing::trace!(target: "noema_da::durable", step = "directory synced");
        Ok(Placed(self))
    }
}

impl Placed {
    pub(super) fn record(&self, signed: Signed) -> ShardRecord {
        let sealed = &self.0;
        let combinations = (sealed.root, sealed.hash);
        let rows = sealed.rows.clone();
        ShardRecord::new(signed, sealed.payer, sealed.seat, rows, combinations)
    }

    /// The record is durable.
    pub(super) fn recorded(mut self) {
        let room = &mut self.0.room;
        room.arrived = true;
        let bytes = room.layout.bytes();
        room.store.books().arrive(room.submission, bytes);
    }
}
