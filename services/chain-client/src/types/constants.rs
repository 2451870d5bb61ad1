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
}
