//! Seeds that the tests choose.

use super::*;

#[storage_alias]
type SeedOf = StorageMap<MockSeeds, Twox64Concat, u32, [u8; 32]>;

/// Seeds in storage, with gaps where the tests want them, forgotten after `History` blocks.
pub struct Seeds;

impl Seeds {
    pub(crate) fn set(block: u32, value: [u8; 32]) {
        SeedOf::insert(block, value);
    }

    pub(crate) fn remember(block: u32) {
        SeedOf::insert(
            block,
            sp_io::hashing::blake2_256(&(b"seed", block).encode()),
        );
    }

    pub(crate) fn forget(block: u32) {
        SeedOf::remove(block);
    }
}

impl AgedRandomness<u32> for Seeds {
    fn seed_from(not_before: u32) -> Option<Seed<u32>> {
        (not_before..=not_before.saturating_add(MaxSeedGap::get())).find_map(|block| {
            SeedOf::get(block).map(|value| Seed {
                value,
                drawn_at: block,
            })
        })
    }
    fn history() -> u32 {
        History::get()
    }
    #[cfg(feature = "runtime-benchmarks")]
    fn set_seed(block: u32, value: [u8; 32]) {
        Self::set(block, value);
    }
}
