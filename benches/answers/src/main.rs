#![doc = include_str!("../README.md")]

mod chain;
mod database;
mod measure;
mod report;
mod scene;

use std::path::PathBuf;

use anyhow::{ensure, Context};
use chain::Chain;
use clap::Parser;
use noema_benches::specification;
use scene::Scene;

/// Files that are written to the database at once.
const STEP: u32 = 20_000;

/// Prints what answers to audits cost with more and more files committed, as Markdown.
#[derive(Debug, Parser)]
#[command(name = "noema-bench-answers")]
struct Options {
    /// The node whose chain and runtime it is
    #[arg(long)]
    node: PathBuf,
    /// Numbers of files, each larger than the one before
    #[arg(long, value_delimiter = ',', default_value = "10,1000,100000,1000000")]
    files: Vec<u32>,
    /// Bytes of each file, at most a segment. A GiB of all files together brings no more challenges than one file
    #[arg(long, default_value_t = 1024)]
    size: usize,
    /// Rounds that are answered with each number of files
    #[arg(long, default_value_t = 25)]
    rounds: u32,
    /// Directory for the database; all is removed afterwards
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    dir: PathBuf,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    ensure!(
        options.files.is_sorted_by(|few, more| few < more),
        "expected each number of files to be larger than the one before, found {:?}",
        options.files
    );
    let spec = specification::exported(&options.node, &["--raw", "--chain", "dev"]).await?;
    let items = specification::items(&spec)?;
    let dir = tempfile::tempdir_in(&options.dir).context("make a directory for the database")?;
    let mut scene = Scene::new(options.size);
    let mut chain = Chain::begin(&dir.path().join("state"), &items)?;
    chain.write(|| scene.holder.register())?;
    let mut levels = Vec::new();
    let mut held = 0;
    for files in &options.files {
        while held < *files {
            let next = held.saturating_add(STEP).min(*files);
            chain.write(|| scene.hold(held, next))?;
            held = next;
            eprintln!("{held} files are committed");
        }
        chain = chain.settle()?;
        levels.push(measure::level(&chain, &scene, *files, options.rounds)?);
    }
    print!(
        "{}",
        report::markdown(&levels, options.size, options.rounds)
    );
    Ok(())
}
