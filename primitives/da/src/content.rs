//! What a blob is, as its submission says and its first row must show.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::{BlobHeader, BlobKind, BundleError, BundleHeader, HeaderError, Shape};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// What is submitted of a blob beside commitment, class and size. Seats attest to it, so that the chain
/// need not read rows: a row's inclusion alone does not show that the row is the codeword's.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum Content {
    /// Whatever its owner says.
    #[codec(index = 0)]
    Plain,
    /// A bundle, with its count and root.
    #[codec(index = 1)]
    Bundle(BundleHeader),
}

/// Why row 0 does not show what was submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrontError {
    /// It begins with no header of a blob of this size.
    #[error("row 0 holds no header of this blob: {0}")]
    Header(#[from] HeaderError),
    /// It says that the blob is something else.
    #[error("row 0 says that the blob is {found:?}: submitted as {expected:?}")]
    WrongKind {
        /// What was submitted.
        expected: BlobKind,
        /// What row 0 says.
        found: BlobKind,
    },
    /// What is said of the bundle cannot be so.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// It begins another bundle.
    #[error("row 0 begins a bundle of {found}: submitted was one of {expected}")]
    OtherBundle {
        /// What was submitted.
        expected: BundleHeader,
        /// What row 0 says.
        found: BundleHeader,
    },
}

impl Content {
    /// What the blob's header says of it.
    pub const fn kind(&self) -> BlobKind {
        match self {
            Self::Plain => BlobKind::Plain,
            Self::Bundle(_) => BlobKind::Bundle,
        }
    }

    /// Whether a blob of this shape can be that: what the chain checks of a submission.
    pub fn check(&self, shape: &Shape) -> Result<(), BundleError> {
        match self {
            Self::Plain => Ok(()),
            Self::Bundle(bundle) => bundle.check(shape.size()),
        }
    }

    /// Checks that row 0 of a blob of this shape shows this content. The row must be verified, with its
    /// linear combination, before: else it need not be what readers rebuild.
    pub fn check_front(&self, shape: &Shape, row: &[u8]) -> Result<(), FrontError> {
        let header = BlobHeader::decode(row)?;
        if header.size != shape.size() {
            return Err(HeaderError::WrongSize {
                expected: shape.size(),
                found: header.size,
            }
            .into());
        }
        let (expected, found) = (self.kind(), header.kind);
        if expected != found {
            return Err(FrontError::WrongKind { expected, found });
        }
        let Self::Bundle(expected) = *self else {
            return Ok(());
        };
        expected.check(shape.size())?;
        let found = BundleHeader::from_bytes(BlobHeader::after(row))?;
        match found == expected {
            true => Ok(()),
            false => Err(FrontError::OtherBundle { expected, found }),
        }
    }

    /// These rows, ascending, and of a bundle row 0 before them unless it is among them.
    pub fn with_front(&self, mut rows: Vec<u16>) -> Vec<u16> {
        if matches!(self, Self::Bundle(_)) && rows.first() != Some(&0) {
            rows.insert(0, 0);
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUNDLE: BundleHeader = BundleHeader {
        count: 2,
        root: [7; 32],
    };

    fn front(kind: BlobKind, size: u32, bundle: &BundleHeader) -> Vec<u8> {
        let mut row = BlobHeader { kind, size }.encode().to_vec();
        row.extend(bundle.to_bytes());
        row.resize(64, 0);
        row
    }

    #[test]
    fn check_front_each_difference_is_its_own_error() {
        let shape = Shape::of(200).unwrap();
        let content = Content::Bundle(BUNDLE);
        let check = |row: &[u8]| content.check_front(&shape, row);
        assert_eq!(check(&front(BlobKind::Bundle, 200, &BUNDLE)), Ok(()));
        assert_eq!(
            check(&front(BlobKind::Bundle, 199, &BUNDLE)),
            Err(FrontError::Header(HeaderError::WrongSize {
                expected: 200,
                found: 199
            }))
        );
        assert_eq!(
            check(&front(BlobKind::Plain, 200, &BUNDLE)),
            Err(FrontError::WrongKind {
                expected: BlobKind::Bundle,
                found: BlobKind::Plain
            })
        );
        let found = BundleHeader { count: 3, ..BUNDLE };
        assert_eq!(
            check(&front(BlobKind::Bundle, 200, &found)),
            Err(FrontError::OtherBundle {
                expected: BUNDLE,
                found
            })
        );
        let found = BundleHeader {
            root: [8; 32],
            ..BUNDLE
        };
        let error = check(&front(BlobKind::Bundle, 200, &found)).unwrap_err();
        let expected = BUNDLE;
        assert_eq!(error, FrontError::OtherBundle { expected, found });
        let (root, other) = ("07".repeat(32), "08".repeat(32));
        assert_eq!(
            error.to_string(),
            format!("row 0 begins a bundle of 2 members with root 0x{other}: submitted was one of 2 members with root 0x{root}")
        );
        assert_eq!(
            check(&front(BlobKind::Bundle, 200, &BUNDLE)[..47]),
            Err(FrontError::Bundle(BundleError::Truncated {
                expected: 40,
                found: 39
            }))
        );
        assert_eq!(
            Content::Plain.check_front(&shape, &front(BlobKind::Plain, 200, &BUNDLE)),
            Ok(())
        );
        assert_eq!(
            Content::Plain.check_front(&shape, &front(BlobKind::Bundle, 200, &BUNDLE)),
            Err(FrontError::WrongKind {
                expected: BlobKind::Plain,
                found: BlobKind::Bundle
            })
        );
    }

    #[test]
    fn check_more_members_than_the_blob_has_room_for_is_refused() {
        // 40 bytes, and 36 for each member.
        let content = Content::Bundle(BUNDLE);
        assert_eq!(content.check(&Shape::of(112).unwrap()), Ok(()));
        assert_eq!(
            content.check(&Shape::of(111).unwrap()),
            Err(BundleError::Truncated {
                expected: 112,
                found: 111
            })
        );
        let count = 0;
        assert_eq!(
            Content::Bundle(BundleHeader { count, ..BUNDLE }).check(&Shape::of(500).unwrap()),
            Err(BundleError::WrongCount { found: 0 })
        );
        assert_eq!(Content::Plain.check(&Shape::of(0).unwrap()), Ok(()));
    }

    #[test]
    fn with_front_of_a_bundle_has_row_zero_once() {
        let bundle = Content::Bundle(BUNDLE);
        assert_eq!(bundle.with_front(vec![2, 5]), [0, 2, 5]);
        assert_eq!(bundle.with_front(vec![0, 5]), [0, 5]);
        assert_eq!(bundle.with_front(vec![]), [0]);
        assert_eq!(Content::Plain.with_front(vec![2, 5]), [2, 5]);
    }
}
