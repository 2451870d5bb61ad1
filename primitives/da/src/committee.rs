//! The seats of a DA era and what stands behind each.

use alloc::vec::Vec;

/// Most seats of a committee.
pub const MAX_SEATS: usize = 100;

/// Bytes of a seat's key: a BLS12-381 point of the first group, compressed.
pub const SEAT_KEY_BYTES: usize = 48;

/// Most stake of a committee in all: what can be multiplied by the number of rows of any class, of which
/// there are up to 2^14.
pub const MAX_TOTAL_STAKE: u128 = u128::MAX >> 14;

/// Why stakes make no committee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitteeError {
    /// Nobody is in it.
    #[error("a committee without seats: expected 1 to {MAX_SEATS}")]
    Empty,
    /// Too many are in it.
    #[error("a committee of {found} seats: expected 1 to {MAX_SEATS}")]
    TooManySeats {
        /// Seats given.
        found: usize,
    },
    /// Nothing stands behind a seat.
    #[error("seat {seat} has no stake: leave it out")]
    NoStake {
        /// The seat, from 0.
        seat: usize,
    },
    /// More stake than can be computed with.
    #[error("the committee's stake exceeds {MAX_TOTAL_STAKE}")]
    TooMuchStake,
}

/// The stakes of a committee's seats, in order: at least one seat, none without stake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committee {
    /// Stake of all seats up to and including each.
    sums: Vec<u128>,
}

impl Committee {
    /// The committee in which seat `i` has the stake `stakes[i]`, in any unit.
    pub fn new(stakes: &[u128]) -> Result<Self, CommitteeError> {
        if stakes.is_empty() {
            return Err(CommitteeError::Empty);
        }
        let found = stakes.len();
        if found > MAX_SEATS {
            return Err(CommitteeError::TooManySeats { found });
        }
        let mut sum = 0u128;
        let mut sums = Vec::with_capacity(found);
        for (seat, stake) in stakes.iter().enumerate() {
            if *stake == 0 {
                return Err(CommitteeError::NoStake { seat });
            }
            sum = sum
                .checked_add(*stake)
                .filter(|sum| *sum <= MAX_TOTAL_STAKE)
                .ok_or(CommitteeError::TooMuchStake)?;
            sums.push(sum);
        }
        Ok(Self { sums })
    }

    /// How many seats there are.
    pub fn seats(&self) -> usize {
        self.sums.len()
    }

    /// Stake of all seats.
    pub fn total(&self) -> u128 {
        self.sums.last().copied().unwrap_or_default()
    }

    /// Stake of one seat.
    pub fn stake(&self, seat: usize) -> Option<u128> {
        let (before, after) = self.span(seat)?;
        after.checked_sub(before)
    }

    /// Stake of all seats before this one, and of these and itself.
    pub(crate) fn span(&self, seat: usize) -> Option<(u128, u128)> {
        let after = *self.sums.get(seat)?;
        let before = match seat.checked_sub(1) {
            Some(previous) => *self.sums.get(previous)?,
            None => 0,
        };
        Some((before, after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_each_wrong_list_of_stakes_is_its_own_error() {
        assert_eq!(Committee::new(&[]), Err(CommitteeError::Empty));
        assert_eq!(
            Committee::new(&[1; 101]),
            Err(CommitteeError::TooManySeats { found: 101 })
        );
        assert_eq!(
            Committee::new(&[1, 0]),
            Err(CommitteeError::NoStake { seat: 1 })
        );
        for stakes in [[MAX_TOTAL_STAKE, 1], [u128::MAX, u128::MAX]] {
            assert_eq!(Committee::new(&stakes), Err(CommitteeError::TooMuchStake));
        }
        let committee = Committee::new(&[3, MAX_TOTAL_STAKE - 3]).unwrap();
        assert_eq!((committee.seats(), committee.total()), (2, MAX_TOTAL_STAKE));
        assert_eq!(committee.stake(0), Some(3));
        assert_eq!(committee.stake(1), Some(MAX_TOTAL_STAKE - 3));
        assert_eq!(committee.stake(2), None);
    }
}
