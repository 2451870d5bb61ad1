//! Keccak-256 of many messages of one length at once.
//!
//! A sector (256 bytes) and a pair of nodes (64 bytes) are the only messages of a tree, and a tree has
//! many of them that do not wait for each other. On x86-64 several are hashed side by side, word `i` of
//! each in one vector register; which registers there are is found out at run time. Everywhere else, and
//! for what does not fill the registers, the `sha3` crate hashes one after the other.

#[cfg(target_arch = "x86_64")]
#[macro_use]
mod permutation;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

use crate::{
    hash::{join_one_by_one, sectors_one_by_one},
    Hasher, Software, SECTOR_SIZE,
};

/// [`Hasher`] that hashes `N` messages at once, `N` being 1, 4 (AVX2) or 8 (AVX-512), or one after the
/// other where the processor cannot. All give the same hashes; this is for tests and benchmarks,
/// [`Software`] chooses the widest by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lanes<const N: usize>;

impl<const N: usize> Lanes<N> {
    /// Whether this processor hashes `N` messages at once.
    pub fn is_available() -> bool {
        const { assert!(matches!(N, 1 | 4 | 8), "Lanes<N> is for 1, 4 or 8 messages") };
        Backend::with_lanes(N).is_some()
    }

    fn backend() -> Backend {
        const { assert!(matches!(N, 1 | 4 | 8), "Lanes<N> is for 1, 4 or 8 messages") };
        Backend::with_lanes(N).unwrap_or(Backend(Kind::One))
    }
}

impl<const N: usize> Hasher for Lanes<N> {
    fn keccak_256(data: &[u8]) -> [u8; 32] {
        Software::keccak_256(data)
    }

    fn blake2_256(data: &[u8]) -> [u8; 32] {
        Software::blake2_256(data)
    }

    fn keccak_256_sectors(sectors: &[[u8; SECTOR_SIZE]], hashes: &mut [[u8; 32]]) {
        Self::backend().sectors(sectors, hashes);
    }

    fn keccak_256_pairs(pairs: &[[[u8; 32]; 2]], hashes: &mut [[u8; 32]]) {
        Self::backend().pairs(pairs, hashes);
    }
}

/// Messages that [`Software`] hashes at once on this processor: 8, 4 or 1.
pub fn lanes() -> usize {
    Backend::widest().lanes()
}

/// Instructions to hash with, which this processor has: a value is only made after it was asked.
#[derive(Clone, Copy)]
pub(crate) struct Backend(Kind);

#[derive(Clone, Copy)]
enum Kind {
    One,
    #[cfg(target_arch = "x86_64")]
    Four,
    #[cfg(target_arch = "x86_64")]
    Eight,
}

impl Backend {
    /// The one that hashes the most at once. The standard library asks the processor once and remembers.
    pub(crate) fn widest() -> Self {
        Self::with_lanes(8)
            .or_else(|| Self::with_lanes(4))
            .unwrap_or(Self(Kind::One))
    }

    fn with_lanes(lanes: usize) -> Option<Self> {
        match lanes {
            1 => Some(Self(Kind::One)),
            #[cfg(target_arch = "x86_64")]
            4 => std::arch::is_x86_feature_detected!("avx2").then_some(Self(Kind::Four)),
            #[cfg(target_arch = "x86_64")]
            8 => std::arch::is_x86_feature_detected!("avx512f").then_some(Self(Kind::Eight)),
            _ => None,
        }
    }

    fn lanes(self) -> usize {
        match self.0 {
            Kind::One => 1,
            #[cfg(target_arch = "x86_64")]
            Kind::Four => 4,
            #[cfg(target_arch = "x86_64")]
            Kind::Eight => 8,
        }
    }

    /// See [`Hasher::keccak_256_sectors`].
    #[cfg_attr(
        target_arch = "x86_64",
        expect(unsafe_code, reason = "calls what needs features of the processor")
    )]
    pub(crate) fn sectors(self, sectors: &[[u8; SECTOR_SIZE]], hashes: &mut [[u8; 32]]) {
        match self.0 {
            Kind::One => sectors_one_by_one::<Software>(sectors, hashes),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the value is made only where the processor has AVX2.
            Kind::Four => unsafe { avx2::sectors(sectors, hashes) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the value is made only where the processor has AVX-512F.
            Kind::Eight => unsafe { avx512::sectors(sectors, hashes) },
        }
    }

    /// See [`Hasher::keccak_256_pairs`].
    #[cfg_attr(
        target_arch = "x86_64",
        expect(unsafe_code, reason = "calls what needs features of the processor")
    )]
    pub(crate) fn pairs(self, pairs: &[[[u8; 32]; 2]], hashes: &mut [[u8; 32]]) {
        match self.0 {
            Kind::One => join_one_by_one::<Software>(pairs, hashes),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the value is made only where the processor has AVX2.
            Kind::Four => unsafe { avx2::pairs(pairs, hashes) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the value is made only where the processor has AVX-512F.
            Kind::Eight => unsafe { avx512::pairs(pairs, hashes) },
        }
    }
}
