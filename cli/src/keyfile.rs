//! Keys of programs: a seed in a file that nobody else can read, without a password.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use noema_chain_client::{AccountId, SigningKey};
use noema_transport::{read_secret, SecretError};
use rand::{rngs::OsRng, RngCore};
use zeroize::Zeroizing;

use crate::{args::compute::KeyArgs, failure::Failure};

/// A key that a command names.
#[derive(Clone, Debug)]
pub(crate) struct NamedKey {
    /// Its account.
    pub(crate) account: AccountId,
    /// The file that was made for it.
    pub(crate) made: Option<PathBuf>,
}

/// Reads the key of a program.
pub(crate) fn read(path: &Path) -> Result<SigningKey, Failure> {
    let secret = Zeroizing::new(read_secret(path).map_err(|e| match e {
        SecretError::Permissions { .. } => Failure::new("permissions", e.to_string()),
        _ => Failure::new("file", e.to_string()),
    })?);
    SigningKey::from_suri(&secret)
        .map_err(|e| Failure::new("key_file", format!("{} has no key: {e}", path.display())))
}

/// Makes a key in a new file.
pub(crate) fn make(path: &Path) -> Result<SigningKey, Failure> {
    let mut seed = Zeroizing::new([0_u8; 32]);
    OsRng.fill_bytes(&mut *seed);
    let key = SigningKey::from_seed(*seed).map_err(|e| Failure::new("key_file", e.to_string()))?;
    let text = Zeroizing::new(format!("0x{}\n", hex::encode(*seed)));
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
    match written {
        Ok(()) => Ok(key),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(Failure::new(
            "exists",
            format!(
                "{} exists already; key files are never overwritten, choose another name",
                path.display()
            ),
        )),
        Err(e) => Err(Failure::io("make", path, &e)),
    }
}

impl KeyArgs {
    /// The key that is meant; made, if its file is not there.
    pub(crate) fn resolve(&self) -> Result<NamedKey, Failure> {
        match (self.key, &self.key_file) {
            (Some(account), _) => Ok(NamedKey {
                account,
                made: None,
            }),
            (None, Some(path)) if path.symlink_metadata().is_ok() => Ok(NamedKey {
                account: read(path)?.account(),
                made: None,
            }),
            (None, Some(path)) => Ok(NamedKey {
                account: make(path)?.account(),
                made: Some(path.clone()),
            }),
            (None, None) => Err(Failure::usage("say which key: --key or --key-file")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn a_key_file_is_private_read_again_and_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let key = make(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(read(&path).unwrap().account(), key.account());
        let before = fs::read(&path).unwrap();
        assert_eq!(make(&path).unwrap_err().code(), "exists");
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_file_that_others_read_or_without_a_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        make(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(read(&path).unwrap_err().code(), "permissions");
        let other = dir.path().join("other");
        fs::write(&other, "these are no words").unwrap();
        fs::set_permissions(&other, fs::Permissions::from_mode(0o600)).unwrap();
        let failure = read(&other).unwrap_err();
        assert_eq!(failure.code(), "key_file");
        assert!(!failure.to_string().contains("these are"));
        assert_eq!(read(&dir.path().join("none")).unwrap_err().code(), "file");
    }

    #[test]
    fn a_named_key_is_made_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let named = KeyArgs {
            key: None,
            key_file: Some(path.clone()),
        };
        let made = named.resolve().unwrap();
        assert_eq!(made.made, Some(path));
        let again = named.resolve().unwrap();
        assert_eq!((again.account, again.made), (made.account, None));
    }
}
