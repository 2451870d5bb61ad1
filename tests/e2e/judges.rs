//! Other people's clients, unpatched, against our network: tests/judges.

use std::{path::Path, process::Stdio, time::Duration};

use anyhow::{bail, Context};
use noema_local_net::{LocalNet, PortChoice, MIN_SEATS};
use noema_tests::{cli::binary, daemon::Daemon, log_lines, network};
use tokio::process::Command;

/// Longest time for fetching the clients, and for all that they try.
const PATIENCE: Duration = Duration::from_secs(600);

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_others_work_with_the_chain() -> anyhow::Result<()> {
    let judges = Path::new(env!("CARGO_MANIFEST_DIR")).join("judges");
    let noema = binary("noema")?;
    let programs = noema.parent().context("a program lies in a directory")?;
    run(Command::new("npm").arg("ci").current_dir(&judges)).await?;

    let net = LocalNet::builder()
        .providers(3)
        .seats(MIN_SEATS)
        .node_arg(log_lines::DETAILED)
        .ports(PortChoice::Free)
        .start()
        .await?;
    let blobs = net.availability().context("a network with seats")?;
    // A provider that is given a file: with as many replicas as providers, each is.
    let dir = tempfile::tempdir()?;
    let gateway = gateway(&net, dir.path()).await?;
    let metrics = [
        net.node(0).metrics_url(),
        net.provider(0).metrics_url(),
        format!("{}/metrics", gateway.address()),
        blobs.seats()[0].metrics_url(),
        format!("{}/metrics", blobs.gateway_url()),
    ]
    .join(" ");
    let mut judging = Command::new("node");
    judging
        .arg("--test")
        .args(TESTS)
        .current_dir(&judges)
        .env("NOEMA_RPC", net.node(0).ws_url())
        .env("NOEMA_METRICS", metrics)
        .env("NOEMA_BIN", programs)
        .env(
            "NOEMA_DISPERSER",
            blobs.gateway_url().trim_start_matches("http://"),
        );
    tokio::select! {
        crash = net.next_crash() => bail!("a process ended that nobody stopped: {crash}"),
        judged = run(&mut judging) => { judged?; }
    }
    gateway.stop().await?;
    net.shutdown().await;
    Ok(())
}

/// A gateway that has nothing to sell, but figures.
async fn gateway(net: &LocalNet, dir: &Path) -> anyhow::Result<Daemon> {
    let (url, provider) = (net.url(), network::account("Bob")?.to_string());
    let dir = dir.to_str().context("a path in UTF-8")?;
    let arguments = [
        "gateway",
        "--node",
        &url,
        "--provider",
        &provider,
        "--dev-operator",
        "Charlie",
        "--dev-service-key",
        "Charlie",
        "--service",
        "0",
        "--model",
        "none",
        "--engine",
        "http://127.0.0.1:1",
        "--data-dir",
        dir,
        "--listen",
        "127.0.0.1:0",
    ];
    Daemon::start("noema-compute", &arguments, "gateway answers at ").await
}

/// Each file is a judge.
const TESTS: [&str; 7] = [
    "polkadot-js.test.mjs",
    "agents.test.mjs",
    "papi.test.mjs",
    "metadata-hash.test.mjs",
    "root-0g.test.mjs",
    "disperser.test.mjs",
    "operations.test.mjs",
];

/// Runs a command, repeats what it says and returns it; an error if it fails.
pub(crate) async fn run(command: &mut Command) -> anyhow::Result<String> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output())
        .await
        .with_context(|| format!("{command:?} takes too long"))?
        .with_context(|| {
            format!("{command:?} cannot be run; scripts/setup.sh --tests says what is missing")
        })?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    println!("{said}");
    if !output.status.success() {
        bail!(
            "{command:?} ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(said)
}
