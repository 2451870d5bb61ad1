//! A running network.

use std::{future::Future, io::Write, ops::Range, path::Path, time::Duration};

use futures::future::{join_all, try_join_all};
use noema_chain_client::{ChainClient, SigningKey, Submitter};
use tokio::sync::{mpsc, Mutex};

use crate::{
    availability::{Availability, GatewaySetup},
    builder::LocalNetBuilder,
    chain_spec::{self, Wanted},
    data_dir::DataDir,
    error::Crash,
    logs::{LogHub, LogStream},
    market::{Market, MarketSetup},
    node::{node_key, Node, NodePorts, NodeSetup},
    ports::Port,
    process::Process,
    provider::{Daemon, Provider, ProviderSetup},
    registration::{chill_absent, register_all},
    relay::Links,
    Binaries, Error,
};

const RPC_PORT: u16 = 9944;
const METRICS_PORT: u16 = 9615;
const PEERS_PORT: u16 = 30333;
const PROVIDER_PORT: u16 = 8201;
const PROXY_PORT: u16 = 8300;
const GATEWAY_PORT: u16 = 8301;
const DA_GATEWAY_PORT: u16 = 8402;
const SEAT_PORT: u16 = 8411;

/// How long the whole network may take to end before the rest of it is killed.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(40);

/// A running network. Dropping it kills every process at once; [`shutdown`](Self::shutdown) lets
/// them end in order.
#[derive(Debug)]
pub struct LocalNet {
    nodes: Vec<Node>,
    followers: Vec<Node>,
    links: Option<Links>,
    providers: Vec<Provider>,
    market: Option<Market>,
    availability: Option<Availability>,
    client: Option<ChainClient>,
    notes: Vec<String>,
    logs: LogHub,
    crashes: Mutex<mpsc::UnboundedReceiver<Crash>>,
    // Last: its files are in use until the processes are gone.
    dir: DataDir,
}

impl LocalNet {
    /// Describes a network to start.
    pub fn builder() -> LocalNetBuilder {
        LocalNetBuilder::default()
    }

    pub(crate) async fn start(shape: LocalNetBuilder) -> Result<Self, Error> {
        let binaries = match &shape.binaries {
            Some(binaries) => binaries.clone(),
            None => Binaries::locate()?,
        };
        let dir = match &shape.data_dir {
            Some(path) => DataDir::open(path)?,
            None => DataDir::temporary()?,
        };
        dir.check(shape.validators)?;
        let keep = dir.has_chain();
        let wanted = Wanted {
            validators: shape.validators,
            live: shape.links.is_some(),
            endowed: &shape.endowed,
            pace: shape.pace,
            era_pace: shape.era_pace,
            given: shape.given(),
        };
        let node = match &shape.client {
            Some((client, _)) => client,
            None => &binaries.node,
        };
        let chain = chain_spec::prepare(node, dir.path(), &wanted, keep).await?;
        let known_providers = dir.settle(shape.validators, shape.providers)?;
        let ports = NodePorts::choose(&shape)?;
        let wiring = Wiring::lay(&shape, &binaries, &ports).await?;
        let mut net = Self::assemble(&shape, &binaries, &chain, dir, ports, wiring)?;
        // From here on an error drops `net`, which kills what runs.
        net.unless_crash(net.start_nodes(&shape)).await?;
        let absent = shape.providers..known_providers;
        let (client, notes) = net
            .unless_crash(net.start_providers(&shape, absent))
            .await?;
        net.client = Some(client);
        net.notes = notes;
        Ok(net)
    }

    fn assemble(
        shape: &LocalNetBuilder,
        binaries: &Binaries,
        chain: &Path,
        dir: DataDir,
        ports: Vec<NodePorts>,
        wiring: Wiring,
    ) -> Result<Self, Error> {
        let logs = LogHub::new(dir.path().join("logs"))?;
        let (crash_sender, crashes) = mpsc::unbounded_channel();
        let process = |name: String| {
            let log = logs.of(&name)?;
            Ok::<_, Error>(Process::new(name, log, crash_sender.clone()))
        };
        let client = shape.client.as_ref().map(|(client, _)| client);
        let mut nodes = ports
            .into_iter()
            .zip(wiring.args)
            .enumerate()
            .map(|(index, (ports, wiring))| {
                let authority = index < shape.validators;
                let name = match authority {
                    true => format!("node-{}", index + 1),
                    false => format!("follower-{}", index - shape.validators + 1),
                };
                let mut extra_args = [wiring, shape.node_args.clone()].concat();
                if !authority {
                    extra_args.extend_from_slice(&shape.follower_args);
                }
                let own = shape.node_binaries.get(&index).or(client);
                let setup = NodeSetup {
                    authority,
                    binary: own.unwrap_or(&binaries.node).clone(),
                    chain: chain.to_path_buf(),
                    base_path: dir.path().join("nodes").join(&name),
                    ports,
                    alone: authority && shape.validators == 1,
                    extra_args,
                    env: shape.env.clone(),
                };
                Ok(Node::new(index, process(name)?, setup))
            })
            .collect::<Result<Vec<_>, Error>>()?;
        let followers = nodes.split_off(shape.validators);

        let providers = (0..shape.providers)
            .map(|index| {
                let name = format!("provider-{}", index + 1);
                let own = dir.path().join("providers").join(&name);
                let data_dir = shape.provider_data_dirs.get(&index).cloned();
                let binary = shape
                    .provider_binaries
                    .get(&index)
                    .unwrap_or(&binaries.storage);
                let setup = ProviderSetup {
                    daemon: Daemon::Storage,
                    binary: binary.clone(),
                    data_dir: data_dir.unwrap_or_else(|| own.join("data")),
                    dir: own,
                    port: port(shape, PROVIDER_PORT, index, "a storage provider")?,
                    // Spread over the nodes, as providers of a real network are.
                    node_url: nodes[index % nodes.len()].ws_url(),
                    tls: shape.tls,
                    extra_args: shape.provider_args.clone(),
                    env: shape.env.clone(),
                };
                Ok(Provider::new(index, process(name)?, setup))
            })
            .collect::<Result<Vec<_>, Error>>()?;

        let market = match shape.compute {
            false => None,
            true => {
                let setup = MarketSetup {
                    binary: Binaries::locate_compute()?,
                    dir: dir.path().join("compute"),
                    gateway_port: Port::choose(shape.ports, GATEWAY_PORT, "a compute gateway")?,
                    proxy_port: Port::choose(shape.ports, PROXY_PORT, "a compute proxy")?,
                    node_url: nodes[0].ws_url(),
                    env: shape.env.clone(),
                };
                let gateway = process("gateway".into())?;
                Some(Market::new(gateway, process("proxy".into())?, setup))
            }
        };

        let availability = match shape.seats {
            0 => None,
            count => {
                let binary = Binaries::locate_availability()?;
                let seat = |index: usize| {
                    let name = format!("seat-{}", index + 1);
                    let own = dir.path().join("seats").join(&name);
                    let program = shape.seat_binaries.get(&index).unwrap_or(&binary);
                    let setup = ProviderSetup {
                        daemon: Daemon::Seat,
                        binary: program.clone(),
                        data_dir: own.join("data"),
                        dir: own,
                        port: port(shape, SEAT_PORT, index, "a seat")?,
                        node_url: nodes[index % nodes.len()].ws_url(),
                        tls: shape.tls,
                        extra_args: shape.seat_args.clone(),
                        env: shape.env.clone(),
                    };
                    Ok(Provider::new(index, process(name)?, setup))
                };
                let seats = (0..count).map(seat).collect::<Result<Vec<_>, Error>>()?;
                let gateway = GatewaySetup {
                    dir: dir.path().join("da-gateway"),
                    port: Port::choose(
                        shape.ports,
                        DA_GATEWAY_PORT,
                        "a gateway of data availability",
                    )?,
                    node_url: nodes[0].ws_url(),
                    env: shape.env.clone(),
                    binary,
                };
                let process = process("da-gateway".into())?;
                Some(Availability::new(seats, process, gateway))
            }
        };

        let crashes = Mutex::new(crashes);
        Ok(Self {
            nodes,
            followers,
            links: wiring.links,
            providers,
            market,
            availability,
            client: None,
            notes: Vec::new(),
            logs,
            crashes,
            dir,
        })
    }

    async fn start_nodes(&self, shape: &LocalNetBuilder) -> Result<(), Error> {
        (shape.progress)("starting the chain");
        let (first, others) = self
            .nodes
            .split_first()
            .ok_or_else(|| Error::BadShape("a local network has at least one validator".into()))?;
        first.start()?;
        if self.links.is_none() && self.nodes.len() + self.followers.len() > 1 {
            let address = first.address().await?;
            for node in others.iter().chain(&self.followers) {
                node.set_bootnode(address.clone());
            }
        }
        for node in others {
            node.start()?;
        }
        (shape.progress)("waiting for finalised blocks");
        try_join_all(self.nodes.iter().map(Node::ready)).await?;
        Ok(())
    }

    /// Connects to the chain, makes it know the providers and starts their daemons.
    async fn start_providers(
        &self,
        shape: &LocalNetBuilder,
        absent: Range<usize>,
    ) -> Result<(ChainClient, Vec<String>), Error> {
        let node = &self.nodes[0];
        let client = ChainClient::connect(&node.ws_url())
            .await
            .map_err(|e| Error::Chain {
                what: format!("connect to {}", node.name()),
                why: e.to_string(),
            })?;
        if !self.providers.is_empty() || !absent.is_empty() {
            (shape.progress)("registering the storage providers");
        }
        let alice = SigningKey::dev("Alice").expect("a development key");
        let funder = Submitter::new(client.clone(), alice);
        // Before they are announced: the key that is pinned is made with the directories.
        for provider in &self.providers {
            provider.prepare()?;
        }
        let announcements: Vec<_> = self
            .providers
            .iter()
            .map(|p| p.announcement(shape.bond, shape.capacity))
            .collect();
        let mut notes = register_all(&client, &funder, &announcements).await?;
        notes.extend(chill_absent(&client, absent).await?);

        if !self.providers.is_empty() {
            (shape.progress)("starting the storage providers");
        }
        for provider in &self.providers {
            provider.start()?;
        }
        try_join_all(self.providers.iter().map(Provider::ready)).await?;
        if let Some(market) = &self.market {
            (shape.progress)("starting the compute market");
            notes.extend(market.start(&client, &funder).await?);
        }
        if let Some(availability) = &self.availability {
            (shape.progress)("starting the seats of data availability");
            notes.extend(availability.start(&client, &funder, shape.bond).await?);
        }
        Ok((client, notes))
    }

    /// Runs `phase`; ends early when a process dies, which the phase may not be looking at.
    async fn unless_crash<T>(
        &self,
        phase: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        tokio::select! {
            result = phase => result,
            crash = self.next_crash() => Err(crash.into()),
        }
    }

    /// The nodes, in order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node with this place, from 0.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn node(&self, index: usize) -> &Node {
        &self.nodes[index]
    }

    /// The nodes that follow the chain, in order. Each is started by its own [`Node::start`].
    pub fn followers(&self) -> &[Node] {
        &self.followers
    }

    /// The links between the nodes, those that follow included: they have the places behind the validators.
    ///
    /// # Panics
    /// If the network was not started with [links](LocalNetBuilder::links).
    pub fn links(&self) -> &Links {
        self.links
            .as_ref()
            .expect("a network that was started with links")
    }

    /// The storage providers, in order.
    pub fn providers(&self) -> &[Provider] {
        &self.providers
    }

    /// The storage provider with this place, from 0.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn provider(&self, index: usize) -> &Provider {
        &self.providers[index]
    }

    /// The compute market, if there is one.
    pub fn market(&self) -> Option<&Market> {
        self.market.as_ref()
    }

    /// Data availability, if there is any.
    pub fn availability(&self) -> Option<&Availability> {
        self.availability.as_ref()
    }

    /// A connection to the first node.
    pub fn client(&self) -> &ChainClient {
        self.client
            .as_ref()
            .expect("a network that has started is connected")
    }

    /// Address of the first node's RPC.
    pub fn url(&self) -> String {
        self.nodes[0].ws_url()
    }

    /// Where everything is kept.
    pub fn data_dir(&self) -> &Path {
        self.dir.path()
    }

    /// What people should know of this start, for example that a provider is still jailed.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What the processes print from now on.
    pub fn logs(&self) -> LogStream {
        self.logs.subscribe()
    }

    /// Waits until a process ends that nobody told to.
    pub async fn next_crash(&self) -> Crash {
        match self.crashes.lock().await.recv().await {
            Some(crash) => crash,
            // Every process holds a sender.
            None => std::future::pending().await,
        }
    }

    /// Ends everything: daemons first, then nodes, each asked to, then killed if it does not.
    pub async fn shutdown(mut self) {
        // It would report the end of the node as a fault.
        self.client = None;
        let orderly = async {
            if let Some(market) = &self.market {
                market.stop().await;
            }
            if let Some(availability) = &self.availability {
                availability.stop().await;
            }
            join_all(self.providers.iter().map(Provider::stop)).await;
            join_all(self.nodes.iter().chain(&self.followers).map(Node::stop)).await;
        };
        // The rest is for `drop`.
        let _ = tokio::time::timeout(SHUTDOWN_PATIENCE, orderly).await;
    }
}

/// How nodes find each other: the flags of each, and the links that these lead to.
struct Wiring {
    args: Vec<Vec<String>>,
    links: Option<Links>,
}

impl Wiring {
    async fn lay(
        shape: &LocalNetBuilder,
        binaries: &Binaries,
        ports: &[NodePorts],
    ) -> Result<Self, Error> {
        let Some(delay) = shape.links else {
            return Ok(Self {
                args: vec![Vec::new(); ports.len()],
                links: None,
            });
        };
        let listening: Vec<u16> = ports.iter().map(|ports| ports.peers.number()).collect();
        let links = Links::open(&listening, delay).await?;
        let mut peers = Vec::new();
        for index in 0..ports.len() {
            peers.push(peer_id(binaries, index).await?);
        }
        // Each pair is dialled by one of both alone. Where both dial at the same moment over a link with a delay, each closes the connection that the other keeps, and
        // both try again after the same pause, for minutes. Nobody dials who was only heard of.
        let args = (0..ports.len()).map(|from| {
            let mut args = vec!["--out-peers".to_owned(), "0".to_owned()];
            let dialled = peers
                .iter()
                .enumerate()
                .take(from)
                .filter_map(|(to, peer)| {
                    let port = links.port(from, to)?;
                    Some(format!("/ip4/127.0.0.1/tcp/{port}/p2p/{peer}"))
                });
            for address in dialled {
                args.extend(["--reserved-nodes".to_owned(), address]);
            }
            args
        });
        Ok(Self {
            args: args.collect(),
            links: Some(links),
        })
    }
}

/// Identity in the peer-to-peer network of the node with this place, before it runs.
async fn peer_id(binaries: &Binaries, index: usize) -> Result<String, Error> {
    let file = tempfile::NamedTempFile::new()
        .and_then(|mut file| file.write_all(node_key(index).as_bytes()).map(|()| file))
        .map_err(Error::io("write a key in", std::env::temp_dir()))?;
    let path = file.path().to_string_lossy();
    let said = chain_spec::run(
        &binaries.node,
        &["key", "inspect-node-key", "--file", &path],
    )
    .await?;
    Ok(String::from_utf8_lossy(&said).trim().to_owned())
}

fn port(
    shape: &LocalNetBuilder,
    first: u16,
    index: usize,
    what: &'static str,
) -> Result<Port, Error> {
    let preferred = first.saturating_add(u16::try_from(index).unwrap_or(u16::MAX));
    Port::choose(shape.ports, preferred, what)
}

impl NodePorts {
    /// Those of each node, of the ones that follow as well.
    fn choose(shape: &LocalNetBuilder) -> Result<Vec<Self>, Error> {
        (0..shape.validators + shape.followers)
            .map(|index| {
                Ok(Self {
                    rpc: port(shape, RPC_PORT, index, "the RPC of a node")?,
                    metrics: port(shape, METRICS_PORT, index, "the metrics of a node")?,
                    peers: port(shape, PEERS_PORT, index, "the peers of a node")?,
                })
            })
            .collect()
    }
}

impl Drop for LocalNet {
    fn drop(&mut self) {
        let providers = self.providers.iter().map(Provider::process);
        let nodes = self.nodes.iter().chain(&self.followers).map(Node::process);
        let market = self.market.iter().flat_map(Market::processes);
        let availability = self.availability.iter().flat_map(Availability::processes);
        let processes: Vec<_> = market
            .chain(availability)
            .chain(providers)
            .chain(nodes)
            .cloned()
            .collect();
        Process::kill_blocking(&processes);
    }
}
