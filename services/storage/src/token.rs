//! Upload tokens: an owner lets one provider take the data of one file for a while. See
//! `docs/design/storage-daemon.md`.

use base64::{engine::general_purpose::STANDARD, Engine};
use codec::{Decode, DecodeAll, Encode};
use noema_chain_client::{AccountId, FileId, Hash, SigningKey};

/// Version of the token's layout.
const VERSION: u8 = 1;
/// Separates this signature from every other use of the key.
const DOMAIN: &[u8] = b"noema/storage/upload/v1";
/// The longest a token may be valid ahead, in seconds.
pub const MAX_AHEAD_SECONDS: u64 = 24 * 60 * 60;
/// Name of the scheme in the `Authorization` header.
const SCHEME: &str = "Noema";
/// What wallets put around bytes before they sign them, so that nobody can pass a transaction off as a
/// message.
const WRAPPED: (&[u8], &[u8]) = (b"<Bytes>", b"</Bytes>");
/// A token in base64 never is longer.
const MAX_ENCODED_LEN: usize = 512;

/// Permission of an owner to upload one file to one provider.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct UploadToken {
    version: u8,
    owner: [u8; 32],
    file: [u8; 32],
    provider: [u8; 32],
    expires: u64,
    signature: [u8; 64],
}

/// Why a token is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// No token, or not in the form expected.
    #[error("expected the header `Authorization: Noema <base64 token>`: {0}")]
    Malformed(&'static str),
    /// The token is of a later version.
    #[error("expected token version 1, found {0}; update the provider")]
    Version(u8),
    /// The token is for another file.
    #[error("the token is for file {found}, not for {expected}")]
    OtherFile {
        /// The file of the request.
        expected: FileId,
        /// The file of the token.
        found: FileId,
    },
    /// The token is for another provider.
    #[error("the token is for provider {found}, this one is {expected}")]
    OtherProvider {
        /// This provider.
        expected: AccountId,
        /// The provider of the token.
        found: AccountId,
    },
    /// The token's time is over.
    #[error("the token expired {seconds} s ago; sign a new one")]
    Expired {
        /// How long ago.
        seconds: u64,
    },
    /// The token is valid for too long.
    #[error("the token expires {seconds} s ahead, at most {MAX_AHEAD_SECONDS} s are accepted; compare the clocks")]
    TooFarAhead {
        /// How far ahead.
        seconds: u64,
    },
    /// The signature does not fit.
    #[error("the token is not signed by {owner} for this chain")]
    BadSignature {
        /// The owner named by the token.
        owner: AccountId,
    },
}

/// What the owner signs.
fn message(
    genesis: &Hash,
    file: &[u8; 32],
    owner: &[u8; 32],
    provider: &[u8; 32],
    expires: u64,
) -> [u8; 32] {
    let mut bytes = Vec::with_capacity(DOMAIN.len() + 4 * 32 + 8);
    bytes.extend_from_slice(DOMAIN);
    bytes.extend_from_slice(&genesis.0);
    bytes.extend_from_slice(file);
    bytes.extend_from_slice(owner);
    bytes.extend_from_slice(provider);
    bytes.extend_from_slice(&expires.to_le_bytes());
    sp_crypto_hashing::blake2_256(&bytes)
}

impl UploadToken {
    /// Signs a token for `file` and `provider`, valid until `expires` (seconds since 1970, at
    /// most 24 hours ahead).
    pub fn sign(
        owner: &SigningKey,
        genesis: &Hash,
        file: &FileId,
        provider: &AccountId,
        expires: u64,
    ) -> Self {
        let account = owner.account();
        let message = message(genesis, &file.0, &account.0, &provider.0, expires);
        Self {
            version: VERSION,
            owner: account.0,
            file: file.0,
            provider: provider.0,
            expires,
            signature: owner.sign(&message),
        }
    }

    /// The owner who signed, or is said to have.
    pub fn owner(&self) -> AccountId {
        AccountId(self.owner)
    }

    /// When the token's time is over, in seconds since 1970.
    pub fn expires(&self) -> u64 {
        self.expires
    }

    /// Base64 form.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.encode())
    }

    /// From its base64 form. The signature is not checked yet.
    pub fn from_base64(text: &str) -> Result<Self, TokenError> {
        if text.len() > MAX_ENCODED_LEN {
            return Err(TokenError::Malformed("it is too long"));
        }
        let bytes = STANDARD
            .decode(text.trim())
            .map_err(|_| TokenError::Malformed("it is not base64"))?;
        match bytes.first() {
            Some(&VERSION) => {}
            Some(&other) => return Err(TokenError::Version(other)),
            None => return Err(TokenError::Malformed("it is empty")),
        }
        Self::decode_all(&mut &bytes[..]).map_err(|_| TokenError::Malformed("its length is wrong"))
    }

    /// Value of the `Authorization` header.
    pub fn to_header(&self) -> String {
        format!("{SCHEME} {}", self.to_base64())
    }

    /// From the value of an `Authorization` header. The signature is not checked yet.
    pub fn from_header(value: &str) -> Result<Self, TokenError> {
        let (scheme, token) = value
            .split_once(' ')
            .ok_or(TokenError::Malformed("it has no scheme"))?;
        if !scheme.eq_ignore_ascii_case(SCHEME) {
            return Err(TokenError::Malformed("the scheme is another one"));
        }
        Self::from_base64(token)
    }

    /// Checks file, provider, time and signature, which may be over the message or over the message
    /// between `<Bytes>` and `</Bytes>`, as wallets sign. Whether the owner has a live deal is for the
    /// chain to say.
    pub fn verify(
        &self,
        genesis: &Hash,
        file: &FileId,
        provider: &AccountId,
        now: u64,
    ) -> Result<(), TokenError> {
        if self.file != file.0 {
            return Err(TokenError::OtherFile {
                expected: *file,
                found: FileId(self.file),
            });
        }
        if self.provider != provider.0 {
            let found = AccountId(self.provider);
            return Err(TokenError::OtherProvider {
                expected: *provider,
                found,
            });
        }
        if self.expires <= now {
            return Err(TokenError::Expired {
                seconds: now - self.expires,
            });
        }
        if self.expires - now > MAX_AHEAD_SECONDS {
            return Err(TokenError::TooFarAhead {
                seconds: self.expires - now,
            });
        }
        let message = message(
            genesis,
            &self.file,
            &self.owner,
            &self.provider,
            self.expires,
        );
        let wrapped = [WRAPPED.0, message.as_slice(), WRAPPED.1].concat();
        let is_signed = |bytes: &[u8]| SigningKey::verify(&self.owner(), bytes, &self.signature);
        if !is_signed(&message) && !is_signed(&wrapped) {
            return Err(TokenError::BadSignature {
                owner: self.owner(),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn parts() -> (SigningKey, Hash, FileId, AccountId) {
        let key = SigningKey::dev("Alice").unwrap();
        (key, Hash([1; 32]), FileId([2; 32]), AccountId([3; 32]))
    }

    fn token(expires: u64) -> UploadToken {
        let (key, genesis, file, provider) = parts();
        UploadToken::sign(&key, &genesis, &file, &provider, expires)
    }

    #[test]
    fn token_round_trips_and_verifies() {
        let (key, genesis, file, provider) = parts();
        let header = token(NOW + 60).to_header();
        let read = UploadToken::from_header(&header).unwrap();
        assert_eq!(read.owner(), key.account());
        assert_eq!(read.encode().len(), 1 + 3 * 32 + 8 + 64);
        read.verify(&genesis, &file, &provider, NOW).unwrap();
    }

    #[test]
    fn token_signed_by_a_wallet_verifies() {
        let (key, genesis, file, provider) = parts();
        let mut token = token(NOW + 60);
        let message = message(&genesis, &file.0, &token.owner, &provider.0, token.expires);
        token.signature = key.sign(&[b"<Bytes>", message.as_slice(), b"</Bytes>"].concat());
        token.verify(&genesis, &file, &provider, NOW).unwrap();
        token.signature = key.sign(&[b"<Bytes>", message.as_slice()].concat());
        let half = token.verify(&genesis, &file, &provider, NOW);
        assert!(matches!(half, Err(TokenError::BadSignature { .. })));
    }

    #[test]
    fn token_for_something_else_is_refused() {
        let (_, genesis, file, provider) = parts();
        let token = token(NOW + 60);
        let other_file = token.verify(&genesis, &FileId([9; 32]), &provider, NOW);
        assert!(matches!(other_file, Err(TokenError::OtherFile { .. })));
        let other_provider = token.verify(&genesis, &file, &AccountId([9; 32]), NOW);
        assert!(matches!(
            other_provider,
            Err(TokenError::OtherProvider { .. })
        ));
        let other_chain = token.verify(&Hash([9; 32]), &file, &provider, NOW);
        assert!(matches!(other_chain, Err(TokenError::BadSignature { .. })));
    }

    #[test]
    fn token_expired_or_too_far_ahead_is_refused() {
        let (_, genesis, file, provider) = parts();
        let check = |expires| token(expires).verify(&genesis, &file, &provider, NOW);
        assert_eq!(check(NOW), Err(TokenError::Expired { seconds: 0 }));
        assert_eq!(check(NOW - 5), Err(TokenError::Expired { seconds: 5 }));
        assert_eq!(check(NOW + MAX_AHEAD_SECONDS), Ok(()));
        assert!(matches!(
            check(NOW + MAX_AHEAD_SECONDS + 1),
            Err(TokenError::TooFarAhead { .. })
        ));
    }

    #[test]
    fn token_changed_in_any_byte_is_refused() {
        let (_, genesis, file, provider) = parts();
        let good = token(NOW + 60).encode();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            let accepted = UploadToken::from_base64(&STANDARD.encode(&bad))
                .and_then(|token| token.verify(&genesis, &file, &provider, NOW));
            assert!(accepted.is_err(), "byte {at}");
        }
    }

    #[test]
    fn token_of_wrong_form_is_refused() {
        for text in [
            "",
            "Noema",
            "Basic abc",
            "Noema ###",
            "Noema AQ==",
            "Noema AgAA",
        ] {
            assert!(UploadToken::from_header(text).is_err(), "{text}");
        }
        let long = format!("Noema {}", "A".repeat(4096));
        assert!(UploadToken::from_header(&long).is_err());
    }
}
