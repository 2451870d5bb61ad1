//! The section on hashing.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{bail, ensure, Context};
use serde_json::Value;

use crate::{
    criterion::{group, Measured},
    seeded::write_seeded,
    table::{median, rate, table},
};

/// What the section needs.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Directory that Criterion wrote to
    #[arg(long)]
    criterion: PathBuf,
    /// The `noema` program
    #[arg(long)]
    noema: PathBuf,
    /// The script that computes the root with 0G's SDK
    #[arg(long)]
    sdk: PathBuf,
    /// Size of the file that both hash, in MiB
    #[arg(long, default_value_t = 256)]
    mib: u64,
    /// How often `noema storage root` is run
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<String> {
    let one_core = group(&options.criterion, "one-core")?;
    let threads = group(&options.criterion, "threads")?;
    let whole = beside_sdk(options)?;
    Ok(format!(
        "{}\n{}\n{whole}",
        lanes(&one_core)?,
        by_threads(&threads)
    ))
}

fn mebibytes(measured: &[Measured]) -> u64 {
    measured.first().map_or(0, |first| first.bytes >> 20)
}

fn cells(measured: &Measured) -> [String; 2] {
    [measured.best, measured.median].map(|took| format!("{:.0}", rate(measured.bytes, took)))
}

fn lanes(measured: &[Measured]) -> anyhow::Result<String> {
    let one = measured
        .iter()
        .find(|m| m.parameter == 1)
        .context("expected a measurement of hashing one by one")?;
    let rows: Vec<_> = measured
        .iter()
        .map(|m| {
            let name = match m.parameter {
                1 => "the `sha3` crate, one message at a time",
                4 => "four at a time, AVX2",
                _ => "eight at a time, AVX-512",
            };
            let [best, median] = cells(m);
            let times = rate(m.bytes, m.best) / rate(one.bytes, one.best);
            vec![name.to_owned(), best, median, format!("{times:.2}")]
        })
        .collect();
    let head = [
        "one core, whole tree",
        "MB/s, best",
        "MB/s, median",
        "best, times `sha3`",
    ];
    Ok(format!(
        "The commitment of {} MiB in memory, by Criterion ([benches/commitment.rs](../benches/benches/commitment.rs)): the best \
         of 100 samples and their median.\n\n{}",
        mebibytes(measured),
        table(&head, &rows)
    ))
}

fn by_threads(measured: &[Measured]) -> String {
    let rows: Vec<_> = measured
        .iter()
        .map(|m| {
            let [best, median] = cells(m);
            vec![m.parameter.to_string(), best, median]
        })
        .collect();
    format!(
        "`commit_reader` with all that the processor has, by number of threads.\n\n{}",
        table(&["threads", "MB/s, best", "MB/s, median"], &rows)
    )
}

/// The whole program beside the SDK, which computes the root in JavaScript, over the same file.
fn beside_sdk(options: &Options) -> anyhow::Result<String> {
    let dir = tempfile::tempdir().context("make a directory for the file")?;
    let path = dir.path().join("file");
    let size = options.mib << 20;
    write_seeded(&path, size, 1).context("write the file")?;

    let mut ours = Vec::new();
    let mut root = String::new();
    for _ in 0..options.rounds.max(1) {
        let begun = Instant::now();
        let answer = answer(
            Command::new(&options.noema).args(["storage", "root", "--json"]),
            &path,
        )?;
        ours.push(begun.elapsed());
        root = text(&answer, "root")?;
    }
    let ours = median(&ours).context("at least one run")?;
    let theirs = answer(Command::new("node").arg(&options.sdk), &path)?;
    let their_root = text(&theirs, "root")?;
    ensure!(
        root == their_root,
        "the roots differ: {root} and {their_root} of 0G's SDK"
    );
    let seconds = theirs["seconds"]
        .as_f64()
        .context("expected `seconds` from the SDK's script")?;
    let theirs_took = Duration::from_secs_f64(seconds);

    let row = |what: String, took: Duration| {
        let times = rate(size, took) / rate(size, theirs_took);
        vec![
            what,
            format!("{:.1}", rate(size, took)),
            format!("{times:.0}"),
        ]
    };
    let rows = [
        row("`noema storage root`, the whole program".to_owned(), ours),
        row(
            format!("`{}`, the tree alone", text(&theirs, "peer")?),
            theirs_took,
        ),
    ];
    let head = [
        &*format!("root of a file of {} MiB", options.mib),
        "MB/s",
        "times the SDK",
    ];
    Ok(format!(
        "Both give the same root.\n\n{}",
        table(&head, &rows)
    ))
}

/// The JSON that a program prints about a file.
fn answer(command: &mut Command, file: &Path) -> anyhow::Result<Value> {
    let output = command
        .arg(file)
        .output()
        .with_context(|| format!("run {command:?}"))?;
    if !output.status.success() {
        bail!(
            "{command:?} failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    serde_json::from_slice(&output.stdout)
        .with_context(|| format!("expected JSON from {command:?}"))
}

fn text(answer: &Value, field: &str) -> anyhow::Result<String> {
    let found = answer[field].as_str();
    Ok(found
        .with_context(|| format!("expected `{field}` in {answer}"))?
        .to_owned())
}
