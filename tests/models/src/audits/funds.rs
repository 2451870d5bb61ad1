//! What stands behind a provider, as far as misses take it.

use crate::audits::{Balance, BlockNumber};

/// What a slash took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slashed {
    /// From the bond and what is unbonding.
    pub own: Balance,
    /// From those who delegated.
    pub delegated: Balance,
}

impl Slashed {
    /// All of it.
    pub fn total(&self) -> Balance {
        self.own + self.delegated
    }
}

/// Bond, unbonding chunks, delegations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Funds {
    /// Own bond.
    pub bond: Balance,
    /// Own funds that are unbonding, with the block in which they can be withdrawn.
    pub unbonding: Vec<(Balance, BlockNumber)>,
    /// What others delegated, and have not withdrawn.
    pub delegated: Balance,
    /// What was withdrawn.
    pub withdrawn: Balance,
}

impl Funds {
    /// Own funds, unbonding ones included, and what counts of delegations beside them: unbonding takes nothing out of it.
    pub fn slashable(&self, delegation_percent: u32) -> Balance {
        let own = self.bond + self.unbonding();
        let most = own * Balance::from(delegation_percent) / 100;
        own + self.delegated.min(most)
    }

    /// Own funds that are unbonding.
    pub fn unbonding(&self) -> Balance {
        self.unbonding.iter().map(|(amount, _)| amount).sum()
    }

    /// Takes up to `amount`: the bond first, then what is unbonding, latest first, then
    /// delegations.
    pub fn slash(&mut self, amount: Balance) -> Slashed {
        let from_bond = amount.min(self.bond);
        self.bond -= from_bond;
        let mut rest = amount - from_bond;
        for (chunk, _) in self.unbonding.iter_mut().rev() {
            let taken = rest.min(*chunk);
            *chunk -= taken;
            rest -= taken;
        }
        let delegated = rest.min(self.delegated);
        self.delegated -= delegated;
        Slashed {
            own: amount - rest,
            delegated,
        }
    }

    /// Moves bond into a chunk that matures at `matures_at`.
    pub fn unbond(&mut self, amount: Balance, matures_at: BlockNumber) {
        let amount = amount.min(self.bond);
        self.bond -= amount;
        self.unbonding.push((amount, matures_at));
    }

    /// Pays out what is mature.
    pub fn withdraw(&mut self, now: BlockNumber) {
        let (mature, rest) = self.unbonding.iter().partition(|(_, at)| *at <= now);
        self.unbonding = rest;
        let mature: Vec<(Balance, BlockNumber)> = mature;
        self.withdrawn += mature.iter().map(|(amount, _)| amount).sum::<Balance>();
    }

    /// Everything, withdrawn or not.
    pub fn all(&self) -> Balance {
        self.bond + self.unbonding() + self.delegated + self.withdrawn
    }
}
