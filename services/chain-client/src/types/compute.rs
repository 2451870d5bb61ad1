//! The compute market: what the chain says of services and channels, with accounts as this crate has them.

use noema_compute_primitives as compute;
use serde::Serialize;

use super::{AccountId, Balance, BlockNumber, Tick};

/// A service on the market.
pub type ServiceInfo = compute::ServiceInfo<AccountId>;
/// How a channel stands.
pub type ChannelInfo = compute::ChannelInfo<AccountId>;
/// A key of a channel, what it may spend and what it has spent.
pub type SessionInfo = compute::SessionInfo<AccountId>;
/// Services, and where to go on.
pub type ServicePage = compute::Page<ServiceInfo, compute::ServiceId>;

/// Parameters of the compute market at a block; an upgrade may change them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ComputeLimits {
    /// The protocol's part of what is redeemed, in millionths.
    pub cut_millionths: u32,
    /// Ticks from the announcement of a price until it is in force.
    pub price_notice: Tick,
    /// Ticks from the request to close a channel, or to revoke a key, until it has effect.
    pub close_lock: Tick,
    /// Ticks in which a redemption can be held against the provider.
    pub evidence_window: Tick,
    /// The most that a provider's open channels hold in all, as a multiple of its own bond.
    pub cap_per_bond: u32,
    /// The smallest channel, in the smallest unit.
    pub min_cap: Balance,
    /// Services of a provider.
    pub max_services: u32,
    /// Keys of a channel.
    pub max_sessions: u32,
    /// Lanes of a channel.
    pub max_lanes: u16,
    /// Claims of a call.
    pub max_claims: u32,
    /// How many times an excess is slashed.
    pub slash_factor: u32,
    /// The least that is slashed, in the smallest unit.
    pub min_slash: Balance,
    /// The payer's part of what is slashed of the own bond, in thousand-millionths.
    pub payer_share_billionths: u32,
    /// Blocks for which whoever redeemed too much is jailed.
    pub jail_term: BlockNumber,
}
