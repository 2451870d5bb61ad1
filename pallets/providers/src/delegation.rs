//! Money of delegators: into a pool, out of it, and out of one that closed. Payments come after the
//! records are written: they run code of others.

use crate::{
    bonding::{add_chunk, sum_of_chunks, take_matured},
    math,
    pool::BuyError,
    BalanceOf, ClosedPools, Config, DelegationOf, Delegations, Error, Event, Pallet, PoolId,
    PoolOf,
};
use frame_support::{
    ensure,
    traits::{
        fungible::Inspect,
        tokens::{Fortitude, Preservation},
        Get,
    },
};
use noema_traits::Role;
use sp_runtime::{
    traits::{Saturating, UniqueSaturatedInto, Zero},
    ArithmeticError, DispatchError, DispatchResult, Perbill,
};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_delegate(
        role: Role,
        who: &T::AccountId,
        provider: &T::AccountId,
        amount: BalanceOf<T>,
        max_commission: Perbill,
    ) -> DispatchResult {
        ensure!(
            amount >= T::MinDelegation::get(),
            Error::<T>::DelegationTooSmall
        );
        let now = Self::now();
        Self::try_mutate_provider(role, provider, |record| {
            ensure!(record.state.is_active(), Error::<T>::NotActive);
            Self::try_mutate_pool(role, provider, |pool| {
                ensure!(pool.accepting, Error::<T>::NotAccepting);
                ensure!(
                    pool.commission.highest(now) <= max_commission,
                    Error::<T>::CommissionAboveLimit
                );
                pool.settle(now);
                let bought = pool.stake.buy(amount.unique_saturated_into());
                let (shares, cost) = bought.map_err(|error| match error {
                    BuyError::NoShare => Error::<T>::AmountBuysNoShare.into(),
                    BuyError::Overflow => DispatchError::from(ArithmeticError::Overflow),
                })?;
                let percent = pool.max_percent.min(T::MaxDelegationPercent::get());
                let limit = math::percent_of(record.bond.unique_saturated_into(), percent);
                ensure!(
                    pool.stake.value <= limit,
                    Error::<T>::DelegationLimitReached
                );

                let cost = Self::units(cost)?;
                let free =
                    T::Currency::reducible_balance(who, Preservation::Preserve, Fortitude::Polite);
                ensure!(cost <= free, Error::<T>::InsufficientBalance);
                Self::hold_in_pot(pool.id, who, cost)?;
                let mut delegation =
                    Delegations::<T>::get(who, pool.id).unwrap_or_else(|| DelegationOf::<T> {
                        shares: 0,
                        unlocking: Default::default(),
                    });
                delegation.shares = delegation
                    .shares
                    .checked_add(shares)
                    .ok_or(ArithmeticError::Overflow)?;
                Delegations::<T>::insert(who, pool.id, delegation);
                Self::deposit_event(Event::Delegated {
                    role,
                    provider: provider.clone(),
                    pool: pool.id,
                    delegator: who.clone(),
                    amount: cost,
                    shares,
                });
                Ok(())
            })
        })
    }

    pub(crate) fn do_undelegate(
        role: Role,
        who: &T::AccountId,
        provider: &T::AccountId,
        amount: Option<BalanceOf<T>>,
    ) -> DispatchResult {
        let now = Self::now();
        let matures_at = now.saturating_add(T::UnbondingPeriod::get());
        let (pool, returned) = Self::try_mutate_provider(role, provider, |_| {
            Self::try_mutate_pool(role, provider, |pool| {
                let mut delegation =
                    Delegations::<T>::get(who, pool.id).ok_or(Error::<T>::UnknownDelegation)?;
                pool.settle(now);
                let shares = shares_to_burn::<T>(pool, &delegation, amount)?;
                let value = pool.stake.take(shares).ok_or(Error::<T>::Inconsistent)?;
                delegation.shares = delegation.shares.saturating_sub(shares);
                let left = pool.stake.value_of(delegation.shares);
                let enough = left >= T::MinDelegation::get().unique_saturated_into();
                ensure!(
                    delegation.shares == 0 || enough,
                    Error::<T>::DelegationTooSmall
                );
                let unbonding = pool.unbonding.put(value).ok_or(ArithmeticError::Overflow)?;
                add_chunk::<T, u128>(&mut delegation.unlocking, unbonding, matures_at)?;
                Self::store_delegation(who, pool.id, delegation);
                Self::deposit_event(Event::Undelegated {
                    role,
                    provider: provider.clone(),
                    pool: pool.id,
                    delegator: who.clone(),
                    amount: Self::units(value)?,
                    shares,
                    matures_at,
                });
                // What drips for nobody is the provider's, whose work earned it.
                let returned = if pool.stake.shares == 0 {
                    core::mem::take(&mut pool.incoming.amount)
                } else {
                    0
                };
                Ok((pool.id, Self::units(returned)?))
            })
        })?;
        if returned.is_zero() {
            return Ok(());
        }
        Self::pay_from_pot(pool, provider, returned)?;
        Self::deposit_event(Event::IncomingReturned {
            role,
            provider: provider.clone(),
            pool,
            amount: returned,
        });
        Ok(())
    }

    pub(crate) fn do_withdraw_delegation(
        role: Role,
        who: &T::AccountId,
        provider: &T::AccountId,
    ) -> DispatchResult {
        let (pool, amount) = Self::try_mutate_pool(role, provider, |pool| {
            let mut delegation =
                Delegations::<T>::get(who, pool.id).ok_or(Error::<T>::UnknownDelegation)?;
            let matured = take_matured::<T, u128>(&mut delegation.unlocking, Self::now());
            ensure!(!matured.is_zero(), Error::<T>::NothingMatured);
            let value = pool
                .unbonding
                .take(matured)
                .ok_or(Error::<T>::Inconsistent)?;
            let amount = Self::units(value)?;
            Self::store_delegation(who, pool.id, delegation);
            Ok((pool.id, amount))
        })?;
        Self::pay_from_pot(pool, who, amount)?;
        Self::deposit_event(Event::DelegationWithdrawn {
            pool,
            delegator: who.clone(),
            amount,
        });
        Ok(())
    }

    pub(crate) fn do_collect_delegation(pool: PoolId, delegator: &T::AccountId) -> DispatchResult {
        let mut closed = ClosedPools::<T>::get(pool).ok_or(Error::<T>::UnknownPool)?;
        let delegation =
            Delegations::<T>::get(delegator, pool).ok_or(Error::<T>::UnknownDelegation)?;
        let unlocking = sum_of_chunks::<T, u128>(&delegation.unlocking);
        let values = closed
            .stake
            .take(delegation.shares)
            .zip(closed.unbonding.take(unlocking));
        let (staked, unbonding) = values.ok_or(Error::<T>::Inconsistent)?;
        let amount = Self::units(staked.saturating_add(unbonding))?;
        let opener = closed.provider.clone();
        let last = closed.stake.shares == 0 && closed.unbonding.shares == 0;
        Delegations::<T>::remove(delegator, pool);
        ClosedPools::<T>::set(pool, (!last).then_some(closed));
        Self::pay_from_pot(pool, delegator, amount)?;
        Self::deposit_event(Event::DelegationWithdrawn {
            pool,
            delegator: delegator.clone(),
            amount,
        });
        if last {
            Self::remove_pot(pool, &opener)?;
        }
        Ok(())
    }

    /// Writes a delegation, or removes one that has nothing left.
    fn store_delegation(who: &T::AccountId, pool: PoolId, delegation: DelegationOf<T>) {
        if delegation.shares == 0 && delegation.unlocking.is_empty() {
            Delegations::<T>::remove(who, pool);
        } else {
            Delegations::<T>::insert(who, pool, delegation);
        }
    }
}

/// The shares that `amount` takes, or all of them.
fn shares_to_burn<T: Config>(
    pool: &PoolOf<T>,
    delegation: &DelegationOf<T>,
    amount: Option<BalanceOf<T>>,
) -> Result<u128, DispatchError> {
    let shares = match amount {
        None => Some(delegation.shares),
        Some(amount) => {
            ensure!(!amount.is_zero(), Error::<T>::ZeroAmount);
            pool.stake.shares_worth(amount.unique_saturated_into())
        }
    };
    let within = shares.filter(|shares| (1..=delegation.shares).contains(shares));
    Ok(within.ok_or(Error::<T>::NotEnoughDelegated)?)
}
