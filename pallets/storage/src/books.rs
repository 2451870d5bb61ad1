//! What is owed to whom, by sums: per provider an account and dated changes of what it earns in a round. However many replicas there are, settling a round costs the
//! same.
//!
//! Both ends of what a replica earns are dated, and changes made in a round act from the next one on, which is never settled yet: so nothing that is done late changes
//! what an earlier round pays.

use crate::{
    records::{Account, RateChange},
    terms::{Span, Terms},
    Accounts, BalanceOf, Config, DealOf, Pallet, RateChanges,
};
use noema_traits::RoundIndex;
use sp_runtime::{
    traits::{CheckedAdd, CheckedSub, Zero},
    ArithmeticError, DispatchError, DispatchResult,
};

/// The account of a provider while it is being changed.
pub(crate) struct Ledger<T: Config> {
    provider: T::AccountId,
    account: Account<BalanceOf<T>>,
}

/// In which direction an amount goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// To the provider.
    More,
    /// Back.
    Less,
}

impl Way {
    const fn back(self) -> Self {
        match self {
            Self::More => Self::Less,
            Self::Less => Self::More,
        }
    }

    /// `base` with `amount` added or taken away.
    fn apply<B: CheckedAdd + CheckedSub>(self, base: &B, amount: &B) -> Result<B, DispatchError> {
        match self {
            Self::More => base.checked_add(amount).ok_or(ArithmeticError::Overflow),
            Self::Less => base.checked_sub(amount).ok_or(ArithmeticError::Underflow),
        }
        .map_err(Into::into)
    }
}

impl<T: Config> Ledger<T> {
    /// The account of a provider, a new one from round `now` on if nothing is owed to it.
    fn open(provider: &T::AccountId, now: RoundIndex) -> Self {
        Self {
            provider: provider.clone(),
            account: Accounts::<T>::get(provider).unwrap_or_else(|| Account {
                settled: now,
                rate: Zero::zero(),
                owed: Zero::zero(),
                carried: Zero::zero(),
            }),
        }
    }

    /// The account of a provider, if anything is owed to it.
    pub(crate) fn find(provider: &T::AccountId) -> Option<Self> {
        let account = Accounts::<T>::get(provider)?;
        Some(Self {
            provider: provider.clone(),
            account,
        })
    }

    /// What is owed and for when.
    pub(crate) fn account(&mut self) -> &mut Account<BalanceOf<T>> {
        &mut self.account
    }

    /// Writes the account. One to which nothing is owed goes, and with it the one change that it may have: that of the next round to nothing.
    pub(crate) fn close(self) {
        let Self { provider, account } = self;
        if account.owed.is_zero() {
            RateChanges::<T>::remove(&provider, account.settled.saturating_add(1));
            Accounts::<T>::remove(&provider);
        } else {
            Accounts::<T>::insert(&provider, account);
        }
    }

    /// Takes the change of a round off, to be applied to the rate.
    pub(crate) fn enter(&mut self, round: RoundIndex) -> DispatchResult {
        self.account.settled = round;
        if let Some(change) = RateChanges::<T>::take(&self.provider, round) {
            let more = Way::More.apply(&self.account.rate, &change.begins)?;
            self.account.rate = Way::Less.apply(&more, &change.ends)?;
        }
        Ok(())
    }

    /// Dates a change of the rate. Changes are netted, so that an entry is there only while it changes something.
    fn change(&self, round: RoundIndex, way: Way, amount: BalanceOf<T>) -> DispatchResult {
        if amount.is_zero() {
            return Ok(());
        }
        RateChanges::<T>::try_mutate_exists(&self.provider, round, |entry| {
            let RateChange { begins, ends } = entry.take().unwrap_or(RateChange {
                begins: Zero::zero(),
                ends: Zero::zero(),
            });
            let (begins, ends) = match way {
                Way::More => (Way::More.apply(&begins, &amount)?, ends),
                Way::Less => (begins, Way::More.apply(&ends, &amount)?),
            };
            let common = begins.min(ends);
            let netted = RateChange {
                begins: Way::Less.apply(&begins, &common)?,
                ends: Way::Less.apply(&ends, &common)?,
            };
            let changes = !(netted.begins.is_zero() && netted.ends.is_zero());
            *entry = changes.then_some(netted);
            Ok(())
        })
    }

    /// Adds to what is earned in the rounds of a span, or takes away from it.
    fn span(&mut self, span: &Span<BalanceOf<T>>, way: Way) -> DispatchResult {
        let after = span.last.checked_add(1).ok_or(ArithmeticError::Overflow)?;
        self.change(span.first, way, span.rent)?;
        self.change(after, way.back(), span.rent)?;
        let sum = span.sum().ok_or(ArithmeticError::Overflow)?;
        self.account.owed = way.apply(&self.account.owed, &sum)?;
        Ok(())
    }

    /// Moves what a replica takes after `now` from the deal's balance to its provider, or back.
    fn bind(
        &mut self,
        balance: &mut BalanceOf<T>,
        terms: &Terms<BalanceOf<T>>,
        now: RoundIndex,
        way: Way,
    ) -> DispatchResult {
        for span in terms.after(now) {
            self.span(&span, way)?;
            let sum = span.sum().ok_or(ArithmeticError::Overflow)?;
            *balance = way.back().apply(balance, &sum)?;
        }
        Ok(())
    }

    /// What is to be had in addition in the round after `now`, out of the pot.
    fn bounty(&mut self, now: RoundIndex, amount: BalanceOf<T>, way: Way) -> DispatchResult {
        if amount.is_zero() {
            return Ok(());
        }
        let round = now.checked_add(1).ok_or(ArithmeticError::Overflow)?;
        let span = Span {
            first: round,
            last: round,
            rent: amount,
        };
        self.span(&span, way)
    }
}

impl<T: Config> Pallet<T> {
    /// A replica of the deal earns from the round after `now` on, in that one with a bounty.
    pub(crate) fn begin_to_earn(
        provider: &T::AccountId,
        deal: &mut DealOf<T>,
        now: RoundIndex,
        bounty: BalanceOf<T>,
    ) -> DispatchResult {
        let terms = deal.terms;
        let mut ledger = Ledger::<T>::open(provider, now);
        ledger.bind(&mut deal.balance, &terms, now, Way::More)?;
        ledger.bounty(now, bounty, Way::More)?;
        ledger.close();
        Ok(())
    }

    /// A replica of the deal earns in `now` for the last time. `bounty` is what it was to get with the round after and does not.
    pub(crate) fn stop_earning(
        provider: &T::AccountId,
        deal: &mut DealOf<T>,
        now: RoundIndex,
        bounty: BalanceOf<T>,
    ) -> DispatchResult {
        let terms = deal.terms;
        if terms.after(now).next().is_none() && bounty.is_zero() {
            // Nothing lies ahead: what it earned has ended by itself.
            return Ok(());
        }
        let mut ledger = Ledger::<T>::open(provider, now);
        ledger.bind(&mut deal.balance, &terms, now, Way::Less)?;
        ledger.bounty(now, bounty, Way::Less)?;
        ledger.close();
        Ok(())
    }

    /// Other rents after `now`, for everybody who earns.
    pub(crate) fn set_terms(
        deal: &mut DealOf<T>,
        terms: Terms<BalanceOf<T>>,
        now: RoundIndex,
    ) -> DispatchResult {
        let before = core::mem::replace(&mut deal.terms, terms);
        let earners: alloc::vec::Vec<_> =
            deal.earners().map(|(_, earner)| earner.provider).collect();
        for provider in earners {
            let mut ledger = Ledger::<T>::open(&provider, now);
            ledger.bind(&mut deal.balance, &before, now, Way::Less)?;
            ledger.bind(&mut deal.balance, &terms, now, Way::More)?;
            ledger.close();
        }
        Ok(())
    }
}
