//! What is asked of the chain and answered, with accounts as the chain's client has them.

use noema_chain_client::AccountId;
use noema_compute_primitives::{LaneId, Redemption, ServiceId, SessionId};
use noema_session::Grant;

pub use noema_chain_client::compute::Claim;
pub use noema_chain_client::{Balance, ChannelInfo, ServiceInfo, ServicePage, SessionInfo, Tick};
pub use noema_compute_primitives::{
    Browse, ChannelPage, ChannelState, LaneInfo, NextPrice, Page, ProviderInfo, Room,
};

/// Looks into the sessions of a channel.
pub trait ChannelSessions {
    /// One of its sessions.
    fn session(&self, session: SessionId) -> Option<&SessionInfo>;
}

impl ChannelSessions for ChannelInfo {
    fn session(&self, session: SessionId) -> Option<&SessionInfo> {
        self.sessions.iter().find(|info| info.session == session)
    }
}

/// Looks into the lanes of a session.
pub trait SessionLanes {
    /// The last redemption of a lane. None when nothing was redeemed from it.
    fn lane(&self, lane: LaneId) -> Option<&LaneInfo>;

    /// What a lane has paid.
    fn redeemed(&self, lane: LaneId) -> Balance {
        self.lane(lane).map_or(0, |info| info.redeemed)
    }

    /// What the session can still spend.
    fn left(&self) -> Balance;
}

impl SessionLanes for SessionInfo {
    fn lane(&self, lane: LaneId) -> Option<&LaneInfo> {
        self.redeemed.iter().find(|info| info.lane == lane)
    }

    fn left(&self) -> Balance {
        self.limits.total.saturating_sub(self.spent)
    }
}

/// What the rule about redeeming too much looks at.
pub const fn redemption_of(lane: &LaneInfo) -> Redemption {
    Redemption {
        nonce: lane.nonce,
        maximum: lane.maximum,
        redeemed: lane.redeemed,
    }
}

/// Arguments of `open`.
#[derive(Clone, Debug, PartialEq, Eq)]
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
