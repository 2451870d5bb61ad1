//! What a seat signs.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::{Commitment, CommitteeId, Content, RowSeed, Shape, ShapeError, SizeClass};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// What stands before every attestation, so that no other message of the same key reads as one.
pub const ATTESTATION_DOMAIN: &[u8; 23] = b"noema/da/attestation/v1";

/// "I hold my rows of this blob, each of them leads to the commitment and fits the linear combinations;
/// row 0, if it is mine or the blob a bundle, says what the submission says of the content; and I will
/// serve my rows as long as this submission lasts."
///
/// Every seat of a committee signs the same bytes, so that signatures add up. It is bound to one paid
/// submission on one chain: neither another submission of the same blob nor another chain with the same
/// committee can use it. The row assignment follows from committee, class, commitment and row seed.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Attestation {
    /// Hash of the chain's first block.
    pub genesis: [u8; 32],
    /// The pallet's index in its runtime: with two instances, which of them.
    pub pallet: u8,
    /// Version of the rules by which rows are assigned and held.
    pub rules: u16,
    /// The paid submission, a number that is never given twice.
    pub submission: u64,
    /// What the coding commits to.
    pub commitment: Commitment,
    /// Class of the blob.
    pub class: SizeClass,
    /// Exact bytes of the blob.
    pub size: u32,
    /// What the blob is; of a bundle, how many members it has and their root.
    pub content: Content,
    /// The DA era whose committee signs.
    pub era: u32,
    /// The committee, keys and stakes included.
    pub committee: CommitteeId,
    /// What the chain drew for the submission.
    pub seed: RowSeed,
}

impl Attestation {
    /// The bytes that are signed: [`ATTESTATION_DOMAIN`] ‖ the SCALE encoding of the fields in order. All
    /// are of fixed length but the content, whose first byte says its length: no two attestations have
    /// the same bytes.
    pub fn signing_bytes(&self) -> Vec<u8> {
        let mut bytes = ATTESTATION_DOMAIN.to_vec();
        self.encode_to(&mut bytes);
        bytes
    }

    /// The blob's shape; fails if class and size do not belong together.
    pub fn shape(&self) -> Result<Shape, ShapeError> {
        Shape::new(self.class, self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BundleHeader;

    #[test]
    fn signing_bytes_are_domain_and_fields_in_order() {
        let attestation = Attestation {
            genesis: [1; 32],
            pallet: 60,
            rules: 1,
            submission: 7,
            commitment: Commitment([2; 32]),
            class: SizeClass::Medium,
            size: 1 << 20,
            content: Content::Plain,
            era: 9,
            committee: CommitteeId([3; 32]),
            seed: RowSeed([4; 32]),
        };
        let mut expected = b"noema/da/attestation/v1".to_vec();
        expected.extend([1; 32]);
        expected.extend([60, 1, 0, 7, 0, 0, 0, 0, 0, 0, 0]);
        expected.extend([2; 32]);
        expected.extend([2, 0, 0, 16, 0]);
        let front = expected.clone();
        expected.extend([0, 9, 0, 0, 0]);
        expected.extend([3; 32]);
        expected.extend([4; 32]);
        assert_eq!(attestation.signing_bytes(), expected);
        let bundle = Attestation {
            content: Content::Bundle(BundleHeader {
                count: 258,
                root: [5; 32],
            }),
            ..attestation
        };
        let mut expected = front;
        expected.extend([1, 2, 1, 0, 0]);
        expected.extend([5; 32]);
        expected.extend([9, 0, 0, 0]);
        expected.extend([3; 32]);
        expected.extend([4; 32]);
        assert_eq!(bundle.signing_bytes(), expected);
        assert_eq!(bundle.encoded_size(), Attestation::max_encoded_len());
        assert_eq!(attestation.shape(), Shape::of(1 << 20));
        let wrong = Attestation {
            class: SizeClass::Tiny,
            ..attestation
        };
        assert!(wrong.shape().is_err());
    }
}
