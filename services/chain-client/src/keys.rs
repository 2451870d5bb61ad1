//! Keys that sign transactions and messages.

use std::{fmt, str::FromStr};

use subxt_signer::{sr25519, SecretUri};

use crate::types::AccountId;

/// An sr25519 key. Its secret is never shown.
#[derive(Clone)]
pub struct SigningKey(sr25519::Keypair);

/// Why a key could not be made. Never contains the secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is not a secret URI.
    #[error("not a secret: expected a recovery phrase, 0x and 64 hex digits, or a derivation such as //Alice")]
    BadSecret,
    /// The seed is not a valid key.
    #[error("the 32 bytes given are not an sr25519 seed")]
    BadSeed,
}

impl SigningKey {
    /// From a recovery phrase, `0x` and 64 hex digits, or either followed by derivations
    /// (`//hard`, `/soft`, `///password`). A derivation alone starts from the development phrase.
    pub fn from_suri(suri: &str) -> Result<Self, KeyError> {
        let uri = SecretUri::from_str(suri.trim()).map_err(|_| KeyError::BadSecret)?;
        sr25519::Keypair::from_uri(&uri)
            .map(Self)
            .map_err(|_| KeyError::BadSecret)
    }

    /// From a 32-byte seed.
    pub fn from_seed(seed: [u8; 32]) -> Result<Self, KeyError> {
        sr25519::Keypair::from_secret_key(seed)
            .map(Self)
            .map_err(|_| KeyError::BadSeed)
    }

    /// From a key pair of `subxt_signer`.
    pub fn from_pair(pair: sr25519::Keypair) -> Self {
        Self(pair)
    }

    /// A well-known development key such as `Alice` or `Alice//stash`: everybody has it.
    pub fn dev(name: &str) -> Result<Self, KeyError> {
        Self::from_suri(&format!("//{}", name.trim_start_matches('/')))
    }

    /// The account of this key.
    pub fn account(&self) -> AccountId {
        AccountId(self.0.public_key().0)
    }

    /// Signs a message (context `substrate`).
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).0
    }

    /// Whether `signature` of `message` was made by the key of `account`.
    pub fn verify(account: &AccountId, message: &[u8], signature: &[u8; 64]) -> bool {
        let signature = sr25519::Signature(*signature);
        sr25519::verify(&signature, message, &sr25519::PublicKey(account.0))
    }

    /// The key pair, for programs that use subxt themselves.
    pub fn pair(&self) -> &sr25519::Keypair {
        &self.0
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.account())
    }
}

impl From<sr25519::Keypair> for SigningKey {
    fn from(pair: sr25519::Keypair) -> Self {
        Self(pair)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dev_key_is_the_well_known_account() {
        let alice = SigningKey::dev("Alice").unwrap();
        assert_eq!(
            alice.account().to_string(),
            "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
        );
        assert_eq!(
            SigningKey::from_suri("//Alice\n").unwrap().account(),
            alice.account()
        );
    }

    #[test]
    fn sign_then_verify_accepts_only_the_same_message_and_account() {
        let (alice, bob) = (
            SigningKey::dev("Alice").unwrap(),
            SigningKey::dev("Bob").unwrap(),
        );
        let signature = alice.sign(b"hello");
        assert!(SigningKey::verify(&alice.account(), b"hello", &signature));
        assert!(!SigningKey::verify(&alice.account(), b"hullo", &signature));
        assert!(!SigningKey::verify(&bob.account(), b"hello", &signature));
    }

    #[test]
    fn bad_secret_is_refused_without_repeating_it() {
        let error = SigningKey::from_suri("this is no phrase").unwrap_err();
        assert!(!error.to_string().contains("this is no phrase"));
    }

    #[test]
    fn debug_shows_the_account_only() {
        let key = SigningKey::from_seed([7; 32]).unwrap();
        assert_eq!(format!("{key:?}"), format!("SigningKey({})", key.account()));
    }
}
