//! A daemon dies by SIGKILL exactly between a write and its fsync, again and again, and nothing that it acknowledged is lost.
//!
//! The moment is not aimed at but forced: a library in front of the C library's (tests/src/before_sync.c) ends the daemon when it asks for a given
//! synchronisation, of segments or of the index, which then never happens.

use std::{
    collections::BTreeSet,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use anyhow::{ensure, Context};
use futures::{stream, StreamExt};
use noema_chain_client::{SigningKey, Submitter};
use noema_commitment::Commitment;
use noema_local_net::{LocalNet, Provider};
use noema_storage::{
    client::{commit_file, FileRef, StorageClient},
    UploadToken,
};
use noema_tests::{
    cli::binary,
    files::write_seeded,
    network::{self, proving, seed},
    preload,
};
use rand::{rngs::StdRng, Rng, SeedableRng};

const SEGMENT: usize = 262_144;
/// Segments of the file.
const SEGMENTS: u64 = 96;
/// Deaths.
const CI: u32 = 12;
const FULL: u32 = 200;
/// The synchronisation before which the daemon dies is one of so many: those of segments and those of the index alternate.
const WITHIN: u32 = 6;
/// Segments under way at once, so that several wait for the same synchronisation.
const PARALLEL: usize = 4;
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_a_daemon_dies_before_an_fsync() -> anyhow::Result<()> {
    let net = network::start(1).await?;
    let dir = tempfile::tempdir()?;
    let mortal = Mortal::make(dir.path())?;
    let provider = net.provider(0);
    provider.set_binary(mortal.daemon.clone());
    provider.restart().await?;

    let seed = seed("before_sync");
    let mut random = StdRng::seed_from_u64(seed);
    let mut deaths = 0;
    let mut compared = 0;
    let mut files = 0;
    let wanted = if proving() { FULL } else { CI };
    while deaths < wanted {
        let path = dir.path().join("file");
        write_seeded(&path, SEGMENTS * SEGMENT as u64, seed.wrapping_add(files))?;
        files += 1;
        let upload = Upload::begin(&net, &path).await?;
        let mut acknowledged = BTreeSet::new();
        while acknowledged.len() < usize::try_from(SEGMENTS)? {
            if deaths < wanted {
                mortal.dies_before(random.gen_range(1..=WITHIN))?;
            }
            upload.go_on(&mut acknowledged).await;
            if provider.pid().is_some() && acknowledged.len() == usize::try_from(SEGMENTS)? {
                // The file is complete, and the daemon came not so far or is to live.
                break;
            }
            network::until("the daemon is dead", PATIENCE, || async {
                Ok(provider.pid().is_none().then_some(()))
            })
            .await?;
            deaths += 1;
            mortal.lives()?;
            provider.start()?;
            provider.ready().await?;
            compared += upload.compare(&acknowledged).await?;
        }
        mortal.lives()?;
        provider.restart().await?;
        upload.compare(&acknowledged).await?;
    }
    println!(
        "{deaths} deaths between a write and its fsync, {files} files, {compared} times an acknowledged segment was there afterwards"
    );
    ensure!(compared > 0, "nothing was acknowledged before a death");
    net.shutdown().await;
    Ok(())
}

/// A daemon that dies when it is told to.
struct Mortal {
    daemon: PathBuf,
    order: PathBuf,
}

impl Mortal {
    fn make(dir: &Path) -> anyhow::Result<Self> {
        let library = preload::library("before_sync", dir)?;
        let (daemon, order) = (dir.join("mortal-daemon"), dir.join("order"));
        let script = format!(
            "#!/bin/sh\nexec env LD_PRELOAD='{}' NOEMA_DIE_BEFORE_SYNC='{}' '{}' \"$@\"\n",
            library.display(),
            order.display(),
            binary("noema-storage")?.display()
        );
        std::fs::write(&daemon, script)?;
        std::fs::set_permissions(&daemon, std::fs::Permissions::from_mode(0o755))?;
        Ok(Self { daemon, order })
    }

    fn dies_before(&self, synchronisation: u32) -> anyhow::Result<()> {
        // Whole or not there.
        let beside = self.order.with_extension("new");
        std::fs::write(&beside, synchronisation.to_string())?;
        Ok(std::fs::rename(beside, &self.order)?)
    }

    fn lives(&self) -> anyhow::Result<()> {
        match std::fs::remove_file(&self.order) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// A file on its way to the daemon.
struct Upload<'a> {
    provider: &'a Provider,
    client: StorageClient,
    commitment: Commitment,
    file: FileRef,
    bytes: Vec<u8>,
    token: UploadToken,
}

impl<'a> Upload<'a> {
    /// Commits to the file and waits until the daemon knows.
    async fn begin(net: &'a LocalNet, path: &Path) -> anyhow::Result<Self> {
        let commitment = commit_file(path, None).await?;
        let file = FileRef::from(&commitment);
        let owner = SigningKey::dev("Alice")?;
        let submitter = Submitter::new(net.client().clone(), owner.clone());
        network::place(net, &submitter, &file).await?;
        let provider = net.provider(0);
        let client = StorageClient::default();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
        let token = UploadToken::sign(
            &owner,
            &net.client().genesis_hash(),
            &file.file,
            &provider.account(),
            now.as_secs() + 3600,
        );
        Ok(Self {
            provider,
            client,
            commitment,
            file,
            bytes: std::fs::read(path)?,
            token,
        })
    }

    /// Sends what is not acknowledged until one is not answered.
    async fn go_on(&self, acknowledged: &mut BTreeSet<u64>) {
        let open: Vec<u64> = (0..SEGMENTS)
            .filter(|index| !acknowledged.contains(index))
            .collect();
        let mut sent = stream::iter(open)
            .map(|index| async move { self.send(index).await.then_some(index) })
            .buffer_unordered(PARALLEL);
        while let Some(Some(index)) = sent.next().await {
            acknowledged.insert(index);
        }
        // What the daemon still answered before it died counts as well.
        while let Some(answer) = sent.next().await {
            let Some(index) = answer else { break };
            acknowledged.insert(index);
        }
    }

    async fn send(&self, index: u64) -> bool {
        let siblings = self.commitment.segment_siblings(index);
        let start = usize::try_from(index).map_or(0, |index| index * SEGMENT);
        let data = self.bytes.get(start..start + SEGMENT);
        let (Some(siblings), Some(data)) = (siblings, data) else {
            return false;
        };
        let endpoint = self.provider.endpoint();
        let (file, token) = (&self.file.file, &self.token);
        self.client
            .put_segment(&endpoint, file, index, &siblings, data, token)
            .await
            .is_ok()
    }

    /// Fetches and verifies every acknowledged segment; how many there were.
    async fn compare(&self, acknowledged: &BTreeSet<u64>) -> anyhow::Result<usize> {
        let endpoint = self.provider.endpoint();
        for index in acknowledged {
            self.client
                .segment(&endpoint, &self.file, *index)
                .await
                .with_context(|| format!("segment {index} was acknowledged and is not there"))?;
        }
        Ok(acknowledged.len())
    }
}
