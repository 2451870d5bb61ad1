//! Coding a blob.

use super::{bytes, parameters, Row, ShardHeader};
use bytes::Bytes;
use noema_da_primitives::{
    BlobHeader, BlobId, BundleFront, Commitment, Content, FrontError, Shape, ShapeError, Software,
    BLOB_HEADER_BYTES,
};
use rsema1d::{encode_in_place, ExtendedData, RowMatrix};

/// Why a blob could not be coded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// No class takes so many bytes.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// More bytes than were announced.
    #[error("more than the {expected} bytes that the blob was announced with")]
    TooManyBytes {
        /// Bytes announced.
        expected: u32,
    },
    /// Fewer bytes than were announced.
    #[error("the blob ended after {found} bytes: it was announced with {expected}")]
    TooFewBytes {
        /// Bytes announced.
        expected: u32,
        /// Bytes that came.
        found: u32,
    },
    /// The bytes are no bundle with the count and root that were announced.
    #[error("the bytes are not what they were announced as: {0}")]
    Content(#[from] FrontError),
    /// The rows that a shard is made of must exist and ascend.
    #[error("row {found} cannot follow in a shard: rows ascend and end with {last}")]
    WrongRow {
        /// The row asked for.
        found: u16,
        /// The last row of the blob.
        last: u16,
    },
    /// The library refused; its parameters come from the classes, so that this is a defect.
    #[error("coding failed: {0}")]
    Library(String),
}

/// Takes a blob's bytes as they come, into the memory that it is coded in: four times the blob, and no
/// copy beside it.
pub struct BlobWriter {
    shape: Shape,
    content: Content,
    matrix: RowMatrix,
    /// Bytes of header and blob that are in place.
    written: usize,
}

impl BlobWriter {
    /// For a blob of exactly `size` bytes.
    pub fn new(content: Content, size: u64) -> Result<Self, EncodeError> {
        let shape = Shape::of(size)?;
        content.check(&shape).map_err(FrontError::from)?;
        let mut matrix = RowMatrix::zeroed(shape.rows().into(), bytes(shape.row_bytes()))
            .map_err(|error| EncodeError::Library(error.to_string()))?;
        let header = BlobHeader {
            kind: content.kind(),
            size: shape.size(),
        };
        let written = bytes(BLOB_HEADER_BYTES);
        matrix.as_row_major_mut()[..written].copy_from_slice(&header.encode());
        Ok(Self {
            shape,
            content,
            matrix,
            written,
        })
    }

    /// For a bundle, with its front written. The members' bytes are to follow in order; they are in memory
    /// once, here.
    pub fn bundle(front: &BundleFront) -> Result<Self, EncodeError> {
        let mut writer = Self::new(Content::Bundle(*front.header()), front.size().into())?;
        writer.write(front.bytes())?;
        Ok(writer)
    }

    /// The shape that the blob is coded in.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The blob's next bytes. An error leaves what was written as it was.
    pub fn write(&mut self, next: &[u8]) -> Result<(), EncodeError> {
        let expected = self.shape.size();
        let left = bytes(BLOB_HEADER_BYTES + expected) - self.written;
        if next.len() > left {
            return Err(EncodeError::TooManyBytes { expected });
        }
        let end = self.written + next.len();
        self.matrix.as_row_major_mut()[self.written..end].copy_from_slice(next);
        self.written = end;
        Ok(())
    }

    /// Codes the blob once all of its bytes are there. Takes all threads of the current rayon pool.
    pub fn finish(self) -> Result<CodedBlob, EncodeError> {
        let found = self.written - bytes(BLOB_HEADER_BYTES);
        let expected = self.shape.size();
        if found != bytes(expected) {
            // Less than was announced, which is a u32.
            let found = found as u32;
            return Err(EncodeError::TooFewBytes { expected, found });
        }
        let row_bytes = bytes(self.shape.row_bytes());
        let front = &self.matrix.as_row_major()[..row_bytes];
        self.content.check_front(&self.shape, front)?;
        let library = |error: rsema1d::Error| EncodeError::Library(error.to_string());
        let parameters = parameters(&self.shape).map_err(library)?;
        let data = encode_in_place(self.matrix, &parameters).map_err(library)?;
        Ok(CodedBlob::new(self.shape, self.content, data))
    }
}

/// A blob with its parity, trees and linear combinations.
pub struct CodedBlob {
    shape: Shape,
    content: Content,
    data: ExtendedData,
    combinations: Bytes,
}

impl CodedBlob {
    /// Codes the bytes.
    pub fn encode(content: Content, blob: &[u8]) -> Result<Self, EncodeError> {
        let mut writer = BlobWriter::new(content, blob.len() as u64)?;
        writer.write(blob)?;
        writer.finish()
    }

    fn new(shape: Shape, content: Content, data: ExtendedData) -> Self {
        let combinations: Vec<u8> = data
            .rlc_original()
            .iter()
            .flat_map(|element| element.to_bytes())
            .collect();
        Self {
            shape,
            content,
            data,
            combinations: combinations.into(),
        }
    }

    /// The shape that the blob is coded in.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// What the blob is: submitted beside the commitment.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// What the coding commits to.
    pub fn commitment(&self) -> Commitment {
        Commitment(self.data.commitment())
    }

    /// What names the blob.
    pub fn id(&self) -> BlobId {
        BlobId::new::<Software>(&self.shape, &self.content, &self.commitment())
    }

    /// The linear combinations of the original rows, 16 bytes each.
    pub fn combinations(&self) -> &Bytes {
        &self.combinations
    }

    /// Root of the tree over the linear combinations.
    pub fn combinations_root(&self) -> [u8; 32] {
        self.data.rlc_root()
    }

    /// One row, which shares the blob's memory; none if there is no such row.
    pub fn row(&self, index: u16) -> Option<Row> {
        let proof = self.data.generate_row_proof(index.into()).ok()?;
        Some(Row {
            index,
            bytes: proof.row,
            siblings: proof.row_proof,
        })
    }

    /// The shard with these rows ([`Assignment::shard_rows`](noema_da_primitives::Assignment::shard_rows)
    /// for a seat's), which must ascend, piece by piece as it goes over the wire. Rows and
    /// combinations are not copied.
    pub fn shard<'a>(
        &'a self,
        rows: &'a [u16],
    ) -> Result<impl Iterator<Item = Bytes> + 'a, EncodeError> {
        let last = self.shape.rows() - 1;
        let ascending = |pair: &&[u16]| pair[0] >= pair[1];
        let wrong = rows.windows(2).find(ascending).map(|pair| pair[1]);
        let wrong = wrong.or(rows.iter().copied().find(|row| *row > last));
        if let Some(found) = wrong {
            return Err(EncodeError::WrongRow { found, last });
        }
        let header = ShardHeader {
            commitment: self.commitment(),
            shape: self.shape,
            // Ascending u16 below the number of rows are no more than that.
            rows: rows.len() as u16,
        };
        let front = Bytes::copy_from_slice(&header.encode());
        let rows = rows.iter().filter_map(|index| self.row(*index));
        let pieces = rows.flat_map(Row::frame);
        Ok([front, self.combinations.clone()].into_iter().chain(pieces))
    }
}
