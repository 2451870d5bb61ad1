//! The file that is put: checked before anything is promised about it, and watched for changes.

use std::{
    fs::{File, Metadata},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use noema_commitment::Commitment;
use noema_storage::client::{commit_file, OnProgress};

use crate::{failure::Failure, output::Output, progress::Shown};

/// A readable regular file with content.
#[derive(Debug)]
pub(crate) struct Source {
    path: PathBuf,
    stamp: Stamp,
}

/// What changes when a file is written to or replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

impl Source {
    /// Refuses what cannot be stored: a directory, a device, an empty or unreadable file.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let metadata = std::fs::metadata(path).map_err(|e| Failure::io("read", path, &e))?;
        let name = path.display();
        let refuse = |why: String| Err(Failure::new("not_storable", why));
        if metadata.is_dir() {
            return refuse(format!(
                "{name} is a directory; one file is stored at a time, pack it first (tar)"
            ));
        }
        if !metadata.is_file() {
            return refuse(format!("{name} is no regular file"));
        }
        if metadata.len() == 0 {
            return refuse(format!(
                "{name} is empty; a file without content has no root"
            ));
        }
        // Whether it may be read shows only now.
        File::open(path).map_err(|e| Failure::io("read", path, &e))?;
        Ok(Self {
            path: path.to_owned(),
            stamp: Stamp::of(&metadata),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Size in bytes when it was opened.
    pub(crate) fn size(&self) -> u64 {
        self.stamp.size
    }

    /// Computes its commitment, showing a bar.
    pub(crate) async fn commit(&self, output: &Output) -> Result<Commitment, Failure> {
        let bar = Shown::bytes(output, "hashing", self.size());
        self.commit_with(bar.on_progress()).await
    }

    /// Computes its commitment, telling how far it is.
    pub(crate) async fn commit_with(&self, progress: OnProgress) -> Result<Commitment, Failure> {
        let commitment = commit_file(&self.path, Some(progress)).await;
        let commitment = commitment.map_err(|e| Failure::new("file", e.to_string()))?;
        self.check_unchanged()?;
        if commitment.size != self.size() {
            return Err(self.changed());
        }
        Ok(commitment)
    }

    /// Whether it still is the file that was opened.
    pub(crate) fn check_unchanged(&self) -> Result<(), Failure> {
        let now = std::fs::metadata(&self.path).map_err(|e| Failure::io("read", &self.path, &e))?;
        if Stamp::of(&now) == self.stamp {
            Ok(())
        } else {
            Err(self.changed())
        }
    }

    fn changed(&self) -> Failure {
        Failure::new(
            "file_changed",
            format!(
                "{} changed while it was read; try again when it is at rest",
                self.path.display()
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_stored_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let refused = |path: &Path| Source::open(path).unwrap_err().to_string();
        assert!(refused(dir.path()).contains("directory"));
        let file = dir.path().join("file");
        assert!(refused(&file).contains("No such file"));
        std::fs::write(&file, "").unwrap();
        assert!(refused(&file).contains("empty"));
        assert!(refused(Path::new("/dev/null")).contains("regular"));
        std::fs::write(&file, "x").unwrap();
        assert_eq!(Source::open(&file).unwrap().size(), 1);
    }

    #[test]
    fn a_file_that_is_written_to_or_replaced_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "first").unwrap();
        let source = Source::open(&file).unwrap();
        source.check_unchanged().unwrap();
        // Same length, another file.
        std::fs::write(dir.path().join("other"), "other").unwrap();
        std::fs::rename(dir.path().join("other"), &file).unwrap();
        assert_eq!(source.check_unchanged().unwrap_err().code(), "file_changed");
        let source = Source::open(&file).unwrap();
        std::fs::write(&file, "longer than before").unwrap();
        assert!(source.check_unchanged().is_err());
    }
}
