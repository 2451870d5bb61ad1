//! The file with a seat's secret key.

use std::{
    fs, io,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use noema_transport::{read_secret, SecretError};
use zeroize::Zeroizing;

use super::SeatSecret;

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// It cannot be read, or others can read it.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// It holds something else. Never says what.
    #[error("{path} holds no seat key: expected 0x and 64 hex digits of a BLS12-381 scalar; make one with `noema-da key new`")]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// There is a file already.
    #[error("{path} is there already: a key is never overwritten, since a seat signs with it until its eras are over; choose another name")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// A file with one seat's secret: `0x` and the 64 hex digits of the scalar, big-endian; permissions 600.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatKeyFile(PathBuf);

impl SeatKeyFile {
    /// The file at this path, which need not be there yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Makes a key and writes it; durable when this returns.
    ///
    /// # Errors
    /// When there is a file already, or none can be written.
    pub fn create(&self) -> Result<SeatSecret, KeyFileError> {
        let secret = SeatSecret::generate();
        let text = Zeroizing::new(format!(
            "0x{}\n",
            Zeroizing::new(hex::encode(secret.to_bytes().as_slice())).as_str()
        ));
        self.write(&text).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => KeyFileError::Exists {
                path: self.0.clone(),
            },
            _ => KeyFileError::Write {
                path: self.0.clone(),
                source,
            },
        })?;
        Ok(secret)
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let dir = match self.0.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            _ => Path::new("."),
        };
        fs::create_dir_all(dir)?;
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&self.0)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::File::open(dir)?.sync_all()
    }

    /// Reads the key.
    ///
    /// # Errors
    /// When the file cannot be read, others can read it, or it holds something else.
    pub fn read(&self) -> Result<SeatSecret, KeyFileError> {
        let text = Zeroizing::new(read_secret(&self.0)?);
        let malformed = || KeyFileError::Malformed {
            path: self.0.clone(),
        };
        let digits = text.trim().strip_prefix("0x").ok_or_else(malformed)?;
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(digits, bytes.as_mut_slice()).map_err(|_| malformed())?;
        SeatSecret::from_bytes(&bytes).ok_or_else(malformed)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_written_privately_once_and_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let file = SeatKeyFile::at(dir.path().join("keys/seat.key"));
        let made = file.create().unwrap();
        let mode = fs::metadata(file.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(file.read().unwrap().public(), made.public());
        assert!(matches!(file.create(), Err(KeyFileError::Exists { .. })));
        assert_eq!(file.read().unwrap().public(), made.public());
        let other = SeatKeyFile::at(dir.path().join("other.key"));
        assert_ne!(other.create().unwrap().public(), made.public());
    }

    #[test]
    fn a_file_that_others_read_or_that_holds_no_key_is_refused_without_showing_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = SeatKeyFile::at(dir.path().join("seat.key"));
        file.create().unwrap();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(file.read(), Err(KeyFileError::Secret(_))));
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o600)).unwrap();
        let zero = format!("0x{}", "00".repeat(32));
        for text in [
            "",
            "0x12",
            &"ab".repeat(32),
            &zero,
            &format!("0x{}", "zz".repeat(32)),
        ] {
            fs::write(file.path(), text).unwrap();
            let error = file.read().unwrap_err();
            assert!(matches!(error, KeyFileError::Malformed { .. }), "{error}");
            assert!(text.is_empty() || !error.to_string().contains(text));
        }
    }
}
