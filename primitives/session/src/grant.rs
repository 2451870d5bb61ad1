//! What a principal signs when it lets a key act for it.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// What a key may do. Implemented by the scope of each layer, for what can be done there.
pub trait Covers<Action> {
    /// Whether the action is within the scope.
    fn covers(&self, action: &Action) -> bool;
}

/// No scope: whatever there is to do where the session is valid.
impl<Action> Covers<Action> for () {
    fn covers(&self, _action: &Action) -> bool {
        true
    }
}

/// The most that a key may spend, in units of the token.
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
pub struct Limits {
    /// At once: the largest maximum that one signature may promise.
    pub per_use: u128,
    /// In all.
    pub total: u128,
}

/// A key and what it may do. It never changes: who wants more grants another key.
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
pub struct Grant<Key, Scope> {
    /// The key that signs.
    pub key: Key,
    /// What it may do.
    pub scope: Scope,
    /// What it may spend.
    pub limits: Limits,
    /// The first tick at which it may do nothing any more. `u64::MAX` is never.
    pub expires: u64,
}

/// Why a grant makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// It would be over at once.
    #[error("the grant expires at tick {expires}, which is not after the present tick {now}; choose a later one")]
    Expired {
        /// When it expires.
        expires: u64,
        /// The present tick.
        now: u64,
    },
    /// One use could cost more than all together.
    #[error(
        "one use may cost {per_use}, all together {total}; let the first be at most the second"
    )]
    UseAboveTotal {
        /// The limit of one use.
        per_use: u128,
        /// The limit of all.
        total: u128,
    },
}

impl<Key, Scope> Grant<Key, Scope> {
    /// Whether a principal that signs this at the tick `now` gets what it says.
    ///
    /// # Errors
    /// When it is over already, or its limits contradict each other.
    pub const fn check(&self, now: u64) -> Result<(), GrantError> {
        if self.expires <= now {
            return Err(GrantError::Expired {
                expires: self.expires,
                now,
            });
        }
        if self.limits.per_use > self.limits.total {
            return Err(GrantError::UseAboveTotal {
                per_use: self.limits.per_use,
                total: self.limits.total,
            });
        }
        Ok(())
    }
}
