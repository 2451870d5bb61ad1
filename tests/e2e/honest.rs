//! Whoever is honest is never struck, whatever happens to the chain: blocks that others fill, answers that are paused, a migration of several blocks.
//!
//! A round takes 25 s and 200 of them an hour and a half, with what stands still.

use std::{collections::BTreeSet, ops::RangeInclusive, time::Duration};

use anyhow::{bail, ensure, Context};
use noema_chain_client::{AuditRoundState, Call, RoundIndex, Submitter};
use noema_local_net::LocalNet;
use noema_tests::{
    audits::{
        self, figures, round, standing, until_earning, until_no_ticks, until_round, Blocks, MISSED,
    },
    chain_events::EventLog,
    cli::Noema,
    files::write_seeded,
    full_blocks,
    network::{self, proving, seed},
};

/// How much of it there is.
struct Scale {
    /// Rounds that must be passed.
    rounds: u32,
    /// How often blocks are filled and answers paused, between these.
    troubles: u32,
    /// Blocks that are no ticks, each time.
    blocks: u64,
    /// Whether the runtime is replaced by the next one, whose migration takes several blocks.
    upgrade: bool,
}

const CI: Scale = Scale {
    rounds: 6,
    troubles: 1,
    blocks: 15,
    upgrade: false,
};
const FULL: Scale = Scale {
    rounds: 200,
    troubles: 3,
    blocks: 60,
    upgrade: true,
};
/// The files' owner.
const OWNER: &str = "Bob";
/// Each has a replica of every file; the migration moves the record of each in a block of its own.
const PROVIDERS: u8 = 3;
const FILES: u64 = 3;
const SIZE: u64 = 2 << 20;
/// More than the rounds of the test.
const LEASE: u32 = 400;
/// `TxPause.pause` and `TxPause.unpause`.
const PAUSE: [u8; 2] = [51, 0];
const UNPAUSE: [u8; 2] = [51, 1];
/// For what takes some blocks.
const PATIENCE: Duration = Duration::from_secs(120);
const FAILED_ANSWERS: &str = "noema_storage_calls_total{call=\"answer\",result=\"failed\"}";

#[tokio::test(flavor = "multi_thread")]
async fn honest_providers_are_never_struck() -> anyhow::Result<()> {
    let scale = if proving() { FULL } else { CI };
    let shape = full_blocks::prepare(audits::net(PROVIDERS.into()))?;
    let net = shape.provider_arg("--poke-others").start().await?;
    tokio::select! {
        crash = net.next_crash() => bail!("a process ended that nobody stopped: {crash}"),
        done = trouble_and_judge(&net, &scale) => done?,
    }
    net.shutdown().await;
    Ok(())
}

async fn trouble_and_judge(net: &LocalNet, scale: &Scale) -> anyhow::Result<()> {
    let log = EventLog::start(net.client(), &["Audits", "MultiBlockMigrations"]);
    let dir = tempfile::tempdir()?;
    let (noema, owner) = (Noema::of(net)?, network::account(OWNER)?);
    let seed = seed("honest");
    for number in 0..FILES {
        let path = dir.path().join(format!("file-{number}"));
        write_seeded(&path, SIZE, seed.wrapping_add(number))?;
        let put = audits::put(&noema.dev(OWNER), path, PROVIDERS, LEASE).await?;
        until_earning(net, &put.file.file, &owner, PROVIDERS.into()).await?;
    }
    let first = round(net).await?.index + 1;
    let root = network::submitter(net, "Alice")?;

    let (mut filled, mut paused) = (Blocks::default(), Blocks::default());
    let mut migrated = 0;
    for number in 1..=scale.troubles {
        until_round(net, first + scale.rounds * number / (scale.troubles + 1)).await?;
        let seen = full_blocks::during(net, until_no_ticks(net, scale.blocks)).await?;
        filled = sum(filled, seen);
        until_round(net, round(net).await?.index + 1).await?;
        paused = sum(paused, pause(net, &root, scale.blocks).await?);
        if scale.upgrade && number == 1 {
            migrated = upgrade(net, &noema, &log).await?;
        }
    }
    let last = first + scale.rounds - 1;
    until_round(net, last + 1).await?;

    log.until_read(net.client().finalized().number).await?;
    let skipped = judge(net, &log, first..=last).await?;
    let mut failed = 0.0;
    for provider in net.providers() {
        failed += figures(provider)
            .await?
            .get(FAILED_ANSWERS)
            .copied()
            .unwrap_or_default();
    }
    println!(
        "{PROVIDERS} honest providers through {} rounds, {skipped} of them skipped: 0 missed, 0 points. {} of {} blocks were no ticks while others filled them, {} of {} while answers were paused ({failed} were refused), {migrated} were a migration",
        scale.rounds,
        filled.without_tick(),
        filled.all,
        paused.without_tick(),
        paused.all,
    );
    Ok(())
}

fn sum(some: Blocks, more: Blocks) -> Blocks {
    Blocks {
        all: some.all + more.all,
        ticks: some.ticks + more.ticks,
    }
}

/// Pauses the answers for so many blocks from a draw on: daemons answer when that is final, and are refused.
async fn pause(net: &LocalNet, root: &Submitter, blocks: u64) -> anyhow::Result<Blocks> {
    // Pallet and call by name, each a vector of six bytes.
    let names = b"\x18Audits\x18answer";
    network::until("round that is being drawn", PATIENCE, || async {
        let now = round(net).await?;
        Ok((now.state == AuditRoundState::Drawing).then_some(()))
    })
    .await?;
    let call = Call::Raw([&PAUSE[..], names].concat());
    let done = root.submit(call.sudo()).await?;
    done.event("TxPause", "CallPaused")
        .with_context(|| format!("expected the answers paused, found {:?}", done.events))?;
    let paused = until_no_ticks(net, blocks).await?;
    ensure!(
        paused.ticks == 0,
        "expected no tick while nobody can answer, found {paused:?}"
    );
    let call = Call::Raw([&UNPAUSE[..], names].concat());
    let done = root.submit(call.sudo()).await?;
    done.event("TxPause", "CallUnpaused")
        .with_context(|| format!("expected the answers open, found {:?}", done.events))?;
    Ok(paused)
}

/// Replaces the runtime. How many blocks its migrations took.
async fn upgrade(net: &LocalNet, noema: &Noema, log: &EventLog) -> anyhow::Result<u32> {
    let next = noema_next_runtime::WASM_PATH
        .context("the next runtime is built without SKIP_WASM_BUILD")?;
    let old = net.client().at_finalized().await?.spec_version();
    noema
        .ask(&["upgrade", "propose", next, "--by", "sudo", "--yes"])
        .await?;
    noema.ask(&["upgrade", "apply", next, "--yes"]).await?;
    let event = |name: &str| log.named("MultiBlockMigrations", name).into_iter().next();
    let (ended, _) = network::until("end of the migrations", PATIENCE, || async {
        Ok(event("UpgradeCompleted"))
    })
    .await?;
    let (began, _) = event("UpgradeStarted").context("migrations began before they ended")?;
    let new = net.client().at_finalized().await?.spec_version();
    ensure!(
        new == old + 1,
        "expected spec version {}, found {new}",
        old + 1
    );
    let blocks = ended - began;
    ensure!(
        blocks >= PROVIDERS.into(),
        "expected a migration of {PROVIDERS} blocks at least, found {blocks}"
    );
    Ok(blocks)
}

/// Fails unless every provider passed every round that was not skipped, and was never struck. How many were skipped.
async fn judge(
    net: &LocalNet,
    log: &EventLog,
    rounds: RangeInclusive<RoundIndex>,
) -> anyhow::Result<usize> {
    let mut skipped = BTreeSet::new();
    for (_, event) in log.named("Audits", "RoundSkipped") {
        skipped.insert(audits::round_of(&event)?);
    }
    skipped.retain(|round| rounds.contains(round));
    let count = rounds.clone().count();
    ensure!(
        skipped.len() * 10 <= count.max(10),
        "of {count} rounds these were skipped: {skipped:?}"
    );
    let missed = log.named("Audits", "RoundMissed");
    ensure!(missed.is_empty(), "nobody is honest and struck: {missed:?}");
    for provider in net.providers() {
        let (name, account) = (provider.name(), provider.account());
        let mut passed = BTreeSet::new();
        for (round, event) in audits::rounds(log, "RoundPassed", &account)? {
            ensure!(
                event.fields["points"] == 0,
                "{name}: expected no points after round {round}, found {event:?}"
            );
            passed.insert(round);
        }
        let neither: Vec<_> = rounds
            .clone()
            .filter(|round| !passed.contains(round) && !skipped.contains(round))
            .collect();
        ensure!(
            neither.is_empty(),
            "{name}: expected every round passed or skipped, not so {neither:?}"
        );
        let standing = standing(net, &account).await?;
        ensure!(
            standing.points == 0 && standing.unsettled == 0 && !standing.dropping,
            "{name}: expected no points and nothing unsettled, found {standing:?}"
        );
        let found = figures(provider).await?;
        ensure!(
            found.get(MISSED) == Some(&0.0),
            "{name}: expected 0 rounds missed, found {found:?}"
        );
    }
    Ok(skipped.len())
}
