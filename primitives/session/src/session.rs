//! What becomes of a grant.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::{Covers, Grant};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// A grant, what was spent under it and whether it is revoked.
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
pub struct Session<Key, Scope> {
    grant: Grant<Key, Scope>,
    spent: u128,
    revoked: Option<u64>,
}

/// Why a session does not authorise something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It expired, or its revocation has taken effect.
    #[error("the session ended at tick {ended}, the present tick is {now}; use another key")]
    Over {
        /// The first tick at which it authorised nothing.
        ended: u64,
        /// The present tick.
        now: u64,
    },
    /// The action is not among those that the key may do.
    #[error("the action is out of the scope of the session; use a key whose scope covers it")]
    OutOfScope,
    /// One use would cost more than one use may.
    #[error("one use would cost up to {asked}, and may cost {limit}; ask for less")]
    AbovePerUse {
        /// What it would cost.
        asked: u128,
        /// What it may cost.
        limit: u128,
    },
    /// All uses would cost more than they may.
    #[error("{asked} more would be spent, and {left} are left; use another key")]
    AboveTotal {
        /// What would be spent.
        asked: u128,
        /// What is left.
        left: u128,
    },
}

impl<Key, Scope> Session<Key, Scope> {
    /// The session that a grant begins. Whether the grant makes sense, [`Grant::check`] says.
    pub const fn new(grant: Grant<Key, Scope>) -> Self {
        Self {
            grant,
            spent: 0,
            revoked: None,
        }
    }

    /// What was granted.
    pub const fn grant(&self) -> &Grant<Key, Scope> {
        &self.grant
    }

    /// Units spent so far.
    pub const fn spent(&self) -> u128 {
        self.spent
    }

    /// The tick from which on it is revoked, if it is.
    pub const fn revoked(&self) -> Option<u64> {
        self.revoked
    }

    /// Units that can still be spent.
    pub const fn left(&self) -> u128 {
        self.grant.limits.total.saturating_sub(self.spent)
    }

    /// The first tick at which it authorises nothing.
    pub fn ends(&self) -> u64 {
        self.revoked
            .map_or(self.grant.expires, |tick| tick.min(self.grant.expires))
    }

    /// Whether it authorises nothing at the tick `now`.
    pub fn is_over(&self, now: u64) -> bool {
        now >= self.ends()
    }

    /// Whether the key may do `action` at the tick `now` for up to `most` units.
    ///
    /// # Errors
    /// The first of the rules that forbids it.
    pub fn authorise<Action>(&self, now: u64, action: &Action, most: u128) -> Result<(), Refused>
    where
        Scope: Covers<Action>,
    {
        if self.is_over(now) {
            return Err(Refused::Over {
                ended: self.ends(),
                now,
            });
        }
        if !self.grant.scope.covers(action) {
            return Err(Refused::OutOfScope);
        }
        if most > self.grant.limits.per_use {
            return Err(Refused::AbovePerUse {
                asked: most,
                limit: self.grant.limits.per_use,
            });
        }
        Ok(())
    }

    /// Notes that `amount` was spent.
    ///
    /// # Errors
    /// When less is left; nothing is noted then.
    pub fn spend(&mut self, amount: u128) -> Result<(), Refused> {
        let after = self.spent.checked_add(amount);
        match after.filter(|after| *after <= self.grant.limits.total) {
            Some(after) => {
                self.spent = after;
                Ok(())
            }
            None => Err(Refused::AboveTotal {
                asked: amount,
                left: self.left(),
            }),
        }
    }

    /// Revokes the key from `now + delay` on, and returns the first tick at which it authorises nothing. A session that ends
    /// before that, or is revoked already, keeps its end.
    pub fn revoke(&mut self, now: u64, delay: u64) -> u64 {
        if self.revoked.is_none() {
            self.revoked = Some(now.saturating_add(delay));
        }
        self.ends()
    }
}
