//! The freeze: populations change only when everything that they decide is decided.

use crate::{
    settle::{Case, TooMany, Verdict},
    Audited, Config, Drawn, Event, Pallet, Standing, WeightInfo,
};
use alloc::vec::Vec;
use frame_support::{storage::with_transaction_unchecked, traits::Get, weights::Weight};
use noema_traits::{AuditFreeze, Auditable, Frozen, Payroll, Refusal, ReturnGate, Role};
use sp_runtime::TransactionOutcome;

impl<T: Config<I>, I: 'static> Case<T, I> {
    /// Draws the challenges of the running round and writes them down, unless that is done, or the round cannot be answered or is settled. Where there
    /// is nothing to draw, that is what is written: a replica that comes later must not look as if it had been there. Whether anything was drawn now.
    pub(crate) fn write_down(&mut self) -> bool {
        let Some((round, seed)) = self.present.open() else {
            return false;
        };
        if self.record.next != round || self.written.is_some() {
            return false;
        }
        let population = T::Audited::population(&self.provider, round);
        let items = Pallet::<T, I>::draw(&self.provider, &population, &seed, round);
        self.write(Drawn {
            round,
            answered: 0,
            items,
        });
        true
    }
}

impl<T: Config<I>, I: 'static> Pallet<T, I> {
    fn freeze(provider: &T::AccountId) -> Result<Weight, Refusal> {
        let mut case = Case::<T, I>::open(provider);
        // What was measured of the whole may be less than the sum of its parts.
        let most = Self::weight_of_before_change();
        let settled = case.settle_all().map_err(|TooMany(settled)| Refusal {
            reason: Frozen::Unsettled,
            weight: settled.weight::<T::WeightInfo>().min(most),
        })?;
        let mut weight = settled.weight::<T::WeightInfo>().min(most);
        if !case.record.is_dropping() {
            if case.present.is_drawing() {
                return Err(Refusal {
                    reason: Frozen::Drawing,
                    weight,
                });
            }
            if case.write_down() {
                weight = weight.saturating_add(T::WeightInfo::write_down()).min(most);
            }
        }
        case.announce(&settled);
        case.save();
        Ok(weight)
    }
}

impl<T: Config<I>, I: 'static> AuditFreeze<T::AccountId> for Pallet<T, I> {
    fn before_change(provider: &T::AccountId) -> Result<Weight, Refusal> {
        // Callers may be hooks, where nothing is rolled back for them.
        with_transaction_unchecked(|| match Self::freeze(provider) {
            Ok(weight) => TransactionOutcome::Commit(Ok(weight)),
            Err(refusal) => TransactionOutcome::Rollback(Err(refusal)),
        })
    }

    fn enlist(provider: &T::AccountId) -> Weight {
        if !Audited::<T, I>::contains_key(provider) {
            Case::<T, I>::open(provider).save();
        }
        T::WeightInfo::enlist()
    }

    fn weight_of_enlist() -> Weight {
        T::WeightInfo::enlist()
    }

    fn emptied(provider: &T::AccountId) {
        let Some(mut case) = Case::<T, I>::find(provider).filter(|case| case.record.is_dropping())
        else {
            return;
        };
        // Whatever it was owed when the last of it was taken is forfeited, the round that runs included. More than one or two such rounds there cannot
        // be: the last change settled what was over then.
        let begun = case.present.first_not_begun();
        let mut settled = Default::default();
        for _ in 0..T::MaxSettle::get() {
            let round = case.record.next;
            let owed = T::Payroll::next(provider).is_some_and(|next| next < begun);
            if !owed || round >= begun {
                break;
            }
            case.conclude(round, Verdict::Forfeited, None, &mut settled);
        }
        case.record.next = case.record.next.max(begun);
        case.record.standing = Standing::Good;
        case.announce(&settled);
        Self::deposit_event(Event::DropEnded {
            provider: provider.clone(),
        });
        case.close();
    }

    fn is_dropping(provider: &T::AccountId) -> bool {
        Audited::<T, I>::get(provider).is_some_and(|record| record.is_dropping())
    }

    fn dropping() -> Vec<T::AccountId> {
        Audited::<T, I>::iter()
            .filter(|(_, record)| record.is_dropping())
            .map(|(provider, _)| provider)
            .collect()
    }

    fn weight_of_before_change() -> Weight {
        T::WeightInfo::before_change().max(T::WeightInfo::poke())
    }

    fn weight_of_emptied() -> Weight {
        T::WeightInfo::emptied()
    }
}

impl<T: Config<I>, I: 'static> ReturnGate<T::AccountId> for Pallet<T, I> {
    fn may_return(role: Role, provider: &T::AccountId) -> bool {
        role != T::Role::get() || !Self::is_dropping(provider)
    }
}
