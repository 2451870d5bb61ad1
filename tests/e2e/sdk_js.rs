//! The JavaScript library, from Node.js and from Chromium, against our network: sdk/js.

use std::path::Path;

use anyhow::{bail, ensure, Context};
use noema_tests::cli::binary;
use tokio::process::Command;

use crate::{judges::run, tamper};

#[tokio::test(flavor = "multi_thread")]
async fn the_javascript_library_puts_and_gets_in_node_and_in_a_browser() -> anyhow::Result<()> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/js");
    let noema = binary("noema")?;
    let programs = noema.parent().context("a program lies in a directory")?;
    run(Command::new("npm").arg("ci").current_dir(&package)).await?;

    // One of the three lies when it is told to.
    let net = tamper::start(3, &[0]).await?;
    let mut testing = Command::new("npm");
    testing
        .arg("test")
        .current_dir(&package)
        .env("NOEMA_RPC", net.node(0).ws_url())
        .env("NOEMA_BIN", programs)
        .env("NOEMA_LIAR", net.provider(0).endpoint());
    let said = tokio::select! {
        crash = net.next_crash() => bail!("a process ended that nobody stopped: {crash}"),
        tested = run(&mut testing) => tested?,
    };
    // Without a network its tests are left out, so that a name that changed would look like success.
    ensure!(
        said.contains("skipped 0"),
        "expected that no test is left out"
    );
    net.shutdown().await;
    Ok(())
}
