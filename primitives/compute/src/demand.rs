//! What the service key signs when somebody else than the bonded account redeems.

use crate::{payload::payload, ChannelId, Hash, LaneId, SessionId, Voucher, DEMAND_DOMAIN};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// States what a lane is asked for. It is never sent: whoever checks the signature makes it from the claim. It holds the service key to a claim, so that a key which
/// only sends transactions cannot ask for more than the gateway says.
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
pub struct Demand {
    /// The channel that pays.
    pub channel: ChannelId,
    /// The session of the channel.
    pub session: SessionId,
    /// The lane of the session.
    pub lane: LaneId,
    /// Nonce of the voucher with which it is redeemed.
    pub nonce: u64,
    /// Units up to which the lane is to have paid in all: what the receipt of the request says that it owes.
    pub amount: u128,
}

impl Demand {
    /// What a claim with this voucher for this cumulative amount demands.
    pub const fn new(voucher: &Voucher, amount: u128) -> Self {
        Self {
            channel: voucher.channel,
            session: voucher.session,
            lane: voucher.lane,
            nonce: voucher.nonce,
            amount,
        }
    }

    /// The bytes that are signed, for the chain with this genesis hash.
    pub fn payload(&self, genesis: &Hash) -> Vec<u8> {
        payload(DEMAND_DOMAIN, genesis, self)
    }
}
