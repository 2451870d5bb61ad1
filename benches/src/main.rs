#![doc = include_str!("../README.md")]

mod commitment;
mod compute;
mod criterion;
mod da;
mod finality;
mod machine;
mod many;
mod memory;
mod program;
mod replicas;
mod seeded;
mod state;
mod throughput;
mod transfer;
mod usage;

use clap::{Parser, Subcommand};
use noema_benches::{specification, table};

/// Prints one section of docs/benchmarks.md, as Markdown.
#[derive(Debug, Parser)]
#[command(name = "noema-bench")]
struct Cli {
    #[command(subcommand)]
    section: Section,
}

#[derive(Debug, Subcommand)]
enum Section {
    /// When, with what and on which machine a section is measured
    Machine,
    /// Hashing a file: what Criterion measured, and the whole program beside 0G's SDK
    Commitment(commitment::Options),
    /// Putting a file to a provider and getting it back, beside a copy on the same disk
    Transfer(transfer::Options),
    /// Transfers of the token that a node includes a second, beside the stock template
    Throughput(throughput::Options),
    /// Block interval, forks and finality of four validators, beside the stock template
    Finality(finality::Options),
    /// Putting a file to three providers and getting it back with the command line, beside copies on the same disk
    Replicas(replicas::Options),
    /// Putting very many small files with one command, beside copies on the same disk
    Many(many::Options),
    /// Memory of a daemon that holds very many files, beside one that holds few
    Memory(memory::Options),
    /// What gateway and proxy add to a request, and what settling weighs
    Compute(compute::Options),
    /// Coding blobs beside PeerDAS, and blobs through gateway and seats
    Da(da::Options),
    /// Not a section: writes the specification of a chain with a large state, for `scripts/bench-database.sh`
    State(state::Options),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let section = match Cli::parse().section {
        Section::Machine => machine::line()?,
        Section::Commitment(options) => commitment::run(&options)?,
        Section::Transfer(options) => transfer::run(&options).await?,
        Section::Throughput(options) => throughput::run(&options).await?,
        Section::Finality(options) => finality::run(&options).await?,
        Section::Replicas(options) => replicas::run(&options).await?,
        Section::Many(options) => many::run(&options).await?,
        Section::Memory(options) => memory::run(&options).await?,
        Section::Compute(options) => compute::run(&options).await?,
        Section::Da(options) => da::run(&options).await?,
        Section::State(options) => state::run(&options).await?,
    };
    print!("{section}");
    Ok(())
}
