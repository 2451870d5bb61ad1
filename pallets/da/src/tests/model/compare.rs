//! Whether both sides say the same.

use super::{accounts, space, Both};
use crate::{mock::*, records::State, Committees, Log, Members, Pallet, Submissions};
use noema_traits::{Auditable, DataAvailability, Payroll};
use proptest::prelude::*;
use std::collections::BTreeMap;

impl Both {
    pub(super) fn compare(&self) -> Result<(), TestCaseError> {
        if let Err(fault) = self.model.check() {
            prop_assert!(false, "the model: {}", fault);
        }
        let known: Vec<_> = Submissions::<Test>::iter().collect();
        let state =
            Pallet::<Test>::check_blobs(&known).and_then(|()| Pallet::<Test>::check_pay(&known));
        prop_assert!(state.is_ok(), "{:?}", state);
        self.compare_money()?;
        self.compare_records()?;
        self.compare_populations()?;
        self.compare_committees()
    }

    fn compare_money(&self) -> Result<(), TestCaseError> {
        for who in accounts() {
            let money = self.model.bank.money(who);
            let expected = (money.free + money.held, money.held);
            prop_assert_eq!(
                (wealth(who), held(who) + if who == POT { pot() } else { 0 }),
                expected,
                "account {}",
                who
            );
        }
        let price = Da::price();
        prop_assert_eq!(
            (price.base, price.multiplier),
            (self.model.price.base, self.model.price.multiplier)
        );
        Ok(())
    }

    fn compare_records(&self) -> Result<(), TestCaseError> {
        let found: BTreeMap<_, _> = Submissions::<Test>::iter().collect();
        prop_assert!(found.keys().eq(self.model.submissions.keys()));
        for (id, record) in found {
            let of_model = &self.model.submissions[&id];
            prop_assert_eq!(
                (record.days, record.fee, record.era),
                (of_model.days, of_model.fee, of_model.era)
            );
            let available = match record.state {
                State::Submitted => None,
                State::Available { bits, index, .. } => Some((bits.iter().collect(), index)),
            };
            prop_assert_eq!(&available, &of_model.available);
            let until = Da::available_until(&record.commitment.0, record.size);
            let number = record.commitment.0[0];
            prop_assert_eq!(until, self.model.available_until(number, record.size));
        }
        let members: BTreeMap<_, _> = Members::<Test>::iter()
            .map(|(namespace, index, member)| {
                let of = (member.submission, member.member);
                ((namespace, index), (of, member.until, member.payer))
            })
            .collect();
        let of_model: BTreeMap<_, _> = self
            .model
            .members
            .iter()
            .map(|(key, member)| {
                let place = (space(key.0), key.1);
                (place, (member.of, member.until, member.payer))
            })
            .collect();
        prop_assert_eq!(members, of_model);
        for (number, log) in &self.model.namespaces {
            for (index, entry) in Log::<Test>::iter_prefix(space(*number)) {
                let expected = log.entries[usize::try_from(index).unwrap()];
                prop_assert_eq!(
                    (u64::from(entry.height), entry.submission, entry.member),
                    expected
                );
            }
            prop_assert_eq!(
                Da::entries_of(&space(*number), 0, 0).end,
                log.entries.len() as u64
            );
        }
        Ok(())
    }

    fn compare_populations(&self) -> Result<(), TestCaseError> {
        let now = RoundNow::get();
        for provider in 1..=5u64 {
            for round in [now.saturating_sub(1), now, now + 1, now + 6] {
                let asked = self.model.asked(provider, round);
                // A round that was settled may be forgotten.
                let settled = <Da as Payroll<u64>>::next(&provider).is_none_or(|next| next > round);
                if round < now && settled {
                    continue;
                }
                let units: u128 = asked.iter().map(|(_, units)| units).sum();
                let population = <Da as Auditable<u64, u128>>::population(&provider, round);
                prop_assert_eq!(
                    population.units,
                    units,
                    "provider {} in round {}",
                    provider,
                    round
                );
                prop_assert_eq!(population.bytes > 0, units > 0);
                if round == now {
                    self.compare_items(provider, round, &asked)?;
                }
            }
            let next = <Da as Auditable<u64, u128>>::next_populated(&provider, now);
            prop_assert_eq!(next, self.model.next_populated(provider, now));
        }
        Ok(())
    }

    /// The first and the last unit of each entry are rows of its blob.
    fn compare_items(
        &self,
        provider: u64,
        round: u32,
        asked: &[(u64, u128)],
    ) -> Result<(), TestCaseError> {
        let mut before = 0;
        for (id, units) in asked {
            for target in [before, before + units - 1] {
                let item = <Da as Auditable<u64, u128>>::item_at(&provider, round, target);
                // Of a window that is over, and a record that somebody took away, nothing is drawn.
                let Some(record) = self.model.submissions.get(id) else {
                    continue;
                };
                let found = item.map(|item| (item.commitment, item.size));
                prop_assert_eq!(found, Some((commitment(record.commitment), record.size)));
            }
            before += units;
        }
        Ok(())
    }

    fn compare_committees(&self) -> Result<(), TestCaseError> {
        if !self.hooked {
            return Ok(());
        }
        for era in self
            .model
            .committees
            .keys()
            .filter(|era| **era <= RoundNow::get())
        {
            // Somebody may have taken away the last blob of an era: its lists go with the agenda.
            let kept = Committees::<Test>::contains_key(era);
            if self.model.needs_committee(*era) {
                prop_assert!(kept, "the committee of era {} is needed", era);
            }
        }
        Ok(())
    }

    /// Until everything is over and settled: nothing is left then.
    pub(super) fn wind_up(&mut self) -> Result<(), TestCaseError> {
        for _ in 0..57 {
            self.round(true);
            for provider in 1..=5 {
                while <Da as Payroll<u64>>::next(&provider)
                    .is_some_and(|next| next <= RoundNow::get())
                {
                    self.settle(provider, 0);
                }
            }
            self.compare_money()?;
        }
        self.round(true);
        self.compare()?;
        prop_assert!(Pallet::<Test>::do_try_state().is_ok());
        prop_assert_eq!(pot(), 0);
        prop_assert_eq!(held(ALICE) + held(BOB) + held(super::PAUPER), 0);
        prop_assert_eq!(Submissions::<Test>::iter().count(), 0);
        prop_assert_eq!(crate::Books::<Test>::iter().count(), 0);
        prop_assert_eq!(crate::Sums::<Test>::iter().count(), 0);
        prop_assert_eq!(crate::Entries::<Test>::iter().count(), 0);
        prop_assert_eq!(crate::Accounts::<Test>::iter().count(), 0);
        prop_assert_eq!(
            crate::Heights::<Test>::iter().count() + Log::<Test>::iter().count(),
            0
        );
        // Committees of the last two eras, of the running one and of the two to come.
        prop_assert!(Committees::<Test>::iter().count() <= 5);
        Ok(())
    }
}
