//! Weights of the calls of BABE and GRANDPA, on the database of this runtime.
//!
//! Neither pallet has a benchmark for its calls. The times of execution are those that the SDK states for its reference
//! hardware (`default_weights.rs` of both crates); the SDK prices the accesses beside them for another database.

use crate::Runtime;
use frame_support::weights::{
    constants::{WEIGHT_REF_TIME_PER_MICROS, WEIGHT_REF_TIME_PER_NANOS},
    RuntimeDbWeight, Weight,
};

/// Weights of the consensus pallets' calls.
pub struct ConsensusWeights;

/// The fewest validators that a membership proof is priced for.
const LEAST_VALIDATORS: u64 = 100;

fn micros(count: u64) -> Weight {
    Weight::from_parts(count.saturating_mul(WEIGHT_REF_TIME_PER_MICROS), 0)
}

fn db() -> RuntimeDbWeight {
    <Runtime as frame_system::Config>::DbWeight::get()
}

/// A report of an equivocation whose own proof takes `proof_micros` to check: that the offender was a validator, the
/// proof, and the offence with everybody who nominated the offender.
fn report(validators: u32, nominators: u32, proof_micros: u64) -> Weight {
    let validators = u64::from(validators).max(LEAST_VALIDATORS);
    let nominators = u64::from(nominators);
    let accesses_of_nominators = nominators.saturating_mul(3);
    let membership = micros(35).saturating_add(Weight::from_parts(
        validators.saturating_mul(175 * WEIGHT_REF_TIME_PER_NANOS),
        0,
    ));
    let offence = micros(110).saturating_add(micros(nominators.saturating_mul(25)));
    membership
        .saturating_add(micros(proof_micros))
        .saturating_add(offence)
        .saturating_add(db().reads_writes(
            accesses_of_nominators.saturating_add(5 + 14),
            accesses_of_nominators.saturating_add(10),
        ))
}

impl pallet_babe::WeightInfo for ConsensusWeights {
    fn plan_config_change() -> Weight {
        db().writes(1)
    }

    fn report_equivocation(validators: u32, nominators: u32) -> Weight {
        report(validators, nominators, 110)
    }
}

impl pallet_grandpa::WeightInfo for ConsensusWeights {
    fn report_equivocation(validators: u32, nominators: u32) -> Weight {
        // Two reads more: from the voter set to its session.
        report(validators, nominators, 95).saturating_add(db().reads(2))
    }

    fn note_stalled() -> Weight {
        micros(3).saturating_add(db().writes(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use frame_support::weights::constants::RocksDbWeight;

    /// The same as the SDK's, but for the price of its accesses.
    #[test]
    fn execution_is_priced_as_the_sdk_prices_it() {
        for (validators, nominators) in [(1, 0), (100, 3), (256, 16)] {
            let accesses = 3 * u64::from(nominators);
            let cases = [
                (
                    <ConsensusWeights as pallet_babe::WeightInfo>::report_equivocation(
                        validators, nominators,
                    ),
                    <() as pallet_babe::WeightInfo>::report_equivocation(validators, nominators),
                    19,
                ),
                (
                    <ConsensusWeights as pallet_grandpa::WeightInfo>::report_equivocation(
                        validators, nominators,
                    ),
                    <() as pallet_grandpa::WeightInfo>::report_equivocation(validators, nominators),
                    21,
                ),
            ];
            for (ours, sdks, reads) in cases {
                let (reads, writes) = (reads + accesses, 10 + accesses);
                assert_eq!(
                    ours - db().reads_writes(reads, writes),
                    sdks - RocksDbWeight::get().reads_writes(reads, writes),
                );
            }
        }
    }
}
