//! The pot: one account that has everything that was paid for rounds to come, on hold, so that nobody's gift disturbs what it must have. And deposits.

use crate::{BalanceOf, Config, Error, Event, HoldReason, Pallet};
use codec::{Encode, MaxEncodedLen};
use frame_support::{
    defensive, ensure,
    storage::with_storage_layer,
    traits::{
        fungible::{hold::Mutate as _, Inspect, Mutate},
        tokens::{Fortitude, Precision, Preservation, Restriction},
        Get,
    },
};
use noema_traits::{ProviderDiscipline, Role, RoundIndex};
use sp_runtime::{
    traits::{CheckedMul, UniqueSaturatedInto, Zero},
    ArithmeticError, DispatchError, DispatchResult,
};

/// What a deposit is for: items of so many bytes, keys and their hashes included.
pub(crate) struct Items(pub(crate) u32, pub(crate) u32);

/// The most bytes of a value's encoding.
pub(crate) fn bytes_of<V: MaxEncodedLen>() -> u32 {
    u32::try_from(V::max_encoded_len()).unwrap_or(u32::MAX)
}

impl<T: Config> Pallet<T> {
    /// What the pot holds for others.
    pub(crate) fn escrow() -> T::RuntimeHoldReason {
        HoldReason::Escrow.into()
    }

    /// A number of units in wide numbers.
    pub(crate) fn wide(amount: BalanceOf<T>) -> u128 {
        amount.unique_saturated_into()
    }

    /// An amount that was computed in wide numbers.
    pub(crate) fn amount(amount: Option<u128>) -> Result<BalanceOf<T>, DispatchError> {
        amount
            .and_then(|amount| BalanceOf::<T>::try_from(amount).ok())
            .ok_or_else(|| Error::<T>::AmountTooLarge.into())
    }

    /// An amount for so many rounds.
    pub(crate) fn times(
        amount: BalanceOf<T>,
        rounds: RoundIndex,
    ) -> Result<BalanceOf<T>, DispatchError> {
        amount
            .checked_mul(&rounds.into())
            .ok_or_else(|| ArithmeticError::Overflow.into())
    }

    /// What is held for these items.
    pub(crate) fn deposit_for(items: &Items) -> Result<BalanceOf<T>, DispatchError> {
        let of_items = Self::wide(T::ItemDeposit::get()).checked_mul(items.0.into());
        let of_bytes = Self::wide(T::ByteDeposit::get()).checked_mul(items.1.into());
        Self::amount(of_items.zip(of_bytes).and_then(|(a, b)| a.checked_add(b)))
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

    /// Pays what `from` has free to somebody, who keeps it. The payer stays alive.
    pub(crate) fn pay_to(
        from: &T::AccountId,
        to: &T::AccountId,
        amount: BalanceOf<T>,
    ) -> DispatchResult {
        if amount.is_zero() {
            return Ok(());
        }
        T::Currency::transfer(from, to, amount, Preservation::Preserve)
            .map(drop)
            .map_err(|_| Error::<T>::InsufficientFunds.into())
    }

    /// Pays out of the pot, if `to` can receive the amount.
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

    /// Pays out of the pot to the repair fund; what that cannot receive, to the treasury; else it stays in the pot, nobody's.
    pub(crate) fn send_to_fund(amount: BalanceOf<T>) {
        if amount.is_zero()
            || Self::pay_out(&T::RepairFund::get(), amount)
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

    /// Pays out of the pot. What `to` cannot receive goes to the fund.
    pub(crate) fn send(to: &T::AccountId, amount: BalanceOf<T>) {
        if amount.is_zero() || Self::pay_out(to, amount) {
            return;
        }
        Self::deposit_event(Event::PayDiverted {
            account: to.clone(),
            amount,
        });
        Self::send_to_fund(amount);
    }

    /// Pays a provider and its delegators for a round.
    pub(crate) fn pay_provider(provider: &T::AccountId, round: RoundIndex, amount: BalanceOf<T>) {
        let pot = T::Pot::get();
        // A reward comes out of what is free.
        let paid = with_storage_layer(|| {
            T::Currency::release(&Self::escrow(), &pot, amount, Precision::Exact)?;
            T::Discipline::reward(Role::DataAvailability, &pot, provider, amount)
        });
        let provider = provider.clone();
        if paid.is_ok() {
            Self::deposit_event(Event::RoundPaid {
                provider,
                round,
                amount,
            });
        } else {
            Self::deposit_event(Event::PayDiverted {
                account: provider,
                amount,
            });
            Self::send_to_fund(amount);
        }
    }

    /// Sets a deposit aside on its owner's account.
    pub(crate) fn hold_deposit(owner: &T::AccountId, amount: BalanceOf<T>) -> DispatchResult {
        T::Currency::hold(&HoldReason::Deposit.into(), owner, amount)
            .map_err(|_| Error::<T>::InsufficientDeposit.into())
    }

    /// Gives a deposit back; as much as is there, so that nothing outside this pallet that took from the hold can keep a record in state.
    pub(crate) fn release_deposit(owner: &T::AccountId, amount: BalanceOf<T>) {
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
    }

    /// The bytes of keys and values, each with the 16 bytes of its hash.
    pub(crate) fn item<K: Encode + MaxEncodedLen, V: MaxEncodedLen>() -> u32 {
        bytes_of::<K>()
            .saturating_add(bytes_of::<V>())
            .saturating_add(16)
    }
}
