//! The reference. When a seed becomes known, everybody's population is copied, so to speak: all
//! challenges are drawn at once. When a window ends, everybody is settled. No chain could do that;
//! nothing here can be forgotten or come too late.

use crate::audits::{
    block::Block,
    book::{Accepted, Answer, Audits, Book, Drawn, Outcome, Standing},
    draw,
    error::Error,
    parameters::Parameters,
    population::Leaf,
    rounds::Happened,
    Account, RoundIndex,
};

/// The chain, eager.
#[derive(Clone, Debug)]
pub struct Eager {
    book: Book,
}

impl Eager {
    fn happened(&mut self, happened: Happened) {
        let accounts: Vec<Account> = self.book.providers.keys().copied().collect();
        for account in accounts {
            if let Some(round) = happened.drawn {
                self.draw(account, round);
            }
            if let Some(round) = happened.skipped {
                self.settle(account, round, true);
            }
            if let Some(round) = happened.closed {
                self.settle(account, round, false);
            }
        }
    }

    /// Draws a provider's challenges from its population as it is now.
    fn draw(&mut self, account: Account, round: RoundIndex) {
        let Some(seed) = self.book.timeline.open_seed() else {
            return;
        };
        let count = self.book.parameters().challenges;
        let Ok(provider) = self.book.provider_mut(account) else {
            return;
        };
        provider.drawn = None;
        if provider.standing == Standing::Good && !provider.population.is_empty() {
            let population = &provider.population;
            provider.drawn = Some(Drawn {
                round,
                items: draw::challenges(&count, &seed, account, round, population),
                answered: Default::default(),
                units: population.units(),
            });
        }
    }

    /// Ends a round for a provider that it is not ended for already.
    fn settle(&mut self, account: Account, round: RoundIndex, skipped: bool) {
        let Ok(provider) = self.book.provider_mut(account) else {
            return;
        };
        if provider.next > round {
            return;
        }
        provider.next = round;
        let carries = provider.pay.carried > 0;
        let (outcome, units) = match (&provider.drawn, provider.standing) {
            (_, Standing::Dropping { .. }) => (Outcome::Forfeited, 0),
            (Some(drawn), _) if !skipped => (Outcome::Missed, drawn.units),
            (_, _) if skipped && (!provider.population.is_empty() || carries) => {
                (Outcome::Skipped, provider.population.units())
            }
            (None, _) if !skipped && carries => (Outcome::Idle, 0),
            _ => {
                // It was not in the round.
                provider.next = round + 1;
                return;
            }
        };
        // Nothing can fail: the provider is there.
        let settled = self.book.conclude(account, round, outcome, units, None);
        debug_assert!(settled.is_ok());
    }

    fn check_still(&self, account: Account) -> Result<(), Error> {
        let dropping = self.book.is_dropping(account);
        match self.book.timeline.is_drawing() && !dropping {
            true => Err(Error::Drawing),
            false => Ok(()),
        }
    }
}

impl Audits for Eager {
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
        let happened = self.book.timeline.poll(block);
        self.happened(happened);
    }

    fn end(&mut self, block: &Block) {
        let happened = self.book.timeline.idle(block);
        self.happened(happened);
    }

    fn insert(&mut self, account: Account, leaf: Leaf) -> Result<(), Error> {
        self.book.provider(account)?;
        self.check_still(account)?;
        let provider = self.book.provider_mut(account)?;
        if provider.standing != Standing::Good {
            return Err(Error::BeingDropped);
        }
        provider.population.insert(leaf);
        Ok(())
    }

    fn remove(&mut self, account: Account, place: usize) -> Result<Leaf, Error> {
        self.book.provider(account)?;
        self.check_still(account)?;
        let provider = self.book.provider_mut(account)?;
        provider
            .population
            .remove(place)
            .ok_or(Error::UnknownReplica)
    }

    fn answer(
        &mut self,
        account: Account,
        round: RoundIndex,
        answers: &[Answer],
    ) -> Result<Accepted, Error> {
        self.book.provider(account)?;
        self.book.check_round(round, answers)?;
        let provider = self.book.provider_mut(account)?;
        if provider.standing != Standing::Good {
            return Err(Error::BeingDropped);
        }
        let drawn = provider.drawn.as_mut().ok_or(Error::NothingToAnswer)?;
        let accepted = Book::accept(drawn, answers)?;
        if drawn.is_complete() {
            let units = drawn.units;
            provider.next = round;
            self.book
                .conclude(account, round, Outcome::Passed, units, None)?;
        }
        Ok(accepted)
    }

    fn take(&mut self, account: Account, most: usize) -> Result<usize, Error> {
        self.book.take(account, most)
    }

    fn challenges(&self, account: Account) -> Option<Drawn> {
        self.book.timeline.open_seed()?;
        self.book.provider(account).ok()?.drawn.clone()
    }
}
