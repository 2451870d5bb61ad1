//! From any K verified rows back to the blob.

use super::{bytes, parameters, Row, RowVerifier, VerifyError};
use bytes::Bytes;
use noema_da_primitives::{
    BlobHeader, BlobKind, Commitment, HeaderError, Shape, BLOB_HEADER_BYTES,
};
use rsema1d::reconstruct;
use std::collections::BTreeMap;

/// Why there is no blob.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RebuildError {
    /// Fewer than K rows.
    #[error("{found} rows of {expected} that are needed")]
    TooFewRows {
        /// K.
        expected: u16,
        /// Verified rows.
        found: u16,
    },
    /// The rows hold no blob of this size. Every reader finds the same: whoever coded it wrote something
    /// else than a blob.
    #[error("the rebuilt rows hold no blob: {0}")]
    Header(#[from] HeaderError),
    /// The library refused; its parameters come from the classes, so that this is a defect.
    #[error("rebuilding failed: {0}")]
    Library(String),
}

/// A blob as it was before it was coded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// What its coder says that the bytes are.
    pub kind: BlobKind,
    /// Exactly its bytes.
    pub bytes: Bytes,
}

/// How far a [`Rebuilder`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many different rows are still needed.
    Needs(u16),
    /// Any K are there.
    Enough,
}

/// Rows from anybody, every one of them verified before it is kept.
pub struct RowSet {
    commitment: Commitment,
    shape: Shape,
    verifier: Option<RowVerifier>,
    rows: BTreeMap<u16, Bytes>,
}

impl RowSet {
    /// For the blob that the chain has with this commitment and shape.
    pub fn new(commitment: Commitment, shape: Shape) -> Self {
        Self {
            commitment,
            shape,
            verifier: None,
            rows: BTreeMap::new(),
        }
    }

    /// The blob's shape.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The blob's linear combinations, once a row showed which they are.
    pub fn combinations(&self) -> Option<&Bytes> {
        self.verifier.as_ref().map(RowVerifier::combinations)
    }

    /// Verifies a row, given with the linear combinations that came with it, and keeps it unless it is there already.
    ///
    /// An error names the row's sender a liar; nothing of it is kept. Until the first row verified, each call makes a verifier, so ask nobody again whose row was
    /// refused. From then on the combinations are known, and others are refused by comparison.
    pub fn accept(&mut self, combinations: &Bytes, row: &Row) -> Result<(), VerifyError> {
        match &self.verifier {
            Some(verifier) if verifier.combinations() != combinations => {
                return Err(VerifyError::OtherCombinations);
            }
            Some(verifier) => verifier.verify(row)?,
            None => {
                let own = Bytes::copy_from_slice(combinations);
                let verifier = RowVerifier::new(self.commitment, self.shape, own)?;
                verifier.verify(row)?;
                self.verifier = Some(verifier);
            }
        }
        self.rows.insert(row.index, row.bytes.clone());
        Ok(())
    }

    /// How many different rows there are.
    pub fn len(&self) -> u16 {
        // No blob has more than 16,384.
        self.rows.len() as u16
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether the row is there.
    pub fn contains(&self, index: u16) -> bool {
        self.rows.contains_key(&index)
    }

    /// The bytes of a row.
    pub fn get(&self, index: u16) -> Option<&Bytes> {
        self.rows.get(&index)
    }

    /// Rebuilds the blob, from the first K rows if there are more.
    pub fn rebuild(self) -> Result<Blob, RebuildError> {
        Rebuilder { set: self }.rebuild()
    }
}

/// Collects rows from anybody, verifies every one of them, and rebuilds the blob from the first K.
pub struct Rebuilder {
    set: RowSet,
}

impl Rebuilder {
    /// For the blob that the chain has with this commitment and shape.
    pub fn new(commitment: Commitment, shape: Shape) -> Self {
        Self {
            set: RowSet::new(commitment, shape),
        }
    }

    /// How many rows are still needed.
    pub fn progress(&self) -> Progress {
        match self.set.shape.original().saturating_sub(self.set.len()) {
            0 => Progress::Enough,
            needed => Progress::Needs(needed),
        }
    }

    /// Verifies a row and keeps it ([`RowSet::accept`]). What is not needed any more is neither verified nor kept.
    pub fn accept(&mut self, combinations: &Bytes, row: &Row) -> Result<Progress, VerifyError> {
        if self.progress() == Progress::Enough {
            return Ok(Progress::Enough);
        }
        self.set.accept(combinations, row)?;
        Ok(self.progress())
    }

    /// Rebuilds the blob.
    pub fn rebuild(self) -> Result<Blob, RebuildError> {
        let RowSet { shape, rows, .. } = self.set;
        let expected = shape.original();
        // No blob has more than 16,384.
        let found = rows.len() as u16;
        if found < expected {
            return Err(RebuildError::TooFewRows { expected, found });
        }
        let library = |error: rsema1d::Error| RebuildError::Library(error.to_string());
        let needed = || rows.iter().take(usize::from(expected));
        let indices: Vec<usize> = needed().map(|(index, _)| usize::from(*index)).collect();
        let slices: Vec<&[u8]> = needed().map(|(_, row)| row.as_ref()).collect();
        let parameters = parameters(&shape).map_err(library)?;
        let original = reconstruct(&slices, &indices, &parameters).map_err(library)?;
        let original = original.into_bytes();
        let (kind, blob) = BlobHeader::open(&shape, &original)?;
        let start = bytes(BLOB_HEADER_BYTES);
        let bytes = original.slice(start..start + blob.len());
        Ok(Blob { kind, bytes })
    }
}
