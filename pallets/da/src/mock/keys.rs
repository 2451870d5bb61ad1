//! BLS keys of providers, computed by another library than the pallet's.

use super::*;
use crate::{
    bls::{SignatureBytes, POSSESSION_SUITE, SIGNATURE_SUITE},
    SeatKey,
};
use blst::min_pk::{AggregateSignature, SecretKey};
use codec::Encode;
use noema_da_primitives::Possession;

/// The secret key that belongs to a number.
pub(crate) fn secret(number: u64) -> SecretKey {
    let material = sp_io::hashing::blake2_256(&(b"seat", number).encode());
    SecretKey::key_gen(&material, &[]).unwrap()
}

/// Its public key.
pub(crate) fn key(number: u64) -> SeatKey {
    secret(number).sk_to_pk().to_bytes()
}

/// What a provider signs to show that the key is its own.
pub(crate) fn possession(provider: u64, key: &SeatKey) -> Vec<u8> {
    Possession {
        genesis: Pallet::<Test>::genesis(),
        pallet: 65,
        provider: &provider.encode(),
        key,
    }
    .signing_bytes()
}

/// A proof of possession.
pub(crate) fn proof(provider: u64, number: u64) -> SignatureBytes {
    let message = possession(provider, &key(number));
    secret(number)
        .sign(&message, POSSESSION_SUITE, &[])
        .to_bytes()
}

/// A signature of a message.
pub(crate) fn sign(number: u64, message: &[u8]) -> blst::min_pk::Signature {
    secret(number).sign(message, SIGNATURE_SUITE, &[])
}

/// The sum of the signatures by these keys.
pub(crate) fn sign_together(numbers: &[u64], message: &[u8]) -> SignatureBytes {
    let signatures: Vec<_> = numbers.iter().map(|one| sign(*one, message)).collect();
    let refs: Vec<_> = signatures.iter().collect();
    let sum = AggregateSignature::aggregate(&refs, true).unwrap();
    sum.to_signature().to_bytes()
}
