//! The pot: one account that has all escrows, on hold, so that nobody's gift disturbs what it must have.

use crate::{BalanceOf, Config, Error, Event, HoldReason, Pallet};
use frame_support::{
    defensive, ensure,
    storage::with_storage_layer,
    traits::{
        fungible::{hold::Mutate as _, Inspect, Mutate},
        tokens::{Fortitude, Precision, Preservation, Provenance, Restriction},
        Get,
    },
};
use noema_traits::{ProviderDiscipline, Role, RoundIndex};
use sp_runtime::{traits::Zero, DispatchResult};

impl<T: Config> Pallet<T> {
    /// What the pot holds for others.
    pub(crate) fn escrow() -> T::RuntimeHoldReason {
        HoldReason::Escrow.into()
    }

    /// The pot must live by itself: what it holds is others'.
    pub(crate) fn ensure_pot() -> DispatchResult {
        ensure!(
            T::Currency::balance(&T::Pot::get()) >= T::Currency::minimum_balance(),
            Error::<T>::PotMissing
        );
        Ok(())
    }

    /// Pays out of what `from` has free into the pot. The payer stays alive.
    pub(crate) fn pay_in(from: &T::AccountId, amount: BalanceOf<T>) -> DispatchResult {
        if amount.is_zero() {
            return Ok(());
        }
        Self::ensure_pot()?;
        T::Currency::transfer_and_hold(
            &Self::escrow(),
            from,
            &T::Pot::get(),
            amount,
            Precision::Exact,
            Preservation::Preserve,
            Fortitude::Polite,
        )
        .map(drop)
        .map_err(|_| Error::<T>::InsufficientFunds.into())
    }

    /// Pays out of what `from` has free to the repair fund, for good; to the treasury where the fund has no account yet, which the placement of a small file does not
    /// open.
    pub(crate) fn pay_fund(from: &T::AccountId, amount: BalanceOf<T>) -> DispatchResult {
        let fund = T::RepairFund::get();
        let can_receive = T::Currency::can_deposit(&fund, amount, Provenance::Extant).into_result();
        let to = match can_receive {
            Ok(()) => fund,
            Err(_) => T::Treasury::get(),
        };
        T::Currency::transfer(from, &to, amount, Preservation::Preserve)
            .map(drop)
            .map_err(|_| Error::<T>::InsufficientFunds.into())
    }

    /// Pays as much of `amount` into the pot as `from` can spare. Returns how much.
    pub(crate) fn draw_from(from: &T::AccountId, amount: BalanceOf<T>) -> BalanceOf<T> {
        let spare = T::Currency::reducible_balance(from, Preservation::Preserve, Fortitude::Polite);
        let part = amount.min(spare);
        match with_storage_layer(|| Self::pay_in(from, part)) {
            Ok(()) => part,
            Err(_) => Zero::zero(),
        }
    }

    /// Whether `to` could receive the amount.
    fn pay_out(to: &T::AccountId, amount: BalanceOf<T>) -> bool {
        with_storage_layer(|| {
            T::Currency::transfer_on_hold(
                &Self::escrow(),
                &T::Pot::get(),
                to,
                amount,
                Precision::Exact,
                Restriction::Free,
                Fortitude::Polite,
            )
            .map(drop)
        })
        .is_ok()
    }

    /// Pays out of the pot. What `to` cannot receive goes to the repair fund, what that cannot to the treasury; else it stays in the pot, nobody's.
    pub(crate) fn send(to: &T::AccountId, amount: BalanceOf<T>) {
        if amount.is_zero() || Self::pay_out(to, amount) {
            return;
        }
        Self::deposit_event(Event::PayDiverted {
            provider: to.clone(),
            amount,
        });
        let fund = T::RepairFund::get();
        if (*to != fund && Self::pay_out(&fund, amount))
            || Self::pay_out(&T::Treasury::get(), amount)
        {
            return;
        }
        let pot = T::Pot::get();
        let released = with_storage_layer(|| {
            T::Currency::release(&Self::escrow(), &pot, amount, Precision::Exact)
        });
        if released.is_err() {
            defensive!("the pot has less on hold than it owes");
        }
    }

    /// Pays a provider and its delegators for a round.
    pub(crate) fn pay_provider(provider: &T::AccountId, round: RoundIndex, amount: BalanceOf<T>) {
        let pot = T::Pot::get();
        // A reward comes out of what is free.
        let paid = with_storage_layer(|| {
            T::Currency::release(&Self::escrow(), &pot, amount, Precision::Exact)?;
            T::Discipline::reward(Role::Storage, &pot, provider, amount)
        });
        let provider = provider.clone();
        if paid.is_ok() {
            Self::deposit_event(Event::RoundPaid {
                provider,
                round,
                amount,
            });
        } else {
            Self::deposit_event(Event::PayDiverted { provider, amount });
            Self::send(&T::RepairFund::get(), amount);
        }
    }

    /// Sets the deposit of a deal aside on its owner's account.
    pub(crate) fn hold_deposit(owner: &T::AccountId, amount: BalanceOf<T>) -> DispatchResult {
        T::Currency::hold(&HoldReason::Deposit.into(), owner, amount)
            .map_err(|_| Error::<T>::InsufficientDeposit.into())
    }

    /// Gives a deposit back; as much as is there, so that nothing outside this pallet that took from the hold can keep an owner in a deal. Returns how much.
    pub(crate) fn release_deposit(owner: &T::AccountId, amount: BalanceOf<T>) -> BalanceOf<T> {
        let released = with_storage_layer(|| {
            T::Currency::release(
                &HoldReason::Deposit.into(),
                owner,
                amount,
                Precision::BestEffort,
            )
        })
        .unwrap_or_default();
        if released != amount {
            defensive!("the hold is not the sum of the deposits");
        }
        released
    }
}
