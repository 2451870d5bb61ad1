//! What payers have really paid.

use crate::{Balance, Config, Error, Event, Pairs, Pallet};
use frame_support::ensure;
use noema_traits::PaidInteractions;
use sp_runtime::DispatchResult;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_forget(who: &T::AccountId, provider: &T::AccountId) -> DispatchResult {
        let pair = Pairs::<T>::get(who, provider).ok_or(Error::<T>::UnknownPair)?;
        ensure!(pair.channels == 0, Error::<T>::StillChannels);
        Pairs::<T>::remove(who, provider);
        Self::release_deposit(who, pair.deposit);
        Self::deposit_event(Event::PairForgotten {
            payer: who.clone(),
            provider: provider.clone(),
            unconsumed: pair.unconsumed,
        });
        Ok(())
    }
}

impl<T: Config> PaidInteractions<T::AccountId, Balance> for Pallet<T> {
    fn unconsumed(payer: &T::AccountId, payee: &T::AccountId) -> Balance {
        Pairs::<T>::get(payer, payee).map_or(0, |pair| pair.unconsumed)
    }

    fn consume(payer: &T::AccountId, payee: &T::AccountId, amount: Balance) -> DispatchResult {
        if amount == 0 {
            return Ok(());
        }
        let mut pair = Pairs::<T>::get(payer, payee).ok_or(Error::<T>::NotPaid)?;
        pair.unconsumed = pair
            .unconsumed
            .checked_sub(amount)
            .ok_or(Error::<T>::NotPaid)?;
        Pairs::<T>::insert(payer, payee, pair);
        Ok(())
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn set_unconsumed(payer: &T::AccountId, payee: &T::AccountId, amount: Balance) {
        Pairs::<T>::mutate(payer, payee, |pair| {
            pair.get_or_insert_default().unconsumed = amount;
        });
    }
}
