//! Verifying rows, as seats do before they sign and readers before they rebuild.

use super::{bytes, parameters, Row};
use bytes::Bytes;
use noema_da_primitives::{verify_row, Commitment, RowError, Shape, Software};
use rsema1d::{verify_with_context, RowProof, VerificationContext, GF128};

/// Why a row is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// There are not K linear combinations.
    #[error("the linear combinations have {found} bytes: expected {expected}")]
    WrongCombinations {
        /// 16 bytes for each original row.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
    /// Other linear combinations than those that the commitment fixes.
    #[error("these are not the linear combinations that the commitment fixes")]
    OtherCombinations,
    /// The row does not lead to the commitment.
    #[error(transparent)]
    Row(#[from] RowError),
    /// The row is committed to, but does not belong to the codeword that the linear combinations span:
    /// whoever coded the blob cheated.
    #[error("row {index} does not fit the linear combinations: the blob was not coded honestly")]
    NotOfTheCode {
        /// The row.
        index: u16,
    },
    /// The library refused; its parameters come from the classes, so that this is a defect.
    #[error("verifying failed: {0}")]
    Library(String),
}

/// Verifies rows of one blob against its commitment and one vector of linear combinations.
///
/// Making it extends the vector to all rows; the coefficients are derived with the first row that leads
/// to the commitment and kept. A row that does not lead there costs its hashes only.
pub struct RowVerifier {
    commitment: Commitment,
    shape: Shape,
    combinations: Bytes,
    context: VerificationContext,
}

impl RowVerifier {
    /// For a blob of this shape. Whether the combinations are the commitment's own shows with the first
    /// row.
    pub fn new(
        commitment: Commitment,
        shape: Shape,
        combinations: Bytes,
    ) -> Result<Self, VerifyError> {
        let expected = bytes(shape.combinations_bytes());
        let found = combinations.len();
        if found != expected {
            return Err(VerifyError::WrongCombinations { expected, found });
        }
        let library = |error: rsema1d::Error| VerifyError::Library(error.to_string());
        let elements: Vec<GF128> = combinations
            .as_chunks::<16>()
            .0
            .iter()
            .map(GF128::from_bytes)
            .collect();
        let parameters = parameters(&shape).map_err(library)?;
        let context = VerificationContext::new(&elements, &parameters).map_err(library)?;
        Ok(Self {
            commitment,
            shape,
            combinations,
            context,
        })
    }

    /// What the coding of the blob commits to.
    pub fn commitment(&self) -> Commitment {
        self.commitment
    }

    /// The blob's shape.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The linear combinations.
    pub fn combinations(&self) -> &Bytes {
        &self.combinations
    }

    /// Root of the tree over the linear combinations: part of every row's proof in an audit.
    pub fn combinations_root(&self) -> [u8; 32] {
        self.context.rlc_root()
    }

    /// Checks that the row is committed to and belongs to the codeword that the combinations span.
    pub fn verify(&self, row: &Row) -> Result<(), VerifyError> {
        // First what is cheap and has errors of its own. The library would derive coefficients for
        // whatever root a wrong proof leads to.
        verify_row::<Software>(
            &self.commitment,
            &self.shape,
            row.index,
            &row.bytes,
            &row.siblings,
            &self.combinations_root(),
        )?;
        let proof = RowProof {
            index: row.index.into(),
            row: row.bytes.clone(),
            row_proof: row.siblings.clone(),
        };
        match verify_with_context(&proof, &self.commitment.0, &self.context) {
            Ok(true) => Ok(()),
            // It leads to the commitment, so that only the combination is left.
            Ok(false) | Err(rsema1d::Error::VerificationFailed(_)) => {
                Err(VerifyError::NotOfTheCode { index: row.index })
            }
            Err(error) => Err(VerifyError::Library(error.to_string())),
        }
    }
}
