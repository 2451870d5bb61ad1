//! The shape of a network before it starts.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use crate::{net::LocalNet, registration::NOEMA, Binaries, Error, PortChoice};

/// Most providers that a network can have; their usual ports are 8201 to 8264.
pub const MAX_PROVIDERS: usize = 64;
/// Fewest seats of data availability, if there are any: the chain draws no smaller committee.
pub const MIN_SEATS: usize = 4;
/// Most seats that a network can have; their usual ports are 8411 to 8426.
pub const MAX_SEATS: usize = 16;
/// Most validators that a network can have: as many as there are development authorities.
pub const MAX_VALIDATORS: usize = crate::node::AUTHORITIES.len();

/// How fast rounds of audits go. The window and the draw must fit into the round, or the chain does not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditPace {
    /// Ticks from the beginning of a round to that of the next.
    pub round_ticks: u32,
    /// Ticks in which a round can be answered.
    pub answer_ticks: u32,
    /// Blocks from the beginning of a round to the one whose seed draws it.
    pub draw_delay: u32,
}

type Progress = Arc<dyn Fn(&str) + Send + Sync>;

/// Describes a local network; [`start`](Self::start) runs it.
#[derive(Clone)]
pub struct LocalNetBuilder {
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) validators: usize,
    pub(crate) followers: usize,
    pub(crate) links: Option<Duration>,
    pub(crate) endowed: Vec<(String, u128)>,
    pub(crate) client: Option<(PathBuf, PathBuf)>,
    pub(crate) specification: Option<PathBuf>,
    pub(crate) pace: Option<AuditPace>,
    pub(crate) providers: usize,
    pub(crate) compute: bool,
    pub(crate) seats: usize,
    pub(crate) seat_args: Vec<String>,
    pub(crate) seat_binaries: BTreeMap<usize, PathBuf>,
    pub(crate) era_pace: Option<AuditPace>,
    pub(crate) binaries: Option<Binaries>,
    pub(crate) ports: PortChoice,
    pub(crate) bond: u128,
    pub(crate) capacity: u64,
    pub(crate) node_args: Vec<String>,
    pub(crate) follower_args: Vec<String>,
    pub(crate) provider_args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) tls: bool,
    pub(crate) node_binaries: BTreeMap<usize, PathBuf>,
    pub(crate) provider_binaries: BTreeMap<usize, PathBuf>,
    pub(crate) provider_data_dirs: BTreeMap<usize, PathBuf>,
    pub(crate) progress: Progress,
}

impl std::fmt::Debug for LocalNetBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalNetBuilder")
            .field("data_dir", &self.data_dir)
            .field("validators", &self.validators)
            .field("followers", &self.followers)
            .field("providers", &self.providers)
            .finish_non_exhaustive()
    }
}

impl Default for LocalNetBuilder {
    fn default() -> Self {
        Self {
            data_dir: None,
            validators: 1,
            followers: 0,
            links: None,
            endowed: Vec::new(),
            client: None,
            specification: None,
            pace: None,
            providers: 3,
            compute: false,
            seats: 0,
            seat_args: Vec::new(),
            seat_binaries: BTreeMap::new(),
            era_pace: None,
            binaries: None,
            ports: PortChoice::default(),
            bond: 10_000 * NOEMA,
            capacity: 64 << 30,
            node_args: Vec::new(),
            follower_args: Vec::new(),
            provider_args: Vec::new(),
            env: Vec::new(),
            tls: false,
            node_binaries: BTreeMap::new(),
            provider_binaries: BTreeMap::new(),
            provider_data_dirs: BTreeMap::new(),
            progress: Arc::new(|_| {}),
        }
    }
}

impl LocalNetBuilder {
    /// Keeps everything in `dir`, and resumes the network that is there. Without this the data is
    /// thrown away at the end.
    pub fn data_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(dir.into());
        self
    }

    /// Number of validators (1 to [`MAX_VALIDATORS`], 1 if not said); fixed when a chain begins.
    pub fn validators(mut self, count: usize) -> Self {
        self.validators = count;
        self
    }

    /// Number of nodes that follow the chain without authoring (none if not said). They are not started with the network but when
    /// [`Node::start`](crate::Node::start) says so.
    pub fn followers(mut self, count: usize) -> Self {
        self.followers = count;
        self
    }

    /// Lets nodes reach each other over [links](crate::Links) only, which can be cut and have this delay in each direction. Fixed
    /// when a chain begins.
    pub fn links(mut self, delay: Duration) -> Self {
        self.links = Some(delay);
        self
    }

    /// Gives an account something in the first block, in the smallest unit of the token.
    pub fn endow(mut self, account: impl Into<String>, amount: u128) -> Self {
        self.endowed.push((account.into(), amount));
        self
    }

    /// How fast rounds of audits go; as in the node's preset if not said. Fixed when a chain begins.
    pub fn audit_pace(mut self, pace: AuditPace) -> Self {
        self.pace = Some(pace);
        self
    }

    /// How fast eras of data availability go, which are rounds of audits over rows; as in the node's preset if not said. Fixed when a chain begins.
    pub fn era_pace(mut self, pace: AuditPace) -> Self {
        self.era_pace = Some(pace);
        self
    }

    /// Runs the nodes with another client than `noema-node`, on the chain of this specification, whose validators are the first
    /// development authorities. For comparisons: such a chain has no providers of ours.
    pub fn client(mut self, client: impl Into<PathBuf>, spec: impl Into<PathBuf>) -> Self {
        self.client = Some((client.into(), spec.into()));
        self
    }

    /// Begins the chain with this specification instead of one of the node's own. Its validators are the first development authorities; a provider
    /// of the network that it has already keeps its record.
    pub fn specification(mut self, spec: impl Into<PathBuf>) -> Self {
        self.specification = Some(spec.into());
        self
    }

    /// Number of storage providers (0 to [`MAX_PROVIDERS`], 3 if not said).
    pub fn providers(mut self, count: usize) -> Self {
        self.providers = count;
        self
    }

    /// Whether there is a compute market: a provider of inference with the engine that is built into its gateway, and a buyer's proxy, which
    /// has OpenAI's interface on this machine. Not if not said.
    pub fn compute(mut self, compute: bool) -> Self {
        self.compute = compute;
        self
    }

    /// Number of seats in data availability, with a gateway before them: 0, which is what there is if nothing is said, or [`MIN_SEATS`] to [`MAX_SEATS`].
    pub fn seats(mut self, count: usize) -> Self {
        self.seats = count;
        self
    }

    /// One more argument for every seat's daemon.
    pub fn seat_arg(mut self, arg: impl Into<String>) -> Self {
        self.seat_args.push(arg.into());
        self
    }

    /// Runs another program as the daemon of the seat with this place, from 0.
    pub fn seat_binary(mut self, index: usize, binary: impl Into<PathBuf>) -> Self {
        self.seat_binaries.insert(index, binary.into());
        self
    }

    /// The programs to run, instead of those that [`Binaries::locate`] finds.
    pub fn binaries(mut self, binaries: Binaries) -> Self {
        self.binaries = Some(binaries);
        self
    }

    /// How ports are chosen.
    pub fn ports(mut self, choice: PortChoice) -> Self {
        self.ports = choice;
        self
    }

    /// Bond of each provider, in the smallest unit of the token.
    pub fn bond(mut self, amount: u128) -> Self {
        self.bond = amount;
        self
    }

    /// Capacity that each provider declares, in bytes.
    pub fn capacity(mut self, bytes: u64) -> Self {
        self.capacity = bytes;
        self
    }

    /// Whether daemons encrypt, with the key of each pinned in its endpoint on chain. Plain if not
    /// said: everything is on loopback.
    pub fn tls(mut self, tls: bool) -> Self {
        self.tls = tls;
        self
    }

    /// One more argument for every node.
    pub fn node_arg(mut self, arg: impl Into<String>) -> Self {
        self.node_args.push(arg.into());
        self
    }

    /// One more argument for every node that follows.
    pub fn follower_arg(mut self, arg: impl Into<String>) -> Self {
        self.follower_args.push(arg.into());
        self
    }

    /// One more argument for every daemon.
    pub fn provider_arg(mut self, arg: impl Into<String>) -> Self {
        self.provider_args.push(arg.into());
        self
    }

    /// One more environment variable for every process.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Runs another client, one for the same chain, as the validator with this place, from 0.
    pub fn node_binary(mut self, index: usize, binary: impl Into<PathBuf>) -> Self {
        self.node_binaries.insert(index, binary.into());
        self
    }

    /// Runs another program as the daemon of the provider with this place, from 0.
    pub fn provider_binary(mut self, index: usize, binary: impl Into<PathBuf>) -> Self {
        self.provider_binaries.insert(index, binary.into());
        self
    }

    /// Keeps the data of the provider with this place, from 0, in another directory.
    pub fn provider_data_dir(mut self, index: usize, dir: impl Into<PathBuf>) -> Self {
        self.provider_data_dirs.insert(index, dir.into());
        self
    }

    /// Calls `tell` with a short sentence at each step of the start.
    pub fn on_progress(mut self, tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.progress = Arc::new(tell);
        self
    }

    /// Starts everything and waits until it works: the chain finalises blocks, every provider is
    /// registered and healthy.
    ///
    /// Nothing is left running when this fails.
    pub async fn start(self) -> Result<LocalNet, Error> {
        self.check()?;
        LocalNet::start(self).await
    }

    /// The specification to begin the chain with, if one is given.
    pub(crate) fn given(&self) -> Option<&Path> {
        let of_client = self.client.as_ref().map(|(_, spec)| spec);
        of_client
            .or(self.specification.as_ref())
            .map(PathBuf::as_path)
    }

    fn check(&self) -> Result<(), Error> {
        if self.validators == 0 || self.validators > MAX_VALIDATORS {
            return Err(Error::BadShape(format!(
                "a local network has 1 to {MAX_VALIDATORS} validators, not {}",
                self.validators
            )));
        }
        if self.client.is_some() && self.providers > 0 {
            return Err(Error::BadShape(
                "the chain of another client has no storage providers".into(),
            ));
        }
        if self.client.is_some() && self.compute {
            return Err(Error::BadShape(
                "the chain of another client has no compute market".into(),
            ));
        }
        if self.client.is_some() && self.seats > 0 {
            return Err(Error::BadShape(
                "the chain of another client has no data availability".into(),
            ));
        }
        if self.seats > 0 && !(MIN_SEATS..=MAX_SEATS).contains(&self.seats) {
            return Err(Error::BadShape(format!(
                "a committee has at least {MIN_SEATS} seats, and a local network at most {MAX_SEATS}, not {}",
                self.seats
            )));
        }
        let is_changed = self.pace.is_some() || self.era_pace.is_some() || !self.endowed.is_empty();
        if self.given().is_some() && is_changed {
            return Err(Error::BadShape(
                "a specification that is given says itself who has what, and how fast rounds go"
                    .into(),
            ));
        }
        if self.client.is_some() && self.specification.is_some() {
            return Err(Error::BadShape(
                "the chain of another client comes with its own specification".into(),
            ));
        }
        if self.providers > MAX_PROVIDERS {
            return Err(Error::BadShape(format!(
                "a local network has at most {MAX_PROVIDERS} storage providers, not {}",
                self.providers
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn impossible_shapes_are_refused_before_anything_is_made() {
        for builder in [
            LocalNetBuilder::default().validators(0),
            LocalNetBuilder::default().validators(MAX_VALIDATORS + 1),
            LocalNetBuilder::default().providers(MAX_PROVIDERS + 1),
            LocalNetBuilder::default().client("other", "spec.json"),
            LocalNetBuilder::default()
                .providers(0)
                .client("other", "spec.json")
                .specification("spec.json"),
            LocalNetBuilder::default().seats(MIN_SEATS - 1),
            LocalNetBuilder::default().seats(MAX_SEATS + 1),
            LocalNetBuilder::default()
                .providers(0)
                .seats(MIN_SEATS)
                .client("other", "spec.json"),
            LocalNetBuilder::default()
                .specification("spec.json")
                .endow("5F", 1),
            LocalNetBuilder::default()
                .providers(0)
                .compute(true)
                .client("other", "spec.json"),
        ] {
            assert!(matches!(builder.start().await, Err(Error::BadShape(_))));
        }
    }
}
