//! Money in and out: bond, unbonding chunks, withdrawal.

use crate::{
    BalanceOf, BlockNumberOf, Chunk, ChunksOf, Config, Error, Event, Pallet, Pools, ProviderState,
    Providers,
};
use frame_support::{ensure, traits::Get};
use noema_traits::{BondGate, Role};
use sp_runtime::{
    traits::{AtLeast32BitUnsigned, CheckedAdd, CheckedSub, Saturating, Zero},
    ArithmeticError, DispatchError, DispatchResult,
};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_bond_more(
        role: Role,
        who: &T::AccountId,
        amount: BalanceOf<T>,
    ) -> DispatchResult {
        ensure!(!amount.is_zero(), Error::<T>::ZeroAmount);
        let bond = Self::try_mutate_provider(role, who, |provider| {
            ensure!(!provider.state.is_leaving(), Error::<T>::Leaving);
            provider.bond = provider
                .bond
                .checked_add(&amount)
                .ok_or(ArithmeticError::Overflow)?;
            Self::hold(role, who, amount)?;
            Ok(provider.bond)
        })?;
        Self::deposit_event(Event::Bonded {
            role,
            provider: who.clone(),
            amount,
            bond,
        });
        Ok(())
    }

    pub(crate) fn do_unbond(
        role: Role,
        who: &T::AccountId,
        amount: BalanceOf<T>,
    ) -> DispatchResult {
        let matures_at = Self::now().saturating_add(T::UnbondingPeriod::get());
        let leaves = Self::try_mutate_provider(role, who, |provider| {
            ensure!(!provider.state.is_leaving(), Error::<T>::Leaving);
            let left = provider
                .bond
                .checked_sub(&amount)
                .ok_or(Error::<T>::NotEnoughBond)?;
            if left.is_zero() {
                let free = provider.reserved.is_zero() && T::BondGate::may_leave(role, who);
                ensure!(free, Error::<T>::StillReserved);
                let jailed_until = match provider.state {
                    ProviderState::Jailed { until } => Some(until),
                    _ => None,
                };
                provider.state = ProviderState::Leaving { jailed_until };
            } else {
                ensure!(!amount.is_zero(), Error::<T>::ZeroAmount);
                ensure!(left >= Self::minimum_bond(role), Error::<T>::BondTooSmall);
                let leads =
                    Pools::<T>::get(role, who).is_none_or(|pool| Self::bond_leads(&pool, left));
                ensure!(leads, Error::<T>::DelegationsNotLed);
                let covered = Self::backed_bytes(role, who, left) >= provider.reserved;
                ensure!(
                    covered && T::BondGate::may_shrink(role, who, left),
                    Error::<T>::ReservedNotCovered
                );
            }
            provider.bond = left;
            add_chunk::<T, _>(&mut provider.unlocking, amount, matures_at)?;
            if left.is_zero() {
                // Whatever the bond: one that was slashed to zero has no chunk to wait for.
                Self::set_leaves_at(role, who, Some(matures_at));
            }
            Ok(left.is_zero())
        })?;
        let provider = who.clone();
        Self::deposit_event(Event::Unbonded {
            role,
            provider,
            amount,
            matures_at,
        });
        if leaves {
            Self::deposit_event(Event::LeaveStarted {
                role,
                provider: who.clone(),
            });
        }
        Ok(())
    }

    pub(crate) fn do_rebond(
        role: Role,
        who: &T::AccountId,
        amount: BalanceOf<T>,
    ) -> DispatchResult {
        ensure!(!amount.is_zero(), Error::<T>::ZeroAmount);
        let bond = Self::try_mutate_provider(role, who, |provider| {
            let missing = take_from_chunks::<T, _>(&mut provider.unlocking, amount);
            ensure!(missing.is_zero(), Error::<T>::NotEnoughUnbonding);
            provider.bond = provider
                .bond
                .checked_add(&amount)
                .ok_or(ArithmeticError::Overflow)?;
            if let ProviderState::Leaving { jailed_until } = provider.state {
                ensure!(
                    provider.bond >= Self::minimum_bond(role),
                    Error::<T>::BondTooSmall
                );
                provider.state = match jailed_until {
                    Some(until) => ProviderState::Jailed { until },
                    None => ProviderState::Chilled,
                };
                Self::set_leaves_at(role, who, None);
            }
            Ok(provider.bond)
        })?;
        Self::deposit_event(Event::Rebonded {
            role,
            provider: who.clone(),
            amount,
            bond,
        });
        Ok(())
    }

    /// Releases what has matured. Returns whether the record is gone.
    pub(crate) fn do_withdraw(role: Role, who: &T::AccountId) -> Result<bool, DispatchError> {
        let mut provider = Providers::<T>::get(role, who).ok_or(Error::<T>::UnknownProvider)?;
        let matured = take_matured::<T, _>(&mut provider.unlocking, Self::now());
        let done = provider.state.is_leaving()
            && provider.unlocking.is_empty()
            && !Self::has_slashable_delegations(role, who);
        // A leaving provider whose last chunk was slashed has nothing to be released, only a record
        // to be removed.
        ensure!(done || !matured.is_zero(), Error::<T>::NothingMatured);
        if !matured.is_zero() {
            Self::release_held(role, who, matured)?;
            Self::deposit_event(Event::Withdrawn {
                role,
                provider: who.clone(),
                amount: matured,
            });
        }
        if done {
            Self::close_pool(role, who)?;
            Self::remove_provider(role, who, &provider)?;
        } else {
            // Neither free bytes nor activity depend on chunks.
            Providers::<T>::insert(role, who, provider);
        }
        Ok(done)
    }
}

/// Adds `amount` to the chunk that matures at `matures_at`, at its place in the order of maturity.
pub(crate) fn add_chunk<T: Config, Amount: AtLeast32BitUnsigned + Copy>(
    chunks: &mut ChunksOf<T, Amount>,
    amount: Amount,
    matures_at: BlockNumberOf<T>,
) -> DispatchResult {
    if amount.is_zero() {
        return Ok(());
    }
    match chunks.binary_search_by_key(&matures_at, |chunk| chunk.matures_at) {
        Ok(place) => {
            let chunk = chunks.get_mut(place).ok_or(Error::<T>::Inconsistent)?;
            chunk.amount = chunk
                .amount
                .checked_add(&amount)
                .ok_or(ArithmeticError::Overflow)?;
        }
        Err(place) => chunks
            .try_insert(place, Chunk { amount, matures_at })
            .map_err(|_| Error::<T>::TooManyUnlocking)?,
    }
    Ok(())
}

/// Takes up to `amount` out of the chunks, latest maturity first. Returns what is missing.
pub(crate) fn take_from_chunks<T: Config, Amount: AtLeast32BitUnsigned + Copy>(
    chunks: &mut ChunksOf<T, Amount>,
    amount: Amount,
) -> Amount {
    let mut missing = amount;
    for chunk in chunks.iter_mut().rev() {
        let taken = missing.min(chunk.amount);
        chunk.amount = chunk.amount.saturating_sub(taken);
        missing = missing.saturating_sub(taken);
    }
    chunks.retain(|chunk| !chunk.amount.is_zero());
    missing
}

/// Takes the chunks out that have matured by `now`. Returns their sum.
pub(crate) fn take_matured<T: Config, Amount: AtLeast32BitUnsigned + Copy>(
    chunks: &mut ChunksOf<T, Amount>,
    now: BlockNumberOf<T>,
) -> Amount {
    let mut sum = Amount::zero();
    chunks.retain(|chunk| {
        let matured = chunk.matures_at <= now;
        if matured {
            sum = sum.saturating_add(chunk.amount);
        }
        !matured
    });
    sum
}

/// Sum of all chunks.
pub(crate) fn sum_of_chunks<T: Config, Amount: AtLeast32BitUnsigned + Copy>(
    chunks: &ChunksOf<T, Amount>,
) -> Amount {
    chunks.iter().fold(Amount::zero(), |sum, chunk| {
        sum.saturating_add(chunk.amount)
    })
}
