//! The section on putting and getting a file through a daemon on this machine.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{ensure, Context};
use noema_chain_client::{Call, SigningKey, Submitter};
use noema_commitment::Commitment;
use noema_local_net::{LocalNet, PortChoice};
use noema_storage::{
    client::{commit_file, DownloadOptions, FileRef, Peer, StorageClient, UploadOptions},
    UploadToken,
};
use tokio::time::timeout;

use crate::{
    seeded::write_seeded,
    table::{median, rate, table},
    usage,
};

/// How long the chain may take to draw a provider.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long upload tokens are valid.
const TOKEN_LIFE: Duration = Duration::from_secs(3600);

/// What the section needs.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Size of each file in MiB
    #[arg(long, default_value_t = 1024)]
    mib: u64,
    /// How many files
    #[arg(long, default_value_t = 3)]
    rounds: u64,
    /// Directory on the disk to measure; all is removed afterwards
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    dir: PathBuf,
}

/// How long something took, and the processor time of the program and of the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Took {
    wall: Duration,
    program: Duration,
    daemon: Duration,
}

#[derive(Debug, Default)]
struct Rounds {
    copy: Vec<Took>,
    root: Vec<Took>,
    put: Vec<Took>,
    get: Vec<Took>,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<String> {
    let dir = tempfile::tempdir_in(&options.dir).context("make a directory for the files")?;
    let net = LocalNet::builder()
        .providers(1)
        .ports(PortChoice::Free)
        .data_dir(dir.path().join("net"))
        .start()
        .await?;
    let mut rounds = Rounds::default();
    for seed in 0..options.rounds.max(1) {
        let file = Files::write(dir.path(), options.mib << 20, seed)?;
        round(&net, &file, &mut rounds).await?;
    }
    net.shutdown().await;
    Ok(report(options, &rounds))
}

/// The files of one round.
struct Files {
    original: PathBuf,
    copy: PathBuf,
}

impl Files {
    fn write(dir: &Path, size: u64, seed: u64) -> anyhow::Result<Self> {
        let files = Self {
            original: dir.join("original"),
            copy: dir.join("copy"),
        };
        write_seeded(&files.original, size, seed).context("write the file")?;
        Ok(files)
    }
}

fn sync(path: &Path) -> anyhow::Result<()> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.with_context(|| format!("sync {}", path.display()))
}

async fn round(net: &LocalNet, files: &Files, rounds: &mut Rounds) -> anyhow::Result<()> {
    let daemon = net.provider(0).pid().context("the daemon runs")?;
    let watch = Watch::begin(daemon)?;
    copy(files)?;
    rounds.copy.push(watch.end()?);
    std::fs::remove_file(&files.copy)?;

    let watch = Watch::begin(daemon)?;
    let commitment = commit_file(&files.original, None).await?;
    rounds.root.push(watch.end()?);

    let (peer, token) = deal(net, &commitment).await?;
    let client = StorageClient::default();
    let watch = Watch::begin(daemon)?;
    let report = client
        .upload(
            &files.original,
            &commitment,
            &peer,
            &token,
            UploadOptions::default(),
        )
        .await?;
    rounds.put.push(watch.end()?);
    ensure!(
        report.bytes == commitment.size,
        "expected all to be sent: {report:?}"
    );

    let watch = Watch::begin(daemon)?;
    get(&client, &commitment, peer, &files.copy).await?;
    rounds.get.push(watch.end()?);
    let copied = commit_file(&files.copy, None).await?;
    ensure!(copied == commitment, "what came back is another file");
    std::fs::remove_file(&files.copy)?;
    Ok(())
}

/// The peer: the same bytes onto the same disk, durable.
fn copy(files: &Files) -> anyhow::Result<()> {
    let copied = Command::new("cp")
        .args(["--reflink=never", "--sparse=never"])
        .args([&files.original, &files.copy])
        .status()
        .context("run cp")?;
    ensure!(copied.success(), "cp failed: {copied}");
    sync(&files.copy)
}

/// Commits to the file on the chain and waits until the provider is drawn and sees it.
async fn deal(net: &LocalNet, commitment: &Commitment) -> anyhow::Result<(Peer, UploadToken)> {
    let owner = SigningKey::dev("Alice")?;
    let file = FileRef::from(commitment);
    let call = Call::Commit {
        root: commitment.root,
        size: commitment.size,
        replicas: 1,
        rounds: 120,
        max: u128::MAX,
    };
    let submitter = Submitter::new(net.client().clone(), owner.clone());
    submitter.submit(call).await?;
    let provider = net.provider(0);
    let peer = Peer {
        provider: provider.account(),
        endpoint: provider.endpoint(),
    };
    let client = StorageClient::default();
    // Counted with the upload, this would be waiting for blocks: until the daemon sees the deal.
    let mut heads = net.client().finalized_heads();
    let seen = async {
        while client
            .file_status(&peer.endpoint, &file.file)
            .await?
            .is_none()
        {
            heads.changed().await?;
        }
        anyhow::Ok(())
    };
    timeout(PATIENCE, seen)
        .await
        .context("the daemon sees no deal")??;
    let expires = SystemTime::now().duration_since(UNIX_EPOCH)? + TOKEN_LIFE;
    let genesis = net.client().genesis_hash();
    let token = UploadToken::sign(
        &owner,
        &genesis,
        &file.file,
        &peer.provider,
        expires.as_secs(),
    );
    Ok((peer, token))
}

async fn get(
    client: &StorageClient,
    commitment: &Commitment,
    peer: Peer,
    to: &Path,
) -> anyhow::Result<()> {
    let mut output = tokio::fs::File::create(to).await?;
    let file = FileRef::from(commitment);
    client
        .download(&file, &[peer], &mut output, DownloadOptions::default())
        .await?;
    output.sync_all().await?;
    Ok(())
}

/// A stop-watch of wall clock and processors.
struct Watch {
    begun: Instant,
    program: Duration,
    daemon: (u32, Duration),
}

impl Watch {
    fn begin(daemon: u32) -> anyhow::Result<Self> {
        Ok(Self {
            program: usage::own()?,
            daemon: (daemon, usage::of(daemon)?),
            begun: Instant::now(),
        })
    }

    fn end(self) -> anyhow::Result<Took> {
        let (daemon, before) = self.daemon;
        Ok(Took {
            wall: self.begun.elapsed(),
            program: usage::own()?.saturating_sub(self.program),
            daemon: usage::of(daemon)?.saturating_sub(before),
        })
    }
}

fn report(options: &Options, rounds: &Rounds) -> String {
    let size = options.mib << 20;
    let gibibytes = size as f64 / f64::from(1 << 30);
    let peer = median(&rounds.copy);
    let row = |what: &str, all: &[Took]| {
        let (Some(took), Some(peer)) = (median(all), peer) else {
            return vec![what.to_owned()];
        };
        let speed = rate(size, took.wall);
        let processors = |time: Duration| format!("{:.2}", time.as_secs_f64() / gibibytes);
        vec![
            what.to_owned(),
            format!("{speed:.0}"),
            format!("{:.2}", speed / rate(size, peer.wall)),
            processors(took.program),
            processors(took.daemon),
        ]
    };
    let head = [
        "one replica, loopback",
        "MB/s",
        "times `cp`",
        "processor s/GiB here",
        "processor s/GiB daemon",
    ];
    let rows = [
        row("`cp` and fsync, the peer", &rounds.copy),
        row("root of the file, before a put", &rounds.root),
        row("put: upload until all is verified and durable", &rounds.put),
        row("get: download, verified, and fsync", &rounds.get),
    ];
    format!(
        "{} files of {} MiB each, all in the page cache when they are read; medians.\n\n{}",
        rounds.put.len(),
        options.mib,
        table(&head, &rows)
    )
}
