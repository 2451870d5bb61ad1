//! A daemon as an operator runs it: the real program, known to answer by the line that it prints.

use std::{ffi::OsStr, path::Path, process::Stdio, time::Duration};

use anyhow::{bail, Context};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use crate::cli;

/// How long a daemon may take until it answers.
const START: Duration = Duration::from_secs(60);
/// How long it may take to end when it is told to.
const STOP: Duration = Duration::from_secs(30);

/// A daemon that runs; killed when this is dropped.
#[derive(Debug)]
pub struct Daemon {
    name: String,
    child: Child,
    address: String,
    /// Kept, so that the daemon can print.
    _lines: Lines<BufReader<ChildStdout>>,
}

impl Daemon {
    /// Starts a program of the release with these arguments, and waits for the line of its output that has `mark` in it: its address is what follows there.
    pub async fn start<S: AsRef<OsStr>>(
        program: &str,
        arguments: &[S],
        mark: &str,
    ) -> anyhow::Result<Self> {
        Self::start_at(cli::binary(program)?, arguments, mark).await
    }

    /// The same for a program at a path.
    pub async fn start_at<S: AsRef<OsStr>>(
        path: impl AsRef<Path>,
        arguments: &[S],
        mark: &str,
    ) -> anyhow::Result<Self> {
        let path = path.as_ref();
        let program = path.display().to_string();
        let mut child = Command::new(path)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {program}"))?;
        let stdout = child.stdout.take().context("piped")?;
        let mut lines = BufReader::new(stdout).lines();
        let answering = async {
            while let Some(line) = lines.next_line().await? {
                if let Some((_, address)) = line.split_once(mark) {
                    return Ok(address.trim().to_owned());
                }
            }
            bail!("{program} ended before it answered")
        };
        let address = timeout(START, answering)
            .await
            .with_context(|| format!("{program} does not answer"))??;
        Ok(Self {
            name: program,
            child,
            address,
            _lines: lines,
        })
    }

    /// Where it answers, as it says itself.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Kills it with SIGKILL.
    pub async fn kill9(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Tells it to stop by SIGTERM, and waits until it has ended well.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let pid = self.child.id().context("it has ended already")?;
        let pid = nix::unistd::Pid::from_raw(pid.try_into()?);
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM)?;
        let ended = timeout(STOP, self.child.wait()).await;
        let status = ended.with_context(|| format!("{} does not stop", self.name))??;
        match status.success() {
            true => Ok(()),
            false => bail!("{} ended with {status}", self.name),
        }
    }
}
