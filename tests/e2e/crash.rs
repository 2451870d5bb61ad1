//! Processes are killed with SIGKILL at any moment and started again; what was acknowledged is still there, and every journey ends.
//!
//! # When processes are killed
//!
//! The moments follow from a seed. Half of the kills of daemons are aimed at writes: the test stands before each daemon as a proxy, sees the head
//! of an upload request before the daemon does, waits 0 to 20 ms more and kills. That is the span in which a daemon reads the segment, writes it,
//! waits for fsync, commits the index and answers; how many kills found writes under way is printed and must not be zero. The other moments lie
//! 0 to 3 s apart (up to 12 s when no write comes), anywhere between commitment, upload, replication, proof and activation. The instant between a write
//! and its fsync is forced in [`before_sync`](super::before_sync).

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{bail, ensure, Context};
use futures::future::select_all;
use noema_chain_client::{SigningKey, SlotState};
use noema_local_net::LocalNet;
use noema_storage::client::{commit_file, DownloadOptions, FileRef, Peer, StorageClient};
use noema_tests::{
    books::{Clerk, SegmentBook},
    cli::{Noema, Running},
    files::{first_difference, write_seeded},
    finality::FinalityWatch,
    network::{self, proving, seed},
    proxy::Proxy,
    transfers::Transfers,
};
use rand::{rngs::StdRng, Rng, SeedableRng};
use tokio::time::{sleep, timeout};

/// Size of each file: more than the segments that are under way at once.
const SIZE: u64 = 12 << 20;
/// Files, one after the other, and kills during each.
const CI: (u64, u32) = (5, 4);
const FULL: (u64, u32) = (25, 8);
/// How often a command may be started again because what it needs was killed.
const RESTARTS: u32 = 20;
const PATIENCE: Duration = Duration::from_secs(240);
/// How long a kill that is aimed at a write waits for one.
const UPLOAD_PATIENCE: Duration = Duration::from_secs(12);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Node,
    CommandLine,
    /// At a time of its own.
    Provider(usize),
    /// Whoever writes next, while it writes; somebody else when nobody writes soon.
    Writer,
    /// Whoever takes the first segment of a journey, however long that takes to come.
    FirstWriter,
}

#[derive(Debug, Default)]
struct Kills {
    node: u32,
    command_line: u32,
    provider: u32,
    while_writing: u32,
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_processes_are_killed() -> anyhow::Result<()> {
    let net = network::start(3).await?;
    tokio::select! {
        // Kills by this test do not count: they are wanted.
        crash = net.next_crash() => bail!("a process ended that nobody killed: {crash}"),
        done = kill_and_compare(&net) => done?,
    }
    net.shutdown().await;
    Ok(())
}

async fn kill_and_compare(net: &LocalNet) -> anyhow::Result<()> {
    let (files, kills_each) = if proving() { FULL } else { CI };
    let seed = seed("crash");
    let mut random = StdRng::seed_from_u64(seed);
    let noema = Noema::of(net)?;
    let dir = tempfile::tempdir()?;

    // The books: segments acknowledged, transfers final, blocks final.
    let book = Arc::new(SegmentBook::default());
    let mut clerks = Vec::new();
    let mut proxies = Vec::new();
    for provider in net.providers() {
        let clerk = Arc::new(Clerk::new(provider.index(), book.clone()));
        let proxy = Proxy::start(
            ([127, 0, 0, 1], 0).into(),
            &provider.endpoint(),
            clerk.clone(),
        )
        .await?;
        network::announce(net, provider, proxy.url()).await?;
        clerks.push(clerk);
        proxies.push(proxy);
    }
    let finality = FinalityWatch::start(net.client());
    let transfers = Transfers::start(
        net.client().clone(),
        SigningKey::dev("Bob")?,
        format!("Crash//{seed}"),
    );

    let mut kills = Kills::default();
    let mut stored: Vec<(PathBuf, FileRef)> = Vec::new();
    for number in 0..files {
        let path = dir.path().join(format!("file-{number}"));
        write_seeded(&path, SIZE, seed.wrapping_add(number))?;
        let mut journey = Journey {
            noema: &noema,
            path: &path,
            running: None,
            restarts: 0,
        };
        journey.start()?;
        for strike_number in 0..kills_each {
            // The first kill of each journey waits for its upload to begin: every journey loses a daemon while it writes.
            let victim = match random.gen_range(0..10) {
                _ if strike_number == 0 => Victim::FirstWriter,
                0 | 1 => Victim::Node,
                2 | 3 => Victim::CommandLine,
                4..=6 => Victim::Provider(random.gen_range(0..net.providers().len())),
                _ => Victim::Writer,
            };
            let pause = Duration::from_millis(random.gen_range(0..3000));
            let aim = Duration::from_micros(random.gen_range(0..20_000));
            strike(net, &clerks, &mut journey, victim, pause, aim, &mut kills).await?;
        }
        journey.finish().await?;
        let file = FileRef::from(&commit_file(&path, None).await?);
        stored.push((path, file));
    }

    let alice = network::account("Alice")?;
    for (_, file) in &stored {
        network::until_deal(
            net,
            &file.file,
            &alice,
            PATIENCE,
            "held by all three",
            |deal| {
                deal.slots
                    .iter()
                    .all(|slot| matches!(slot.state, SlotState::Held { .. }))
            },
        )
        .await?;
    }
    let made = transfers.finish().await?;
    for reason in &made.failures {
        println!("a transfer was not reported final: {reason}");
    }
    let transfers = made.transfers;
    let seen = finality.finish().await?;

    // Compare the books.
    let storage = StorageClient::default();
    let entries = book.entries();
    for (provider, segment) in &entries {
        let provider = net.provider(*provider);
        let file = stored
            .iter()
            .map(|(_, file)| file)
            .find(|file| segment.file.trim_start_matches("0x") == hex::encode(file.file.0));
        let file = file.with_context(|| {
            format!(
                "{} acknowledged a segment of a file that nobody put",
                provider.name()
            )
        })?;
        storage
            .segment(&provider.endpoint(), file, segment.index)
            .await
            .with_context(|| {
                format!(
                    "{} acknowledged segment {} of {} and does not have it",
                    provider.name(),
                    segment.index,
                    file.file
                )
            })?;
    }
    let state = net.client().at_finalized().await?;
    for transfer in &transfers {
        let found = state.account(&transfer.to).await?.free;
        ensure!(
            found == transfer.amount,
            "a final transfer of {} is gone: {transfer:?}, found {found}",
            transfer.amount
        );
        let now = net.client().block_hash(transfer.block.number).await?;
        ensure!(
            now == Some(transfer.block.hash),
            "a final block was replaced: {transfer:?}, now {now:?}"
        );
    }
    for block in &seen.blocks {
        let now = net.client().block_hash(block.number).await?;
        ensure!(
            now == Some(block.hash),
            "a final block was replaced: {block:?}, now {now:?}"
        );
    }
    for (original, file) in &stored {
        for provider in net.providers() {
            let copy = dir.path().join("copy");
            let mut output = tokio::fs::File::create(&copy).await?;
            let peer = Peer {
                provider: provider.account(),
                endpoint: provider.endpoint(),
            };
            storage
                .download(file, &[peer], &mut output, DownloadOptions::default())
                .await?;
            output.sync_all().await?;
            let difference = first_difference(original, &copy)?;
            ensure!(
                difference.is_none(),
                "{} serves {} differently from byte {difference:?} on",
                provider.name(),
                file.file
            );
        }
    }

    let count = kills.node + kills.command_line + kills.provider;
    println!(
        "{count} kills ({} of the node, {} of the command line, {} of daemons, {} while segments were being written) during {files} files",
        kills.node, kills.command_line, kills.provider, kills.while_writing
    );
    println!(
        "compared and found: {} acknowledged segments, {} final transfers, {} final blocks",
        entries.len(),
        transfers.len(),
        seen.blocks.len()
    );
    ensure!(
        u64::from(count) == files * u64::from(kills_each),
        "expected {} kills, made {count}",
        files * u64::from(kills_each)
    );
    ensure!(kills.while_writing > 0, "no kill found a write under way");
    ensure!(
        !entries.is_empty() && !transfers.is_empty(),
        "the books are empty"
    );
    Ok(())
}

/// A file on its way, whatever happens to the command that takes it there.
struct Journey<'a> {
    noema: &'a Noema,
    path: &'a std::path::Path,
    running: Option<Running>,
    restarts: u32,
}

impl Journey<'_> {
    fn start(&mut self) -> anyhow::Result<()> {
        let name = self.path.to_str().context("a path in UTF-8")?;
        self.running = Some(
            self.noema
                .spawn(&["storage", "put", name, "--replicas", "3"])?,
        );
        Ok(())
    }

    fn runs(&mut self) -> bool {
        self.running
            .as_mut()
            .is_some_and(|running| !running.has_ended())
    }

    async fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(running) = self.running.take() {
            running.kill9().await?;
        }
        self.start()
    }

    /// Waits until the command succeeds. It may fail while what it needs is away, and is then started again as a person would: it goes on where
    /// it was.
    async fn finish(&mut self) -> anyhow::Result<()> {
        loop {
            let outcome = self
                .running
                .take()
                .context("the command was started")?
                .finish()
                .await?;
            if outcome.succeeded() {
                return Ok(());
            }
            self.restarts += 1;
            println!(
                "started again ({}): {}",
                self.restarts,
                outcome.refusal()?.trim()
            );
            if self.restarts > RESTARTS {
                bail!(
                    "the journey of {} did not end after {RESTARTS} restarts",
                    self.path.display()
                );
            }
            self.start()?;
        }
    }
}

async fn strike(
    net: &LocalNet,
    clerks: &[Arc<Clerk>],
    journey: &mut Journey<'_>,
    victim: Victim,
    pause: Duration,
    aim: Duration,
    kills: &mut Kills,
) -> anyhow::Result<()> {
    let victim = match victim {
        // Nobody writes any more once the replicas are complete: then the moment is as good as another.
        Victim::Writer | Victim::FirstWriter => {
            let limit = if victim == Victim::FirstWriter {
                PATIENCE
            } else {
                UPLOAD_PATIENCE
            };
            let writes = clerks.iter().enumerate().map(|(index, clerk)| {
                Box::pin(async move {
                    clerk.next_write().await;
                    index
                })
            });
            match timeout(limit, select_all(writes)).await {
                Ok((index, ..)) => {
                    sleep(aim).await;
                    Victim::Provider(index)
                }
                Err(_) => {
                    Victim::Provider(usize::try_from(aim.as_micros())? % net.providers().len())
                }
            }
        }
        other => {
            sleep(pause).await;
            other
        }
    };
    match victim {
        Victim::CommandLine if journey.runs() => {
            journey.kill().await?;
            kills.command_line += 1;
        }
        Victim::Provider(index) => {
            let provider = net.provider(index);
            let writing = clerks[index].writes_under_way() > 0;
            provider.kill9().await;
            kills.provider += 1;
            kills.while_writing += u32::from(writing);
            provider.restart().await?;
        }
        // The command has ended its work: the node is killed instead.
        Victim::Node | Victim::CommandLine | Victim::Writer | Victim::FirstWriter => {
            net.node(0).kill9().await;
            kills.node += 1;
            net.node(0).restart().await?;
        }
    }
    Ok(())
}
