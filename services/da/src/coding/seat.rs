//! What a seat checks before it stores and signs: its own rows, all of them, and no others.

use super::{Row, RowVerifier, ShardDecoder, ShardItem, VerifyError, WireError};
use bytes::{Bytes, BytesMut};
use noema_da_primitives::{Commitment, Shape};

/// Why a seat does not sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// The bytes are no shard of this blob.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// A row does not verify.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// A row that is not the seat's, or not the next one.
    #[error("row {found} came where the seat's next row is {expected}")]
    NotAssigned {
        /// The seat's next row.
        expected: u16,
        /// The row that came.
        found: u16,
    },
    /// A row after all of the seat's.
    #[error("row {found} came after all rows of the seat")]
    Surplus {
        /// The row that came.
        found: u16,
    },
    /// Rows of the seat did not come.
    #[error("{count} of the seat's rows did not come, the first of them row {first}")]
    Missing {
        /// The first of them.
        first: u16,
        /// How many.
        count: usize,
    },
}

/// Checks a seat's rows one after the other.
pub struct SeatCheck {
    verifier: RowVerifier,
    assigned: Vec<u16>,
    next: usize,
}

impl SeatCheck {
    /// For the seat's rows, ascending.
    pub fn new(verifier: RowVerifier, assigned: Vec<u16>) -> Self {
        Self {
            verifier,
            assigned,
            next: 0,
        }
    }

    /// Checks the next row. After `Ok` it may be stored.
    pub fn accept(&mut self, row: &Row) -> Result<(), ShardError> {
        let found = row.index;
        match self.assigned.get(self.next).copied() {
            None => return Err(ShardError::Surplus { found }),
            Some(expected) if expected != found => {
                return Err(ShardError::NotAssigned { expected, found });
            }
            Some(_) => {}
        }
        self.verifier.verify(row)?;
        self.next += 1;
        Ok(())
    }

    /// Whether all rows came. Only then, and once they are stored, the seat may sign.
    pub fn finish(self) -> Result<RowVerifier, ShardError> {
        match self.assigned.get(self.next) {
            None => Ok(self.verifier),
            Some(first) => Err(ShardError::Missing {
                first: *first,
                count: self.assigned.len() - self.next,
            }),
        }
    }
}

/// Checks a whole shard: exactly the assigned rows (ascending), each of them verified. Returns them with
/// the verifier, whose combinations are then known to be the commitment's own, unless nothing is
/// assigned.
pub fn check_shard(
    commitment: Commitment,
    shape: Shape,
    assigned: &[u16],
    shard: &[u8],
) -> Result<(RowVerifier, Vec<Row>), ShardError> {
    // No class has more rows than a u16 counts.
    let most = u16::try_from(assigned.len()).unwrap_or(u16::MAX);
    let mut decoder = ShardDecoder::new(commitment, shape, most);
    let mut source = BytesMut::from(shard);
    let Some(ShardItem::Combinations(combinations)) = decoder.decode(&mut source)? else {
        // It ended before, which is all that can be wrong here.
        let ended = decoder.finish(&source).err();
        return Err(ended.unwrap_or(WireError::Truncated { rows: 0 }).into());
    };
    // Apart from the shard, which would otherwise stay in memory as long as these do.
    let combinations = Bytes::copy_from_slice(&combinations);
    let verifier = RowVerifier::new(commitment, shape, combinations)?;
    let mut check = SeatCheck::new(verifier, assigned.to_vec());
    let mut rows = Vec::with_capacity(assigned.len());
    while let Some(ShardItem::Row(row)) = decoder.decode(&mut source)? {
        check.accept(&row)?;
        rows.push(row);
    }
    decoder.finish(&source)?;
    Ok((check.finish()?, rows))
}
