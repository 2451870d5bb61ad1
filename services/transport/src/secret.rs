//! Files with secrets.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Why a secret cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file can be read by others.
    #[error("{path} has permissions {found:03o}: expected 600, since it holds a secret; run `chmod 600 {path}`")]
    Permissions {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        found: u32,
    },
}

/// Reads a file that nobody else can read.
///
/// # Errors
/// When it cannot be read, or its group or others have any permission.
pub fn read_secret(path: &Path) -> Result<String, SecretError> {
    let error = |source| SecretError::Read {
        path: path.to_owned(),
        source,
    };
    let found = fs::metadata(path).map_err(error)?.permissions().mode() & 0o777;
    if found & 0o077 != 0 {
        return Err(SecretError::Permissions {
            path: path.to_owned(),
            found,
        });
    }
    fs::read_to_string(path).map_err(error)
}
