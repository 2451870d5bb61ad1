//! The same as the pallet does it: a provider costs nothing until somebody acts on it. Its
//! challenges are drawn when it answers, or just before its population changes; its rounds are
//! settled at its own next action, before its population changes, or when somebody pokes it.
//!
//! Why that comes to the same as [`eager`](super::eager): a population changes only when all rounds
//! that are over are settled, and the challenges of the running one are written down. So whatever
//! is unsettled and not written down was drawn from the population as it still is.

use crate::audits::{
    block::Block,
    book::{Accepted, Answer, Audits, Book, Drawn, Outcome, Standing},
    draw,
    error::Error,
    parameters::Parameters,
    population::Leaf,
    Account, Balance, RoundIndex,
};

/// The chain, lazy.
#[derive(Clone, Debug)]
pub struct Lazy {
    book: Book,
}

/// What a poke settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Poked {
    /// Rounds in all.
    pub rounds: u32,
    /// Rounds that were missed: the call is free when there is one.
    pub missed: u32,
    /// Paid to the caller.
    pub reward: Balance,
}

impl Lazy {
    /// Settles what is over, for anybody, for a share of the fees of misses.
    pub fn poke(&mut self, account: Account, by: Account) -> Result<Poked, Error> {
        self.book.provider(account)?;
        let poked = self.settle(account, Some(by))?;
        match poked.rounds {
            0 => Err(Error::NothingToSettle),
            _ => Ok(poked),
        }
    }

    /// Settles up to `max_settle` rounds.
    fn settle(&mut self, account: Account, settler: Option<Account>) -> Result<Poked, Error> {
        let mut poked = Poked::default();
        while poked.rounds < self.book.parameters().max_settle {
            let Some((round, outcome, units)) = self.next_outcome(account)? else {
                break;
            };
            let struck = self
                .book
                .conclude(account, round, outcome, units, settler)?;
            poked.rounds += 1;
            if let Some(struck) = struck {
                poked.missed += 1;
                poked.reward += struck.reward;
            }
        }
        Ok(poked)
    }

    /// Settles everything that is over, or fails when that is more than one call settles.
    fn settle_all(&mut self, account: Account) -> Result<(), Error> {
        self.settle(account, None)?;
        match self.next_outcome(account)? {
            Some(_) => Err(Error::Unsettled),
            None => Ok(()),
        }
    }

    /// How the provider's first unsettled round ended, if it is over. Whoever holds nothing, has
    /// nothing written down and nothing owed is done with all rounds that are drawn, at once,
    /// however many.
    fn next_outcome(
        &mut self,
        account: Account,
    ) -> Result<Option<(RoundIndex, Outcome, u128)>, Error> {
        let first_not_over = self.book.timeline.first_not_over();
        let first_not_drawn = self.book.timeline.first_not_drawn();
        let provider = self.book.provider_mut(account)?;
        let dropping = provider.standing != Standing::Good;
        let empty = provider.population.is_empty();
        if empty && provider.drawn.is_none() && !dropping && provider.pay.carried == 0 {
            provider.next = first_not_drawn;
            return Ok(None);
        }
        let round = provider.next;
        if round >= first_not_over {
            return Ok(None);
        }
        let written = provider.drawn.as_ref().filter(|drawn| drawn.round == round);
        let units = written.map_or_else(|| provider.population.units(), |drawn| drawn.units);
        let challenged = units > 0;
        let skipped = self.book.timeline.skipped.contains(&round);
        Ok(Some(match (dropping, skipped) {
            (true, _) => (round, Outcome::Forfeited, 0),
            (false, true) => (round, Outcome::Skipped, units),
            (false, false) if !challenged => (round, Outcome::Idle, 0),
            // Passed rounds are settled by the last answer.
            (false, false) => (round, Outcome::Missed, units),
        }))
    }

    /// The freeze: must be called before a provider's population changes, whoever changes it.
    pub fn before_change(&mut self, account: Account) -> Result<(), Error> {
        self.settle_all(account)?;
        if self.book.is_dropping(account) {
            return Ok(());
        }
        if self.book.timeline.is_drawing() {
            return Err(Error::Drawing);
        }
        self.write_down(account)
    }

    /// Draws the challenges of the running round and writes them down, unless that is done, or the
    /// round is over or settled. Where there is nothing to draw, that is what is written: a replica
    /// that comes later must not look as if it had been there.
    fn write_down(&mut self, account: Account) -> Result<(), Error> {
        let Some(seed) = self.book.timeline.open_seed() else {
            return Ok(());
        };
        let round = self.book.timeline.round.index;
        let count = self.book.parameters().challenges;
        let provider = self.book.provider_mut(account)?;
        if provider.next != round || provider.drawn.is_some() {
            return Ok(());
        }
        let population = &provider.population;
        provider.drawn = Some(Drawn {
            round,
            items: draw::challenges(&count, &seed, account, round, population),
            answered: Default::default(),
            units: population.units(),
        });
        Ok(())
    }

    /// Everything or nothing, as in a call.
    fn transact<T>(
        &mut self,
        call: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let before = self.clone();
        let result = call(self);
        if result.is_err() {
            *self = before;
        }
        result
    }

    fn do_answer(
        &mut self,
        account: Account,
        round: RoundIndex,
        answers: &[Answer],
    ) -> Result<Accepted, Error> {
        self.book.provider(account)?;
        self.book.check_round(round, answers)?;
        self.settle_all(account)?;
        if self.book.is_dropping(account) {
            return Err(Error::BeingDropped);
        }
        self.write_down(account)?;
        let provider = self.book.provider_mut(account)?;
        let drawn = provider
            .drawn
            .as_mut()
            .filter(|drawn| !drawn.items.is_empty());
        let drawn = drawn.ok_or(Error::NothingToAnswer)?;
        let accepted = Book::accept(drawn, answers)?;
        if drawn.is_complete() {
            let units = drawn.units;
            self.book
                .conclude(account, round, Outcome::Passed, units, None)?;
        }
        Ok(accepted)
    }
}

impl Audits for Lazy {
    fn new(parameters: Parameters) -> Self {
        Self {
            book: Book::new(parameters),
        }
    }

    fn book(&self) -> &Book {
        &self.book
    }

    fn book_mut(&mut self) -> &mut Book {
        &mut self.book
    }

    fn begin(&mut self, block: &Block) {
        self.book.timeline.poll(block);
    }

    fn end(&mut self, block: &Block) {
        self.book.timeline.idle(block);
    }

    fn insert(&mut self, account: Account, leaf: Leaf) -> Result<(), Error> {
        self.transact(|chain| {
            chain.before_change(account)?;
            let provider = chain.book.provider_mut(account)?;
            if provider.standing != Standing::Good {
                return Err(Error::BeingDropped);
            }
            provider.population.insert(leaf);
            Ok(())
        })
    }

    fn remove(&mut self, account: Account, place: usize) -> Result<Leaf, Error> {
        self.transact(|chain| {
            chain.before_change(account)?;
            let provider = chain.book.provider_mut(account)?;
            provider
                .population
                .remove(place)
                .ok_or(Error::UnknownReplica)
        })
    }

    fn answer(
        &mut self,
        account: Account,
        round: RoundIndex,
        answers: &[Answer],
    ) -> Result<Accepted, Error> {
        self.transact(|chain| chain.do_answer(account, round, answers))
    }

    fn take(&mut self, account: Account, most: usize) -> Result<usize, Error> {
        self.transact(|chain| {
            chain.settle_all(account)?;
            chain.book.take(account, most)
        })
    }

    fn challenges(&self, account: Account) -> Option<Drawn> {
        self.book.timeline.open_seed()?;
        let mut chain = self.clone();
        chain.settle_all(account).ok()?;
        if chain.book.is_dropping(account) {
            return None;
        }
        chain.write_down(account).ok()?;
        let drawn = chain.book.provider(account).ok()?.drawn.clone();
        drawn.filter(|drawn| !drawn.items.is_empty())
    }
}
