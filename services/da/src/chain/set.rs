//! Which seats of a committee.

use noema_da_primitives::MAX_SEATS;

/// Bytes of a set.
const BYTES: usize = MAX_SEATS.div_ceil(8);

/// A set of seats as the chain has it: seat i is bit i % 8 of byte i / 8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeatSet([u8; BYTES]);

impl SeatSet {
    /// The set with this encoding. Bits that no committee has are left out.
    pub fn from_bytes(bytes: [u8; BYTES]) -> Self {
        (0..MAX_SEATS)
            .filter(|seat| bytes[seat / 8] & (1 << (seat % 8)) != 0)
            .collect()
    }

    /// Its encoding.
    pub fn to_bytes(self) -> [u8; BYTES] {
        self.0
    }

    /// Puts a seat into it. Without effect for seats that no committee has.
    pub fn insert(&mut self, seat: usize) {
        if seat < MAX_SEATS {
            self.0[seat / 8] |= 1 << (seat % 8);
        }
    }

    /// Whether the seat is in it.
    pub fn contains(&self, seat: usize) -> bool {
        seat < MAX_SEATS && self.0[seat / 8] & (1 << (seat % 8)) != 0
    }

    /// The seats in it, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..MAX_SEATS).filter(|seat| self.contains(*seat))
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.0 == [0; BYTES]
    }

    /// Those that are not in `other`.
    pub fn minus(&self, other: &Self) -> Self {
        self.iter().filter(|seat| !other.contains(*seat)).collect()
    }
}

impl FromIterator<usize> for SeatSet {
    fn from_iter<T: IntoIterator<Item = usize>>(seats: T) -> Self {
        let mut set = Self::default();
        seats.into_iter().for_each(|seat| set.insert(seat));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_what_was_put_into_it() {
        let set: SeatSet = [0, 8, 99, 100, 255].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 8, 99]);
        assert_eq!(set.to_bytes()[..2], [1, 1]);
        assert_eq!(SeatSet::from_bytes(set.to_bytes()), set);
        let other: SeatSet = [8, 9].into_iter().collect();
        assert_eq!(set.minus(&other).iter().collect::<Vec<_>>(), [0, 99]);
        assert!(other.minus(&other).is_empty());
        // What lies above the largest committee is nobody.
        assert!(SeatSet::from_bytes({
            let mut bytes = [0; BYTES];
            bytes[12] = 0xf0;
            bytes
        })
        .is_empty());
    }
}
