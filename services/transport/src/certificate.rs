//! The certificate that a server shows, renewed while it runs.

use std::{
    fs, io,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::SystemTime,
};

use noema_endpoint::Pin;
use rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use crate::{Identity, IdentityError};

/// What a server shows: a key, for good, and the certificate for it, which can be replaced.
#[derive(Debug)]
pub struct Certificate {
    pin: Pin,
    shown: RwLock<Arc<CertifiedKey>>,
}

/// Why a certificate was not renewed; what was shown before is still shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenewalError {
    /// It is for another key than the one that clients pin.
    #[error("the certificate is for another key: expected the pin {expected}, found {found}; keep the key at every renewal, or announce the new one and restart")]
    OtherKey {
        /// Of the key that is shown.
        expected: Pin,
        /// Of the new one.
        found: Pin,
    },
    /// Key or certificates cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

impl Certificate {
    pub(crate) fn new(pin: Pin, shown: CertifiedKey) -> Self {
        let shown = RwLock::new(Arc::new(shown));
        Self { pin, shown }
    }

    /// Shows the certificate of `identity` to every connection from now on.
    ///
    /// # Errors
    /// When it is for another key.
    pub fn renew(&self, identity: &Identity) -> Result<(), RenewalError> {
        if identity.pin() != self.pin {
            return Err(RenewalError::OtherKey {
                expected: self.pin,
                found: identity.pin(),
            });
        }
        let renewed = Arc::new(identity.certified()?);
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = renewed;
        Ok(())
    }

    fn shown(&self) -> Arc<CertifiedKey> {
        let shown = self.shown.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&shown)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.shown())
    }
}

/// The files that a certificate and its key come from.
#[derive(Clone, Debug)]
pub struct CertificateFiles {
    key: PathBuf,
    certificates: PathBuf,
    version: Option<Version>,
}

/// Of a file: whoever renews a certificate replaces it.
type Version = (Option<SystemTime>, u64);

impl CertificateFiles {
    /// Files that were just read.
    pub fn new(key: PathBuf, certificates: PathBuf) -> Self {
        let mut files = Self {
            key,
            certificates,
            version: None,
        };
        files.version = files.version().ok();
        files
    }

    fn version(&self) -> io::Result<Version> {
        let metadata = fs::metadata(&self.certificates)?;
        Ok((metadata.modified().ok(), metadata.len()))
    }

    /// Shows the certificates of the files, if they were replaced since the last look. Whether they
    /// were.
    ///
    /// # Errors
    /// When the new ones cannot be used; they are not tried again until they are replaced once more.
    pub fn renew(&mut self, certificate: &Certificate) -> Result<bool, RenewalError> {
        // A file that is being replaced may not be there.
        let found = self.version().ok();
        if found.is_none() || found == self.version {
            return Ok(false);
        }
        self.version = found;
        certificate.renew(&Identity::from_files(&self.key, &self.certificates)?)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::OpenOptionsExt, path::Path};

    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    /// Writes `key` and a certificate for `name`.
    fn write(dir: &Path, key: &KeyPair, name: &str) -> (PathBuf, PathBuf) {
        let (secret, certificates) = (dir.join("key.pem"), dir.join("certificates.pem"));
        let _ = fs::remove_file(&secret);
        let mut private = fs::OpenOptions::new();
        let mut file = private
            .write(true)
            .create(true)
            .mode(0o600)
            .open(&secret)
            .unwrap();
        io::Write::write_all(&mut file, key.serialize_pem().as_bytes()).unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        fs::write(&certificates, params.self_signed(key).unwrap().pem()).unwrap();
        (secret, certificates)
    }

    #[test]
    fn a_renewed_certificate_of_the_same_key_is_shown_without_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let (secret, path) = write(dir.path(), &key, "a.example");
        let identity = Identity::from_files(&secret, &path).unwrap();
        let (_, certificate) = identity.renewable().unwrap();
        let mut files = CertificateFiles::new(secret, path);
        let first = certificate.shown().cert.clone();
        assert!(!files.renew(&certificate).unwrap());

        write(dir.path(), &key, "another.example");
        assert!(files.renew(&certificate).unwrap());
        assert_ne!(certificate.shown().cert, first);
        assert!(!files.renew(&certificate).unwrap());
    }

    #[test]
    fn another_key_or_a_damaged_file_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let (secret, path) = write(dir.path(), &key, "a.example");
        let identity = Identity::from_files(&secret, &path).unwrap();
        let (_, certificate) = identity.renewable().unwrap();
        let mut files = CertificateFiles::new(secret, path.clone());
        let first = certificate.shown().cert.clone();

        write(dir.path(), &KeyPair::generate().unwrap(), "another.example");
        let error = files.renew(&certificate).unwrap_err();
        assert!(matches!(error, RenewalError::OtherKey { .. }), "{error}");
        // Said once, not at every look.
        assert!(!files.renew(&certificate).unwrap());
        fs::write(&path, "no certificate").unwrap();
        assert!(files.renew(&certificate).is_err());
        fs::remove_file(&path).unwrap();
        assert!(!files.renew(&certificate).unwrap());
        assert_eq!(certificate.shown().cert, first);
    }
}
