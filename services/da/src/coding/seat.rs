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
    /// Rows came before the linear combinations, which the decoder never does.
    #[error("a row came before the linear combinations")]
    NoCombinations,
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
    let mut check = None;
    let mut rows = Vec::new();
    while let Some(item) = decoder.decode(&mut source)? {
        match (item, &mut check) {
            (ShardItem::Combinations(combinations), check) => {
                // Apart from the shard, which would otherwise stay in memory as long as these do.
                let combinations = Bytes::copy_from_slice(&combinations);
                let verifier = RowVerifier::new(commitment, shape, combinations)?;
                *check = Some(SeatCheck::new(verifier, assigned.to_vec()));
            }
            (ShardItem::Row(row), Some(check)) => {
                check.accept(&row)?;
                rows.push(row);
            }
            (ShardItem::Row(_), None) => return Err(ShardError::NoCombinations),
        }
    }
    decoder.finish(&source)?;
    let verifier = check.ok_or(ShardError::NoCombinations)?.finish()?;
    Ok((verifier, rows))
}
