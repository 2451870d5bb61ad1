//! What a buyer signs before a request is worked on.

use crate::{
    payload::payload, ChannelId, Hash, LaneId, Price, ServiceId, SessionId, VOUCHER_DOMAIN,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Promises to pay for one request, and acknowledges what the lane owed before it.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Voucher {
    /// The channel that pays.
    pub channel: ChannelId,
    /// The session of the channel whose key signs.
    pub session: SessionId,
    /// The lane of the session.
    pub lane: LaneId,
    /// Number of the request in its lane, from 1.
    pub nonce: u64,
    /// The service that is asked.
    pub service: ServiceId,
    /// Units that the lane owed in all before this request: the cumulative amount of the last receipt, or 0.
    pub paid: u128,
    /// The most that this request may cost.
    pub maximum: u128,
    /// The request, by [`crate::request_hash`].
    pub request: Hash,
    /// The first tick at which it cannot be redeemed any more.
    pub expires: u64,
    /// The price at which the request is charged: the one that the buyer saw. A gateway that does not accept it refuses the voucher.
    pub price: Price,
}

/// A voucher that promises more than can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what was owed before and the maximum do not fit into 128 bits together; expected smaller amounts")]
pub struct VoucherOverflow;

impl Voucher {
    /// The bytes that are signed, for the chain with this genesis hash.
    pub fn payload(&self, genesis: &Hash) -> Vec<u8> {
        payload(VOUCHER_DOMAIN, genesis, self)
    }

    /// The cumulative amount up to which it can be redeemed.
    ///
    /// # Errors
    /// When that does not fit.
    pub const fn ceiling(&self) -> Result<u128, VoucherOverflow> {
        match self.paid.checked_add(self.maximum) {
            Some(ceiling) => Ok(ceiling),
            None => Err(VoucherOverflow),
        }
    }
}
