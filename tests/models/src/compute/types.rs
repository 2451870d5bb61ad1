//! Plain data.

use std::collections::BTreeMap;

/// Somebody.
pub type Account = u64;
/// Units of the token.
pub type Balance = u128;
/// A key that signs.
pub type Key = u64;
/// A point in time.
pub type Tick = u64;

/// What the chain decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Least free balance of an account.
    pub existential_deposit: Balance,
    /// The protocol's part of what is redeemed, in percent, rounded up.
    pub cut_percent: Balance,
    /// Ticks from a request to close or revoke until it has effect.
    pub close_lock: Tick,
    /// Ticks after a redemption in which it can be held against the provider.
    pub evidence_window: Tick,
    /// How many times its bond a provider's channels may ask for.
    pub cap_per_bond: Balance,
    /// Smallest cap.
    pub min_cap: Balance,
    /// Services of a provider.
    pub max_services: usize,
    /// Sessions of a channel.
    pub max_sessions: usize,
    /// Lanes of a channel.
    pub max_lanes: u32,
    /// Deposit for a service.
    pub service_deposit: Balance,
    /// Deposit for a channel.
    pub channel_deposit: Balance,
    /// Deposit for a session without its lanes.
    pub session_deposit: Balance,
    /// Deposit for a lane.
    pub lane_deposit: Balance,
    /// Deposit for a purse.
    pub purse_deposit: Balance,
    /// Deposit for a pair.
    pub pair_deposit: Balance,
    /// How many times an excess is slashed.
    pub slash_factor: Balance,
    /// The least that is slashed.
    pub min_slash: Balance,
    /// The payer's part of a slash in percent, rounded down.
    pub payer_percent: Balance,
}

/// A bonded provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its bond, which lies with the vault.
    pub bond: Balance,
    /// Whether it takes new work.
    pub active: bool,
    /// Acts for it, but for money.
    pub operator: Account,
}

/// What is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// By whom.
    pub provider: Account,
    /// Signs receipts of channels to come.
    pub key: Key,
}

/// How far a channel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Pays.
    Open,
    /// Pays until a tick.
    Closing(Tick),
    /// Has paid, since a tick.
    Settled(Tick),
}

/// What a payer lets a key do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The key.
    pub key: Key,
    /// The most that one voucher may promise.
    pub per_use: Balance,
    /// The most that all may.
    pub total: Balance,
    /// The first tick at which it may do nothing.
    pub expires: Tick,
}

/// What a lane has paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lane {
    /// Nonce of the last voucher.
    pub nonce: u64,
    /// Its maximum.
    pub maximum: Balance,
    /// In all.
    pub paid: Balance,
    /// When, the last time.
    pub at: Tick,
    /// Excess for which its provider has been charged and which is still outstanding.
    pub punished: Balance,
}

/// A grant and its lanes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The grant.
    pub grant: Grant,
    /// From when it is revoked.
    pub revoked: Option<Tick>,
    /// How many lanes it has.
    pub lanes: u16,
    /// Those that paid.
    pub paid: BTreeMap<u16, Lane>,
}

impl Session {
    /// The first tick at which it may do nothing.
    pub fn ends(&self) -> Tick {
        self.grant.expires.min(self.revoked.unwrap_or(Tick::MAX))
    }

    /// What it has spent.
    pub fn spent(&self) -> Balance {
        self.paid.values().map(|lane| lane.paid).sum()
    }
}

/// A way to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Who pays.
    pub payer: Account,
    /// Who is paid.
    pub provider: Account,
    /// The only service that it pays for.
    pub service: u64,
    /// Signs its receipts.
    pub key: Key,
    /// How far it is.
    pub state: State,
    /// What was ever reserved for it.
    pub cap: Balance,
    /// What sessions paid that are gone.
    pub paid_before: Balance,
    /// Its sessions.
    pub sessions: BTreeMap<u32, Session>,
    /// The number of the next one.
    pub next_session: u32,
}

impl Channel {
    /// What it has paid in all.
    pub fn paid(&self) -> Balance {
        self.paid_before + self.sessions.values().map(Session::spent).sum::<Balance>()
    }

    /// What can still be redeemed.
    pub fn left(&self) -> Balance {
        match self.state {
            State::Settled(_) => 0,
            State::Open | State::Closing(_) => self.cap - self.paid(),
        }
    }

    /// The lanes of all its sessions.
    pub fn lanes(&self) -> u32 {
        self.sessions
            .values()
            .map(|session| u32::from(session.lanes))
            .sum()
    }
}

/// A promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Voucher {
    /// The channel that pays.
    pub channel: u64,
    /// The session that signs.
    pub session: u32,
    /// The lane.
    pub lane: u16,
    /// Number of the request.
    pub nonce: u64,
    /// The service.
    pub service: u64,
    /// What was owed before.
    pub paid: Balance,
    /// The most that is owed for this request.
    pub maximum: Balance,
    /// The first tick at which it is worth nothing.
    pub expires: Tick,
}

/// What a provider asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The voucher.
    pub voucher: Voucher,
    /// Up to where the lane should pay.
    pub amount: Balance,
    /// Who signed the voucher as it stands here; None if it was changed since.
    pub signer: Option<Key>,
    /// Who signed that the lane is asked for this amount with this voucher, if anybody did.
    pub demand: Option<Key>,
}

/// What a provider states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The channel.
    pub channel: u64,
    /// The session.
    pub session: u32,
    /// The lane.
    pub lane: u16,
    /// Number of the request.
    pub nonce: u64,
    /// What the lane owes in all.
    pub cumulative: Balance,
}

/// What evidence came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// By how much too much was redeemed.
    pub excess: Balance,
    /// What was taken.
    pub slashed: Balance,
    /// What of it the payer got.
    pub to_payer: Balance,
}
