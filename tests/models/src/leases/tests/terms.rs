//! Rents of a lease, round by round.

use crate::leases::{Balance, Segment, Terms};
use proptest::prelude::*;

/// Renewals: how long after the last one, how many rounds, at which rent.
fn renewals() -> impl Strategy<Value = Vec<(u32, u32, Balance)>> {
    prop::collection::vec((0..6u32, 1..10u32, 1..50u128), 0..8)
}

#[test]
fn another_rent_begins_at_the_old_end() {
    let terms = Terms {
        rent: 5,
        end: 10,
        next: None,
    }
    .extended(3, 7, 14)
    .unwrap();
    assert_eq!(
        terms,
        Terms {
            rent: 5,
            end: 10,
            next: Some(Segment { rent: 7, end: 14 })
        }
    );
    assert_eq!(
        [3, 10, 11, 14, 15].map(|round| terms.rent_in(round)),
        [5, 5, 7, 7, 0]
    );
    assert_eq!(terms.cost_after(8), 2 * 5 + 4 * 7);
}

#[test]
fn the_same_rent_makes_no_segment() {
    let terms = Terms {
        rent: 5,
        end: 10,
        next: None,
    }
    .extended(3, 5, 14)
    .unwrap();
    assert_eq!(
        terms,
        Terms {
            rent: 5,
            end: 14,
            next: None
        }
    );
}

#[test]
fn a_third_rent_makes_a_mean_of_the_rounds_that_have_not_begun() {
    let terms = Terms {
        rent: 5,
        end: 10,
        next: Some(Segment { rent: 9, end: 12 }),
    };
    // (2 × 9 + 4 × 2) / 6, rounded down.
    let terms = terms.extended(10, 2, 16).unwrap();
    assert_eq!(
        terms,
        Terms {
            rent: 5,
            end: 10,
            next: Some(Segment { rent: 4, end: 16 })
        }
    );
}

#[test]
fn a_segment_that_has_begun_is_no_longer_changed() {
    let terms = Terms {
        rent: 5,
        end: 10,
        next: Some(Segment { rent: 9, end: 12 }),
    };
    let terms = terms.extended(11, 2, 16).unwrap();
    assert_eq!(
        terms,
        Terms {
            rent: 9,
            end: 12,
            next: Some(Segment { rent: 2, end: 16 })
        }
    );
}

#[test]
fn rents_too_large_for_a_mean_are_refused() {
    let terms = Terms {
        rent: 5,
        end: 10,
        next: Some(Segment {
            rent: Balance::MAX,
            end: 12,
        }),
    };
    assert!(terms.extended(3, Balance::MAX, 16).is_err());
}

proptest! {
    #[test]
    fn rents_cost_what_their_rounds_cost_one_by_one(renewals in renewals(), from in 0..40u32) {
        let mut terms = Terms { rent: 3, end: 6, next: None };
        let mut now = 0;
        for (later, rounds, rent) in renewals {
            now = (now + later).min(terms.last());
            let (cost, last) = (terms.cost_after(now), terms.last());
            let bought = terms.extended(now, rent, last + rounds).unwrap();
            prop_assert_eq!(bought.last(), last + rounds);
            // The running round keeps its rent; nothing costs more than was paid, and less than a unit per round is left over.
            prop_assert_eq!(bought.rent_in(now), terms.rent_in(now));
            prop_assert_eq!(bought.rent_in(now + 1).min(1), 1, "no round is free");
            let paid = cost + rent * Balance::from(rounds);
            prop_assert!(bought.cost_after(now) <= paid);
            prop_assert!(paid - bought.cost_after(now) < Balance::from(bought.last() - now));
            if now < terms.end {
                prop_assert_eq!(bought.rent_in(now + 1), terms.rent_in(now + 1), "running rounds keep their rent");
            }
            terms = bought;
        }
        let one_by_one: Balance = (from + 1..=terms.last()).map(|round| terms.rent_in(round)).sum();
        if from >= now {
            prop_assert_eq!(terms.cost_after(from), one_by_one);
        }
    }
}
