//! The specifications that are kept in the repository, used as `chain-specs/README.md` says: the one of four validators as it is, and the template
//! of a public test network, filled in with keys that nobody has used before.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{ensure, Context};
use noema_local_net::{Binaries, LocalNet, PortChoice};
use noema_tests::{fleet::Fleet, network::until};
use serde_json::{json, Value};
use tokio::process::{Child, Command};

use super::node::{run, Said};

/// Validators of both.
const VALIDATORS: usize = 4;
/// Final blocks that show that a network works.
const BLOCKS: u64 = 5;
/// Longest time until it has them.
const PATIENCE: Duration = Duration::from_secs(180);
/// Session keys: name in the specification, type in keystores, scheme.
const KEYS: [(&str, &str, &str); 3] = [
    ("babe", "babe", "sr25519"),
    ("grandpa", "gran", "ed25519"),
    ("authority_discovery", "audi", "sr25519"),
];

fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../chain-specs")
        .join(name)
}

/// What the client prints when it succeeds.
async fn printed(arguments: &[&dyn AsRef<OsStr>]) -> anyhow::Result<String> {
    let Said { success, out, err } = run(&Binaries::locate()?.node, arguments).await?;
    ensure!(success, "the client failed: {out}{err}");
    Ok(out)
}

/// What the client says when it fails.
async fn refused(arguments: &[&dyn AsRef<OsStr>]) -> anyhow::Result<String> {
    let Said { success, out, err } = run(&Binaries::locate()?.node, arguments).await?;
    ensure!(!success, "the client did not refuse: {out}{err}");
    Ok(err)
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_specifications_are_exported_and_not_run() -> anyhow::Result<()> {
    let (four, template) = (kept("four-validators.json"), kept("testnet-template.json"));
    let dir = tempfile::tempdir()?;
    let said = refused(&[&"--chain", &four, &"--base-path", &dir.path()]).await?;
    ensure!(
        said.contains("lacks the runtime") && said.contains("export-chain-spec"),
        "{said}"
    );
    let raw = printed(&[&"export-chain-spec", &"--raw", &"--chain", &four]).await?;
    let known = printed(&[
        &"export-chain-spec",
        &"--raw",
        &"--chain",
        &"four-validators",
    ]);
    ensure!(
        raw == known.await?,
        "the kept specification gives another genesis than the client's own"
    );
    for arguments in [&["export-chain-spec", "--raw", "--chain"][..], &["--chain"]] {
        let mut all: Vec<&dyn AsRef<OsStr>> = Vec::new();
        for word in arguments {
            all.push(word);
        }
        all.push(&template);
        let said = refused(&all).await?;
        ensure!(
            said.contains("REPLACE: stash of validator 1")
                && said.contains("REPLACE: name of the network"),
            "{said}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn four_validators_finalise_from_the_kept_specification() -> anyhow::Result<()> {
    let net = LocalNet::builder()
        .client(Binaries::locate()?.node, kept("four-validators.json"))
        .validators(VALIDATORS)
        .providers(0)
        .ports(PortChoice::Free)
        .start()
        .await?;
    let fleet = Fleet::watch(&net);
    let everybody: Vec<usize> = (0..VALIDATORS).collect();
    fleet.goes_on(&everybody, BLOCKS).await?;
    fleet.agree()?;
    let chain = net.node(0).rpc("system_chain", json!([])).await?;
    ensure!(chain == "Noema Four Validators", "the chain is {chain}");
    net.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_begins_with_the_template_filled_in() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let (values, phrases) = keys().await?;
    let mut spec = std::fs::read_to_string(kept("testnet-template.json"))?;
    for (placeholder, value) in &values {
        let quoted = |text: &str| format!("\"{text}\"");
        ensure!(spec.contains(&quoted(placeholder)), "no {placeholder}");
        spec = spec.replace(&quoted(placeholder), &quoted(value));
    }
    let (plain, raw) = (dir.path().join("plain.json"), dir.path().join("raw.json"));
    std::fs::write(&plain, spec)?;
    printed(&[
        &"export-chain-spec",
        &"--chain",
        &plain,
        &"--raw",
        &"--output",
        &raw,
    ])
    .await?;

    let mut nodes: Vec<Running> = Vec::new();
    let mut addresses = Vec::new();
    for (number, phrases) in phrases.iter().enumerate() {
        let base = dir.path().join(format!("validator-{}", number + 1));
        prepare(&raw, &base, phrases).await?;
        let node = Running::start(&raw, &base, &addresses).await?;
        addresses.push(node.address().await?);
        nodes.push(node);
    }
    for node in &nodes {
        until("final blocks", PATIENCE, || async {
            Ok((node.finalized().await? >= BLOCKS).then_some(()))
        })
        .await?;
    }
    let chain = nodes[0].rpc("system_chain", json!([])).await?;
    ensure!(chain == "Tidepool", "the chain is {chain}");
    let kind = nodes[0].rpc("system_chainType", json!([])).await?;
    ensure!(kind == "Live", "the chain is {kind}");
    Ok(())
}

/// What stands in the place of each placeholder, and the secret phrases of each validator's session keys, by their type in keystores.
async fn keys() -> anyhow::Result<(
    BTreeMap<String, String>,
    Vec<BTreeMap<&'static str, String>>,
)> {
    let mut values = BTreeMap::from([
        ("REPLACE: name of the network".into(), "Tidepool".into()),
        ("REPLACE: id of the network".into(), "tidepool".into()),
    ]);
    let mut phrases = Vec::new();
    for n in 1..=VALIDATORS {
        let (stash, _) = generate("sr25519").await?;
        values.insert(format!("REPLACE: stash of validator {n}"), stash);
        let mut own = BTreeMap::new();
        for (name, kind, scheme) in KEYS {
            let (address, phrase) = generate(scheme).await?;
            values.insert(format!("REPLACE: {name} key of validator {n}"), address);
            own.insert(kind, phrase);
        }
        phrases.push(own);
    }
    let mut others = vec!["REPLACE: endowed account 1".to_owned()];
    others.extend((1..=3).map(|n| format!("REPLACE: member {n} of the technical committee")));
    for other in others {
        values.insert(other, generate("sr25519").await?.0);
    }
    Ok((values, phrases))
}

/// A new key: its address, and its secret phrase.
async fn generate(scheme: &str) -> anyhow::Result<(String, String)> {
    let said = printed(&[
        &"key",
        &"generate",
        &"--scheme",
        &scheme,
        &"--output-type",
        &"json",
    ])
    .await?;
    let key: Value = serde_json::from_str(&said)?;
    let text = |name: &str| key[name].as_str().map(str::to_owned);
    Ok((
        text("ss58Address").context("no address")?,
        text("secretPhrase").context("no phrase")?,
    ))
}

/// Gives a validator its network key and its session keys.
async fn prepare(
    raw: &Path,
    base: &Path,
    phrases: &BTreeMap<&'static str, String>,
) -> anyhow::Result<()> {
    printed(&[
        &"key",
        &"generate-node-key",
        &"--chain",
        &raw,
        &"--base-path",
        &base,
    ])
    .await?;
    for (_, kind, scheme) in KEYS {
        let phrase = base.join(kind);
        std::fs::write(&phrase, &phrases[kind])?;
        printed(&[
            &"key",
            &"insert",
            &"--chain",
            &raw,
            &"--base-path",
            &base,
            &"--key-type",
            &kind,
            &"--scheme",
            &scheme,
            &"--suri",
            &phrase,
        ])
        .await?;
    }
    Ok(())
}

/// A validator that runs until it is dropped.
struct Running {
    _process: Child,
    url: String,
    http: reqwest::Client,
}

impl Running {
    async fn start(raw: &Path, base: &Path, bootnodes: &[String]) -> anyhow::Result<Self> {
        let log = base.join("log");
        let mut command = Command::new(Binaries::locate()?.node);
        command
            .args(["--validator", "--no-mdns", "--no-prometheus"])
            .args(["--disable-log-color", "--rpc-port", "0"])
            .args(["--listen-addr", "/ip4/127.0.0.1/tcp/0"])
            .arg("--chain")
            .arg(raw)
            .arg("--base-path")
            .arg(base)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .kill_on_drop(true);
        for address in bootnodes {
            command.args(["--bootnodes", address]);
        }
        let process = command.spawn()?;
        noema_transport::install_crypto();
        let url = until("RPC of a validator", PATIENCE, || async {
            let said = std::fs::read_to_string(&log)?;
            let (_, after) = said
                .split_once("JSON-RPC server: addr=")
                .with_context(|| said.clone())?;
            let (address, _) = after.split_once(',').context("a whole line")?;
            Ok(Some(format!("http://{address}")))
        })
        .await?;
        Ok(Self {
            _process: process,
            url,
            http: reqwest::Client::builder().no_proxy().build()?,
        })
    }

    async fn rpc(&self, method: &str, params: Value) -> anyhow::Result<Value> {
        let question = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answer = self.http.post(&self.url).json(&question).send().await?;
        let answer: Value = answer.json().await?;
        let result = answer.get("result");
        Ok(result.with_context(|| answer.to_string())?.clone())
    }

    /// Where others reach it.
    async fn address(&self) -> anyhow::Result<String> {
        let addresses = self.rpc("system_localListenAddresses", json!([])).await?;
        let address = addresses[0].as_str().map(str::to_owned);
        address.with_context(|| format!("no address in {addresses}"))
    }

    /// Number of its newest final block.
    async fn finalized(&self) -> anyhow::Result<u64> {
        let hash = self.rpc("chain_getFinalizedHead", json!([])).await?;
        let header = self.rpc("chain_getHeader", json!([hash])).await?;
        let number = header["number"].as_str().context("no number")?;
        Ok(u64::from_str_radix(number.trim_start_matches("0x"), 16)?)
    }
}
