//! Roots that this provider does not hold, whatever it is paid.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::SystemTime,
};

use noema_chain_client::Hash;

/// The longest list that is read, in bytes: half a million roots.
const MAX_LIST: u64 = 32 << 20;

/// The roots of a file, one in a line; read again when the file changes. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub(crate) struct DenyList(Option<Arc<List>>);

#[derive(Debug)]
struct List {
    path: PathBuf,
    current: RwLock<(Version, HashSet<[u8; 32]>)>,
}

/// What shows that a file was changed: an editor that writes a new file changes both.
type Version = (Option<SystemTime>, u64);

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DenyListError {
    /// The file cannot be read.
    #[error("cannot read the deny-list {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is too long.
    #[error("the deny-list {path} has {found} bytes: expected at most {MAX_LIST}")]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Its bytes.
        found: u64,
    },
    /// A line is no root.
    #[error("{path}, line {line}: expected a root of 64 hex digits, found {found:?}")]
    NoRoot {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What stands there, shortened.
        found: String,
    },
}

impl DenyList {
    /// Reads a list. Empty lines and what follows a `#` do not count.
    pub(crate) fn read(path: &Path) -> Result<Self, DenyListError> {
        let current = RwLock::new(read(path)?);
        let path = path.to_owned();
        Ok(Self(Some(Arc::new(List { path, current }))))
    }

    /// Whether a root is on the list.
    pub(crate) fn contains(&self, root: &[u8; 32]) -> bool {
        self.0.as_ref().is_some_and(|list| {
            let current = list.current.read().unwrap_or_else(PoisonError::into_inner);
            current.1.contains(root)
        })
    }

    /// Reads the list again if its file has changed. A file that cannot be used changes nothing:
    /// what was denied stays denied.
    pub(crate) fn refresh(&self) {
        let Some(list) = &self.0 else { return };
        let known = {
            let current = list.current.read().unwrap_or_else(PoisonError::into_inner);
            current.0
        };
        let changed = version(&list.path).is_ok_and(|found| found != known);
        if !changed {
            return;
        }
        match read(&list.path) {
            Ok(next) => {
                tracing::info!(roots = next.1.len(), "read the deny-list again");
                *list.current.write().unwrap_or_else(PoisonError::into_inner) = next;
            }
            Err(error) => tracing::error!(%error, "the deny-list stays as it was"),
        }
    }
}

fn version(path: &Path) -> Result<Version, DenyListError> {
    let metadata = fs::metadata(path).map_err(|source| DenyListError::Read {
        path: path.to_owned(),
        source,
    })?;
    Ok((metadata.modified().ok(), metadata.len()))
}

fn read(path: &Path) -> Result<(Version, HashSet<[u8; 32]>), DenyListError> {
    // Before the text: a change in between is seen the next time.
    let version = version(path)?;
    if version.1 > MAX_LIST {
        return Err(DenyListError::TooLong {
            path: path.to_owned(),
            found: version.1,
        });
    }
    let text = fs::read_to_string(path).map_err(|source| DenyListError::Read {
        path: path.to_owned(),
        source,
    })?;
    let roots = text
        .lines()
        .enumerate()
        .map(|(at, line)| (at, line.split('#').next().unwrap_or_default().trim()))
        .filter(|(_, root)| !root.is_empty())
        .map(|(at, root)| {
            let parsed: Result<Hash, _> = root.parse();
            parsed
                .map(|root| root.0)
                .map_err(|_| DenyListError::NoRoot {
                    path: path.to_owned(),
                    line: at + 1,
                    found: root.chars().take(80).collect(),
                })
        })
        .collect::<Result<_, _>>()?;
    Ok((version, roots))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        fs::write(path, text).unwrap();
    }

    #[test]
    fn roots_are_read_with_or_without_0x_and_comments() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deny");
        let (one, two) = ("01".repeat(32), "0x".to_owned() + &"02".repeat(32));
        write(
            &path,
            &format!("# reported\n{one}  # by a court\n\n {two}\n"),
        );
        let list = DenyList::read(&path).unwrap();
        assert!(list.contains(&[1; 32]));
        assert!(list.contains(&[2; 32]));
        assert!(!list.contains(&[3; 32]));
        assert!(!DenyList::default().contains(&[1; 32]));
    }

    #[test]
    fn a_changed_list_counts_and_a_broken_one_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deny");
        write(&path, &"01".repeat(32));
        let list = DenyList::read(&path).unwrap();
        write(
            &path,
            &format!("{}\n{}\n", "02".repeat(32), "03".repeat(32)),
        );
        list.refresh();
        assert!(!list.contains(&[1; 32]));
        assert!(list.contains(&[3; 32]));
        for broken in ["nonsense", "0102", ""] {
            write(&path, &format!("{}\n{broken}x\n", "04".repeat(32)));
            list.refresh();
            assert!(
                list.contains(&[3; 32]) && !list.contains(&[4; 32]),
                "{broken}"
            );
        }
        fs::remove_file(&path).unwrap();
        list.refresh();
        assert!(list.contains(&[3; 32]));
    }

    #[test]
    fn what_is_wrong_with_a_list_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deny");
        let error = DenyList::read(&path).unwrap_err().to_string();
        assert!(error.contains("deny"), "{error}");
        write(&path, "\nnot a root\n");
        let error = DenyList::read(&path).unwrap_err().to_string();
        assert!(
            error.contains("line 2") && error.contains("not a root"),
            "{error}"
        );
    }
}
