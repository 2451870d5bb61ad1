//! Size classes: how many rows a blob of some size is coded into, and how long they are.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::BLOB_HEADER_BYTES;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use scale_info::TypeInfo;

/// Rows are multiples of this many bytes: what the field arithmetic works on at a time.
pub const ROW_STEP: u32 = 64;

/// Most bytes of a blob: 128 MiB.
pub const MAX_BLOB_SIZE: u32 = 1 << 27;

/// Most bytes of a row in any class.
pub const MAX_ROW_BYTES: u32 = 32_832;

/// Most siblings of a row in any class.
pub const MAX_DEPTH: u32 = 14;

/// Bytes of one linear combination: an element of GF(2^128).
const COMBINATION_BYTES: u32 = 16;

/// How a blob is coded, by its size alone.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum SizeClass {
    /// Up to 512 bytes: each row is the whole blob.
    #[codec(index = 0)]
    Tiny,
    /// Up to 64 KiB.
    #[codec(index = 1)]
    Small,
    /// Up to 4 MiB.
    #[codec(index = 2)]
    Medium,
    /// Up to 32 MiB.
    #[codec(index = 3)]
    Large,
    /// Up to 128 MiB.
    #[codec(index = 4)]
    Huge,
}

/// What is fixed for a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassParameters {
    /// The class.
    pub class: SizeClass,
    /// Rows that hold the blob itself, K; any that many rebuild it. A power of two.
    pub original: u16,
    /// Rows of parity, 3 K.
    pub parity: u16,
    /// Fewest rows that a seat is given, however little its stake: as many as a seat with a hundredth
    /// of the stake gets anyway.
    pub min_rows: u16,
    /// Levels of the tree over the rows, and so the siblings of a row: log2(4 K).
    pub depth: u32,
    /// Most bytes of a blob of this class. What is larger belongs to the next class.
    pub max_size: u32,
}

/// All classes, smallest first. Why these: `docs/design/da.md`.
pub const CLASSES: [ClassParameters; 5] = [
    ClassParameters {
        class: SizeClass::Tiny,
        original: 1,
        parity: 3,
        min_rows: 1,
        depth: 2,
        max_size: 512,
    },
    ClassParameters {
        class: SizeClass::Small,
        original: 8,
        parity: 24,
        min_rows: 1,
        depth: 5,
        max_size: 64 << 10,
    },
    ClassParameters {
        class: SizeClass::Medium,
        original: 256,
        parity: 768,
        min_rows: 10,
        depth: 10,
        max_size: 4 << 20,
    },
    ClassParameters {
        class: SizeClass::Large,
        original: 1024,
        parity: 3072,
        min_rows: 40,
        depth: 12,
        max_size: 32 << 20,
    },
    ClassParameters {
        class: SizeClass::Huge,
        original: 4096,
        parity: 12_288,
        min_rows: 163,
        depth: 14,
        max_size: MAX_BLOB_SIZE,
    },
];

impl SizeClass {
    /// Every class, smallest first.
    pub const ALL: [SizeClass; 5] = [
        Self::Tiny,
        Self::Small,
        Self::Medium,
        Self::Large,
        Self::Huge,
    ];

    /// What is fixed for this class.
    pub const fn parameters(self) -> &'static ClassParameters {
        let [tiny, small, medium, large, huge] = &CLASSES;
        match self {
            Self::Tiny => tiny,
            Self::Small => small,
            Self::Medium => medium,
            Self::Large => large,
            Self::Huge => huge,
        }
    }

    /// Its number on the wire, the same as its codec index.
    pub const fn index(self) -> u8 {
        match self {
            Self::Tiny => 0,
            Self::Small => 1,
            Self::Medium => 2,
            Self::Large => 3,
            Self::Huge => 4,
        }
    }

    /// The class with this number.
    pub fn from_index(index: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.index() == index)
    }

    /// Rows in all, 4 K.
    pub fn rows(self) -> u16 {
        let parameters = self.parameters();
        parameters.original.saturating_add(parameters.parity)
    }
}

impl fmt::Display for SizeClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tiny => "tiny",
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
            Self::Huge => "huge",
        })
    }
}

/// Why there is no such shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// No class takes so many bytes.
    #[error("a blob of {size} bytes is too large: at most {MAX_BLOB_SIZE}; split it")]
    TooLarge {
        /// Bytes of the blob.
        size: u64,
    },
    /// The size belongs to another class.
    #[error("a blob of {size} bytes is of class {expected}, found class {found}")]
    WrongClass {
        /// Bytes of the blob.
        size: u32,
        /// The class of blobs of this size.
        expected: SizeClass,
        /// The class given.
        found: SizeClass,
    },
}

/// Everything about the coding of a blob that follows from its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    class: SizeClass,
    size: u32,
    row_bytes: u32,
}

impl Shape {
    /// The shape of a blob of `size` bytes.
    ///
    /// The smallest class that takes the size, and rows of the fewest steps of 64 bytes in which the
    /// header and the blob fit K of them.
    pub fn of(size: u64) -> Result<Self, ShapeError> {
        let too_large = ShapeError::TooLarge { size };
        let size = u32::try_from(size).map_err(|_| too_large)?;
        let parameters = CLASSES
            .iter()
            .find(|parameters| size <= parameters.max_size)
            .ok_or(too_large)?;
        let step = u32::from(parameters.original).saturating_mul(ROW_STEP);
        // A size of at most 2^27 and a header overflow nothing.
        let steps = size.saturating_add(BLOB_HEADER_BYTES).div_ceil(step);
        Ok(Self {
            class: parameters.class,
            size,
            row_bytes: steps.saturating_mul(ROW_STEP),
        })
    }

    /// The shape of a blob of `size` bytes, which must be of this class.
    pub fn new(class: SizeClass, size: u32) -> Result<Self, ShapeError> {
        let shape = Self::of(size.into())?;
        match shape.class == class {
            true => Ok(shape),
            false => Err(ShapeError::WrongClass {
                size,
                expected: shape.class,
                found: class,
            }),
        }
    }

    /// The class.
    pub fn class(&self) -> SizeClass {
        self.class
    }

    /// Exact bytes of the blob, without header.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// Bytes of each row, a multiple of 64.
    pub fn row_bytes(&self) -> u32 {
        self.row_bytes
    }

    /// Rows that hold the blob itself, K; any that many rebuild it.
    pub fn original(&self) -> u16 {
        self.class.parameters().original
    }

    /// Rows in all, 4 K. Those from K on are parity.
    pub fn rows(&self) -> u16 {
        self.class.rows()
    }

    /// Siblings of a row.
    pub fn depth(&self) -> u32 {
        self.class.parameters().depth
    }

    /// Bytes of the original rows together: header, blob and padding.
    pub fn data_bytes(&self) -> u32 {
        u32::from(self.original()).saturating_mul(self.row_bytes)
    }

    /// Bytes of the vector of linear combinations of the original rows.
    pub fn combinations_bytes(&self) -> u32 {
        u32::from(self.original()).saturating_mul(COMBINATION_BYTES)
    }

    /// Bytes that a whole committee of [`MAX_SEATS`](crate::MAX_SEATS) stores, by which a blob is paid: all rows once, and the
    /// combinations of every seat; 4 K R + 100 x 16 K.
    pub fn stored_bytes(&self) -> u64 {
        let rows = u64::from(self.rows()).saturating_mul(self.row_bytes().into());
        let seats = u64::try_from(crate::MAX_SEATS).unwrap_or(u64::MAX);
        rows.saturating_add(u64::from(self.combinations_bytes()).saturating_mul(seats))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn classes_are_consistent() {
        let mut previous = 0;
        for (index, parameters) in CLASSES.iter().enumerate() {
            let class = parameters.class;
            assert_eq!(usize::from(class.index()), index);
            assert_eq!(class.encode(), [class.index()]);
            assert_eq!(SizeClass::from_index(class.index()), Some(class));
            assert_eq!(class.parameters(), parameters);
            assert!(parameters.original.is_power_of_two());
            assert_eq!(parameters.parity, 3 * parameters.original);
            assert_eq!(1 << parameters.depth, class.rows());
            assert_eq!(parameters.min_rows, (class.rows() / 100).max(1));
            assert!(parameters.max_size > previous);
            previous = parameters.max_size;
            assert!(parameters.depth <= MAX_DEPTH);
        }
        assert_eq!(previous, MAX_BLOB_SIZE);
        assert_eq!(SizeClass::from_index(5), None);
    }

    #[test]
    fn shape_at_the_bounds_of_each_class() {
        let row = |size| Shape::of(size).map(|shape| (shape.class(), shape.row_bytes()));
        assert_eq!(row(0), Ok((SizeClass::Tiny, 64)));
        assert_eq!(row(1), Ok((SizeClass::Tiny, 64)));
        assert_eq!(row(56), Ok((SizeClass::Tiny, 64)));
        assert_eq!(row(57), Ok((SizeClass::Tiny, 128)));
        assert_eq!(row(512), Ok((SizeClass::Tiny, 576)));
        assert_eq!(row(513), Ok((SizeClass::Small, 128)));
        assert_eq!(row(65_536), Ok((SizeClass::Small, 8_256)));
        assert_eq!(row(65_537), Ok((SizeClass::Medium, 320)));
        assert_eq!(row(4 << 20), Ok((SizeClass::Medium, 16_448)));
        assert_eq!(row((4 << 20) + 1), Ok((SizeClass::Large, 4_160)));
        assert_eq!(row(32 << 20), Ok((SizeClass::Large, MAX_ROW_BYTES)));
        assert_eq!(row((32 << 20) + 1), Ok((SizeClass::Huge, 8_256)));
        assert_eq!(row(128 << 20), Ok((SizeClass::Huge, MAX_ROW_BYTES)));
        let size = (128 << 20) + 1;
        assert_eq!(row(size), Err(ShapeError::TooLarge { size }));
        let size = u64::MAX;
        assert_eq!(row(size), Err(ShapeError::TooLarge { size }));
    }

    #[test]
    fn stored_bytes_are_the_rows_once_and_the_combinations_of_every_seat() {
        let stored = |size| Shape::of(size).unwrap().stored_bytes();
        assert_eq!(stored(1), 4 * 64 + 100 * 16);
        assert_eq!(stored(1 << 20), 1_024 * 4_160 + 100 * 16 * 256);
        assert_eq!(stored(128 << 20), 16_384 * 32_832 + 100 * 16 * 4_096);
    }

    proptest! {
        #[test]
        fn shape_of_any_size_holds_header_and_blob_without_a_spare_step(size in 0..=MAX_BLOB_SIZE) {
            let shape = Shape::of(size.into()).unwrap();
            let needed = size + BLOB_HEADER_BYTES;
            prop_assert!(shape.data_bytes() >= needed);
            prop_assert!(shape.data_bytes() - needed < u32::from(shape.original()) * ROW_STEP);
            prop_assert!(shape.row_bytes().is_multiple_of(ROW_STEP));
            prop_assert!(shape.row_bytes() <= MAX_ROW_BYTES);
            for class in SizeClass::ALL {
                let same = Shape::new(class, size);
                if class == shape.class() {
                    prop_assert_eq!(same, Ok(shape));
                } else {
                    prop_assert_eq!(same, Err(ShapeError::WrongClass {
                        size, expected: shape.class(), found: class,
                    }));
                }
            }
        }
    }
}
