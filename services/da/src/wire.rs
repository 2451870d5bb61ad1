//! What seats and gateways answer in JSON.

use noema_chain_client::{AccountId, Hash};
use serde::{Deserialize, Serialize};

use crate::chain::SubmissionId;

/// A request that is not fulfilled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// Why.
    pub error: ErrorDetail,
}

/// Why a request is not fulfilled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorDetail {
    /// For programs: one of a fixed set of words.
    pub code: String,
    /// For people.
    pub message: String,
}

/// What a seat or a gateway says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// `seat` or `gateway`.
    pub part: String,
    /// Version of the program.
    pub version: String,
    /// The chain.
    pub genesis: Hash,
    /// The provider whose seat it is, or the account that pays for submissions.
    pub account: AccountId,
    /// Public keys with which the seat signs, `0x` and 96 hex digits each; of a gateway none.
    pub keys: Vec<String>,
}

/// How it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// `ok`, or what is wrong.
    pub status: String,
    /// The newest finalised block.
    pub finalized: u32,
    /// Seconds since it was first seen.
    pub lag_seconds: u64,
    /// Of a seat, what it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
}

/// What a seat holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Shards.
    pub shards: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Submissions that wait for attestation.
    pub waiting: usize,
    /// Bytes that are free on the disk.
    pub free_bytes: u64,
}

/// A seat's answer to a shard, and to who asks for its signature: it holds its rows and has signed for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedShard {
    /// The submission.
    pub submission: SubmissionId,
    /// The seat in the committee of the submission's era.
    pub seat: u8,
    /// The signature: `0x` and 192 hex digits.
    pub signature: String,
}

/// What a seat says of a submission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardStatus {
    /// The submission.
    pub submission: SubmissionId,
    /// The seat.
    pub seat: u8,
    /// The blob's commitment, `0x` and 64 hex digits.
    pub commitment: Hash,
    /// Exact bytes of the blob.
    pub size: u32,
    /// The rows that it holds, ascending.
    pub rows: Vec<u16>,
    /// The last round of the window, if the blob was available when the seat last asked the chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u32>,
}
