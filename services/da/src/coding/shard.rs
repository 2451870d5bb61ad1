//! Shards as they go over the wire: the rows that a seat is given or gives, with all that is needed to
//! verify them.
//!
//! Version as u8 (1) ‖ class as u8 ‖ number of rows as u16 LE ‖ exact size of the blob as u32 LE ‖
//! commitment ‖ the K linear combinations of 16 bytes ‖ for each row, ascending: index as u16 LE ‖ its
//! siblings of 32 bytes, bottom to top ‖ its bytes.
//!
//! Every length follows from the first 8 bytes, and a receiver knows commitment and shape from the chain:
//! it accepts no others and keeps no more than one row at a time.

use super::{bytes, Row};
use bytes::{Buf, Bytes, BytesMut};
use noema_da_primitives::{Commitment, Committee, Shape, ShapeError, SizeClass, Window};

/// The version that is written, and the only one that is read.
pub const SHARD_VERSION: u8 = 1;

/// Bytes before the linear combinations.
pub const SHARD_HEADER_BYTES: usize = 40;

/// Why bytes are no shard, or none of the blob that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Written by a later version, or no shard at all.
    #[error("shard version {found}: this software reads version {SHARD_VERSION}")]
    UnknownVersion {
        /// The version given.
        found: u8,
    },
    /// No such class.
    #[error("there is no size class {found}")]
    UnknownClass {
        /// The class given.
        found: u8,
    },
    /// Class and size do not belong together.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// A shard of another blob.
    #[error("the shard belongs to commitment {found}: expected {expected}")]
    OtherBlob {
        /// The commitment asked for.
        expected: Commitment,
        /// The commitment given.
        found: Commitment,
    },
    /// The blob has another size.
    #[error("the shard is of a blob of {found} bytes: expected {expected}")]
    OtherSize {
        /// The size that the chain has.
        expected: u32,
        /// The size given.
        found: u32,
    },
    /// More rows than are taken.
    #[error("the shard has {found} rows: at most {most} are taken")]
    TooManyRows {
        /// Rows that are taken.
        most: u16,
        /// Rows announced.
        found: u16,
    },
    /// Rows must exist and ascend, so that none comes twice.
    #[error("row {found} cannot follow: rows ascend from {least} and end with {last}")]
    WrongRow {
        /// The least that can follow.
        least: u16,
        /// The last row of the blob.
        last: u16,
        /// The row given.
        found: u16,
    },
    /// Bytes behind the last row.
    #[error("{found} bytes behind the last row of the shard")]
    TrailingBytes {
        /// How many there were when this was noticed.
        found: usize,
    },
    /// The shard ended early.
    #[error("the shard ended with {rows} rows to come")]
    Truncated {
        /// Rows announced that did not come; with none announced yet, 0.
        rows: u16,
    },
}

/// The front of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardHeader {
    /// What the coding of the blob commits to.
    pub commitment: Commitment,
    /// The blob's shape.
    pub shape: Shape,
    /// How many rows follow.
    pub rows: u16,
}

impl ShardHeader {
    /// The header's bytes.
    pub fn encode(&self) -> [u8; SHARD_HEADER_BYTES] {
        let mut out = [0; SHARD_HEADER_BYTES];
        out[0] = SHARD_VERSION;
        out[1] = self.shape.class().index();
        out[2..4].copy_from_slice(&self.rows.to_le_bytes());
        out[4..8].copy_from_slice(&self.shape.size().to_le_bytes());
        out[8..].copy_from_slice(&self.commitment.0);
        out
    }

    /// Reads a header.
    pub fn decode(bytes: &[u8; SHARD_HEADER_BYTES]) -> Result<Self, WireError> {
        let [version, class, r0, r1, s0, s1, s2, s3, commitment @ ..] = *bytes;
        if version != SHARD_VERSION {
            return Err(WireError::UnknownVersion { found: version });
        }
        let class = SizeClass::from_index(class).ok_or(WireError::UnknownClass { found: class })?;
        Ok(Self {
            commitment: Commitment(commitment),
            shape: Shape::new(class, u32::from_le_bytes([s0, s1, s2, s3]))?,
            rows: u16::from_le_bytes([r0, r1]),
        })
    }

    /// Bytes of the whole shard on the wire.
    pub fn shard_bytes(&self) -> u64 {
        SHARD_HEADER_BYTES as u64
            + u64::from(self.shape.combinations_bytes())
            + u64::from(self.rows) * row_on_the_wire(&self.shape)
    }
}

/// Bytes of one row with index and siblings.
pub fn row_on_the_wire(shape: &Shape) -> u64 {
    2 + 32 * u64::from(shape.depth()) + u64::from(shape.row_bytes())
}

/// Bytes that a coder sends to all seats of a committee together for a plain blob of this shape; for a
/// bundle there are [`front_bytes`] more.
pub fn dispersal_bytes(shape: &Shape, committee: &Committee) -> u64 {
    (0..committee.seats())
        .filter_map(|seat| Window::of(shape.class(), committee, seat))
        .map(|window| {
            let header = ShardHeader {
                commitment: Commitment([0; 32]),
                shape: *shape,
                rows: window.len,
            };
            header.shard_bytes()
        })
        .sum()
}

/// Bytes that sending row 0 of a bundle to every seat adds at most: somebody holds it anyway.
pub fn front_bytes(shape: &Shape, committee: &Committee) -> u64 {
    (committee.seats() as u64 - 1) * row_on_the_wire(shape)
}

/// A part of a shard that has come completely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShardItem {
    /// The linear combinations, always first.
    Combinations(Bytes),
    /// A row, not verified yet.
    Row(Row),
}

enum State {
    Header,
    Combinations { rows: u16 },
    Rows { left: u16, least: u16 },
}

/// Takes a shard apart while it arrives.
pub struct ShardDecoder {
    commitment: Commitment,
    shape: Shape,
    most: u16,
    state: State,
}

impl ShardDecoder {
    /// Takes only a shard of this blob, with at most `most` rows.
    pub fn new(commitment: Commitment, shape: Shape, most: u16) -> Self {
        Self {
            commitment,
            shape,
            most,
            state: State::Header,
        }
    }

    /// Takes so many rows of this blob and nothing before them: what a seat answers who knows the combinations.
    pub fn rows_only(commitment: Commitment, shape: Shape, rows: u16) -> Self {
        Self {
            commitment,
            shape,
            most: rows,
            state: State::Rows {
                left: rows,
                least: 0,
            },
        }
    }

    /// Most bytes that [`decode`](Self::decode) waits for at a time: a sender of more that is not asked
    /// for can be cut off there.
    pub fn most_buffered(&self) -> usize {
        SHARD_HEADER_BYTES
            .max(bytes(self.shape.combinations_bytes()))
            .max(self.row_bytes())
    }

    fn row_bytes(&self) -> usize {
        2 + 32 * self.shape.depth() as usize + bytes(self.shape.row_bytes())
    }

    /// The next part, taken from the front of `source`; none if more bytes are needed. After an error
    /// nothing more can be read.
    pub fn decode(&mut self, source: &mut BytesMut) -> Result<Option<ShardItem>, WireError> {
        if let State::Header = self.state {
            let Some(front) = source.first_chunk::<SHARD_HEADER_BYTES>() else {
                return Ok(None);
            };
            let header = ShardHeader::decode(front)?;
            self.check(&header)?;
            source.advance(SHARD_HEADER_BYTES);
            self.state = State::Combinations { rows: header.rows };
        }
        match self.state {
            State::Header => Ok(None),
            State::Combinations { rows } => {
                let length = bytes(self.shape.combinations_bytes());
                if source.len() < length {
                    return Ok(None);
                }
                self.state = State::Rows {
                    left: rows,
                    least: 0,
                };
                let combinations = source.split_to(length).freeze();
                Ok(Some(ShardItem::Combinations(combinations)))
            }
            State::Rows { left: 0, .. } => match source.len() {
                0 => Ok(None),
                found => Err(WireError::TrailingBytes { found }),
            },
            State::Rows { left, least } => {
                // A wrong index is noticed before the row is waited for.
                if let Some(index) = source.first_chunk::<2>() {
                    let (found, last) = (u16::from_le_bytes(*index), self.shape.rows() - 1);
                    if found < least || found > last {
                        return Err(WireError::WrongRow { least, last, found });
                    }
                }
                if source.len() < self.row_bytes() {
                    return Ok(None);
                }
                let index = source.get_u16_le();
                let siblings = source.split_to(32 * self.shape.depth() as usize);
                let row = source.split_to(bytes(self.shape.row_bytes())).freeze();
                self.state = State::Rows {
                    left: left - 1,
                    least: index + 1,
                };
                Ok(Some(ShardItem::Row(Row {
                    index,
                    bytes: row,
                    siblings: siblings.as_chunks::<32>().0.to_vec(),
                })))
            }
        }
    }

    fn check(&self, header: &ShardHeader) -> Result<(), WireError> {
        if header.commitment != self.commitment {
            return Err(WireError::OtherBlob {
                expected: self.commitment,
                found: header.commitment,
            });
        }
        if header.shape != self.shape {
            return Err(WireError::OtherSize {
                expected: self.shape.size(),
                found: header.shape.size(),
            });
        }
        let most = self.most.min(self.shape.rows());
        match header.rows <= most {
            true => Ok(()),
            false => Err(WireError::TooManyRows {
                most,
                found: header.rows,
            }),
        }
    }

    /// To be called when no more bytes come, with those that are left over: fails unless the shard was
    /// complete.
    pub fn finish(&self, rest: &[u8]) -> Result<(), WireError> {
        match self.state {
            State::Rows { left: 0, .. } => match rest.len() {
                0 => Ok(()),
                found => Err(WireError::TrailingBytes { found }),
            },
            State::Rows { left: rows, .. } | State::Combinations { rows } => {
                Err(WireError::Truncated { rows })
            }
            State::Header => Err(WireError::Truncated { rows: 0 }),
        }
    }
}
