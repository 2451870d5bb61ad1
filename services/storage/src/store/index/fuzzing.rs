//! For fuzz targets only (`cfg(fuzzing)`): an index in memory over records of any bytes.

use redb::backends::InMemoryBackend;

use super::*;
use crate::client::FileRef;

/// What the tables hold when the index is opened.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// The owner's record, if there is one.
    pub identity: Option<Vec<u8>>,
    /// Records of files.
    pub files: Vec<([u8; 32], Vec<u8>)>,
    /// Records of segments.
    pub segments: Vec<([u8; 32], u64, Vec<u8>)>,
    /// Bits of the segments that are held.
    pub held: Vec<([u8; 32], u64, Vec<u8>)>,
}

/// An index in memory.
#[derive(Debug)]
pub struct MemoryIndex(Index);

#[allow(missing_docs)]
impl MemoryIndex {
    /// Opens an index over tables as they are found.
    pub fn open(tables: &Tables, identity: &StoreIdentity) -> Result<Self, StoreError> {
        let mut builder = Database::builder();
        builder.set_cache_size(1 << 16);
        let database = builder
            .create_with_backend(InMemoryBackend::new())
            .map_err(index_error)?;
        let filled = transact(&database, |transaction, _| {
            let mut meta = transaction.open_table(META)?;
            if let Some(identity) = &tables.identity {
                meta.insert("identity", &identity[..])?;
            }
            let mut files = transaction.open_table(FILES)?;
            for (file, record) in &tables.files {
                files.insert(file, &record[..])?;
            }
            let mut segments = transaction.open_table(SEGMENTS)?;
            for (file, index, record) in &tables.segments {
                segments.insert(&segment_key(&FileId(*file), *index), &record[..])?;
            }
            let mut held = transaction.open_table(HELD)?;
            for (file, chunk, bits) in &tables.held {
                held.insert(&held_key(&FileId(*file), *chunk), &bits[..])?;
            }
            Ok(())
        });
        filled.map_err(index_error)?;
        prepare(&database, identity)?;
        // Nothing can be opened again here: after an error the index stays closed.
        Index::over(PathBuf::new(), 1 << 16, database).map(Self)
    }

    pub fn totals(&self) -> Result<(u64, u64), StoreError> {
        self.0.totals()
    }

    pub fn file(&self, file: &FileId) -> Result<Option<FileRecord>, StoreError> {
        self.0.file(file)
    }

    pub fn files(&self) -> Result<Vec<(FileId, FileRecord)>, StoreError> {
        self.0.files_after(None, usize::MAX)
    }

    pub fn deleting(&self) -> Result<Vec<FileId>, StoreError> {
        self.0.deleting_after(None, usize::MAX)
    }

    pub fn segment(&self, file: &FileId, index: u64) -> Result<Option<SegmentRecord>, StoreError> {
        match self.0.segment(file, index)? {
            SegmentEntry::Missing => Ok(None),
            SegmentEntry::Held(record) => Ok(Some(record)),
            damaged => Err(StoreError::Index(format!("{damaged:?}"))),
        }
    }

    pub fn kept(&self, file: &FileId, from: u64, limit: usize) -> Result<Vec<u64>, StoreError> {
        self.0.kept(file, from, limit)
    }

    pub fn reconcile(&self, file: &FileRef) -> Result<bool, StoreError> {
        self.0.reconcile(file)
    }

    pub fn missing(
        &self,
        file: &FileId,
        segments: u64,
        from: u64,
        limit: usize,
    ) -> Result<Vec<(u64, u64)>, StoreError> {
        self.0.missing(file, segments, from, limit)
    }

    pub fn add_file(&self, file: &FileRef) -> Result<(), StoreError> {
        match self.0.add_files(&[file])?.first() {
            Some(true) => Ok(()),
            _ => Err(StoreError::Deleting(file.file)),
        }
    }

    pub fn record(&self, segment: &NewSegment) -> Result<bool, StoreError> {
        Ok(self.0.record(&[segment])?.first() == Some(&true))
    }

    pub fn forget(&self, file: &FileId, index: u64, len: u64) -> Result<(), StoreError> {
        self.0.forget(file, index, len, 1)
    }

    /// Marks the file as an orphan and deletes it, as the writer does.
    pub fn delete(&self, file: &FileId) -> Result<bool, StoreError> {
        self.0.mark_orphan(file, 1)?;
        if !self.0.begin_delete(file)? {
            return Ok(false);
        }
        while self.0.delete_records(file, 1000)? {}
        self.0.finish_delete(file)?;
        Ok(true)
    }
}
