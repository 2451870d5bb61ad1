//! The chain's parameters.

use serde::Serialize;

use super::{Balance, BlockNumber};

/// Parameters of the chain at a block; an upgrade may change them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Constants {
    /// How many sectors a proof carries.
    pub proof_sectors: u32,
    /// Greatest number of replicas of a deal.
    pub max_replicas: u32,
    /// Greatest size of a file in bytes.
    pub max_file_size: u64,
    /// Blocks within which drawn sectors must be proven.
    pub prove_window: BlockNumber,
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
    /// Deposit for a deal, in the smallest unit.
    pub deposit_base: Balance,
    /// Deposit for each of its replicas, in the smallest unit.
    pub deposit_per_replica: Balance,
    /// Deposit for each MiB of each replica, in the smallest unit.
    pub deposit_per_mib: Balance,
}

impl Constants {
    /// What a commitment to a file of `size` bytes with this many replicas holds, in the smallest
    /// unit: the rule of `docs/design/storage.md`.
    pub fn storage_deposit(&self, size: u64, replicas: u8) -> Balance {
        let per_replica = self
            .deposit_per_mib
            .saturating_mul(Balance::from(size.div_ceil(1 << 20)));
        self.deposit_per_replica
            .saturating_add(per_replica)
            .saturating_mul(Balance::from(replicas))
            .saturating_add(self.deposit_base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_deposit_counts_begun_mebibytes_of_each_replica() {
        let constants = Constants {
            proof_sectors: 8,
            max_replicas: 16,
            max_file_size: 1 << 40,
            prove_window: 60,
            existential_deposit: 1,
            max_endpoint_len: 256,
            unbonding_period: 1,
            seed_history: 1,
            seed_max_gap: 1,
            deposit_base: 1_000,
            deposit_per_replica: 100,
            deposit_per_mib: 10,
        };
        assert_eq!(constants.storage_deposit(1, 1), 1_110);
        assert_eq!(constants.storage_deposit(1 << 20, 3), 1_330);
        assert_eq!(constants.storage_deposit((1 << 20) + 1, 3), 1_360);
    }
}
