//! The genesis of a development chain: Alice authors and has root.

use crate::{
    AccountId, AuraConfig, Balance, BalancesConfig, GrandpaConfig, RuntimeGenesisConfig, SudoConfig,
};
use alloc::{string::String, vec, vec::Vec};
use frame_support::build_struct_json_patch;
use sp_genesis_builder::{PresetId, DEV_RUNTIME_PRESET};
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

/// What each development account starts with.
pub const ENDOWMENT: Balance = 1 << 60;

/// The names of the presets.
pub fn preset_names() -> Vec<PresetId> {
    vec![PresetId::from(DEV_RUNTIME_PRESET)]
}

/// The preset `id` as a JSON patch of the default genesis state, or `None` if there is no such preset.
pub fn get_preset(id: &PresetId) -> Option<Vec<u8>> {
    let name: &str = id.as_ref();
    if name != DEV_RUNTIME_PRESET {
        return None;
    }
    let patch = build_struct_json_patch!(RuntimeGenesisConfig {
        balances: BalancesConfig {
            balances: endowed()
        },
        aura: AuraConfig {
            authorities: vec![Sr25519Keyring::Alice.public().into()]
        },
        grandpa: GrandpaConfig {
            authorities: vec![(Ed25519Keyring::Alice.public().into(), 1)]
        },
        sudo: SudoConfig {
            key: Some(Sr25519Keyring::Alice.to_account_id())
        },
    });
    // A JSON value always has a text.
    serde_json::to_string(&patch).ok().map(String::into_bytes)
}

/// The well-known development accounts.
fn endowed() -> Vec<(AccountId, Balance)> {
    Sr25519Keyring::well_known()
        .map(|who| (who.to_account_id(), ENDOWMENT))
        .collect()
}
