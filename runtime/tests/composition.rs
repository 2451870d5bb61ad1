//! What the outside relies on for ever: indices, names, the form of a transaction.

use codec::Encode;
use frame_support::traits::PalletsInfoAccess;
use noema_runtime::{AllPalletsWithSystem, RuntimeCall, SessionKeys, TxExtension, VERSION};
use sp_runtime::{
    generic::Era,
    traits::{OpaqueKeys, TransactionExtension},
};

#[test]
fn pallets_keep_their_indices_and_names() {
    let pallets: Vec<(usize, &str)> = AllPalletsWithSystem::infos()
        .iter()
        .map(|info| (info.index, info.name))
        .collect();
    assert_eq!(
        pallets,
        [
            (0, "System"),
            (1, "Timestamp"),
            (10, "Balances"),
            (11, "TransactionPayment"),
            (12, "Fees"),
            (15, "Babe"),
            (16, "Authorship"),
            (17, "Staking"),
            (18, "VoterList"),
            (19, "DelegatedStaking"),
            (20, "NominationPools"),
            (21, "Offences"),
            (22, "Session"),
            (23, "Historical"),
            (24, "Grandpa"),
            (25, "AuthorityDiscovery"),
            (30, "Utility"),
            (31, "Multisig"),
            (32, "Proxy"),
            (33, "Identity"),
            (34, "Vesting"),
            (35, "Assets"),
            (40, "Sudo"),
            (41, "Preimage"),
            (42, "Scheduler"),
            (43, "MultiBlockMigrations"),
            (44, "Treasury"),
            (45, "ConvictionVoting"),
            (46, "Referenda"),
            (47, "Origins"),
            (48, "Whitelist"),
            (49, "TechnicalCommittee"),
            (50, "SafeMode"),
            (51, "TxPause"),
            (60, "Entropy"),
            (61, "Providers"),
            (63, "Storage"),
            (64, "Audits"),
            (65, "DataAvailability"),
            (66, "Compute"),
            (67, "Agents"),
            (68, "RowAudits"),
        ]
    );
}

#[test]
fn transactions_have_the_form_that_wallets_know() {
    let identifiers: Vec<&str> = <TxExtension as TransactionExtension<RuntimeCall>>::metadata()
        .iter()
        .map(|extension| extension.identifier)
        .collect();
    assert_eq!(
        identifiers,
        [
            "CheckNonZeroSender",
            "CheckSpecVersion",
            "CheckTxVersion",
            "CheckGenesis",
            "CheckMortality",
            "CheckNonce",
            "CheckWeight",
            "ChargeTransactionPayment",
            "CheckMetadataHash",
            "WeightReclaim",
        ]
    );
    let extension: TxExtension = (
        frame_system::CheckNonZeroSender::new(),
        frame_system::CheckSpecVersion::new(),
        frame_system::CheckTxVersion::new(),
        frame_system::CheckGenesis::new(),
        frame_system::CheckMortality::from(Era::Immortal),
        frame_system::CheckNonce::from(1),
        frame_system::CheckWeight::new(),
        pallet_transaction_payment::ChargeTransactionPayment::from(2),
        frame_metadata_hash_extension::CheckMetadataHash::new(true),
        frame_system::WeightReclaim::new(),
    );
    // Era, nonce, tip, mode: nothing else is in a transaction.
    assert_eq!(extension.encode(), [0, 1 << 2, 2 << 2, 1]);
}

#[test]
fn version_delays_upgrades_and_hashes_large_values() {
    assert_eq!(VERSION.spec_name, "noema");
    assert_eq!(VERSION.system_version, 3);
    assert_eq!(VERSION.state_version(), sp_runtime::StateVersion::V1);
}

#[test]
fn session_keys_are_babe_grandpa_and_authority_discovery() {
    let ids: Vec<[u8; 4]> = SessionKeys::key_ids().iter().map(|id| id.0).collect();
    assert_eq!(ids, [*b"babe", *b"gran", *b"audi"]);
}

#[test]
fn integrity_tests_of_all_pallets_pass() {
    use frame_support::traits::IntegrityTest;
    sp_io::TestExternalities::new_empty().execute_with(AllPalletsWithSystem::integrity_test);
}

#[test]
fn accounts_of_funds_are_distinct() {
    use noema_runtime::configs::money::{RepairFundAccount, TreasuryAccount};
    assert_ne!(TreasuryAccount::get(), RepairFundAccount::get());
}

#[test]
fn the_treasury_spends_from_the_account_that_fees_go_to() {
    use noema_runtime::{configs::money::TreasuryAccount, Treasury};
    assert_eq!(Treasury::account_id(), TreasuryAccount::get());
}
