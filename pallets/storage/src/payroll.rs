//! Rounds settled: what is paid, carried and forfeited. Called by the audits; never fails.

use crate::{books::Ledger, Accounts, BalanceOf, Config, Event, Pallet};
use frame_support::{defensive, storage::with_storage_layer, traits::Get};
use noema_traits::{Outcome, Payroll, RoundIndex};
use sp_runtime::{
    traits::{CheckedAdd, CheckedSub, Zero},
    ArithmeticError, DispatchError,
};

impl<T: Config> Pallet<T> {
    /// Moves the account to the round before `round`. The rounds between had nothing to challenge, so nothing is owed for them; should there be anything, against all
    /// rules, it shares the fate of this round. Bounded by the rounds for which anything can be owed.
    fn pass_over(ledger: &mut Ledger<T>, round: RoundIndex) -> Result<(), DispatchError> {
        let before = round.saturating_sub(1);
        for _ in 0..=T::MaxRounds::get() {
            let account = *ledger.account();
            if account.settled >= before {
                return Ok(());
            }
            if account.owed == account.carried {
                break;
            }
            ledger.enter(account.settled.saturating_add(1))?;
            let account = ledger.account();
            if !account.rate.is_zero() {
                defensive!("a round is passed over that has pay");
            }
            account.carried = account
                .carried
                .checked_add(&account.rate)
                .ok_or(ArithmeticError::Overflow)?;
        }
        ledger.account().settled = before;
        Ok(())
    }

    /// Moves the account to `round` and returns what is neither the provider's nor any deal's any more.
    fn settle_account(
        provider: &T::AccountId,
        round: RoundIndex,
        outcome: Outcome,
    ) -> Result<Option<BalanceOf<T>>, DispatchError> {
        let Some(mut ledger) = Ledger::<T>::find(provider) else {
            return Ok(None);
        };
        if round <= ledger.account().settled {
            return Ok(None);
        }
        Self::pass_over(&mut ledger, round)?;
        ledger.enter(round)?;
        let account = ledger.account();
        let due = if outcome == Outcome::Skipped {
            let rate = account.rate;
            account.carried = account
                .carried
                .checked_add(&rate)
                .ok_or(ArithmeticError::Overflow)?;
            rate
        } else {
            let carried = core::mem::replace(&mut account.carried, Zero::zero());
            let due = account
                .rate
                .checked_add(&carried)
                .ok_or(ArithmeticError::Overflow)?;
            account.owed = account
                .owed
                .checked_sub(&due)
                .ok_or(ArithmeticError::Underflow)?;
            due
        };
        ledger.close();
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
                Self::send(&T::RepairFund::get(), amount);
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
        Accounts::<T>::get(provider).map(|account| account.settled.saturating_add(1))
    }
}
