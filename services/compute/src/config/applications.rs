//! Programs that may use the proxy.

use std::{collections::HashSet, path::PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{ConfigError, Units};
use crate::proxy::Application;

/// A program that may use the proxy, in the configuration file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApplicationEntry {
    name: String,
    /// SHA-256 of the key in hex, or
    #[serde(default)]
    key_sha256: Option<String>,
    /// a file with the key; permissions 600.
    #[serde(default)]
    key_file: Option<PathBuf>,
    #[serde(default)]
    limit: Option<Units>,
}

/// Refuses what two applications share: what they spend could not be told apart.
pub(super) fn distinct(applications: &[Application]) -> Result<(), ConfigError> {
    let (mut names, mut keys) = (HashSet::new(), HashSet::new());
    for one in applications {
        if !names.insert(&one.name) || !keys.insert(one.key_hash) {
            return Err(ConfigError::Form {
                name: "applications",
                found: one.name.clone(),
                expected: "a name and a key of its own for each",
            });
        }
    }
    Ok(())
}

impl ApplicationEntry {
    pub(super) fn into_application(self) -> Result<Application, ConfigError> {
        let mut key_hash = [0; 32];
        match (&self.key_sha256, &self.key_file) {
            (Some(digits), None) => {
                hex::decode_to_slice(digits, &mut key_hash).map_err(|_| ConfigError::Form {
                    name: "key_sha256",
                    found: digits.clone(),
                    expected: "64 hex digits",
                })?;
                if key_hash == <[u8; 32]>::from(Sha256::digest(b"")) {
                    return Err(ConfigError::Form {
                        name: "key_sha256",
                        found: digits.clone(),
                        expected: "the hash of a key that is not empty",
                    });
                }
            }
            (None, Some(path)) => {
                let secret = noema_transport::read_secret(path)?;
                let secret = secret.trim();
                if secret.is_empty() {
                    // Every program without a key has this one.
                    return Err(ConfigError::Form {
                        name: "key_file",
                        found: path.display().to_string(),
                        expected: "a file with a key that is not empty",
                    });
                }
                key_hash = Sha256::digest(secret.as_bytes()).into();
            }
            _ => return Err(ConfigError::Missing("key_sha256 or key_file")),
        }
        Ok(Application {
            name: self.name,
            key_hash,
            limit: self.limit.map(|units| units.0),
        })
    }
}
