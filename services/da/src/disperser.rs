//! The messages of 0G's disperser, as `api/proto/disperser/disperser.proto` of its client has them: three calls of the service `disperser.Disperser` over gRPC,
//! which a gateway answers, so that programs that speak with a disperser speak with it unchanged.
//!
//! | of 0G | here |
//! |---|---|
//! | `storage_root` | the blob's commitment |
//! | `epoch` | the era whose committee attests |
//! | `quorum_id` | the submission's number |
//! | `CONFIRMED`, then `FINALIZED` | `FINALIZED` at once: what is said of the chain is said of finalised blocks |

use bytes::Bytes;

/// Bytes of a blob over gRPC at most: 31,744 KiB, what 0G takes. Larger ones go over `PUT /v1/blobs`.
pub const MAX_DATA: usize = 31_744 << 10;

/// Path of `DisperseBlob`.
pub const DISPERSE: &str = "/disperser.Disperser/DisperseBlob";
/// Path of `GetBlobStatus`.
pub const STATUS: &str = "/disperser.Disperser/GetBlobStatus";
/// Path of `RetrieveBlob`.
pub const RETRIEVE: &str = "/disperser.Disperser/RetrieveBlob";

/// A blob to be made available.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct DisperseBlobRequest {
    /// Its bytes: 1 to [`MAX_DATA`].
    #[prost(bytes = "bytes", tag = "1")]
    pub data: Bytes,
}

/// The blob is taken.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct DisperseBlobReply {
    /// How it stands.
    #[prost(enumeration = "BlobStatus", tag = "1")]
    pub result: i32,
    /// What to ask for its status with.
    #[prost(bytes = "bytes", tag = "2")]
    pub request_id: Bytes,
}

/// A question about a blob.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct BlobStatusRequest {
    /// What the disperser answered when it took it.
    #[prost(bytes = "bytes", tag = "1")]
    pub request_id: Bytes,
}

/// How a blob stands.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct BlobStatusReply {
    /// In a word.
    #[prost(enumeration = "BlobStatus", tag = "1")]
    pub status: i32,
    /// What names it, once it is available.
    #[prost(message, optional, tag = "2")]
    pub info: Option<BlobInfo>,
}

/// A blob that is wanted back.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct RetrieveBlobRequest {
    /// What its coding commits to.
    #[prost(bytes = "bytes", tag = "1")]
    pub storage_root: Bytes,
    /// The era of its committee.
    #[prost(uint64, tag = "2")]
    pub epoch: u64,
    /// Its submission.
    #[prost(uint64, tag = "3")]
    pub quorum_id: u64,
}

/// A blob.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct RetrieveBlobReply {
    /// Its bytes.
    #[prost(bytes = "bytes", tag = "1")]
    pub data: Bytes,
}

/// What is said of a blob that is available.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct BlobInfo {
    /// What names it.
    #[prost(message, optional, tag = "1")]
    pub blob_header: Option<BlobHeader>,
}

/// What names a blob.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct BlobHeader {
    /// What its coding commits to.
    #[prost(bytes = "bytes", tag = "1")]
    pub storage_root: Bytes,
    /// The era of its committee.
    #[prost(uint64, tag = "2")]
    pub epoch: u64,
    /// Its submission.
    #[prost(uint64, tag = "3")]
    pub quorum_id: u64,
}

/// How a blob stands, in 0G's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum BlobStatus {
    /// Nothing is known.
    Unknown = 0,
    /// It is on its way.
    Processing = 1,
    /// It is available in a block that is not final. Never said here.
    Confirmed = 2,
    /// Nothing comes of it.
    Failed = 3,
    /// It is available, in a finalised block.
    Finalized = 4,
    /// Too few seats signed.
    InsufficientSignatures = 5,
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;

    /// Bytes as `protoc --encode` writes them for the published file.
    #[test]
    fn messages_are_those_of_the_published_file() {
        let request = DisperseBlobRequest {
            data: Bytes::from_static(b"abc"),
        };
        assert_eq!(request.encode_to_vec(), b"\x0a\x03abc");
        let reply = DisperseBlobReply {
            result: BlobStatus::Processing.into(),
            request_id: Bytes::from_static(b"7"),
        };
        assert_eq!(reply.encode_to_vec(), b"\x08\x01\x12\x017");
        let header = BlobHeader {
            storage_root: Bytes::from_static(&[9, 9]),
            epoch: 300,
            quorum_id: 1,
        };
        let status = BlobStatusReply {
            status: BlobStatus::Finalized.into(),
            info: Some(BlobInfo {
                blob_header: Some(header),
            }),
        };
        let expected = b"\x08\x04\x12\x0b\x0a\x09\x0a\x02\x09\x09\x10\xac\x02\x18\x01";
        assert_eq!(status.encode_to_vec(), expected);
        assert_eq!(BlobStatusReply::decode(&expected[..]).unwrap(), status);
        let wanted = RetrieveBlobRequest {
            storage_root: Bytes::from_static(&[5]),
            epoch: 1,
            quorum_id: 2,
        };
        assert_eq!(wanted.encode_to_vec(), b"\x0a\x01\x05\x10\x01\x18\x02");
    }
}
