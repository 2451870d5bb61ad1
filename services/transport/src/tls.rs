//! Which key the daemon shows, and where it may do without.

use std::{
    future::Future,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use clap::ValueEnum;
use noema_endpoint::Pin;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use crate::{Certificate, CertificateFiles, Identity, IdentityError, Security};

/// How often files of certificates are looked at. They are renewed weeks before they end.
const RENEWAL_LOOK: Duration = Duration::from_secs(60);

/// When connections are encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// Everywhere but on loopback.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never; on loopback only, for a proxy on this machine that does it.
    Off,
}

/// The key that the daemon shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// None: connections are plain, on loopback.
    Plain,
    /// The key in the data directory, made at the first start.
    Own,
    /// A key and the certificates for it, in PEM files.
    Files {
        /// The private key; permissions 600.
        key: PathBuf,
        /// Its certificate first, then those that vouch for it.
        certificates: PathBuf,
    },
}

/// Why the settings do not fit together.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// Plain connections from elsewhere.
    #[error("tls is off and the daemon would answer at {listen}, which others reach: expected a loopback address, or tls on")]
    PlainElsewhere {
        /// Where it would answer.
        listen: SocketAddr,
    },
    /// One of two files is given.
    #[error("one of tls-key and tls-certificates is given: give both, or none to have a key made")]
    HalfAKey,
    /// Files for nothing.
    #[error("tls is off and a key for it is given: leave one of them out")]
    UnusedKey,
}

impl Tls {
    /// What follows from the settings.
    ///
    /// # Errors
    /// When they contradict each other, or would have plain connections from elsewhere.
    pub fn choose(
        mode: TlsMode,
        listen: SocketAddr,
        key: Option<PathBuf>,
        certificates: Option<PathBuf>,
    ) -> Result<Self, TlsError> {
        let files = match (key, certificates) {
            (None, None) => None,
            (Some(key), Some(certificates)) => Some(Self::Files { key, certificates }),
            _ => return Err(TlsError::HalfAKey),
        };
        let loopback = listen.ip().is_loopback();
        match (mode, files) {
            (TlsMode::Off, Some(_)) => Err(TlsError::UnusedKey),
            (TlsMode::Off, None) if !loopback => Err(TlsError::PlainElsewhere { listen }),
            (TlsMode::Off, None) => Ok(Self::Plain),
            (_, Some(files)) => Ok(files),
            (TlsMode::Auto, None) if loopback => Ok(Self::Plain),
            (_, None) => Ok(Self::Own),
        }
    }

    /// The identity, made if it is the daemon's own and there is none yet; `None` for plain
    /// connections.
    ///
    /// # Errors
    /// When there should be one and it cannot be read or made.
    pub fn identity(&self, data_dir: &Path) -> Result<Option<Identity>, IdentityError> {
        match self {
            Self::Plain => Ok(None),
            Self::Own => Identity::load_or_create(data_dir).map(Some),
            Self::Files { key, certificates } => Identity::from_files(key, certificates).map(Some),
        }
    }
}

/// How the daemon answers.
#[derive(Debug)]
pub struct Answering {
    /// What protects its connections.
    pub security: Security,
    /// Of the key, if it shows one.
    pub pin: Option<Pin>,
    /// What renews its certificate.
    certificate: Option<Arc<Certificate>>,
}

impl Answering {
    /// With this identity, or plainly.
    ///
    /// # Errors
    /// When key and certificate do not belong together.
    pub fn with(identity: Option<&Identity>) -> Result<Self, IdentityError> {
        let Some(identity) = identity else {
            return Ok(Self {
                security: Security::Plain,
                pin: None,
                certificate: None,
            });
        };
        let (config, certificate) = identity.renewable()?;
        Ok(Self {
            security: Security::Tls(config),
            pin: Some(identity.pin()),
            certificate: Some(certificate),
        })
    }

    /// Looks after files of certificates, which are replaced when they are renewed. Ends with the
    /// daemon; at once if it has no such files.
    pub fn renewing(&self, tls: &Tls, stop: CancellationToken) -> impl Future<Output = ()> {
        let watched = match (tls, &self.certificate) {
            (Tls::Files { key, certificates }, Some(certificate)) => Some((
                CertificateFiles::new(key.clone(), certificates.clone()),
                Arc::clone(certificate),
            )),
            _ => None,
        };
        async move {
            let Some((mut files, certificate)) = watched else {
                return;
            };
            while stop
                .run_until_cancelled(tokio::time::sleep(RENEWAL_LOOK))
                .await
                .is_some()
            {
                match files.renew(&certificate) {
                    Ok(true) => tracing::info!("showing the renewed certificate"),
                    Ok(false) => {}
                    Err(error) => tracing::error!(%error, "the certificate stays as it was"),
                }
            }
        }
    }
}

/// The endpoint under which the daemon itself would announce `address`.
pub fn endpoint(address: SocketAddr, pin: Option<Pin>) -> String {
    match pin {
        Some(pin) => format!("https://{address}#{pin}"),
        None => format!("http://{address}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(mode: TlsMode, listen: &str, files: bool) -> Result<Tls, TlsError> {
        let file = |name: &str| files.then(|| PathBuf::from(name));
        Tls::choose(mode, listen.parse().unwrap(), file("k"), file("c"))
    }

    #[test]
    fn only_loopback_is_plain() {
        let (home, world) = ("127.0.0.1:1", "0.0.0.0:1");
        assert_eq!(choose(TlsMode::Auto, home, false), Ok(Tls::Plain));
        assert_eq!(choose(TlsMode::Auto, "[::1]:1", false), Ok(Tls::Plain));
        assert_eq!(choose(TlsMode::Auto, world, false), Ok(Tls::Own));
        assert_eq!(choose(TlsMode::On, home, false), Ok(Tls::Own));
        assert_eq!(choose(TlsMode::Off, home, false), Ok(Tls::Plain));
        assert!(matches!(
            choose(TlsMode::Off, world, false),
            Err(TlsError::PlainElsewhere { .. })
        ));
    }

    #[test]
    fn files_come_in_pairs_and_are_used() {
        let files = Tls::Files {
            key: "k".into(),
            certificates: "c".into(),
        };
        assert_eq!(choose(TlsMode::Auto, "127.0.0.1:1", true), Ok(files));
        assert_eq!(
            choose(TlsMode::Off, "127.0.0.1:1", true),
            Err(TlsError::UnusedKey)
        );
        let half = Tls::choose(
            TlsMode::On,
            "127.0.0.1:1".parse().unwrap(),
            Some("k".into()),
            None,
        );
        assert_eq!(half, Err(TlsError::HalfAKey));
    }

    #[test]
    fn the_endpoint_carries_the_pin() {
        let address = "[::1]:7".parse().unwrap();
        assert_eq!(endpoint(address, None), "http://[::1]:7");
        let pinned = endpoint(address, Some(Pin([1; 32])));
        assert!(noema_endpoint::Endpoint::parse(pinned.as_bytes()).is_ok());
    }
}
