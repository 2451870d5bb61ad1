//! BLS12-381 signatures: keys in the first group, signatures in the second (`min-pk`), suite
//! `BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_` of draft-irtf-cfrg-bls-signature, messages hashed as RFC 9380 says.
//!
//! Points come in and go out in the format of that draft (ZCash's). Pairings and multiplications are the client's host functions; what is
//! computed here is decompression, the map to the curve and additions. The functions of the host stop the block on bytes that are no points, so
//! nothing gets there that was not checked to be one.

use crate::{CommitteeRecord, KeyPoint, SeatBits, SeatKey};
use ark_bls12_381::{g2::Config as PlainG2, Fq2};
use ark_ec::{
    hashing::{curve_maps::wb::WBMap, map_to_curve_hasher::MapToCurve, HashToCurveError},
    pairing::Pairing,
    short_weierstrass::{Affine as PlainAffine, Projective as PlainProjective},
    AffineRepr, CurveGroup,
};
use ark_ff::{
    field_hashers::{DefaultFieldHasher, HashToField},
    Zero,
};
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize, Compress, Validate};
use sha2::Sha256;
use sp_crypto_ec_utils::bls12_381::{Bls12_381, G1Affine, G1Projective, G2Affine};

/// What is hashed with messages.
pub const SIGNATURE_SUITE: &[u8; 43] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/// What is hashed with proofs of possession.
pub const POSSESSION_SUITE: &[u8; 43] = b"BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/// A point of the second group, compressed: a signature, or the sum of several.
pub type SignatureBytes = [u8; 96];

/// Why a key is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFault {
    /// The bytes are no point of the group, or its neutral element.
    NoKey,
    /// The proof is no signature by this key of what says whose it is.
    NoPossession,
}

/// Why a signature is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureFault {
    /// Nobody, or a seat that the committee does not have.
    WrongSeats,
    /// The bytes are no point of the group, or its neutral element.
    NoSignature,
    /// It is not the sum of these seats' signatures of this message.
    WrongSignature,
}

/// The point of a key, if it is one.
fn read_key(key: &SeatKey) -> Option<G1Affine> {
    G1Affine::deserialize_with_mode(key.as_slice(), Compress::Yes, Validate::Yes)
        .ok()
        .filter(|point| !point.is_zero())
}

/// The point of a signature, if it is one.
fn read_signature(signature: &SignatureBytes) -> Option<G2Affine> {
    G2Affine::deserialize_with_mode(signature.as_slice(), Compress::Yes, Validate::Yes)
        .ok()
        .filter(|point| !point.is_zero())
}

/// Reads what [`write_point`] wrote.
fn read_point(point: &KeyPoint) -> Option<G1Affine> {
    G1Affine::deserialize_with_mode(point.as_slice(), Compress::No, Validate::No).ok()
}

/// A point uncompressed.
fn write_point(point: &G1Affine) -> Option<KeyPoint> {
    let mut bytes: KeyPoint = [0; 96];
    point
        .serialize_with_mode(bytes.as_mut_slice(), Compress::No)
        .ok()?;
    Some(bytes)
}

/// The point of the second group that belongs to a message: RFC 9380, `BLS12381G2_XMD:SHA-256_SSWU_RO_` under this tag. The cofactor is cleared by the host.
pub(crate) fn hash_to_group(suite: &[u8], message: &[u8]) -> Option<G2Affine> {
    let hasher = <DefaultFieldHasher<Sha256, 128> as HashToField<Fq2>>::new(suite);
    let [first, second]: [Fq2; 2] = hasher.hash_to_field::<2>(message);
    let map = |element| -> Result<PlainAffine<PlainG2>, HashToCurveError> {
        <WBMap<PlainG2> as MapToCurve<PlainProjective<PlainG2>>>::map_to_curve(element)
    };
    #[allow(
        clippy::arithmetic_side_effects,
        reason = "adding points of a curve neither overflows nor panics"
    )]
    let sum = PlainProjective::from(map(first).ok()?) + map(second).ok()?;
    let sum = sum.into_affine();
    // The same curve with the host's multiplication.
    let (x, y) = sum.xy()?;
    Some(G2Affine::new_unchecked(x, y).clear_cofactor())
}

/// Whether `signature` is by whoever has the key of this point: e(key, H(message)) = e(generator, signature).
fn pairs(key: G1Affine, hashed: G2Affine, signature: G2Affine) -> bool {
    #[allow(
        clippy::arithmetic_side_effects,
        reason = "the negative of a point always is one"
    )]
    let negative = -G1Affine::generator();
    Bls12_381::multi_pairing([key, negative], [hashed, signature]).is_zero()
}

/// Checks a key with its proof of possession, which is a signature of `message` under [`POSSESSION_SUITE`]. Returns the key's point.
pub fn verify_possession(
    key: &SeatKey,
    proof: &SignatureBytes,
    message: &[u8],
) -> Result<KeyPoint, KeyFault> {
    let point = read_key(key).ok_or(KeyFault::NoKey)?;
    let signature = read_signature(proof).ok_or(KeyFault::NoPossession)?;
    let hashed = hash_to_group(POSSESSION_SUITE, message).ok_or(KeyFault::NoPossession)?;
    match pairs(point, hashed, signature) {
        true => write_point(&point).ok_or(KeyFault::NoKey),
        false => Err(KeyFault::NoPossession),
    }
}

/// The sum of keys. None if one of them is none.
pub fn sum_of<'a>(points: impl IntoIterator<Item = &'a KeyPoint>) -> Option<KeyPoint> {
    let sum = add(G1Projective::zero(), points)?;
    write_point(&sum.into_affine())
}

/// Adds keys to a sum.
fn add<'a>(
    mut sum: G1Projective,
    points: impl IntoIterator<Item = &'a KeyPoint>,
) -> Option<G1Projective> {
    for point in points {
        #[allow(
            clippy::arithmetic_side_effects,
            reason = "adding points of a curve neither overflows nor panics"
        )]
        {
            sum += read_point(point)?;
        }
    }
    Some(sum)
}

/// How many keys are added to verify a signature of so many of so many seats: those that sign, or those that do not, whichever are fewer.
pub fn additions(signers: u32, seats: u32) -> u32 {
    signers.min(seats.saturating_sub(signers))
}

/// The key of these seats together.
fn quorum_key<AccountId>(
    committee: &CommitteeRecord<AccountId>,
    signers: &SeatBits,
) -> Option<G1Affine> {
    let seats = committee.seats.len();
    if signers.is_empty() || !signers.fits(seats) {
        return None;
    }
    let of = |wanted: bool| {
        (0u8..)
            .zip(&committee.seats)
            .filter(move |(seat, _)| signers.get(*seat) == wanted)
            .map(|(_, seat)| &seat.point)
    };
    let few = u32::try_from(seats).ok()?.saturating_sub(signers.count()) >= signers.count();
    let key = if few {
        add(G1Projective::zero(), of(true))?
    } else {
        let absent = add(G1Projective::zero(), of(false))?;
        let all = read_point(&committee.sum)?;
        #[allow(
            clippy::arithmetic_side_effects,
            reason = "subtracting points of a curve neither overflows nor panics"
        )]
        let rest = G1Projective::from(all) - absent;
        rest
    };
    Some(key.into_affine()).filter(|key| !key.is_zero())
}

/// Whether `signature` is the sum of the signatures of `message` by all of `signers`, and by no other.
pub fn aggregate_verifies<AccountId>(
    committee: &CommitteeRecord<AccountId>,
    signers: &SeatBits,
    message: &[u8],
    signature: &SignatureBytes,
) -> Result<(), SignatureFault> {
    let key = quorum_key(committee, signers).ok_or(SignatureFault::WrongSeats)?;
    let signature = read_signature(signature).ok_or(SignatureFault::NoSignature)?;
    let hashed = hash_to_group(SIGNATURE_SUITE, message).ok_or(SignatureFault::WrongSignature)?;
    match pairs(key, hashed, signature) {
        true => Ok(()),
        false => Err(SignatureFault::WrongSignature),
    }
}

/// The point of a key, uncompressed, if it is one.
#[cfg(any(feature = "try-runtime", feature = "runtime-benchmarks", test))]
pub(crate) fn point_of(key: &SeatKey) -> Option<KeyPoint> {
    write_point(&read_key(key)?)
}
