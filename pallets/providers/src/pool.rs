//! The arithmetic of a delegation pool: shares, drip and slashes, without storage and without
//! currency. Formulas and rounding: `docs/design/delegation.md`. Amounts are in the smallest unit
//! of the token, products in 256 bits.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::math::{mul_div_down, mul_div_up};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_runtime::{traits::AtLeast32BitUnsigned, Perbill};

/// The number of a pool, never used again.
pub type PoolId = u64;

/// A side whose shares are worth less than one unit by this many is depleted: prices would be too
/// coarse, and the products of an exit could overflow.
pub const DEPLETED: u128 = 1 << 20;

/// Why somebody cannot buy shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuyError {
    /// The amount is worth less than one share.
    NoShare,
    /// The sums do not fit into 128 bits.
    Overflow,
}

/// Funds that belong to shares. There is no value without shares; shares without value only where a
/// slash took everything, which closes the pool.
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
pub struct Side {
    /// Shares of all owners.
    pub shares: u128,
    /// What they are worth together, in units of the token.
    pub value: u128,
}

impl Side {
    /// What `shares` are worth, rounded down.
    pub fn value_of(&self, shares: u128) -> u128 {
        mul_div_down(shares, self.value, self.shares).unwrap_or(0)
    }

    /// The fewest shares that are worth `amount`. `None` when there are none or too many.
    pub fn shares_worth(&self, amount: u128) -> Option<u128> {
        mul_div_up(amount, self.shares, self.value)
    }

    /// Buys as many whole shares as `amount` pays for, and takes what these cost, rounded up: never
    /// more than `amount`. Returns shares and cost.
    pub fn buy(&mut self, amount: u128) -> Result<(u128, u128), BuyError> {
        let (shares, cost) = if self.shares == 0 {
            (amount, amount)
        } else {
            let shares = mul_div_down(amount, self.shares, self.value);
            let shares = shares.ok_or(BuyError::Overflow)?;
            let cost = mul_div_up(shares, self.value, self.shares).ok_or(BuyError::Overflow)?;
            (shares, cost)
        };
        if shares == 0 {
            return Err(BuyError::NoShare);
        }
        self.add(shares, cost).ok_or(BuyError::Overflow)?;
        Ok((shares, cost))
    }

    /// Takes all of `value` in, for as many shares as it pays for, rounded down. `None`, and nothing
    /// changed, when the sums do not fit.
    pub fn put(&mut self, value: u128) -> Option<u128> {
        let shares = if self.shares == 0 {
            value
        } else {
            mul_div_down(value, self.shares, self.value)?
        };
        self.add(shares, value)?;
        Some(shares)
    }

    /// Takes `shares` out and with them their value, rounded down: the last share takes all. `None`,
    /// and nothing changed, when there are not as many.
    pub fn take(&mut self, shares: u128) -> Option<u128> {
        let left = self.shares.checked_sub(shares)?;
        let value = self.value_of(shares);
        self.value = self.value.checked_sub(value)?;
        self.shares = left;
        Some(value)
    }

    /// Whether shares have lost so much that prices are too coarse to go on.
    pub fn is_depleted(&self) -> bool {
        self.value
            .checked_mul(DEPLETED)
            .is_some_and(|bound| bound < self.shares)
    }

    fn add(&mut self, shares: u128, value: u128) -> Option<()> {
        let all = self.shares.checked_add(shares)?;
        self.value = self.value.checked_add(value)?;
        self.shares = all;
        Some(())
    }
}

/// Rewards that become stake little by little, so that staking just before one earns nothing of it.
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
pub struct Incoming<BlockNumber> {
    /// What has not become stake yet, in units of the token.
    pub amount: u128,
    /// The block up to which it has dripped.
    pub since: BlockNumber,
    /// The block in which nothing is left.
    pub until: BlockNumber,
}

impl<BlockNumber: AtLeast32BitUnsigned + Copy> Incoming<BlockNumber> {
    /// Takes out what has dripped by `now`, rounded down until the end.
    pub fn drip(&mut self, now: BlockNumber) -> u128 {
        let left = blocks(self.since, self.until);
        let elapsed = blocks(self.since, now);
        let dripped = if elapsed >= left {
            self.amount
        } else {
            mul_div_down(self.amount, elapsed, left).unwrap_or(0)
        };
        self.amount = self.amount.saturating_sub(dripped);
        self.since = self.since.max(now);
        dripped
    }

    /// Adds `amount`, which drips over `period` from `now` on. The common end is the mean of both
    /// ends weighted by amount, rounded up, so that little delays little. Expects that everything has
    /// dripped up to `now`. `None`, and nothing changed, when the sum does not fit.
    pub fn add(&mut self, amount: u128, now: BlockNumber, period: BlockNumber) -> Option<()> {
        let sum = self.amount.checked_add(amount)?;
        let left = if self.amount == 0 {
            0
        } else {
            blocks(now, self.until)
        };
        let longer = blocks(BlockNumber::zero(), period).saturating_sub(left);
        let later = mul_div_up(longer, amount, sum).unwrap_or(0);
        let left = BlockNumber::unique_saturated_from(left.saturating_add(later));
        self.amount = sum;
        self.until = now.saturating_add(left);
        Some(())
    }
}

/// Blocks from one to another, zero when there are none.
fn blocks<BlockNumber: AtLeast32BitUnsigned>(from: BlockNumber, to: BlockNumber) -> u128 {
    to.saturating_sub(from).unique_saturated_into()
}

/// A commission, and a higher one that was announced.
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
pub struct Commission<BlockNumber> {
    /// The part of the delegators' rewards that the provider keeps, before the rise.
    pub rate: Perbill,
    /// The rate to come and the first block in which it counts.
    pub rise: Option<(Perbill, BlockNumber)>,
}

impl<BlockNumber: AtLeast32BitUnsigned + Copy> Commission<BlockNumber> {
    /// The rate at `now`.
    pub fn at(&self, now: BlockNumber) -> Perbill {
        match self.rise {
            Some((rate, from)) if from <= now => rate,
            _ => self.rate,
        }
    }

    /// The highest of the rate at `now` and what is announced.
    pub fn highest(&self, now: BlockNumber) -> Perbill {
        let announced = self.rise.map_or(Perbill::zero(), |(rate, _)| rate);
        self.at(now).max(announced)
    }
}

/// What a slash takes from a pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolSlash {
    /// From stake.
    pub from_stake: u128,
    /// From what is unbonding.
    pub from_unbonding: u128,
}

impl PoolSlash {
    /// Both together.
    pub fn total(&self) -> u128 {
        self.from_stake.saturating_add(self.from_unbonding)
    }
}

/// The delegations to one registered provider in one role.
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
pub struct Pool<BlockNumber> {
    /// Its number.
    pub id: PoolId,
    /// Whether its provider takes new delegations.
    pub accepting: bool,
    /// The provider's own limit of stake, in percent of its bond.
    pub max_percent: u32,
    /// What the provider keeps of the delegators' rewards.
    pub commission: Commission<BlockNumber>,
    /// What earns, counts as collateral and is slashable.
    pub stake: Side,
    /// What is on its way out: earns nothing, counts for nothing, and is slashable.
    pub unbonding: Side,
    /// Rewards on their way into stake: not slashable.
    pub incoming: Incoming<BlockNumber>,
    /// Once its provider leaves: the first block in which the record may end and the pool close.
    pub leaves_at: Option<BlockNumber>,
}

impl<BlockNumber: AtLeast32BitUnsigned + Copy> Pool<BlockNumber> {
    /// Everything that the pool's account holds.
    pub fn held(&self) -> u128 {
        self.stake
            .value
            .saturating_add(self.unbonding.value)
            .saturating_add(self.incoming.amount)
    }

    /// Whether nobody has a share of anything.
    pub fn is_empty(&self) -> bool {
        self.stake.shares == 0 && self.unbonding.shares == 0
    }

    /// Whether a slash left too little on a side that has shares.
    pub fn is_depleted(&self) -> bool {
        self.stake.is_depleted() || self.unbonding.is_depleted()
    }

    /// Brings the pool to `now`: turns what has dripped into stake.
    pub fn settle(&mut self, now: BlockNumber) {
        let dripped = self.incoming.drip(now);
        self.stake.value = self.stake.value.saturating_add(dripped);
    }

    /// Turns all that is incoming into stake at once, for a pool that closes.
    pub fn settle_all(&mut self) {
        let amount = core::mem::take(&mut self.incoming.amount);
        self.stake.value = self.stake.value.saturating_add(amount);
    }

    /// Takes up to `amount`, from stake and unbonding in proportion to their values.
    pub fn slash(&mut self, amount: u128) -> PoolSlash {
        let there = self.stake.value.saturating_add(self.unbonding.value);
        let taken = amount.min(there);
        let from_unbonding = mul_div_down(taken, self.unbonding.value, there).unwrap_or(0);
        let from_stake = taken.saturating_sub(from_unbonding);
        self.unbonding.value = self.unbonding.value.saturating_sub(from_unbonding);
        self.stake.value = self.stake.value.saturating_sub(from_stake);
        PoolSlash {
            from_stake,
            from_unbonding,
        }
    }
}

/// The parts of a reward that go to a provider's delegators and to the provider as their
/// commission; the rest is the provider's by its own bond. `bond` and `stake` share in proportion,
/// both roundings favour the provider.
pub fn split_reward(amount: u128, bond: u128, stake: u128, commission: Perbill) -> (u128, u128) {
    let theirs = mul_div_down(amount, stake, bond.saturating_add(stake)).unwrap_or(0);
    let kept = commission.mul_ceil(theirs);
    (theirs.saturating_sub(kept), kept)
}

/// A pool that was closed: nothing comes in, everybody collects.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct ClosedPool<AccountId> {
    /// Whose pool it was. The deposit of the pool's account goes back to it.
    pub provider: AccountId,
    /// What was stake.
    pub stake: Side,
    /// What was unbonding.
    pub unbonding: Side,
}

/// What one account has in one pool.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Delegation<Unlocking> {
    /// Its shares of stake.
    pub shares: u128,
    /// Its shares of unbonding, in the order of maturity.
    pub unlocking: Unlocking,
}
