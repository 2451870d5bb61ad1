//! The specification of the network's chain: made once and kept, so that a node built later resumes
//! the same chain although its own presets may have changed.
//!
//! A chain whose nodes meet over [links](crate::Links) is of the type `Live`: nodes of a local chain pass on the loopback addresses
//! that they listen at, and would soon find a way past the links. On a live chain such addresses are dropped as not global.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::process::Command;

use crate::{
    builder::AuditPace, data_dir::write_private, node::AUTHORITIES, stakers::with_stakers, Error,
};

/// Name of the specification in the data directory.
pub(crate) const FILE: &str = "chain-spec.json";
/// Where a plain specification keeps the validators of the first session.
const SESSION_KEYS: [&str; 5] = ["genesis", "runtimeGenesis", "patch", "session", "keys"];
/// Where it keeps what validators and their nominators have at stake at first.
const STAKERS: [&str; 5] = ["genesis", "runtimeGenesis", "patch", "staking", "stakers"];
/// Where it keeps how many validators are elected.
const VALIDATOR_COUNT: [&str; 5] = [
    "genesis",
    "runtimeGenesis",
    "patch",
    "staking",
    "validatorCount",
];
/// Where it keeps what accounts have at first.
const BALANCES: [&str; 5] = ["genesis", "runtimeGenesis", "patch", "balances", "balances"];
/// Where it keeps how fast rounds of audits go.
const AUDIT_PACE: [&str; 5] = ["genesis", "runtimeGenesis", "patch", "audits", "pace"];
/// Where it keeps how fast eras of data availability go.
const ERA_PACE: [&str; 5] = ["genesis", "runtimeGenesis", "patch", "rowAudits", "pace"];
/// Where it keeps the type of the chain.
const CHAIN_TYPE: [&str; 1] = ["chainType"];
/// How much of what the node says is repeated in an error, in characters.
const MAX_SAID: usize = 800;

/// What is said of a chain before it begins.
pub(crate) struct Wanted<'a> {
    pub(crate) validators: usize,
    /// Whether its nodes must not pass on where they listen.
    pub(crate) live: bool,
    /// Accounts that have something at first, besides those of the preset.
    pub(crate) endowed: &'a [(String, u128)],
    /// How fast rounds of audits go, if not as in the preset.
    pub(crate) pace: Option<AuditPace>,
    /// How fast eras of data availability go, if not as in the preset.
    pub(crate) era_pace: Option<AuditPace>,
    /// The specification to take instead of the node's own.
    pub(crate) given: Option<&'a Path>,
}

impl Wanted<'_> {
    /// Whether the preset for development is what is wanted.
    fn is_preset(&self) -> bool {
        self.validators == 1
            && !self.live
            && self.endowed.is_empty()
            && self.pace.is_none()
            && self.era_pace.is_none()
    }
}

/// The raw specification in `dir`, made by `node` unless it is there and `keep`: the one that is given; else with one validator
/// the chain `dev`, with more the chain `local` with the first development authorities as validators.
pub(crate) async fn prepare(
    node: &Path,
    dir: &Path,
    wanted: &Wanted<'_>,
    keep: bool,
) -> Result<PathBuf, Error> {
    let path = dir.join(FILE);
    if keep && path.exists() {
        return Ok(path);
    }
    let raw = match wanted.given {
        Some(given) => raw(node, &given.to_string_lossy()).await?,
        None if wanted.is_preset() => raw(node, "dev").await?,
        None => {
            let spec = changed(node, wanted).await?;
            let plain = dir.join(format!("{FILE}.plain"));
            write_private(&plain, spec.as_bytes())?;
            let raw = raw(node, &plain.to_string_lossy()).await;
            // It has served; a later start makes it anew.
            let _ = std::fs::remove_file(&plain);
            raw?
        }
    };
    write_private(&path, &raw)?;
    Ok(path)
}

async fn raw(node: &Path, chain: &str) -> Result<Vec<u8>, Error> {
    run(node, &["export-chain-spec", "--chain", chain, "--raw"]).await
}

/// The node's own plain specification with what is wanted of it.
async fn changed(node: &Path, wanted: &Wanted<'_>) -> Result<String, Error> {
    let alone = wanted.validators == 1;
    let alias = if alone { "dev" } else { "local" };
    let plain = run(node, &["export-chain-spec", "--chain", alias]).await?;
    let mut keys = Vec::new();
    if !alone {
        keys = authorities(node, wanted.validators).await?;
    }
    let change = || {
        let mut spec = String::from_utf8(plain).map_err(|e| e.to_string())?;
        if !alone {
            spec = set_validators(&spec, &keys)?;
        }
        if !wanted.endowed.is_empty() {
            spec = endow(&spec, wanted.endowed)?;
        }
        if let Some(pace) = wanted.pace {
            spec = change(&spec, &AUDIT_PACE, &|_| write(&pace))?;
        }
        if let Some(pace) = wanted.era_pace {
            spec = change(&spec, &ERA_PACE, &|_| write(&pace))?;
        }
        if wanted.live {
            spec = change(&spec, &CHAIN_TYPE, &|_| write(&"Live"))?;
        }
        Ok(spec)
    };
    change().map_err(|why: String| failed(node, why))
}

/// Addresses of the first `count` development authorities, as `node` (`noema-node`) writes them: who makes a specification for
/// another client needs them.
///
/// # Errors
/// When `node` does not run, or does not answer as expected.
pub async fn authorities(node: &Path, count: usize) -> Result<Vec<AuthorityKeys>, Error> {
    let mut keys = Vec::new();
    for name in AUTHORITIES.iter().take(count) {
        keys.push(AuthorityKeys::of(node, name).await?);
    }
    Ok(keys)
}

/// Addresses of a development authority's keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityKeys {
    /// Of its account, and of the key that it authors with.
    pub sr25519: String,
    /// Of the key that it finalises with.
    pub ed25519: String,
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
/// is there, and each with a stake.
fn set_validators(spec: &str, keys: &[AuthorityKeys]) -> Result<String, String> {
    let accounts: Vec<_> = keys.iter().map(|keys| keys.sr25519.as_str()).collect();
    let spec = change(spec, &SESSION_KEYS, &|entries| {
        with_validators(entries, keys)
    })?;
    let spec = change(&spec, &STAKERS, &|entries| with_stakers(entries, &accounts))?;
    change(&spec, &VALIDATOR_COUNT, &|_| write(&keys.len()))
}

/// The plain specification `spec` in which the accounts `more` have something as well.
fn endow(spec: &str, more: &[(String, u128)]) -> Result<String, String> {
    change(spec, &BALANCES, &|entries| {
        let mut entries: Vec<Cow<'_, RawValue>> = serde_json::from_str(entries.get())
            .map_err(|e| format!("the balances of its chain specification: {e}"))?;
        for entry in more {
            entries.push(Cow::Owned(write(entry)?));
        }
        write(&entries)
    })
}

/// `spec` with the member at `path` replaced by what `change` makes of it.
fn change(
    spec: &str,
    path: &[&str],
    change: &dyn Fn(&RawValue) -> Result<Box<RawValue>, String>,
) -> Result<String, String> {
    let spec: &RawValue = serde_json::from_str(spec)
        .map_err(|e| format!("its chain specification is not JSON: {e}"))?;
    let missing = || format!("its chain specification lacks `{}`", path.join("."));
    replace(spec, path, &missing, change).map(|spec| spec.get().to_owned())
}

/// `value` with the member at `path` replaced by what `change` makes of it.
fn replace(
    value: &RawValue,
    path: &[&str],
    missing: &dyn Fn() -> String,
    change: &dyn Fn(&RawValue) -> Result<Box<RawValue>, String>,
) -> Result<Box<RawValue>, String> {
    let Some((name, rest)) = path.split_first() else {
        return change(value);
    };
    let mut members: Members<'_> = serde_json::from_str(value.get()).map_err(|_| missing())?;
    let member = members.get_mut(name).ok_or_else(missing)?;
    *member = Cow::Owned(replace(member, rest, missing, change)?);
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

pub(crate) fn write(value: &impl Serialize) -> Result<Box<RawValue>, String> {
    serde_json::value::to_raw_value(value).map_err(|e| e.to_string())
}

/// Runs the node with `arguments` and returns what it prints.
pub(crate) async fn run(node: &Path, arguments: &[&str]) -> Result<Vec<u8>, Error> {
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
            ], "more": 1 },
            "staking": { "stakers": [["A", "A", 7, "Validator"]], "validatorCount": 1 }
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
        let staking = &changed["genesis"]["runtimeGenesis"]["patch"]["staking"];
        assert_eq!(staking["validatorCount"], 3);
        assert_eq!(staking["stakers"][2], json!(["Z", "Z", 7, "Validator"]));
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

    #[test]
    fn accounts_are_endowed_beside_those_of_the_preset() {
        let spec = r#"{ "chainType": "Local", "genesis": { "runtimeGenesis": { "patch": {
            "balances": { "balances": [["A", 10000000000000000000000001]] }
        } } } }"#;
        let more = [("B".to_owned(), u128::MAX)];
        let endowed = endow(spec, &more).unwrap();
        let endowed = change(&endowed, &CHAIN_TYPE, &|_| write(&"Live")).unwrap();
        let entries = format!(r#"[["A", 10000000000000000000000001],["B",{}]]"#, u128::MAX);
        assert!(endowed.contains(&entries), "{endowed}");
        assert!(endowed.contains(r#""chainType":"Live""#), "{endowed}");
        assert!(endow("{}", &more)
            .unwrap_err()
            .contains("balances.balances"));
    }

    #[test]
    fn rounds_of_audits_take_another_pace() {
        let spec = r#"{ "genesis": { "runtimeGenesis": { "patch": { "audits": {
            "pace": { "roundTicks": 60, "answerTicks": 30, "drawDelay": 2 }
        } } } } }"#;
        let pace = AuditPace {
            round_ticks: 18,
            answer_ticks: 6,
            draw_delay: 3,
        };
        let changed = change(spec, &AUDIT_PACE, &|_| write(&pace)).unwrap();
        let changed: Value = serde_json::from_str(&changed).unwrap();
        assert_eq!(
            changed["genesis"]["runtimeGenesis"]["patch"]["audits"]["pace"],
            json!({ "roundTicks": 18, "answerTicks": 6, "drawDelay": 3 })
        );
    }

    #[tokio::test]
    async fn a_kept_specification_is_used_again() {
        let wanted = Wanted {
            validators: 1,
            live: false,
            endowed: &[],
            pace: None,
            era_pace: None,
            given: None,
        };
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE), "{}").unwrap();
        let path = prepare(Path::new("/nonexistent/node"), dir.path(), &wanted, true)
            .await
            .unwrap();
        assert_eq!(path, dir.path().join(FILE));
        let fresh = tempfile::tempdir().unwrap();
        let error = prepare(Path::new("/nonexistent/node"), fresh.path(), &wanted, true)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Spawn { .. }), "{error}");
    }
}
