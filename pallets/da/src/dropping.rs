//! Providers that lose everything: their sums go, an era at a time, and with them what they would have earned.

use crate::{lists::List, Accounts, BalanceOf, Books, Config, Drops, Event, Pallet, Sums};
use frame_support::defensive;
use noema_traits::AuditFreeze;
use sp_runtime::{
    traits::{CheckedAdd, Zero},
    ArithmeticError, DispatchError,
};

impl<T: Config> Pallet<T> {
    /// Takes one era from the first provider that loses everything, or ends its drop. Whether there was one. All closed lists must be noted: what is sent
    /// elsewhere of those that are not depends on whose sums are there.
    pub(crate) fn drop_next() -> Result<bool, DispatchError> {
        let Some(provider) = Drops::<T>::iter_keys().next() else {
            return Ok(false);
        };
        let Some(mut account) = Accounts::<T>::get(&provider) else {
            Self::end_drop(&provider);
            return Ok(true);
        };
        let Some(era) = account.eras.first().copied() else {
            Self::forfeit(&provider, account.carried);
            Accounts::<T>::remove(&provider);
            Self::end_drop(&provider);
            return Ok(true);
        };
        let settled = account.settled;
        if let (Some(seat), Some(book)) = (Sums::<T>::get(era, &provider), Books::<T>::get(era)) {
            let mut lost = BalanceOf::<T>::zero();
            for (index, list) in List::all().filter(|(index, _)| book.is_noted(*index)) {
                let units = Self::units_of(era, &book, &seat, index);
                let earned = Self::earned_of(&book, &seat, index, units);
                let all = Self::times(earned, list.rounds_after(era, settled))?;
                lost = lost.checked_add(&all).ok_or(ArithmeticError::Overflow)?;
            }
            Books::<T>::mutate(era, |book| {
                if let Some(book) = book {
                    book.gone.set(seat.seat);
                }
            });
            Self::forfeit(&provider, lost);
        } else {
            defensive!("an era of an account has no sums");
        }
        Self::remove_sums(era, &provider, &mut account);
        // It is kept, even with nothing to say, until the drop ends.
        Accounts::<T>::insert(&provider, account);
        Ok(true)
    }

    fn forfeit(provider: &T::AccountId, amount: BalanceOf<T>) {
        if amount.is_zero() {
            return;
        }
        Self::send_to_fund(amount);
        Self::deposit_event(Event::PayLost {
            provider: provider.clone(),
            amount,
        });
    }

    fn end_drop(provider: &T::AccountId) {
        Drops::<T>::remove(provider);
        T::Audits::emptied(provider);
        Self::deposit_event(Event::Dropped {
            provider: provider.clone(),
        });
    }
}
