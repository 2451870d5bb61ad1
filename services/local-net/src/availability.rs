//! Data availability of a network: providers with seats, and a gateway.

use std::{path::PathBuf, process::Command, time::Duration};

use futures::future::{join_all, try_join_all};
use noema_chain_client::{AccountId, Balance, ChainClient, SigningKey, Submitter};
use noema_transport::Clients;

use crate::{
    ports::Port,
    process::{forget_settings, Process},
    provider::Provider,
    ready::{health, until_ready},
    registration::{chain_error, register_all, submit_error, top_up, NOEMA},
    Error,
};

/// Bytes that each seat declares: seats reserve none of them.
const CAPACITY: u64 = 64 << 30;
/// What the gateway's account gets for blobs.
const PURSE: Balance = 1_000 * NOEMA;
/// Account that the gateway pays with.
const PAYER: &str = "Poster//1";
/// How long the gateway may take until it is healthy.
const READY_PATIENCE: Duration = Duration::from_secs(60);
/// How long a committee may take: keys are set, candidates fixed, and a seed is drawn, all in finalised blocks.
const COMMITTEE_PATIENCE: Duration = Duration::from_secs(300);
const CONNECT_PATIENCE: Duration = Duration::from_secs(2);
/// How long the gateway may take to end when asked to.
const STOP_PATIENCE: Duration = Duration::from_secs(15);

/// What a gateway is started with.
#[derive(Debug)]
pub(crate) struct GatewaySetup {
    pub(crate) binary: PathBuf,
    pub(crate) dir: PathBuf,
    pub(crate) port: Port,
    pub(crate) node_url: String,
    pub(crate) env: Vec<(String, String)>,
}

/// Seats and a gateway on one machine. All keys but those that sign for rows are development keys that everybody has.
#[derive(Debug)]
pub struct Availability {
    seats: Vec<Provider>,
    gateway: Process,
    setup: GatewaySetup,
    clients: Clients,
}

impl Availability {
    pub(crate) fn new(seats: Vec<Provider>, gateway: Process, setup: GatewaySetup) -> Self {
        Self {
            seats,
            gateway,
            setup,
            clients: Clients::new("noema-local-net", CONNECT_PATIENCE),
        }
    }

    /// The providers with seats, in order.
    pub fn seats(&self) -> &[Provider] {
        &self.seats
    }

    /// Account that the gateway pays with.
    pub fn payer(&self) -> AccountId {
        payer().account()
    }

    /// Where the gateway answers.
    pub fn gateway_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.setup.port.number())
    }

    /// Process id of the gateway while it runs.
    pub fn gateway_pid(&self) -> Option<u32> {
        self.gateway.pid()
    }

    /// Kills the gateway with SIGKILL and waits until it is gone.
    pub async fn kill9_gateway(&self) {
        self.gateway.kill().await;
    }

    /// Starts the gateway, which must not run, and waits until it is healthy.
    pub async fn start_gateway(&self) -> Result<(), Error> {
        self.gateway.start(self.command())?;
        until_ready(&self.gateway, READY_PATIENCE, || self.gateway_health()).await
    }

    async fn gateway_health(&self) -> Result<(), String> {
        health(&self.clients, &self.gateway_url(), "v1/health").await
    }

    pub(crate) fn processes(&self) -> impl Iterator<Item = &Process> {
        // The gateway first: it has rows under way to seats.
        std::iter::once(&self.gateway).chain(self.seats.iter().map(Provider::process))
    }

    /// Makes the chain know the seats, starts their daemons, which set their keys, waits for a committee, and starts the gateway.
    pub(crate) async fn start(
        &self,
        client: &ChainClient,
        funder: &Submitter,
        bond: Balance,
    ) -> Result<Vec<String>, Error> {
        for seat in &self.seats {
            seat.prepare()?;
        }
        let announcements: Vec<_> = self
            .seats
            .iter()
            .map(|seat| seat.announcement(bond, CAPACITY))
            .collect();
        let notes = register_all(client, funder, &announcements).await?;
        for seat in &self.seats {
            seat.start()?;
        }
        try_join_all(self.seats.iter().map(Provider::ready)).await?;
        top_up(client, funder, self.payer(), PURSE)
            .await
            .map_err(submit_error("fund the gateway of blobs".into()))?;
        std::fs::create_dir_all(&self.setup.dir)
            .map_err(Error::io("create the directory", &self.setup.dir))?;
        self.start_gateway().await?;
        self.committee(client).await?;
        Ok(notes)
    }

    /// Waits until the running era has a committee.
    async fn committee(&self, client: &ChainClient) -> Result<(), Error> {
        until_ready(&self.gateway, COMMITTEE_PATIENCE, || async {
            let look = async {
                let state = client.at_finalized().await?;
                let era = state.da_parameters().await?.era;
                state.committee(era).await
            };
            match look.await {
                Ok(Some(_)) => Ok(()),
                Ok(None) => Err("no committee is drawn yet".to_owned()),
                Err(error) => Err(chain_error("ask for the committee".into())(error).to_string()),
            }
        })
        .await
    }

    fn command(&self) -> Command {
        let setup = &self.setup;
        let mut command = Command::new(&setup.binary);
        forget_settings(&mut command, &["NOEMA_DA_GATEWAY_"]);
        command
            .args(["gateway", "--node", &setup.node_url])
            .args(["--dev-payer", PAYER])
            .args(["--listen", &format!("127.0.0.1:{}", setup.port.number())])
            .arg("--data-dir")
            .arg(&setup.dir)
            .env("NO_COLOR", "1")
            .envs(setup.env.iter().map(|(k, v)| (k, v)));
        command
    }

    /// Asks all of it to end and waits until it is gone.
    pub(crate) async fn stop(&self) {
        // The gateway first: it has rows under way to seats.
        self.gateway.stop(STOP_PATIENCE).await;
        join_all(self.seats.iter().map(Provider::stop)).await;
    }
}

fn payer() -> SigningKey {
    SigningKey::dev(PAYER).expect("a derivation of the development phrase is a key")
}
