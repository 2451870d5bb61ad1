//! Plain data of the pallet.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::Config;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::fungible, BoundedVec};
use noema_compute_primitives::{
    Balance, ChannelState, Descriptor, LaneId, NextPrice, Price, Redemption, ServiceId, Voucher,
};
use noema_session::{Grant, Session};
use noema_traits::Tick;
use scale_info::TypeInfo;

/// An amount that was taken and is not given to anybody yet.
pub type CreditOf<T> =
    fungible::Credit<<T as frame_system::Config>::AccountId, <T as Config>::Currency>;

/// A service of this runtime.
pub type ServiceOf<T> = Service<<T as frame_system::Config>::AccountId>;
/// A channel of this runtime.
pub type ChannelOf<T> = Channel<<T as frame_system::Config>::AccountId>;
/// A session of this runtime.
pub type SessionOf<T> = SessionRecord<<T as frame_system::Config>::AccountId>;
/// What a payer grants a key. A channel is for one service, so that there is no scope within it.
pub type GrantOf<T> = Grant<<T as frame_system::Config>::AccountId, ()>;
/// A claim of this runtime.
pub type ClaimOf<T> = Claim<<T as Config>::Signature>;
/// As many claims as one call takes.
pub type ClaimsOf<T> = BoundedVec<ClaimOf<T>, <T as Config>::MaxClaims>;

/// A service on the market.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Service<AccountId> {
    /// The bonded account that offers it.
    pub provider: AccountId,
    /// Signs the receipts of channels that are opened now.
    pub key: AccountId,
    /// What the provider says about it. Its price is the one before `next`.
    pub descriptor: Descriptor,
    /// The price that follows.
    pub next: Option<NextPrice>,
    /// What is held on the provider's account for it.
    pub deposit: Balance,
}

impl<AccountId> Service<AccountId> {
    /// The price in force at the tick `now`.
    pub fn price_at(&self, now: Tick) -> Price {
        match self.next {
            Some(next) if next.from <= now => next.price,
            _ => self.descriptor.price,
        }
    }
}

/// What a provider has on this market.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Book {
    /// Its services.
    pub services: u32,
    /// Its channels that are not settled.
    pub channels: u32,
    /// What can still be redeemed from these in all, in units.
    pub reserved: Balance,
}

/// A way to pay, from one payer to one provider.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Channel<AccountId> {
    /// Whose purse pays.
    pub payer: AccountId,
    /// The bonded account that is paid.
    pub provider: AccountId,
    /// The service that it pays for, and no other.
    pub service: ServiceId,
    /// The key of the service when the channel was opened: signs its receipts, as long as the channel lives.
    pub key: AccountId,
    /// What can still be redeemed, in units; reserved in the payer's purse.
    pub left: Balance,
    /// What was redeemed, the protocol's part included.
    pub redeemed: Balance,
    /// How far it is.
    pub state: ChannelState,
    /// The number of the next session.
    pub next_session: u32,
    /// Its sessions.
    pub sessions: u32,
    /// The lanes of these in all.
    pub lanes: LaneId,
    /// What is held on the payer's account for the channel, without its sessions.
    pub deposit: Balance,
}

/// A key that signs vouchers.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct SessionRecord<AccountId> {
    /// What was granted, and what became of it.
    pub session: Session<AccountId, ()>,
    /// Its lanes are 0 to this number, without it.
    pub lanes: LaneId,
    /// What is held on the payer's account for the session and its lanes.
    pub deposit: Balance,
}

/// The last redemption of a lane.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Lane {
    /// Nonce of the voucher.
    pub nonce: u64,
    /// Maximum of the voucher.
    pub maximum: Balance,
    /// Cumulative amount that the lane has paid, in units.
    pub redeemed: Balance,
    /// When it was redeemed.
    pub at: Tick,
    /// Of the excess that is still outstanding, what the provider was charged for, in units.
    pub punished: Balance,
}

impl Lane {
    /// What the rule about redeeming too much looks at.
    pub const fn redemption(&self) -> Redemption {
        Redemption {
            nonce: self.nonce,
            maximum: self.maximum,
            redeemed: self.redeemed,
        }
    }

    /// What remains charged when the payer acknowledges that the lane owed `paid`: what was redeemed up to there is no excess any more, so that the next one is
    /// charged anew; what was redeemed beyond is the same excess as before, and is not charged twice.
    pub fn still_punished(&self, paid: Balance) -> Balance {
        self.punished.min(self.redeemed.saturating_sub(paid))
    }
}

/// What two parties have had to do with each other.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Pair {
    /// What was redeemed and nobody has consumed, in units.
    pub unconsumed: Balance,
    /// Their channels, settled ones included.
    pub channels: u32,
    /// What is held on the payer's account for this record.
    pub deposit: Balance,
}

/// What a provider asks for.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Claim<Signature> {
    /// The last voucher of the lane of which the amount is covered by a receipt.
    pub voucher: Voucher,
    /// Cumulative amount that the lane owes by the receipt, in units: at most what the voucher covers.
    pub amount: Balance,
    /// The payer's over the voucher, by the key of the session.
    pub signature: Signature,
    /// The provider's over the demand, by the key of the channel. Needed unless the bonded account itself sends the claim.
    pub demand: Option<Signature>,
}
