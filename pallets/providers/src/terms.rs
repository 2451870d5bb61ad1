//! What a provider offers those who delegate to it.

use crate::{
    pool::{Commission, Incoming, Side},
    BlockNumberOf, Config, Error, Event, NextPool, Pallet, Pool, Pools, Providers,
};
use frame_support::{
    ensure,
    traits::{
        fungible::{Inspect, Mutate},
        tokens::{Fortitude, Preservation},
        Get,
    },
};
use noema_traits::Role;
use sp_runtime::{traits::Saturating, ArithmeticError, DispatchResult, Perbill};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_open_pool(
        role: Role,
        who: &T::AccountId,
        commission: Perbill,
        max_percent: u32,
    ) -> DispatchResult {
        let record = Providers::<T>::get(role, who).ok_or(Error::<T>::UnknownProvider)?;
        ensure!(!record.state.is_leaving(), Error::<T>::Leaving);
        ensure!(!Pools::<T>::contains_key(role, who), Error::<T>::PoolExists);
        Self::check_percent(max_percent)?;
        let id = NextPool::<T>::get();
        let next = id.checked_add(1).ok_or(ArithmeticError::Overflow)?;

        // The pot stays alive by this deposit, so that every sum, however small, can come and go.
        let deposit = T::Currency::minimum_balance();
        let free = T::Currency::reducible_balance(who, Preservation::Preserve, Fortitude::Polite);
        ensure!(deposit <= free, Error::<T>::InsufficientBalance);
        T::Currency::transfer(who, &Self::pot_of(id)?, deposit, Preservation::Preserve)?;

        let pool = Pool {
            id,
            accepting: true,
            max_percent,
            commission: Commission {
                rate: commission,
                rise: None,
            },
            stake: Side::default(),
            unbonding: Side::default(),
            incoming: Incoming::<BlockNumberOf<T>>::default(),
            leaves_at: None,
        };
        NextPool::<T>::put(next);
        Pools::<T>::insert(role, who, pool);
        Self::deposit_event(Event::PoolOpened {
            role,
            provider: who.clone(),
            pool: id,
            commission,
            max_percent,
        });
        Ok(())
    }

    pub(crate) fn do_set_commission(
        role: Role,
        who: &T::AccountId,
        rate: Perbill,
    ) -> DispatchResult {
        let now = Self::now();
        let from = Self::try_mutate_pool(role, who, |pool| {
            let present = pool.commission.at(now);
            let step = T::MaxCommissionIncrease::get();
            ensure!(
                rate.saturating_sub(present) <= step,
                Error::<T>::CommissionRiseTooSteep
            );
            // A rise that has come is the rate from now on; what was announced and has not is gone.
            let (commission, from) = if rate > present {
                let from = now.saturating_add(T::CommissionNotice::get());
                let rise = Some((rate, from));
                (
                    Commission {
                        rate: present,
                        rise,
                    },
                    from,
                )
            } else {
                (Commission { rate, rise: None }, now)
            };
            pool.commission = commission;
            Ok(from)
        })?;
        Self::deposit_event(Event::CommissionSet {
            role,
            provider: who.clone(),
            commission: rate,
            from,
        });
        Ok(())
    }

    pub(crate) fn do_set_delegation_terms(
        role: Role,
        who: &T::AccountId,
        accepting: bool,
        max_percent: u32,
    ) -> DispatchResult {
        Self::check_percent(max_percent)?;
        Self::try_mutate_pool(role, who, |pool| {
            pool.accepting = accepting;
            pool.max_percent = max_percent;
            Ok(())
        })?;
        Self::deposit_event(Event::DelegationTermsSet {
            role,
            provider: who.clone(),
            accepting,
            max_percent,
        });
        Ok(())
    }

    fn check_percent(max_percent: u32) -> DispatchResult {
        let most = T::MaxDelegationPercent::get();
        ensure!(max_percent <= most, Error::<T>::PercentTooHigh);
        Ok(())
    }
}
