//! What payers hold, and what of it channels have reserved.

use crate::{deposits, Balance, Config, Error, Event, HoldReason, Pallet, Purse, Purses};
use frame_support::{
    ensure,
    storage::{with_transaction, TransactionOutcome},
    traits::{
        fungible::{hold::Mutate as _, Inspect as _, InspectHold as _},
        tokens::{Fortitude, Precision, Preservation},
    },
};
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_deposit(who: &T::AccountId, amount: Balance) -> DispatchResult {
        ensure!(amount > 0, Error::<T>::ZeroAmount);
        let mut purse = Self::purse_or_new(who)?;
        Self::fill(who, &mut purse, amount)?;
        Purses::<T>::insert(who, purse);
        Self::deposit_event(Event::Deposited {
            payer: who.clone(),
            amount,
        });
        Ok(())
    }

    pub(crate) fn do_withdraw(who: &T::AccountId, amount: Balance) -> DispatchResult {
        ensure!(amount > 0, Error::<T>::ZeroAmount);
        let mut purse = Purses::<T>::get(who).ok_or(Error::<T>::NoPurse)?;
        ensure!(amount <= purse.unreserved(), Error::<T>::Reserved);
        purse.balance = purse.balance.saturating_sub(amount);
        T::Currency::release(&HoldReason::Purse.into(), who, amount, Precision::Exact)?;
        Self::put_purse(who, purse);
        Self::deposit_event(Event::Withdrawn {
            payer: who.clone(),
            amount,
        });
        Ok(())
    }

    /// The purse of a payer; a new one, for its deposit, where there is none. The caller stores it.
    pub(crate) fn purse_or_new(who: &T::AccountId) -> Result<Purse, DispatchError> {
        if let Some(purse) = Purses::<T>::get(who) {
            return Ok(purse);
        }
        let deposit = deposits::purse::<T>();
        Self::hold_deposit(who, deposit)?;
        Ok(Purse {
            deposit,
            ..Purse::default()
        })
    }

    /// Stores a purse; removes one that is of no use any more.
    pub(crate) fn put_purse(who: &T::AccountId, purse: Purse) {
        if purse.balance == 0 && purse.channels == 0 {
            Purses::<T>::remove(who);
            Self::release_deposit(who, purse.deposit);
        } else {
            Purses::<T>::insert(who, purse);
        }
    }

    /// Reserves `amount`: of what is there and not reserved first, then of the free balance. The caller stores the purse.
    pub(crate) fn reserve(
        who: &T::AccountId,
        purse: &mut Purse,
        amount: Balance,
    ) -> DispatchResult {
        let missing = amount.saturating_sub(purse.unreserved());
        if missing > 0 {
            Self::fill(who, purse, missing)?;
        }
        purse.reserved = purse
            .reserved
            .checked_add(amount)
            .ok_or(ArithmeticError::Overflow)?;
        Ok(())
    }

    /// Moves `amount` of the free balance into the purse. What somebody else froze, tokens that vest or that votes bind, stays out of it: purses pay by force.
    fn fill(who: &T::AccountId, purse: &mut Purse, amount: Balance) -> DispatchResult {
        purse.balance = purse
            .balance
            .checked_add(amount)
            .ok_or(ArithmeticError::Overflow)?;
        let usable = Self::usable_without_purse(who)?;
        ensure!(purse.balance <= usable, Error::<T>::InsufficientFunds);
        T::Currency::hold(&HoldReason::Purse.into(), who, amount)
            .map_err(|_| Error::<T>::InsufficientFunds.into())
    }

    /// What the account could spend if its purse were empty. Asked like that since what is held counts towards what is frozen: with the purse counted, a payer could
    /// put frozen tokens into it after all, bit by bit.
    fn usable_without_purse(who: &T::AccountId) -> Result<Balance, DispatchError> {
        let reason = HoldReason::Purse.into();
        with_transaction(|| {
            let held = T::Currency::balance_on_hold(&reason, who);
            let released = T::Currency::release(&reason, who, held, Precision::Exact);
            let usable =
                T::Currency::reducible_balance(who, Preservation::Preserve, Fortitude::Polite);
            TransactionOutcome::Rollback(released.map(|_| usable))
        })
    }
}
