//! A file goes up, is proven, and comes back from providers that did not receive the upload.

use std::time::Duration;

use anyhow::{ensure, Context};
use noema_chain_client::{AccountId, Slot, SlotState};
use noema_local_net::LocalNet;
use noema_storage::client::{commit_file, FileRef};
use noema_tests::{
    cli::Noema,
    files::{first_difference, write_seeded},
    memory::peak_resident,
    network::{self, proving, seed},
};

const MIB: u64 = 1 << 20;
/// What the command line and each daemon may use at most, in bytes.
const MEMORY: u64 = 256 * MIB;

#[tokio::test(flavor = "multi_thread")]
async fn a_file_comes_back_from_providers_that_did_not_receive_the_upload() -> anyhow::Result<()> {
    let size = if proving() { 1024 * MIB } else { 64 * MIB };
    let net = network::start(3).await?;
    let noema = Noema::of(&net)?;
    let dir = tempfile::tempdir()?;
    let original = dir.path().join("original");
    write_seeded(&original, size, seed("journey"))?;
    let name = original.to_str().context("a path in UTF-8")?;

    let put = noema
        .run(&["storage", "put", name, "--replicas", "3", "--wait", "all"])
        .await?;
    let answer = put.answer()?;
    let file = FileRef::from(&commit_file(&original, None).await?);
    let alice = network::account("Alice")?;
    let patience = Duration::from_secs(180);
    let deal = network::until_deal(
        &net,
        &file.file,
        &alice,
        patience,
        "held by all three",
        |deal| {
            deal.slots
                .iter()
                .all(|slot| matches!(slot.state, SlotState::Held { .. }))
        },
    )
    .await?;
    ensure!(
        deal.is_active() && deal.slots.len() == 3,
        "expected an active deal of three slots, found {deal:?}"
    );

    let received: AccountId = answer["uploaded_to"]
        .as_str()
        .with_context(|| format!("expected the provider that took the upload, found {answer}"))?
        .parse()?;
    let mut slowest = Duration::ZERO;
    let mut cli_peak = put.peak;
    let others = deal
        .providers()
        .into_iter()
        .map(|(_, provider, _)| provider)
        .filter(|provider| *provider != received);
    for (place, provider) in others.enumerate() {
        let copy = dir.path().join(format!("copy-{place}"));
        let get = noema
            .get_only_from(&net, &file.file, &provider, &copy)
            .await?;
        let difference = first_difference(&original, &copy)?;
        ensure!(
            difference.is_none(),
            "the copy of {provider} differs from byte {difference:?} on"
        );
        std::fs::remove_file(&copy)?;
        slowest = slowest.max(get.took);
        cli_peak = cli_peak.max(get.peak);
    }

    let rate = |took: Duration| size as f64 / 1e6 / took.as_secs_f64();
    println!("file of {} MiB, 3 replicas", size / MIB);
    println!(
        "put until active: {:.1} s, {:.1} MB/s",
        put.took.as_secs_f64(),
        rate(put.took)
    );
    println!(
        "get from a provider that did not receive it, slowest: {:.1} s, {:.1} MB/s",
        slowest.as_secs_f64(),
        rate(slowest)
    );
    println!(
        "greatest memory of the command line: {} MiB",
        cli_peak / MIB
    );
    ensure!(
        cli_peak > 0 && cli_peak < MEMORY,
        "the command line used {cli_peak} bytes, at most {MEMORY} are allowed"
    );
    for provider in net.providers() {
        let pid = provider.pid().context("the daemon runs")?;
        let peak = peak_resident(pid).context("the daemon's memory can be read")?;
        println!("greatest memory of {}: {} MiB", provider.name(), peak / MIB);
        ensure!(
            peak < MEMORY,
            "{} used {peak} bytes, at most {MEMORY} are allowed",
            provider.name()
        );
    }
    gives_a_slot_up(&net, &noema, &file).await?;
    net.shutdown().await;
    Ok(())
}

/// A provider gives its slot up, signing with its daemon's key; who has none is told so.
async fn gives_a_slot_up(net: &LocalNet, noema: &Noema, file: &FileRef) -> anyhow::Result<()> {
    noema.ask(&["node", "status", "--check"]).await?;
    let id = file.file.to_string();
    let refused = noema
        .dev("Bob")
        .refused(&["storage", "resign", &id])
        .await?;
    ensure!(refused.contains("no slot"), "{refused}");
    let answer = noema
        .dev("Provider//1//operator")
        .ask(&["storage", "resign", &id])
        .await?;
    let provider = net.provider(0).account();
    ensure!(
        answer["provider"] == provider.to_string() && answer["resigned"][0]["slot"].is_u64(),
        "expected a slot of {provider} to be given up, found {answer}"
    );
    let alice = network::account("Alice")?;
    let deal = network::deal(net, &file.file, &alice)
        .await?
        .context("the deal stays")?;
    let drawing = |slot: &Slot| matches!(slot.state, SlotState::Drawing { .. });
    ensure!(
        deal.slots.iter().any(drawing),
        "expected another provider to be drawn, found {deal:?}"
    );
    Ok(())
}
