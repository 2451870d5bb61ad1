//! The JavaScript library, from Node.js and from Chromium, against our networks: sdk/js.

use std::path::Path;

use anyhow::{bail, ensure, Context};
use noema_chain_client::ComputeCall;
use noema_tests::{
    cli::binary,
    compute_market::{submit, Market},
    daemon::Daemon,
    network::submitter,
};
use tokio::process::Command;

use crate::{judges::run, tamper};

#[tokio::test(flavor = "multi_thread")]
async fn the_javascript_library_puts_gets_and_buys_in_node_and_in_a_browser() -> anyhow::Result<()>
{
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/js");
    let noema = binary("noema")?;
    let programs = noema.parent().context("a program lies in a directory")?;
    run(Command::new("npm").arg("ci").current_dir(&package)).await?;

    // One of the three lies when it is told to.
    let net = tamper::start(3, &[0]).await?;
    // Where answers are sold; the library opens its own channels.
    let mut market = Market::start().await?;
    let gateway = sell(&mut market).await?;
    let mut testing = Command::new("npm");
    testing
        .arg("test")
        .current_dir(&package)
        .env("NOEMA_RPC", net.node(0).ws_url())
        .env("NOEMA_MARKET", market.net.url())
        .env("NOEMA_BIN", programs)
        .env("NOEMA_LIAR", net.provider(0).endpoint());
    let said = tokio::select! {
        crash = net.next_crash() => bail!("a process ended that nobody stopped: {crash}"),
        crash = market.net.next_crash() => bail!("a process of the market ended that nobody stopped: {crash}"),
        tested = run(&mut testing) => tested?,
    };
    // Without a network its tests are left out, so that a name that changed would look like success.
    ensure!(
        said.contains("skipped 0"),
        "expected that no test is left out"
    );
    gateway.stop().await?;
    market.net.shutdown().await;
    net.shutdown().await;
    Ok(())
}

/// Bob sells answers and vectors by a gateway that runs.
async fn sell(market: &mut Market) -> anyhow::Result<Daemon> {
    let (bob, charlie) = (
        submitter(&market.net, "Bob")?,
        submitter(&market.net, "Charlie")?,
    );
    market.offer(&bob).await?;
    let gateway = market.gateway("127.0.0.1:0").await?;
    for (service, _) in &market.services {
        let (service, endpoint) = (*service, gateway.address().to_owned());
        submit(&charlie, ComputeCall::SetEndpoint { service, endpoint }).await?;
    }
    Ok(gateway)
}
