//! Parameters of the chain.

use subxt::{constants::StaticAddress, ext::scale_decode::DecodeAsType};

use super::StateAt;
use crate::{error::ChainError, runtime, types::Constants};

impl StateAt {
    /// The chain's parameters at this block.
    pub fn constants(&self) -> Result<Constants, ChainError> {
        let (storage, providers) = (
            runtime::constants().storage(),
            runtime::constants().providers(),
        );
        let entropy = runtime::constants().entropy();
        Ok(Constants {
            proof_sectors: self.constant("Storage::ProofSectors", storage.proof_sectors())?,
            max_replicas: self.constant("Storage::MaxReplicas", storage.max_replicas())?,
            max_file_size: self.constant("Storage::MaxFileSize", storage.max_file_size())?,
            prove_window: self.constant("Storage::ProveWindow", storage.prove_window())?,
            existential_deposit: self.constant(
                "Balances::ExistentialDeposit",
                runtime::constants().balances().existential_deposit(),
            )?,
            max_endpoint_len: self
                .constant("Providers::MaxEndpointLen", providers.max_endpoint_len())?,
            unbonding_period: self
                .constant("Providers::UnbondingPeriod", providers.unbonding_period())?,
            min_rounds: self.constant("Storage::MinRounds", storage.min_rounds())?,
            max_rounds: self.constant("Storage::MaxRounds", storage.max_rounds())?,
            grace_rounds: self.constant("Storage::GraceRounds", storage.grace_rounds())?,
            max_batch: self.constant("Storage::MaxBatch", storage.max_batch())?,
            max_tasks_per_block: self
                .constant("Storage::MaxTasksPerBlock", storage.max_tasks_per_block())?,
            seed_history: self.constant("Entropy::History", entropy.history())?,
            seed_max_gap: self.constant("Entropy::MaxGap", entropy.max_gap())?,
        })
    }

    pub(super) fn constant<Value: DecodeAsType>(
        &self,
        name: &str,
        address: StaticAddress<Value>,
    ) -> Result<Value, ChainError> {
        let found = self.at.constants().entry(address.unvalidated());
        found.map_err(|e| self.incompatible(name, e))
    }
}
