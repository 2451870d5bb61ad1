//! What stands before a blob in its first row.

use crate::{Shape, MAX_BLOB_SIZE};

/// Bytes of a header.
pub const BLOB_HEADER_BYTES: u32 = 8;

/// [`BLOB_HEADER_BYTES`] as an array's length.
const LEN: usize = 8;

/// The version that is written, and the only one that is read.
pub const BLOB_VERSION: u8 = 1;

/// What the bytes of a blob are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlobKind {
    /// Whatever its owner says. On the wire 0.
    Plain,
    /// A bundle of small blobs ([`Bundle`](crate::Bundle)). On the wire 1.
    Bundle,
}

impl BlobKind {
    /// Its number on the wire.
    pub const fn index(self) -> u8 {
        match self {
            Self::Plain => 0,
            Self::Bundle => 1,
        }
    }
}

/// Why bytes are no header, or none of the blob that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Too few bytes.
    #[error("a blob's header has {BLOB_HEADER_BYTES} bytes: found {found}")]
    Truncated {
        /// Bytes given.
        found: usize,
    },
    /// Written by a later version, or no header at all.
    #[error("blob version {found}: this software reads version {BLOB_VERSION}")]
    UnknownVersion {
        /// The version given.
        found: u8,
    },
    /// No such kind.
    #[error("blob kind {found}: expected 0 (plain) or 1 (bundle)")]
    UnknownKind {
        /// The kind given.
        found: u8,
    },
    /// What is kept free is not zero.
    #[error("the reserved bytes of the blob's header are {found:#06x}: expected zero")]
    ReservedNotZero {
        /// What they hold, little-endian.
        found: u16,
    },
    /// No class takes so many bytes.
    #[error("the blob's header says {found} bytes: at most {MAX_BLOB_SIZE}")]
    TooLarge {
        /// The size given.
        found: u32,
    },
    /// Another size than the chain has for this blob.
    #[error("the blob's header says {found} bytes: the chain says {expected}")]
    WrongSize {
        /// The size that the blob was submitted with.
        expected: u32,
        /// The size given.
        found: u32,
    },
    /// Bytes behind the end of the blob are not zero.
    #[error("byte {position} lies behind the end of the blob and is not zero")]
    PaddingNotZero {
        /// Counted from the beginning of the header.
        position: usize,
    },
}

/// The first 8 bytes of the original rows: version as u8, kind as u8, two zero bytes, size as u32 LE. The
/// blob follows, then zeros to the end of the last original row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobHeader {
    /// What the blob is.
    pub kind: BlobKind,
    /// Exact bytes of the blob, without this header.
    pub size: u32,
}

impl BlobHeader {
    /// The header's bytes.
    pub fn encode(&self) -> [u8; LEN] {
        let [a, b, c, d] = self.size.to_le_bytes();
        [BLOB_VERSION, self.kind.index(), 0, 0, a, b, c, d]
    }

    /// Reads a header from the front of `bytes`.
    pub fn decode(bytes: &[u8]) -> Result<Self, HeaderError> {
        let Some([version, kind, r0, r1, a, b, c, d]) = bytes.first_chunk::<LEN>() else {
            return Err(HeaderError::Truncated { found: bytes.len() });
        };
        if *version != BLOB_VERSION {
            return Err(HeaderError::UnknownVersion { found: *version });
        }
        let kind = match kind {
            0 => BlobKind::Plain,
            1 => BlobKind::Bundle,
            found => return Err(HeaderError::UnknownKind { found: *found }),
        };
        let found = u16::from_le_bytes([*r0, *r1]);
        if found != 0 {
            return Err(HeaderError::ReservedNotZero { found });
        }
        let size = u32::from_le_bytes([*a, *b, *c, *d]);
        match size <= MAX_BLOB_SIZE {
            true => Ok(Self { kind, size }),
            false => Err(HeaderError::TooLarge { found: size }),
        }
    }

    /// What lies behind a header; nothing if that is not even whole.
    pub(crate) fn after(bytes: &[u8]) -> &[u8] {
        bytes.get(LEN..).unwrap_or_default()
    }

    /// Splits the original rows of a blob of this shape, one after the other, into its kind and its
    /// bytes.
    pub fn open<'a>(shape: &Shape, rows: &'a [u8]) -> Result<(BlobKind, &'a [u8]), HeaderError> {
        let header = Self::decode(rows)?;
        if header.size != shape.size() {
            return Err(HeaderError::WrongSize {
                expected: shape.size(),
                found: header.size,
            });
        }
        let truncated = HeaderError::Truncated { found: rows.len() };
        let (_, rest) = rows.split_at_checked(LEN).ok_or(truncated)?;
        let size = usize::try_from(header.size).map_err(|_| truncated)?;
        let (blob, padding) = rest.split_at_checked(size).ok_or(truncated)?;
        match padding.iter().position(|byte| *byte != 0) {
            None => Ok((header.kind, blob)),
            Some(place) => Err(HeaderError::PaddingNotZero {
                position: LEN.saturating_add(size).saturating_add(place),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decode_each_wrong_field_is_its_own_error() {
        let good = BlobHeader {
            kind: BlobKind::Bundle,
            size: 0x0102_0304,
        };
        let bytes = good.encode();
        assert_eq!(bytes, [1, 1, 0, 0, 4, 3, 2, 1]);
        assert_eq!(BlobHeader::decode(&bytes), Ok(good));
        let with = |at: usize, byte| {
            let mut changed = bytes;
            changed[at] = byte;
            BlobHeader::decode(&changed)
        };
        assert_eq!(
            BlobHeader::decode(&bytes[..7]),
            Err(HeaderError::Truncated { found: 7 })
        );
        assert_eq!(with(0, 2), Err(HeaderError::UnknownVersion { found: 2 }));
        assert_eq!(with(1, 2), Err(HeaderError::UnknownKind { found: 2 }));
        let found = 0x0900;
        assert_eq!(with(3, 9), Err(HeaderError::ReservedNotZero { found }));
        let found = 0x0902_0304;
        assert_eq!(with(7, 9), Err(HeaderError::TooLarge { found }));
    }

    #[test]
    fn open_other_size_padding_or_too_few_rows_fails() {
        let shape = Shape::of(100).unwrap();
        let mut rows = vec![0; shape.data_bytes() as usize];
        let header = BlobHeader {
            kind: BlobKind::Plain,
            size: 100,
        };
        rows[..8].copy_from_slice(&header.encode());
        rows[8..108].fill(7);
        assert_eq!(
            BlobHeader::open(&shape, &rows),
            Ok((BlobKind::Plain, &[7; 100][..]))
        );
        let found = 107;
        assert_eq!(
            BlobHeader::open(&shape, &rows[..found]),
            Err(HeaderError::Truncated { found })
        );
        assert_eq!(
            BlobHeader::open(&Shape::of(99).unwrap(), &rows),
            Err(HeaderError::WrongSize {
                expected: 99,
                found: 100
            })
        );
        rows[127] = 1;
        let position = 127;
        assert_eq!(
            BlobHeader::open(&shape, &rows),
            Err(HeaderError::PaddingNotZero { position })
        );
    }

    proptest! {
        #[test]
        fn decode_any_bytes_reads_only_what_encodes_to_them(bytes: [u8; 8]) {
            if let Ok(header) = BlobHeader::decode(&bytes) {
                prop_assert_eq!(header.encode(), bytes);
            }
        }
    }
}
