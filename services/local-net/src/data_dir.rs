//! The directory that holds a network: locked while it runs, and remembered for the next run.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Seek, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};

use crate::Error;

const LOCK: &str = "lock";
const MANIFEST: &str = "network.json";

/// What a run leaves for the next one.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// Version of this file.
    pub(crate) version: u32,
    /// Validators in the genesis; cannot change later.
    pub(crate) validators: usize,
    /// The most providers that any run had.
    pub(crate) providers: usize,
}

impl Manifest {
    pub(crate) const VERSION: u32 = 1;
}

/// A locked data directory.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    /// What an earlier run left.
    earlier: Option<Manifest>,
    _lock: Flock<File>,
    /// A throw-away directory is removed when this drops, after the lock's file.
    _temporary: Option<tempfile::TempDir>,
}

impl DataDir {
    /// A new directory that goes when this value goes.
    pub(crate) fn temporary() -> Result<Self, Error> {
        let dir = tempfile::Builder::new()
            .prefix("noema-net-")
            .tempdir()
            .map_err(Error::io("create a directory in", std::env::temp_dir()))?;
        let path = dir.path().to_path_buf();
        let lock = lock(&path)?;
        Ok(Self {
            path,
            earlier: None,
            _lock: lock,
            _temporary: Some(dir),
        })
    }

    /// Opens or makes the directory at `path`.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        fs::create_dir_all(path).map_err(Error::io("create the directory", path))?;
        // Processes get paths below it and may have another working directory.
        let path = path
            .canonicalize()
            .map_err(Error::io("resolve the directory", path))?;
        let manifest = path.join(MANIFEST);
        if !manifest.exists() && !is_empty_but_for_lock(&path)? {
            return Err(Error::ForeignDirectory { dir: path });
        }
        let lock = lock(&path)?;
        let earlier = match fs::read(&manifest) {
            Ok(text) => Some(serde_json::from_slice(&text).map_err(|e| Error::Io {
                what: "read the network description in",
                path: manifest.clone(),
                source: e.into(),
            })?),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
            Err(e) => return Err(Error::io("read", manifest)(e)),
        };
        Ok(Self {
            path,
            earlier,
            _lock: lock,
            _temporary: None,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether an earlier run has begun a chain here.
    pub(crate) fn has_chain(&self) -> bool {
        self.earlier.is_some()
    }

    /// Refuses a shape that the chain here does not have.
    pub(crate) fn check(&self, validators: usize) -> Result<(), Error> {
        match &self.earlier {
            Some(earlier) if earlier.validators != validators => Err(Error::OtherValidators {
                dir: self.path.clone(),
                expected: validators,
                found: earlier.validators,
            }),
            _ => Ok(()),
        }
    }

    /// Writes down the shape, which must have been [checked](Self::check). Returns the most providers
    /// that any run had, this one included.
    pub(crate) fn settle(&self, validators: usize, providers: usize) -> Result<usize, Error> {
        let before = self.earlier.as_ref().map_or(0, |earlier| earlier.providers);
        let manifest = Manifest {
            version: Manifest::VERSION,
            validators,
            providers: providers.max(before),
        };
        let text = serde_json::to_vec_pretty(&manifest).expect("numbers serialise");
        write_private(&self.path.join(MANIFEST), &text)?;
        Ok(manifest.providers)
    }
}

/// Writes `bytes` to `path` so that a reader sees the old content or the new, readable by the owner
/// only.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let write = || {
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    write().map_err(Error::io("write", path))
}

fn is_empty_but_for_lock(dir: &Path) -> Result<bool, Error> {
    const OURS: [&str; 3] = [LOCK, "logs", crate::chain_spec::FILE];
    let mut entries = fs::read_dir(dir).map_err(Error::io("read the directory", dir))?;
    // What a run leaves that failed before its chain began.
    Ok(entries.all(|entry| {
        entry.is_ok_and(|entry| {
            let name = entry.file_name();
            OURS.iter()
                .any(|ours| name.to_string_lossy().starts_with(ours))
        })
    }))
}

fn lock(dir: &Path) -> Result<Flock<File>, Error> {
    let path = dir.join(LOCK);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .map_err(Error::io("open", &path))?;
    let mut lock = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => lock,
        Err((mut file, nix::errno::Errno::EWOULDBLOCK)) => {
            let mut owner = String::new();
            let _ = file.read_to_string(&mut owner);
            let owner = Some(owner.trim().to_owned()).filter(|owner| !owner.is_empty());
            return Err(Error::Locked {
                dir: dir.to_path_buf(),
                owner,
            });
        }
        Err((_, errno)) => return Err(Error::io("lock", path)(errno.into())),
    };
    let write = |file: &mut File| {
        file.set_len(0)?;
        file.rewind()?;
        write!(file, "{}", std::process::id())
    };
    write(&mut lock).map_err(Error::io("write", path))?;
    Ok(lock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_network_on_the_same_directory_is_refused_and_told_who_has_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data");
        let first = DataDir::open(&path).unwrap();
        first.settle(1, 3).unwrap();
        let error = DataDir::open(&path).unwrap_err();
        assert!(
            error.to_string().contains(&std::process::id().to_string()),
            "{error}"
        );
        drop(first);
        DataDir::open(&path).unwrap();
    }

    #[test]
    fn the_number_of_validators_cannot_change_but_that_of_providers_can() {
        let dir = tempfile::tempdir().unwrap();
        DataDir::open(dir.path()).unwrap().settle(1, 3).unwrap();
        assert_eq!(DataDir::open(dir.path()).unwrap().settle(1, 2).unwrap(), 3);
        assert_eq!(DataDir::open(dir.path()).unwrap().settle(1, 5).unwrap(), 5);
        let dir = DataDir::open(dir.path()).unwrap();
        assert!(dir.has_chain());
        dir.check(1).unwrap();
        let error = dir.check(2).unwrap_err();
        assert!(
            matches!(
                error,
                Error::OtherValidators {
                    expected: 2,
                    found: 1,
                    ..
                }
            ),
            "{error}"
        );
    }

    #[test]
    fn a_directory_with_other_things_in_it_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("thesis.tex"), "x").unwrap();
        assert!(matches!(
            DataDir::open(dir.path()),
            Err(Error::ForeignDirectory { .. })
        ));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_temporary_one_goes_with_its_owner() {
        let dir = DataDir::temporary().unwrap();
        let path = dir.path().to_path_buf();
        assert!(path.exists());
        drop(dir);
        assert!(!path.exists());
    }
}
