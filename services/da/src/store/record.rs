//! What is noted of a shard that is held.

use codec::{Decode, Encode};
use noema_da_primitives::{Attestation, Shape, ShapeError};

use crate::{
    bls::SignatureBytes,
    chain::SubmissionId,
    coding::{row_on_the_wire, ShardHeader, SHARD_HEADER_BYTES},
};

/// How long a shard is kept, as far as the chain was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Keep {
    /// The blob was not available when the chain was last asked.
    #[codec(index = 0)]
    Waiting,
    /// It was, until the end of this round.
    #[codec(index = 1)]
    Until(u32),
}

/// A shard whose rows are on the disk and for which this seat has signed. Written after the rows are durable and before the signature is given to anybody.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ShardRecord {
    /// What was signed: submission, blob, committee and row seed are in it.
    pub attestation: Attestation,
    /// The signature. The same attestation has no other.
    signature: [u8; 96],
    /// Who paid for the submission.
    pub payer: [u8; 32],
    /// The seat.
    pub seat: u8,
    /// The rows that are held, ascending.
    pub rows: Vec<u16>,
    /// Root of the tree over the combinations.
    pub combinations_root: [u8; 32],
    /// SHA-256 of the combinations.
    pub combinations_hash: [u8; 32],
    /// How long it is kept.
    pub keep: Keep,
}

/// What a record is made of once its rows are durable.
#[derive(Clone, Debug)]
pub struct Signed {
    /// What was signed.
    pub attestation: Attestation,
    /// By whom: the seat's key.
    pub signature: SignatureBytes,
}

impl ShardRecord {
    pub(super) fn new(
        signed: Signed,
        payer: [u8; 32],
        seat: u8,
        rows: Vec<u16>,
        combinations: ([u8; 32], [u8; 32]),
    ) -> Self {
        Self {
            attestation: signed.attestation,
            signature: signed.signature.0,
            payer,
            seat,
            rows,
            combinations_root: combinations.0,
            combinations_hash: combinations.1,
            keep: Keep::Waiting,
        }
    }

    /// The submission.
    pub fn submission(&self) -> SubmissionId {
        self.attestation.submission
    }

    /// The signature that was given out, or may have been.
    pub fn signature(&self) -> SignatureBytes {
        SignatureBytes(self.signature)
    }

    /// The blob's shape.
    pub fn shape(&self) -> Result<Shape, ShapeError> {
        self.attestation.shape()
    }

    /// The place of a row among those that are held.
    pub fn place(&self, row: u16) -> Option<usize> {
        self.rows.binary_search(&row).ok()
    }
}

/// Where things are in the file of a shard, which has the format of shards on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) shape: Shape,
    pub(super) rows: u16,
}

impl Layout {
    pub(super) fn header(&self, attestation: &Attestation) -> [u8; SHARD_HEADER_BYTES] {
        ShardHeader {
            commitment: attestation.commitment,
            shape: self.shape,
            rows: self.rows,
        }
        .encode()
    }

    pub(super) fn combinations(&self) -> u64 {
        SHARD_HEADER_BYTES as u64
    }

    pub(super) fn row(&self, place: usize) -> u64 {
        let first = self.combinations() + u64::from(self.shape.combinations_bytes());
        first + place as u64 * row_on_the_wire(&self.shape)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.row(self.rows.into())
    }
}
