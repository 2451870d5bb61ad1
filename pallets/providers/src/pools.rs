//! Pools in storage, and the accounts that hold their funds.

use crate::{
    bonding::sum_of_chunks, math, BalanceOf, ClosedPool, ClosedPools, Config, Error, Event,
    HoldReason, Pallet, PoolId, PoolOf, Pools, ProviderOf,
};
use codec::Decode;
use frame_support::{
    ensure,
    traits::{
        fungible::{BalancedHold, Credit, Inspect, Mutate, MutateHold},
        tokens::{DepositConsequence, Fortitude, Precision, Preservation, Provenance, Restriction},
        DefensiveResult, Get, Imbalance, OnUnbalanced,
    },
    Hashable,
};
use noema_traits::Role;
use sp_runtime::{
    traits::{Saturating, TrailingZeroInput, UniqueSaturatedInto, Zero},
    DispatchError, DispatchResult,
};

impl<T: Config> Pallet<T> {
    /// The account that holds the funds of a pool. Nobody has its key: it is a hash.
    pub fn pot_of(pool: PoolId) -> Result<T::AccountId, DispatchError> {
        let hash = Hashable::blake2_256(&(*b"noema/delegation-pool", pool));
        let account = T::AccountId::decode(&mut TrailingZeroInput::new(&hash));
        Ok(account.map_err(|_| Error::<T>::Inconsistent)?)
    }

    /// The reason under which the funds of pools are held.
    pub(crate) fn delegation_reason() -> T::RuntimeHoldReason {
        HoldReason::Delegation.into()
    }

    /// An amount of a pool in the currency's own type.
    pub(crate) fn units(amount: u128) -> Result<BalanceOf<T>, DispatchError> {
        Ok(BalanceOf::<T>::try_from(amount).map_err(|_| Error::<T>::Inconsistent)?)
    }

    /// Own bond and what counts of the delegations, in units of the token: the collateral of all that
    /// the provider is assigned.
    pub(crate) fn stake_behind(role: Role, who: &T::AccountId, bond: BalanceOf<T>) -> u128 {
        let stake = Pools::<T>::get(role, who).map_or(0, |pool| pool.stake.value);
        let bond: u128 = bond.unique_saturated_into();
        let counted = math::counted_stake(bond, stake, T::MaxDelegationPercent::get());
        bond.saturating_add(counted)
    }

    /// What slashes reach, in units of the token, as far as it counts as collateral of what is promised already: own
    /// funds and those of delegators, bonded or on their way out. No call moves anything out of this before it is
    /// withdrawn, so that nobody makes a slash smaller that it sees coming.
    pub(crate) fn slashable_behind(role: Role, who: &T::AccountId, record: &ProviderOf<T>) -> u128 {
        let own = record
            .bond
            .saturating_add(sum_of_chunks::<T, _>(&record.unlocking))
            .unique_saturated_into();
        let theirs = Pools::<T>::get(role, who).map_or(0, |pool| {
            pool.stake.value.saturating_add(pool.unbonding.value)
        });
        let counted = math::counted_stake(own, theirs, T::MaxDelegationPercent::get());
        own.saturating_add(counted)
    }

    /// Whether the bond is as large beside the stake of others as it must be.
    pub(crate) fn bond_leads(pool: &PoolOf<T>, bond: BalanceOf<T>) -> bool {
        let bond = bond.unique_saturated_into();
        pool.stake.value <= math::percent_of(bond, T::MaxDelegationPercent::get())
    }

    /// Changes a pool. Nothing is written when `change` fails. A change of stake belongs inside
    /// [`Self::try_mutate_provider`], which keeps the provider's weight in line.
    pub(crate) fn try_mutate_pool<R>(
        role: Role,
        provider: &T::AccountId,
        change: impl FnOnce(&mut PoolOf<T>) -> Result<R, DispatchError>,
    ) -> Result<R, DispatchError> {
        let mut pool = Pools::<T>::get(role, provider).ok_or(Error::<T>::UnknownPool)?;
        let result = change(&mut pool)?;
        Pools::<T>::insert(role, provider, pool);
        Ok(result)
    }

    /// Starts or stops the clock of a pool whose provider begins or ceases to leave.
    pub(crate) fn set_leaves_at(
        role: Role,
        provider: &T::AccountId,
        leaves_at: Option<crate::BlockNumberOf<T>>,
    ) {
        if let Some(mut pool) = Pools::<T>::get(role, provider) {
            pool.leaves_at = leaves_at;
            Pools::<T>::insert(role, provider, pool);
        }
    }

    /// Whether delegations keep the record of a leaving provider: somebody has something in its pool,
    /// and evidence may still come.
    pub(crate) fn has_slashable_delegations(role: Role, provider: &T::AccountId) -> bool {
        Pools::<T>::get(role, provider).is_some_and(|pool| {
            let over = pool.leaves_at.is_some_and(|at| at <= Self::now());
            !pool.is_empty() && !over
        })
    }

    /// Moves `amount` of `who`'s free balance onto hold in a pool's account.
    pub(crate) fn hold_in_pot(
        pool: PoolId,
        who: &T::AccountId,
        amount: BalanceOf<T>,
    ) -> DispatchResult {
        T::Currency::transfer_and_hold(
            &Self::delegation_reason(),
            who,
            &Self::pot_of(pool)?,
            amount,
            Precision::Exact,
            Preservation::Preserve,
            Fortitude::Polite,
        )
        .map(drop)
    }

    /// Pays `amount` of a pool's held funds to `who`, spendable at once. Less than the existential
    /// deposit for an account that has less goes to the fund: nobody must be kept from leaving by it.
    pub(crate) fn pay_from_pot(
        pool: PoolId,
        who: &T::AccountId,
        amount: BalanceOf<T>,
    ) -> DispatchResult {
        if amount.is_zero() {
            return Ok(());
        }
        let receives = T::Currency::can_deposit(who, amount, Provenance::Extant);
        let lost =
            receives != DepositConsequence::Success && amount < T::Currency::minimum_balance();
        if lost {
            T::SlashFund::on_unbalanced(Self::slash_pot(pool, amount)?);
            return Ok(());
        }
        T::Currency::transfer_on_hold(
            &Self::delegation_reason(),
            &Self::pot_of(pool)?,
            who,
            amount,
            Precision::Exact,
            Restriction::Free,
            Fortitude::Force,
        )
        .map(drop)
    }

    /// Takes `amount` out of a pool's held funds, all of it or nothing.
    fn slash_pot(
        pool: PoolId,
        amount: BalanceOf<T>,
    ) -> Result<Credit<T::AccountId, T::Currency>, DispatchError> {
        let reason = Self::delegation_reason();
        let (credit, missing) = T::Currency::slash(&reason, &Self::pot_of(pool)?, amount);
        // What the pool says is held: anything else would leave shares without funds.
        ensure!(missing.is_zero(), Error::<T>::Inconsistent);
        Ok(credit)
    }

    /// Takes up to `amount` from the delegations to a provider, after its own bond. A pool that is
    /// depleted by it closes.
    pub(crate) fn slash_pool(
        role: Role,
        provider: &T::AccountId,
        amount: BalanceOf<T>,
    ) -> Result<Credit<T::AccountId, T::Currency>, DispatchError> {
        let nothing = Credit::<T::AccountId, T::Currency>::zero();
        let Some(mut pool) = Pools::<T>::get(role, provider) else {
            return Ok(nothing);
        };
        pool.settle(Self::now());
        let slash = pool.slash(amount.unique_saturated_into());
        if slash.total() == 0 {
            return Ok(nothing);
        }
        let credit = Self::slash_pot(pool.id, Self::units(slash.total())?)?;
        Self::deposit_event(Event::PoolSlashed {
            role,
            provider: provider.clone(),
            pool: pool.id,
            from_stake: Self::units(slash.from_stake)?,
            from_unbonding: Self::units(slash.from_unbonding)?,
        });
        Pools::<T>::insert(role, provider, pool);
        if pool.is_depleted() {
            Self::close_pool(role, provider)?;
        }
        Ok(credit)
    }

    /// Pays the delegators' part of a reward of `amount` into the pool. Returns what they got.
    pub(crate) fn reward_pool(
        role: Role,
        payer: &T::AccountId,
        provider: &T::AccountId,
        bond: BalanceOf<T>,
        amount: BalanceOf<T>,
    ) -> Result<BalanceOf<T>, DispatchError> {
        let now = Self::now();
        Self::try_mutate_pool(role, provider, |pool| {
            pool.settle(now);
            let (to_delegators, commission) = crate::pool::split_reward(
                amount.unique_saturated_into(),
                bond.unique_saturated_into(),
                pool.stake.value,
                pool.commission.at(now),
            );
            let paid = Self::units(to_delegators)?;
            if paid.is_zero() {
                return Ok(paid);
            }
            pool.incoming
                .add(to_delegators, now, T::RewardDrip::get())
                .ok_or(Error::<T>::Inconsistent)?;
            Self::hold_in_pot(pool.id, payer, paid)?;
            Self::deposit_event(Event::PoolRewarded {
                role,
                provider: provider.clone(),
                pool: pool.id,
                to_delegators: paid,
                commission: Self::units(commission)?,
            });
            Ok(paid)
        })
    }

    /// Closes the pool of a provider, if it has one: what is incoming becomes stake, and everybody may
    /// collect everything. The provider's weight is the caller's concern.
    pub(crate) fn close_pool(role: Role, provider: &T::AccountId) -> DispatchResult {
        let Some(mut pool) = Pools::<T>::take(role, provider) else {
            return Ok(());
        };
        pool.settle_all();
        Self::deposit_event(Event::PoolClosed {
            role,
            provider: provider.clone(),
            pool: pool.id,
            stake: Self::units(pool.stake.value)?,
            unbonding: Self::units(pool.unbonding.value)?,
        });
        if pool.is_empty() {
            return Self::remove_pot(pool.id, provider);
        }
        let closed = ClosedPool {
            provider: provider.clone(),
            stake: pool.stake,
            unbonding: pool.unbonding,
        };
        ClosedPools::<T>::insert(pool.id, closed);
        Ok(())
    }

    /// Gives the pot's existential deposit, and whatever strangers sent there, to the provider that
    /// opened the pool.
    pub(crate) fn remove_pot(pool: PoolId, provider: &T::AccountId) -> DispatchResult {
        let pot = Self::pot_of(pool)?;
        let rest =
            T::Currency::reducible_balance(&pot, Preservation::Expendable, Fortitude::Polite);
        // At least the existential deposit: no account is too poor to receive it. If it cannot be
        // received all the same, it stays where it is: nobody must be kept from leaving by it.
        T::Currency::transfer(&pot, provider, rest, Preservation::Expendable)
            .map(drop)
            .defensive_ok();
        Self::deposit_event(Event::PoolRemoved { pool });
        Ok(())
    }
}
