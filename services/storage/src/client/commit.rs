//! Committing to a file on disk.

use std::path::{Path, PathBuf};

use noema_commitment::Commitment;

use super::OnProgress;

/// Why a file cannot be committed to.
#[derive(Debug, thiserror::Error)]
pub enum CommitFileError {
    /// It cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Computes the commitment of the file at `path`, reading it once with bounded memory.
pub async fn commit_file(
    path: &Path,
    progress: Option<OnProgress>,
) -> Result<Commitment, CommitFileError> {
    let _ = progress;
    Err(CommitFileError::Read {
        path: path.to_owned(),
        source: std::io::ErrorKind::Unsupported.into(),
    })
}
