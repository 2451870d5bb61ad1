//! Seeds.

use crate::{weights, Runtime};
use frame_support::traits::ConstU32;
use noema_core::time::MINUTES;
use pallet_noema_entropy::babe::{CurrentEpochRandomness, CurrentVrfOutput};

/// How many blocks after the one asked for may stand in for it when it has no seed. The first block
/// of a session never has one.
pub const MAX_SEED_GAP: u32 = 8;

impl pallet_noema_entropy::Config for Runtime {
    type VrfOutput = CurrentVrfOutput<Runtime>;
    type EpochRandomness = CurrentEpochRandomness<Runtime>;
    // Ten minutes: ten times as long as the longest wait for an answer that needs a seed.
    type History = ConstU32<{ 10 * MINUTES }>;
    type MaxGap = ConstU32<MAX_SEED_GAP>;
    type WeightInfo = weights::pallet_noema_entropy::WeightInfo<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = CurrentVrfOutput<Runtime>;
}
