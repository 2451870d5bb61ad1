//! How slots come to be held, and lose who holds them.

use super::{
    books::Replica,
    model::{Model, FUND, OPEN, POT, TREASURY},
    Account, Balance, Books, Deal, Ending, Error, Key, Leaving, Outcome, Slot, SlotState,
};

impl<B: Books> Model<B> {
    fn slot(&self, key: Key, index: u8) -> Result<&Slot, Error> {
        self.deal(key)?
            .slots
            .get(usize::from(index))
            .ok_or(Error::UnknownSlot)
    }

    fn slot_mut(&mut self, key: Key, index: u8) -> Result<&mut Slot, Error> {
        self.deal_mut(key)?
            .slots
            .get_mut(usize::from(index))
            .ok_or(Error::UnknownSlot)
    }

    /// A provider is drawn for a slot.
    pub fn draw(&mut self, key: Key, index: u8, provider: Account) -> Result<(), Error> {
        let deal = self.deal(key)?;
        let slot = self.slot(key, index)?;
        if slot.state != OPEN {
            return Err(Error::NotDrawing);
        }
        if deal.terms.last() - self.round < self.parameters.min_rounds_left {
            return Err(Error::TooLateToDraw);
        }
        let record = self
            .providers
            .get(&provider)
            .ok_or(Error::UnknownProvider)?;
        if !record.active || record.dropping.is_some() {
            return Err(Error::NotActive);
        }
        if deal.has(provider) || slot.passed_over == Some(provider) {
            return Err(Error::PassedOver);
        }
        let needed = self.collateral_of(self.reserved(provider).saturating_add(deal.sectors));
        if needed > self.stake_of(record) {
            return Err(Error::NoRoom);
        }
        self.slot_mut(key, index)?.state = SlotState::Assigned { provider };
        Ok(())
    }

    /// Nobody fits: whoever was passed over is welcome again.
    pub fn nobody_fits(&mut self, key: Key, index: u8) -> Result<(), Error> {
        let slot = self.slot_mut(key, index)?;
        if slot.state != OPEN {
            return Err(Error::NotDrawing);
        }
        slot.passed_over = None;
        Ok(())
    }

    /// The provider has fetched the file.
    pub fn ready(&mut self, provider: Account, key: Key, index: u8) -> Result<(), Error> {
        let slot = self.slot_mut(key, index)?;
        if slot.state.provider() != Some(provider) {
            return Err(Error::NotYours);
        }
        let SlotState::Assigned { .. } = slot.state else {
            return Err(Error::NotAwaitingReady);
        };
        slot.state = SlotState::Proving { provider };
        Ok(())
    }

    /// It proves the sectors drawn.
    pub fn prove(&mut self, provider: Account, key: Key, index: u8) -> Result<(), Error> {
        let slot = self.slot_mut(key, index)?;
        if slot.state.provider() != Some(provider) {
            return Err(Error::NotYours);
        }
        let SlotState::Proving { .. } = slot.state else {
            return Err(Error::NotAwaitingProof);
        };
        slot.state = SlotState::Held {
            provider,
            joined: None,
            bounty: 0,
        };
        slot.failures = 0;
        self.deal_mut(key)?.ever_held = true;
        Ok(())
    }

    /// A proven replica becomes auditable: it earns from the next round on, and whoever had the slot before stops.
    pub fn mature(&mut self, key: Key, index: u8) -> Result<(), Error> {
        let now = self.round;
        let slot = self.slot(key, index)?;
        let SlotState::Held {
            provider,
            joined: None,
            ..
        } = slot.state
        else {
            return Err(Error::NotMaturing);
        };
        if self
            .providers
            .get(&provider)
            .is_none_or(|record| record.dropping.is_some())
        {
            return Err(Error::NotActive);
        }
        let mut waiting = slot.bounty;
        let deal = self.deal(key)?.clone();
        if let Some(earner) = slot
            .leaving
            .map(|old| (old.provider, old.joined, old.bounty))
        {
            waiting += self.stop(&deal, index, earner);
        }
        // A bounty is due with the first round; where none is left, it waits for the end.
        let (bounty, waiting) = if deal.terms.last() > now {
            (waiting, 0)
        } else {
            (0, waiting)
        };
        let replica = Replica {
            deal: deal.id,
            slot: index,
            provider,
        };
        self.books.join(replica, &deal.terms, now, bounty);
        let slot = self.slot_mut(key, index)?;
        slot.state = SlotState::Held {
            provider,
            joined: Some(now),
            bounty,
        };
        slot.leaving = None;
        slot.bounty = waiting;
        Ok(())
    }

    /// A deadline of whoever is on the way to hold the slot has passed. A deal that was never held ends after some of these.
    pub fn fail(&mut self, key: Key, index: u8) -> Result<(), Error> {
        let max_failures = self.parameters.max_failures;
        let ever_held = self.deal(key)?.ever_held;
        let slot = self.slot_mut(key, index)?;
        let provider = match slot.state {
            SlotState::Assigned { provider } | SlotState::Proving { provider } => provider,
            SlotState::Drawing | SlotState::Held { .. } => return Err(Error::NotAwaitingReady),
        };
        slot.state = OPEN;
        slot.passed_over = Some(provider);
        slot.failures = slot.failures.saturating_add(1);
        if slot.failures >= max_failures && !ever_held {
            self.finish(key, Ending::Lapsed);
        }
        Ok(())
    }

    /// A provider gives a slot up: at once what does not earn, else when its replacement earns, or after some rounds by a second call.
    pub fn resign(&mut self, provider: Account, key: Key, index: u8) -> Result<(), Error> {
        let slot = self.slot(key, index)?;
        if let Some(old) = slot.leaving.filter(|old| old.provider == provider) {
            if self.round < old.since.saturating_add(self.parameters.hand_over_rounds) {
                return Err(Error::HandOverRunning);
            }
            let earner = (old.provider, old.joined, old.bounty);
            let deal = self.deal(key)?.clone();
            let not_due = self.stop(&deal, index, earner);
            let slot = self.slot_mut(key, index)?;
            slot.leaving = None;
            slot.bounty += not_due;
            return Ok(());
        }
        if slot.state.provider() != Some(provider) {
            return Err(Error::NotYours);
        }
        match slot.state {
            SlotState::Held {
                joined: Some(_), ..
            } => self.begin_hand_over(key, index),
            // No failure: nobody waited for it in vain.
            SlotState::Assigned { .. }
            | SlotState::Proving { .. }
            | SlotState::Held { joined: None, .. }
            | SlotState::Drawing => {
                let slot = self.slot_mut(key, index)?;
                slot.state = OPEN;
                slot.passed_over = Some(provider);
                Ok(())
            }
        }
    }

    /// Anyone lets a provider that has not covered what it holds since an earlier round begin to hand a replica over, as long as what it is leaving does not make up for
    /// what its stake is short of.
    pub fn hand_over(&mut self, provider: Account, key: Key, index: u8) -> Result<(), Error> {
        let slot = self.slot(key, index)?;
        let record = self
            .providers
            .get(&provider)
            .ok_or(Error::UnknownProvider)?;
        if slot.state.provider() != Some(provider)
            || slot.earner().is_none()
            || slot.leaving.is_some()
        {
            return Err(Error::NotYours);
        }
        let stake = self.stake_of(record);
        let reserved = self.reserved(provider);
        if self.collateral_of(reserved) <= stake {
            return Err(Error::StillCovered);
        }
        if record
            .uncovered_since
            .is_none_or(|since| since >= self.round)
        {
            return Err(Error::CoverMayCome);
        }
        if self.collateral_of(reserved.saturating_sub(self.leaving(provider))) <= stake {
            return Err(Error::StillCovered);
        }
        self.begin_hand_over(key, index)
    }

    fn begin_hand_over(&mut self, key: Key, index: u8) -> Result<(), Error> {
        let since = self.round;
        let slot = self.slot_mut(key, index)?;
        let SlotState::Held {
            provider,
            joined: Some(joined),
            bounty,
        } = slot.state
        else {
            return Err(Error::NotYours);
        };
        slot.leaving = Some(Leaving {
            provider,
            joined,
            since,
            bounty,
        });
        slot.state = OPEN;
        slot.passed_over = None;
        Ok(())
    }

    /// Takes up to `limit` slots from a dropped provider, each with its bounty. Returns how many. With the last one the drop ends, and what is
    /// still owed for rounds that have begun is forfeited: it was not asked in them.
    pub fn drop_replicas(&mut self, provider: Account, limit: u32) -> Result<u32, Error> {
        let record = self
            .providers
            .get(&provider)
            .ok_or(Error::UnknownProvider)?;
        if record.dropping.is_none() {
            return Err(Error::NotDropping);
        }
        let mut dropped = 0;
        while dropped < limit {
            let Some((key, index)) = self.first_slot_of(provider) else {
                break;
            };
            self.drop_slot(provider, key, index)?;
            dropped += 1;
        }
        if self.first_slot_of(provider).is_none() {
            while self
                .books
                .next(provider)
                .is_some_and(|next| next <= self.round)
            {
                let due = self.books.settle(provider, Outcome::Forfeited);
                self.send(due, FUND);
            }
            if let Some(record) = self.providers.get_mut(&provider) {
                record.dropping = None;
            }
        }
        Ok(dropped)
    }

    fn drop_slot(&mut self, provider: Account, key: Key, index: u8) -> Result<(), Error> {
        let deal = self.deal(key)?.clone();
        let Some(slot) = deal.slots.get(usize::from(index)) else {
            return Err(Error::UnknownSlot);
        };
        let mut bounty = 0;
        if let Some(earner) = slot.earner().filter(|(earner, ..)| *earner == provider) {
            bounty = self.stop(&deal, index, earner);
            // Where nobody is looked for any more there is nothing to repair.
            if deal.terms.last() - self.round >= self.parameters.min_rounds_left {
                bounty += self.take_bounty(provider, &deal);
            }
        }
        let slot = self.slot_mut(key, index)?;
        slot.bounty += bounty;
        if slot.leaving.is_some_and(|old| old.provider == provider) {
            slot.leaving = None;
        } else {
            slot.state = OPEN;
            slot.passed_over = Some(provider);
        }
        Ok(())
    }

    /// Moves the bounty for a dropped replica into the pot: its part of the budget, as far as fund and treasury reach.
    fn take_bounty(&mut self, provider: Account, deal: &Deal) -> Balance {
        let Some(drop) = self
            .providers
            .get_mut(&provider)
            .and_then(|record| record.dropping.as_mut())
        else {
            return 0;
        };
        let share =
            super::mul_div_down(drop.budget, deal.sectors.into(), drop.sectors.max(1).into());
        let share = share.unwrap_or(0).min(drop.left);
        let mut missing = share;
        for source in [FUND, TREASURY] {
            let part = missing.min(self.bank.spendable(source));
            if self.bank.pay_into_hold(source, POT, part).is_ok() {
                missing -= part;
            }
        }
        let bounty = share - missing;
        drop.left -= bounty;
        bounty
    }
}
