//! From a blob to the shards of its seats, and from any K rows back to the blob.

mod encode;
mod rebuild;
mod recode;
mod row;
mod seat;
mod shard;
mod verify;

pub use encode::{BlobWriter, CodedBlob, EncodeError};
pub use rebuild::{Blob, Progress, RebuildError, Rebuilder, RowSet};
pub use row::Row;
pub use seat::{check_shard, Accepted, Recode, SeatCheck, ShardError, Streamed};
pub use shard::{
    dispersal_bytes, front_bytes, row_on_the_wire, ShardDecoder, ShardHeader, ShardItem, WireError,
    SHARD_HEADER_BYTES, SHARD_VERSION,
};
pub use verify::{RowVerifier, VerifyError};

use noema_da_primitives::Shape;
use rsema1d::Parameters;

/// The shape as the library takes it. The classes are within its bounds, which a test checks for all of
/// them.
fn parameters(shape: &Shape) -> rsema1d::Result<Parameters> {
    let original = usize::from(shape.original());
    let parity = usize::from(shape.rows()) - original;
    Parameters::new(original, parity, bytes(shape.row_bytes()))
}

/// A number of bytes as a length in memory.
fn bytes(count: u32) -> usize {
    count as usize
}
