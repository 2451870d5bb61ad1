//! The command line of Noema, as a person runs it.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{ensure, Context};
use noema_local_net::{Binaries, LocalNet};
use serde_json::Value;
use tokio::process::Command;

use crate::seeded::write_seeded;

/// `noema` at a network, signing as Alice.
#[derive(Clone, Debug)]
pub(crate) struct Noema {
    binary: PathBuf,
    url: String,
}

impl Noema {
    /// The program beside the network's node.
    pub(crate) fn of(net: &LocalNet) -> anyhow::Result<Self> {
        let binary = Binaries::locate()?.node.with_file_name("noema");
        ensure!(
            binary.is_file(),
            "{} does not exist: build it with `make build`",
            binary.display()
        );
        Ok(Self {
            binary,
            url: net.url(),
        })
    }

    /// Puts a file of its own, made in `dir`, and waits until all is proven. A chain that has just begun draws nobody before its
    /// randomness is old enough, 32 blocks: what is measured afterwards does not wait for that.
    pub(crate) async fn settle_in(&self, dir: &Path) -> anyhow::Result<()> {
        let path = dir.join("settling-in");
        write_seeded(&path, 4096, u64::MAX).context("write a file")?;
        let name = path.to_str().context("expected a path in UTF-8")?;
        self.run(&["storage", "put", name, "--replicas", "1", "--wait", "all"])
            .await?;
        std::fs::remove_file(path).context("remove a file")
    }

    /// Runs a command that must succeed: its answer, and how long it took from its start to its end.
    pub(crate) async fn run<S: AsRef<OsStr>>(
        &self,
        arguments: &[S],
    ) -> anyhow::Result<(Value, Duration)> {
        let begun = Instant::now();
        let output = Command::new(&self.binary)
            .args(arguments)
            .arg("--json")
            .env("NOEMA_URL", &self.url)
            .env("NOEMA_DEV", "Alice")
            .kill_on_drop(true)
            .output()
            .await
            .with_context(|| format!("run {}", self.binary.display()))?;
        let took = begun.elapsed();
        ensure!(
            output.status.success(),
            "{} failed: {}",
            self.binary.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        );
        // Whatever it says of its progress comes before.
        let said = String::from_utf8_lossy(&output.stdout);
        let last = said.trim().lines().last().unwrap_or_default();
        let answer = serde_json::from_str(last)
            .with_context(|| format!("understand the answer `{last}`"))?;
        Ok((answer, took))
    }
}
