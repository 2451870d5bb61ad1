#![doc = include_str!("../README.md")]

mod certificate;
mod client;
mod gate;
mod identity;
mod pace;
mod peer;
mod rate;
mod secret;
mod server;
mod tls;
mod turns;
mod verifier;

pub use certificate::{Certificate, CertificateFiles, RenewalError};
pub use client::{Clients, EndpointUrl, UrlError};
pub use gate::{ConnectionLimits, Gate, GateStats};
pub use identity::{Identity, IdentityError};
pub use noema_endpoint::{Endpoint, EndpointError, Pin};
pub use pace::paced;
pub use peer::Peer;
pub use rate::Rate;
pub use secret::{read_secret, SecretError};
#[cfg(fuzzing)]
pub use server::fuzzing;
pub use server::{serve, Caller, Fault, Options, Patience, Security};
pub use tls::{endpoint, Answering, Tls, TlsError, TlsMode};
pub use turns::{Turn, Turns};

/// Makes *ring* the cryptography of this process, unless it has one. Clients of `reqwest` cannot be
/// made before, not even those for plain HTTP.
pub fn install_crypto() {
    // An error says that there is one.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The pin of a public key: SHA-256 of its SubjectPublicKeyInfo in DER.
pub(crate) fn pin_of(subject_public_key_info: &[u8]) -> Pin {
    Pin(sp_crypto_hashing::sha2_256(subject_public_key_info))
}
