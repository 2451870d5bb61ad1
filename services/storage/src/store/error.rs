//! Errors of the store.

use std::{io, path::PathBuf};

use noema_chain_client::{AccountId, FileId, Hash};

/// The store cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A file or directory cannot be used.
    #[error("cannot {what} {path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// The path.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// Another process has the directory.
    #[error("the data directory {path} is in use by process {holder}: stop it, or give this daemon another directory")]
    Locked {
        /// The directory.
        path: PathBuf,
        /// Process id of the holder as it noted it.
        holder: String,
    },
    /// The directory belongs to another chain.
    #[error("the data directory belongs to the chain with genesis {found}: expected {expected}; check the node's address or use another directory")]
    OtherChain {
        /// The chain at hand.
        expected: Hash,
        /// The chain recorded.
        found: Hash,
    },
    /// The directory belongs to another provider.
    #[error("the data directory belongs to provider {found}: expected {expected}; use another directory")]
    OtherProvider {
        /// The provider at hand.
        expected: AccountId,
        /// The provider recorded.
        found: AccountId,
    },
    /// The layout is of another version.
    #[error("the data directory has layout version {found}: expected {expected}; use a matching version of the program")]
    OtherVersion {
        /// This program's layout.
        expected: u32,
        /// The layout recorded.
        found: u32,
    },
    /// No room.
    #[error("the disk is full: {free} bytes are free, {reserve} must stay free; make room or lower the declared capacity")]
    DiskFull {
        /// Free bytes.
        free: u64,
        /// Bytes that must stay free.
        reserve: u64,
    },
    /// No room for one more file.
    #[error("there is no space for file {file}: it needs {needed} bytes more, {free} are free on the disk, of which {reserve} stay free and {promised} are promised to other files; make room or lower the declared capacity")]
    NoRoom {
        /// The file.
        file: FileId,
        /// Bytes that it needs.
        needed: u64,
        /// Free bytes.
        free: u64,
        /// Bytes that must stay free.
        reserve: u64,
        /// Bytes that are to come for files that are not complete.
        promised: u64,
    },
    /// The file is not known.
    #[error("file {0} is not known here")]
    UnknownFile(FileId),
    /// The file's earlier data is being deleted.
    #[error("earlier data of file {0} is being deleted; try again shortly")]
    Deleting(FileId),
    /// What is on the disk is not what was written.
    #[error("segment {index} of file {file} is damaged on the disk: {damage}; it is not served and will be fetched again")]
    Damaged {
        /// The file.
        file: FileId,
        /// The segment.
        index: u64,
        /// What is wrong.
        damage: Damage,
    },
    /// There is no data directory to look at.
    #[error("{0} holds no index: no daemon has run with this data directory yet")]
    NoIndex(PathBuf),
    /// The index fails.
    #[error("the index of the data directory fails: {0}")]
    Index(String),
    /// The writer has stopped.
    #[error("the store is closing")]
    Closed,
}

/// What is wrong with a segment on the disk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// Its data is another.
    #[error("its root was {expected}, now it is {found}")]
    Data {
        /// Root recorded.
        expected: Hash,
        /// Root of what is there.
        found: Hash,
    },
    /// The data file is gone or ends before it.
    #[error("its data is gone")]
    Lost,
    /// The disk does not give it back.
    #[error("the disk cannot read it ({0})")]
    Unreadable(String),
    /// The index says something else of it than the file's root does.
    #[error("its record in the index does not lead to the file's root ({0})")]
    Record(String),
    /// The index counts it and has no record of it.
    #[error("its record in the index is gone")]
    NoRecord,
}

impl StoreError {
    pub(super) fn io(what: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| StoreError::Io { what, path, source }
    }

    /// Whether this is for want of room.
    pub fn is_disk_full(&self) -> bool {
        match self {
            StoreError::DiskFull { .. } | StoreError::NoRoom { .. } => true,
            StoreError::Io { source, .. } => is_no_space(source),
            _ => false,
        }
    }

    /// The same error once more, for others that wait for the same write.
    pub(super) fn again(&self) -> Self {
        match self {
            StoreError::Io { what, path, source } => StoreError::Io {
                what,
                path: path.clone(),
                source: match source.raw_os_error() {
                    Some(code) => io::Error::from_raw_os_error(code),
                    None => io::Error::new(source.kind(), source.to_string()),
                },
            },
            StoreError::DiskFull { free, reserve } => StoreError::DiskFull {
                free: *free,
                reserve: *reserve,
            },
            StoreError::UnknownFile(file) => StoreError::UnknownFile(*file),
            StoreError::Deleting(file) => StoreError::Deleting(*file),
            StoreError::Closed => StoreError::Closed,
            other => StoreError::Index(other.to_string()),
        }
    }
}

/// Whether an I/O error means that the disk, quota or file size limit is reached.
pub(super) fn is_no_space(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

/// Any error of the index's database.
pub(super) fn index_error(error: impl Into<redb::Error>) -> StoreError {
    match error.into() {
        redb::Error::Io(source) if is_no_space(&source) => StoreError::Io {
            what: "write",
            path: "index.redb".into(),
            source,
        },
        other => StoreError::Index(other.to_string()),
    }
}
