//! Errors of the client, and what it holds against providers.

use std::fmt;

use noema_chain_client::AccountId;
use noema_commitment::ProofError;
use serde::Serialize;

use super::Peer;

/// A request to a provider failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The endpoint is not usable.
    #[error("{endpoint:?} is no provider endpoint: {reason}")]
    BadEndpoint {
        /// The endpoint as given.
        endpoint: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No answer.
    #[error("{endpoint} does not answer: {reason}")]
    Unreachable {
        /// The endpoint.
        endpoint: String,
        /// What the transport says.
        reason: String,
    },
    /// An answer with an error.
    #[error("{endpoint} answers {status} {code}: {message}")]
    Refused {
        /// The endpoint.
        endpoint: String,
        /// HTTP status.
        status: u16,
        /// The provider's error code.
        code: String,
        /// The provider's message.
        message: String,
    },
    /// An answer that is not of the interface.
    #[error("{endpoint} gives an answer that is none: {reason}")]
    BadAnswer {
        /// The endpoint.
        endpoint: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A segment that does not belong to the file.
    #[error("{endpoint} serves a wrong segment: {fault}")]
    WrongSegment {
        /// The endpoint.
        endpoint: String,
        /// What was expected and what was found.
        fault: Fault,
    },
}

/// What is wrong with a segment that a provider served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The bytes do not parse as a segment frame.
    Frame(String),
    /// Data and siblings do not lead to the file's root.
    Proof(ProofError),
    /// The frame ends early or is longer than a frame can be.
    Length {
        /// Bytes of the frame of this segment.
        expected: u64,
        /// Bytes that came.
        found: u64,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Frame(reason) => f.write_str(reason),
            Fault::Proof(error) => error.fmt(f),
            Fault::Length { expected, found } => {
                write!(
                    f,
                    "the segment frame has {found} bytes: expected {expected}"
                )
            }
        }
    }
}

impl Serialize for Fault {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A provider that served something wrong, with what was expected and found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Misbehaviour {
    /// The provider's bonded account.
    pub provider: AccountId,
    /// Where it answered.
    pub endpoint: String,
    /// The segment that was asked for.
    pub segment: u64,
    /// What was wrong with the answer.
    pub fault: Fault,
}

impl Misbehaviour {
    pub(crate) fn new(peer: &Peer, segment: u64, fault: Fault) -> Self {
        Self {
            provider: peer.provider,
            endpoint: peer.endpoint.clone(),
            segment,
            fault,
        }
    }
}

impl fmt::Display for Misbehaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            provider,
            endpoint,
            segment,
            fault,
        } = self;
        write!(
            f,
            "provider {provider} at {endpoint} served a wrong segment {segment}: {fault}"
        )
    }
}
