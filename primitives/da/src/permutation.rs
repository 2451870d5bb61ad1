//! A uniformly distributed order of a blob's rows, drawn from a seed.

use crate::{Commitment, CommitteeId, Hasher, RowSeed, SizeClass};
use alloc::vec::Vec;

const DOMAIN: &[u8] = b"noema/da/rows/v1";

/// Values of a 16-bit draw.
const DRAWS: u32 = 1 << 16;

/// The rows of a blob in the order in which they are dealt to the seats.
///
/// **Seed** = `SHA-256("noema/da/rows/v1" ‖ class as u8 ‖ committee id ‖ commitment ‖ row seed)`. The row
/// seed is drawn by the chain after the commitment is on it; the commitment is hashed all the same, so that
/// who knows a row seed early still meets another order with each commitment.
///
/// **Draws**: block `n` of the stream is `SHA-256(seed ‖ n as u32 LE)`, for n = 0, 1, ...; each block is
/// cut into 16 numbers of 16 bits, little-endian, in order.
///
/// **Order** (Fisher and Yates): begin with rows 0, 1, ..., M - 1. For j = 0, 1, ..., M - 2 let r = M - j
/// and take draws until one is below the largest multiple of r that is at most 65,536; swap places j and
/// j + (draw mod r). All orders are equally likely, since no draw is folded unevenly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowOrder(Vec<u16>);

impl RowOrder {
    /// The order for this submission and committee. Hashes about once per 14 rows.
    pub fn new<H: Hasher>(
        class: SizeClass,
        committee: &CommitteeId,
        commitment: &Commitment,
        seed: &RowSeed,
    ) -> Self {
        let seed = H::sha2_256(&[
            DOMAIN,
            &[class.index()],
            &committee.0,
            &commitment.0,
            &seed.0,
        ]);
        let mut draws = Draws {
            seed,
            block: [0; 32],
            next: 0,
            used: 16,
        };
        let rows = class.rows();
        let mut order: Vec<u16> = (0..rows).collect();
        for place in 0..rows.saturating_sub(1) {
            let rest = u32::from(rows.saturating_sub(place));
            let drawn = draws.below::<H>(rest);
            let other = usize::from(place).saturating_add(usize::from(drawn));
            // `other` is at most the last place, as `drawn` is below `rest`.
            if other < order.len() {
                order.swap(usize::from(place), other);
            }
        }
        Self(order)
    }

    /// The row at this place.
    pub fn get(&self, place: u16) -> Option<u16> {
        self.0.get(usize::from(place)).copied()
    }

    /// All rows in order.
    pub fn as_slice(&self) -> &[u16] {
        &self.0
    }
}

/// 16-bit numbers from a seed.
struct Draws {
    seed: [u8; 32],
    block: [u8; 32],
    next: u32,
    used: usize,
}

impl Draws {
    fn draw<H: Hasher>(&mut self) -> u16 {
        if self.used >= 16 {
            self.block = H::sha2_256(&[&self.seed, &self.next.to_le_bytes()]);
            self.next = self.next.wrapping_add(1);
            self.used = 0;
        }
        let pair = self.block.as_chunks::<2>().0.get(self.used).copied();
        self.used = self.used.saturating_add(1);
        // A block has 16 pairs, so that the fallback is never taken.
        u16::from_le_bytes(pair.unwrap_or_default())
    }

    /// A number below `range`, which is at least 2 and at most 16,384: more than half of all draws are
    /// taken.
    fn below<H: Hasher>(&mut self, range: u32) -> u16 {
        let uneven = DRAWS.checked_rem(range).unwrap_or_default();
        let limit = DRAWS.saturating_sub(uneven);
        loop {
            let draw = self.draw::<H>();
            if u32::from(draw) < limit {
                let drawn = u32::from(draw).checked_rem(range).unwrap_or_default();
                return u16::try_from(drawn).unwrap_or_default();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Software;

    fn order(class: SizeClass, of: [u8; 3]) -> RowOrder {
        let [committee, commitment, seed] = of.map(|byte| [byte; 32]);
        RowOrder::new::<Software>(
            class,
            &CommitteeId(committee),
            &Commitment(commitment),
            &RowSeed(seed),
        )
    }

    #[test]
    fn order_of_every_class_has_each_row_once_and_depends_on_all_of_the_seed() {
        for class in SizeClass::ALL {
            let first = order(class, [1; 3]);
            let mut sorted = first.as_slice().to_vec();
            sorted.sort_unstable();
            assert!(sorted.into_iter().eq(0..class.rows()));
            if class > SizeClass::Tiny {
                for other in [[2, 1, 1], [1, 2, 1], [1, 1, 2]] {
                    assert_ne!(first, order(class, other));
                }
            }
        }
    }

    /// Chi-squared over the 24 orders of 4 rows; 23 degrees of freedom, 49.7 is passed once in 1,000.
    #[test]
    fn order_of_four_rows_takes_all_orders_equally_often() {
        let mut counts = std::collections::BTreeMap::new();
        let draws = 24_000u32;
        for number in 0..draws {
            let mut seed = [0; 32];
            seed[..4].copy_from_slice(&number.to_le_bytes());
            let order = RowOrder::new::<Software>(
                SizeClass::Tiny,
                &CommitteeId([0; 32]),
                &Commitment([0; 32]),
                &RowSeed(seed),
            );
            *counts.entry(order.0).or_insert(0u32) += 1;
        }
        assert_eq!(counts.len(), 24);
        let expected = f64::from(draws) / 24.0;
        let chi: f64 = counts
            .values()
            .map(|count| (f64::from(*count) - expected).powi(2) / expected)
            .sum();
        assert!(chi < 49.7, "{chi}");
    }
}
