//! A row on its way between coder, seat and reader.

use bytes::{BufMut, Bytes, BytesMut};
use noema_da_primitives::RowProof;

/// A row as it came, not verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which row: the first K are the blob itself.
    pub index: u16,
    /// Its bytes. Rows of a coded blob share its memory.
    pub bytes: Bytes,
    /// The siblings on the way to the root of the rows, bottom to top.
    pub siblings: Vec<[u8; 32]>,
}

impl Row {
    /// The row as it goes over the wire: index and siblings, then its bytes, which are not copied.
    pub fn frame(self) -> [Bytes; 2] {
        let mut before = BytesMut::with_capacity(2 + 32 * self.siblings.len());
        before.put_u16_le(self.index);
        before.put_slice(self.siblings.as_flattened());
        [before.freeze(), self.bytes]
    }

    /// What an audit is answered with; none if the row is longer or lies deeper than any class has it.
    pub fn proof(&self, combinations_root: [u8; 32]) -> Option<RowProof> {
        Some(RowProof {
            row: self.bytes.to_vec().try_into().ok()?,
            siblings: self.siblings.clone().try_into().ok()?,
            combinations_root,
        })
    }
}
