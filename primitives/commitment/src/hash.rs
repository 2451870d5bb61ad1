//! The hash functions, and who computes them.

use crate::SECTOR_SIZE;
use sha3::{Digest, Keccak256};

/// The two hash functions of a commitment. A runtime implements this with its host functions, native
/// code uses [`Software`].
pub trait Hasher {
    /// Original Keccak-256, as Ethereum uses it; not SHA3-256.
    fn keccak_256(data: &[u8]) -> [u8; 32];

    /// BLAKE2b with 32 bytes of output.
    fn blake2_256(data: &[u8]) -> [u8; 32];

    /// [`keccak_256`](Self::keccak_256) of each sector, in order; as many as both slices have.
    fn keccak_256_sectors(sectors: &[[u8; SECTOR_SIZE]], hashes: &mut [[u8; 32]]) {
        sectors_one_by_one::<Self>(sectors, hashes);
    }

    /// [`keccak_256`](Self::keccak_256) of each pair of nodes, in order; as many as both slices have.
    fn keccak_256_pairs(pairs: &[[[u8; 32]; 2]], hashes: &mut [[u8; 32]]) {
        join_one_by_one::<Self>(pairs, hashes);
    }
}

/// [`Hasher`] in plain Rust. With the feature `std` it hashes many sectors or nodes side by side, as far
/// as the processor can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Software;

impl Hasher for Software {
    fn keccak_256(data: &[u8]) -> [u8; 32] {
        Keccak256::digest(data).into()
    }

    fn blake2_256(data: &[u8]) -> [u8; 32] {
        sp_crypto_hashing::blake2_256(data)
    }

    #[cfg(feature = "std")]
    fn keccak_256_sectors(sectors: &[[u8; SECTOR_SIZE]], hashes: &mut [[u8; 32]]) {
        crate::keccak::Backend::widest().sectors(sectors, hashes);
    }

    #[cfg(feature = "std")]
    fn keccak_256_pairs(pairs: &[[[u8; 32]; 2]], hashes: &mut [[u8; 32]]) {
        crate::keccak::Backend::widest().pairs(pairs, hashes);
    }
}

/// [`Hasher::keccak_256_sectors`] without anything side by side.
pub(crate) fn sectors_one_by_one<H: Hasher + ?Sized>(
    sectors: &[[u8; SECTOR_SIZE]],
    hashes: &mut [[u8; 32]],
) {
    for (sector, hash) in sectors.iter().zip(hashes) {
        *hash = H::keccak_256(sector);
    }
}

/// [`Hasher::keccak_256_pairs`] without anything side by side.
pub(crate) fn join_one_by_one<H: Hasher + ?Sized>(
    pairs: &[[[u8; 32]; 2]],
    hashes: &mut [[u8; 32]],
) {
    for (pair, hash) in pairs.iter().zip(hashes) {
        *hash = H::keccak_256(pair.as_flattened());
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
