//! What a gateway notes of each blob that it was given.

use std::{fmt, str::FromStr};

use codec::{Decode, Encode};
use noema_da_primitives::{Commitment, Content, MemberId, Namespace};
use rand::RngCore;

use crate::chain::SubmissionId;

/// Names a blob that was given to a gateway: a number that counts up, and eight random bytes, so that nobody guesses another's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct RequestId(pub [u8; 16]);

impl RequestId {
    pub(super) fn new(number: u64) -> Self {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        rand::rngs::OsRng.fill_bytes(&mut bytes[8..]);
        Self(bytes)
    }

    pub(super) fn number(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for RequestId {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

/// Why a blob did not become available.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum FailureKind {
    /// The chain or this gateway refused.
    #[codec(index = 0)]
    Refused,
    /// Too few seats signed in time. What was paid for the window comes back.
    #[codec(index = 1)]
    TooFewSignatures,
    /// The row seed was lost. Everything that was paid comes back.
    #[codec(index = 2)]
    SeedLost,
}

/// How far a blob is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Stage {
    /// Its bytes are on the disk.
    #[codec(index = 0)]
    Received,
    /// It is a member of a bundle, with which it goes on.
    #[codec(index = 1)]
    Bundled {
        /// The bundle.
        bundle: RequestId,
        /// Which member.
        index: u32,
        /// What names its bytes.
        member: MemberId,
    },
    /// It is about to be submitted, or was; this was noted before.
    #[codec(index = 2)]
    Submitting {
        /// What its coding commits to.
        commitment: Commitment,
        /// The submission, if it was made, has this number or a later one.
        from: SubmissionId,
        /// The newest finalised block then.
        block: u32,
    },
    /// It is on chain.
    #[codec(index = 3)]
    Submitted {
        /// What its coding commits to.
        commitment: Commitment,
        /// The submission.
        submission: SubmissionId,
    },
    /// It is available, in a finalised block.
    #[codec(index = 4)]
    Available {
        /// What its coding commits to.
        commitment: Commitment,
        /// The submission.
        submission: SubmissionId,
    },
    /// Nothing comes of it.
    #[codec(index = 5)]
    Failed {
        /// Why.
        kind: FailureKind,
        /// In words.
        reason: String,
    },
}

/// A blob that was given to a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Request {
    /// Its name.
    pub id: RequestId,
    /// Exact bytes.
    pub size: u32,
    /// What it is.
    pub content: Content,
    /// Where it is listed.
    pub namespace: Namespace,
    /// Days that are paid for.
    pub days: u8,
    /// Whether it may go with others in a bundle.
    pub bundle: bool,
    /// Of a bundle, its members in their order.
    pub members: Vec<RequestId>,
    /// How far it is.
    pub stage: Stage,
    /// Whether everything is done: nothing more is sent, and its bytes are no longer on the disk.
    pub done: bool,
    /// Seats that gave nothing of use when it was done: which, a word, and words.
    pub faults: Vec<(u8, String, String)>,
}
