//! The genesis block, made when the database is empty and only then.
//!
//! The runtime itself makes the genesis state from a JSON configuration, in wasm. To run it, it must be compiled, which
//! takes seconds. The SDK's builder compiles it anew for each question it asks, and asks at every start. This one asks
//! only for an empty database, and through the executor that the client goes on with: the one compilation that a node
//! needs anyway.

use crate::{executor::RuntimeExecutor, service::FullBackend};
use codec::{Decode, Encode};
use noema_core::OpaqueBlock as Block;
use sc_chain_spec::{json_patch, BuildGenesisBlock, ChainSpec, GenesisBlockBuilder};
use sc_client_api::Backend;
use serde::Deserialize;
use serde_json::Value;
use sp_core::{
    storage::{well_known_keys, Storage},
    traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode},
};
use sp_genesis_builder::PresetId;
use sp_runtime::traits::{BlakeTwo256, Hash};
use sp_state_machine::BasicExternalities;
use std::sync::Arc;

/// Makes the genesis block of a chain specification when it is asked to.
pub(crate) struct GenesisBlock {
    /// Where the genesis state comes from.
    pub(crate) chain_spec: Box<dyn ChainSpec>,
    /// Whether the state is stored too; not if it is about to be synced.
    pub(crate) commit_state: bool,
    /// The empty database.
    pub(crate) backend: Arc<FullBackend>,
    /// The client's executor.
    pub(crate) executor: RuntimeExecutor,
}

impl BuildGenesisBlock<Block> for GenesisBlock {
    type BlockImportOperation = <FullBackend as Backend<Block>>::BlockImportOperation;

    fn build_genesis_block(
        self,
    ) -> Result<(Block, Self::BlockImportOperation), sp_blockchain::Error> {
        let storage = storage(&*self.chain_spec, &self.executor).map_err(|error| {
            sp_blockchain::Error::Storage(format!(
                "the genesis state of `{}` cannot be made: {error}",
                self.chain_spec.id(),
            ))
        })?;
        GenesisBlockBuilder::new_with_storage(
            storage,
            self.commit_state,
            self.backend,
            self.executor,
        )?
        .build_genesis_block()
    }
}

/// The part of a specification file that says how its genesis state is made.
#[derive(Deserialize)]
struct SpecFile {
    genesis: Genesis,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Genesis {
    /// Absent from raw specifications, which hold the state itself.
    runtime_genesis: Option<RuntimeGenesis>,
}

#[derive(Deserialize)]
struct RuntimeGenesis {
    #[serde(with = "sp_core::bytes")]
    code: Vec<u8>,
    /// The whole configuration.
    config: Option<Value>,
    /// What differs from the runtime's default configuration.
    patch: Option<Value>,
}

/// The genesis state of a specification.
///
/// # Errors
/// When the specification has no genesis state or its runtime refuses the configuration.
fn storage(chain_spec: &dyn ChainSpec, executor: &RuntimeExecutor) -> Result<Storage, String> {
    let file: SpecFile = serde_json::from_str(&chain_spec.as_json(false)?)
        .map_err(|error| format!("the specification has no genesis: {error}"))?;
    let Some(RuntimeGenesis {
        code,
        config,
        patch,
    }) = file.genesis.runtime_genesis
    else {
        return chain_spec.as_storage_builder().build_storage();
    };

    let config = match (config, patch) {
        (Some(config), None) => config,
        (None, Some(patch)) => {
            let mut config = default_config(executor, &code)?;
            json_patch::merge(&mut config, patch);
            config
        }
        _ => {
            return Err(
                "expected either `config` or `patch` in `genesis.runtimeGenesis`, and not both"
                    .into(),
            )
        }
    };

    let mut state = BasicExternalities::new_empty();
    let answer = call(
        executor,
        &code,
        &mut state,
        "GenesisBuilder_build_state",
        &config.to_string().into_bytes().encode(),
    )?;
    sp_genesis_builder::Result::decode(&mut answer.as_slice())
        .map_err(|error| format!("the runtime's answer is not understood: {error}"))?
        .map_err(|error| format!("the runtime refuses the configuration: {error}"))?;
    let mut storage = state.into_storages();
    storage.top.insert(well_known_keys::CODE.to_vec(), code);
    Ok(storage)
}

fn default_config(executor: &RuntimeExecutor, code: &[u8]) -> Result<Value, String> {
    let answer = call(
        executor,
        code,
        &mut BasicExternalities::new_empty(),
        "GenesisBuilder_get_preset",
        &None::<PresetId>.encode(),
    )?;
    let json = Option::<Vec<u8>>::decode(&mut answer.as_slice())
        .map_err(|error| format!("the runtime's answer is not understood: {error}"))?
        .ok_or("the runtime has no default genesis configuration")?;
    serde_json::from_slice(&json)
        .map_err(|error| format!("the runtime's default configuration is not JSON: {error}"))
}

fn call(
    executor: &RuntimeExecutor,
    code: &[u8],
    state: &mut BasicExternalities,
    method: &str,
    arguments: &[u8],
) -> Result<Vec<u8>, String> {
    let runtime_code = RuntimeCode {
        code_fetcher: &WrappedRuntimeCode(code.into()),
        heap_pages: None,
        // As the state knows it, so that the client finds the compiled code again.
        hash: BlakeTwo256::hash(code).encode(),
    };
    executor
        .call(
            state,
            &runtime_code,
            method,
            arguments,
            CallContext::Offchain,
        )
        .0
        .map_err(|error| format!("`{method}` failed: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain_spec;
    use sp_runtime::BuildStorage;

    #[test]
    fn the_state_is_the_one_that_the_sdk_makes() {
        if noema_runtime::WASM_BINARY.is_none() {
            return;
        }
        let executor = RuntimeExecutor::builder().build();
        for alias in ["dev", "local"] {
            let spec = chain_spec::load(alias).expect("the chain is known");
            let ours = storage(&spec, &executor).expect("the state is made");
            let sdks = spec.build_storage().expect("the state is made");
            assert_eq!(ours.top, sdks.top, "{alias}");
            assert!(ours.children_default.is_empty() && sdks.children_default.is_empty());
        }
    }
}
