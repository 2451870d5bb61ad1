//! Specifications in files: complete, or without the runtime's code like those that are kept in the repository.

use super::{embedded_runtime, placeholders, ChainSpec};
use serde::{de::IgnoredAny, Deserialize};
use serde_json::Value;
use std::path::Path;

/// Where a plain specification says how its genesis state is made.
const RUNTIME_GENESIS: &str = "/genesis/runtimeGenesis";

/// The member of it that holds the runtime, as hexadecimal digits.
const CODE: &str = "code";

/// The specification in a file, for a node to run.
///
/// # Errors
/// When it cannot be read, still has placeholders, or lacks the runtime's code.
pub(super) fn load(path: &Path) -> Result<ChainSpec, String> {
    if let Some(json) = plain(path)? {
        let name = path.display();
        placeholders::refuse(&name.to_string(), &json)?;
        if lacks_code(&json) {
            return Err(format!(
                "`{name}` lacks the runtime: expected its code in `genesis.runtimeGenesis.code`, found nothing. Have the \
                 runtime of this client put in, and give the result to every node: `noema-node export-chain-spec --chain \
                 {name} --raw --output SPEC.json`",
            ));
        }
    }
    ChainSpec::from_json_file(path.to_path_buf())
}

/// The specification in a file; with the embedded runtime, if it lacks one.
///
/// # Errors
/// When it cannot be read or still has placeholders, or this client has no runtime to put in.
pub(super) fn load_with_code(path: &Path) -> Result<ChainSpec, String> {
    match plain(path)? {
        Some(json) if lacks_code(&json) => {
            placeholders::refuse(&path.display().to_string(), &json)?;
            with_code(json, embedded_runtime()?)
        }
        _ => load(path),
    }
}

/// The specification in a file, without the runtime's code.
///
/// # Errors
/// When it cannot be read, or is raw.
pub(super) fn load_without_code(path: &Path) -> Result<ChainSpec, String> {
    let json = plain(path)?.ok_or_else(|| {
        format!(
            "expected a plain specification, whose genesis is a configuration, found the raw one `{}`: the runtime is \
             part of its genesis state",
            path.display(),
        )
    })?;
    with_code(json, &[])
}

/// The text of a plain specification; nothing if it is raw, and then complete.
fn plain(path: &Path) -> Result<Option<Value>, String> {
    /// As much as tells one from the other, so that a state of gigabytes is not held in memory.
    #[derive(Deserialize)]
    struct Head {
        genesis: Genesis,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Genesis {
        runtime_genesis: Option<IgnoredAny>,
    }

    let name = path.display();
    let not_one =
        |error: serde_json::Error| format!("`{name}` is not a chain specification: {error}");
    let text = std::fs::read(path).map_err(|error| format!("`{name}` cannot be read: {error}"))?;
    let head: Head = serde_json::from_slice(&text).map_err(not_one)?;
    if head.genesis.runtime_genesis.is_none() {
        return Ok(None);
    }
    serde_json::from_slice(&text).map(Some).map_err(not_one)
}

fn lacks_code(json: &Value) -> bool {
    match json.pointer(&format!("{RUNTIME_GENESIS}/{CODE}")) {
        None => true,
        Some(code) => code
            .as_str()
            .is_some_and(|digits| digits.trim_start_matches("0x").is_empty()),
    }
}

fn with_code(mut json: Value, code: &[u8]) -> Result<ChainSpec, String> {
    json.pointer_mut(RUNTIME_GENESIS)
        .and_then(Value::as_object_mut)
        .ok_or("expected an object in `genesis.runtimeGenesis`, found something else")?
        .insert(CODE.into(), sp_core::bytes::to_hex(code, false).into());
    ChainSpec::from_json_bytes(json.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain_spec::{
        self, load_to_export, load_without_code,
        testing::{kept, Written},
    };
    use sp_runtime::BuildStorage;

    fn refused(spec: Result<ChainSpec, String>) -> String {
        spec.err().expect("it is refused")
    }

    #[test]
    fn a_node_refuses_a_specification_without_code_and_says_what_to_do() {
        let empty = kept("local");
        assert!(empty.contains("\"code\": \"0x\""), "{empty}");
        let absent = empty.replace("\"code\": \"0x\",", "");
        assert_ne!(absent, empty);
        for text in [empty.replace("\"0x\"", "\"\""), absent, empty] {
            let file = Written::new("refused", &text);
            let error = refused(chain_spec::load(&file.path()));
            for expected in [
                file.path().as_str(),
                "genesis.runtimeGenesis.code",
                "found nothing",
                "export-chain-spec",
            ] {
                assert!(error.contains(expected), "{error}");
            }
        }
    }

    #[test]
    fn exporting_puts_the_embedded_code_in_and_changes_nothing_else() {
        let file = Written::new("exported", &kept("local"));
        let exported = load_to_export(&file.path());
        if noema_runtime::WASM_BINARY.is_none() {
            assert!(refused(exported).contains("SKIP_WASM_BUILD"));
            return;
        }
        let exported = exported.expect("it is filled in");
        let known = chain_spec::load("local").expect("it loads");
        assert_eq!(
            exported.as_json(false).expect("it is written"),
            known.as_json(false).expect("it is written"),
        );
    }

    #[test]
    fn code_that_is_there_is_kept() {
        let text = kept("local").replace("\"0x\"", "\"0x0102\"");
        let file = Written::new("own-code", &text);
        for spec in [chain_spec::load, load_to_export] {
            let spec = spec(&file.path()).expect("it loads");
            assert_eq!(spec.as_json(false).expect("it is written"), text);
        }
    }

    #[test]
    fn code_is_left_out_of_a_plain_file_and_not_of_a_raw_one() {
        let text = kept("local").replace("\"0x\"", "\"0x0102\"");
        let file = Written::new("left-out", &text);
        let spec = load_without_code(&file.path()).expect("it loads");
        assert_eq!(spec.as_json(false).expect("it is written"), kept("local"));

        let mut json: Value = serde_json::from_str(&text).expect("JSON");
        json["genesis"] =
            serde_json::json!({ "raw": { "top": { "0x01": "0x02" }, "childrenDefault": {} } });
        let file = Written::new("raw", &json.to_string());
        let error = refused(load_without_code(&file.path()));
        assert!(error.contains("found the raw one"), "{error}");
        let raw = chain_spec::load(&file.path()).expect("it loads");
        assert_eq!(raw.build_storage().expect("a state").top.len(), 1);
    }

    #[test]
    fn a_file_of_something_else_is_named() {
        for text in ["", "[]", "{}", r#"{ "genesis": 5 }"#] {
            let file = Written::new("else", text);
            for load in [chain_spec::load, load_to_export, load_without_code] {
                let error = refused(load(&file.path()));
                assert!(error.contains("is not a chain specification"), "{error}");
            }
        }
    }
}
