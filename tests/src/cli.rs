//! The command line as a person types it: the real `noema` program, with what it printed, how it ended and what it used.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{bail, ensure, Context};
use noema_chain_client::{AccountId, FileId};
use noema_local_net::{LocalNet, Provider};
use serde_json::Value;
use tokio::{
    io::AsyncReadExt,
    process::{Child, Command},
    task::JoinHandle,
    time::timeout,
};

use crate::memory;

/// Longest time that a command may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// How to call `noema`.
#[derive(Clone, Debug)]
pub struct Noema {
    binary: PathBuf,
    url: String,
    signer: String,
    uid: Option<u32>,
    env: Vec<(String, PathBuf)>,
}

/// How a command went.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The command, for messages.
    pub command: String,
    /// Exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// What it printed to standard output.
    pub stdout: String,
    /// What it printed to standard error.
    pub stderr: String,
    /// How long it took.
    pub took: Duration,
    /// Greatest resident memory seen, in bytes.
    pub peak: u64,
}

/// A command that runs.
#[derive(Debug)]
pub struct Running {
    command: String,
    child: Child,
    started: Instant,
    memory: memory::Watch,
    stdout: JoinHandle<std::io::Result<String>>,
    stderr: JoinHandle<std::io::Result<String>>,
}

/// The directory of the release binaries that are tested: the one that the local network takes the node from.
pub fn binary(name: &str) -> anyhow::Result<PathBuf> {
    let node = noema_local_net::Binaries::locate()?.node;
    let path = node.with_file_name(name);
    ensure!(
        path.is_file(),
        "{} does not exist; build it with `make build`",
        path.display()
    );
    Ok(path)
}

impl Noema {
    /// For the network, signing as Alice.
    pub fn of(net: &LocalNet) -> anyhow::Result<Self> {
        Ok(Self {
            binary: binary("noema")?,
            url: net.url(),
            signer: "Alice".into(),
            uid: None,
            env: Vec::new(),
        })
    }

    /// The same, signing as another development account.
    pub fn dev(&self, name: &str) -> Self {
        Self {
            signer: name.into(),
            ..self.clone()
        }
    }

    /// The same, at another node.
    pub fn at(&self, url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            ..self.clone()
        }
    }

    /// The same, as a copy of the program at `binary` and by another user of the system.
    pub fn by_user(&self, binary: PathBuf, uid: u32) -> Self {
        Self {
            binary,
            uid: Some(uid),
            ..self.clone()
        }
    }

    /// The same, with one more environment variable, a path.
    pub fn env(mut self, name: &str, value: impl Into<PathBuf>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// The program.
    pub fn program(&self) -> &Path {
        &self.binary
    }

    /// Starts a command that talks to the chain and signs; `--json` is added.
    pub fn spawn<S: AsRef<OsStr>>(&self, arguments: &[S]) -> anyhow::Result<Running> {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .arg("--json")
            .env("NOEMA_URL", &self.url)
            .env("NOEMA_DEV", &self.signer)
            .env("RUST_BACKTRACE", "0")
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(uid) = self.uid {
            command.uid(uid);
        }
        let words: Vec<_> = arguments
            .iter()
            .map(|a| a.as_ref().to_string_lossy())
            .collect();
        let command_line = format!("noema {}", words.join(" "));
        let started = Instant::now();
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start `{command_line}`"))?;
        let pid = child
            .id()
            .context("a child that was not waited for has an id")?;
        let (mut out, mut err) = (
            child.stdout.take().context("piped")?,
            child.stderr.take().context("piped")?,
        );
        Ok(Running {
            command: command_line,
            child,
            started,
            memory: memory::Watch::start(pid),
            stdout: tokio::spawn(async move { read_all(&mut out).await }),
            stderr: tokio::spawn(async move { read_all(&mut err).await }),
        })
    }

    /// Runs a command to its end.
    pub async fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> anyhow::Result<Outcome> {
        self.spawn(arguments)?.finish().await
    }

    /// Runs a command that must succeed; its answer.
    pub async fn ask<S: AsRef<OsStr>>(&self, arguments: &[S]) -> anyhow::Result<Value> {
        self.run(arguments).await?.answer()
    }

    /// Gets a file from this provider of the network and from no other.
    pub async fn get_only_from(
        &self,
        net: &LocalNet,
        file: &FileId,
        provider: &AccountId,
        output: &Path,
    ) -> anyhow::Result<Outcome> {
        let output = output.to_str().context("a path in UTF-8")?;
        let mut arguments: Vec<String> = ["storage", "get", &file.to_string(), "--output", output]
            .map(str::to_owned)
            .into();
        for other in net
            .providers()
            .iter()
            .map(Provider::account)
            .filter(|a| a != provider)
        {
            arguments.extend(["--exclude".to_owned(), other.to_string()]);
        }
        let outcome = self.run(&arguments).await?;
        outcome.answer()?;
        Ok(outcome)
    }

    /// Runs a command that must be refused; what it said.
    pub async fn refused<S: AsRef<OsStr>>(&self, arguments: &[S]) -> anyhow::Result<String> {
        self.run(arguments).await?.refusal()
    }
}

async fn read_all(pipe: &mut (impl AsyncReadExt + Unpin)) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    pipe.read_to_end(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl Running {
    /// Its process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Kills it with SIGKILL.
    pub async fn kill9(mut self) -> anyhow::Result<()> {
        self.child.kill().await?;
        Ok(())
    }

    /// Waits until it ends.
    pub async fn finish(mut self) -> anyhow::Result<Outcome> {
        let Ok(status) = timeout(PATIENCE, self.child.wait()).await else {
            self.child.kill().await?;
            let stderr = self.stderr.await??;
            bail!(
                "`{}` did not end within {} s; it said: {stderr}",
                self.command,
                PATIENCE.as_secs()
            );
        };
        let took = self.started.elapsed();
        Ok(Outcome {
            command: self.command,
            code: status?.code(),
            stdout: self.stdout.await??,
            stderr: self.stderr.await??,
            took,
            peak: self.memory.finish(),
        })
    }
}

impl Outcome {
    /// Whether it ended with success.
    pub fn succeeded(&self) -> bool {
        self.code == Some(0)
    }

    /// The JSON that a successful command printed: the last line of it, if it printed progress before.
    pub fn answer(&self) -> anyhow::Result<Value> {
        ensure!(
            self.succeeded(),
            "`{}` failed ({:?}): {}{}",
            self.command,
            self.code,
            self.stderr,
            self.stdout
        );
        let text = self.stdout.trim();
        serde_json::from_str(text)
            .or_else(|_| serde_json::from_str(text.lines().last().unwrap_or_default()))
            .with_context(|| {
                format!(
                    "`{}` printed something else than JSON: {text}",
                    self.command
                )
            })
    }

    /// What a command said that was refused. It must have ended by itself, with an error code and a reason, and not by a panic.
    pub fn refusal(&self) -> anyhow::Result<String> {
        ensure!(
            !self.succeeded(),
            "`{}` was not refused: {}",
            self.command,
            self.stdout
        );
        ensure!(
            self.code.is_some(),
            "`{}` was ended by a signal: {}",
            self.command,
            self.stderr
        );
        let said = format!("{}{}", self.stderr, self.stdout);
        ensure!(
            !said.trim().is_empty(),
            "`{}` was refused without a reason",
            self.command
        );
        ensure!(
            !said.contains("panicked at"),
            "`{}` panicked: {said}",
            self.command
        );
        Ok(said)
    }
}
