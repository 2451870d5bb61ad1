//! The section on putting very many small files with one command.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{ensure, Context};
use noema_benches::built::Files;
use noema_local_net::{LocalNet, PortChoice};
use serde_json::Value;

use crate::{program::Noema, table::table};

/// Files in one directory.
const IN_DIRECTORY: u32 = 1000;

/// What the section needs.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many files
    #[arg(long, default_value_t = 10_000)]
    files: u32,
    /// Bytes of each
    #[arg(long, default_value_t = 4096)]
    size: usize,
    /// Replicas of each; every number on a network of its own
    #[arg(long, value_delimiter = ',', default_value = "1,3", value_parser = clap::value_parser!(u8).range(1..=16))]
    replicas: Vec<u8>,
    /// Providers of each network
    #[arg(long, default_value_t = 3)]
    providers: u8,
    /// Directory on the disk to measure; all is removed afterwards
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    dir: PathBuf,
}

/// What came of one number of replicas.
#[derive(Clone, Debug)]
struct Measured {
    replicas: u8,
    /// Every copy of every file synced by itself.
    synced: Duration,
    /// `tar` through a pipe, and everything synced at the end.
    piped: Duration,
    put: Duration,
    /// The same again, when there is nothing to do.
    again: Duration,
    /// Transactions that committed to files.
    batches: u64,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<String> {
    let dir = tempfile::tempdir_in(&options.dir).context("make a directory for the files")?;
    let tree = dir.path().join("tree");
    make(options, &tree)?;
    let mut all = Vec::new();
    for replicas in &options.replicas {
        let own = dir.path().join(format!("replicas-{replicas}"));
        std::fs::create_dir(&own)?;
        let measured = measure(options, *replicas, &tree, &own).await?;
        eprintln!("{measured:?}");
        all.push(measured);
        std::fs::remove_dir_all(&own)?;
    }
    Ok(report(options, &all))
}

/// The files, in directories of a thousand, durable before anything is measured.
fn make(options: &Options, tree: &Path) -> anyhow::Result<()> {
    let files = Files { size: options.size };
    for number in 0..options.files {
        let path = tree.join(place(number));
        if number.is_multiple_of(IN_DIRECTORY) {
            let directory = path.parent().context("a file is in a directory")?;
            std::fs::create_dir_all(directory)?;
        }
        std::fs::write(path, files.content(number)).context("write a file")?;
    }
    sync_all(tree)
}

/// Where a file is below the tree.
fn place(number: u32) -> PathBuf {
    let directory = format!("{:03}", number / IN_DIRECTORY);
    Path::new(&directory).join(format!("{number:06}"))
}

async fn measure(
    options: &Options,
    replicas: u8,
    tree: &Path,
    dir: &Path,
) -> anyhow::Result<Measured> {
    let copies: Vec<_> = (0..replicas)
        .map(|number| dir.join(format!("copy-{number}")))
        .collect();
    let begun = Instant::now();
    for copy in &copies {
        copy_each(options, tree, copy)?;
    }
    let synced = begun.elapsed();
    for copy in &copies {
        std::fs::remove_dir_all(copy)?;
    }
    let begun = Instant::now();
    for copy in &copies {
        pipe(tree, copy)?;
    }
    let piped = begun.elapsed();
    for copy in &copies {
        std::fs::remove_dir_all(copy)?;
    }

    let providers = usize::from(options.providers.max(replicas));
    let net = LocalNet::builder()
        .providers(providers)
        .ports(PortChoice::Free)
        .data_dir(dir.join("net"))
        .start()
        .await?;
    let noema = Noema::of(&net)?;
    noema.settle_in(dir).await?;
    let replicas_text = replicas.to_string();
    let tree = tree.to_str().context("expected a path in UTF-8")?;
    let command = [
        "storage",
        "put",
        tree,
        "--recursive",
        "--replicas",
        &replicas_text,
        "--wait",
        "all",
    ];
    let (answer, put) = noema.run(&command).await?;
    let committed = total(&answer, "committed")?;
    ensure!(
        committed == u64::from(options.files) && total(&answer, "failed")? == 0,
        "expected {} files to be committed to, found {}",
        options.files,
        answer["totals"]
    );
    let batches = total(&answer, "batches")?;
    let (answer, again) = noema.run(&command).await?;
    ensure!(
        total(&answer, "committed")? == 0,
        "the same command commits again: {}",
        answer["totals"]
    );
    net.shutdown().await;
    Ok(Measured {
        replicas,
        synced,
        piped,
        put,
        again,
        batches,
    })
}

fn total(answer: &Value, name: &str) -> anyhow::Result<u64> {
    let total = answer["totals"][name].as_u64();
    total.with_context(|| format!("expected `{name}` in the totals {}", answer["totals"]))
}

/// The peer: each file is copied and synced before the next one, its directory at the end, as one who may lose nothing does.
fn copy_each(options: &Options, tree: &Path, to: &Path) -> anyhow::Result<()> {
    for number in 0..options.files {
        let place = place(number);
        let copy = to.join(&place);
        if number.is_multiple_of(IN_DIRECTORY) {
            let directory = copy.parent().context("a file is in a directory")?;
            std::fs::create_dir_all(directory)?;
        }
        std::fs::copy(tree.join(&place), &copy).context("copy a file")?;
        File::open(&copy)?.sync_all().context("sync a copy")?;
    }
    for entry in std::fs::read_dir(to)? {
        File::open(entry?.path())?.sync_all()?;
    }
    File::open(to)?.sync_all().context("sync a directory")
}

/// The other peer: `tar` to `tar`, and everything synced at once.
fn pipe(tree: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    let mut writer = Command::new("tar")
        .arg("-C")
        .arg(tree)
        .args(["-cf", "-", "."])
        .stdout(Stdio::piped())
        .spawn()
        .context("run tar")?;
    let stream = writer.stdout.take().context("the output is a pipe")?;
    let reader = Command::new("tar")
        .arg("-C")
        .arg(to)
        .args(["-xf", "-"])
        .stdin(stream)
        .status()
        .context("run tar")?;
    let written = writer.wait()?;
    ensure!(
        written.success() && reader.success(),
        "tar failed: {written}, {reader}"
    );
    sync_all(to)
}

/// Everything on the disk of this directory is durable afterwards.
fn sync_all(dir: &Path) -> anyhow::Result<()> {
    let synced = Command::new("sync").arg("-f").arg(dir).status();
    let synced = synced.context("run sync")?;
    ensure!(synced.success(), "sync failed: {synced}");
    Ok(())
}

fn report(options: &Options, all: &[Measured]) -> String {
    let mut rows = Vec::new();
    for measured in all {
        let mut row = |what: &str, took: Duration, batches: String| {
            let rate = |took: Duration| f64::from(options.files) / took.as_secs_f64();
            rows.push(vec![
                measured.replicas.to_string(),
                what.to_owned(),
                format!("{:.2}", took.as_secs_f64()),
                format!("{:.1}", rate(took)),
                format!("{:.4}", rate(took) / rate(measured.synced)),
                batches,
            ]);
        };
        row(
            "each file copied and synced, the peer",
            measured.synced,
            String::new(),
        );
        row(
            "`tar` to `tar`, synced at the end, another peer",
            measured.piped,
            String::new(),
        );
        row(
            "`noema storage put`, until every replica is proven",
            measured.put,
            measured.batches.to_string(),
        );
        row(
            "the same command again, nothing left to do",
            measured.again,
            "0".to_owned(),
        );
    }
    let head = [
        "replicas",
        "what",
        "s",
        "files a second",
        "times the peer",
        "transactions that commit",
    ];
    format!(
        "{} files of {} bytes, one command, {} providers.\n\n{}",
        options.files,
        options.size,
        options.providers,
        table(&head, &rows)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(dir: &Path) -> Options {
        Options {
            files: 1003,
            size: 10,
            replicas: vec![1],
            providers: 1,
            dir: dir.to_owned(),
        }
    }

    #[test]
    fn both_peers_copy_every_file() {
        let dir = tempfile::tempdir().unwrap();
        let options = options(dir.path());
        let tree = dir.path().join("tree");
        make(&options, &tree).unwrap();
        copy_each(&options, &tree, &dir.path().join("each")).unwrap();
        pipe(&tree, &dir.path().join("piped")).unwrap();
        for number in [0, 999, 1000, 1002] {
            let read = |copy: &str| std::fs::read(dir.path().join(copy).join(place(number)));
            let original = read("tree").unwrap();
            assert_eq!(original, Files { size: 10 }.content(number));
            assert_eq!(read("each").unwrap(), original);
            assert_eq!(read("piped").unwrap(), original);
        }
    }

    #[test]
    fn rates_are_beside_the_peer_that_syncs_each_file() {
        let measured = Measured {
            replicas: 3,
            synced: Duration::from_secs(10),
            piped: Duration::from_secs(1),
            put: Duration::from_secs(40),
            again: Duration::from_secs(2),
            batches: 20,
        };
        let text = report(&options(Path::new("")), &[measured]);
        for row in [
            "| 10.00 | 100.3 | 1.0000 |",
            "| 1.00 | 1003.0 | 10.0000 |",
            "| 40.00 | 25.1 | 0.2500 | 20 |",
        ] {
            assert!(text.contains(row), "no `{row}` in {text}");
        }
    }
}
