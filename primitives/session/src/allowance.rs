//! The most that a key may spend per period.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// So much per period, and no more. Belongs to a grant and never changes, as this does not.
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
pub struct Allowance {
    /// Length of a period in ticks, at least one.
    pub period: u64,
    /// The most that can be spent in one, in units of the token.
    pub most: u128,
}

/// What was spent in the period that something was last spent in.
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
pub struct Window {
    since: u64,
    index: u64,
    spent: u128,
}

/// More would be spent in a period than may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{asked} more would be spent, and {left} are left in this period; wait for the next one")]
pub struct AllowanceError {
    /// What would be spent.
    pub asked: u128,
    /// What is left.
    pub left: u128,
}

impl Window {
    /// Periods begin at the tick `now`.
    pub const fn new(now: u64) -> Self {
        Self {
            since: now,
            index: 0,
            spent: 0,
        }
    }

    /// What was spent in the period of the tick `now`.
    pub fn spent(&self, allowance: &Allowance, now: u64) -> u128 {
        if self.index == self.index_at(allowance, now) {
            self.spent
        } else {
            0
        }
    }

    /// What can still be spent in the period of the tick `now`.
    pub fn left(&self, allowance: &Allowance, now: u64) -> u128 {
        allowance.most.saturating_sub(self.spent(allowance, now))
    }

    /// Notes that `amount` was spent at the tick `now`.
    ///
    /// # Errors
    /// When less is left in the period; nothing is noted then.
    pub fn spend(
        &mut self,
        allowance: &Allowance,
        now: u64,
        amount: u128,
    ) -> Result<(), AllowanceError> {
        let after = self.spent(allowance, now).checked_add(amount);
        match after.filter(|after| *after <= allowance.most) {
            Some(after) => {
                self.index = self.index_at(allowance, now);
                self.spent = after;
                Ok(())
            }
            None => Err(AllowanceError {
                asked: amount,
                left: self.left(allowance, now),
            }),
        }
    }

    /// The number of a period. One without length would be the only one.
    fn index_at(&self, allowance: &Allowance, now: u64) -> u64 {
        now.saturating_sub(self.since)
            .checked_div(allowance.period)
            .unwrap_or(0)
    }
}
