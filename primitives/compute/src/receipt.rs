//! What a provider signs after a request was answered.

use crate::{
    payload::payload, ChannelId, Hash, LaneId, ModelName, Price, ServiceId, SessionId, Usage,
    RECEIPT_DOMAIN,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// States what was answered and what it cost. A service signs one receipt for a nonce of a lane, and the same again when it is
/// asked again; two that differ can be held against it.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Receipt {
    /// The channel that pays.
    pub channel: ChannelId,
    /// The session of the channel.
    pub session: SessionId,
    /// The lane of the session.
    pub lane: LaneId,
    /// Number of the request in its lane.
    pub nonce: u64,
    /// The service that answered.
    pub service: ServiceId,
    /// The request, by [`crate::request_hash`].
    pub request: Hash,
    /// The response, by [`crate::response_hash`].
    pub response: Hash,
    /// Bytes of the response's body that were produced and hashed.
    pub response_bytes: u64,
    /// The model that answered.
    pub model: ModelName,
    /// What was used.
    pub usage: Usage,
    /// The price at which it was charged: the voucher's.
    pub price: Price,
    /// Units that this request cost: its cost by price and usage, at most the voucher's maximum.
    pub amount: u128,
    /// Units that the lane owes in all, this request included.
    pub cumulative: u128,
    /// When it was signed, in milliseconds since 1970, by the provider's clock.
    pub time: u64,
}

impl Receipt {
    /// The bytes that are signed, for the chain with this genesis hash.
    pub fn payload(&self, genesis: &Hash) -> Vec<u8> {
        payload(RECEIPT_DOMAIN, genesis, self)
    }
}
