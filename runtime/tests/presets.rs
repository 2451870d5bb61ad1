//! Every preset builds into a state that is as its documentation says.

mod chain;

use frame_support::traits::{Currency, Get};
use noema_core::{
    time::{DAYS, HOURS, MINUTES},
    units::NOEMA,
};
use noema_runtime::{
    configs::{
        governance::Committee,
        money::{RepairFundAccount, TreasuryAccount, EXISTENTIAL_DEPOSIT},
        staking::election::MAX_CANDIDATES,
    },
    genesis_presets::{self, DEVELOPMENT_ENDOWMENT, DEVELOPMENT_NOMINATION, DEVELOPMENT_STAKE},
    governance::tracks::Tracks,
    AccountId, AuthorityDiscovery, Babe, Balances, Grandpa, Runtime, Session, Staking,
};
use pallet_referenda::TracksInfo;
use pallet_staking::{MaxValidatorsCount, SlashRewardFraction};
use sp_consensus_babe::AllowedSlots;
use sp_genesis_builder::runtime_decl_for_genesis_builder::GenesisBuilderV1;
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};
use sp_runtime::Perbill;
use sp_staking::StakingAccount::Stash;
use std::collections::BTreeSet;

fn assert_development(preset: &str, validators: &[(Sr25519Keyring, Ed25519Keyring)]) {
    let mut state = chain::genesis(preset);
    state.execute_with(|| {
        let accounts: Vec<AccountId> = validators
            .iter()
            .map(|(who, _)| who.to_account_id())
            .collect();
        // They are elected, in the order in which the election has them.
        let elected = Session::validators();
        assert_eq!(
            elected.iter().collect::<BTreeSet<_>>(),
            accounts.iter().collect()
        );
        let of = |account: &AccountId| {
            validators
                .iter()
                .find(|(who, _)| who.to_account_id() == *account)
                .expect("a validator of the preset")
        };
        let babe: Vec<_> = Babe::authorities()
            .into_iter()
            .map(|(key, _)| key)
            .collect();
        let expected: Vec<_> = elected
            .iter()
            .map(|who| of(who).0.public().into())
            .collect();
        assert_eq!(babe, expected);
        let grandpa: Vec<_> = Grandpa::grandpa_authorities();
        let expected: Vec<_> = elected
            .iter()
            .map(|who| (of(who).1.public().into(), 1))
            .collect();
        assert_eq!(grandpa, expected);
        let voters = [Sr25519Keyring::Ferdie.to_account_id()];
        for who in accounts.iter().chain(&voters) {
            let stake = Staking::ledger(Stash(who.clone()))
                .expect("a staker")
                .active;
            let expected = if voters.contains(who) {
                DEVELOPMENT_NOMINATION
            } else {
                DEVELOPMENT_STAKE
            };
            assert_eq!(stake, expected);
        }
        assert_eq!(
            MaxValidatorsCount::<Runtime>::get(),
            Some(MAX_CANDIDATES),
            "with more candidates elections would fail"
        );
        assert_eq!(
            SlashRewardFraction::<Runtime>::get(),
            Perbill::zero(),
            "nobody gains by a slash"
        );
        assert_eq!(AuthorityDiscovery::authorities().len(), validators.len());
        let epoch = Babe::epoch_config().expect("genesis sets it");
        assert_eq!(
            epoch.allowed_slots,
            AllowedSlots::PrimaryAndSecondaryVRFSlots
        );
        assert_eq!(epoch.c, (1, 20));

        assert_eq!(
            pallet_sudo::Key::<Runtime>::get(),
            Some(Sr25519Keyring::Alice.to_account_id())
        );
        let committee = [
            Sr25519Keyring::Alice,
            Sr25519Keyring::Bob,
            Sr25519Keyring::Charlie,
        ];
        let mut committee = committee.map(|who| who.to_account_id()).to_vec();
        committee.sort();
        assert_eq!(
            pallet_collective::Members::<Runtime, Committee>::get(),
            committee
        );
        for who in Sr25519Keyring::well_known() {
            assert_eq!(
                Balances::total_balance(&who.to_account_id()),
                DEVELOPMENT_ENDOWMENT
            );
        }
        for fund in [
            TreasuryAccount::get(),
            RepairFundAccount::get(),
            noema_runtime::configs::ai::storage::PotAccount::get(),
            noema_runtime::configs::ai::da::DaPotAccount::get(),
        ] {
            assert_eq!(Balances::free_balance(fund), EXISTENTIAL_DEPOSIT);
        }
        assert_eq!(
            Balances::total_issuance(),
            12 * 10_000_000 * NOEMA + 4 * EXISTENTIAL_DEPOSIT,
            "nothing else is issued"
        );
        #[cfg(feature = "try-state")]
        {
            use frame_support::traits::{TryState, TryStateSelect};
            noema_runtime::AllPalletsWithSystem::try_state(0, TryStateSelect::All)
                .expect("every invariant holds at genesis");
        }
    });
}

#[test]
fn development_has_one_validator() {
    assert_development(
        "development",
        &[(Sr25519Keyring::Alice, Ed25519Keyring::Alice)],
    );
}

#[test]
fn local_testnet_has_two_validators() {
    assert_development(
        "local_testnet",
        &[
            (Sr25519Keyring::Alice, Ed25519Keyring::Alice),
            (Sr25519Keyring::Bob, Ed25519Keyring::Bob),
        ],
    );
}

#[test]
fn four_validators_has_four_validators() {
    assert_development(
        "four_validators",
        &[
            (Sr25519Keyring::Alice, Ed25519Keyring::Alice),
            (Sr25519Keyring::Bob, Ed25519Keyring::Bob),
            (Sr25519Keyring::Charlie, Ed25519Keyring::Charlie),
            (Sr25519Keyring::Dave, Ed25519Keyring::Dave),
        ],
    );
}

#[test]
fn every_named_preset_is_tested_here_and_others_do_not_exist() {
    let names = genesis_presets::preset_names();
    assert_eq!(names, ["development", "local_testnet", "four_validators"]);
    assert!(genesis_presets::get_preset(&"mainnet".into()).is_none());
}

#[test]
fn the_default_genesis_has_no_sudo_key_no_committee_and_no_funds() {
    let mut state = sp_io::TestExternalities::new_empty();
    state.execute_with(|| {
        let json = Runtime::get_preset(&None).expect("the default exists");
        Runtime::build_state(json).expect("it builds");
        assert_eq!(pallet_sudo::Key::<Runtime>::get(), None);
        assert_eq!(
            Balances::total_issuance(),
            EXISTENTIAL_DEPOSIT,
            "the treasury exists"
        );
        assert_eq!(
            Balances::free_balance(TreasuryAccount::get()),
            EXISTENTIAL_DEPOSIT
        );
        assert!(pallet_collective::Members::<Runtime, Committee>::get().is_empty());
    });
}

/// Whoever adds a preset decides here that it is one of development.
const QUICK: [&str; 3] = ["development", "local_testnet", "four_validators"];

#[test]
fn referenda_are_quick_in_development_presets_and_nowhere_else() {
    let periods = || {
        let root = Tracks::info(0).expect("root has a track").into_owned();
        let votes = <Runtime as pallet_conviction_voting::Config>::VoteLockingPeriod::get();
        [
            root.prepare_period,
            root.decision_period,
            root.confirm_period,
            votes,
        ]
    };
    let full = [2 * HOURS, 28 * DAYS, DAYS, 7 * DAYS];
    for name in genesis_presets::preset_names() {
        let expected = match QUICK.contains(&name.as_ref()) {
            // A day takes a minute.
            true => [5, 28 * MINUTES, MINUTES, 7 * MINUTES],
            false => full,
        };
        let found = chain::genesis(name.as_ref()).execute_with(periods);
        assert_eq!(found, expected, "{name}");
    }
    let mut state = sp_io::TestExternalities::new_empty();
    let found = state.execute_with(|| {
        let json = Runtime::get_preset(&None).expect("the default exists");
        Runtime::build_state(json).expect("it builds");
        periods()
    });
    assert_eq!(found, full, "the default");
}
