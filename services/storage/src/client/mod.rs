//! Giving files to providers and getting them back, over the interface of
//! `docs/design/storage-daemon.md`.
//!
//! Every segment is verified against the file's root, whoever sends it. A provider that serves
//! something wrong is named with what was expected and what was found, and left.

mod commit;
mod download;
mod error;
mod http;
mod upload;

use std::sync::Arc;

pub use commit::{commit_file, CommitFileError};
pub use download::{DownloadError, DownloadOptions, DownloadReport};
pub use error::{ClientError, Fault, Misbehaviour};
#[cfg(fuzzing)]
pub use http::fuzzing;
pub use http::{
    ChainHealth, ClientOptions, FileStatus, Health, Limits, ProviderInfo, ScrubHealth,
    StorageClient, StoreHealth, VerifiedSegment,
};
pub(crate) use http::{ErrorBody, ErrorDetail};
use noema_chain_client::{AccountId, FileId};
use noema_commitment::{Commitment, Shape, ShapeError, Software};
pub use upload::{UploadError, UploadOptions, UploadReport};

/// A file by what the chain knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileRef {
    /// The file id.
    pub file: FileId,
    /// 0G Storage root.
    pub root: [u8; 32],
    /// What follows from the size.
    pub shape: Shape,
}

impl FileRef {
    /// The file with this root and this size in bytes. Fails for a size that no file can have.
    pub fn new(root: [u8; 32], size: u64) -> Result<Self, ShapeError> {
        let shape = Shape::new(size)?;
        let file = FileId(noema_commitment::file_id::<Software>(&root, size));
        Ok(Self { file, root, shape })
    }

    /// Size in bytes.
    pub fn size(&self) -> u64 {
        self.shape.size()
    }
}

impl From<&Commitment> for FileRef {
    fn from(commitment: &Commitment) -> Self {
        let file = noema_commitment::file_id::<Software>(&commitment.root, commitment.size);
        Self {
            file: FileId(file),
            root: commitment.root,
            shape: *commitment.shape(),
        }
    }
}

/// A provider and where its daemon answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub struct Peer {
    /// The bonded account.
    pub provider: AccountId,
    /// Where its daemon answers and which key it has, as announced on chain.
    pub endpoint: String,
}

/// How far a transfer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes done, including those that needed no transfer.
    pub done: u64,
    /// Bytes in all.
    pub total: u64,
}

/// Called after each step of a transfer; must not block.
pub type OnProgress = Arc<dyn Fn(Progress) + Send + Sync>;

#[cfg(test)]
mod tests;
