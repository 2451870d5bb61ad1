//! Finding the programs that a network runs.

use std::path::{Path, PathBuf};

use crate::Error;

const NODE: &str = "noema-node";
const STORAGE: &str = "noema-storage";
const COMPUTE: &str = "noema-compute";
const AVAILABILITY: &str = "noema-da";

/// The programs of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    /// The chain client, `noema-node`.
    pub node: PathBuf,
    /// The storage provider daemon, `noema-storage`.
    pub storage: PathBuf,
}

impl Binaries {
    /// Looks in the directory that the environment variable `NOEMA_BIN_DIR` names, and nowhere else
    /// if it is set; else beside the running program (and one above, where the programs of a test in
    /// `deps/` are), then in `release/` of the build directory (`CARGO_TARGET_DIR`, else `target/`
    /// here or above).
    pub fn locate() -> Result<Self, Error> {
        Self::locate_in(&directories())
    }

    /// Looks for the chain client alone, in the same places.
    pub fn locate_node() -> Result<PathBuf, Error> {
        find(NODE, &directories())
    }

    /// Looks for the daemons of the compute market alone, in the same places.
    pub fn locate_compute() -> Result<PathBuf, Error> {
        find(COMPUTE, &directories())
    }

    /// Looks for the daemons of data availability alone, in the same places.
    pub fn locate_availability() -> Result<PathBuf, Error> {
        find(AVAILABILITY, &directories())
    }

    /// Looks in `dirs`, in their order; both programs come from the same directory if one has both.
    pub fn locate_in(dirs: &[PathBuf]) -> Result<Self, Error> {
        let both = dirs
            .iter()
            .find(|dir| dir.join(NODE).is_file() && dir.join(STORAGE).is_file());
        let dirs = both.map_or(dirs, std::slice::from_ref);
        Ok(Self {
            node: find(NODE, dirs)?,
            storage: find(STORAGE, dirs)?,
        })
    }
}

fn find(name: &'static str, dirs: &[PathBuf]) -> Result<PathBuf, Error> {
    dirs.iter()
        .map(|dir| dir.join(name))
        .find(|path| path.is_file())
        .ok_or_else(|| {
            let tried: Vec<_> = dirs
                .iter()
                .map(|dir| dir.join(name).display().to_string())
                .collect();
            Error::BinaryMissing {
                name,
                searched: tried.join(", "),
            }
        })
}

fn directories() -> Vec<PathBuf> {
    match std::env::var_os("NOEMA_BIN_DIR") {
        Some(dir) => vec![PathBuf::from(dir)],
        None => usual_directories(),
    }
}

fn usual_directories() -> Vec<PathBuf> {
    let mut dirs = Vec::new();
    if let Some(beside) = std::env::current_exe()
        .ok()
        .as_deref()
        .and_then(Path::parent)
    {
        dirs.push(beside.to_path_buf());
        if beside.ends_with("deps") {
            dirs.extend(beside.parent().map(Path::to_path_buf));
        }
    }
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(target) => dirs.push(PathBuf::from(target).join("release")),
        None => {
            let here = std::env::current_dir().unwrap_or_default();
            dirs.extend(here.ancestors().map(|above| above.join("target/release")));
        }
    }
    dirs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_one_build_are_preferred_and_missing_ones_are_named() {
        let first = tempfile::tempdir().unwrap();
        let second = tempfile::tempdir().unwrap();
        let dirs = [first.path().to_path_buf(), second.path().to_path_buf()];

        std::fs::write(first.path().join(NODE), "").unwrap();
        let error = Binaries::locate_in(&dirs).unwrap_err().to_string();
        assert!(error.contains("noema-storage"), "{error}");
        assert!(
            error.contains(&second.path().display().to_string()),
            "{error}"
        );

        std::fs::write(second.path().join(NODE), "").unwrap();
        std::fs::write(second.path().join(STORAGE), "").unwrap();
        let found = Binaries::locate_in(&dirs).unwrap();
        assert_eq!(found.node, second.path().join(NODE));
        assert_eq!(found.storage, second.path().join(STORAGE));
    }
}
