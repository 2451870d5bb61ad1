//! The rollup of examples/rollup: its sequencer is killed, its derivation begins anew from nothing, a stranger writes beside it, and everybody comes to the same state.

use std::{path::Path, process::Stdio, time::Duration};

use anyhow::{bail, ensure, Context};
use noema_da::client::PutOptions;
use noema_da_primitives::Namespace;
use noema_local_net::LocalNet;
use noema_tests::{
    blobs::{availability, gateway, net, put},
    cli::binary,
    network,
};
use serde_json::{json, Value};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::Command,
    time::timeout,
};

const NAMESPACE: [u8; 28] = [9; 28];
/// How long one program may take.
const PATIENCE: Duration = Duration::from_secs(300);

#[tokio::test(flavor = "multi_thread")]
async fn a_rollup_is_derived_in_order_after_everything_was_killed() -> anyhow::Result<()> {
    let net = net(4).start().await?;
    tokio::select! {
        crash = net.next_crash() => bail!("a process ended that nobody stopped: {crash}"),
        done = roll(&net) => done?,
    }
    net.shutdown().await;
    Ok(())
}

async fn roll(net: &LocalNet) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let at = |name: &str| dir.path().join(name);
    sequence(
        net,
        &at("sequencer"),
        "mint ann 100\npay ann bob 30\n",
        None,
    )
    .await?;
    // Somebody else's, and something that is none.
    let options = PutOptions {
        namespace: Some(Namespace(NAMESPACE)),
        ..PutOptions::default()
    };
    put(&gateway(net)?, b"mint eve 1000000", options).await?;
    // Killed when the first of two batches is available: the second may be posted, or noted, or neither.
    let text = "pay bob cid 7\npay ann eve 999\nmint cid 1\n";
    sequence(net, &at("sequencer"), text, Some("batch 1 is available")).await?;
    let before = derive(net, &at("derived")).await?;
    ensure!(
        before["batches"].as_u64().is_some_and(|n| n >= 2),
        "{before}"
    );
    // What was noted is posted first, whatever comes then.
    sequence(net, &at("sequencer"), "pay ann cid 1\n", None).await?;
    let after = derive(net, &at("derived")).await?;
    let fresh = derive(net, &at("again")).await?;
    ensure!(after == fresh, "from notes {after}, from nothing {fresh}");
    let eve = &fresh["balances"]["eve"];
    ensure!(
        eve.is_null(),
        "a stranger's words count for nothing: {fresh}"
    );
    ensure!(fresh["balances"]["bob"] == json!(23), "{fresh}");
    let (ann, cid) = (&fresh["balances"]["ann"], fresh["balances"]["cid"].as_u64());
    // The line behind the kill may never have become a batch.
    ensure!(ann == &json!(69), "{fresh}");
    ensure!(cid.is_some_and(|cid| cid == 8 || cid == 9), "{fresh}");
    Ok(())
}

/// Runs the sequencer on some lines, two in a batch, until it ends or has said something.
async fn sequence(
    net: &LocalNet,
    state: &Path,
    lines: &str,
    kill_at: Option<&str>,
) -> anyhow::Result<()> {
    let mut child = Command::new(binary("rollup-sequencer")?)
        .args(["--namespace", &hex::encode(NAMESPACE), "--dev", "Alice"])
        .args(["--gateway", &availability(net)?.gateway_url()])
        .args(["--node", &net.url(), "--batch", "2", "--state"])
        .arg(state)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut stdin = child.stdin.take().context("standard input")?;
    stdin.write_all(lines.as_bytes()).await?;
    drop(stdin);
    let stdout = child.stdout.take().context("standard output")?;
    let mut said = BufReader::new(stdout).lines();
    let reading = async {
        while let Some(line) = said.next_line().await? {
            if kill_at.is_some_and(|words| line.starts_with(words)) {
                child.kill().await?;
                return Ok(());
            }
        }
        let status = child.wait().await?;
        ensure!(
            status.success() && kill_at.is_none(),
            "the sequencer ended with {status}"
        );
        Ok(())
    };
    timeout(PATIENCE, reading).await?
}

async fn derive(net: &LocalNet, state: &Path) -> anyhow::Result<Value> {
    let sequencer = network::account("Alice")?.to_string();
    let output = Command::new(binary("rollup-derive")?)
        .args([
            "--namespace",
            &hex::encode(NAMESPACE),
            "--sequencer",
            &sequencer,
        ])
        .args(["--node", &net.url(), "--state"])
        .arg(state)
        .kill_on_drop(true)
        .output();
    let output = timeout(PATIENCE, output).await??;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the derivation fails: {said}");
    Ok(serde_json::from_slice(&output.stdout)?)
}
