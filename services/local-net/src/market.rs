//! The compute market of a network: a provider with a gateway and its built-in engine, and a buyer with a proxy.

use std::{path::PathBuf, process::Command, time::Duration};

use noema_chain_client::{
    AccountId, Balance, Call, ChainClient, ComputeCall, Role, SigningKey, Submitter,
};
use noema_compute_primitives::{Descriptor, Price, ServiceId, ServiceKind, VerificationMode};
use noema_transport::Clients;

use crate::{
    data_dir::write_private,
    ports::Port,
    process::{forget_settings, Process},
    ready::{health, until_ready},
    registration::{
        chain_error, register, submit_error, top_up, Announcement, ProviderKeys, NOEMA,
    },
    Error,
};

/// Model of the engine that the gateway has in it.
pub const MODEL: &str = "noema-mini";
/// For a million tokens.
const PRICE: Price = Price::Tokens {
    input: NOEMA / 10,
    cached: NOEMA / 20,
    output: NOEMA / 5,
};
/// What the proxy reserves for a provider.
const CHANNEL: Balance = NOEMA;
/// The most that the proxy may spend on one request.
const REQUEST: Balance = NOEMA / 100;
/// What the buyer's account gets for channels.
const PURSE: Balance = 100 * NOEMA;
/// Requests at the same time.
const CAPACITY: u32 = 4;
/// How long one of both may take until it is healthy; the gateway compiles its engine first.
const READY_PATIENCE: Duration = Duration::from_secs(120);
const CONNECT_PATIENCE: Duration = Duration::from_secs(2);
/// How long one of both may take to end when asked to.
const STOP_PATIENCE: Duration = Duration::from_secs(15);

/// What a market is started with.
#[derive(Debug)]
pub(crate) struct MarketSetup {
    pub(crate) binary: PathBuf,
    pub(crate) dir: PathBuf,
    pub(crate) gateway_port: Port,
    pub(crate) proxy_port: Port,
    pub(crate) node_url: String,
    pub(crate) env: Vec<(String, String)>,
}

/// A provider of inference and a buyer, on one machine. All keys are development keys that everybody has.
#[derive(Debug)]
pub struct Market {
    gateway: Process,
    proxy: Process,
    keys: ProviderKeys,
    setup: MarketSetup,
    clients: Clients,
}

impl Market {
    pub(crate) fn new(gateway: Process, proxy: Process, setup: MarketSetup) -> Self {
        Self {
            gateway,
            proxy,
            keys: ProviderKeys::named(PROVIDER),
            setup,
            clients: Clients::new("noema-local-net", CONNECT_PATIENCE),
        }
    }

    /// Bonded account of the provider.
    pub fn provider(&self) -> AccountId {
        self.keys.bonded.account()
    }

    /// Account whose channels the proxy pays out of.
    pub fn payer(&self) -> AccountId {
        dev(PAYER).account()
    }

    /// Where the gateway answers, as it is announced on chain.
    pub fn gateway_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.setup.gateway_port.number())
    }

    /// Where the proxy has OpenAI's interface.
    pub fn proxy_url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.setup.proxy_port.number())
    }

    /// Process ids of gateway and proxy while they run.
    pub fn pids(&self) -> (Option<u32>, Option<u32>) {
        (self.gateway.pid(), self.proxy.pid())
    }

    pub(crate) fn processes(&self) -> [&Process; 2] {
        // The proxy first: it asks for the receipts of what it has under way.
        [&self.proxy, &self.gateway]
    }

    /// Makes the chain know provider, services and buyer, and starts both daemons until they work.
    pub(crate) async fn start(
        &self,
        client: &ChainClient,
        funder: &Submitter,
    ) -> Result<Option<String>, Error> {
        let announcement = Announcement {
            name: self.gateway.name().to_owned(),
            role: Role::Compute,
            keys: self.keys.clone(),
            endpoint: self.gateway_url(),
            bond: 10_000 * NOEMA,
            capacity: 1 << 30,
        };
        let note = register(client, funder, &announcement).await?;
        let services = self.announce(client).await?;
        top_up(client, funder, self.payer(), PURSE)
            .await
            .map_err(submit_error("fund the buyer of compute".into()))?;
        self.write_configuration(&services)?;
        self.gateway.start(self.command("gateway"))?;
        until_ready(&self.gateway, READY_PATIENCE, || {
            self.health(&self.setup.gateway_port, "v1/health")
        })
        .await?;
        self.proxy.start(self.command("proxy"))?;
        until_ready(&self.proxy, READY_PATIENCE, || {
            self.health(&self.setup.proxy_port, "health")
        })
        .await?;
        Ok(note)
    }

    /// Announces what the chain does not have, and where the gateway answers now.
    async fn announce(&self, client: &ChainClient) -> Result<Vec<ServiceId>, Error> {
        let chain = || chain_error("read the services".into());
        let provider = self.provider();
        let state = client.at_finalized().await.map_err(chain())?;
        let mut known = Vec::new();
        for number in state.services_of(&provider).await.map_err(chain())? {
            if let Some(info) = state.service(number).await.map_err(chain())? {
                known.push((number, info.descriptor));
            }
        }
        let submitter = Submitter::new(client.clone(), self.keys.bonded.clone());
        let mut numbers = Vec::new();
        for kind in [ServiceKind::Chat, ServiceKind::Embedding] {
            let wanted = self.descriptor(kind)?;
            let same = known
                .iter()
                .find(|(_, found)| found.kind == kind && found.model == wanted.model);
            let call = match same {
                Some((_, found)) if found.endpoint == wanted.endpoint => None,
                Some((service, _)) => Some(ComputeCall::SetEndpoint {
                    service: *service,
                    endpoint: self.gateway_url(),
                }),
                None => Some(ComputeCall::Announce {
                    descriptor: wanted,
                    key: dev(RECEIPTS).account(),
                }),
            };
            if let Some(call) = call {
                submitter
                    .submit(Call::Compute(Box::new(call)))
                    .await
                    .map_err(submit_error("announce a service".into()))?;
            }
            if let Some((number, _)) = same {
                numbers.push(*number);
                continue;
            }
            let state = client.at_finalized().await.map_err(chain())?;
            let all = state.services_of(&provider).await.map_err(chain())?;
            numbers.extend(all.last());
        }
        Ok(numbers)
    }

    fn descriptor(&self, kind: ServiceKind) -> Result<Descriptor, Error> {
        let too_long =
            || Error::BadShape("a model or an endpoint is longer than the chain takes".into());
        Ok(Descriptor {
            kind,
            model: MODEL
                .as_bytes()
                .to_vec()
                .try_into()
                .map_err(|_| too_long())?,
            weights: None,
            endpoint: self
                .gateway_url()
                .into_bytes()
                .try_into()
                .map_err(|_| too_long())?,
            price: PRICE,
            verification: VerificationMode::None,
            capacity: CAPACITY,
        })
    }

    fn write_configuration(&self, services: &[ServiceId]) -> Result<(), Error> {
        let MarketSetup { dir, node_url, .. } = &self.setup;
        for dir in [dir.join("gateway"), dir.join("proxy")] {
            std::fs::create_dir_all(&dir).map_err(Error::io("create the directory", dir))?;
        }
        let provider = self.provider();
        let port = self.setup.gateway_port.number();
        let data = dir.join("gateway");
        let mut gateway = format!(
            "node = {node_url:?}\nprovider = \"{provider}\"\ndev_operator = \"{PROVIDER}//operator\"\ndev_service_key = \"{RECEIPTS}\"\n\
             data_dir = {data:?}\nlisten = \"127.0.0.1:{port}\"\n"
        );
        for service in services {
            gateway += &format!(
                "[[services]]\nservice = {service}\nmodel = \"{MODEL}\"\nengine = \"built-in\"\nparallel = {CAPACITY}\n"
            );
        }
        let port = self.setup.proxy_port.number();
        let data = dir.join("proxy");
        let proxy = format!(
            "node = {node_url:?}\ndev_payer = \"{PAYER}\"\ndev_session_key = \"{PAYER}//proxy\"\ndata_dir = {data:?}\nlisten = \"127.0.0.1:{port}\"\n\
             channel_cap = \"{CHANNEL}\"\nmax_request = \"{REQUEST}\"\n"
        );
        write_private(&dir.join("gateway.toml"), gateway.as_bytes())?;
        write_private(&dir.join("proxy.toml"), proxy.as_bytes())
    }

    fn command(&self, what: &str) -> Command {
        let mut command = Command::new(&self.setup.binary);
        forget_settings(&mut command, &["NOEMA_GATEWAY_", "NOEMA_PROXY_"]);
        command
            .args([what, "--config"])
            .arg(self.setup.dir.join(format!("{what}.toml")))
            .env("NO_COLOR", "1")
            .envs(self.setup.env.iter().map(|(k, v)| (k, v)));
        command
    }

    async fn health(&self, port: &Port, path: &str) -> Result<(), String> {
        let base = format!("http://127.0.0.1:{}", port.number());
        health(&self.clients, &base, path).await
    }

    /// Asks both to end and waits until they are gone.
    pub(crate) async fn stop(&self) {
        for process in self.processes() {
            process.stop(STOP_PATIENCE).await;
        }
    }
}

const PROVIDER: &str = "Compute//1";
const RECEIPTS: &str = "Compute//1//receipts";
const PAYER: &str = "Buyer//1";

fn dev(name: &str) -> SigningKey {
    SigningKey::dev(name).expect("a derivation of the development phrase is a key")
}
