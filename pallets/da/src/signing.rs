//! Keys and signatures for benchmarks, which cannot bring another library into a runtime.

use crate::{
    bls::{self, SignatureBytes},
    KeyPoint, SeatKey,
};
use ark_ec::{AffineRepr, CurveGroup};
use ark_serialize::{CanonicalSerialize, Compress};
use sp_crypto_ec_utils::bls12_381::{G1Affine, ScalarField};

/// A key whose secret is a small number, and its point.
pub(crate) fn key_of(secret: u64) -> (SeatKey, KeyPoint) {
    let point = (G1Affine::generator() * ScalarField::from(secret)).into_affine();
    let mut key: SeatKey = [0; 48];
    point
        .serialize_with_mode(key.as_mut_slice(), Compress::Yes)
        .expect("a key has 48 bytes");
    let point = bls::sum_of([&bls::point_of(&key).expect("it is a key")]);
    (key, point.expect("it is a point"))
}

/// The signature of a message with such a secret. With the sum of several secrets, the sum of their signatures.
pub(crate) fn sign(secret: u64, suite: &[u8], message: &[u8]) -> SignatureBytes {
    let hashed =
        bls::hash_to_group(suite, message).expect("no message leads to the neutral element");
    let point = (hashed * ScalarField::from(secret)).into_affine();
    let mut signature: SignatureBytes = [0; 96];
    point
        .serialize_with_mode(signature.as_mut_slice(), Compress::Yes)
        .expect("a signature has 96 bytes");
    signature
}
