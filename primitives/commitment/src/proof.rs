//! Proving and verifying sectors and segments.

use crate::{
    segment::{sector_siblings_in_segment, segment_root},
    tree::{join, path},
    zero_root, Hasher, Shape, MAX_SIBLINGS, SECTORS_PER_SEGMENT, SECTOR_SIZE,
};
use alloc::vec::Vec;
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use scale_info::TypeInfo;

/// A sector with what leads from it to the root. Its place in the file is no part of it: the verifier
/// knows which sector it asked for.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct SectorProof {
    /// The sector's bytes. What lies behind the end of the file is zero.
    pub sector: [u8; SECTOR_SIZE],
    /// The siblings on the way to the root, bottom to top.
    pub siblings: BoundedVec<[u8; 32], ConstU32<MAX_SIBLINGS>>,
}

/// What a proof is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// A sector.
    Sector,
    /// A segment.
    Segment,
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sector => "sector",
            Self::Segment => "segment",
        })
    }
}

/// A hash that is printed in hex.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hex(pub [u8; 32]);

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why data and siblings are no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The file has no such sector or segment with data.
    #[error("{item} {index} is outside the file: expected an index below {limit}")]
    OutOfRange {
        /// What was asked for.
        item: Item,
        /// The index given.
        index: u64,
        /// How many the file has.
        limit: u64,
    },
    /// The data has the wrong length.
    #[error("segment {index} has {found} bytes: expected {expected}")]
    WrongLength {
        /// Index of the segment.
        index: u64,
        /// Bytes that this segment has in a file of this size.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
    /// The number of siblings does not follow from the index and the size of the file.
    #[error("{item} {index} comes with {found} siblings: expected {expected}")]
    WrongSiblingCount {
        /// What the proof is about.
        item: Item,
        /// Its index.
        index: u64,
        /// Siblings on the way to the root in a file of this size.
        expected: usize,
        /// Siblings given.
        found: usize,
    },
    /// Bytes behind the end of the file are not zero.
    #[error(
        "{item} {index} has other bytes than zeros behind the end of the file, from byte {end} on"
    )]
    DataBehindEnd {
        /// What the proof is about.
        item: Item,
        /// Its index.
        index: u64,
        /// Bytes of it that belong to the file.
        end: usize,
    },
    /// A sibling that lies wholly in the padding is not the root of zeros.
    #[error("sibling {position} of {item} {index} lies in the padding: expected {expected}, found {found}")]
    WrongPadding {
        /// What the proof is about.
        item: Item,
        /// Its index.
        index: u64,
        /// Which sibling, counted from the bottom from 0.
        position: usize,
        /// The root of as many zeros.
        expected: Hex,
        /// The sibling given.
        found: Hex,
    },
    /// The proof leads to another root.
    #[error("{item} {index} leads to root {found}: expected {expected}")]
    WrongRoot {
        /// What the proof is about.
        item: Item,
        /// Its index.
        index: u64,
        /// The file's root.
        expected: Hex,
        /// Where the proof leads.
        found: Hex,
    },
}

/// Checks that `proof` is sector `index` of the file with this root and shape.
///
/// Number, place and side of the siblings follow from the index and the shape. Hashes one sector and
/// one pair per sibling.
pub fn verify_sector<H: Hasher>(
    root: &[u8; 32],
    shape: &Shape,
    index: u64,
    proof: &SectorProof,
) -> Result<(), ProofError> {
    let item = Item::Sector;
    let end = shape.sector_bytes(index).ok_or(ProofError::OutOfRange {
        item,
        index,
        limit: shape.sectors(),
    })?;
    check_end(item, index, end, &proof.sector)?;
    let climb = Climb {
        item,
        index,
        leaves: shape.padded_sectors(),
        sectors_per_leaf: 1,
    };
    climb.verify::<H>(
        root,
        shape,
        || H::keccak_256(&proof.sector),
        &proof.siblings,
    )?;
    Ok(())
}

/// Checks what shows without hashing: whether `proof` has the form that a proof of sector `index` must
/// have. [`verify_sector`] checks it, too.
pub fn check_sector_form(shape: &Shape, index: u64, proof: &SectorProof) -> Result<(), ProofError> {
    let item = Item::Sector;
    let end = shape.sector_bytes(index).ok_or(ProofError::OutOfRange {
        item,
        index,
        limit: shape.sectors(),
    })?;
    let climb = Climb {
        item,
        index,
        leaves: shape.padded_sectors(),
        sectors_per_leaf: 1,
    };
    climb.check_count(&proof.siblings)?;
    check_end(item, index, end, &proof.sector)
}

/// Checks that `data` is segment `index` of the file with this root and shape, and returns the
/// segment's root.
///
/// `data` must have exactly [`Shape::segment_len`] bytes, with zeros behind the end of the file.
/// `siblings` lead from the segment's root to the file's, bottom to top; a file of one segment has none.
pub fn verify_segment<H: Hasher>(
    root: &[u8; 32],
    shape: &Shape,
    index: u64,
    data: &[u8],
    siblings: &[[u8; 32]],
) -> Result<[u8; 32], ProofError> {
    let item = Item::Segment;
    let out_of_range = ProofError::OutOfRange {
        item,
        index,
        limit: shape.segments(),
    };
    let wrong_length = |expected| ProofError::WrongLength {
        index,
        expected,
        found: data.len(),
    };
    let expected = shape.segment_len(index).ok_or(out_of_range)?;
    if data.len() != expected {
        return Err(wrong_length(expected));
    }
    let end = shape.segment_bytes(index).ok_or(out_of_range)?;
    check_end(item, index, end, data)?;
    let climb = Climb {
        item,
        index,
        leaves: shape.padded_segments(),
        sectors_per_leaf: SECTORS_PER_SEGMENT,
    };
    climb.check_count(siblings)?;
    let leaf = segment_root::<H>(shape, index, data).ok_or(wrong_length(expected))?;
    climb.verify::<H>(root, shape, || leaf, siblings)?;
    Ok(leaf)
}

/// The proof of one sector from its segment's data and the segment's siblings. `sector` counts from
/// the segment's beginning. Does not check that they belong to any root.
pub fn sector_proof<H: Hasher>(
    shape: &Shape,
    segment: u64,
    data: &[u8],
    sector: u64,
    segment_siblings: &[[u8; 32]],
) -> Result<SectorProof, ProofError> {
    let limit = shape
        .segment_sectors(segment)
        .ok_or(ProofError::OutOfRange {
            item: Item::Segment,
            index: segment,
            limit: shape.segments(),
        })?;
    let out_of_range = ProofError::OutOfRange {
        item: Item::Sector,
        index: sector,
        limit,
    };
    if sector >= limit {
        return Err(out_of_range);
    }
    let expected = shape.segment_len(segment).unwrap_or_default();
    let wrong_length = ProofError::WrongLength {
        index: segment,
        expected,
        found: data.len(),
    };
    if data.len() != expected {
        return Err(wrong_length);
    }
    let climb = Climb {
        item: Item::Segment,
        index: segment,
        leaves: shape.padded_segments(),
        sectors_per_leaf: SECTORS_PER_SEGMENT,
    };
    climb.check_count(segment_siblings)?;
    let bytes = usize::try_from(sector)
        .ok()
        .and_then(|sector| data.chunks_exact(SECTOR_SIZE).nth(sector))
        .and_then(|bytes| <[u8; SECTOR_SIZE]>::try_from(bytes).ok())
        .ok_or(out_of_range)?;
    let mut siblings: Vec<[u8; 32]> =
        sector_siblings_in_segment::<H>(shape, segment, data, sector).ok_or(out_of_range)?;
    siblings.extend_from_slice(segment_siblings);
    let found = siblings.len();
    // A tree of the largest size has MAX_SIBLINGS levels, so that this cannot fail.
    let siblings = BoundedVec::try_from(siblings).map_err(|_| ProofError::WrongSiblingCount {
        item: Item::Sector,
        index: sector,
        expected: path(sector, shape.padded_sectors()).count(),
        found,
    })?;
    Ok(SectorProof {
        sector: bytes,
        siblings,
    })
}

/// Checks that `data` is zero from `end` on.
fn check_end(item: Item, index: u64, end: usize, data: &[u8]) -> Result<(), ProofError> {
    match data.iter().skip(end).all(|byte| *byte == 0) {
        true => Ok(()),
        false => Err(ProofError::DataBehindEnd { item, index, end }),
    }
}

/// The way from a leaf to the root.
struct Climb {
    item: Item,
    index: u64,
    leaves: u64,
    sectors_per_leaf: u64,
}

impl Climb {
    /// Checks the number of siblings.
    fn check_count(&self, siblings: &[[u8; 32]]) -> Result<(), ProofError> {
        let expected = path(self.index, self.leaves).count();
        match siblings.len() == expected {
            true => Ok(()),
            false => Err(ProofError::WrongSiblingCount {
                item: self.item,
                index: self.index,
                expected,
                found: siblings.len(),
            }),
        }
    }

    /// Checks number and padding of the siblings, then that they lead from `leaf` to `root`.
    fn verify<H: Hasher>(
        &self,
        root: &[u8; 32],
        shape: &Shape,
        leaf: impl FnOnce() -> [u8; 32],
        siblings: &[[u8; 32]],
    ) -> Result<(), ProofError> {
        let (item, index) = (self.item, self.index);
        self.check_count(siblings)?;
        let mut node = leaf();
        let steps = path(index, self.leaves).zip(siblings).enumerate();
        for (position, (step, sibling)) in steps {
            let first = step.first.saturating_mul(self.sectors_per_leaf);
            if first >= shape.sectors() {
                let width = step.leaves.saturating_mul(self.sectors_per_leaf);
                let rest = shape.padded_sectors().saturating_sub(first);
                let expected = zero_root::<H>(width.min(rest));
                if *sibling != expected {
                    return Err(ProofError::WrongPadding {
                        item,
                        index,
                        position,
                        expected: Hex(expected),
                        found: Hex(*sibling),
                    });
                }
            }
            node = join::<H>(&node, sibling, step.side);
        }
        match node == *root {
            true => Ok(()),
            false => Err(ProofError::WrongRoot {
                item,
                index,
                expected: Hex(*root),
                found: Hex(node),
            }),
        }
    }
}
