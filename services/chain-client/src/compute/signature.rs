//! Signatures of vouchers, receipts and demands.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec cast the indices of variants"
)]

use codec::{Decode, Encode};

use crate::{keys::SigningKey, types::AccountId};

/// A signature in the form in which the chain takes it, `MultiSignature`. Keys of other schemes than sr25519 sign nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Signature {
    /// Of sr25519, context `substrate`.
    #[codec(index = 1)]
    Sr25519([u8; 64]),
}

impl Signature {
    /// Signs a payload.
    pub fn sign(key: &SigningKey, payload: &[u8]) -> Self {
        Self::Sr25519(key.sign(payload))
    }

    /// Its bytes, without the scheme.
    pub const fn bytes(self) -> [u8; 64] {
        let Self::Sr25519(bytes) = self;
        bytes
    }

    /// Whether the key of `account` made it for `payload`.
    pub fn is_by(&self, account: &AccountId, payload: &[u8]) -> bool {
        let Self::Sr25519(signature) = self;
        SigningKey::verify(account, payload, signature)
    }
}
