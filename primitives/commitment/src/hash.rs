//! The hash functions, and who computes them.

use sha3::{Digest, Keccak256};

/// The two hash functions of a commitment. A runtime implements this with its host functions, native
/// code uses [`Software`].
pub trait Hasher {
    /// Original Keccak-256, as Ethereum uses it; not SHA3-256.
    fn keccak_256(data: &[u8]) -> [u8; 32];

    /// BLAKE2b with 32 bytes of output.
    fn blake2_256(data: &[u8]) -> [u8; 32];
}

/// [`Hasher`] in plain Rust.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Software;

impl Hasher for Software {
    fn keccak_256(data: &[u8]) -> [u8; 32] {
        Keccak256::digest(data).into()
    }

    fn blake2_256(data: &[u8]) -> [u8; 32] {
        sp_crypto_hashing::blake2_256(data)
    }
}

/// Hash of an inner node: Keccak-256 of the two children, without prefix.
pub(crate) fn hash_pair<H: Hasher>(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let mut both = [0u8; 64];
    let (first, second) = both.split_at_mut(32);
    first.copy_from_slice(left);
    second.copy_from_slice(right);
    H::keccak_256(&both)
}
