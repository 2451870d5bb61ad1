//! Named genesis states.

use crate::{
    AccountId, Balance, BalancesConfig, FundAccount, PotAccount, RuntimeGenesisConfig, UNIT,
};
use alloc::{string::String, vec, vec::Vec};
use frame_support::build_struct_json_patch;
use sp_genesis_builder::{PresetId, DEV_RUNTIME_PRESET};
use sp_keyring::Sr25519Keyring;

/// What each development account starts with.
pub const ENDOWMENT: Balance = 1_000_000 * UNIT;

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
    });
    // A JSON value always has a text.
    serde_json::to_string(&patch).ok().map(String::into_bytes)
}

/// The well-known development accounts, and those that must exist to receive what is paid for leases.
fn endowed() -> Vec<(AccountId, Balance)> {
    Sr25519Keyring::well_known()
        .map(|who| (who.to_account_id(), ENDOWMENT))
        .chain([(PotAccount::get(), UNIT), (FundAccount::get(), UNIT)])
        .collect()
}
