//! BLS12-381 signatures of seats: keys in the first group, signatures in the second (`min-pk`), suite
//! `BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_` of draft-irtf-cfrg-bls-signature, as the chain verifies them.

mod file;

pub use file::{KeyFileError, SeatKeyFile};

use std::fmt;

use blst::{
    min_pk::{AggregateSignature, PublicKey, SecretKey, Signature},
    BLST_ERROR,
};
use noema_da_primitives::{Attestation, Possession, SEAT_KEY_BYTES};
use rand::RngCore;
use zeroize::Zeroizing;

/// What is hashed with messages.
const SIGNATURE_SUITE: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
/// What is hashed with proofs of possession.
const POSSESSION_SUITE: &[u8] = b"BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/// Bytes of a signature: a point of the second group, compressed.
pub const SIGNATURE_BYTES: usize = 96;

/// A signature, or the sum of several, as it goes over the wire. Whether it is one shows when it is verified.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SignatureBytes(pub [u8; SIGNATURE_BYTES]);

/// A seat's public key: a point of the first group, compressed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKeyBytes(pub [u8; SEAT_KEY_BYTES]);

/// Why a signature does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The bytes are no point of the group, or its neutral element.
    #[error("the bytes are no signature")]
    Malformed,
    /// The key is none. The chain has only keys that it has checked.
    #[error("the key is no point of the group")]
    BadKey,
    /// Somebody else's, or of another message.
    #[error("the signature is not by this key, or of something else")]
    Wrong,
    /// There is nothing to add up.
    #[error("no signatures")]
    Nothing,
}

/// A seat's secret key. Neither shown nor logged; wiped from memory when it is dropped.
#[derive(Clone)]
pub struct SeatSecret(SecretKey);

macro_rules! shown_as_hex {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "0x{}", hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}
shown_as_hex!(SignatureBytes);
shown_as_hex!(PublicKeyBytes);

impl fmt::Debug for SeatSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SeatSecret({})", self.public())
    }
}

impl SeatSecret {
    /// A new one, of the system's randomness.
    pub fn generate() -> Self {
        let mut material = Zeroizing::new([0; 32]);
        rand::rngs::OsRng.fill_bytes(material.as_mut_slice());
        Self::from_material(&material)
    }

    /// The one that follows from 32 bytes of randomness, as the draft's `KeyGen` has it.
    pub fn from_material(material: &[u8; 32]) -> Self {
        let secret = SecretKey::key_gen(material, &[]);
        Self(secret.expect("32 bytes are enough material; qed"))
    }

    /// From the 32 bytes of the scalar, big-endian; none if it is zero or too large.
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        SecretKey::from_bytes(bytes).ok().map(Self)
    }

    /// The 32 bytes of the scalar.
    pub(crate) fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public key.
    pub fn public(&self) -> PublicKeyBytes {
        PublicKeyBytes(self.0.sk_to_pk().to_bytes())
    }

    /// Signs what the seat says of its rows. The same bytes have one signature only.
    pub fn sign(&self, attestation: &Attestation) -> SignatureBytes {
        let message = attestation.signing_bytes();
        SignatureBytes(self.0.sign(&message, SIGNATURE_SUITE, &[]).to_bytes())
    }

    /// Shows the chain with this first block, whose pallet has this index, that the key is `provider`'s.
    pub fn prove_possession(
        &self,
        genesis: [u8; 32],
        pallet: u8,
        provider: &[u8],
    ) -> SignatureBytes {
        let message = Possession {
            genesis,
            pallet,
            provider,
            key: &self.public().0,
        }
        .signing_bytes();
        SignatureBytes(self.0.sign(&message, POSSESSION_SUITE, &[]).to_bytes())
    }
}

impl PublicKeyBytes {
    /// Checks one seat's signature of an attestation. Takes a pairing of two points, some 1.5 ms.
    pub fn verify(
        &self,
        attestation: &Attestation,
        signature: &SignatureBytes,
    ) -> Result<(), SignatureError> {
        let key = PublicKey::key_validate(&self.0).map_err(|_| SignatureError::BadKey)?;
        let signature = read(signature)?;
        let message = attestation.signing_bytes();
        // Both were checked to be points of their groups.
        accepted(signature.verify(false, &message, SIGNATURE_SUITE, &[], &key, false))
    }
}

/// The sum of signatures, each of which was verified: what `attest` takes.
pub fn aggregate(signatures: &[SignatureBytes]) -> Result<SignatureBytes, SignatureError> {
    let points: Vec<Signature> = signatures.iter().map(read).collect::<Result<_, _>>()?;
    let refs: Vec<&Signature> = points.iter().collect();
    let sum = AggregateSignature::aggregate(&refs, false).map_err(|_| SignatureError::Nothing)?;
    Ok(SignatureBytes(sum.to_signature().to_bytes()))
}

/// Checks the sum of these seats' signatures of one attestation. Their keys must be ones that the chain has, which asked each for a proof of possession.
pub fn verify_aggregate(
    keys: &[PublicKeyBytes],
    attestation: &Attestation,
    signature: &SignatureBytes,
) -> Result<(), SignatureError> {
    let keys: Vec<PublicKey> = keys
        .iter()
        .map(|key| PublicKey::key_validate(&key.0).map_err(|_| SignatureError::BadKey))
        .collect::<Result<_, _>>()?;
    if keys.is_empty() {
        return Err(SignatureError::Nothing);
    }
    let refs: Vec<&PublicKey> = keys.iter().collect();
    let message = attestation.signing_bytes();
    accepted(read(signature)?.fast_aggregate_verify(false, &message, SIGNATURE_SUITE, &refs))
}

/// Checks that `key` belongs to `provider`, as the chain does when it is set.
pub fn verify_possession(
    possession: &Possession<'_>,
    proof: &SignatureBytes,
) -> Result<(), SignatureError> {
    let key = PublicKey::key_validate(possession.key).map_err(|_| SignatureError::BadKey)?;
    let message = possession.signing_bytes();
    accepted(read(proof)?.verify(false, &message, POSSESSION_SUITE, &[], &key, false))
}

/// The point, checked to be one of the group and not its neutral element.
fn read(signature: &SignatureBytes) -> Result<Signature, SignatureError> {
    Signature::sig_validate(&signature.0, true).map_err(|_| SignatureError::Malformed)
}

fn accepted(verdict: BLST_ERROR) -> Result<(), SignatureError> {
    match verdict {
        BLST_ERROR::BLST_SUCCESS => Ok(()),
        _ => Err(SignatureError::Wrong),
    }
}

#[cfg(test)]
mod tests {
    use noema_da_primitives::{Commitment, CommitteeId, Content, RowSeed, SizeClass};

    use super::*;

    fn attestation(submission: u64) -> Attestation {
        Attestation {
            genesis: [1; 32],
            pallet: 65,
            rules: 1,
            submission,
            commitment: Commitment([2; 32]),
            class: SizeClass::Tiny,
            size: 5,
            content: Content::Plain,
            era: 1,
            committee: CommitteeId([3; 32]),
            seed: RowSeed([4; 32]),
        }
    }

    #[test]
    fn signature_holds_for_its_key_and_message_only() {
        let (one, two) = (
            SeatSecret::from_material(&[1; 32]),
            SeatSecret::from_material(&[2; 32]),
        );
        let signature = one.sign(&attestation(1));
        assert_eq!(one.public().verify(&attestation(1), &signature), Ok(()));
        assert_eq!(signature, one.sign(&attestation(1)));
        for (key, message) in [(&one, 2), (&two, 1)] {
            let verdict = key.public().verify(&attestation(message), &signature);
            assert_eq!(verdict, Err(SignatureError::Wrong));
        }
        let garbage = SignatureBytes([7; 96]);
        let verdict = one.public().verify(&attestation(1), &garbage);
        assert_eq!(verdict, Err(SignatureError::Malformed));
        let mut neutral = [0; 96];
        neutral[0] = 0xc0;
        let verdict = one
            .public()
            .verify(&attestation(1), &SignatureBytes(neutral));
        assert_eq!(verdict, Err(SignatureError::Malformed));
        // A proof of possession is no signature, whatever it is of.
        let proof = one.prove_possession([1; 32], 65, &[9; 32]);
        let verdict = one.public().verify(&attestation(1), &proof);
        assert_eq!(verdict, Err(SignatureError::Wrong));
    }

    #[test]
    fn sums_hold_for_exactly_their_keys() {
        let secrets: Vec<_> = (1..=3)
            .map(|n| SeatSecret::from_material(&[n; 32]))
            .collect();
        let keys: Vec<_> = secrets.iter().map(SeatSecret::public).collect();
        let signatures: Vec<_> = secrets.iter().map(|s| s.sign(&attestation(1))).collect();
        let sum = aggregate(&signatures).unwrap();
        assert_eq!(verify_aggregate(&keys, &attestation(1), &sum), Ok(()));
        let verdict = verify_aggregate(&keys[..2], &attestation(1), &sum);
        assert_eq!(verdict, Err(SignatureError::Wrong));
        assert_eq!(aggregate(&[]), Err(SignatureError::Nothing));
        let verdict = verify_aggregate(&[], &attestation(1), &sum);
        assert_eq!(verdict, Err(SignatureError::Nothing));
    }

    #[test]
    fn possession_is_bound_to_provider_and_chain() {
        let secret = SeatSecret::from_material(&[1; 32]);
        let proof = secret.prove_possession([1; 32], 65, &[9; 32]);
        let key = secret.public();
        let possession = |genesis, provider| Possession {
            genesis: [genesis; 32],
            pallet: 65,
            provider,
            key: &key.0,
        };
        assert_eq!(verify_possession(&possession(1, &[9; 32]), &proof), Ok(()));
        for other in [possession(2, &[9; 32]), possession(1, &[8; 32])] {
            let verdict = verify_possession(&other, &proof);
            assert_eq!(verdict, Err(SignatureError::Wrong));
        }
    }

    #[test]
    fn a_secret_is_never_shown() {
        let secret = SeatSecret::from_material(&[1; 32]);
        let shown = format!("{secret:?}");
        assert!(!shown.contains(&hex::encode(secret.to_bytes().as_slice())));
        assert!(shown.contains(&secret.public().to_string()));
    }
}
