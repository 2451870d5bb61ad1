//! Paying the record out.

use crate::{Config, CreditOf, Pallet, Pending};
use frame_support::traits::{fungible::Balanced, Get, Imbalance, OnUnbalanced, SuppressedDrop};

impl<T: Config> Pallet<T> {
    /// Pays what is on record to the author and to the rest.
    pub(crate) fn pay() {
        let Some(collected) = Pending::<T>::take() else {
            return;
        };
        let (fees, mut to_author) = (collected.fees.into_inner(), collected.tips.into_inner());
        let share = T::AuthorShare::get().mul_ceil(fees.peek());
        let (of_fees, mut rest) = fees.split(share);
        to_author.subsume(of_fees);
        if let Some(left) = Self::pay_author(collected.author, to_author) {
            rest.subsume(left);
        }
        T::Rest::on_unbalanced(rest);
    }

    /// Returns what the author cannot get.
    fn pay_author(author: Option<T::AccountId>, credit: CreditOf<T>) -> Option<CreditOf<T>> {
        match author {
            Some(author) => T::Currency::resolve(&author, credit).err(),
            None => Some(credit),
        }
    }
}
