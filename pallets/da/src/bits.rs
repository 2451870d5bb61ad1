//! Which seats of a committee: a bit for each.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use noema_da_primitives::MAX_SEATS;
use scale_info::TypeInfo;

/// Bytes of [`SeatBits`].
const BYTES: usize = MAX_SEATS.div_ceil(8);

/// A set of seats: seat i is bit i % 8 of byte i / 8, the lowest bit first. Bits at or above the number of a committee's seats are zero
/// ([`SeatBits::fits`]), so that a set has one encoding.
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
pub struct SeatBits([u8; BYTES]);

/// Byte and mask of a seat.
fn place(seat: u8) -> (usize, u8) {
    let mask = 1u8.checked_shl(u32::from(seat) % 8).unwrap_or_default();
    (usize::from(seat) / 8, mask)
}

impl SeatBits {
    /// The set whose encoding this is.
    pub const fn from_bytes(bytes: [u8; BYTES]) -> Self {
        Self(bytes)
    }

    /// Its encoding.
    pub const fn to_bytes(self) -> [u8; BYTES] {
        self.0
    }

    /// All of so many seats.
    pub fn all(seats: usize) -> Self {
        let mut bits = Self::default();
        for seat in (0u8..).take(seats.min(MAX_SEATS)) {
            bits.set(seat);
        }
        bits
    }

    /// Whether the seat is in it.
    pub fn get(&self, seat: u8) -> bool {
        let (byte, mask) = place(seat);
        self.0.get(byte).is_some_and(|bits| bits & mask != 0)
    }

    /// Puts the seat into it. Without effect for seats that no committee has.
    pub fn set(&mut self, seat: u8) {
        let (byte, mask) = place(seat);
        if usize::from(seat) < MAX_SEATS {
            if let Some(bits) = self.0.get_mut(byte) {
                *bits |= mask;
            }
        }
    }

    /// Takes the seat out.
    pub fn clear(&mut self, seat: u8) {
        let (byte, mask) = place(seat);
        if let Some(bits) = self.0.get_mut(byte) {
            *bits &= !mask;
        }
    }

    /// How many are in it.
    pub fn count(&self) -> u32 {
        self.0
            .iter()
            .fold(0, |sum, bits| sum.saturating_add(bits.count_ones()))
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|bits| *bits == 0)
    }

    /// Whether it has none of the other's.
    pub fn is_disjoint(&self, other: &Self) -> bool {
        let mut pairs = self.0.iter().zip(other.0);
        pairs.all(|(a, b)| a & b == 0)
    }

    /// With the other's.
    pub fn union(&self, other: &Self) -> Self {
        let mut union = *self;
        for (bits, more) in union.0.iter_mut().zip(other.0) {
            *bits |= more;
        }
        union
    }

    /// Whether it has seats of a committee of so many only.
    pub fn fits(&self, seats: usize) -> bool {
        self.iter().all(|seat| usize::from(seat) < seats)
    }

    /// The seats in it, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u8> + '_ {
        // Bits above the largest committee's count as well: they fit none.
        let all = u8::try_from(BYTES.saturating_mul(8)).unwrap_or(u8::MAX);
        (0..all).filter(|seat| self.get(*seat))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn of(seats: &BTreeSet<u8>) -> SeatBits {
        let mut bits = SeatBits::default();
        seats.iter().for_each(|seat| bits.set(*seat));
        bits
    }

    proptest! {
        #[test]
        fn bits_are_a_set_of_seats(a in prop::collection::btree_set(0u8..100, 0..100), b in prop::collection::btree_set(0u8..100, 0..100), one in 0u8..100) {
            let (bits, others) = (of(&a), of(&b));
            prop_assert!(bits.iter().eq(a.iter().copied()));
            prop_assert_eq!(bits.count() as usize, a.len());
            prop_assert_eq!(bits.is_empty(), a.is_empty());
            prop_assert_eq!(bits.get(one), a.contains(&one));
            prop_assert_eq!(bits.is_disjoint(&others), a.is_disjoint(&b));
            prop_assert_eq!(bits.union(&others), of(&a.union(&b).copied().collect()));
            let most = a.last().map_or(0, |seat| usize::from(*seat) + 1);
            prop_assert!(bits.fits(most) && (most == 0 || !bits.fits(most - 1)));
            let mut less = bits;
            less.clear(one);
            prop_assert_eq!(less, of(&a.iter().copied().filter(|seat| *seat != one).collect()));
            prop_assert_eq!(SeatBits::from_bytes(bits.to_bytes()), bits);
        }
    }

    #[test]
    fn bits_above_the_largest_committee_fit_none() {
        let mut bytes = SeatBits::all(100).to_bytes();
        assert!(SeatBits::from_bytes(bytes).fits(100));
        bytes[12] |= 0x10;
        assert!(!SeatBits::from_bytes(bytes).fits(MAX_SEATS));
        let mut bits = SeatBits::default();
        bits.set(100);
        assert!(bits.is_empty());
        assert_eq!(SeatBits::all(9).to_bytes()[..3], [0xff, 1, 0]);
    }
}
