//! What delegators and their providers may do, for the model.

use super::{
    model::{ensure, Model, Outcome, State},
    pool_model::PoolModel,
};
use crate::{mock::*, Error};
use noema_traits::Role;

/// Stake of others that counts beside a bond, in percent of it.
pub(super) const MAX_PERCENT: Balance = 200;
/// The smallest delegation.
const MINIMUM: Balance = 100;
/// Percentage points by which a commission may rise, and blocks of notice.
const RISE: (u32, u32) = (10, 15);
/// Blocks over which a reward becomes stake.
const DRIP: u32 = 12;

impl Model {
    /// Stake delegated to a provider.
    pub(super) fn stake(&self, role: Role, who: AccountId) -> Balance {
        self.pools.get(&(role, who)).map_or(0, |pool| pool.stake)
    }

    /// A bond and what counts beside it.
    pub(super) fn collateral(&self, role: Role, who: AccountId, bond: Balance) -> Balance {
        bond + self.stake(role, who).min(bond * MAX_PERCENT / 100)
    }

    /// What slashes reach, as far as it counts: own funds and others', on their way out or not.
    pub(super) fn slashable(&self, role: Role, who: AccountId) -> Balance {
        let own = self
            .records
            .get(&(role, who))
            .map_or(0, |record| record.bond + record.unlocking());
        let theirs = self
            .pools
            .get(&(role, who))
            .map_or(0, |pool| pool.stake + pool.unbonding);
        own + theirs.min(own * MAX_PERCENT / 100)
    }

    fn pool(&mut self, role: Role, who: AccountId) -> Outcome<&mut PoolModel> {
        self.pools
            .get_mut(&(role, who))
            .ok_or(Error::UnknownPool.into())
    }

    fn pay(&mut self, who: AccountId, amount: Balance) {
        *self.free.get_mut(&who).expect("the account is there") += amount;
    }

    pub(super) fn open_pool(
        &mut self,
        role: Role,
        who: AccountId,
        commission: u32,
        max_percent: u32,
    ) -> Outcome {
        let leaving = matches!(self.record(role, who)?.state, State::Leaving(_));
        ensure(!leaving, Error::Leaving)?;
        ensure(!self.pools.contains_key(&(role, who)), Error::PoolExists)?;
        ensure(
            Balance::from(max_percent) <= MAX_PERCENT,
            Error::PercentTooHigh,
        )?;
        ensure(ED <= self.spendable(who), Error::InsufficientBalance)?;
        *self.free.get_mut(&who).unwrap() -= ED;
        let pool = PoolModel::new(self.next_pool, commission, max_percent);
        self.next_pool += 1;
        self.pools.insert((role, who), pool);
        Ok(())
    }

    pub(super) fn set_commission(&mut self, role: Role, who: AccountId, rate: u32) -> Outcome {
        let now = self.now;
        let pool = self.pool(role, who)?;
        let present = pool.commission_at(now);
        ensure(rate <= present + RISE.0, Error::CommissionRiseTooSteep)?;
        pool.commission = rate.min(present);
        pool.rise = (rate > present).then_some((rate, now + RISE.1));
        Ok(())
    }

    pub(super) fn set_delegation_terms(
        &mut self,
        role: Role,
        who: AccountId,
        accepting: bool,
        max_percent: u32,
    ) -> Outcome {
        ensure(
            Balance::from(max_percent) <= MAX_PERCENT,
            Error::PercentTooHigh,
        )?;
        let pool = self.pool(role, who)?;
        pool.accepting = accepting;
        pool.max_percent = max_percent;
        Ok(())
    }

    pub(super) fn delegate(
        &mut self,
        role: Role,
        who: AccountId,
        provider: AccountId,
        amount: Balance,
        max_commission: u32,
    ) -> Outcome {
        ensure(amount >= MINIMUM, Error::DelegationTooSmall)?;
        let now = self.now;
        let record = self.record(role, provider)?.clone();
        ensure(record.state == State::Active, Error::NotActive)?;
        let spendable = self.spendable(who);
        let mut pool = self.pool(role, provider)?.clone();
        ensure(pool.accepting, Error::NotAccepting)?;
        ensure(
            pool.highest_commission(now) <= max_commission,
            Error::CommissionAboveLimit,
        )?;
        pool.settle(now);
        let cost = pool.buy(who, amount).ok_or(Error::AmountBuysNoShare)?;
        let limit = record.bond * Balance::from(pool.max_percent) / 100;
        ensure(pool.stake <= limit, Error::DelegationLimitReached)?;
        ensure(cost <= spendable, Error::InsufficientBalance)?;
        *self.free.get_mut(&who).unwrap() -= cost;
        self.pools.insert((role, provider), pool);
        Ok(())
    }

    pub(super) fn undelegate(
        &mut self,
        role: Role,
        who: AccountId,
        provider: AccountId,
        amount: Option<Balance>,
    ) -> Outcome {
        let (now, matures_at, max_unlocking) =
            (self.now, self.now + self.period, self.max_unlocking);
        self.record(role, provider)?;
        let mut pool = self.pool(role, provider)?.clone();
        ensure(pool.members.contains_key(&who), Error::UnknownDelegation)?;
        ensure(amount != Some(0), Error::ZeroAmount)?;
        pool.settle(now);
        let shares = pool.burnt(who, amount).ok_or(Error::NotEnoughDelegated)?;
        pool.unbond(who, shares, matures_at);
        if let Some(member) = pool.members.get(&who) {
            let left = pool.value_of(member.shares);
            ensure(
                member.shares == 0 || left >= MINIMUM,
                Error::DelegationTooSmall,
            )?;
            ensure(
                member.chunks.len() <= max_unlocking,
                Error::TooManyUnlocking,
            )?;
        }
        if pool.shares() == 0 {
            self.pay(provider, std::mem::take(&mut pool.incoming));
        }
        self.pools.insert((role, provider), pool);
        Ok(())
    }

    pub(super) fn withdraw_delegation(
        &mut self,
        role: Role,
        who: AccountId,
        provider: AccountId,
    ) -> Outcome {
        let now = self.now;
        let pool = self.pool(role, provider)?;
        let all = pool.unlocking();
        let member = pool.members.get_mut(&who).ok_or(Error::UnknownDelegation)?;
        let later = member.chunks.split_off(&(now + 1));
        let matured: u128 = std::mem::replace(&mut member.chunks, later)
            .into_values()
            .sum();
        ensure(matured > 0, Error::NothingMatured)?;
        let amount = pool.pay_unbonding(matured, all);
        pool.forget_if_empty(who);
        self.pay(who, amount);
        Ok(())
    }

    pub(super) fn collect(&mut self, id: u64, who: AccountId) -> Outcome {
        let (opener, pool) = self.closed.get_mut(&id).ok_or(Error::UnknownPool)?;
        let opener = *opener;
        let member = pool.members.get(&who).ok_or(Error::UnknownDelegation)?;
        let (shares, unlocking) = (member.shares, member.unlocking());
        let staked = pool.value_of(shares);
        pool.stake -= staked;
        let unbonding = pool.pay_unbonding(unlocking, pool.unlocking());
        pool.members.remove(&who);
        if pool.members.is_empty() {
            assert_eq!(pool.held(), 0, "the last one takes all");
            self.closed.remove(&id);
            self.pay(opener, ED);
        }
        self.pay(who, staked + unbonding);
        Ok(())
    }

    /// Returns what was taken from delegators.
    pub(super) fn slash_pool(&mut self, role: Role, who: AccountId, amount: Balance) -> Balance {
        let now = self.now;
        let Some(pool) = self.pools.get_mut(&(role, who)) else {
            return 0;
        };
        let mut after = pool.clone();
        after.settle(now);
        let taken = after.slash(amount);
        if taken > 0 {
            *pool = after;
            if pool.is_depleted() {
                self.close_pool(role, who);
            }
        }
        taken
    }

    /// Returns what the delegators get.
    pub(super) fn reward_pool(
        &mut self,
        role: Role,
        who: AccountId,
        bond: Balance,
        amount: Balance,
    ) -> Balance {
        let now = self.now;
        let Some(pool) = self.pools.get_mut(&(role, who)) else {
            return 0;
        };
        pool.settle(now);
        let part = pool.part_of_reward(amount, bond, now);
        if part > 0 {
            pool.add_reward(part, now, DRIP);
        }
        part
    }

    pub(super) fn close_pool(&mut self, role: Role, who: AccountId) {
        let Some(mut pool) = self.pools.remove(&(role, who)) else {
            return;
        };
        pool.stake += std::mem::take(&mut pool.incoming);
        if pool.members.is_empty() {
            self.pay(who, ED);
        } else {
            self.closed.insert(pool.id, (who, pool));
        }
    }
}
