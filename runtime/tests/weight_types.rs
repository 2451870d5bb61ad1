//! No pallet's weights are left at `()`, the placeholder that costs nothing or whatever somebody's
//! machine took.

use frame_support::traits::{GetCallMetadata, PalletsInfoAccess};
use noema_runtime::{configs::governance::Committee, AllPalletsWithSystem, Runtime, RuntimeCall};
use std::{
    any::type_name,
    collections::{BTreeMap, BTreeSet},
};

/// Pallets without a weight to configure. They have no calls.
const WITHOUT_WEIGHTS: [&str; 6] = [
    "Authorship",
    "Historical",
    "AuthorityDiscovery",
    "Offences",
    "DelegatedStaking",
    "Origins",
];

/// The type of every pallet's weights, by the pallet's name.
fn weights() -> BTreeMap<&'static str, &'static str> {
    macro_rules! weights_of {
        ($($pallet:literal: $type:ty),* $(,)?) => {
            [$(($pallet, type_name::<$type>())),*].into_iter().collect()
        };
    }
    weights_of! {
        "System": <Runtime as frame_system::Config>::SystemWeightInfo,
        "Timestamp": <Runtime as pallet_timestamp::Config>::WeightInfo,
        "Babe": <Runtime as pallet_babe::Config>::WeightInfo,
        "Staking": <Runtime as pallet_staking::Config>::WeightInfo,
        "VoterList": <Runtime as pallet_bags_list::Config<pallet_bags_list::Instance1>>::WeightInfo,
        "NominationPools": <Runtime as pallet_nomination_pools::Config>::WeightInfo,
        "Session": <Runtime as pallet_session::Config>::WeightInfo,
        "Grandpa": <Runtime as pallet_grandpa::Config>::WeightInfo,
        "Balances": <Runtime as pallet_balances::Config>::WeightInfo,
        "TransactionPayment": <Runtime as pallet_transaction_payment::Config>::WeightInfo,
        "Fees": <Runtime as pallet_noema_fees::Config>::WeightInfo,
        "Utility": <Runtime as pallet_utility::Config>::WeightInfo,
        "Multisig": <Runtime as pallet_multisig::Config>::WeightInfo,
        "Proxy": <Runtime as pallet_proxy::Config>::WeightInfo,
        "Sudo": <Runtime as pallet_sudo::Config>::WeightInfo,
        "Preimage": <Runtime as pallet_preimage::Config>::WeightInfo,
        "Scheduler": <Runtime as pallet_scheduler::Config>::WeightInfo,
        "MultiBlockMigrations": <Runtime as pallet_migrations::Config>::WeightInfo,
        "Identity": <Runtime as pallet_identity::Config>::WeightInfo,
        "Vesting": <Runtime as pallet_vesting::Config>::WeightInfo,
        "Audits": <Runtime as pallet_noema_audits::Config>::WeightInfo,
        "Assets": <Runtime as pallet_assets::Config>::WeightInfo,
        "Treasury": <Runtime as pallet_treasury::Config>::WeightInfo,
        "ConvictionVoting": <Runtime as pallet_conviction_voting::Config>::WeightInfo,
        "Referenda": <Runtime as pallet_referenda::Config>::WeightInfo,
        "Whitelist": <Runtime as pallet_whitelist::Config>::WeightInfo,
        "TechnicalCommittee": <Runtime as pallet_collective::Config<Committee>>::WeightInfo,
        "SafeMode": <Runtime as pallet_safe_mode::Config>::WeightInfo,
        "TxPause": <Runtime as pallet_tx_pause::Config>::WeightInfo,
        "Entropy": <Runtime as pallet_noema_entropy::Config>::WeightInfo,
        "Agents": <Runtime as pallet_noema_agents::Config>::WeightInfo,
        "DataAvailability": <Runtime as pallet_noema_da::Config>::WeightInfo,
        "RowAudits": <Runtime as pallet_noema_audits::Config<frame_support::instances::Instance1>>::WeightInfo,
        "Compute": <Runtime as pallet_noema_compute::Config>::WeightInfo,
        "Providers": <Runtime as pallet_noema_providers::Config>::WeightInfo,
        "Storage": <Runtime as pallet_noema_storage::Config>::WeightInfo,
    }
}

/// Whether a type is the placeholder, or made of it.
fn is_placeholder(name: &str) -> bool {
    name.contains("()") || name.contains("TestWeightInfo")
}

#[test]
fn every_pallet_has_weights_or_no_calls() {
    let pallets: BTreeSet<&str> = AllPalletsWithSystem::infos()
        .iter()
        .map(|info| info.name)
        .collect();
    let listed: BTreeSet<&str> = weights().into_keys().chain(WITHOUT_WEIGHTS).collect();
    assert_eq!(pallets, listed, "a pallet is new, or gone: adapt the list");
    for pallet in WITHOUT_WEIGHTS {
        assert!(
            !RuntimeCall::get_module_names().contains(&pallet),
            "{pallet} has calls"
        );
    }
}

#[test]
fn no_weights_are_a_placeholder() {
    assert!(is_placeholder(type_name::<()>()));
    for (pallet, name) in weights() {
        assert!(!is_placeholder(name), "{pallet} has the weights {name}");
    }
    let extensions = type_name::<<Runtime as frame_system::Config>::ExtensionsWeightInfo>();
    assert!(!is_placeholder(extensions), "{extensions}");
}

#[test]
fn weights_of_our_pallets_are_measured_on_this_runtime() {
    for (pallet, name) in weights() {
        if ["Entropy", "Fees", "Providers", "Storage"].contains(&pallet) {
            assert!(
                name.starts_with("noema_runtime::weights::"),
                "{pallet}: {name}"
            );
        }
    }
}
