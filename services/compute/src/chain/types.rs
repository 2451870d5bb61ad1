//! What `ComputeApi` of the runtime answers, field by field in SCALE. `tests/runtime_types.rs` compares them with the pallet's own.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec cast the indices of variants"
)]

use codec::{Decode, Encode};
use noema_chain_client::AccountId;
use noema_compute_primitives::{
    ChannelId, Descriptor, LaneId, ModelName, Price, Receipt, Redemption, ServiceId, ServiceKind,
    SessionId, VerificationMode, Voucher,
};
use noema_session::{Grant, Limits};

use crate::Signature;

/// Blocks that left room: what deadlines count.
pub type Tick = u64;
/// Units of the token.
pub type Balance = u128;

/// What is looked for. What is None does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
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
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Page<Entry, Cursor> {
    /// What was found.
    pub entries: Vec<Entry>,
    /// Where to go on. None at the end; a page may be empty and not the last.
    pub next: Option<Cursor>,
}

/// A price that was announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct NextPrice {
    /// The price.
    pub price: Price,
    /// The first tick at which it is in force.
    pub from: Tick,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ServiceInfo {
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LaneInfo {
    /// The lane.
    pub lane: LaneId,
    /// Nonce of the voucher.
    pub nonce: u64,
    /// Maximum of the voucher.
    pub maximum: Balance,
    /// What the lane has paid in all.
    pub redeemed: Balance,
    /// When.
    pub at: Tick,
    /// What of it was shown to be too much and was punished.
    pub punished: Balance,
}

impl LaneInfo {
    /// What the rule about redeeming too much looks at.
    pub const fn redemption(&self) -> Redemption {
        Redemption {
            nonce: self.nonce,
            maximum: self.maximum,
            redeemed: self.redeemed,
        }
    }
}

/// Whether a channel can be opened to a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Room {
    /// It is not registered, jailed, or takes no new work.
    #[codec(index = 0)]
    Inactive,
    /// A slash left a bond that does not carry the channels that are open.
    #[codec(index = 1)]
    UnderBonded {
        /// By how much.
        by: Balance,
    },
    /// What its bond still carries is less than the smallest cap.
    #[codec(index = 2)]
    Full,
    /// One with up to this cap.
    #[codec(index = 3)]
    UpTo(Balance),
}

/// What stands behind a provider, and what it has promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
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

/// How far a channel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum ChannelState {
    /// Pays for requests.
    #[codec(index = 0)]
    Open,
    /// The payer ends it. What was promised can be redeemed.
    #[codec(index = 1)]
    Closing {
        /// The first tick at which nothing can be redeemed.
        until: Tick,
    },
    /// It has paid all that it will.
    #[codec(index = 2)]
    Settled {
        /// Since when.
        at: Tick,
    },
}

/// A key that signs vouchers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SessionInfo {
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

impl SessionInfo {
    /// What a lane has paid.
    pub fn redeemed(&self, lane: LaneId) -> Balance {
        self.lane(lane).map_or(0, |info| info.redeemed)
    }

    /// The last redemption of a lane.
    pub fn lane(&self, lane: LaneId) -> Option<&LaneInfo> {
        self.redeemed.iter().find(|info| info.lane == lane)
    }

    /// What it can still spend.
    pub const fn left(&self) -> Balance {
        self.limits.total.saturating_sub(self.spent)
    }
}

/// A channel: all that a gateway or a buyer must know of it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ChannelInfo {
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
    pub sessions: Vec<SessionInfo>,
}

impl ChannelInfo {
    /// One of its sessions.
    pub fn session(&self, session: SessionId) -> Option<&SessionInfo> {
        self.sessions.iter().find(|info| info.session == session)
    }
}

/// What a provider asks for, argument of `redeem`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Claim {
    /// The last voucher of the lane of which the amount is covered by a receipt.
    pub voucher: Voucher,
    /// Cumulative amount that the lane owes by the receipt.
    pub amount: Balance,
    /// The payer's over the voucher.
    pub signature: Signature,
    /// The provider's over the demand, by the key of the channel.
    pub demand: Option<Signature>,
}

/// Arguments of `open`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Opening {
    /// The service to pay for.
    pub service: ServiceId,
    /// What is reserved.
    pub cap: Balance,
    /// Lanes of the first session.
    pub lanes: LaneId,
    /// What its key may do.
    pub grant: Grant<AccountId, ()>,
}

/// Arguments of `report`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Evidence {
    /// What the provider said itself.
    pub receipt: Receipt,
    /// Its signature.
    pub signature: Signature,
}

/// What the runtime decided, as far as it counts here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constants {
    /// Ticks from the request to close a channel, or to revoke a session, until it has effect.
    pub close_lock: Tick,
    /// Claims in one call.
    pub max_claims: u32,
    /// The smallest amount for which a channel can be opened.
    pub min_cap: Balance,
    /// The least that is slashed for a proven excess: with less, a report pays its fee.
    pub min_slash: Balance,
    /// How many times an excess is slashed.
    pub slash_factor: u32,
}

/// Where channels page on.
pub type ChannelPage = Page<ChannelId, ChannelId>;
