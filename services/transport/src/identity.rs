//! A daemon's TLS key.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use noema_endpoint::Pin;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::{
    crypto::ring,
    pki_types::{pem::PemObject, CertificateDer, PrivateKeyDer},
    server::ParsedCertificate,
    sign::CertifiedKey,
    version::TLS13,
    ServerConfig,
};

use crate::{pin_of, read_secret, Certificate, SecretError};

/// The file of the key that is made at the first start.
const KEY_FILE: &str = "tls.key";

/// A daemon's key, with the certificate in which it shows it.
#[derive(Debug)]
pub struct Identity {
    pin: Pin,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// A file cannot be read or written.
    #[error("cannot {what} {path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The key file cannot be read, or others can read it.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The file holds something else.
    #[error("{path} holds no usable {expected} in PEM form: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Key and certificate are not of each other, or of a kind that TLS 1.3 does not know.
    #[error("key and certificate cannot be used together: {0}")]
    Mismatch(#[source] rustls::Error),
    /// No certificate can be made for the key.
    #[error("cannot make a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
}

impl Identity {
    /// The key in `dir`, made if there is none, with a certificate that it signs itself. The
    /// certificate is made anew each time: only the key counts.
    ///
    /// # Errors
    /// When the key can be neither read nor written, or others can read it.
    pub fn load_or_create(dir: &Path) -> Result<Self, IdentityError> {
        let path = dir.join(KEY_FILE);
        let key = match read_secret(&path) {
            Ok(pem) => KeyPair::from_pem(&pem).map_err(|error| IdentityError::Malformed {
                path,
                expected: "private key",
                reason: error.to_string(),
            })?,
            Err(SecretError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                let key = KeyPair::generate()?;
                write_secret(&path, &key.serialize_pem())?;
                key
            }
            Err(error) => return Err(error.into()),
        };
        let mut params = CertificateParams::new(vec!["localhost".to_owned()])?;
        params.distinguished_name = DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, "noema provider");
        let certificate = params.self_signed(&key)?;
        let der = PrivateKeyDer::try_from(key.serialize_der()).map_err(|reason| {
            IdentityError::Malformed {
                path: dir.join(KEY_FILE),
                expected: "private key",
                reason: reason.to_owned(),
            }
        })?;
        Self::new(vec![certificate.der().clone()], der)
    }

    /// A key and the certificates for it, from PEM files: of an authority, so that browsers accept
    /// them as well. Keep the key when the certificate is renewed: it is the key that is pinned.
    ///
    /// # Errors
    /// When a file cannot be read, others can read the key, or the two do not belong together.
    pub fn from_files(key: &Path, certificates: &Path) -> Result<Self, IdentityError> {
        let malformed = |path: &Path, expected, reason: String| IdentityError::Malformed {
            path: path.to_owned(),
            expected,
            reason,
        };
        let secret = read_secret(key)?;
        let private = PrivateKeyDer::from_pem_slice(secret.as_bytes())
            .map_err(|error| malformed(key, "private key", error.to_string()))?;
        let text = fs::read(certificates).map_err(|source| IdentityError::Io {
            what: "read",
            path: certificates.to_owned(),
            source,
        })?;
        let chain = CertificateDer::pem_slice_iter(&text)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| malformed(certificates, "certificate", error.to_string()))?;
        if chain.is_empty() {
            let reason = "there is none".to_owned();
            return Err(malformed(certificates, "certificate", reason));
        }
        Self::new(chain, private)
    }

    fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, IdentityError> {
        let first = chain.first().ok_or(IdentityError::Mismatch(
            rustls::Error::NoCertificatesPresented,
        ))?;
        let parsed = ParsedCertificate::try_from(first).map_err(IdentityError::Mismatch)?;
        let pin = pin_of(parsed.subject_public_key_info().as_ref());
        let identity = Self { pin, chain, key };
        // What does not fit together is found now and not at the first connection.
        identity.certified()?;
        Ok(identity)
    }

    /// Hash of the public key, for the endpoint on chain.
    pub fn pin(&self) -> Pin {
        self.pin
    }

    /// How to answer with this key: TLS 1.3, HTTP/2 or HTTP/1.1.
    ///
    /// # Errors
    /// When key and certificate do not belong together.
    pub fn server_config(&self) -> Result<Arc<ServerConfig>, IdentityError> {
        self.renewable().map(|(config, _)| config)
    }

    /// The same, with what renews the certificate.
    ///
    /// # Errors
    /// When key and certificate do not belong together.
    pub fn renewable(&self) -> Result<(Arc<ServerConfig>, Arc<Certificate>), IdentityError> {
        let certificate = Arc::new(Certificate::new(self.pin, self.certified()?));
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13])
            .map_err(IdentityError::Mismatch)?
            .with_no_client_auth()
            .with_cert_resolver(certificate.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok((Arc::new(config), certificate))
    }

    /// Key and certificate as connections use them.
    pub(crate) fn certified(&self) -> Result<CertifiedKey, IdentityError> {
        let (chain, key) = (self.chain.clone(), self.key.clone_key());
        CertifiedKey::from_der(chain, key, &ring::default_provider())
            .map_err(IdentityError::Mismatch)
    }
}

/// Written beside and renamed, so that a crash leaves a whole key or none. A data directory has one
/// daemon, so that nobody else writes meanwhile.
fn write_secret(path: &Path, text: &str) -> Result<(), IdentityError> {
    let beside = path.with_extension("key.new");
    let io = |source| IdentityError::Io {
        what: "write",
        path: path.to_owned(),
        source,
    };
    let write = || {
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir)?;
        }
        let _ = fs::remove_file(&beside);
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        path.parent()
            .map_or(Ok(()), |dir| fs::File::open(dir)?.sync_all())
    };
    write().map_err(io)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use rcgen::PublicKeyData;

    use super::*;

    #[test]
    fn the_key_is_made_once_and_kept_private() {
        let dir = tempfile::tempdir().unwrap();
        let nested = dir.path().join("data");
        let first = Identity::load_or_create(&nested).unwrap().pin();
        let again = Identity::load_or_create(&nested).unwrap().pin();
        assert_eq!(first, again);
        let mode = fs::metadata(nested.join(KEY_FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let other = tempfile::tempdir().unwrap();
        assert_ne!(first, Identity::load_or_create(other.path()).unwrap().pin());
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        Identity::load_or_create(dir.path()).unwrap();
        let key = dir.path().join(KEY_FILE);
        fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
        let error = Identity::load_or_create(dir.path()).unwrap_err();
        assert!(error.to_string().contains("640"), "{error}");
    }

    #[test]
    fn files_must_hold_what_they_should_and_belong_together() {
        let dir = tempfile::tempdir().unwrap();
        let secret = |name: &str, text: &str| {
            let path = dir.path().join(name);
            write_secret(&path, text).unwrap();
            path
        };
        let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let certificate = CertificateParams::new(vec!["a.example".to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        let right = secret("right.key", &key.serialize_pem());
        let wrong = secret("wrong.key", &other.serialize_pem());
        let chain = secret("chain.pem", &certificate.pem());
        let nothing = secret("nothing.pem", "nothing\n");
        let identity = Identity::from_files(&right, &chain).unwrap();
        assert_eq!(identity.pin(), pin_of(&key.subject_public_key_info()));
        assert!(matches!(
            Identity::from_files(&wrong, &chain),
            Err(IdentityError::Mismatch(_))
        ));
        for (key, chain) in [(&nothing, &chain), (&right, &nothing), (&right, &right)] {
            assert!(matches!(
                Identity::from_files(key, chain),
                Err(IdentityError::Malformed { .. })
            ));
        }
    }
}
