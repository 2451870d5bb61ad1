//! The market as the runtime tells it: what its interface answers, for whoever decodes that.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::{
    ChannelId, Descriptor, LaneId, ModelName, Price, ServiceId, ServiceKind, SessionId,
    VerificationMode,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use noema_session::Limits;
use scale_info::TypeInfo;

/// Units of the token.
pub type Balance = u128;
/// The clock of all deadlines.
pub type Tick = u64;

/// A price that was announced.
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
pub struct NextPrice {
    /// The price.
    pub price: Price,
    /// The first tick at which it is in force.
    pub from: Tick,
}

/// How far a channel is.
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
pub enum ChannelState {
    /// Pays for requests.
    #[codec(index = 0)]
    Open,
    /// The payer ends it. What was promised can be redeemed.
    #[codec(index = 1)]
    Closing {
        /// The first tick at which nothing can be redeemed and the channel can be settled. Set when it was asked for, and not changed by anything.
        until: Tick,
    },
    /// It has paid all that it will. What is left of it is a record by which something can be proven.
    #[codec(index = 2)]
    Settled {
        /// Since when.
        at: Tick,
    },
}

/// What a payer holds for requests.
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
pub struct Purse {
    /// All of it, in units.
    pub balance: Balance,
    /// Of it, what can still be redeemed from channels; never more than all of it.
    pub reserved: Balance,
    /// Its channels, settled ones included.
    pub channels: u32,
    /// What is held on the payer's account for this record.
    pub deposit: Balance,
}

impl Purse {
    /// What no channel has reserved.
    pub const fn unreserved(&self) -> Balance {
        self.balance.saturating_sub(self.reserved)
    }
}

/// What is looked for. What is None does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Browse {
    /// Of this kind.
    pub kind: Option<ServiceKind>,
    /// Of this model.
    pub model: Option<ModelName>,
    /// At most at this price, in every part of it, now.
    pub at_most: Option<Price>,
    /// Of this verification mode.
    pub mode: Option<VerificationMode>,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Page<Entry, Cursor> {
    /// What was found. Not called `entries`: in Polkadot.js, where every struct is a map, that is a method.
    pub items: Vec<Entry>,
    /// Where to go on. None at the end; a page may be empty and not the last. Where nothing was asked for, what was passed.
    pub next: Option<Cursor>,
}

/// A service as readers see it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct ServiceInfo<AccountId> {
    /// Its number.
    pub service: ServiceId,
    /// The bonded account that offers it.
    pub provider: AccountId,
    /// Whether the provider takes new work.
    pub active: bool,
    /// Signs the receipts of channels that are opened now.
    pub key: AccountId,
    /// What the provider says, with the price in force.
    pub descriptor: Descriptor,
    /// The price that was announced and is not yet in force.
    pub next: Option<NextPrice>,
}

/// The last redemption of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct LaneInfo {
    /// The lane.
    pub lane: LaneId,
    /// Nonce of the voucher.
    pub nonce: u64,
    /// Maximum of the voucher.
    pub maximum: Balance,
    /// What the lane has paid in all.
    pub redeemed: Balance,
    /// When: it can be held against the provider for `EvidenceWindow` ticks from then on.
    pub at: Tick,
    /// What of it was shown to be too much, was punished, and is still outstanding: only evidence of more is of use.
    pub punished: Balance,
}

/// Whether a channel can be opened to a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum Room {
    /// It is not registered, jailed, or takes no new work.
    #[codec(index = 0)]
    Inactive,
    /// A slash left a bond that does not carry the channels that are open.
    #[codec(index = 1)]
    UnderBonded {
        /// By how much these have more reserved than it carries.
        by: Balance,
    },
    /// What its bond still carries is less than the smallest cap.
    #[codec(index = 2)]
    Full,
    /// One with up to this cap.
    #[codec(index = 3)]
    UpTo(Balance),
}

/// What stands behind a provider, and what it has promised. Payers get back what it redeemed too much as long as `SlashFactor` times all of that is within
/// `bond`: for certain, whatever it does in all channels at once, only where `SlashFactor` times `reserved` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct ProviderInfo {
    /// Own bond, without what is unbonding.
    pub bond: Balance,
    /// Its services.
    pub services: u32,
    /// Its channels that are not settled.
    pub channels: u32,
    /// What can still be redeemed from these in all.
    pub reserved: Balance,
    /// The channel that can be opened now.
    pub room: Room,
}

/// A session as readers see it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct SessionInfo<AccountId> {
    /// Its number.
    pub session: SessionId,
    /// The key.
    pub key: AccountId,
    /// What it may spend.
    pub limits: Limits,
    /// What it has spent.
    pub spent: Balance,
    /// The first tick at which nothing signed by it can be redeemed.
    pub ends: Tick,
    /// Whether that is a revocation, after which it should be given no more work.
    pub revoked: bool,
    /// Its lanes are 0 to this number, without it.
    pub lanes: LaneId,
    /// Those from which something was redeemed.
    pub redeemed: Vec<LaneInfo>,
}

/// A channel as readers see it: all that a gateway or a buyer must know of it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct ChannelInfo<AccountId> {
    /// Who pays.
    pub payer: AccountId,
    /// Who is paid.
    pub provider: AccountId,
    /// The service that it pays for.
    pub service: ServiceId,
    /// Signs its receipts.
    pub key: AccountId,
    /// What can still be redeemed.
    pub left: Balance,
    /// What was redeemed.
    pub redeemed: Balance,
    /// How far it is.
    pub state: ChannelState,
    /// Its sessions.
    pub sessions: Vec<SessionInfo<AccountId>>,
}

/// Channels of somebody, and where to go on.
pub type ChannelPage = Page<ChannelId, ChannelId>;
