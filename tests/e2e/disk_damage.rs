//! The disk of one provider of three goes bad: its doctor says so, its scrub finds it, and the other two heal it.

use std::{collections::BTreeMap, os::unix::fs::FileExt, time::Duration};

use anyhow::{ensure, Context};
use noema_chain_client::FileId;
use noema_local_net::{LocalNet, PortChoice, Provider};
use noema_storage::client::{commit_file, FileRef};
use noema_tests::{
    cli::{binary, Noema},
    files::{first_difference, write_seeded},
    network::{self, seed},
};
use serde_json::Value;

const SEGMENT: u64 = 262_144;
/// Seventeen segments, the last one short.
const SIZE: u64 = 16 * SEGMENT + 1000;
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn damage_on_a_disk_is_told_found_and_healed() -> anyhow::Result<()> {
    let mut shape = LocalNet::builder().providers(3).ports(PortChoice::Free);
    // A round every other second.
    for argument in [
        "--scrub-rate",
        "64MiB",
        "--scrub-interval-seconds",
        "2",
        "--disk-reserve",
        "64MiB",
    ] {
        shape = shape.provider_arg(argument);
    }
    let net = shape.start().await?;
    let noema = Noema::of(&net)?;
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("original");
    write_seeded(&path, SIZE, seed("disk damage"))?;
    let name = path.to_str().context("a path in UTF-8")?;
    noema
        .ask(&["storage", "put", name, "--replicas", "3"])
        .await?;
    let file = FileRef::from(&commit_file(&path, None).await?).file;
    network::until_held(&net, &file, &network::account("Alice")?).await?;
    let victim = net.provider(0);

    // Beside the daemon: everything but the index is checked, and well.
    let (code, checks) = doctor(&net, victim, &[]).await?;
    ensure!(
        code == Some(0),
        "the doctor of a sound provider ends with {code:?}: {checks:?}"
    );
    for check in [
        "node",
        "genesis",
        "registration",
        "balance",
        "clock",
        "audits",
        "pin",
        "endpoint",
        "disk",
    ] {
        expect(&checks, check, "ok")?;
    }
    expect(&checks, "index", "warning")?;

    // While it is down, two segments go bad; its doctor names the file before anybody reads it.
    victim.stop().await;
    let (_, checks) = doctor(&net, victim, &["--deep"]).await?;
    expect(&checks, "index", "ok")?;
    flip(victim, &file, &[2, 9])?;
    let (code, checks) = doctor(&net, victim, &["--deep"]).await?;
    ensure!(
        code == Some(1),
        "the doctor of a damaged provider ends with {code:?}: {checks:?}"
    );
    let told = expect(&checks, "index", "failed")?;
    ensure!(
        told.contains(&file.to_string())
            && told.contains("segment 2")
            && told.contains("segment 9"),
        "the doctor does not name what is damaged: {told}"
    );
    println!("doctor: {told}");

    // Started, its scrub finds both, and they come from the others.
    victim.restart().await?;
    until_healed(victim, 2).await?;

    // Two more while it runs, the last segment of the file among them.
    flip(victim, &file, &[0, 16])?;
    until_healed(victim, 4).await?;
    let metrics = metrics(victim).await?;
    let figure = |name: &str| metrics.get(name).copied().unwrap_or_default();
    ensure!(
        figure("noema_storage_damaged_segments_total") >= 4.0,
        "four segments were damaged: {metrics:?}"
    );
    ensure!(
        figure("noema_storage_unhealed_segments") == 0.0,
        "all are healed: {metrics:?}"
    );

    // Alone it serves what was put.
    let copy = dir.path().join("copy");
    noema
        .get_only_from(&net, &file, &victim.account(), &copy)
        .await?;
    let difference = first_difference(&path, &copy)?;
    ensure!(
        difference.is_none(),
        "the copy differs from byte {difference:?} on"
    );
    victim.stop().await;
    let (_, checks) = doctor(&net, victim, &["--deep"]).await?;
    expect(&checks, "index", "ok")?;

    // Without the chain the doctor says so, and checks the rest.
    net.node(0).kill9().await;
    let (code, checks) = doctor(&net, victim, &[]).await?;
    ensure!(
        code == Some(1),
        "without a node the doctor ends with {code:?}"
    );
    expect(&checks, "node", "failed")?;
    expect(&checks, "index", "ok")?;
    net.shutdown().await;
    Ok(())
}

/// Turns a bit of these segments over in the provider's data file.
fn flip(provider: &Provider, file: &FileId, segments: &[u64]) -> anyhow::Result<()> {
    let name = file.to_string();
    let (shelf, data) = (&name[..2], format!("{name}.data"));
    let path = provider.data_dir().join("files").join(shelf).join(data);
    let data = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .with_context(|| format!("open {}", path.display()))?;
    for segment in segments {
        let at = segment * SEGMENT + 77;
        let mut byte = [0];
        data.read_exact_at(&mut byte, at)?;
        data.write_all_at(&[byte[0] ^ 0x20], at)?;
    }
    Ok(data.sync_all()?)
}

/// What the doctor of a provider says: its exit code, and of each check how it ended and what was found.
async fn doctor(
    net: &LocalNet,
    provider: &Provider,
    more: &[&str],
) -> anyhow::Result<(Option<i32>, BTreeMap<String, (String, String)>)> {
    let key = provider
        .data_dir()
        .parent()
        .context("the data directory lies in the provider's")?
        .join("operator.key");
    let url = provider.url();
    let address = url
        .split_once("://")
        .map_or(url.as_str(), |(_, address)| address);
    let output = tokio::process::Command::new(binary("noema-storage")?)
        .args(["doctor", "--json", "--disk-reserve", "64MiB"])
        .args(["--node", &net.url()])
        .args(["--provider", &provider.account().to_string()])
        .args(["--listen", address])
        .arg("--operator-key")
        .arg(key)
        .arg("--data-dir")
        .arg(provider.data_dir())
        .args(more)
        .output()
        .await?;
    let said = String::from_utf8_lossy(&output.stdout);
    let report: Value = serde_json::from_str(&said).with_context(|| {
        let errors = String::from_utf8_lossy(&output.stderr);
        format!("the doctor prints no JSON: `{said}{errors}`")
    })?;
    let mut checks = BTreeMap::new();
    for check in report["checks"].as_array().context("a list of checks")? {
        let word = |key: &str| check[key].as_str().unwrap_or_default().to_owned();
        checks.insert(word("name"), (word("status"), word("message")));
    }
    Ok((output.status.code(), checks))
}

fn expect<'a>(
    checks: &'a BTreeMap<String, (String, String)>,
    name: &str,
    expected: &str,
) -> anyhow::Result<&'a str> {
    let (status, message) = checks
        .get(name)
        .with_context(|| format!("there is no check {name} in {checks:?}"))?;
    ensure!(
        status == expected,
        "{name}: expected {expected}, found {status}: {message}"
    );
    Ok(message)
}

async fn until_healed(provider: &Provider, count: u32) -> anyhow::Result<()> {
    network::until("the damage is found and healed", PATIENCE, || async {
        let metrics = metrics(provider).await?;
        let healed = metrics.get("noema_storage_healed_segments_total");
        Ok((healed.copied().unwrap_or_default() >= f64::from(count)).then_some(()))
    })
    .await
}

/// Figures without labels.
async fn metrics(provider: &Provider) -> anyhow::Result<BTreeMap<String, f64>> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let answer = client.get(provider.metrics_url()).send().await?;
    let text = answer.error_for_status()?.text().await?;
    let figures = text.lines().filter_map(|line| {
        let (name, value) = line.split_once(' ')?;
        Some((name.to_owned(), value.parse().ok()?))
    });
    Ok(figures.collect())
}
