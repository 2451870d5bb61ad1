//! A pool of delegations once more, as a plain program, written from `docs/design/delegation.md`:
//! one entry per delegator, and sums over them wherever the pallet keeps a number.

use crate::mock::*;
use std::collections::BTreeMap;

/// What one delegator has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) shares: u128,
    /// Shares of unbonding by the block in which they mature.
    pub(super) chunks: BTreeMap<u32, u128>,
}

impl Member {
    pub(super) fn unlocking(&self) -> u128 {
        self.chunks.values().sum()
    }
}

/// One pool, open or closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PoolModel {
    pub(super) id: u64,
    pub(super) accepting: bool,
    pub(super) max_percent: u32,
    /// In percent.
    pub(super) commission: u32,
    pub(super) rise: Option<(u32, u32)>,
    pub(super) members: BTreeMap<AccountId, Member>,
    /// Value of stake.
    pub(super) stake: Balance,
    /// Value of unbonding.
    pub(super) unbonding: Balance,
    pub(super) incoming: Balance,
    pub(super) since: u32,
    pub(super) until: u32,
    pub(super) leaves_at: Option<u32>,
}

fn up(a: u128, b: u128, c: u128) -> u128 {
    (a * b).div_ceil(c)
}

fn down(a: u128, b: u128, c: u128) -> u128 {
    a * b / c
}

impl PoolModel {
    pub(super) fn new(id: u64, commission: u32, max_percent: u32) -> Self {
        Self {
            id,
            accepting: true,
            max_percent,
            commission,
            rise: None,
            members: BTreeMap::new(),
            stake: 0,
            unbonding: 0,
            incoming: 0,
            since: 0,
            until: 0,
            leaves_at: None,
        }
    }

    pub(super) fn shares(&self) -> u128 {
        self.members.values().map(|member| member.shares).sum()
    }

    pub(super) fn unlocking(&self) -> u128 {
        self.members.values().map(Member::unlocking).sum()
    }

    pub(super) fn held(&self) -> Balance {
        self.stake + self.unbonding + self.incoming
    }

    pub(super) fn value_of(&self, shares: u128) -> Balance {
        if shares == 0 {
            0
        } else {
            down(shares, self.stake, self.shares())
        }
    }

    /// The commission at `now`, in percent.
    pub(super) fn commission_at(&self, now: u32) -> u32 {
        match self.rise {
            Some((rate, from)) if from <= now => rate,
            _ => self.commission,
        }
    }

    pub(super) fn highest_commission(&self, now: u32) -> u32 {
        let announced = self.rise.map_or(0, |(rate, _)| rate);
        self.commission_at(now).max(announced)
    }

    pub(super) fn settle(&mut self, now: u32) {
        let dripped = if now >= self.until {
            self.incoming
        } else {
            let (elapsed, left) = (now - self.since, self.until - self.since);
            down(self.incoming, elapsed.into(), left.into())
        };
        self.incoming -= dripped;
        self.stake += dripped;
        self.since = now;
    }

    /// Shares and cost, if the amount buys any.
    pub(super) fn buy(&mut self, who: AccountId, amount: Balance) -> Option<Balance> {
        let (shares, cost) = match self.shares() {
            0 => (amount, amount),
            all => {
                let shares = down(amount, all, self.stake);
                (shares, up(shares, self.stake, all))
            }
        };
        if shares == 0 {
            return None;
        }
        assert!(cost <= amount, "nobody pays more than it offers");
        self.stake += cost;
        self.members.entry(who).or_default().shares += shares;
        Some(cost)
    }

    /// The shares that undelegating `amount`, or everything, burns.
    pub(super) fn burnt(&self, who: AccountId, amount: Option<Balance>) -> Option<u128> {
        let own = self.members[&who].shares;
        let shares = match amount {
            None => own,
            Some(_) if self.stake == 0 => return None,
            Some(amount) => up(amount, self.shares(), self.stake),
        };
        (0 < shares && shares <= own).then_some(shares)
    }

    /// Moves shares of stake to unbonding.
    pub(super) fn unbond(&mut self, who: AccountId, shares: u128, matures_at: u32) {
        let value = self.value_of(shares);
        let all = self.unlocking();
        let unbonding = if all == 0 {
            value
        } else {
            down(value, all, self.unbonding)
        };
        self.stake -= value;
        self.unbonding += value;
        let member = self.members.get_mut(&who).expect("it is there");
        member.shares -= shares;
        if unbonding > 0 {
            *member.chunks.entry(matures_at).or_default() += unbonding;
        }
        self.forget_if_empty(who);
    }

    /// Pays out shares of unbonding that have been taken from a member's chunks, out of `all`.
    pub(super) fn pay_unbonding(&mut self, shares: u128, all: u128) -> Balance {
        if shares == 0 {
            return 0;
        }
        let value = down(shares, self.unbonding, all);
        self.unbonding -= value;
        value
    }

    pub(super) fn forget_if_empty(&mut self, who: AccountId) {
        if self.members.get(&who) == Some(&Member::default()) {
            self.members.remove(&who);
        }
    }

    /// The delegators' part of a reward, after the commission.
    pub(super) fn part_of_reward(&self, amount: Balance, bond: Balance, now: u32) -> Balance {
        if self.stake == 0 {
            return 0;
        }
        let theirs = down(amount, self.stake, bond + self.stake);
        theirs - up(theirs, self.commission_at(now).into(), 100)
    }

    pub(super) fn add_reward(&mut self, amount: Balance, now: u32, period: u32) {
        let left = if self.incoming == 0 {
            0
        } else {
            self.until - now
        };
        let later = up((period - left).into(), amount, self.incoming + amount) as u32;
        self.incoming += amount;
        self.until = now + left + later;
    }

    /// Returns what was taken.
    pub(super) fn slash(&mut self, amount: Balance) -> Balance {
        let there = self.stake + self.unbonding;
        let taken = amount.min(there);
        if taken > 0 {
            let from_unbonding = down(taken, self.unbonding, there);
            self.unbonding -= from_unbonding;
            self.stake -= taken - from_unbonding;
        }
        taken
    }

    pub(super) fn is_depleted(&self) -> bool {
        self.stake << 20 < self.shares() || self.unbonding << 20 < self.unlocking()
    }
}
