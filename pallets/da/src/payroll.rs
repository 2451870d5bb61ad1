//! Rounds settled: what is paid, carried and forfeited. Called by the audits; never fails.

use crate::{lists::LAST_ROUND, records::PayAccount, Accounts, BalanceOf, Config, Event, Pallet};
use frame_support::{defensive, storage::with_storage_layer};
use noema_traits::{Outcome, Payroll, RoundIndex};
use sp_runtime::{
    traits::{CheckedAdd, Zero},
    ArithmeticError, DispatchError,
};

impl<T: Config> Pallet<T> {
    /// What a provider's bits earn in a round, over all eras and lists.
    pub(crate) fn earned_in(
        provider: &T::AccountId,
        account: &PayAccount<BalanceOf<T>>,
        round: RoundIndex,
    ) -> Result<BalanceOf<T>, DispatchError> {
        let mut sum = BalanceOf::<T>::zero();
        for (era, book, seat) in Self::seats_of(account, provider) {
            for (list, units) in Self::lists_in(era, &book, &seat, round) {
                let earned = Self::earned_of(&book, &seat, list, units);
                sum = sum.checked_add(&earned).ok_or(ArithmeticError::Overflow)?;
            }
        }
        Ok(sum)
    }

    /// The first round that is not settled in which a provider has anything to show.
    fn first_owed(
        provider: &T::AccountId,
        account: &PayAccount<BalanceOf<T>>,
    ) -> Option<RoundIndex> {
        let from = account.settled.saturating_add(1);
        Self::first_with_units(&Self::seats_of(account, provider), from)
    }

    /// Takes away the sums of eras that are over and settled.
    fn prune_eras(provider: &T::AccountId, account: &mut PayAccount<BalanceOf<T>>) {
        let over: alloc::vec::Vec<_> = Self::seats_of(account, provider)
            .into_iter()
            .filter(|(era, book, seat)| {
                book.finished
                    && (account.settled >= era.saturating_add(LAST_ROUND)
                        || account.settled >= Self::last_round(*era, book, seat))
            })
            .map(|(era, _, _)| era)
            .collect();
        for era in over {
            Self::remove_sums(era, provider, account);
        }
    }

    /// Moves the account to `round` and returns what is nobody else's any more. Rounds that were passed over had nothing to ask for, and so no pay.
    fn settle_account(
        provider: &T::AccountId,
        round: RoundIndex,
        outcome: Outcome,
    ) -> Result<Option<BalanceOf<T>>, DispatchError> {
        let Some(mut account) = Accounts::<T>::get(provider) else {
            return Ok(None);
        };
        if round <= account.settled {
            return Ok(None);
        }
        let earned = Self::earned_in(provider, &account, round)?;
        let carried = account
            .carried
            .checked_add(&earned)
            .ok_or(ArithmeticError::Overflow)?;
        let due = if outcome == Outcome::Skipped {
            account.carried = carried;
            earned
        } else {
            account.carried = Zero::zero();
            carried
        };
        account.settled = round;
        Self::prune_eras(provider, &mut account);
        Self::put_account(provider, account);
        Ok(Some(due))
    }
}

impl<T: Config> Payroll<T::AccountId> for Pallet<T> {
    fn settle(provider: &T::AccountId, round: RoundIndex, outcome: Outcome) {
        let due = with_storage_layer(|| Self::settle_account(provider, round, outcome));
        let amount = match due {
            Ok(Some(due)) if !due.is_zero() => due,
            Ok(_) => return,
            Err(error) => {
                defensive!("the account of a provider does not add up", error);
                return;
            }
        };
        let provider = provider.clone();
        match outcome {
            Outcome::Passed => Self::pay_provider(&provider, round, amount),
            Outcome::Missed => {
                Self::send_to_fund(amount);
                Self::deposit_event(Event::RoundForfeited {
                    provider,
                    round,
                    amount,
                });
            }
            Outcome::Skipped => Self::deposit_event(Event::RoundCarried {
                provider,
                round,
                amount,
            }),
        }
    }

    fn next(provider: &T::AccountId) -> Option<RoundIndex> {
        let account = Accounts::<T>::get(provider)?;
        let first = account.settled.saturating_add(1);
        if !account.carried.is_zero() {
            return Some(first);
        }
        Self::first_owed(provider, &account).or_else(|| {
            // As long as sums are kept, an extension may bring pay: at the latest for the last round of the last era.
            let last = account.eras.last()?.saturating_add(LAST_ROUND);
            Some(last.max(first))
        })
    }
}
