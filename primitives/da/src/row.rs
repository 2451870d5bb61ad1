//! Proving that a row is one of those that a commitment fixes.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::{climb, leaf, Commitment, Hasher, Shape, MAX_DEPTH, MAX_ROW_BYTES};
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// A row with what leads from it to the commitment. Its index is no part of it: the verifier knows
/// which row it asked for.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct RowProof {
    /// The row's bytes.
    pub row: BoundedVec<u8, ConstU32<MAX_ROW_BYTES>>,
    /// The siblings on the way to the root of the rows, bottom to top.
    pub siblings: BoundedVec<[u8; 32], ConstU32<MAX_DEPTH>>,
    /// Root of the tree over the linear combinations of the original rows.
    pub combinations_root: [u8; 32],
}

/// Why data and siblings are no proof of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// A blob of this class has no such row.
    #[error("row {index} does not exist: a blob of this class has rows 0 to {last}")]
    OutOfRange {
        /// The index given.
        index: u16,
        /// The last row.
        last: u16,
    },
    /// The row has the wrong length.
    #[error("row {index} has {found} bytes: rows of this blob have {expected}")]
    WrongLength {
        /// The row.
        index: u16,
        /// Bytes of each row of the blob.
        expected: u32,
        /// Bytes given.
        found: usize,
    },
    /// The number of siblings is not that of the class.
    #[error("row {index} comes with {found} siblings: expected {expected}")]
    WrongSiblingCount {
        /// The row.
        index: u16,
        /// Siblings of a row in this class.
        expected: u32,
        /// Siblings given.
        found: usize,
    },
    /// Row, siblings and root of the combinations lead to another commitment.
    #[error("row {index} leads to commitment {found}: expected {expected}")]
    WrongCommitment {
        /// The row.
        index: u16,
        /// The blob's commitment.
        expected: Commitment,
        /// Where the proof leads.
        found: Commitment,
    },
}

/// Checks that `row` is row `index` of the blob with this commitment and shape.
///
/// `commitment = SHA-256(row root ‖ combinations root)`; the row root is that of the RFC 6962 tree over
/// all rows in order. K is a power of two and there are 4 K rows in every class, so that nothing is
/// padded and a row's place in the tree is its index. Hashes the row, one pair per sibling and the two
/// roots.
///
/// This shows that the row is the one that is committed to. That it belongs to a codeword is not shown
/// by this, but by its linear combination, which those check who store or read rows.
pub fn verify_row<H: Hasher>(
    commitment: &Commitment,
    shape: &Shape,
    index: u16,
    row: &[u8],
    siblings: &[[u8; 32]],
    combinations_root: &[u8; 32],
) -> Result<(), RowError> {
    if index >= shape.rows() {
        let last = shape.rows().saturating_sub(1);
        return Err(RowError::OutOfRange { index, last });
    }
    let expected = shape.row_bytes();
    if u32::try_from(row.len()) != Ok(expected) {
        return Err(RowError::WrongLength {
            index,
            expected,
            found: row.len(),
        });
    }
    let expected = shape.depth();
    if u32::try_from(siblings.len()) != Ok(expected) {
        return Err(RowError::WrongSiblingCount {
            index,
            expected,
            found: siblings.len(),
        });
    }
    let row_root = climb::<H>(leaf::<H>(row), index.into(), siblings);
    let found = Commitment(H::sha2_256(&[&row_root, combinations_root]));
    match found == *commitment {
        true => Ok(()),
        false => Err(RowError::WrongCommitment {
            index,
            expected: *commitment,
            found,
        }),
    }
}

impl RowProof {
    /// Checks that this is row `index` of the blob: [`verify_row`].
    pub fn verify<H: Hasher>(
        &self,
        commitment: &Commitment,
        shape: &Shape,
        index: u16,
    ) -> Result<(), RowError> {
        verify_row::<H>(
            commitment,
            shape,
            index,
            &self.row,
            &self.siblings,
            &self.combinations_root,
        )
    }
}
