//! What a call would cost, and how a lease stands.

use super::{
    model::Model, price::product, Balance, Books, Error, FileSpec, Key, Parameters, Round, Terms,
};

/// What `commit` costs in the present round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The round in which it holds.
    pub round: Round,
    /// Units per replica and round.
    pub rent: Balance,
    /// Into the pot.
    pub escrow: Balance,
    /// To the repair fund, for good.
    pub placement: Balance,
    /// Held while the deal is there.
    pub deposit: Balance,
    /// The maximum to sign.
    pub total: Balance,
    /// The last round paid.
    pub end: Round,
}

/// How a lease stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Within the term asked for.
    Running,
    /// In the rounds after.
    Grace,
    /// Nothing is paid any more.
    Over,
}

/// How a deal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Where in its term.
    pub status: Status,
    /// Rents and ends.
    pub terms: Terms,
    /// The last round asked for.
    pub until: Round,
    /// What the owner's renewals use first.
    pub credit: Balance,
    /// What removing it now gives back, deposit not included.
    pub refund: Balance,
    /// Replicas wanted.
    pub wanted: u8,
    /// Proven.
    pub held: u8,
    /// In the audited population.
    pub earning: u8,
}

impl<B: Books> Model<B> {
    /// What committing to a file for so many rounds costs.
    pub fn quote(&self, file: &FileSpec, rounds: Round) -> Result<Quote, Error> {
        let Parameters {
            max_replicas,
            max_sectors,
            min_rounds,
            max_rounds,
            grace_rounds,
            ..
        } = self.parameters;
        let FileSpec {
            sectors, replicas, ..
        } = *file;
        if sectors == 0 {
            return Err(Error::EmptyFile);
        }
        if sectors > max_sectors {
            return Err(Error::FileTooLarge);
        }
        if replicas == 0 {
            return Err(Error::NoReplicas);
        }
        if replicas > max_replicas {
            return Err(Error::TooManyReplicas);
        }
        if rounds < min_rounds {
            return Err(Error::TooFewRounds);
        }
        let paid = rounds
            .checked_add(grace_rounds)
            .filter(|paid| *paid <= max_rounds)
            .ok_or(Error::TooManyRounds)?;
        let end = self.round.checked_add(paid).ok_or(Error::TooManyRounds)?;
        let rent = self.price.rent(&self.parameters, sectors)?;
        let escrow = product(rent, replicas, paid)?;
        let placement = product(rent, replicas, self.parameters.placement_rounds_of(sectors))?;
        let deposit = self.deposit(replicas)?;
        let total = escrow
            .checked_add(placement)
            .and_then(|sum| sum.checked_add(deposit))
            .ok_or(Error::AmountTooLarge)?;
        Ok(Quote {
            round: self.round,
            rent,
            escrow,
            placement,
            deposit,
            total,
            end,
        })
    }

    /// Held for the state of a deal.
    pub fn deposit(&self, replicas: u8) -> Result<Balance, Error> {
        self.parameters
            .deposit_per_replica
            .checked_mul(replicas.into())
            .and_then(|sum| sum.checked_add(self.parameters.deposit_base))
            .ok_or(Error::AmountTooLarge)
    }

    /// The price of extending a lease to `until`, credit not deducted. Nothing when it reaches that already.
    pub fn quote_renewal(&self, key: Key, until: Round) -> Result<Balance, Error> {
        let deal = self.deal(key)?;
        if until <= self.round {
            return Err(Error::RoundPassed);
        }
        let last = until
            .checked_add(self.parameters.grace_rounds)
            .ok_or(Error::TooManyRounds)?;
        if last <= deal.terms.last() {
            return Ok(0);
        }
        if last - self.round > self.parameters.max_rounds {
            return Err(Error::TooManyRounds);
        }
        let rent = self.price.rent(&self.parameters, deal.sectors)?;
        product(rent, deal.replicas(), last - deal.terms.last())
    }

    /// How a deal stands.
    pub fn lease(&self, key: Key) -> Result<Lease, Error> {
        let deal = self.deals().get(&key).ok_or(Error::UnknownDeal)?;
        let until = deal.terms.last() - self.parameters.grace_rounds;
        let status = if self.is_over(key) {
            Status::Over
        } else if self.round > until {
            Status::Grace
        } else {
            Status::Running
        };
        let count = |holds: &dyn Fn(&super::Slot) -> bool| {
            u8::try_from(deal.slots.iter().filter(|slot| holds(slot)).count()).unwrap_or(u8::MAX)
        };
        let credit = self.credit(key)?;
        let refund = credit + Balance::from(deal.replicas()) * deal.terms.cost_after(self.round);
        Ok(Lease {
            status,
            terms: deal.terms,
            until,
            credit,
            refund,
            wanted: deal.replicas(),
            held: count(&|slot| slot.leaving.is_some() || slot.state.holder().is_some()),
            earning: count(&|slot| slot.earner().is_some()),
        })
    }

    /// What a deal has beyond what its rounds to come can take.
    pub fn credit(&self, key: Key) -> Result<Balance, Error> {
        let deal = self.deals().get(&key).ok_or(Error::UnknownDeal)?;
        Ok(self
            .books
            .credit(deal.id, &deal.terms, deal.without_earner(), self.round))
    }
}
