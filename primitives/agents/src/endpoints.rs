//! Where an agent answers.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::{MAX_ENDPOINT, MAX_ENDPOINTS};
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use noema_endpoint::{Endpoint, EndpointError};
use scale_info::TypeInfo;

/// A URL, in visible ASCII characters.
pub type EndpointBytes = BoundedVec<u8, ConstU32<MAX_ENDPOINT>>;
/// The endpoints of an agent, each of another kind.
pub type Endpoints = BoundedVec<ServiceEndpoint, ConstU32<MAX_ENDPOINTS>>;

/// What is spoken at an endpoint.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum ServiceKind {
    /// Agent2Agent: the URL of the agent card.
    #[codec(index = 0)]
    A2a,
    /// Model Context Protocol.
    #[codec(index = 1)]
    Mcp,
    /// The interface of OpenAI: the base URL.
    #[codec(index = 2)]
    OpenAi,
    /// A page for people.
    #[codec(index = 3)]
    Web,
}

/// Where an agent answers, and how.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct ServiceEndpoint {
    /// How.
    pub kind: ServiceKind,
    /// Where.
    pub url: EndpointBytes,
}

/// What is wrong with a list of endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointFault {
    /// One is neither `https`, with or without a pinned key, nor plain to a loopback host.
    Invalid,
    /// Two are of the same kind.
    Repeated,
}

impl fmt::Display for EndpointFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => {
                "expected https://HOST[:PORT][/PATH], with #sha256=KEY or without, or http:// and a loopback host"
            }
            Self::Repeated => "expected at most one endpoint of each kind",
        })
    }
}

impl core::error::Error for EndpointFault {}

impl ServiceEndpoint {
    /// Whether the URL is one. Unlike providers', its key need not be pinned: browsers and other people's clients ask authorities.
    fn is_valid(&self) -> bool {
        match Endpoint::parse(&self.url) {
            Ok(_) => true,
            Err(EndpointError::NotPinned) => !self.url.contains(&b'#'),
            Err(EndpointError::Malformed | EndpointError::NotEncrypted) => false,
        }
    }

    /// Whether all of these can be an agent's.
    ///
    /// # Errors
    /// When one is none, or two are of the same kind.
    pub fn check_all(endpoints: &[Self]) -> Result<(), EndpointFault> {
        for (at, endpoint) in endpoints.iter().enumerate() {
            if !endpoint.is_valid() {
                return Err(EndpointFault::Invalid);
            }
            if endpoints
                .iter()
                .take(at)
                .any(|before| before.kind == endpoint.kind)
            {
                return Err(EndpointFault::Repeated);
            }
        }
        Ok(())
    }
}
