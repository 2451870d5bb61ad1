//! What a lease pays in which round.

use super::{Balance, Error, Round};

/// Rounds of another rent, after the running ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Units per replica and round.
    pub rent: Balance,
    /// The last of its rounds.
    pub end: Round,
}

/// The rents of a lease: at most two, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Units per replica and round, up to `end`.
    pub rent: Balance,
    /// The last round at this rent.
    pub end: Round,
    /// The rounds after these.
    pub next: Option<Segment>,
}

impl Terms {
    /// The last round of all.
    pub fn last(&self) -> Round {
        self.next.map_or(self.end, |next| next.end)
    }

    /// What a replica earns in a round.
    pub fn rent_in(&self, round: Round) -> Balance {
        match self.next {
            _ if round <= self.end => self.rent,
            Some(next) if round <= next.end => next.rent,
            _ => 0,
        }
    }

    /// The segments that lie after `now`, as (first round, last round, rent).
    pub fn after(&self, now: Round) -> Vec<(Round, Round, Balance)> {
        let running = (now + 1, self.end, self.rent);
        let next = self
            .next
            .map(|next| (self.end.max(now) + 1, next.end, next.rent));
        [Some(running), next]
            .into_iter()
            .flatten()
            .filter(|(first, last, _)| first <= last)
            .collect()
    }

    /// What a replica earns in all rounds after `now`.
    pub fn cost_after(&self, now: Round) -> Balance {
        self.after(now)
            .into_iter()
            .map(|(first, last, rent)| rent * Balance::from(last - first + 1))
            .sum()
    }

    /// With all rounds up to `last` bought at `rent`. What cannot be shared evenly among the rounds to come stays with the payer's deal.
    pub fn extended(&self, now: Round, rent: Balance, last: Round) -> Result<Self, Error> {
        let mut terms = *self;
        if let Some(next) = terms.next {
            if now > terms.end {
                terms = Self {
                    rent: next.rent,
                    end: next.end,
                    next: None,
                };
            }
        }
        match terms.next {
            None if terms.rent == rent => terms.end = last,
            None => terms.next = Some(Segment { rent, end: last }),
            Some(next) => {
                let before = Balance::from(next.end - terms.end);
                let added = Balance::from(last - next.end);
                let sum = next
                    .rent
                    .checked_mul(before)
                    .zip(rent.checked_mul(added))
                    .and_then(|(old, new)| old.checked_add(new))
                    .ok_or(Error::AmountTooLarge)?;
                let rent = sum / (before + added);
                terms.next = Some(Segment { rent, end: last });
            }
        }
        Ok(terms)
    }
}
