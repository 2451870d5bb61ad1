//! Days, and the lists of blobs that are paid for the same rounds. Pure arithmetic: `docs/design/da.md`, "Days and lists".
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use noema_traits::RoundIndex;
use scale_info::TypeInfo;

/// A day of a blob, from 1: four rounds.
pub type Day = u8;

/// Most days of a blob's window.
pub const MAX_DAYS: Day = 13;

/// Rounds of a day.
pub const DAY_ROUNDS: RoundIndex = 4;

/// How many lists an era has: 13 from the first day on, 12 of one later day.
pub const LISTS: usize = 25;

/// Lists that begin with the first day.
const FROM_START: u8 = 13;

/// Rounds from an era to the first of its first day: the second round after it.
const FIRST_ROUND: RoundIndex = 2;

/// The last round in which rows of an era can be asked for lies so many rounds after the era.
pub const LAST_ROUND: RoundIndex = 53;

/// Blobs of one era that are paid for the same rounds.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum List {
    /// Days 1 to this one, bought with the submission.
    #[codec(index = 0)]
    Until(Day),
    /// This day alone, from 2 on, bought later.
    #[codec(index = 1)]
    Only(Day),
}

impl List {
    /// Its place among the lists of an era, 0 to 24. None for days that there are not.
    pub fn index(self) -> Option<u8> {
        match self {
            Self::Until(day) if (1..=MAX_DAYS).contains(&day) => day.checked_sub(1),
            Self::Only(day) if (2..=MAX_DAYS).contains(&day) => {
                day.checked_sub(2)?.checked_add(FROM_START)
            }
            Self::Until(_) | Self::Only(_) => None,
        }
    }

    /// The list with this index.
    pub fn from_index(index: u8) -> Option<Self> {
        let list = match index.checked_sub(FROM_START) {
            None => Self::Until(index.checked_add(1)?),
            Some(later) => Self::Only(later.checked_add(2)?),
        };
        list.index().map(|_| list)
    }

    /// All lists in the order of their indices.
    pub fn all() -> impl Iterator<Item = (u8, Self)> {
        (0..FROM_START.saturating_add(12))
            .filter_map(|index| Self::from_index(index).map(|list| (index, list)))
    }

    /// The last day that it is paid for.
    pub fn last_day(self) -> Day {
        match self {
            Self::Until(day) | Self::Only(day) => day,
        }
    }

    /// First and last round in which its blobs can be asked for.
    pub fn rounds(self, era: RoundIndex) -> (RoundIndex, RoundIndex) {
        let from = match self {
            Self::Until(_) => 1,
            Self::Only(day) => day,
        };
        (first_of_day(era, from), last_of_day(era, self.last_day()))
    }

    /// How many rounds these are.
    pub fn count(self) -> RoundIndex {
        match self {
            Self::Until(day) => DAY_ROUNDS.saturating_mul(day.into()),
            Self::Only(_) => DAY_ROUNDS,
        }
    }

    /// Whether rounds of this list contain `round`.
    pub fn contains(self, era: RoundIndex, round: RoundIndex) -> bool {
        let (first, last) = self.rounds(era);
        (first..=last).contains(&round)
    }

    /// With the begin of this round nothing is added any more: bits come in the era and the round after it, extensions a whole round before their day.
    pub fn closes(self, era: RoundIndex) -> RoundIndex {
        match self {
            Self::Until(_) => era.saturating_add(FIRST_ROUND),
            Self::Only(day) => first_of_day(era, day).saturating_sub(1),
        }
    }

    /// Rounds of the list after `settled`.
    pub fn rounds_after(self, era: RoundIndex, settled: RoundIndex) -> RoundIndex {
        let (first, last) = self.rounds(era);
        last.saturating_add(1)
            .saturating_sub(first.max(settled.saturating_add(1)))
    }
}

/// The first round of a day.
pub fn first_of_day(era: RoundIndex, day: Day) -> RoundIndex {
    let before = RoundIndex::from(day.saturating_sub(1)).saturating_mul(DAY_ROUNDS);
    era.saturating_add(FIRST_ROUND).saturating_add(before)
}

/// The last round of a day.
pub fn last_of_day(era: RoundIndex, day: Day) -> RoundIndex {
    era.saturating_add(1)
        .saturating_add(RoundIndex::from(day).saturating_mul(DAY_ROUNDS))
}

/// The day in whose rounds `round` is, or the first, if that has not begun.
pub fn day_of(era: RoundIndex, round: RoundIndex) -> Day {
    let since = round.saturating_sub(era.saturating_add(FIRST_ROUND));
    let day = since.checked_div(DAY_ROUNDS).unwrap_or(0).saturating_add(1);
    Day::try_from(day).unwrap_or(Day::MAX)
}

/// The era and list that closes with the begin of `round`, by the index of the list.
pub fn closing(round: RoundIndex, index: u8) -> Option<(RoundIndex, List)> {
    let list = List::from_index(index)?;
    let era = round.checked_sub(list.closes(0))?;
    Some((era, list))
}

/// The era and list that is over with the begin of `round`, by the index of the list.
pub fn ending(round: RoundIndex, index: u8) -> Option<(RoundIndex, List)> {
    let list = List::from_index(index)?;
    let (_, last) = list.rounds(0);
    let era = round.checked_sub(last.saturating_add(1))?;
    Some((era, list))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_those_of_the_design_note() {
        let all: Vec<_> = List::all().collect();
        assert_eq!(all.len(), LISTS);
        for (index, list) in &all {
            assert_eq!(list.index(), Some(*index));
            let (first, last) = list.rounds(10);
            assert_eq!(last - first + 1, list.count());
            let inside = (0..100).filter(|round| list.contains(10, *round)).count();
            assert_eq!(u32::try_from(inside), Ok(list.count()));
            assert!(list.closes(10) <= first);
            assert_eq!(list.rounds_after(10, first - 1), list.count());
            assert_eq!(list.rounds_after(10, first), list.count() - 1);
            assert_eq!(list.rounds_after(10, last), 0);
            assert_eq!(list.rounds_after(10, last + 5), 0);
            assert_eq!(closing(list.closes(10), *index), Some((10, *list)));
            assert_eq!(ending(last + 1, *index), Some((10, *list)));
        }
        assert_eq!(List::from_index(25), None);
        assert_eq!(List::Only(1).index(), None);
        assert_eq!(List::Until(14).index(), None);
        // Day j of era e are the rounds e + 2 + 4 (j - 1) to e + 1 + 4 j.
        assert_eq!(List::Until(1).rounds(10), (12, 15));
        assert_eq!(List::Until(13).rounds(10), (12, 10 + LAST_ROUND));
        assert_eq!(List::Only(13).rounds(10), (60, 63));
        assert_eq!(List::Only(2).closes(10), 15);
        assert_eq!(List::Until(7).closes(10), 12);
    }

    #[test]
    fn day_of_a_round_is_the_day_that_has_it() {
        for round in 0..100 {
            let day = day_of(10, round);
            if round < 12 {
                assert_eq!(day, 1);
            } else {
                assert!((first_of_day(10, day)..=last_of_day(10, day)).contains(&round));
            }
        }
    }

    #[test]
    fn every_round_of_an_era_is_in_as_many_lists_as_can_be_asked_for() {
        for round in 12..=63 {
            let day = day_of(10, round);
            let lists = List::all()
                .filter(|(_, list)| list.contains(10, round))
                .count();
            assert_eq!(lists, usize::from(14 - day) + usize::from(day > 1));
        }
    }
}
