//! Seeds: every block has one, unless a test says otherwise.

use super::*;
use frame_support::{storage_alias, Twox64Concat};
use noema_traits::{AgedRandomness, Seed};

/// For how many blocks a seed is remembered.
pub(crate) const HISTORY: u32 = 600;

/// Blocks without a seed.
#[storage_alias]
pub(crate) type Seedless = StorageMap<MockSeeds, Twox64Concat, u32, ()>;
/// What all seeds are made of, so that histories differ.
#[storage_alias]
pub(crate) type Salt = StorageValue<MockSeeds, u64, frame_support::pallet_prelude::ValueQuery>;

/// Seeds of blocks.
pub struct Seeds;

impl Seeds {
    /// The seed of a block.
    pub(crate) fn of(block: u32) -> [u8; 32] {
        sp_io::hashing::blake2_256(&codec::Encode::encode(&(Salt::get(), block)))
    }
}

impl AgedRandomness<u32> for Seeds {
    fn seed_from(not_before: u32) -> Option<Seed<u32>> {
        let now = System::block_number();
        (not_before..=not_before + MaxSeedGap::get())
            .find(|block| *block <= now && !Seedless::contains_key(block))
            .filter(|block| block + HISTORY >= now)
            .map(|block| Seed {
                value: Self::of(block),
                drawn_at: block,
            })
    }

    fn history() -> u32 {
        HISTORY
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn set_seed(block: u32, _value: [u8; 32]) {
        System::set_block_number(block);
    }
}
