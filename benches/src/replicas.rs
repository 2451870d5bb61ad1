//! The section on putting a file to three providers, and getting it back, with the program that people use.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{ensure, Context};
use noema_local_net::{LocalNet, PortChoice};
use noema_storage::client::commit_file;

use crate::{
    program::Noema,
    seeded::write_seeded,
    table::{median, rate, table},
};

/// Bytes of the file that shows what the chain alone takes.
const SMALL: u64 = 4096;

/// What the section needs.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Size of the file in MiB
    #[arg(long, default_value_t = 1024)]
    mib: u64,
    /// Providers that hold it
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=16))]
    replicas: u8,
    /// How often all of it is done, each time on a new network
    #[arg(long, default_value_t = 3)]
    rounds: u64,
    /// Directory on the disk to measure; all is removed afterwards
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    dir: PathBuf,
}

/// What the rounds took.
#[derive(Debug, Default)]
struct Rounds {
    copies: Vec<Duration>,
    copy: Vec<Duration>,
    small: Vec<Duration>,
    put: Vec<Duration>,
    get: Vec<Duration>,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<String> {
    let mut rounds = Rounds::default();
    for seed in 0..options.rounds.max(1) {
        round(options, seed, &mut rounds).await?;
        eprintln!("round {} of {}", seed + 1, options.rounds.max(1));
    }
    Ok(report(options, &rounds))
}

async fn round(options: &Options, seed: u64, rounds: &mut Rounds) -> anyhow::Result<()> {
    let dir = tempfile::tempdir_in(&options.dir).context("make a directory for the files")?;
    let original = dir.path().join("original");
    write_seeded(&original, options.mib << 20, seed).context("write the file")?;
    peers(options, dir.path(), &original, rounds)?;

    let net = LocalNet::builder()
        .providers(options.replicas.into())
        .ports(PortChoice::Free)
        .data_dir(dir.path().join("net"))
        .start()
        .await?;
    let noema = Noema::of(&net)?;
    noema.settle_in(dir.path()).await?;
    let small = dir.path().join("small");
    write_seeded(&small, SMALL, seed + 1).context("write the small file")?;
    rounds.small.push(put(&noema, &small, options).await?.1);
    let (id, took) = put(&noema, &original, options).await?;
    rounds.put.push(took);

    let back = dir.path().join("back");
    let begun = Instant::now();
    let output = text(&back)?;
    noema
        .run(&["storage", "get", &id, "--output", output])
        .await?;
    sync(&back)?;
    rounds.get.push(begun.elapsed());
    let same = commit_file(&back, None).await? == commit_file(&original, None).await?;
    ensure!(same, "what came back is another file");
    net.shutdown().await;
    Ok(())
}

/// The plain tools: as many copies as there are replicas, durable; and one copy back.
fn peers(
    options: &Options,
    dir: &Path,
    original: &Path,
    rounds: &mut Rounds,
) -> anyhow::Result<()> {
    let copies: Vec<_> = (0..options.replicas)
        .map(|number| dir.join(format!("copy-{number}")))
        .collect();
    let begun = Instant::now();
    for copy in &copies {
        std::fs::create_dir(copy).context("make a directory for a copy")?;
        cp(original, &copy.join("file"))?;
    }
    rounds.copies.push(begun.elapsed());
    let first = copies.first().context("at least one copy")?;
    let back = dir.join("copied-back");
    let begun = Instant::now();
    cp(&first.join("file"), &back)?;
    rounds.copy.push(begun.elapsed());
    std::fs::remove_file(&back)?;
    for copy in copies {
        std::fs::remove_dir_all(copy)?;
    }
    Ok(())
}

fn cp(from: &Path, to: &Path) -> anyhow::Result<()> {
    let copied = Command::new("cp")
        .args(["--reflink=never", "--sparse=never"])
        .args([from, to])
        .status()
        .context("run cp")?;
    ensure!(copied.success(), "cp failed: {copied}");
    sync(to)
}

fn sync(path: &Path) -> anyhow::Result<()> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.with_context(|| format!("sync {}", path.display()))
}

fn text(path: &Path) -> anyhow::Result<&str> {
    path.to_str().context("expected a path in UTF-8")
}

/// Puts a file and waits until every replica is proven: its id, and how long that took.
async fn put(noema: &Noema, file: &Path, options: &Options) -> anyhow::Result<(String, Duration)> {
    let replicas = options.replicas.to_string();
    let file = text(file)?;
    let (answer, took) = noema
        .run(&[
            "storage",
            "put",
            file,
            "--replicas",
            &replicas,
            "--wait",
            "all",
        ])
        .await?;
    let id = answer["file"].as_str();
    let id = id.with_context(|| format!("expected an id in {answer}"))?;
    Ok((id.to_owned(), took))
}

fn report(options: &Options, rounds: &Rounds) -> String {
    let (replicas, size) = (u64::from(options.replicas), options.mib << 20);
    let row = |what: String, times: u64, all: &[Duration], peer: &[Duration]| {
        let measured = median(all).filter(|took| !took.is_zero());
        let (Some(took), Some(peer)) = (measured, median(peer)) else {
            // A file so small that its own time is lost in that of the chain.
            return vec![what, "0".to_owned(), "-".to_owned(), "-".to_owned()];
        };
        vec![
            what,
            format!("{:.2}", took.as_secs_f64()),
            format!("{:.0}", rate(size * times, took)),
            format!("{:.3}", peer.as_secs_f64() / took.as_secs_f64()),
        ]
    };
    let small = median(&rounds.small).map_or(0.0, |took| took.as_secs_f64());
    let beyond: Vec<_> = rounds
        .put
        .iter()
        .zip(&rounds.small)
        .map(|(put, small)| put.saturating_sub(*small))
        .collect();
    let rows = [
        row(
            format!("`cp` and fsync to {replicas} directories, the peer of put"),
            replicas,
            &rounds.copies,
            &rounds.copies,
        ),
        row(
            "`noema storage put`, until every replica is proven".to_owned(),
            replicas,
            &rounds.put,
            &rounds.copies,
        ),
        row(
            format!("the same less the put of a file of {SMALL} bytes"),
            replicas,
            &beyond,
            &rounds.copies,
        ),
        row(
            "`cp` back and fsync, the peer of get".to_owned(),
            1,
            &rounds.copy,
            &rounds.copy,
        ),
        row(
            "`noema storage get`, verified, and fsync".to_owned(),
            1,
            &rounds.get,
            &rounds.copy,
        ),
    ];
    let head = [
        "whole programs, loopback",
        "s",
        "MB/s of replicas",
        "times the peer",
    ];
    format!(
        "{} files of {} MiB, {replicas} replicas each, on a network of their own; medians. The put of a file of {SMALL} bytes, which shows what the chain takes \
         to draw providers and to have them prove, takes {small:.2} s.\n\n{}",
        rounds.put.len(),
        options.mib,
        table(&head, &rows)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_leave_nothing_behind_and_are_measured() {
        let dir = tempfile::tempdir().unwrap();
        let original = dir.path().join("original");
        write_seeded(&original, 5000, 1).unwrap();
        let options = Options {
            mib: 1,
            replicas: 2,
            rounds: 1,
            dir: dir.path().to_owned(),
        };
        let mut rounds = Rounds::default();
        peers(&options, dir.path(), &original, &mut rounds).unwrap();
        assert_eq!((rounds.copies.len(), rounds.copy.len()), (1, 1));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn ratios_are_speeds_beside_the_peer() {
        let options = Options {
            mib: 100,
            replicas: 3,
            rounds: 1,
            dir: PathBuf::new(),
        };
        let seconds = |s| vec![Duration::from_secs(s)];
        let rounds = Rounds {
            copies: seconds(2),
            copy: seconds(1),
            small: seconds(12),
            put: seconds(20),
            get: seconds(4),
        };
        let text = report(&options, &rounds);
        let expected = [
            "| 2.00 | 157 | 1.000 |",
            "| 20.00 | 16 | 0.100 |",
            "| 8.00 | 39 | 0.250 |",
            "| 1.00 | 105 | 1.000 |",
            "| 4.00 | 26 | 0.250 |",
        ];
        for row in expected {
            assert!(text.contains(row), "no `{row}` in {text}");
        }
        assert!(text.contains("takes 12.00 s"), "{text}");
    }
}
