//! The client: what operators do with a database, its keys and its specification; and two validators that finalise together.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{bail, ensure, Context};
use noema_local_net::{Binaries, LocalNet, Node, PortChoice};
use noema_tests::network;
use serde_json::{json, Value};
use tokio::{process::Command, time::sleep};

/// Finalised blocks that the chain has before its database is worked on.
const BLOCKS: u64 = 12;
/// Blocks that a node is to follow.
const FOLLOWED: u64 = 10;
/// Longest time that a sub-command may take.
const PATIENCE: Duration = Duration::from_secs(180);
/// For how long finality is measured.
const MEASURED: Duration = Duration::from_secs(20);

/// Methods of each group that tools rely on.
const METHODS: [&str; 16] = [
    "chainHead_v1_follow",
    "transaction_v1_broadcast",
    "transactionWatch_v1_submitAndWatch",
    "archive_v1_finalizedHeight",
    "chainSpec_v1_genesisHash",
    "author_submitAndWatchExtrinsic",
    "author_rotateKeysWithOwner",
    "chain_subscribeFinalizedHeads",
    "state_getMetadata",
    "state_subscribeRuntimeVersion",
    "system_accountNextIndex",
    "payment_queryInfo",
    "babe_epochAuthorship",
    "grandpa_proveFinality",
    "sync_state_genSyncSpec",
    "system_health",
];

/// The client with the arguments that every command on one database shares.
struct Client {
    binary: PathBuf,
    chain: PathBuf,
}

/// How a run of the client ended, and what it printed and said.
pub(super) struct Said {
    pub(super) success: bool,
    pub(super) out: String,
    pub(super) err: String,
}

/// Runs the client to its end.
pub(super) async fn run(binary: &Path, arguments: &[&dyn AsRef<OsStr>]) -> anyhow::Result<Said> {
    let mut command = Command::new(binary);
    command
        .args(arguments.iter().map(|argument| argument.as_ref()))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output())
        .await
        .with_context(|| format!("{command:?} takes too long"))??;
    Ok(Said {
        success: output.status.success(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

impl Client {
    async fn run(&self, arguments: &[&dyn AsRef<OsStr>]) -> anyhow::Result<Said> {
        run(&self.binary, arguments).await
    }

    async fn works(&self, arguments: &[&dyn AsRef<OsStr>]) -> anyhow::Result<Said> {
        let said = self.run(arguments).await?;
        if !said.success {
            let words: Vec<_> = arguments.iter().map(|word| word.as_ref()).collect();
            bail!("{words:?} failed: {}{}", said.out, said.err);
        }
        Ok(said)
    }

    /// A sub-command on the database in `base`.
    async fn on(
        &self,
        base: &Path,
        subcommand: &[&str],
        arguments: &[&dyn AsRef<OsStr>],
    ) -> anyhow::Result<Said> {
        let mut all: Vec<&dyn AsRef<OsStr>> = Vec::new();
        for word in subcommand {
            all.push(word);
        }
        all.extend([
            &"--chain" as &dyn AsRef<OsStr>,
            &self.chain,
            &"--base-path",
            &base,
        ]);
        all.extend(arguments);
        self.works(&all).await
    }

    /// Numbers of the best and of the finalised block.
    async fn heights(&self, base: &Path) -> anyhow::Result<(u64, u64)> {
        let said = self.on(base, &["chain-info"], &[]).await?;
        let info: Value = serde_json::from_str(&said.out)
            .with_context(|| format!("chain-info printed {}", said.out))?;
        let number = |path: &str| {
            info.pointer(path)
                .and_then(Value::as_u64)
                .with_context(|| format!("no {path} in {info}"))
        };
        Ok((number("/best_number")?, number("/finalized_number")?))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sub_command_of_the_client_works() -> anyhow::Result<()> {
    let net = LocalNet::builder()
        .providers(0)
        .ports(PortChoice::Free)
        .start()
        .await?;
    let node = net.node(0);
    net.client().wait_finalized(u32::try_from(BLOCKS)?).await?;
    node.stop().await;
    let client = Client {
        binary: Binaries::locate()?.node,
        chain: net.data_dir().join("chain-spec.json"),
    };
    let dir = tempfile::tempdir()?;
    database(&client, node.base_path(), dir.path()).await?;
    specifications(&client, dir.path()).await?;
    keys(&client, dir.path()).await?;
    benchmarks(&client, node.base_path()).await?;
    net.shutdown().await;
    Ok(())
}

async fn database(client: &Client, base: &Path, dir: &Path) -> anyhow::Result<()> {
    let (best, finalized) = client.heights(base).await?;
    ensure!(
        best >= finalized && finalized >= BLOCKS,
        "expected at least {BLOCKS} finalised blocks, found {finalized} of {best}"
    );
    client.on(base, &["check-block"], &[&"5"]).await?;
    let blocks = dir.join("blocks.bin");
    client
        .on(base, &["export-blocks"], &[&"--to", &"10", &blocks])
        .await?;
    let state = client.on(base, &["export-state"], &[&"10"]).await?;
    ensure!(
        serde_json::from_str::<Value>(&state.out)?
            .pointer("/genesis/raw/top")
            .is_some(),
        "export-state printed no state"
    );

    let copy = dir.join("copy");
    client.on(&copy, &["import-blocks"], &[&blocks]).await?;
    let (imported, _) = client.heights(&copy).await?;
    ensure!(
        imported == 10,
        "expected 10 imported blocks, found {imported}"
    );
    client.on(&copy, &["revert"], &[&"3"]).await?;
    let (reverted, _) = client.heights(&copy).await?;
    ensure!(
        reverted == 7,
        "expected block 7 after reverting 3, found {reverted}"
    );
    client.on(&copy, &["purge-chain"], &[&"-y"]).await?;
    let (purged, _) = client.heights(&copy).await.unwrap_or_default();
    ensure!(
        purged == 0,
        "expected no blocks after purge-chain, found {purged}"
    );
    Ok(())
}

async fn specifications(client: &Client, dir: &Path) -> anyhow::Result<()> {
    let plain = dir.join("plain.json");
    client
        .works(&[
            &"export-chain-spec",
            &"--chain",
            &"local",
            &"--output",
            &plain,
        ])
        .await?;
    let raw = client
        .works(&[&"export-chain-spec", &"--chain", &plain, &"--raw"])
        .await?;
    let spec: Value = serde_json::from_str(&raw.out)?;
    ensure!(
        spec.pointer("/properties/tokenDecimals") == Some(&json!(18)),
        "expected 18 decimals in {}",
        spec["properties"]
    );
    let older = client
        .works(&[
            &"build-spec",
            &"--chain",
            &"local",
            &"--disable-default-bootnode",
        ])
        .await?;
    ensure!(
        serde_json::from_str::<Value>(&older.out)?["id"] == spec["id"],
        "build-spec and export-chain-spec disagree"
    );
    let unknown = client
        .run(&[&"export-chain-spec", &"--chain", &"nowhere"])
        .await?;
    ensure!(
        !unknown.success && unknown.err.contains("nowhere"),
        "an unknown chain was not named: {}",
        unknown.err
    );
    Ok(())
}

async fn keys(client: &Client, dir: &Path) -> anyhow::Result<()> {
    let generated = client
        .works(&[&"key", &"generate", &"--output-type", &"json"])
        .await?;
    let generated: Value = serde_json::from_str(&generated.out)?;
    let phrase = generated["secretPhrase"].as_str().context("no phrase")?;
    let inspected = client
        .works(&[&"key", &"inspect", &"--output-type", &"json", &phrase])
        .await?;
    let inspected: Value = serde_json::from_str(&inspected.out)?;
    ensure!(
        inspected["publicKey"] == generated["publicKey"],
        "a generated key reads as another"
    );
    let suri = dir.join("suri");
    std::fs::write(&suri, phrase)?;
    let base = dir.join("validator");
    client
        .on(
            &base,
            &["key", "insert"],
            &[
                &"--scheme",
                &"sr25519",
                &"--key-type",
                &"babe",
                &"--suri",
                &suri,
            ],
        )
        .await?;
    let mut folders = vec![base];
    let mut stored = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            match path.is_dir() {
                true => folders.push(path),
                false => stored += 1,
            }
        }
    }
    ensure!(
        stored == 1,
        "expected one key in the keystore, found {stored}"
    );
    client
        .works(&[
            &"key",
            &"generate-node-key",
            &"--file",
            &dir.join("node-key"),
        ])
        .await?;
    client
        .works(&[
            &"key",
            &"inspect-node-key",
            &"--file",
            &dir.join("node-key"),
        ])
        .await?;
    Ok(())
}

/// Short runs: that they measure something, not what.
async fn benchmarks(client: &Client, base: &Path) -> anyhow::Result<()> {
    let short: [&dyn AsRef<OsStr>; 4] = [&"--warmup", &"1", &"--repeat", &"1"];
    let empty = tempfile::tempdir()?;
    let mut extrinsic: Vec<&dyn AsRef<OsStr>> = vec![
        &"--pallet",
        &"balances",
        &"--extrinsic",
        &"transfer_keep_alive",
        &"--max-ext-per-block",
        &"10",
    ];
    extrinsic.extend(short);
    client
        .on(empty.path(), &["benchmark", "extrinsic"], &extrinsic)
        .await?;
    client
        .on(
            base,
            &["benchmark", "block"],
            &[&"--from", &"2", &"--to", &"4", &"--repeat", &"1"],
        )
        .await?;
    for measured in ["pallet", "storage"] {
        let mut words: Vec<&dyn AsRef<OsStr>> = vec![&"benchmark", &measured];
        let rest: &[&dyn AsRef<OsStr>] = match measured {
            "pallet" => &[&"--pallet", &"*", &"--extrinsic", &"*"],
            _ => &[&"--state-version", &"1"],
        };
        words.extend(rest);
        let refused = client.run(&words).await?;
        ensure!(
            !refused.success && refused.err.contains("needs a"),
            "`benchmark {measured}` did not say what it needs: {}",
            refused.err
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_validators_finalise_each_others_blocks() -> anyhow::Result<()> {
    let net = LocalNet::builder()
        .validators(2)
        .providers(0)
        // For `archive_v1`.
        .node_arg("--state-pruning")
        .node_arg("archive-canonical")
        .ports(PortChoice::Free)
        .start()
        .await?;
    let http = reqwest::Client::builder().no_proxy().build()?;
    for node in net.nodes() {
        let methods = node.rpc("rpc_methods", json!([])).await?;
        let methods: BTreeSet<&str> = methods["methods"]
            .as_array()
            .context("no methods")?
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let missing: Vec<_> = METHODS
            .iter()
            .filter(|name| !methods.contains(*name))
            .collect();
        ensure!(missing.is_empty(), "the node lacks {missing:?}");
        network::until("peer", PATIENCE, || async {
            let health = node.rpc("system_health", json!([])).await?;
            Ok((health["peers"] == 1).then_some(()))
        })
        .await?;
        let metrics = http.get(node.metrics_url()).send().await?.text().await?;
        ensure!(
            metrics.contains("substrate_block_height"),
            "the metrics lack the height of the chain"
        );
    }

    let first = net.node(0);
    let (mut seen, mut counted, mut lags) = (BTreeMap::new(), 0, Vec::new());
    let began = Instant::now();
    while began.elapsed() < MEASURED {
        let best = height(first, None).await?;
        if best > counted {
            seen.entry(best).or_insert_with(Instant::now);
        }
        let head = first.rpc("chain_getFinalizedHead", json!([])).await?;
        let finalized = height(first, Some(&head)).await?;
        let open = seen.split_off(&(finalized + 1));
        lags.extend(seen.values().map(Instant::elapsed));
        seen = open;
        counted = counted.max(finalized);
        sleep(Duration::from_millis(20)).await;
    }
    let ours = first.finalized().await?;
    let theirs = net.node(1).finalized().await?;
    ensure!(
        ours.abs_diff(theirs) <= 3,
        "one node has finalised block {ours}, the other {theirs}"
    );
    lags.sort_unstable();
    let middle = lags.get(lags.len() / 2).context("nothing was finalised")?;
    println!(
        "two validators: {ours} blocks finalised; from seeing a block to its finality {} ms (median of {})",
        middle.as_millis(),
        lags.len()
    );
    net.shutdown().await;
    Ok(())
}

/// Such a node has no vote, and everything else.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_grandpa_follows_the_chain() -> anyhow::Result<()> {
    let net = LocalNet::builder()
        .providers(0)
        .followers(1)
        .follower_arg("--no-grandpa")
        .ports(PortChoice::Free)
        .start()
        .await?;
    let node = &net.followers()[0];
    node.start()?;
    // That it is connected, and stays so.
    let goal = net.node(0).finalized().await? + FOLLOWED;
    network::until(
        "the chain at the node without GRANDPA",
        PATIENCE,
        || async { Ok((height(node, None).await? >= goal).then_some(())) },
    )
    .await?;
    net.shutdown().await;
    Ok(())
}

async fn height(node: &Node, of: Option<&Value>) -> anyhow::Result<u64> {
    let params = of.map_or_else(|| json!([]), |hash| json!([hash]));
    let header = node.rpc("chain_getHeader", params).await?;
    let number = header["number"]
        .as_str()
        .context("a header without a number")?;
    Ok(u64::from_str_radix(number.trim_start_matches("0x"), 16)?)
}
