//! The runtime is replaced under a running network that holds a file.

use std::{path::Path, time::Duration};

use anyhow::{ensure, Context};
use noema_chain_client::Call;
use noema_local_net::LocalNet;
use noema_next_runtime::derive::{CHANGED_VALUE, PING_PALLET};
use noema_storage::client::FileRef;
use noema_tests::{
    cli::Noema,
    files::{first_difference, write_seeded},
    finality::FinalityWatch,
    log_lines,
    network::{self, seed},
};

const SIZE: u64 = 8 << 20;
/// Each holds every file.
const PROVIDERS: usize = 3;
/// Longest time between two finalised blocks. Blocks come every second; a loaded machine with two cores is given some more.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Blocks watched after the new runtime is in force.
const AFTERWARDS: u32 = 15;

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_upgrade_interrupts_nobody() -> anyhow::Result<()> {
    let next = noema_next_runtime::WASM_PATH
        .context("the next runtime is built without SKIP_WASM_BUILD")?;
    let net = network::start(PROVIDERS).await?;
    let noema = Noema::of(&net)?;
    let dir = tempfile::tempdir()?;
    let seed = seed("upgrade");
    let before_upgrade = put(&net, &noema, &dir.path().join("before"), seed).await?;

    let old = net.client().at_finalized().await?;
    let old_constants = old.constants()?;
    let pids: Vec<_> = net.providers().iter().map(|p| p.pid()).collect();
    let node = net.node(0).pid();
    let watch = FinalityWatch::start(net.client());

    noema
        .ask(&["upgrade", "propose", next, "--by", "sudo", "--yes"])
        .await?;
    noema.ask(&["upgrade", "apply", next, "--yes"]).await?;
    let new = network::until(
        "finalised block of the new runtime",
        Duration::from_secs(60),
        || async {
            let now = net.client().at_finalized().await?;
            Ok((now.spec_version() > old.spec_version()).then_some(now))
        },
    )
    .await?;
    ensure!(
        new.spec_version() == old.spec_version() + 1,
        "expected spec version {}, found {}",
        old.spec_version() + 1,
        new.spec_version()
    );
    let new_constants = new.constants()?;
    ensure!(
        old_constants.prove_window != u64::from(CHANGED_VALUE),
        "the constant had its new value before"
    );
    ensure!(
        new_constants.prove_window == u64::from(CHANGED_VALUE),
        "expected a window of {CHANGED_VALUE} ticks, found {}",
        new_constants.prove_window
    );

    // Pallet 250, call 0, and what it is called with.
    let ping = [&[250, 0][..], &7_u32.to_le_bytes()].concat();
    let pinged = network::submitter(&net, "Bob")?
        .submit(Call::Raw(ping))
        .await?;
    ensure!(
        pinged.event(PING_PALLET, "Pinged").is_some(),
        "expected the event Pinged, found {:?}",
        pinged.events
    );

    net.client()
        .wait_finalized(new.block().number + AFTERWARDS)
        .await?;
    let seen = watch.finish().await?;
    println!(
        "{} blocks finalised in turn across the upgrade, longest wait {:.2} s",
        seen.blocks.len(),
        seen.longest_wait.as_secs_f64()
    );
    ensure!(
        seen.first_gap().is_none(),
        "finalised blocks are missing between {:?}",
        seen.first_gap()
    );
    ensure!(
        seen.longest_wait < LONGEST_WAIT,
        "no block was finalised for {:?}",
        seen.longest_wait
    );

    // Not restarted, and still at work: the old file from each provider, and a new one proven.
    ensure!(net.node(0).pid() == node, "the node was restarted");
    ensure!(
        net.providers().iter().map(|p| p.pid()).collect::<Vec<_>>() == pids,
        "a daemon was restarted"
    );
    for provider in net.providers() {
        let copy = dir.path().join(provider.name());
        noema
            .get_only_from(&net, &before_upgrade.file, &provider.account(), &copy)
            .await?;
        let difference = first_difference(&dir.path().join("before"), &copy)?;
        ensure!(
            difference.is_none(),
            "{} serves something else from byte {difference:?} on",
            provider.name()
        );
    }
    put(&net, &noema, &dir.path().join("after"), seed + 1).await?;
    log_lines::no_errors(&net, &log_lines::UPGRADE)?;
    net.shutdown().await;
    Ok(())
}

/// Puts a file and waits until all three providers have proven that they hold it.
async fn put(net: &LocalNet, noema: &Noema, path: &Path, seed: u64) -> anyhow::Result<FileRef> {
    write_seeded(path, SIZE, seed)?;
    let file = noema.put(path, PROVIDERS).await?.file;
    network::until_held(net, &file.file, &network::account("Alice")?).await?;
    Ok(file)
}
