//! Settings: flags, then environment variables, then a TOML file, then defaults.

use std::{
    fs,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use noema_chain_client::{KeyError, SigningKey};
use noema_transport::{read_secret, SecretError, TlsError};
use serde::de::DeserializeOwned;

/// Where the node is if nothing is said.
pub const NODE: &str = "ws://127.0.0.1:9944";

/// Why settings are not usable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// Something needed is not given.
    #[error("{0} is not set: give --{0}, the environment variable, or an entry in the configuration file")]
    Missing(&'static str),
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not what is expected.
    #[error("{path} is no configuration: {reason}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A key file cannot be read, or others can read it.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A key file holds no secret.
    #[error("{path}: {source}")]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong, without the secret.
        source: KeyError,
    },
    /// Two keys are given.
    #[error("both a file and a development key are given as {0}: give one of them")]
    TwoKeys(&'static str),
    /// The development key's name is none.
    #[error("development key: {0}")]
    DevKey(KeyError),
    /// Key, mode and address do not fit together.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Something named cannot be used.
    #[error("{what}: {reason}")]
    Unusable {
        /// What.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Something is not in the form that is expected.
    #[error("{name} is {found:?}: expected {expected}")]
    Form {
        /// The setting.
        name: &'static str,
        /// What was given.
        found: String,
        /// What is expected.
        expected: &'static str,
    },
    /// A number is out of range.
    #[error("{name} is {found}: expected {expected}")]
    OutOfRange {
        /// The setting.
        name: &'static str,
        /// The value given.
        found: u64,
        /// What is allowed.
        expected: &'static str,
    },
}

/// Reads the configuration file, if there is one.
///
/// # Errors
/// When it cannot be read, or is no configuration of this kind.
pub fn from_file<T: DeserializeOwned + Default>(path: Option<&Path>) -> Result<T, SettingsError> {
    let Some(path) = path else {
        return Ok(T::default());
    };
    let text = fs::read_to_string(path).map_err(|source| SettingsError::Read {
        path: path.to_owned(),
        source,
    })?;
    toml::from_str(&text).map_err(|e| SettingsError::Syntax {
        path: path.to_owned(),
        reason: e.message().to_owned(),
    })
}

/// A key from a file that nobody else can read, or a well-known one; None when neither is given.
///
/// # Errors
/// When both are given, or what is given is no key.
pub fn key(
    name: &'static str,
    file: Option<&Path>,
    dev: Option<&str>,
) -> Result<Option<SigningKey>, SettingsError> {
    match (file, dev) {
        (Some(_), Some(_)) => Err(SettingsError::TwoKeys(name)),
        (Some(path), None) => {
            let secret = read_secret(path)?;
            let key = SigningKey::from_suri(&secret).map_err(|source| SettingsError::Key {
                path: path.to_owned(),
                source,
            })?;
            Ok(Some(key))
        }
        (None, Some(dev)) => SigningKey::dev(dev)
            .map(Some)
            .map_err(SettingsError::DevKey),
        (None, None) => Ok(None),
    }
}

/// A key given here, whichever way, replaces a key of the configuration file.
pub fn pick_key(
    here: (Option<PathBuf>, Option<String>),
    file: (Option<PathBuf>, Option<String>),
) -> (Option<PathBuf>, Option<String>) {
    match here.0.is_some() || here.1.is_some() {
        true => here,
        false => file,
    }
}

/// The number, if it is allowed.
///
/// # Errors
/// When it is not.
pub fn in_range(
    name: &'static str,
    found: u64,
    allowed: RangeInclusive<u64>,
    expected: &'static str,
) -> Result<u64, SettingsError> {
    match allowed.contains(&found) {
        true => Ok(found),
        false => Err(SettingsError::OutOfRange {
            name,
            found,
            expected,
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn written(text: &str, mode: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
        file
    }

    #[test]
    fn a_key_comes_from_a_private_file_or_a_name_and_not_from_both() {
        let alice = SigningKey::dev("Alice").unwrap().account();
        let file = written("//Alice\n", 0o600);
        let read = key("k", Some(file.path()), None).unwrap().unwrap();
        assert_eq!(read.account(), alice);
        let named = key("k", None, Some("Alice")).unwrap().unwrap();
        assert_eq!(named.account(), alice);
        assert!(key("k", None, None).unwrap().is_none());
        let both = key("k", Some(file.path()), Some("Alice"));
        assert!(matches!(both, Err(SettingsError::TwoKeys("k"))));
        let open = written("//Alice\n", 0o640);
        let refused = key("k", Some(open.path()), None);
        assert!(matches!(refused, Err(SettingsError::Secret(_))));
    }

    #[test]
    fn a_key_given_here_replaces_the_file_s_whichever_way() {
        let dev = |name: &str| (None, Some(name.to_owned()));
        let file = (Some(PathBuf::from("a.key")), None);
        assert_eq!(pick_key(dev("Bob"), file.clone()), dev("Bob"));
        assert_eq!(pick_key((None, None), file.clone()), file);
    }

    #[test]
    fn numbers_out_of_range_say_what_is_allowed() {
        assert_eq!(in_range("days", 3, 1..=7, "1 to 7").unwrap(), 3);
        let error = in_range("days", 9, 1..=7, "1 to 7").unwrap_err();
        assert_eq!(error.to_string(), "days is 9: expected 1 to 7");
    }
}
