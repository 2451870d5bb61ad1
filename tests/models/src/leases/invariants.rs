//! What holds of every state: the `try_state` of the pallet.

use super::{
    model::{Model, POT},
    Account, Balance, Books, SlotState,
};
use std::collections::{BTreeMap, BTreeSet};

impl<B: Books> Model<B> {
    /// What does not hold, if anything does not.
    pub fn broken(&self) -> Option<&'static str> {
        self.books
            .contradiction(self.round)
            .or_else(|| self.pot_broken())
            .or_else(|| self.deals_broken())
            .or_else(|| self.holds_broken())
            .or_else(|| self.drops_broken())
    }

    /// held(pot) = Σ deals + Σ accounts + Σ bounties that wait; and the pot lives.
    fn pot_broken(&self) -> Option<&'static str> {
        let waiting: Balance = self
            .deals
            .values()
            .flat_map(|deal| &deal.slots)
            .map(|slot| slot.bounty)
            .sum();
        let pot = self.bank.money(POT);
        if pot.held != self.books.total() + waiting {
            return Some("the pot has not exactly what it owes");
        }
        (pot.free < self.parameters.existential_deposit).then_some("the pot's own deposit is gone")
    }

    fn deals_broken(&self) -> Option<&'static str> {
        let mut ids = BTreeSet::new();
        for deal in self.deals.values() {
            if !ids.insert(deal.id) {
                return Some("two deals have one number");
            }
            let mut providers = BTreeSet::new();
            for slot in &deal.slots {
                let both = [slot.state.provider(), slot.leaving.map(|old| old.provider)];
                if both
                    .into_iter()
                    .flatten()
                    .any(|provider| !providers.insert(provider))
                {
                    return Some("a provider is in a deal twice");
                }
                let earning = matches!(
                    slot.state,
                    SlotState::Held {
                        joined: Some(_),
                        ..
                    }
                );
                if slot.leaving.is_some() && earning {
                    return Some("a slot has two earners");
                }
            }
        }
        None
    }

    /// On each account what is held is its deposits and its bond.
    fn holds_broken(&self) -> Option<&'static str> {
        let mut held: BTreeMap<Account, Balance> = BTreeMap::new();
        for ((_, owner), deal) in &self.deals {
            *held.entry(*owner).or_default() += deal.deposit;
        }
        for (who, provider) in &self.providers {
            *held.entry(*who).or_default() += provider.bond;
            *held.entry(provider.pool).or_default() += provider.stake;
        }
        let wrong = held
            .iter()
            .any(|(who, sum)| self.bank.money(*who).held != *sum);
        wrong.then_some("what is held on an account is not the sum of its deposits, bond and stake")
    }

    fn drops_broken(&self) -> Option<&'static str> {
        let wrong = self.providers.values().any(|provider| {
            provider
                .dropping
                .is_some_and(|drop| drop.left > drop.budget || provider.active)
        });
        wrong.then_some(
            "a provider that loses all it has is drawn, or has more bounties than its budget",
        )
    }
}
