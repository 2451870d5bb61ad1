//! Where things are in the data directory: `lock`, `index.redb`, `files/<aa>/<file id>.data`.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
};

use nix::fcntl::{Flock, FlockArg};
use noema_chain_client::FileId;

use super::StoreError;

/// The paths of a data directory.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    root: PathBuf,
}

impl Layout {
    /// Makes the directory if it is not there.
    pub(super) fn create(root: &Path) -> Result<Self, StoreError> {
        let layout = Self {
            root: root.to_owned(),
        };
        let files = layout.files();
        fs::create_dir_all(&files).map_err(StoreError::io("create the directory", &files))?;
        sync_dir(root)?;
        Ok(layout)
    }

    /// The paths of a directory that may be there or not.
    pub(super) fn of(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    pub(super) fn index(&self) -> PathBuf {
        self.root.join("index.redb")
    }

    fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    pub(super) fn files(&self) -> PathBuf {
        self.root.join("files")
    }

    /// The data file of a file.
    pub(super) fn data(&self, file: &FileId) -> PathBuf {
        let name = file.to_string();
        self.files().join(&name[..2]).join(format!("{name}.data"))
    }

    /// Opens the data file of a file for writing, and makes it if need be. Then its directory is given as well, which must be synced:
    /// without this, a file that was made just before a crash could be gone although its contents were synced.
    pub(super) fn create_data(&self, file: &FileId) -> Result<(File, Option<PathBuf>), StoreError> {
        let path = self.data(file);
        if let Ok(existing) = OpenOptions::new().write(true).open(&path) {
            return Ok((existing, None));
        }
        let dir = path.parent().unwrap_or(&self.root);
        if !dir.is_dir() {
            fs::create_dir_all(dir).map_err(StoreError::io("create the directory", dir))?;
            sync_dir(&self.files())?;
        }
        let created = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(StoreError::io("create", &path))?;
        Ok((created, Some(dir.to_owned())))
    }

    /// Removes the data file of a file, durably.
    pub(super) fn remove_data(&self, file: &FileId) -> Result<(), StoreError> {
        let path = self.data(file);
        match fs::remove_file(&path) {
            Ok(()) => sync_dir(path.parent().unwrap_or(&self.root)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(StoreError::io("remove", &path)(e)),
        }
    }

    /// The disk that the directory is on.
    // Off Linux these numbers have other types.
    #[allow(clippy::useless_conversion)]
    pub(super) fn disk(&self) -> Result<Disk, StoreError> {
        let stat = nix::sys::statvfs::statvfs(&self.root)
            .map_err(|e| StoreError::io("look at the disk of", &self.root)(e.into()))?;
        let size = u64::from(stat.fragment_size());
        Ok(Disk {
            free: u64::from(stat.blocks_available()).saturating_mul(size),
            total: u64::from(stat.blocks()).saturating_mul(size),
        })
    }

    /// Bytes of the disk that the data file of a file has taken; holes take none.
    pub(super) fn taken_bytes(&self, file: &FileId) -> u64 {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(self.data(file)).map_or(0, |data| data.blocks().saturating_mul(512))
    }
}

/// How large a disk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Disk {
    /// Bytes that are free for this process.
    pub(super) free: u64,
    /// All its bytes.
    pub(super) total: u64,
}

/// Makes changes of a directory's entries durable.
pub(super) fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(StoreError::io("sync the directory", dir))
}

/// The lock that keeps a second daemon away from the directory. Goes with the process.
#[derive(Debug)]
pub(super) struct DataDirLock {
    _file: Flock<File>,
}

impl DataDirLock {
    pub(super) fn acquire(layout: &Layout) -> Result<Self, StoreError> {
        let path = layout.lock();
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(StoreError::io("open", &path))?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(mut file) => {
                let noted = file
                    .set_len(0)
                    .and_then(|()| file.rewind())
                    .and_then(|()| writeln!(file, "{}", std::process::id()));
                noted.map_err(StoreError::io("write", &path))?;
                Ok(Self { _file: file })
            }
            Err((mut file, _)) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                let holder = match holder.trim() {
                    "" => "unknown".to_owned(),
                    pid => pid.to_owned(),
                };
                Err(StoreError::Locked {
                    path: layout.root.clone(),
                    holder,
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_lock_is_refused_and_names_the_holder() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::create(dir.path()).unwrap();
        let first = DataDirLock::acquire(&layout).unwrap();
        let error = DataDirLock::acquire(&layout).unwrap_err().to_string();
        assert!(error.contains(&std::process::id().to_string()), "{error}");
        drop(first);
        DataDirLock::acquire(&layout).unwrap();
    }

    #[test]
    fn data_files_are_spread_by_the_first_byte() {
        let layout = Layout { root: "/d".into() };
        let path = layout.data(&FileId([0xab; 32]));
        assert!(path.starts_with("/d/files/ab"));
        assert!(path.to_string_lossy().ends_with("abab.data"));
    }

    #[test]
    fn removing_absent_data_succeeds() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::create(dir.path()).unwrap();
        let file = FileId([1; 32]);
        layout.remove_data(&file).unwrap();
        layout.create_data(&file).unwrap();
        assert!(layout.data(&file).is_file());
        layout.remove_data(&file).unwrap();
        assert!(!layout.data(&file).exists());
    }
}
