//! One provider that has a daemon: of storage, or with a seat in data availability.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use noema_chain_client::{AccountId, Role, SigningKey};
use noema_transport::{Clients, Identity, Pin};

use crate::{
    data_dir::write_private,
    ports::Port,
    process::{forget_settings, Process},
    ready::{health, until_ready},
    registration::{Announcement, ProviderKeys},
    Error,
};

/// How long a daemon may take until it is healthy.
const READY_PATIENCE: Duration = Duration::from_secs(60);
/// How long a daemon may take to accept a connection.
const CONNECT_PATIENCE: Duration = Duration::from_secs(2);
/// How long a daemon may take to end when asked to: it finishes writes under way.
pub(crate) const STOP_PATIENCE: Duration = Duration::from_secs(15);

/// What kind of daemon a provider has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Daemon {
    /// `noema-storage`.
    Storage,
    /// `noema-da seat`.
    Seat,
}

impl Daemon {
    fn role(self) -> Role {
        match self {
            Self::Storage => Role::Storage,
            Self::Seat => Role::DataAvailability,
        }
    }

    fn keys(self, index: usize) -> ProviderKeys {
        match self {
            Self::Storage => ProviderKeys::of(index),
            Self::Seat => ProviderKeys::named(&format!("Seat//{}", index + 1)),
        }
    }

    /// Arguments before all others.
    fn subcommand(self) -> &'static [&'static str] {
        match self {
            Self::Storage => &[],
            Self::Seat => &["seat"],
        }
    }

    /// How the names of its environment variables begin.
    fn settings(self) -> &'static str {
        match self {
            Self::Storage => "NOEMA_STORAGE_",
            Self::Seat => "NOEMA_DA_SEAT_",
        }
    }
}

/// What a provider is started with.
#[derive(Debug)]
pub(crate) struct ProviderSetup {
    pub(crate) daemon: Daemon,
    pub(crate) binary: PathBuf,
    /// Holds the key file; the daemon's data is in `data_dir`.
    pub(crate) dir: PathBuf,
    pub(crate) data_dir: PathBuf,
    pub(crate) port: Port,
    /// Address of the node that it follows the chain through.
    pub(crate) node_url: String,
    /// Whether it encrypts.
    pub(crate) tls: bool,
    pub(crate) extra_args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
}

/// A provider of the network: a daemon and its accounts.
#[derive(Debug)]
pub struct Provider {
    index: usize,
    process: Process,
    keys: ProviderKeys,
    setup: ProviderSetup,
    binary: Mutex<PathBuf>,
    clients: Clients,
    /// Known once its directories are made.
    pin: OnceLock<Pin>,
}

impl Provider {
    pub(crate) fn new(index: usize, process: Process, setup: ProviderSetup) -> Self {
        Self {
            index,
            process,
            keys: setup.daemon.keys(index),
            binary: Mutex::new(setup.binary.clone()),
            setup,
            clients: Clients::new("noema-local-net", CONNECT_PATIENCE),
            pin: OnceLock::new(),
        }
    }

    /// Its place in the network, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Its name in logs and messages, such as `provider-1` or `seat-1`.
    pub fn name(&self) -> &str {
        self.process.name()
    }

    /// Process id of its daemon while that runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.pid()
    }

    /// Its bonded account.
    pub fn account(&self) -> AccountId {
        self.keys.bonded.account()
    }

    /// Key of its bonded account; a development key that everybody has.
    pub fn key(&self) -> &SigningKey {
        &self.keys.bonded
    }

    /// Its hot key; a development key that everybody has.
    pub fn operator_key(&self) -> &SigningKey {
        &self.keys.operator
    }

    /// Where its daemon answers, as it is announced on chain: `http://127.0.0.1:<port>`, or
    /// `https` with the pin of its key.
    pub fn endpoint(&self) -> String {
        match self.pin.get() {
            Some(pin) => format!("{}#{pin}", self.url()),
            None => self.url(),
        }
    }

    /// The same without the pin.
    pub fn url(&self) -> String {
        let scheme = if self.setup.tls { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.setup.port.number())
    }

    /// Where its Prometheus metrics are.
    pub fn metrics_url(&self) -> String {
        format!("{}/metrics", self.url())
    }

    /// The data directory of its daemon.
    pub fn data_dir(&self) -> &Path {
        &self.setup.data_dir
    }

    /// Runs another program in the place of the daemon from its next start on. The program gets the
    /// same arguments.
    pub fn set_binary(&self, binary: PathBuf) {
        *self.binary.lock().unwrap_or_else(PoisonError::into_inner) = binary;
    }

    /// Starts its daemon without waiting. It must not run.
    pub fn start(&self) -> Result<(), Error> {
        self.process.start(self.command())
    }

    /// Kills its daemon with SIGKILL and waits until it is gone.
    pub async fn kill9(&self) {
        self.process.kill().await;
    }

    /// Asks its daemon to end and waits until it is gone.
    pub async fn stop(&self) {
        self.process.stop(STOP_PATIENCE).await;
    }

    /// Stops its daemon if that runs, starts it again and waits until it is healthy.
    pub async fn restart(&self) -> Result<(), Error> {
        self.stop().await;
        self.start()?;
        self.ready().await
    }

    /// Waits until its daemon answers that it is healthy.
    pub async fn ready(&self) -> Result<(), Error> {
        until_ready(&self.process, READY_PATIENCE, || self.health()).await
    }

    async fn health(&self) -> Result<(), String> {
        health(&self.clients, &self.endpoint(), "v1/health").await
    }

    /// Makes its directories and the file with its hot key.
    pub(crate) fn prepare(&self) -> Result<(), Error> {
        for dir in [&self.setup.dir, &self.setup.data_dir] {
            std::fs::create_dir_all(dir).map_err(Error::io("create the directory", dir))?;
        }
        if self.setup.tls {
            let identity = Identity::load_or_create(&self.setup.data_dir)?;
            let _ = self.pin.set(identity.pin());
        }
        write_private(
            &self.key_file(),
            format!("{}\n", self.keys.operator_secret).as_bytes(),
        )
    }

    pub(crate) fn announcement(&self, bond: u128, capacity: u64) -> Announcement {
        Announcement {
            name: self.name().to_owned(),
            role: self.setup.daemon.role(),
            keys: self.keys.clone(),
            endpoint: self.endpoint(),
            bond,
            capacity,
        }
    }

    pub(crate) fn process(&self) -> &Process {
        &self.process
    }

    fn key_file(&self) -> PathBuf {
        self.setup.dir.join("operator.key")
    }

    fn command(&self) -> Command {
        let setup = &self.setup;
        let binary = self
            .binary
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let mut command = Command::new(binary);
        forget_settings(&mut command, &[setup.daemon.settings()]);
        command
            .args(setup.daemon.subcommand())
            .args(["--node", &setup.node_url])
            .args(["--provider", &self.account().to_string()])
            .args(["--listen", &format!("127.0.0.1:{}", setup.port.number())])
            .args(if self.setup.tls {
                &["--tls", "on"][..]
            } else {
                &[]
            })
            .arg("--operator-key")
            .arg(self.key_file())
            .arg("--data-dir")
            .arg(&setup.data_dir)
            .args(&setup.extra_args)
            .env("NO_COLOR", "1")
            .envs(setup.env.iter().map(|(k, v)| (k, v)));
        command
    }
}
