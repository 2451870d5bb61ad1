//! The template of a public test network's specification, with placeholders where its keys and accounts will stand.
//!
//! Made of the preset of four validators, so that it has every genesis field that the presets have, whichever comes to them.
//! What a development chain alone may have goes: its accounts, its sudo key, its hurried governance.

use super::{
    placeholders::{self, placeholder},
    preset, properties, ChainSpec, Extensions,
};
use noema_runtime::genesis_presets::FOUR_VALIDATORS_RUNTIME_PRESET;
use sc_service::ChainType;
use serde::{de::DeserializeOwned, Serialize};
use serde_json::{Map, Value};
use sp_core::crypto::Ss58Codec;
use sp_keyring::Sr25519Keyring;
use std::collections::{BTreeMap, BTreeSet};

/// What `--chain` calls it.
pub(super) const ALIAS: &str = "testnet-template";

/// An entry of the genesis validators: account twice, and the session keys by their kinds.
type Validator = (String, String, Map<String, Value>);

/// An entry of the genesis stakers: account twice, stake, and what it is at stake for.
type Staker = (String, String, Value, Value);

/// The template. It has no code, and is no chain before it is filled in.
///
/// # Errors
/// When the preset that it is made of has another shape than is known here.
pub(super) fn specification() -> Result<ChainSpec, String> {
    // The id names directories of nodes and, as protocol id, their peers: networks that share it would meet.
    let id = placeholder("id of the network");
    Ok(ChainSpec::builder(&[], Extensions::default())
        .with_name(&placeholder("name of the network"))
        .with_id(&id)
        .with_chain_type(ChainType::Live)
        .with_protocol_id(&id)
        .with_properties(properties())
        .with_genesis_config_patch(genesis()?)
        .build())
}

/// Why the template is no chain.
///
/// # Errors
/// Those of [`specification`].
pub(super) fn refusal() -> Result<String, String> {
    let json = serde_json::from_str(&specification()?.as_json(false)?)
        .map_err(|error| format!("the template is not JSON: {error}"))?;
    Ok(placeholders::refuse(ALIAS, &json)
        .err()
        .unwrap_or_else(|| "the template has no placeholders".into()))
}

/// The genesis of the template, as a patch like those of the presets.
fn genesis() -> Result<Value, String> {
    let mut patch = preset(FOUR_VALIDATORS_RUNTIME_PRESET)?;
    let stashes = validators(&mut patch)?;
    edit(&mut patch, "/staking/stakers", |stakers: Vec<Staker>| {
        stakers
            .into_iter()
            // Without those that nominate.
            .filter_map(|(who, _, stake, role)| {
                let stash = stashes.get(&who)?;
                Some((stash.clone(), stash.clone(), stake, role))
            })
            .collect::<Vec<_>>()
    })?;
    // With fewer a single failure stops finality: rather than elect them, the chain keeps the validators that it has.
    let least = stashes.len();
    edit(&mut patch, "/staking/minimumValidatorCount", |_: u32| least)?;
    edit(&mut patch, "/balances/balances", |balances| {
        endowed(balances, &stashes)
    })?;
    edit(
        &mut patch,
        "/technicalCommittee/members",
        |members: Vec<String>| {
            (1..=members.len())
                .map(|n| placeholder(&format!("member {n} of the technical committee")))
                .collect::<Vec<_>>()
        },
    )?;
    remove(&mut patch, "", "sudo")?;
    remove(&mut patch, "/origins", "governanceSpeed")?;
    if patch.pointer("/origins") == Some(&Value::Object(Map::new())) {
        remove(&mut patch, "", "origins")?;
    }
    Ok(patch)
}

/// Puts placeholders in the place of the validators and their keys; returns those of the accounts, by the account that was
/// there.
fn validators(patch: &mut Value) -> Result<BTreeMap<String, String>, String> {
    let mut stashes = BTreeMap::new();
    edit(patch, "/session/keys", |validators: Vec<Validator>| {
        let entries = validators.into_iter().zip(1_u32..);
        entries
            .map(|((account, _, keys), n)| {
                let stash = placeholder(&format!("stash of validator {n}"));
                stashes.insert(account, stash.clone());
                let keys: BTreeMap<String, String> = keys
                    .into_iter()
                    .map(|(kind, _)| {
                        let key = placeholder(&format!("{kind} key of validator {n}"));
                        (kind, key)
                    })
                    .collect();
                (stash.clone(), stash, keys)
            })
            .collect::<Vec<_>>()
    })?;
    Ok(stashes)
}

/// Of the preset's `balances` those of validators and of the chain's own funds, and one of somebody who hands tokens out.
fn endowed(
    balances: Vec<(String, Value)>,
    stashes: &BTreeMap<String, String>,
) -> Vec<(String, Value)> {
    let development: BTreeSet<String> = Sr25519Keyring::well_known()
        .map(|who| who.to_account_id().to_ss58check())
        .collect();
    let (accounts, funds): (Vec<_>, Vec<_>) = balances
        .into_iter()
        .partition(|(who, _)| development.contains(who));
    let validators: Vec<_> = accounts
        .into_iter()
        .filter_map(|(who, amount)| Some((stashes.get(&who)?.clone(), amount)))
        .collect();
    let other = validators
        .first()
        .map(|(_, amount)| (placeholder("endowed account 1"), amount.clone()));
    validators.into_iter().chain(other).chain(funds).collect()
}

/// Replaces what stands at `at` by what `change` makes of it.
fn edit<Old: DeserializeOwned, New: Serialize>(
    patch: &mut Value,
    at: &str,
    change: impl FnOnce(Old) -> New,
) -> Result<(), String> {
    let differs = |why: String| {
        format!("the preset `{FOUR_VALIDATORS_RUNTIME_PRESET}` is not as the template expects it at `{at}`: {why}")
    };
    let place = patch
        .pointer_mut(at)
        .ok_or_else(|| differs("it has no such member".into()))?;
    let old = serde_json::from_value(place.take()).map_err(|error| differs(error.to_string()))?;
    *place = serde_json::to_value(change(old)).map_err(|error| differs(error.to_string()))?;
    Ok(())
}

/// Removes the member `name` of the object at `at`.
fn remove(patch: &mut Value, at: &str, name: &str) -> Result<(), String> {
    patch
        .pointer_mut(at)
        .and_then(Value::as_object_mut)
        .and_then(|members| members.remove(name))
        .map(drop)
        .ok_or_else(|| {
            format!("the preset `{FOUR_VALIDATORS_RUNTIME_PRESET}` has no `{at}/{name}`, which the template leaves out")
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain_spec::{
        load, load_to_export,
        testing::{kept, Written},
    };
    use frame_support::storage::storage_prefix;
    use noema_core::AccountId;
    use noema_runtime::{Session, Staking};
    use sp_core::{ed25519, sr25519, Pair};
    use sp_keyring::Ed25519Keyring;
    use sp_runtime::BuildStorage;

    fn genesis_of(spec: &str) -> Value {
        let spec: Value = serde_json::from_str(spec).expect("JSON");
        spec.pointer("/genesis/runtimeGenesis/patch")
            .expect("a patch")
            .clone()
    }

    /// Every text in `json`, names of members included.
    fn texts(json: &Value) -> Vec<String> {
        match json {
            Value::String(text) => vec![text.clone()],
            Value::Array(entries) => entries.iter().flat_map(texts).collect(),
            Value::Object(members) => {
                let inner = members.values().flat_map(texts);
                members.keys().cloned().chain(inner).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The template's placeholders, and what a person would put there.
    fn filled() -> BTreeMap<String, String> {
        let spec = serde_json::from_str(&kept(ALIAS)).expect("JSON");
        let placeholders = texts(&spec)
            .into_iter()
            .filter(|text| text.contains("REPLACE"));
        placeholders
            .map(|placeholder| {
                let value = if placeholder.contains("of the network") {
                    "tidepool".into()
                } else if placeholder.contains("grandpa") {
                    ed25519::Pair::generate().0.public().to_ss58check()
                } else {
                    sr25519::Pair::generate().0.public().to_ss58check()
                };
                (placeholder, value)
            })
            .collect()
    }

    #[test]
    fn nothing_of_a_development_chain_is_in_it() {
        let text = kept(ALIAS);
        let genesis = genesis_of(&text);
        assert_eq!(genesis.get("sudo"), None);
        assert!(!text.contains("governanceSpeed"), "{text}");
        let known: BTreeSet<String> = Sr25519Keyring::iter()
            .map(|who| who.public().to_ss58check())
            .chain(Ed25519Keyring::iter().map(|who| who.public().to_ss58check()))
            .collect();
        for text in texts(&genesis) {
            assert!(
                !known.contains(&text),
                "the template names the development account {text}; say in template.rs what stands there instead",
            );
        }
        let development = genesis_of(&kept("four-validators"));
        for area in development.as_object().expect("an object").keys() {
            let left_out = ["origins", "sudo"].contains(&area.as_str());
            assert_eq!(genesis.get(area).is_none(), left_out, "{area}");
        }
    }

    #[test]
    fn unfilled_it_is_refused_with_every_placeholder() {
        let file = Written::new("unfilled", &kept(ALIAS));
        let placeholders = filled();
        // Name and id; four validators with an account and three keys; three members; one that is endowed.
        assert_eq!(placeholders.len(), 2 + 4 * 4 + 3 + 1);
        for chain in [ALIAS, &file.path()] {
            for load in [load, load_to_export] {
                let error = load(chain).err().expect("it is refused");
                assert!(error.contains(chain), "{error}");
                for placeholder in placeholders.keys() {
                    assert!(error.contains(placeholder), "{placeholder}: {error}");
                }
            }
        }
    }

    #[test]
    fn one_that_is_left_is_named_alone() {
        let mut text = kept(ALIAS);
        let left = placeholder("grandpa key of validator 3");
        for (placeholder, value) in filled() {
            if placeholder != left {
                text = text.replace(&placeholder, &value);
            }
        }
        let file = Written::new("one-left", &text);
        let error = load_to_export(&file.path()).err().expect("it is refused");
        assert!(error.contains("found placeholders (1)"), "{error}");
        assert!(error.contains(&left), "{error}");
    }

    #[test]
    fn filled_in_it_gives_the_genesis_that_it_says() {
        let values = filled();
        let text = values
            .iter()
            .fold(kept(ALIAS), |text, (placeholder, value)| {
                text.replace(placeholder, value)
            });
        let file = Written::new("filled", &text);
        let exported = load_to_export(&file.path());
        if noema_runtime::WASM_BINARY.is_none() {
            let error = exported.err().expect("there is no runtime to put in");
            assert!(error.contains("SKIP_WASM_BUILD"), "{error}");
            return;
        }
        let raw = exported.and_then(|spec| spec.as_json(true)).expect("raw");
        let network = Written::new("network", &raw);
        let spec = load(&network.path()).expect("a node takes it");
        assert_eq!(spec.id(), "tidepool");
        assert_eq!(spec.protocol_id(), Some("tidepool"));
        assert!(spec.boot_nodes().is_empty() && spec.telemetry_endpoints().is_none());

        let storage = spec.build_storage().expect("a state");
        let sudo = storage_prefix(b"Sudo", b"Key");
        assert!(!storage.top.contains_key(&sudo[..]), "there is a sudo key");
        let stashes: BTreeSet<AccountId> = values
            .iter()
            .filter(|(placeholder, _)| placeholder.contains("stash of validator"))
            .map(|(_, stash)| AccountId::from_ss58check(stash).expect("an account"))
            .collect();
        sp_io::TestExternalities::from(storage).execute_with(|| {
            let validators: BTreeSet<_> = Session::validators().into_iter().collect();
            assert_eq!(validators, stashes);
            assert_eq!(Staking::minimum_validator_count(), 4);
        });
    }
}
