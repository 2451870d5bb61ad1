//! The chains of this client: the template as it comes, and with heavier blocks.

use sc_service::{ChainType, GenericChainSpec};
use sp_genesis_builder::DEV_RUNTIME_PRESET;
use std::path::PathBuf;

pub(crate) type ChainSpec = GenericChainSpec;

/// `dev`, `lifted`, or the path of a JSON file.
///
/// # Errors
/// When the file is no specification, or the client was built without its runtimes.
pub(crate) fn load(id: &str) -> Result<ChainSpec, String> {
    let (name, wasm) = match id {
        "" | "dev" => ("Stock Template", stock_template_runtime::WASM_BINARY),
        "lifted" => (
            "Stock Template, lifted",
            stock_template_runtime_lifted::WASM_BINARY,
        ),
        path => return ChainSpec::from_json_file(PathBuf::from(path)),
    };
    let wasm =
        wasm.ok_or("this client was built without its runtimes (SKIP_WASM_BUILD was set)")?;
    let preset = stock_template_runtime::genesis::get_preset(&DEV_RUNTIME_PRESET.into())
        .and_then(|json| serde_json::from_slice(&json).ok())
        .ok_or("the runtime has no genesis for development")?;
    Ok(ChainSpec::builder(wasm, None)
        .with_name(name)
        .with_id("stock_template")
        .with_chain_type(ChainType::Development)
        .with_genesis_config_patch(preset)
        .build())
}
