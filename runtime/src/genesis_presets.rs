//! Named genesis states, from which chain specifications are made.
//!
//! | preset | validators | sudo | for |
//! |---|---|---|---|
//! | `development` | Alice | Alice | one node, `--dev` |
//! | `local_testnet` | Alice, Bob | Alice | two nodes on one machine |
//! | `four_validators` | Alice, Bob, Charlie, Dave | Alice | four nodes, of which one may fail |
//!
//! All endow the twelve well-known development accounts, whose keys everybody knows, give one of
//! them root, make three of them the technical committee, and have referenda and eras
//! run [`DEVELOPMENT_SPEED`] times as fast, and rounds of audits and leases, and eras of data availability, of a minute. Each validator stakes a tenth of that, and Ferdie nominates all of them
//! with half as much. A chain for others starts from none of them: it names its own validators, their stakes and its
//! committee, sets no sudo key and says nothing of speed (`chain-specs/testnet-template.json`).

use crate::{
    configs::{
        ai::{da::DaPotAccount, storage::PotAccount},
        consensus::BABE_GENESIS_EPOCH_CONFIG,
        money::{RepairFundAccount, TreasuryAccount, EXISTENTIAL_DEPOSIT},
        staking::election::MAX_CANDIDATES,
    },
    parameters::{DEVELOPMENT_PACE, DEVELOPMENT_SPEED},
    AccountId, AuditsConfig, Balance, BalancesConfig, NominationPoolsConfig, OriginsConfig,
    RowAuditsConfig, RuntimeGenesisConfig, SessionConfig, SessionKeys, StakingConfig, SudoConfig,
    TechnicalCommitteeConfig,
};
use alloc::{vec, vec::Vec};
use frame_support::build_struct_json_patch;
use noema_core::units::NOEMA;
use pallet_staking::StakerStatus;
use serde_json::Value;
use sp_genesis_builder::{PresetId, DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET};
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};
use sp_runtime::Perbill;

/// What each development account starts with.
pub const DEVELOPMENT_ENDOWMENT: Balance = 10_000_000 * NOEMA;

/// What a validator of a development preset stakes.
pub const DEVELOPMENT_STAKE: Balance = DEVELOPMENT_ENDOWMENT / 10;

/// What the nominator of a development preset stakes.
pub const DEVELOPMENT_NOMINATION: Balance = DEVELOPMENT_STAKE / 2;

/// The preset of the smallest network that goes on finalising when a validator fails.
pub const FOUR_VALIDATORS_RUNTIME_PRESET: &str = "four_validators";

/// The preset on which calls are measured: `development` without the least stakes and the greatest number of candidates, which the SDK's
/// benchmarks do not keep to.
#[cfg(feature = "runtime-benchmarks")]
pub const BENCHMARKS_RUNTIME_PRESET: &str = "benchmarks";

/// The names of the presets.
pub fn preset_names() -> Vec<PresetId> {
    vec![
        PresetId::from(DEV_RUNTIME_PRESET),
        PresetId::from(LOCAL_TESTNET_RUNTIME_PRESET),
        PresetId::from(FOUR_VALIDATORS_RUNTIME_PRESET),
        #[cfg(feature = "runtime-benchmarks")]
        PresetId::from(BENCHMARKS_RUNTIME_PRESET),
    ]
}

/// The preset `id` as a JSON patch of the default genesis state, or `None` if there is no such
/// preset.
pub fn get_preset(id: &PresetId) -> Option<Vec<u8>> {
    let patch = match id.as_ref() {
        DEV_RUNTIME_PRESET => development(&[Validator::ALICE]),
        LOCAL_TESTNET_RUNTIME_PRESET => development(&[Validator::ALICE, Validator::BOB]),
        FOUR_VALIDATORS_RUNTIME_PRESET => development(&[
            Validator::ALICE,
            Validator::BOB,
            Validator::CHARLIE,
            Validator::DAVE,
        ]),
        #[cfg(feature = "runtime-benchmarks")]
        BENCHMARKS_RUNTIME_PRESET => benchmarks(),
        _ => return None,
    };
    // A JSON value always has a text.
    serde_json::to_string(&patch)
        .ok()
        .map(alloc::string::String::into_bytes)
}

/// A validator of the development presets.
struct Validator {
    account: Sr25519Keyring,
    grandpa: Ed25519Keyring,
}

impl Validator {
    const ALICE: Self = Self {
        account: Sr25519Keyring::Alice,
        grandpa: Ed25519Keyring::Alice,
    };
    const BOB: Self = Self {
        account: Sr25519Keyring::Bob,
        grandpa: Ed25519Keyring::Bob,
    };
    const CHARLIE: Self = Self {
        account: Sr25519Keyring::Charlie,
        grandpa: Ed25519Keyring::Charlie,
    };
    const DAVE: Self = Self {
        account: Sr25519Keyring::Dave,
        grandpa: Ed25519Keyring::Dave,
    };

    fn keys(&self) -> SessionKeys {
        SessionKeys {
            babe: self.account.public().into(),
            grandpa: self.grandpa.public().into(),
            authority_discovery: self.account.public().into(),
        }
    }
}

fn development(validators: &[Validator]) -> Value {
    build_struct_json_patch!(RuntimeGenesisConfig {
        balances: BalancesConfig {
            balances: endowed()
        },
        babe: pallet_babe::GenesisConfig {
            epoch_config: BABE_GENESIS_EPOCH_CONFIG
        },
        session: SessionConfig {
            keys: validators
                .iter()
                .map(|validator| {
                    let account = validator.account.to_account_id();
                    (account.clone(), account, validator.keys())
                })
                .collect::<Vec<_>>(),
        },
        staking: StakingConfig {
            validator_count: validators.len().try_into().unwrap_or(u32::MAX),
            minimum_validator_count: 1,
            stakers: stakers(validators),
            min_validator_bond: 1_000 * NOEMA,
            min_nominator_bond: 10 * NOEMA,
            // With more, elections fail (see `MAX_CANDIDATES`).
            max_validator_count: Some(MAX_CANDIDATES),
            // Nobody gains by a slash: a validator that reports itself must not be paid out of its nominators' stake.
            slash_reward_fraction: Perbill::zero(),
        },
        nomination_pools: NominationPoolsConfig {
            min_create_bond: 100 * NOEMA,
            min_join_bond: NOEMA,
            max_pools: Some(512),
            max_members: None,
            max_members_per_pool: None,
            global_max_commission: Some(Perbill::from_percent(20)),
        },
        sudo: SudoConfig {
            key: Some(Sr25519Keyring::Alice.to_account_id())
        },
        technical_committee: TechnicalCommitteeConfig {
            members: development_committee()
        },
        audits: AuditsConfig {
            pace: Some(DEVELOPMENT_PACE)
        },
        row_audits: RowAuditsConfig {
            pace: Some(DEVELOPMENT_PACE)
        },
        origins: OriginsConfig {
            governance_speed: DEVELOPMENT_SPEED
        },
    })
}

#[cfg(feature = "runtime-benchmarks")]
fn benchmarks() -> Value {
    let mut patch = development(&[Validator::ALICE]);
    if let Some(staking) = patch.get_mut("staking").and_then(Value::as_object_mut) {
        for limit in ["minValidatorBond", "minNominatorBond", "maxValidatorCount"] {
            staking.remove(limit);
        }
    }
    patch
}

/// A staker at genesis: stash, the same once more, stake, and what it stakes for.
type Staker = (AccountId, AccountId, Balance, StakerStatus<AccountId>);

/// The validators, and Ferdie who nominates them.
fn stakers(validators: &[Validator]) -> Vec<Staker> {
    let accounts: Vec<AccountId> = validators
        .iter()
        .map(|validator| validator.account.to_account_id())
        .collect();
    let nominator = Sr25519Keyring::Ferdie.to_account_id();
    accounts
        .iter()
        .map(|who| {
            (
                who.clone(),
                who.clone(),
                DEVELOPMENT_STAKE,
                StakerStatus::Validator,
            )
        })
        .chain([(
            nominator.clone(),
            nominator,
            DEVELOPMENT_NOMINATION,
            StakerStatus::Nominator(accounts.clone()),
        )])
        .collect()
}

/// Of three, two whitelist a call, and all move the emergency levers.
fn development_committee() -> Vec<AccountId> {
    [
        Sr25519Keyring::Alice,
        Sr25519Keyring::Bob,
        Sr25519Keyring::Charlie,
    ]
    .map(|who| who.to_account_id())
    .into()
}

/// The development accounts, and the funds of the chain, which must exist to receive small amounts.
fn endowed() -> Vec<(AccountId, Balance)> {
    Sr25519Keyring::well_known()
        .map(|who| (who.to_account_id(), DEVELOPMENT_ENDOWMENT))
        .chain([
            (TreasuryAccount::get(), EXISTENTIAL_DEPOSIT),
            (RepairFundAccount::get(), EXISTENTIAL_DEPOSIT),
            (PotAccount::get(), EXISTENTIAL_DEPOSIT),
            (DaPotAccount::get(), EXISTENTIAL_DEPOSIT),
        ])
        .collect()
}
