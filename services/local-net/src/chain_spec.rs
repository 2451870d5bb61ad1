//! The specification of the network's chain: made once and kept, so that a node built later resumes
//! the same chain although its own presets may have changed.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::Value;
use tokio::process::Command;

use crate::{data_dir::write_private, node::AUTHORITIES, Error};

const FILE: &str = "chain-spec.json";
/// Where a plain specification keeps the validators of the first session.
const SESSION_KEYS: &str = "/genesis/runtimeGenesis/patch/session/keys";

/// The raw specification in `dir`, made by `node` if there is none yet: with one validator the chain
/// `dev`, with more the chain `local` with the first development authorities as validators.
pub(crate) async fn prepare(node: &Path, dir: &Path, validators: usize) -> Result<PathBuf, Error> {
    let path = dir.join(FILE);
    if path.exists() {
        return Ok(path);
    }
    let raw = if validators == 1 {
        run(node, &["export-chain-spec", "--chain", "dev", "--raw"]).await?
    } else {
        let plain = run(node, &["export-chain-spec", "--chain", "local"]).await?;
        let mut spec: Value = serde_json::from_slice(&plain)
            .map_err(|e| failed(node, format!("its chain specification is not JSON: {e}")))?;
        let mut keys = Vec::new();
        for name in &AUTHORITIES[..validators] {
            keys.push(AuthorityKeys::of(node, name).await?);
        }
        set_validators(&mut spec, &keys).map_err(|why| failed(node, why))?;
        let plain = dir.join("chain-spec-plain.json");
        let text = serde_json::to_vec_pretty(&spec).expect("a JSON value has a text");
        write_private(&plain, &text)?;
        let source = plain.to_string_lossy();
        run(node, &["export-chain-spec", "--chain", &source, "--raw"]).await?
    };
    write_private(&path, &raw)?;
    Ok(path)
}

/// Addresses of a development authority's keys.
struct AuthorityKeys {
    sr25519: String,
    ed25519: String,
}

impl AuthorityKeys {
    async fn of(node: &Path, name: &str) -> Result<Self, Error> {
        let mut capital = name.to_owned();
        capital[..1].make_ascii_uppercase();
        let secret = format!("//{capital}");
        Ok(Self {
            sr25519: address(node, "sr25519", &secret).await?,
            ed25519: address(node, "ed25519", &secret).await?,
        })
    }
}

async fn address(node: &Path, scheme: &str, secret: &str) -> Result<String, Error> {
    let arguments = [
        "key",
        "inspect",
        "--scheme",
        scheme,
        "--output-type",
        "json",
        secret,
    ];
    let answer = run(node, &arguments).await?;
    serde_json::from_slice::<Value>(&answer)
        .ok()
        .and_then(|key| key.get("ss58Address")?.as_str().map(str::to_owned))
        .ok_or_else(|| failed(node, "`key inspect` names no ss58Address".into()))
}

/// Makes `keys` the validators of the plain specification `spec`, each entry shaped like the first
/// one that is there.
fn set_validators(spec: &mut Value, keys: &[AuthorityKeys]) -> Result<(), String> {
    let entries = spec
        .pointer_mut(SESSION_KEYS)
        .and_then(Value::as_array_mut)
        .ok_or_else(|| format!("its chain specification has no {SESSION_KEYS}"))?;
    let template = entries
        .first()
        .and_then(|entry| entry.get(2)?.as_object().cloned())
        .ok_or_else(|| format!("the first of {SESSION_KEYS} names no session keys"))?;
    *entries = keys
        .iter()
        .map(|authority| {
            let session: serde_json::Map<_, _> = template
                .keys()
                .map(|kind| {
                    let ed25519 = kind == "grandpa";
                    let key = if ed25519 {
                        &authority.ed25519
                    } else {
                        &authority.sr25519
                    };
                    (kind.clone(), key.clone().into())
                })
                .collect();
            serde_json::json!([authority.sr25519, authority.sr25519, session])
        })
        .collect();
    Ok(())
}

/// Runs the node with `arguments` and returns what it prints.
async fn run(node: &Path, arguments: &[&str]) -> Result<Vec<u8>, Error> {
    let output = Command::new(node)
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|source| Error::Spawn {
            name: node.display().to_string(),
            source,
        })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let command = arguments.join(" ");
    Err(failed(
        node,
        format!("`{command}` ended with {}: {}", output.status, said.trim()),
    ))
}

fn failed(node: &Path, why: String) -> Error {
    Error::Chain {
        what: format!("make the chain specification with {}", node.display()),
        why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn validators_take_the_shape_of_the_preset() {
        let mut spec = json!({ "genesis": { "runtimeGenesis": { "patch": { "session": { "keys": [
            ["A", "A", { "babe": "A", "grandpa": "a", "authority_discovery": "A" }],
        ] } } } } });
        let keys: Vec<_> = ["X", "Y", "Z"]
            .map(|name| AuthorityKeys {
                sr25519: name.into(),
                ed25519: name.to_lowercase(),
            })
            .into();
        set_validators(&mut spec, &keys).unwrap();
        assert_eq!(
            spec.pointer(SESSION_KEYS).unwrap(),
            &json!([
                ["X", "X", { "babe": "X", "grandpa": "x", "authority_discovery": "X" }],
                ["Y", "Y", { "babe": "Y", "grandpa": "y", "authority_discovery": "Y" }],
                ["Z", "Z", { "babe": "Z", "grandpa": "z", "authority_discovery": "Z" }],
            ])
        );
    }

    #[test]
    fn a_specification_of_another_shape_is_an_error() {
        assert!(set_validators(&mut json!({ "genesis": {} }), &[]).is_err());
    }

    #[tokio::test]
    async fn a_kept_specification_is_used_again() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE), "{}").unwrap();
        let path = prepare(Path::new("/nonexistent/node"), dir.path(), 1)
            .await
            .unwrap();
        assert_eq!(path, dir.path().join(FILE));
        let fresh = tempfile::tempdir().unwrap();
        let error = prepare(Path::new("/nonexistent/node"), fresh.path(), 1)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Spawn { .. }), "{error}");
    }
}
