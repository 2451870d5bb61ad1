//! Named genesis states, from which chain specifications are made.
//!
//! | preset | validators | sudo | for |
//! |---|---|---|---|
//! | `development` | Alice | Alice | one node, `--dev` |
//! | `local_testnet` | Alice, Bob | Alice | two nodes on one machine |
//!
//! Both endow the twelve well-known development accounts, whose keys everybody knows, and give one
//! of them root. A chain for others starts from neither: it names its own validators and sets no
//! sudo key.

use crate::{
    configs::{
        consensus::BABE_GENESIS_EPOCH_CONFIG,
        money::{RepairFundAccount, TreasuryAccount, EXISTENTIAL_DEPOSIT},
    },
    AccountId, Balance, BalancesConfig, RuntimeGenesisConfig, SessionConfig, SessionKeys,
    SudoConfig,
};
use alloc::{vec, vec::Vec};
use frame_support::build_struct_json_patch;
use noema_core::units::NOEMA;
use serde_json::Value;
use sp_genesis_builder::{PresetId, DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET};
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

/// What each development account starts with.
pub const DEVELOPMENT_ENDOWMENT: Balance = 10_000_000 * NOEMA;

/// The names of the presets.
pub fn preset_names() -> Vec<PresetId> {
    vec![
        PresetId::from(DEV_RUNTIME_PRESET),
        PresetId::from(LOCAL_TESTNET_RUNTIME_PRESET),
    ]
}

/// The preset `id` as a JSON patch of the default genesis state, or `None` if there is no such
/// preset.
pub fn get_preset(id: &PresetId) -> Option<Vec<u8>> {
    let patch = match id.as_ref() {
        DEV_RUNTIME_PRESET => development(&[Validator::ALICE]),
        LOCAL_TESTNET_RUNTIME_PRESET => development(&[Validator::ALICE, Validator::BOB]),
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
        sudo: SudoConfig {
            key: Some(Sr25519Keyring::Alice.to_account_id())
        },
    })
}

/// The development accounts, and the funds of the chain, which must exist to receive small amounts.
fn endowed() -> Vec<(AccountId, Balance)> {
    Sr25519Keyring::well_known()
        .map(|who| (who.to_account_id(), DEVELOPMENT_ENDOWMENT))
        .chain([
            (TreasuryAccount::get(), EXISTENTIAL_DEPOSIT),
            (RepairFundAccount::get(), EXISTENTIAL_DEPOSIT),
        ])
        .collect()
}
