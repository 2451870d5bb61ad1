//! The chain's parameters.

use serde::Serialize;

use super::{Balance, BlockNumber, RoundIndex, Tick};

/// Parameters of the chain at a block; an upgrade may change them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Constants {
    /// How many sectors a proof carries.
    pub proof_sectors: u32,
    /// Greatest number of replicas of a deal.
    pub max_replicas: u32,
    /// Greatest size of a file in bytes.
    pub max_file_size: u64,
    /// Ticks within which drawn sectors must be proven.
    pub prove_window: Tick,
    /// What an account must keep to exist, in the smallest unit.
    pub existential_deposit: Balance,
    /// Greatest length of an endpoint in bytes.
    pub max_endpoint_len: u32,
    /// Blocks between `unbond` and `withdraw`.
    pub unbonding_period: BlockNumber,
    /// Blocks for which a seed is remembered.
    pub seed_history: BlockNumber,
    /// How many blocks after a draw point may still make its seed.
    pub seed_max_gap: BlockNumber,
    /// The least rounds of a lease, without its grace.
    pub min_rounds: RoundIndex,
    /// The most rounds from now to the end of a lease, its grace included.
    pub max_rounds: RoundIndex,
    /// The last rounds of a lease, in which its owner is warned.
    pub grace_rounds: RoundIndex,
    /// How many files one call can commit to.
    pub max_batch: u32,
    /// How many slots can be drawn in one block at most.
    pub max_tasks_per_block: u32,
}

/// How many times the least term a file is committed for, if nobody says otherwise: a month of rounds of six hours.
const USUAL_TERM: RoundIndex = 30;

impl Constants {
    /// Rounds for which a file is committed if nobody says otherwise.
    pub fn usual_rounds(&self) -> RoundIndex {
        let most = self.max_rounds.saturating_sub(self.grace_rounds);
        self.min_rounds.saturating_mul(USUAL_TERM).min(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_term_is_thirty_times_the_least_and_fits() {
        let constants = |min_rounds, max_rounds| Constants {
            proof_sectors: 8,
            max_replicas: 16,
            max_file_size: 1 << 40,
            prove_window: 60,
            existential_deposit: 1,
            max_endpoint_len: 256,
            unbonding_period: 1,
            seed_history: 1,
            seed_max_gap: 1,
            min_rounds,
            max_rounds,
            grace_rounds: 12,
            max_batch: 64,
            max_tasks_per_block: 64,
        };
        assert_eq!(constants(4, 2_920).usual_rounds(), 120);
        assert_eq!(constants(4, 100).usual_rounds(), 88);
    }
}
