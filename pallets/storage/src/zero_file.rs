//! A file of zeros, whose root and proofs can be computed for any size without having it: for
//! benchmarks and tests of the largest files.
#![allow(clippy::expect_used, reason = "runs in benchmarks and tests only")]

use crate::SectorProofsOf;
use alloc::vec::Vec;
use noema_commitment::{path, zero_root, Hasher, SectorProof, Shape, SECTOR_SIZE};

/// The root of a file of zeros of this shape.
pub(crate) fn root<H: Hasher>(shape: &Shape) -> [u8; 32] {
    zero_root::<H>(shape.padded_sectors())
}

/// The proof of sector `index` of a file of zeros.
pub(crate) fn sector_proof<H: Hasher>(shape: &Shape, index: u64) -> SectorProof {
    let siblings: Vec<_> = path(index, shape.padded_sectors())
        .map(|step| zero_root::<H>(step.leaves))
        .collect();
    SectorProof {
        sector: [0; SECTOR_SIZE],
        siblings: siblings
            .try_into()
            .expect("a tree has at most MAX_SIBLINGS levels"),
    }
}

/// The proofs that `prove` expects for these sectors of a file of zeros.
pub(crate) fn proofs<T: crate::Config>(
    shape: &Shape,
    sectors: impl Iterator<Item = u64>,
) -> SectorProofsOf<T> {
    let proofs: Vec<_> = sectors
        .map(|sector| sector_proof::<T::FileHasher>(shape, sector))
        .collect();
    proofs.try_into().expect("as many sectors as ProofSectors")
}
