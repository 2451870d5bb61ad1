//! Chain specifications: which genesis, which name, which peers.
//!
//! The genesis state is the runtime's own: a preset of the runtime, turned into state by the embedded wasm, so that
//! specifications made here and by `chain-spec-builder` are the same.
//!
//! Specifications that are kept in the repository (`chain-specs/`) lack the runtime's code, which is large and is not the
//! same bytes wherever it is built. A node refuses them; exporting them puts in the embedded code.

mod file;
mod placeholders;
mod template;

#[cfg(test)]
mod committed;
#[cfg(test)]
mod testing;

use crate::executor::{AddedHostFunctions, BenchmarkingHostFunctions};
use noema_core::{units, OpaqueBlock as Block};
use noema_runtime::genesis_presets::{get_preset, FOUR_VALIDATORS_RUNTIME_PRESET};
use sc_chain_spec::ChainSpecExtension;
use sc_service::{ChainType, Properties};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;

/// Prefix of the legacy network protocol names and of the node's keys in the DHT.
const PROTOCOL_ID: &str = "noema";

/// Optional parts of a specification file, besides what every Substrate chain has.
#[derive(Default, Clone, Debug, Serialize, Deserialize, ChainSpecExtension)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Extensions {
    /// Blocks that must have the given hash.
    #[serde(default)]
    pub(crate) fork_blocks: sc_client_api::ForkBlocks<Block>,
    /// Blocks that are refused.
    #[serde(default)]
    pub(crate) bad_blocks: sc_client_api::BadBlocks<Block>,
    /// A checkpoint from which light clients sync; `sync_state_genSyncSpec` fills it.
    #[serde(default)]
    pub(crate) light_sync_state: sc_sync_state_rpc::LightSyncStateExtension,
}

/// A Noema chain specification.
pub(crate) type ChainSpec =
    sc_service::GenericChainSpec<Extensions, (BenchmarkingHostFunctions, AddedHostFunctions)>;

/// A chain that the client knows by name.
struct KnownChain {
    /// What `--chain` calls it.
    alias: &'static str,
    /// What people read.
    name: &'static str,
    /// Directory name of its database.
    id: &'static str,
    chain_type: ChainType,
    /// The runtime's genesis preset.
    preset: &'static str,
}

const KNOWN_CHAINS: [KnownChain; 3] = [
    KnownChain {
        alias: "dev",
        name: "Noema Development",
        id: "noema_dev",
        chain_type: ChainType::Development,
        preset: sp_genesis_builder::DEV_RUNTIME_PRESET,
    },
    KnownChain {
        alias: "local",
        name: "Noema Local Testnet",
        id: "noema_local",
        chain_type: ChainType::Local,
        preset: sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET,
    },
    KnownChain {
        alias: "four-validators",
        name: "Noema Four Validators",
        id: "noema_four_validators",
        chain_type: ChainType::Local,
        preset: FOUR_VALIDATORS_RUNTIME_PRESET,
    },
];

/// What `--chain` names.
enum Named<'a> {
    Known(&'static KnownChain),
    /// The template of a public test network: no chain before it is filled in.
    Template,
    File(&'a Path),
}

/// The chain that `--chain` names, for a node to run: one of [`KNOWN_CHAINS`] (`local` when nothing is given), or the path
/// of a JSON file, plain or raw.
///
/// # Errors
/// When the file is not a readable specification, lacks the runtime's code or still has placeholders, or this client was
/// built without an embedded runtime.
pub(crate) fn load(id: &str) -> Result<ChainSpec, String> {
    match named(id)? {
        Named::Known(chain) => build(chain, embedded_runtime()?),
        Named::Template => Err(template::refusal()?),
        Named::File(path) => file::load(path),
    }
}

/// The chain that `--chain` names, to be exported: as [`load`] has it, and with the embedded runtime where the file has
/// none.
///
/// # Errors
/// Those of [`load`], but for a file without code.
pub(crate) fn load_to_export(id: &str) -> Result<ChainSpec, String> {
    match named(id)? {
        Named::File(path) => file::load_with_code(path),
        Named::Known(_) | Named::Template => load(id),
    }
}

/// The chain that `--chain` names, or the template, without the runtime's code: to be read, compared and kept. Placeholders
/// are left as they are.
///
/// # Errors
/// When the file is not a readable specification, or is raw.
pub(crate) fn load_without_code(id: &str) -> Result<ChainSpec, String> {
    match named(id)? {
        Named::Known(chain) => build(chain, &[]),
        Named::Template => template::specification(),
        Named::File(path) => file::load_without_code(path),
    }
}

fn named(id: &str) -> Result<Named<'_>, String> {
    let alias = if id.is_empty() { "local" } else { id };
    if let Some(chain) = KNOWN_CHAINS.iter().find(|chain| chain.alias == alias) {
        return Ok(Named::Known(chain));
    }
    if alias == template::ALIAS {
        return Ok(Named::Template);
    }
    let path = Path::new(id);
    if path.exists() {
        return Ok(Named::File(path));
    }
    let known: Vec<_> = KNOWN_CHAINS.iter().map(|chain| chain.alias).collect();
    Err(format!(
        "`{id}` is neither a chain that this client knows ({}) nor a file; pass one of them or the path of a chain \
         specification in JSON",
        known.join(", "),
    ))
}

/// The runtime that this client carries.
fn embedded_runtime() -> Result<&'static [u8], String> {
    noema_runtime::WASM_BINARY.ok_or_else(|| {
        "this client was built without its runtime (SKIP_WASM_BUILD was set), so it can make no genesis; rebuild it \
         without SKIP_WASM_BUILD or pass --chain with a specification file that has the runtime's code"
            .into()
    })
}

fn build(chain: &KnownChain, code: &[u8]) -> Result<ChainSpec, String> {
    Ok(ChainSpec::builder(code, Extensions::default())
        .with_name(chain.name)
        .with_id(chain.id)
        .with_chain_type(chain.chain_type.clone())
        .with_protocol_id(PROTOCOL_ID)
        .with_properties(properties())
        .with_genesis_config_patch(preset(chain.preset)?)
        .build())
}

/// A preset of the runtime. The embedded wasm is built from the same source, and needs no compilation to be read here.
fn preset(name: &str) -> Result<Value, String> {
    get_preset(&name.into())
        .and_then(|json| serde_json::from_slice(&json).ok())
        .ok_or_else(|| format!("the runtime has no genesis preset `{name}`"))
}

/// What wallets need to show amounts and addresses.
fn properties() -> Properties {
    let mut properties = Properties::new();
    properties.insert("tokenSymbol".into(), units::SYMBOL.into());
    properties.insert("tokenDecimals".into(), units::DECIMALS.into());
    properties.insert("ss58Format".into(), units::SS58_PREFIX.into());
    properties
}

#[cfg(test)]
mod tests {
    use super::*;
    use sc_service::ChainSpec as _;
    use sp_runtime::BuildStorage;

    /// Without the embedded runtime there is no genesis to build; release builds and CI have it.
    fn has_runtime() -> bool {
        noema_runtime::WASM_BINARY.is_some()
    }

    #[test]
    fn every_known_chain_builds_its_genesis() {
        for chain in &KNOWN_CHAINS {
            if !has_runtime() {
                assert!(load(chain.alias).is_err_and(|error| error.contains("SKIP_WASM_BUILD")));
                continue;
            }
            let spec = load(chain.alias).expect("the specification loads");
            assert_eq!(spec.id(), chain.id);
            assert_eq!(spec.chain_type(), chain.chain_type);
            let storage = spec.build_storage().expect("the preset builds");
            assert!(storage
                .top
                .contains_key(sp_core::storage::well_known_keys::CODE));
        }
    }

    #[test]
    fn presets_read_here_are_those_of_the_embedded_wasm() {
        let Some(wasm) = noema_runtime::WASM_BINARY else {
            return;
        };
        for chain in &KNOWN_CHAINS {
            let by_wasm = ChainSpec::builder(wasm, Extensions::default())
                .with_genesis_config_preset_name(chain.preset)
                .build();
            assert_eq!(
                load(chain.alias)
                    .expect("it loads")
                    .build_storage()
                    .expect("it builds")
                    .top,
                by_wasm.build_storage().expect("it builds").top,
                "{}",
                chain.preset,
            );
        }
    }

    #[test]
    fn no_chain_named_means_the_local_testnet() {
        if has_runtime() {
            assert_eq!(load("").expect("it loads").id(), "noema_local");
        }
    }

    #[test]
    fn a_raw_file_gives_the_genesis_it_was_made_from() {
        if !has_runtime() {
            return;
        }
        let spec = load("dev").expect("it loads");
        let path = std::env::temp_dir().join(format!("noema-spec-{}.json", std::process::id()));
        for raw in [false, true] {
            std::fs::write(&path, spec.as_json(raw).expect("it is written")).expect("disk");
            let read = load(&path.display().to_string()).expect("the file loads");
            assert_eq!(read.id(), spec.id());
            assert_eq!(read.properties(), properties());
            assert_eq!(
                read.build_storage().expect("it builds").top,
                spec.build_storage().expect("it builds").top,
            );
        }
        std::fs::remove_file(&path).expect("the file is there");
    }

    #[test]
    fn an_unknown_chain_is_named_in_the_error() {
        let error = load("mainnet").err().expect("there is no such chain");
        assert!(
            error.contains("`mainnet`") && error.contains("dev, local, four-validators"),
            "{error}"
        );
    }

    #[test]
    fn properties_tell_wallets_symbol_decimals_and_prefix() {
        let properties = properties();
        assert_eq!(properties.get("tokenSymbol"), Some(&"NOEMA".into()));
        assert_eq!(properties.get("tokenDecimals"), Some(&18.into()));
        assert_eq!(properties.get("ss58Format"), Some(&42.into()));
    }
}
