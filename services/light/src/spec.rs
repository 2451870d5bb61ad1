//! Specifications as the light client takes them.

use serde_json::{json, Value};

/// Why a specification cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// It is no JSON.
    #[error("the specification is no JSON: {0}")]
    NoJson(#[from] serde_json::Error),
    /// It says how the first block is made, and not what is in it.
    #[error("the specification is not in raw form: expected genesis.raw or genesis.stateRootHash; make it with `noema-node export-chain-spec --raw`")]
    NotRaw,
    /// Nobody is named from whom the chain can be had.
    #[error("the specification names no boot nodes: give the address of a node, such as /ip4/127.0.0.1/tcp/30333/p2p/…")]
    NoBootNodes,
}

/// Adds boot nodes, and looks whether what the light client needs is there.
pub(crate) fn prepare(spec: &str, bootnodes: &[String]) -> Result<String, SpecError> {
    let mut spec: Value = serde_json::from_str(spec)?;
    let genesis = &spec["genesis"];
    if genesis.get("raw").is_none() && genesis.get("stateRootHash").is_none() {
        return Err(SpecError::NotRaw);
    }
    let known = spec["bootNodes"].as_array().cloned().unwrap_or_default();
    let given = bootnodes.iter().map(|address| json!(address));
    let all: Vec<Value> = known.into_iter().chain(given).collect();
    if all.is_empty() {
        return Err(SpecError::NoBootNodes);
    }
    spec["bootNodes"] = Value::Array(all);
    Ok(spec.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boot_nodes_are_added_to_those_that_are_known() {
        let spec = r#"{ "genesis": { "raw": {} }, "bootNodes": ["/a"] }"#;
        let prepared = prepare(spec, &["/b".to_owned()]).unwrap();
        let prepared: Value = serde_json::from_str(&prepared).unwrap();
        assert_eq!(prepared["bootNodes"], json!(["/a", "/b"]));
        assert_eq!(prepared["genesis"], json!({ "raw": {} }));
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        assert!(matches!(prepare("{", &[]), Err(SpecError::NoJson(_))));
        let plain = r#"{ "genesis": { "runtimeGenesis": {} }, "bootNodes": ["/a"] }"#;
        assert!(matches!(prepare(plain, &[]), Err(SpecError::NotRaw)));
        assert!(matches!(prepare("[]", &[]), Err(SpecError::NotRaw)));
        let lonely = r#"{ "genesis": { "raw": {} }, "bootNodes": [] }"#;
        assert!(matches!(prepare(lonely, &[]), Err(SpecError::NoBootNodes)));
    }
}
