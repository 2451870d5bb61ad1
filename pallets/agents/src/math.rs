//! What is kept of ratings, so that reading it costs the same however many there were.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use noema_agents_primitives::{Rating, Sum};
use scale_info::TypeInfo;

/// Where a rating belongs: to a period, and to an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Ticks since genesis, divided by the length of a period.
    pub period: u64,
    /// How often the agent had changed hands when what is rated was paid.
    pub tenure: u32,
}

/// Ratings of all time, of the present tenure, and of the last two periods.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Aggregate {
    /// All of them.
    pub all: Sum,
    /// The tenure that `in_tenure` is about.
    pub tenure: u32,
    /// Those of that tenure.
    pub in_tenure: Sum,
    /// The period that `current` is about.
    pub period: u64,
    /// Those of that period.
    pub current: Sum,
    /// Those of the period before it.
    pub previous: Sum,
}

impl Aggregate {
    /// As it is at a later moment: what has become old is not in the recent sums any more.
    #[must_use]
    pub fn at(&self, now: Moment) -> Self {
        let mut rolled = *self;
        if rolled.tenure != now.tenure {
            rolled.tenure = now.tenure;
            rolled.in_tenure = Sum::default();
        }
        if rolled.period != now.period {
            rolled.previous = if rolled.period.checked_add(1) == Some(now.period) {
                rolled.current
            } else {
                Sum::default()
            };
            rolled.current = Sum::default();
            rolled.period = now.period;
        }
        rolled
    }

    /// Ratings of this period and the one before, together.
    pub fn recent(&self) -> Sum {
        self.current.plus(&self.previous)
    }

    /// With one more rating, which is given now and belongs to a tenure, the present one or one before. None if it does not fit.
    #[must_use]
    pub fn with(&self, rating: Rating, tenure: u32, now: Moment) -> Option<Self> {
        let mut next = self.at(now);
        next.all = next.all.with(rating)?;
        if tenure == next.tenure {
            next.in_tenure = next.in_tenure.with(rating)?;
        }
        next.current = next.current.with(rating)?;
        Some(next)
    }

    /// Without a rating that was given at the moment `given`. None if it cannot have been.
    #[must_use]
    pub fn without(&self, rating: Rating, given: Moment, now: Moment) -> Option<Self> {
        let mut next = self.at(now);
        next.all = next.all.without(rating)?;
        if given.tenure == next.tenure {
            next.in_tenure = next.in_tenure.without(rating)?;
        }
        if given.period == next.period {
            next.current = next.current.without(rating)?;
        } else if given.period.checked_add(1) == Some(next.period) {
            next.previous = next.previous.without(rating)?;
        }
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sum<'a>(ratings: impl Iterator<Item = &'a (Rating, Moment)>) -> Sum {
        ratings.fold(Sum::default(), |sum, (rating, _)| {
            sum.with(*rating).unwrap()
        })
    }

    proptest! {
        /// Whatever is given and revoked, and however much time passes: the sums are those of the ratings that are left.
        #[test]
        fn aggregates_are_the_sums_of_what_is_left(
            steps in prop::collection::vec((0..4u64, any::<bool>(), 0..=10_000u16, 1..1_000_000u128, any::<prop::sample::Index>(), any::<bool>(), 0..3u32), 1..60),
        ) {
            let mut now = Moment { period: 0, tenure: 0 };
            let mut aggregate = Aggregate::default();
            let mut left: Vec<(Rating, Moment)> = Vec::new();
            for (periods, sold, value, weight, which, revoke, late) in steps {
                now.period += periods / 2;
                now.tenure += u32::from(sold && periods == 3);
                if revoke && !left.is_empty() {
                    let (rating, given) = left.swap_remove(which.index(left.len()));
                    aggregate = aggregate.without(rating, given, now).unwrap();
                } else {
                    let rating = Rating { value, weight };
                    let tenure = now.tenure.saturating_sub(late);
                    aggregate = aggregate.with(rating, tenure, now).unwrap();
                    left.push((rating, Moment { tenure, ..now }));
                }
                let rolled = aggregate.at(now);
                prop_assert_eq!(rolled.all, sum(left.iter()));
                prop_assert_eq!(rolled.in_tenure, sum(left.iter().filter(|(_, given)| given.tenure == now.tenure)));
                prop_assert_eq!(rolled.recent(), sum(left.iter().filter(|(_, given)| given.period + 1 >= now.period)));
            }
        }
    }
}
