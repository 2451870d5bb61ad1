//! The runtime is replaced under a running network that holds a file.

use std::time::Duration;

use anyhow::{ensure, Context};
use noema_chain_client::{Call, SlotState};
use noema_next_runtime::derive::{CHANGED_VALUE, PING_PALLET};
use noema_storage::client::{commit_file, FileRef};
use noema_tests::{
    cli::Noema,
    files::{first_difference, write_seeded},
    finality::FinalityWatch,
    log_lines::{self, Allowed},
    network::{self, seed},
};

const SIZE: u64 = 8 << 20;
/// Longest time between two finalised blocks. Blocks come every second; a loaded machine with two cores is given some more.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// What the SDK logs of every upgrade.
const UPGRADE: [Allowed; 1] = [Allowed {
    words: "Post dispatch weight is greater than pre dispatch weight",
    because:
        "`apply_authorized_upgrade` takes the rest of its block, so that nothing follows it there",
}];
/// Blocks watched after the new runtime is in force.
const AFTERWARDS: u32 = 15;

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_upgrade_interrupts_nobody() -> anyhow::Result<()> {
    let next = noema_next_runtime::WASM_PATH
        .context("the next runtime is built without SKIP_WASM_BUILD")?;
    let net = network::start(3).await?;
    let noema = Noema::of(&net)?;
    let dir = tempfile::tempdir()?;
    let seed = seed("upgrade");
    let before_upgrade = put(&net, &noema, dir.path(), "before", seed).await?;

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
        old_constants.prove_window != CHANGED_VALUE,
        "the constant had its new value before"
    );
    ensure!(
        new_constants.prove_window == CHANGED_VALUE,
        "expected a window of {CHANGED_VALUE} blocks, found {}",
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
    put(&net, &noema, dir.path(), "after", seed + 1).await?;
    log_lines::no_errors(&net, &UPGRADE)?;
    net.shutdown().await;
    Ok(())
}

/// Puts a file and waits until all three providers have proven that they hold it.
async fn put(
    net: &noema_local_net::LocalNet,
    noema: &Noema,
    dir: &std::path::Path,
    name: &str,
    seed: u64,
) -> anyhow::Result<FileRef> {
    let path = dir.join(name);
    write_seeded(&path, SIZE, seed)?;
    noema
        .ask(&[
            "storage",
            "put",
            path.to_str().context("a path in UTF-8")?,
            "--replicas",
            "3",
        ])
        .await?;
    let file = FileRef::from(&commit_file(&path, None).await?);
    let alice = network::account("Alice")?;
    network::until_deal(
        net,
        &file.file,
        &alice,
        Duration::from_secs(180),
        "held by all three",
        |deal| {
            deal.slots
                .iter()
                .all(|slot| matches!(slot.state, SlotState::Held { .. }))
        },
    )
    .await?;
    Ok(file)
}
