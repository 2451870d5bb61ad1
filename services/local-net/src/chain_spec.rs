//! The specification of the network's chain: made once and kept, so that a node built later resumes
//! the same chain although its own presets may have changed.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::process::Command;

use crate::{data_dir::write_private, node::AUTHORITIES, Error};

/// Name of the specification in the data directory.
pub(crate) const FILE: &str = "chain-spec.json";
/// Where a plain specification keeps the validators of the first session.
const SESSION_KEYS: [&str; 5] = ["genesis", "runtimeGenesis", "patch", "session", "keys"];
/// How much of what the node says is repeated in an error, in characters.
const MAX_SAID: usize = 800;

/// The raw specification in `dir`, made by `node` unless it is there and `keep`: with one validator
/// the chain `dev`, with more the chain `local` with the first development authorities as validators.
pub(crate) async fn prepare(
    node: &Path,
    dir: &Path,
    validators: usize,
    keep: bool,
) -> Result<PathBuf, Error> {
    let path = dir.join(FILE);
    if keep && path.exists() {
        return Ok(path);
    }
    let raw = if validators == 1 {
        run(node, &["export-chain-spec", "--chain", "dev", "--raw"]).await?
    } else {
        let plain = run(node, &["export-chain-spec", "--chain", "local"]).await?;
        let mut keys = Vec::new();
        for name in &AUTHORITIES[..validators] {
            keys.push(AuthorityKeys::of(node, name).await?);
        }
        let spec = std::str::from_utf8(&plain)
            .map_err(|e| e.to_string())
            .and_then(|plain| set_validators(plain, &keys))
            .map_err(|why| failed(node, why))?;
        let plain = dir.join(format!("{FILE}.plain"));
        write_private(&plain, spec.as_bytes())?;
        let source = plain.to_string_lossy();
        let raw = run(node, &["export-chain-spec", "--chain", &source, "--raw"]).await;
        // It has served; a later start makes it anew.
        let _ = std::fs::remove_file(&plain);
        raw?
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
    serde_json::from_slice::<InspectedKey>(&answer)
        .map(|key| key.ss58_address)
        .map_err(|e| failed(node, format!("`key inspect` answers something else: {e}")))
}

/// What the node says of a key.
#[derive(Deserialize)]
struct InspectedKey {
    #[serde(rename = "ss58Address")]
    ss58_address: String,
}

/// A JSON object whose members are left as they are written: balances in a specification are
/// integers beyond what a number in memory holds.
type Members<'a> = BTreeMap<&'a str, Cow<'a, RawValue>>;

/// The plain specification `spec` with `keys` as validators, each entry shaped like the first one that
/// is there.
fn set_validators(spec: &str, keys: &[AuthorityKeys]) -> Result<String, String> {
    let spec: &RawValue = serde_json::from_str(spec)
        .map_err(|e| format!("its chain specification is not JSON: {e}"))?;
    replace(spec, &SESSION_KEYS, &|entries| {
        with_validators(entries, keys)
    })
    .map(|spec| spec.get().to_owned())
}

/// `value` with the member at `path` replaced by what `change` makes of it.
fn replace(
    value: &RawValue,
    path: &[&str],
    change: &dyn Fn(&RawValue) -> Result<Box<RawValue>, String>,
) -> Result<Box<RawValue>, String> {
    let Some((name, rest)) = path.split_first() else {
        return change(value);
    };
    let missing = || format!("its chain specification lacks `{}`", SESSION_KEYS.join("."));
    let mut members: Members<'_> = serde_json::from_str(value.get()).map_err(|_| missing())?;
    let member = members.get_mut(name).ok_or_else(missing)?;
    *member = Cow::Owned(replace(member, rest, change)?);
    write(&members)
}

fn with_validators(entries: &RawValue, keys: &[AuthorityKeys]) -> Result<Box<RawValue>, String> {
    type Entry = (String, String, BTreeMap<String, String>);

    let entries: Vec<Entry> = serde_json::from_str(entries.get())
        .map_err(|e| format!("the session keys of its chain specification: {e}"))?;
    let (_, _, template) = entries
        .first()
        .ok_or("its chain specification has no validators")?;
    let entries: Vec<Entry> = keys
        .iter()
        .map(|authority| {
            let session = template.keys().map(|kind| {
                let ed25519 = kind == "grandpa";
                let key = if ed25519 {
                    &authority.ed25519
                } else {
                    &authority.sr25519
                };
                (kind.clone(), key.clone())
            });
            (
                authority.sr25519.clone(),
                authority.sr25519.clone(),
                session.collect(),
            )
        })
        .collect();
    write(&entries)
}

fn write(value: &impl Serialize) -> Result<Box<RawValue>, String> {
    serde_json::value::to_raw_value(value).map_err(|e| e.to_string())
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
    let said: String = said.trim().chars().take(MAX_SAID).collect();
    let command = arguments.join(" ");
    Err(failed(
        node,
        format!("`{command}` ended with {}: {said}", output.status),
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
    use serde_json::{json, Value};

    #[test]
    fn validators_take_the_shape_of_the_preset_and_nothing_else_changes() {
        let spec = r#"{ "name": "x", "genesis": { "runtimeGenesis": { "code": "0x00", "patch": {
            "balances": [["A", 10000000000000000000000001]],
            "session": { "keys": [
                ["A", "A", { "babe": "A", "grandpa": "a", "authority_discovery": "A" }]
            ], "more": 1 }
        } } } }"#;
        let keys: Vec<_> = ["X", "Y", "Z"]
            .map(|name| AuthorityKeys {
                sr25519: name.into(),
                ed25519: name.to_lowercase(),
            })
            .into();
        let changed = set_validators(spec, &keys).unwrap();
        assert!(changed.contains("10000000000000000000000001"), "{changed}");
        let changed: Value = serde_json::from_str(&changed).unwrap();
        assert_eq!(changed["name"], "x");
        assert_eq!(changed["genesis"]["runtimeGenesis"]["code"], "0x00");
        let session = &changed["genesis"]["runtimeGenesis"]["patch"]["session"];
        assert_eq!(session["more"], 1);
        assert_eq!(
            session["keys"],
            json!([
                ["X", "X", { "babe": "X", "grandpa": "x", "authority_discovery": "X" }],
                ["Y", "Y", { "babe": "Y", "grandpa": "y", "authority_discovery": "Y" }],
                ["Z", "Z", { "babe": "Z", "grandpa": "z", "authority_discovery": "Z" }],
            ])
        );
    }

    #[test]
    fn a_specification_of_another_shape_is_an_error() {
        let no_keys =
            r#"{ "genesis": { "runtimeGenesis": { "patch": { "session": { "keys": [] } } } } }"#;
        for spec in ["", "[]", "{}", r#"{ "genesis": 5 }"#, no_keys] {
            assert!(set_validators(spec, &[]).is_err(), "{spec}");
        }
    }

    #[tokio::test]
    async fn a_kept_specification_is_used_again() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE), "{}").unwrap();
        let path = prepare(Path::new("/nonexistent/node"), dir.path(), 1, true)
            .await
            .unwrap();
        assert_eq!(path, dir.path().join(FILE));
        let fresh = tempfile::tempdir().unwrap();
        let error = prepare(Path::new("/nonexistent/node"), fresh.path(), 1, true)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Spawn { .. }), "{error}");
    }
}
