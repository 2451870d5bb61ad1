#![doc = include_str!("../README.md")]

mod client;
mod gate;
mod identity;
mod peer;
mod server;
mod turns;
mod verifier;

pub use client::{Clients, EndpointUrl, UrlError};
pub use gate::{ConnectionLimits, Gate, GateStats};
pub use identity::{Identity, IdentityError};
pub use noema_endpoint::{Endpoint, EndpointError, Pin};
pub use peer::Peer;
pub use server::{serve, Caller, Options, Patience, Security};
pub use turns::{Turn, Turns};

/// The pin of a public key: SHA-256 of its SubjectPublicKeyInfo in DER.
pub(crate) fn pin_of(subject_public_key_info: &[u8]) -> Pin {
    Pin(sp_crypto_hashing::sha2_256(subject_public_key_info))
}
