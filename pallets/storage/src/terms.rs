//! What a lease pays in which round. Pure arithmetic, checked.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use noema_traits::RoundIndex;
use scale_info::TypeInfo;
use sp_runtime::traits::AtLeast32BitUnsigned;

/// Rounds of another rent, after the running ones.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Segment<Balance> {
    /// Units per replica and round.
    pub rent: Balance,
    /// The last of its rounds.
    pub end: RoundIndex,
}

/// The rents of a lease: at most two, one after the other.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Terms<Balance> {
    /// Units per replica and round, up to `end`.
    pub rent: Balance,
    /// The last round at this rent.
    pub end: RoundIndex,
    /// The rounds after these.
    pub next: Option<Segment<Balance>>,
}

/// Rounds of one rent, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span<Balance> {
    /// The first of them.
    pub first: RoundIndex,
    /// The last of them, not before the first.
    pub last: RoundIndex,
    /// Units per replica and round.
    pub rent: Balance,
}

impl<Balance: AtLeast32BitUnsigned + Copy> Span<Balance> {
    /// `amount` for each of the rounds. `None` when it does not fit.
    pub(crate) fn sum(&self) -> Option<Balance> {
        let rounds = self.last.checked_sub(self.first)?.checked_add(1)?;
        self.rent.checked_mul(&Balance::from(rounds))
    }
}

impl<Balance: AtLeast32BitUnsigned + Copy> Terms<Balance> {
    /// The last round of all.
    pub fn last(&self) -> RoundIndex {
        self.next.map_or(self.end, |next| next.end)
    }

    /// What a replica earns in a round.
    pub fn rent_in(&self, round: RoundIndex) -> Balance {
        match self.next {
            _ if round <= self.end => self.rent,
            Some(next) if round <= next.end => next.rent,
            _ => Balance::zero(),
        }
    }

    /// What lies after round `now`: at most two spans, in their order.
    pub fn after(&self, now: RoundIndex) -> impl Iterator<Item = Span<Balance>> {
        let from = now.saturating_add(1);
        let running = Span {
            first: from,
            last: self.end,
            rent: self.rent,
        };
        let next = self.next.map(|next| Span {
            first: self.end.max(now).saturating_add(1),
            last: next.end,
            rent: next.rent,
        });
        [Some(running), next]
            .into_iter()
            .flatten()
            // No round lies after the last one that there can be.
            .filter(move |span| span.first <= span.last && now < RoundIndex::MAX)
    }

    /// What a replica earns in all rounds after `now`. `None` when it does not fit.
    pub fn cost_after(&self, now: RoundIndex) -> Option<Balance> {
        self.after(now)
            .try_fold(Balance::zero(), |sum, span| sum.checked_add(&span.sum()?))
    }

    /// With all rounds from the present end up to `last`, which lies after it, bought at `rent`. When there is a next segment already, its rounds and the new ones
    /// get the mean, rounded down: what is left over, less than a unit for each of these rounds, stays with the deal. `None` when a product does not fit.
    pub fn extended(&self, now: RoundIndex, rent: Balance, last: RoundIndex) -> Option<Self> {
        let mut terms = *self;
        if let Some(next) = terms.next.filter(|_| now > self.end) {
            terms = Self {
                rent: next.rent,
                end: next.end,
                next: None,
            };
        }
        match terms.next {
            None if terms.rent == rent => terms.end = last,
            None => terms.next = Some(Segment { rent, end: last }),
            Some(next) => {
                let before = Balance::from(next.end.checked_sub(terms.end)?);
                let added = Balance::from(last.checked_sub(next.end)?);
                let sum = next
                    .rent
                    .checked_mul(&before)?
                    .checked_add(&rent.checked_mul(&added)?)?;
                let rent = sum.checked_div(&before.checked_add(&added)?)?;
                terms.next = Some(Segment { rent, end: last });
            }
        }
        Some(terms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use noema_models::leases as model;
    use proptest::prelude::*;

    fn modelled(terms: &Terms<u128>) -> model::Terms {
        model::Terms {
            rent: terms.rent,
            end: terms.end,
            next: terms.next.map(|next| model::Segment {
                rent: next.rent,
                end: next.end,
            }),
        }
    }

    fn terms() -> impl Strategy<Value = Terms<u128>> {
        (
            1..1_000u128,
            1..60u32,
            prop::option::of((1..1_000u128, 1..60u32)),
        )
            .prop_map(|(rent, end, next)| Terms {
                rent,
                end,
                next: next.map(|(rent, more)| Segment {
                    rent,
                    end: end + more,
                }),
            })
    }

    proptest! {
        #[test]
        fn terms_are_those_of_the_model(terms in terms(), now in 0..130u32, rent in 1..1_000u128, more in 1..60u32) {
            let model = modelled(&terms);
            prop_assert_eq!(terms.last(), model.last());
            prop_assert_eq!(terms.rent_in(now), model.rent_in(now));
            prop_assert_eq!(terms.cost_after(now), Some(model.cost_after(now)));
            let spans: Vec<_> = terms.after(now).map(|span| (span.first, span.last, span.rent)).collect();
            prop_assert_eq!(spans, model.after(now));
            let last = terms.last() + more;
            prop_assume!(now <= terms.last());
            let extended = terms.extended(now, rent, last).map(|terms| modelled(&terms));
            prop_assert_eq!(extended, model.extended(now, rent, last).ok());
        }
    }

    #[test]
    fn products_that_do_not_fit_are_refused() {
        let terms = Terms {
            rent: u64::MAX,
            end: 10,
            next: Some(Segment {
                rent: u64::MAX,
                end: 20,
            }),
        };
        assert_eq!(terms.cost_after(0), None);
        assert_eq!(terms.cost_after(19), Some(u64::MAX));
        assert_eq!(terms.extended(0, u64::MAX, 30), None);
        assert_eq!(terms.cost_after(RoundIndex::MAX), Some(0));
    }
}
