//! The chains that are measured, and their nodes.

use std::{
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{ensure, Context};
use nix::{
    sys::signal::{kill, Signal},
    unistd::Pid,
};
use serde_json::{json, Value};
use subxt::{OnlineClient, SubstrateConfig};
use tokio::{
    process::{Child, Command},
    time::{sleep, timeout},
};

use super::load::Load;
use crate::specification;

/// How long a node may take to answer, the compilation of its runtime included, and to end.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often it is asked meanwhile.
const EVERY: Duration = Duration::from_millis(100);

/// A chain to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Chain {
    Stock,
    Lifted,
    Noema,
}

impl Chain {
    /// What the table calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Stock => "stock template, 2 s of weight in slots of 6 s",
            Self::Lifted => "stock template, 3 s of weight in slots of 6 s",
            Self::Noema => "Noema, 0.5 s of weight in slots of 1 s",
        }
    }

    /// Transfers that keep it busy for a minute or so.
    pub(crate) fn transfers(self) -> usize {
        match self {
            Self::Stock => 20_000,
            Self::Lifted => 30_000,
            Self::Noema => 120_000,
        }
    }

    /// Transfers that should wait at the node: enough for a block of this chain and half of the next. The pool looks at all that wait
    /// after each block, so that more of them cost the node more and gain nothing.
    pub(crate) fn backlog(self) -> usize {
        match self {
            Self::Stock => 3_000,
            Self::Lifted => 4_500,
            Self::Noema => 1_800,
        }
    }

    fn binary(self) -> &'static str {
        match self {
            Self::Stock | Self::Lifted => "stock-template-node",
            Self::Noema => "noema-node",
        }
    }

    /// What its client calls the chain.
    fn alias(self) -> &'static str {
        match self {
            Self::Stock | Self::Noema => "dev",
            Self::Lifted => "lifted",
        }
    }
}

/// A node that authors a chain alone.
pub(crate) struct Node {
    child: Child,
    pid: u32,
    url: String,
    client: OnlineClient<SubstrateConfig>,
}

impl Node {
    /// Starts the node in `dir`, with the accounts of `load` endowed in its genesis, and waits until it answers.
    pub(crate) async fn start(
        chain: Chain,
        dir: &Path,
        load: &Load,
        flags: &[String],
    ) -> anyhow::Result<Self> {
        let binary = binary(chain)?;
        let spec = dir.join("spec.json");
        std::fs::write(&spec, endowed(&binary, chain, load).await?)?;
        let rpc = free_port()?;
        let log = dir.join("node.log");
        let pool = load.len() * 2;
        let mut child = Command::new(&binary)
            .arg("--chain")
            .arg(&spec)
            .arg("--base-path")
            .arg(dir.join("db"))
            .args([
                "--alice",
                "--validator",
                "--force-authoring",
                "--unsafe-force-node-key-generation",
            ])
            .args(["--no-telemetry", "--no-prometheus", "--no-mdns"])
            .args([
                "--rpc-max-request-size",
                "64",
                "--rpc-max-response-size",
                "64",
            ])
            .args(["--rpc-port", &rpc.to_string(), "--port", "0"])
            .args([
                "--pool-limit",
                &pool.to_string(),
                "--pool-kbytes",
                &pool.to_string(),
            ])
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {}", binary.display()))?;
        let pid = child.id().context("the node has just started")?;
        let url = format!("ws://127.0.0.1:{rpc}");
        let client = async {
            loop {
                if let Some(status) = child.try_wait()? {
                    let said = std::fs::read_to_string(&log).unwrap_or_default();
                    anyhow::bail!("the node ended, {status}:\n{said}");
                }
                match OnlineClient::from_insecure_url(&url).await {
                    Ok(client) => return Ok(client),
                    Err(_) => sleep(EVERY).await,
                }
            }
        };
        let client = timeout(PATIENCE, client)
            .await
            .context("the node does not answer")??;
        Ok(Self {
            child,
            pid,
            url,
            client,
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn client(&self) -> &OnlineClient<SubstrateConfig> {
        &self.client
    }

    /// Ends the node as an operator would.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        kill(Pid::from_raw(i32::try_from(self.pid)?), Signal::SIGTERM)?;
        timeout(PATIENCE, self.child.wait())
            .await
            .context("the node does not end")??;
        Ok(())
    }
}

/// Beside this program.
fn binary(chain: Chain) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("find this program")?;
    let path = own.with_file_name(chain.binary());
    ensure!(
        path.exists(),
        "{} is missing: `make bench` builds it",
        path.display()
    );
    Ok(path)
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The chain's own specification, with the accounts of `load` added to its balances. It is a local chain, not a development one: a
/// node keeps everything of the latter.
async fn endowed(binary: &Path, chain: Chain, load: &Load) -> anyhow::Result<Vec<u8>> {
    let mut spec = specification::exported(binary, &["--chain", chain.alias()]).await?;
    spec["chainType"] = json!("Local");
    spec.pointer_mut("/genesis/runtimeGenesis/patch/balances/balances")
        .and_then(Value::as_array_mut)
        .context("expected balances in the specification")?
        .extend(load.balances());
    Ok(serde_json::to_vec(&spec)?)
}
