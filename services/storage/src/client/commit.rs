//! Committing to a file on disk.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use noema_commitment::{
    commit_reader, usual_threads, CommitError, Commitment, ShapeError, Software,
};

use super::{OnProgress, Progress};

/// Why a file cannot be committed to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitFileError {
    /// It cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not a regular file.
    #[error("{path} is {found}: expected a regular file")]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What it is.
        found: &'static str,
    },
    /// It has no bytes or too many.
    #[error("{path}: {source}")]
    Shape {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ShapeError,
    },
}

/// Computes the commitment of the file at `path`, reading it once, on as many threads as the machine
/// gains from. Takes 256 KiB of memory per thread and about 64 bytes per 256 KiB of the file.
pub async fn commit_file(
    path: &Path,
    progress: Option<OnProgress>,
) -> Result<Commitment, CommitFileError> {
    let path = path.to_owned();
    let of = path.clone();
    let work = tokio::task::spawn_blocking(move || commit_blocking(&path, progress));
    work.await.unwrap_or_else(|e| {
        let source = std::io::Error::other(format!("the work was interrupted: {e}"));
        Err(CommitFileError::Read { path: of, source })
    })
}

fn commit_blocking(
    path: &Path,
    progress: Option<OnProgress>,
) -> Result<Commitment, CommitFileError> {
    let read_error = |source| CommitFileError::Read {
        path: path.to_owned(),
        source,
    };
    let shape_error = |source| CommitFileError::Shape {
        path: path.to_owned(),
        source,
    };
    let metadata = std::fs::metadata(path).map_err(read_error)?;
    if !metadata.is_file() {
        let found = if metadata.is_dir() {
            "a directory"
        } else {
            "a special file"
        };
        return Err(CommitFileError::NotAFile {
            path: path.to_owned(),
            found,
        });
    }
    let total = metadata.len();
    let file = File::open(path).map_err(read_error)?;
    let on_read = |done: u64| {
        if let Some(progress) = &progress {
            progress(Progress {
                done,
                total: total.max(done),
            });
        }
    };
    commit_reader::<Software>(file, usual_threads(), on_read).map_err(|error| match error {
        CommitError::Read(source) => read_error(source),
        CommitError::Shape(source) => shape_error(source),
    })
}

#[cfg(test)]
mod tests {
    use noema_commitment::Builder;

    use super::*;

    #[tokio::test]
    async fn commit_reads_the_file_once_and_reports_progress() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let bytes: Vec<u8> = (0..600_000).map(|i| (i % 251) as u8).collect();
        std::fs::write(&path, &bytes).unwrap();
        let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let sink = seen.clone();
        let progress: OnProgress = std::sync::Arc::new(move |p| sink.lock().unwrap().push(p));
        let commitment = commit_file(&path, Some(progress)).await.unwrap();
        let mut builder = Builder::new();
        builder.push(&bytes).unwrap();
        assert_eq!(commitment, builder.finish().unwrap());
        let last = *seen.lock().unwrap().last().unwrap();
        assert_eq!(
            last,
            Progress {
                done: 600_000,
                total: 600_000
            }
        );
    }

    #[tokio::test]
    async fn commit_refuses_what_is_no_file_or_empty_or_absent() {
        let dir = tempfile::tempdir().unwrap();
        let error = commit_file(dir.path(), None).await.unwrap_err().to_string();
        assert!(error.contains("directory"), "{error}");
        let empty = dir.path().join("empty");
        std::fs::write(&empty, []).unwrap();
        let error = commit_file(&empty, None).await.unwrap_err().to_string();
        assert!(error.contains("at least 1 byte"), "{error}");
        let error = commit_file(&dir.path().join("none"), None)
            .await
            .unwrap_err();
        assert!(matches!(error, CommitFileError::Read { .. }));
    }
}
