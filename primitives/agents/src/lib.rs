#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unwrap_used
    )
)]

extern crate alloc;

mod data;
mod endpoints;
mod rating;
mod scope;
mod signing;
#[cfg(test)]
mod tests;

pub use data::{Commitment, Description, Holders, Key, SealedFor, SealedKey, Value, WALLET_KEY};
pub use endpoints::{EndpointBytes, EndpointFault, Endpoints, ServiceEndpoint, ServiceKind};
pub use rating::{Mean, Rating, Sum, Tag, MAX_RATING, RATING_DECIMALS};
pub use scope::{CallId, NoCalls, Scope, UsageScope};
pub use signing::{
    account_preimage, wrapped, SignedAct, WalletBinding, ACCOUNT_DOMAIN, ACT_DOMAIN, WALLET_DOMAIN,
};

/// Number of an agent, from 0; never used again.
pub type AgentId = u64;
/// Number of a session within its agent, from 0; never used again.
pub type SessionId = u32;
/// Number of an entry of data within its agent, from 0; never used again.
pub type DataIndex = u32;
/// Number of a scheduled act within its agent, from 0; never used again.
pub type ScheduleId = u32;
/// Number of a feedback within its agent, from 0; never used again.
pub type FeedbackId = u64;
/// A hash.
pub type Hash = [u8; 32];
/// Identifies a file in storage: the hash of a domain, its root and its size.
pub type FileId = [u8; 32];

/// The longest endpoint of a service, in bytes; as for providers.
pub const MAX_ENDPOINT: u32 = 256;
/// How many endpoints one agent has at most.
pub const MAX_ENDPOINTS: u32 = 8;
/// The longest key of metadata, in bytes.
pub const MAX_KEY: u32 = 64;
/// The longest value of metadata, in bytes.
pub const MAX_VALUE: u32 = 512;
/// The longest description of an entry of data, in bytes.
pub const MAX_DESCRIPTION: u32 = 128;
/// The longest sealed key, in bytes: room for a hybrid one with a post-quantum part would be 1,600; this is for elliptic curves.
pub const MAX_SEALED: u32 = 256;
/// For how many holders the key of one entry of data can be sealed.
pub const MAX_HOLDERS: u32 = 8;
/// The longest tag, in bytes.
pub const MAX_TAG: u32 = 32;
/// How many calls one scope names at most.
pub const MAX_CALLS: u32 = 32;
