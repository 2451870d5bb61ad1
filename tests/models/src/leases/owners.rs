//! What owners, and whoever pays for them, call.

use super::{
    model::{Model, FUND, POT},
    Account, Balance, Books, Deal, Ending, Error, File, FileSpec, Key, Round, Slot, Terms,
};

impl<B: Books> Model<B> {
    /// Commits to a file for so many rounds. Returns what left the owner's free balance: nothing when it has the deal already.
    pub fn commit(
        &mut self,
        owner: Account,
        file: FileSpec,
        rounds: Round,
        max: Balance,
    ) -> Result<Balance, Error> {
        let key = (file.file, owner);
        if let Ok(deal) = self.deal(key) {
            return if deal.replicas() == file.replicas {
                Ok(0)
            } else {
                Err(Error::ReplicasDiffer)
            };
        }
        let quote = self.quote(&file, rounds)?;
        if quote.total > max {
            return Err(Error::PriceAboveMaximum);
        }
        if quote.total > self.bank.spendable(owner) + self.refund_of_over(key) {
            return Err(Error::InsufficientFunds);
        }
        self.finish(key, Ending::Over);
        self.bank.hold(owner, quote.deposit)?;
        self.bank.pay_into_hold(owner, POT, quote.escrow)?;
        self.bank.pay(owner, FUND, quote.placement)?;
        let terms = Terms {
            rent: quote.rent,
            end: quote.end,
            next: None,
        };
        let id = self.next_deal;
        self.next_deal += 1;
        self.books.open(id, file.replicas, &terms, self.round);
        self.books.pay_in(id, quote.escrow);
        let deal = Deal {
            id,
            sectors: file.sectors,
            deposit: quote.deposit,
            terms,
            ever_held: false,
            offered_to: None,
            slots: vec![Slot::new(); file.replicas.into()],
        };
        self.deals.insert(key, deal);
        Ok(quote.total)
    }

    /// What the owner of a deal that is over gets when it ends.
    fn refund_of_over(&self, key: Key) -> Balance {
        match self.deals.get(&key) {
            Some(deal) if self.is_over(key) => deal.deposit + self.credit(key).unwrap_or(0),
            _ => 0,
        }
    }

    /// Commits to many files at once, all or none.
    pub fn commit_many(
        &mut self,
        owner: Account,
        files: &[FileSpec],
        rounds: Round,
        max: Balance,
    ) -> Result<Balance, Error> {
        self.check_batch(files.len())?;
        let mut after = self.clone();
        let mut paid = 0;
        for file in files {
            paid += after.commit(owner, *file, rounds, max - paid)?;
        }
        *self = after;
        Ok(paid)
    }

    /// Extends leases to `until` and their grace. Returns what left the payer's free balance.
    pub fn renew(
        &mut self,
        payer: Account,
        keys: &[Key],
        until: Round,
        max: Balance,
    ) -> Result<Balance, Error> {
        self.check_batch(keys.len())?;
        let mut after = self.clone();
        let (mut paid, mut price) = (0, 0);
        for key in keys {
            let (part, from_credit) = after.renew_one(payer, *key, until, max - price)?;
            paid += part;
            price += part + from_credit;
        }
        *self = after;
        Ok(paid)
    }

    /// Returns what was paid and what was taken of the credit.
    fn renew_one(
        &mut self,
        payer: Account,
        key: Key,
        until: Round,
        max: Balance,
    ) -> Result<(Balance, Balance), Error> {
        let cost = self.quote_renewal(key, until)?;
        if cost == 0 {
            return Ok((0, 0));
        }
        if cost > max {
            return Err(Error::PriceAboveMaximum);
        }
        let credit = if payer == key.1 { self.credit(key)? } else { 0 };
        let from_credit = credit.min(cost);
        let paid = cost - from_credit;
        let deal = self.deal(key)?;
        let rent = self.price.rent(&self.parameters, deal.sectors)?;
        let terms = deal
            .terms
            .extended(self.round, rent, until + self.parameters.grace_rounds)?;
        let (id, before, earners) = (deal.id, deal.terms, deal.earners());
        self.bank.pay_into_hold(payer, POT, paid)?;
        self.books.pay_in(id, paid);
        self.books
            .set_terms(id, &earners, &before, &terms, self.round);
        self.deal_mut(key)?.terms = terms;
        Ok((paid, from_credit))
    }

    fn check_batch(&self, count: usize) -> Result<(), Error> {
        match count {
            0 => Err(Error::NoFiles),
            _ if count > self.parameters.max_batch => Err(Error::TooManyFiles),
            _ => Ok(()),
        }
    }

    /// Raises a deal's credit to `level`. Returns what was paid.
    pub fn top_up(&mut self, payer: Account, key: Key, level: Balance) -> Result<Balance, Error> {
        let id = self.deal(key)?.id;
        let paid = level.saturating_sub(self.credit(key)?);
        self.bank.pay_into_hold(payer, POT, paid)?;
        self.books.pay_in(id, paid);
        Ok(paid)
    }

    /// Checks how many replicas a call says that a deal has, by which it is charged: at least as many as there are.
    fn check_witness(deal: &Deal, replicas: u8) -> Result<(), Error> {
        if deal.replicas() > replicas {
            return Err(Error::WitnessTooLow);
        }
        Ok(())
    }

    /// Ends a lease of at most so many replicas. Also cleans up one that is over.
    pub fn remove(&mut self, owner: Account, file: File, replicas: u8) -> Result<(), Error> {
        let key = (file, owner);
        if self.is_over(key) {
            return self.expire(key, replicas);
        }
        Self::check_witness(self.deal(key)?, replicas)?;
        self.finish(key, Ending::Removed);
        Ok(())
    }

    /// Cleans up a deal of at most so many replicas whose lease is over.
    pub fn expire(&mut self, key: Key, replicas: u8) -> Result<(), Error> {
        let deal = self.deals.get(&key).ok_or(Error::UnknownDeal)?;
        Self::check_witness(deal, replicas)?;
        if !self.is_over(key) {
            return Err(Error::NotOver);
        }
        self.finish(key, Ending::Over);
        Ok(())
    }

    /// Says who may become the owner.
    pub fn offer(&mut self, owner: Account, file: File, to: Option<Account>) -> Result<(), Error> {
        self.deal_mut((file, owner))?.offered_to = to;
        Ok(())
    }

    /// Becomes the owner of a deal of at most so many replicas that was offered: for a deposit of one's own.
    pub fn accept(
        &mut self,
        new: Account,
        key: Key,
        replicas: u8,
        max: Balance,
    ) -> Result<Balance, Error> {
        let deal = self.deal(key)?;
        Self::check_witness(deal, replicas)?;
        if deal.offered_to != Some(new) {
            return Err(Error::NotOffered);
        }
        let here = (key.0, new);
        if self.deal(here).is_ok() {
            return Err(Error::DealExists);
        }
        if deal
            .slots
            .iter()
            .any(|slot| matches!(slot.state, super::SlotState::Proving { .. }))
        {
            return Err(Error::SlotProving);
        }
        let deposit = self.deposit(deal.replicas())?;
        if deposit > max {
            return Err(Error::PriceAboveMaximum);
        }
        if deposit > self.bank.spendable(new) + self.refund_of_over(here) {
            return Err(Error::InsufficientFunds);
        }
        self.finish(here, Ending::Over);
        self.bank.hold(new, deposit)?;
        let Some(mut deal) = self.deals.remove(&key) else {
            return Err(Error::UnknownDeal);
        };
        self.bank.release(key.1, deal.deposit);
        deal.deposit = deposit;
        deal.offered_to = None;
        self.deals.insert(here, deal);
        Ok(deposit)
    }
}
