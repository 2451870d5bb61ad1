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

/// How far a blob is that was given to a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlobState {
    /// Its bytes are durable at the gateway.
    Received,
    /// It is being submitted.
    Submitting,
    /// It is on chain; seats are being sent their rows.
    Submitted,
    /// Seats with two thirds of the stake signed, in a finalised block.
    Available,
    /// Nothing comes of it.
    Failed,
    /// Too few seats signed in time; what was paid for the window comes back.
    TooFewSignatures,
}

impl BlobState {
    /// Whether it stays so.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            Self::Available | Self::Failed | Self::TooFewSignatures
        )
    }
}

/// A member of a bundle, with what `submit_member` takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberStatus {
    /// Which member.
    pub index: u32,
    /// Where it begins in the bundle.
    pub offset: u32,
    /// Its bytes.
    pub size: u32,
    /// What names them.
    pub id: Hash,
    /// The siblings on the way to the bundle's root, bottom to top.
    pub siblings: Vec<Hash>,
}

/// A seat that gave nothing of use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultStatus {
    /// Its place in the committee.
    pub seat: u8,
    /// A word for what it did, of a fixed set.
    pub fault: String,
    /// The same in words.
    pub message: String,
}

/// What a gateway says of a blob that it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobStatus {
    /// Its name here: 32 hex digits.
    pub id: String,
    /// Exact bytes.
    pub size: u32,
    /// How far it is.
    pub state: BlobState,
    /// Why nothing comes of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What its coding commits to; of a member, what that of the bundle does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commitment: Option<Hash>,
    /// The submission; of a member, that of the bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submission: Option<SubmissionId>,
    /// Where it is in a bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<MemberStatus>,
    /// Seats that gave nothing of use so far, or in the end.
    pub faults: Vec<FaultStatus>,
}

/// What sampling found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleStatus {
    /// Rows that were drawn, with replacement.
    pub drawn: usize,
    /// Of these, how many came and verified.
    pub verified: usize,
    /// If all came: the chance that they would have although the blob is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fooled_with: Option<f64>,
    /// Seats that gave nothing of use.
    pub faults: Vec<FaultStatus>,
}
