//! Which pallets are measured, and with what state around them.
//!
//! Not `pallet-migrations`: its benchmarks put mocked migrations in the place of the real ones, and its own weights serve.

use crate::*;
use alloc::{string::String, vec::Vec};
use frame_benchmarking::{
    baseline::Pallet as BaselineBench, BenchmarkBatch, BenchmarkConfig, BenchmarkList,
};
use frame_support::traits::{
    StorageInfo, StorageInfoTrait, TrackedStorageKey, WhitelistedStorageKeys,
};
use frame_system_benchmarking::{
    extensions::Pallet as SystemExtensionsBench, Pallet as SystemBench,
};
use pallet_election_provider_support_benchmarking::Pallet as ElectionBench;

frame_benchmarking::define_benchmarks!(
    [frame_benchmarking, BaselineBench::<Runtime>]
    [frame_system, SystemBench::<Runtime>]
    [frame_system_extensions, SystemExtensionsBench::<Runtime>]
    [pallet_timestamp, Timestamp]
    [pallet_babe, Babe]
    [pallet_bags_list, VoterList]
    [pallet_election_provider_support_benchmarking, ElectionBench::<Runtime>]
    [pallet_staking, Staking]
    [pallet_grandpa, Grandpa]
    [pallet_balances, Balances]
    [pallet_transaction_payment, TransactionPayment]
    [pallet_utility, Utility]
    [pallet_multisig, Multisig]
    [pallet_proxy, Proxy]
    [pallet_identity, Identity]
    [pallet_vesting, Vesting]
    [pallet_assets, Assets]
    [pallet_sudo, Sudo]
    [pallet_preimage, Preimage]
    [pallet_scheduler, Scheduler]
    [pallet_treasury, Treasury]
    [pallet_conviction_voting, ConvictionVoting]
    [pallet_referenda, Referenda]
    [pallet_whitelist, Whitelist]
    [pallet_collective, TechnicalCommittee]
    [pallet_safe_mode, SafeMode]
    [pallet_tx_pause, TxPause]
    [pallet_noema_agents, Agents]
    [pallet_noema_audits, Audits]
    [pallet_noema_audits, RowAudits]
    [pallet_noema_compute, Compute]
    [pallet_noema_da, DataAvailability]
    [pallet_noema_entropy, Entropy]
    [pallet_noema_fees, Fees]
    [pallet_noema_providers, Providers]
    [pallet_noema_storage, Storage]
);

impl frame_system_benchmarking::Config for Runtime {}
impl frame_benchmarking::baseline::Config for Runtime {}
impl pallet_election_provider_support_benchmarking::Config for Runtime {}
impl pallet_transaction_payment::BenchmarkConfig for Runtime {}

/// What there is to measure.
pub(crate) fn metadata(extra: bool) -> (Vec<BenchmarkList>, Vec<StorageInfo>) {
    let mut list = Vec::<BenchmarkList>::new();
    list_benchmarks!(list, extra);
    (list, AllPalletsWithSystem::storage_info())
}

/// What is read and written anyway: by every block, or by the same transaction before. It is in memory, and is not counted again.
fn in_memory(pallet: &[u8]) -> Vec<TrackedStorageKey> {
    let mut keys = AllPalletsWithSystem::whitelisted_storage_keys();
    // Every transaction's genesis is compared with it.
    keys.push(TrackedStorageKey::new(
        frame_system::BlockHash::<Runtime>::hashed_key_for(0),
    ));
    if pallet == b"pallet_transaction_payment" {
        // Who pays is who signed: `check_nonce` has counted the account.
        let payer: AccountId = frame_benchmarking::account("caller", 0, 0);
        let payer = frame_system::Account::<Runtime>::hashed_key_for(payer);
        keys.push(TrackedStorageKey::new(payer));
        // Every transaction of a block adds to the same record: the hook that pays it out has counted it.
        let record = pallet_noema_fees::Pending::<Runtime>::hashed_key();
        keys.push(TrackedStorageKey::new(record.to_vec()));
    }
    keys
}

/// Measures one benchmark.
pub(crate) fn dispatch(config: BenchmarkConfig) -> Result<Vec<BenchmarkBatch>, String> {
    let whitelist = in_memory(&config.pallet);
    let mut batches = Vec::<BenchmarkBatch>::new();
    let params = (&config, &whitelist);
    add_benchmarks!(params, batches);
    Ok(batches)
}
