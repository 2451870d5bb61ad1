//! What a seat checks before it stores and signs: its own rows, all of them, and no others; what row 0
//! says of the content; and, if its rows are enough to rebuild the blob, that the whole of it is coded
//! honestly.

use super::{recode, Row, RowVerifier, ShardDecoder, ShardItem, VerifyError, WireError};
use bytes::{Bytes, BytesMut};
use noema_da_primitives::{Commitment, Content, FrontError, Shape};

/// Why a seat does not sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// The bytes are no shard of this blob.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// A row does not verify.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// Row 0 verifies, but does not say what the submission says.
    #[error(transparent)]
    Content(#[from] FrontError),
    /// The seat's rows verify and rebuild a blob, but others do not belong to it.
    #[error("the blob that the seat's rows rebuild has commitment {found}: expected {expected}; it was not coded honestly")]
    NotTheCodeword {
        /// The blob's commitment.
        expected: Commitment,
        /// The commitment of what the seat's rows rebuild.
        found: Commitment,
    },
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

/// What a row that was accepted is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// To be stored: it is the seat's own.
    Own,
    /// To be forgotten: row 0 of a bundle, which the seat had to see.
    Front,
}

/// Checks a seat's rows one after the other.
pub struct SeatCheck {
    verifier: RowVerifier,
    content: Content,
    /// The seat's own rows, and of a bundle row 0.
    expected: Vec<u16>,
    /// Whether the first of these is not the seat's own.
    front_only: bool,
    next: usize,
    kept: Kept,
}

/// What is kept of the first K rows, if the seat gets as many.
enum Kept {
    /// It gets fewer.
    Nothing,
    /// They themselves, sharing the memory in which they came.
    Rows(Vec<(u16, Bytes)>),
    /// Row 0 of a bundle, if it is not the seat's own: all others are stored, and can be read again.
    Front(Option<Bytes>),
}

/// A shard whose rows all verified.
pub enum Streamed {
    /// They are too few to code the blob again: the seat may sign once they are stored.
    Done(RowVerifier),
    /// They are enough.
    Recode(Recode),
}

/// The rows of a seat verified, and are enough to code the blob once more.
pub struct Recode {
    verifier: RowVerifier,
    wanted: Vec<u16>,
    front: Option<Bytes>,
}

impl Recode {
    /// Which of the seat's rows are needed, ascending.
    pub fn wanted(&self) -> &[u16] {
        &self.wanted
    }

    /// The blob's shape.
    pub fn shape(&self) -> &Shape {
        self.verifier.shape()
    }

    /// Codes the blob once more, on all threads of the current rayon pool, and compares the commitment: then not one row of it is wrong. Takes five times the
    /// blob beside the rows.
    pub fn finish(self, rows: Vec<(u16, Bytes)>) -> Result<RowVerifier, ShardError> {
        let front = self.front.map(|bytes| (0, bytes));
        recoded(&self.verifier, front.into_iter().chain(rows).collect())?;
        Ok(self.verifier)
    }
}

fn recoded(verifier: &RowVerifier, rows: Vec<(u16, Bytes)>) -> Result<(), ShardError> {
    let expected = verifier.commitment();
    let found = recode::commitment_of(verifier.shape(), rows)
        .map_err(|error| VerifyError::Library(error.to_string()))?;
    match found == expected {
        true => Ok(()),
        false => Err(ShardError::NotTheCodeword { expected, found }),
    }
}

impl SeatCheck {
    /// For the seat's own rows, ascending. Of a bundle row 0 is expected before them, if it is not among
    /// them.
    pub fn new(verifier: RowVerifier, content: Content, own: Vec<u16>) -> Self {
        let original = usize::from(verifier.shape().original());
        Self::keeping(
            verifier,
            content,
            own,
            Kept::Rows(Vec::with_capacity(original)),
        )
    }

    /// The same, for a seat that stores its rows as they come and can read them again: none is kept in memory.
    pub fn streaming(verifier: RowVerifier, content: Content, own: Vec<u16>) -> Self {
        Self::keeping(verifier, content, own, Kept::Front(None))
    }

    fn keeping(verifier: RowVerifier, content: Content, own: Vec<u16>, kept: Kept) -> Self {
        let count = own.len();
        let expected = content.with_front(own);
        let original = usize::from(verifier.shape().original());
        Self {
            verifier,
            content,
            front_only: expected.len() > count,
            kept: match expected.len() >= original {
                true => kept,
                false => Kept::Nothing,
            },
            expected,
            next: 0,
        }
    }

    /// Checks the next row. After `Ok` it may be stored, or forgotten.
    pub fn accept(&mut self, row: &Row) -> Result<Accepted, ShardError> {
        let found = row.index;
        match self.expected.get(self.next).copied() {
            None => return Err(ShardError::Surplus { found }),
            Some(expected) if expected != found => {
                return Err(ShardError::NotAssigned { expected, found });
            }
            Some(_) => {}
        }
        self.verifier.verify(row)?;
        if found == 0 {
            self.content
                .check_front(self.verifier.shape(), &row.bytes)?;
        }
        let accepted = match self.front_only && found == 0 {
            true => Accepted::Front,
            false => Accepted::Own,
        };
        let original = usize::from(self.verifier.shape().original());
        match &mut self.kept {
            Kept::Rows(kept) if kept.len() < original => kept.push((found, row.bytes.clone())),
            Kept::Front(front) if accepted == Accepted::Front => {
                *front = Some(Bytes::copy_from_slice(&row.bytes));
            }
            _ => {}
        }
        self.next += 1;
        Ok(accepted)
    }

    /// Whether all rows came. Only then, and once they are stored, the seat may sign.
    ///
    /// A seat with K rows or more codes the blob once more, on all threads of the current rayon pool, and
    /// compares the commitment: then not one row of it is wrong.
    pub fn finish(self) -> Result<RowVerifier, ShardError> {
        self.complete()?;
        if let Kept::Rows(rows) = self.kept {
            recoded(&self.verifier, rows)?;
        }
        Ok(self.verifier)
    }

    /// The same for a check that keeps no rows.
    pub fn finish_streaming(self) -> Result<Streamed, ShardError> {
        self.complete()?;
        let front = match self.kept {
            Kept::Nothing => return Ok(Streamed::Done(self.verifier)),
            Kept::Rows(rows) => {
                recoded(&self.verifier, rows)?;
                return Ok(Streamed::Done(self.verifier));
            }
            Kept::Front(front) => front,
        };
        let own = self.expected.into_iter().skip(self.front_only.into());
        let original = usize::from(self.verifier.shape().original());
        let needed = original.saturating_sub(front.iter().len());
        Ok(Streamed::Recode(Recode {
            wanted: own.take(needed).collect(),
            verifier: self.verifier,
            front,
        }))
    }

    fn complete(&self) -> Result<(), ShardError> {
        match self.expected.get(self.next) {
            None => Ok(()),
            Some(first) => Err(ShardError::Missing {
                first: *first,
                count: self.expected.len() - self.next,
            }),
        }
    }
}

/// Checks a whole shard: exactly the assigned rows (ascending) and of a bundle row 0, each of them
/// verified, and everything else that a seat checks ([`SeatCheck`]). Returns the assigned rows with the
/// verifier, whose combinations are then known to be the commitment's own, unless nothing was sent.
pub fn check_shard(
    commitment: Commitment,
    shape: Shape,
    content: Content,
    assigned: &[u16],
    shard: &[u8],
) -> Result<(RowVerifier, Vec<Row>), ShardError> {
    let expected = content.with_front(assigned.to_vec());
    // No class has more rows than a u16 counts.
    let most = u16::try_from(expected.len()).unwrap_or(u16::MAX);
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
    let mut check = SeatCheck::new(verifier, content, assigned.to_vec());
    let mut rows = Vec::with_capacity(assigned.len());
    while let Some(ShardItem::Row(row)) = decoder.decode(&mut source)? {
        if check.accept(&row)? == Accepted::Own {
            rows.push(row);
        }
    }
    decoder.finish(&source)?;
    Ok((check.finish()?, rows))
}
