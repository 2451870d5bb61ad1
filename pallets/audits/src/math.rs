//! Numbers and hashes as pure functions.

use crate::types::{Level, SeedValue};
use codec::Encode;
use noema_traits::{Role, RoundIndex};
use sp_io::hashing::blake2_256;

/// Separates challenges from every other use of the hash.
pub const DOMAIN: [u8; 25] = *b"noema/audits/challenge/v1";

/// Rounds of an item of `SkippedRounds`, one bit each.
pub(crate) const ROUNDS_PER_ITEM: u32 = 256;

/// How many challenges a population of `bytes` gets: none for nothing, else
/// `min(most, least + ⌊log₂(1 + ⌊bytes / unit⌋)⌋)`.
pub fn challenge_count(bytes: u128, least: u32, most: u32, unit: u64) -> u32 {
    if bytes == 0 {
        return 0;
    }
    let units = bytes.checked_div(u128::from(unit)).unwrap_or(0);
    let doublings = units.saturating_add(1).checked_ilog2().unwrap_or(0);
    least.saturating_add(doublings).min(most)
}

/// `blake2_256(domain ‖ role as u8 ‖ seed ‖ provider ‖ round as u32 LE ‖ index as u32 LE)`.
pub fn challenge_hash(
    role: Role,
    seed: &SeedValue,
    provider: &[u8; 32],
    round: RoundIndex,
    index: u32,
) -> [u8; 32] {
    // A role is encoded as its index, arrays and numbers as their bytes.
    (DOMAIN, role, seed, provider, round, index).using_encoded(blake2_256)
}

/// A hash's first 16 bytes, little endian, modulo `total`. None for a total of 0.
pub fn target(hash: &[u8; 32], total: u128) -> Option<u128> {
    let (low, _) = hash.split_first_chunk::<16>()?;
    u128::from_le_bytes(*low).checked_rem(total)
}

/// Points for misses and passes, and how many are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strikes {
    /// Points for a missed round.
    pub miss: u32,
    /// Points that a passed round takes away.
    pub pass: u32,
    /// With this many points everything is dropped.
    pub drop_at: u32,
}

impl Strikes {
    /// Points after a miss, and what it brings.
    pub fn missed(&self, points: u32) -> (u32, Level) {
        let points = points.saturating_add(self.miss);
        let level = match points {
            _ if points >= self.drop_at => Level::Drop,
            _ if points >= self.miss.saturating_mul(3) => Level::Third,
            _ if points >= self.miss.saturating_mul(2) => Level::Second,
            _ => Level::First,
        };
        (points, level)
    }

    /// Points after a pass.
    pub fn passed(&self, points: u32) -> u32 {
        points.saturating_sub(self.pass)
    }

    /// Points of a provider that was dropped: one more miss drops it again.
    pub fn on_probation(&self) -> u32 {
        self.drop_at.saturating_sub(self.miss)
    }

    /// Misses in a row from no points to the drop.
    pub fn misses_until_drop(&self) -> u32 {
        let whole = self.drop_at.checked_div(self.miss).unwrap_or(0);
        let rest = self.drop_at.checked_rem(self.miss).unwrap_or(0);
        whole.saturating_add(u32::from(rest > 0))
    }
}

/// The bit of a challenge. None for an index that has no bit.
pub(crate) fn bit(index: u8) -> Option<u64> {
    1u64.checked_shl(index.into())
}

/// The bits of so many challenges, from the lowest.
pub(crate) fn bits(count: u32) -> u64 {
    1u64.checked_shl(count)
        .map_or(u64::MAX, |beyond| beyond.saturating_sub(1))
}

/// Where the bit of a round is: the item's key, the byte within it, the mask within the byte.
pub(crate) fn skipped_place(round: RoundIndex) -> (u32, usize, u8) {
    let key = round.checked_div(ROUNDS_PER_ITEM).unwrap_or(0);
    let within = round.checked_rem(ROUNDS_PER_ITEM).unwrap_or(0);
    // Below 32, and below 8.
    let byte = usize::try_from(within.checked_div(8).unwrap_or(0)).unwrap_or(0);
    let mask = 1u8
        .checked_shl(within.checked_rem(8).unwrap_or(0))
        .unwrap_or(0);
    (key, byte, mask)
}

/// The rounds whose bits are set in an item, lowest first.
#[cfg(any(feature = "try-runtime", test))]
pub(crate) fn rounds_of_item(key: u32, item: &[u8; 32]) -> alloc::vec::Vec<RoundIndex> {
    (0..ROUNDS_PER_ITEM)
        .map(|within| key.saturating_mul(ROUNDS_PER_ITEM).saturating_add(within))
        .filter(|round| {
            let (_, byte, mask) = skipped_place(*round);
            item.get(byte).is_some_and(|bits| bits & mask != 0)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use noema_models::audits::{
        draw,
        parameters::ChallengeCount,
        strikes::{Level as ModelLevel, Strikes as ModelStrikes},
    };
    use proptest::prelude::*;

    fn same(level: Level) -> ModelLevel {
        match level {
            Level::First => ModelLevel::First,
            Level::Second => ModelLevel::Second,
            Level::Third => ModelLevel::Third,
            Level::Drop => ModelLevel::Drop,
        }
    }

    proptest! {
        #[test]
        fn challenges_are_as_many_as_in_the_model(bytes in any::<u128>(), least in 1..64u32, more in 0..32u32, unit in 1..u64::MAX) {
            let most = least + more;
            let model = ChallengeCount { least, most, unit };
            for bytes in [bytes, bytes >> 64, bytes >> 90, 0, 1] {
                prop_assert_eq!(challenge_count(bytes, least, most, unit), model.of(bytes));
            }
        }

        #[test]
        fn challenges_grow_with_bytes_and_splitting_never_saves_any(a in 0..u128::from(u64::MAX), b in 0..u128::from(u64::MAX)) {
            let count = |bytes| challenge_count(bytes, 8, 32, 1 << 30);
            prop_assert!(count(a + b) >= count(a).max(count(b)));
            prop_assert!(count(a + b) <= count(a) + count(b));
        }

        #[test]
        fn hashes_and_targets_are_the_models(seed in any::<[u8; 32]>(), provider in any::<u32>(), round in any::<u32>(), index in any::<u32>(), total in 1..u128::MAX) {
            let model = draw::challenge_hash(&seed, provider, round, index);
            let bytes = draw::account_bytes(provider);
            let hash = challenge_hash(Role::Storage, &seed, &bytes, round, index);
            prop_assert_eq!(hash, model);
            prop_assert_eq!(target(&hash, total), Some(draw::target(&model, total)));
            prop_assert_ne!(challenge_hash(Role::DataAvailability, &seed, &bytes, round, index), hash);
        }

        #[test]
        fn points_and_levels_are_the_models(points in 0..200u32, miss in 1..60u32, pass in 1..5u32, drop in 1..6u32) {
            let drop_at = miss * drop;
            let ours = Strikes { miss, pass, drop_at };
            let model = ModelStrikes { miss, pass, drop_at };
            let (after, level) = ours.missed(points);
            prop_assert_eq!((after, same(level)), model.missed(points));
            prop_assert_eq!(ours.passed(points), model.passed(points));
            prop_assert_eq!(ours.on_probation(), model.on_probation());
            prop_assert_eq!(ours.misses_until_drop(), model.misses_until_drop());
        }

        #[test]
        fn every_round_has_a_bit_of_its_own(round in any::<u32>()) {
            let (key, byte, mask) = skipped_place(round);
            let mut item = [0u8; 32];
            item[byte] |= mask;
            prop_assert_eq!(rounds_of_item(key, &item), vec![round]);
        }
    }

    #[test]
    fn target_of_nothing_is_none() {
        assert_eq!(target(&[7; 32], 0), None);
    }

    #[test]
    fn bits_are_the_lowest_and_no_more_than_there_are() {
        assert_eq!((bits(0), bits(1), bits(8)), (0, 1, 0xff));
        assert_eq!(
            (bits(63), bits(64), bits(70)),
            (u64::MAX >> 1, u64::MAX, u64::MAX)
        );
        assert_eq!((bit(0), bit(63), bit(64)), (Some(1), Some(1 << 63), None));
    }

    #[test]
    fn challenge_count_at_its_edges() {
        let count = |bytes| challenge_count(bytes, 8, 32, 1 << 30);
        let gib = 1u128 << 30;
        assert_eq!((count(0), count(1), count(gib - 1)), (0, 8, 8));
        assert_eq!((count(gib), count(3 * gib - 1), count(3 * gib)), (9, 9, 10));
        assert_eq!((count(1024 * gib), count(u128::MAX)), (18, 32));
    }
}
