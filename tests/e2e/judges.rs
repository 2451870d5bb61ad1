//! Other people's clients, unpatched, against our network: tests/judges.

use std::{path::Path, process::Stdio, time::Duration};

use anyhow::{bail, Context};
use noema_tests::{cli::binary, network};
use tokio::process::Command;

/// Longest time for fetching the clients, and for all that they try.
const PATIENCE: Duration = Duration::from_secs(600);

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_others_work_with_the_chain() -> anyhow::Result<()> {
    let judges = Path::new(env!("CARGO_MANIFEST_DIR")).join("judges");
    let noema = binary("noema")?;
    let programs = noema.parent().context("a program lies in a directory")?;
    run(Command::new("npm").arg("ci").current_dir(&judges)).await?;

    let net = network::start(3).await?;
    // A provider that is given a file: with as many replicas as providers, each is.
    let metrics = [net.node(0).metrics_url(), net.provider(0).metrics_url()].join(" ");
    let mut judging = Command::new("node");
    judging
        .arg("--test")
        .args(TESTS)
        .current_dir(&judges)
        .env("NOEMA_RPC", net.node(0).ws_url())
        .env("NOEMA_METRICS", metrics)
        .env("NOEMA_BIN", programs);
    tokio::select! {
        crash = net.next_crash() => bail!("a process ended that nobody stopped: {crash}"),
        judged = run(&mut judging) => { judged?; }
    }
    net.shutdown().await;
    Ok(())
}

/// Each file is a judge.
const TESTS: [&str; 5] = [
    "polkadot-js.test.mjs",
    "papi.test.mjs",
    "metadata-hash.test.mjs",
    "root-0g.test.mjs",
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
