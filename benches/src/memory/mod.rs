//! The section on the memory of a daemon that holds very many files.

mod built;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{ensure, Context};
use noema_benches::built::Files;
use noema_chain_client::RoundIndex;
use noema_local_net::{Binaries, LocalNet, LocalNetBuilder, PortChoice, Provider};
use noema_storage::client::{DownloadOptions, FileRef, Peer, StorageClient};
use tokio::time::{timeout, Instant};

use crate::{
    table::table,
    usage::{memory, Memory},
};

/// How long so many rounds of a minute each may take, for each of them.
const PATIENCE: Duration = Duration::from_secs(180);
/// Bytes of a MiB.
const MEBIBYTE: f64 = 1_048_576.0;

/// What the section needs.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Numbers of files that the daemon holds; the first is the peer of the others
    #[arg(long, value_delimiter = ',', default_value = "10,100000")]
    files: Vec<u32>,
    /// Bytes of each file
    #[arg(long, default_value_t = 4096)]
    size: usize,
    /// Rounds of audits, of a minute each, that the daemon must pass meanwhile
    #[arg(long, default_value_t = 3)]
    rounds: RoundIndex,
    /// Files that are downloaded from it meanwhile
    #[arg(long, default_value_t = 1000)]
    reads: u32,
    /// Directory for files and databases; all is removed afterwards
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    dir: PathBuf,
}

/// What came of one number of files.
#[derive(Clone, Copy, Debug)]
struct Measured {
    files: u32,
    /// How long the store took to be filled.
    filling: Duration,
    /// How long the daemon took until it was healthy.
    starting: Duration,
    started: Memory,
    worked: Memory,
    passed: RoundIndex,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<String> {
    let mut all = Vec::new();
    for count in &options.files {
        let measured = measure(options, *count).await?;
        eprintln!("{measured:?}");
        all.push(measured);
    }
    Ok(report(options, &all))
}

async fn measure(options: &Options, count: u32) -> anyhow::Result<Measured> {
    let files = Files { size: options.size };
    let dir = tempfile::tempdir_in(&options.dir).context("make a directory for the files")?;
    let spec = dir.path().join("spec.json");
    let node = Binaries::locate()?.node;
    built::specification(&node, &files, count, &spec).await?;

    // Nobody answers audits before the store is full: the chain stands still meanwhile.
    let genesis = {
        let net = network(dir.path(), &spec, 0).start().await?;
        let genesis = net.client().genesis_hash();
        net.shutdown().await;
        genesis
    };
    let data_dir = dir.path().join("store");
    let begun = Instant::now();
    built::fill(&data_dir, genesis, &files, count).await?;
    let filling = begun.elapsed();

    let net = network(dir.path(), &spec, 1)
        .provider_data_dir(0, &data_dir)
        .start()
        .await?;
    let provider = net.provider(0);
    // Once more, without what the network itself waits for.
    let begun = Instant::now();
    provider.restart().await?;
    let starting = begun.elapsed();
    let daemon = provider.pid().context("the daemon runs")?;
    let started = memory(daemon)?;
    let before = standing(&net, provider).await?;
    read(options, &files, count, provider).await?;
    let passed = rounds(options, &net, provider, before).await?;
    ensure!(
        provider.pid() == Some(daemon),
        "the daemon was restarted: what it used is not known"
    );
    let worked = memory(daemon)?;
    net.shutdown().await;
    Ok(Measured {
        files: count,
        filling,
        starting,
        started,
        worked,
        passed,
    })
}

/// The network, which is the same when it starts again.
fn network(dir: &Path, spec: &Path, providers: usize) -> LocalNetBuilder {
    LocalNet::builder()
        .providers(providers)
        .ports(PortChoice::Free)
        .specification(spec)
        .data_dir(dir.join("net"))
}

/// The first round that the provider has not ended. Fails when it missed one.
async fn standing(net: &LocalNet, provider: &Provider) -> anyhow::Result<RoundIndex> {
    let state = net.client().at_finalized().await?;
    let standing = state.audit_standing(&provider.account()).await?;
    let standing = standing.context("the provider is on record")?;
    ensure!(
        standing.points == 0 && !standing.dropping,
        "the provider missed a round: {standing:?}"
    );
    Ok(standing.next)
}

/// Waits until the provider has passed enough rounds. Returns how many.
async fn rounds(
    options: &Options,
    net: &LocalNet,
    provider: &Provider,
    before: RoundIndex,
) -> anyhow::Result<RoundIndex> {
    let wanted = before.saturating_add(options.rounds);
    let mut heads = net.client().finalized_heads();
    let passing = async {
        loop {
            let next = standing(net, provider).await?;
            if next >= wanted {
                return anyhow::Ok(next.saturating_sub(before));
            }
            heads.changed().await?;
        }
    };
    timeout(PATIENCE * options.rounds.saturating_add(1), passing)
        .await
        .context("the provider passes no rounds")?
}

/// Downloads files, spread over all of them.
async fn read(
    options: &Options,
    files: &Files,
    count: u32,
    provider: &Provider,
) -> anyhow::Result<()> {
    let client = StorageClient::default();
    let reads = options.reads.min(count);
    for read in 0..reads {
        let number = u64::from(read) * u64::from(count) / u64::from(reads);
        let number = u32::try_from(number)?;
        let file = FileRef::from(&files.commitment(number)?);
        let peer = Peer {
            provider: provider.account(),
            endpoint: provider.endpoint(),
        };
        let mut content = Vec::new();
        client
            .download(&file, &[peer], &mut content, DownloadOptions::default())
            .await?;
        ensure!(
            content == files.content(number),
            "file {number} came back as another"
        );
    }
    Ok(())
}

fn report(options: &Options, all: &[Measured]) -> String {
    let mebibytes = |bytes: u64| format!("{:.1}", bytes as f64 / MEBIBYTE);
    let fewest = all.first();
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|measured| {
            let times = fewest.map(|fewest| {
                let ratio = measured.worked.peak as f64 / fewest.worked.peak as f64;
                format!("{ratio:.2}")
            });
            vec![
                measured.files.to_string(),
                format!("{:.1}", measured.filling.as_secs_f64()),
                format!("{:.1}", measured.starting.as_secs_f64()),
                mebibytes(measured.started.resident),
                mebibytes(measured.worked.resident),
                mebibytes(measured.worked.peak),
                times.unwrap_or_default(),
                measured.passed.to_string(),
            ]
        })
        .collect();
    let head = [
        "files held and committed",
        "store filled in, s",
        "daemon healthy after, s",
        "resident then, MiB",
        "resident at the end, MiB",
        "peak, MiB",
        "times the daemon with the fewest files",
        "rounds of audits passed",
    ];
    format!(
        "Files of {} bytes, of which up to {} are downloaded meanwhile.\n\n{}",
        options.size,
        options.reads,
        table(&head, &rows)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_in_mebibytes_beside_the_fewest_files() {
        let options = Options {
            files: vec![10, 1000],
            size: 4096,
            rounds: 1,
            reads: 5,
            dir: PathBuf::new(),
        };
        let measured = |files, peak: u64| Measured {
            files,
            filling: Duration::from_secs(7),
            starting: Duration::from_millis(400),
            started: Memory {
                resident: 20 << 20,
                peak: 21 << 20,
            },
            worked: Memory {
                resident: 30 << 20,
                peak: peak << 20,
            },
            passed: 3,
        };
        let text = report(&options, &[measured(10, 40), measured(1000, 50)]);
        assert!(
            text.contains("| 1000 | 7.0 | 0.4 | 20.0 | 30.0 | 50.0 | 1.25 | 3 |"),
            "{text}"
        );
    }
}
