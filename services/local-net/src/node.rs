//! One node of the chain.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::Command,
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use serde_json::json;
use tokio::sync::mpsc;

use crate::{
    heads::{self, Sighting},
    ports::Port,
    process::Process,
    ready::until_ready,
    rpc::NodeRpc,
    Error,
};

/// How long a node may take until its chain moves.
const READY_PATIENCE: Duration = Duration::from_secs(120);
/// How long a node may take to end when asked to: it flushes its database.
pub(crate) const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// Names of the development authorities, in the order in which the nodes of a network take them.
/// Each is a flag of the node as well.
pub(crate) const AUTHORITIES: [&str; 6] = ["alice", "bob", "charlie", "dave", "eve", "ferdie"];

/// The ports of a node.
#[derive(Debug)]
pub(crate) struct NodePorts {
    pub(crate) rpc: Port,
    pub(crate) metrics: Port,
    pub(crate) peers: Port,
}

/// Secret of the network identity of the node with this place. It only has to differ between nodes.
pub(crate) fn node_key(index: usize) -> String {
    format!("{:064x}", index + 1)
}

/// What a node is started with.
#[derive(Debug)]
pub(crate) struct NodeSetup {
    /// Whether it is an authority of its chain.
    pub(crate) authority: bool,
    pub(crate) binary: PathBuf,
    /// Specification of the chain.
    pub(crate) chain: PathBuf,
    pub(crate) base_path: PathBuf,
    pub(crate) ports: NodePorts,
    /// The only validator has no peers to wait for.
    pub(crate) alone: bool,
    pub(crate) extra_args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
}

/// A node of the network: an authority of its chain, or one that follows it.
#[derive(Debug)]
pub struct Node {
    index: usize,
    process: Process,
    setup: NodeSetup,
    /// Address of the first node, known only once it runs.
    bootnode: Mutex<Option<String>>,
    /// Environment of its next start, besides that of its setup.
    own_env: Mutex<BTreeMap<String, String>>,
    rpc: NodeRpc,
}

impl Node {
    pub(crate) fn new(index: usize, process: Process, setup: NodeSetup) -> Self {
        let rpc = NodeRpc::new(setup.ports.rpc.number());
        Self {
            index,
            process,
            setup,
            bootnode: Mutex::new(None),
            own_env: Mutex::default(),
            rpc,
        }
    }

    /// Its place in the network, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Its name in logs and messages, such as `node-1`.
    pub fn name(&self) -> &str {
        self.process.name()
    }

    /// Its process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.pid()
    }

    /// Where its RPC listens: `ws://127.0.0.1:<port>`.
    pub fn ws_url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.setup.ports.rpc.number())
    }

    /// Where its Prometheus metrics are: `http://127.0.0.1:<port>/metrics`.
    pub fn metrics_url(&self) -> String {
        format!(
            "http://127.0.0.1:{}/metrics",
            self.setup.ports.metrics.number()
        )
    }

    /// Its base path: database, keystore, network key.
    pub fn base_path(&self) -> &std::path::Path {
        &self.setup.base_path
    }

    /// Starts it without waiting. It must not run.
    pub fn start(&self) -> Result<(), Error> {
        self.process.start(self.command())
    }

    /// Sets an environment variable for its next starts, or with `None` no longer.
    pub fn set_env(&self, name: &str, value: Option<&str>) {
        let mut env = self.own_env.lock().unwrap_or_else(PoisonError::into_inner);
        match value {
            Some(value) => env.insert(name.to_owned(), value.to_owned()),
            None => env.remove(name),
        };
    }

    /// Kills it with SIGKILL and waits until it is gone.
    pub async fn kill9(&self) {
        self.process.kill().await;
    }

    /// Asks it to end and waits until it is gone.
    pub async fn stop(&self) {
        self.process.stop(STOP_PATIENCE).await;
    }

    /// Stops it if it runs, starts it again and waits until its chain moves.
    pub async fn restart(&self) -> Result<(), Error> {
        self.stop().await;
        self.start()?;
        self.ready().await
    }

    /// Waits until its RPC answers and it sees a block finalised after the wait began.
    pub async fn ready(&self) -> Result<(), Error> {
        let first = OnceLock::new();
        until_ready(&self.process, READY_PATIENCE, || async {
            let now = self.rpc.finalized().await?;
            let first = *first.get_or_init(|| now);
            if now > first {
                Ok(())
            } else {
                Err(format!("no block was finalised after block {first}"))
            }
        })
        .await?;
        self.check_port()
    }

    /// Calls one of its JSON-RPC methods over HTTP and returns the result.
    ///
    /// # Errors
    /// When it does not answer, or answers with an error.
    pub async fn rpc(
        &self,
        method: &str,
        params: serde_json::Value,
    ) -> Result<serde_json::Value, Error> {
        self.rpc
            .call(method, params)
            .await
            .map_err(|why| Error::Chain {
                what: format!("call {method} of {}", self.name()),
                why,
            })
    }

    /// Number of its latest finalised block.
    pub async fn finalized(&self) -> Result<u64, Error> {
        self.rpc.finalized().await.map_err(|why| Error::Chain {
            what: format!("read the finalised block of {}", self.name()),
            why,
        })
    }

    /// What it announces from now on, until the stream is dropped: see [`Sighting`].
    pub fn watch(&self) -> mpsc::UnboundedReceiver<Sighting> {
        heads::watch(self.index, self.ws_url())
    }

    /// The chain's hash of the block with this number, if the node has it. Of a finalised block that is the finalised one.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn block_hash(&self, number: u64) -> Result<Option<String>, Error> {
        let hash = self.rpc("chain_getBlockHash", json!([number])).await?;
        Ok(hash.as_str().map(str::to_owned))
    }

    /// Waits until its RPC answers, and returns the address by which other nodes find it.
    pub async fn address(&self) -> Result<String, Error> {
        let peer = until_ready(&self.process, READY_PATIENCE, || self.rpc.peer_id()).await?;
        Ok(format!(
            "/ip4/127.0.0.1/tcp/{}/p2p/{peer}",
            self.setup.ports.peers.number()
        ))
    }

    pub(crate) fn set_bootnode(&self, address: String) {
        *self.bootnode.lock().unwrap_or_else(PoisonError::into_inner) = Some(address);
    }

    pub(crate) fn process(&self) -> &Process {
        &self.process
    }

    /// A node whose RPC port is taken takes another one and goes on; who asks at the port would then
    /// talk to a stranger.
    fn check_port(&self) -> Result<(), Error> {
        let port = self.setup.ports.rpc.number();
        let said = self
            .process
            .log()
            .find(|line| line.contains("Running JSON-RPC server"));
        match said {
            Some(line) if !line.contains(&format!("127.0.0.1:{port}")) => Err(Error::PortTaken {
                name: self.name().to_owned(),
                port,
                line,
            }),
            _ => Ok(()),
        }
    }

    fn command(&self) -> Command {
        let setup = &self.setup;
        let mut command = Command::new(&setup.binary);
        command
            .arg("--chain")
            .arg(&setup.chain)
            .arg("--base-path")
            .arg(&setup.base_path)
            .args(["--name", self.name()])
            .args(["--node-key", &node_key(self.index)])
            .args(["--listen-addr", &format!("/ip4/127.0.0.1/tcp/{}", setup.ports.peers.number())])
            .args(["--rpc-port", &setup.ports.rpc.number().to_string()])
            .args(["--prometheus-port", &setup.ports.metrics.number().to_string()])
            // Polkadot.js Apps come from another origin; the RPC listens on the loopback only.
            .args(["--rpc-cors", "all"])
            .args(["--no-telemetry", "--no-mdns", "--disable-log-color"])
            // A block a second would fill the log with how each was made; that it was imported is
            // logged anyway.
            .args(["--log", "babe=warn,sc_basic_authorship=warn"]);
        if setup.authority {
            command.arg(format!("--{}", AUTHORITIES[self.index]));
        }
        if setup.alone {
            command.arg("--force-authoring");
        }
        if let Some(address) = &*self.bootnode.lock().unwrap_or_else(PoisonError::into_inner) {
            command.args(["--bootnodes", address]);
        }
        command.args(&setup.extra_args);
        command.envs(setup.env.iter().map(|(k, v)| (k, v)));
        command.envs(&*self.own_env.lock().unwrap_or_else(PoisonError::into_inner));
        command
    }
}
