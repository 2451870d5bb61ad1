//! A chain in memory, or in a file for several processes, with the pallet's rules about redeeming.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use codec::{Decode, Encode};
use noema_chain_client::{AccountId, ChainError, FileId, SigningKey, SubmitError};
use noema_compute::{
    chain::{
        Browse, ChannelInfo, ChannelPage, ChannelState, Claim, ComputeChain, Constants, Moment,
        Opening, Page, ProviderInfo, Room, ServiceInfo, ServicePage, SessionInfo, SessionLanes,
        StoredFile, Tick,
    },
    SignedReceipt,
};
use noema_compute_primitives::{
    ChannelId, Descriptor, Hash, Price, ServiceId, ServiceKind, VerificationMode,
};
use noema_session::Limits;
use noema_storage::client::{FileRef, Peer};

pub(crate) const GENESIS: Hash = [7; 32];
pub(crate) const PRICE: Price = Price::Tokens {
    input: 1_000_000,
    cached: 100_000,
    output: 2_000_000,
};

#[derive(Clone, Debug, Default, Encode, Decode)]
pub(crate) struct State {
    pub(crate) tick: Tick,
    /// For how many seconds nothing was finalised.
    pub(crate) silent: u64,
    pub(crate) services: Vec<ServiceInfo>,
    pub(crate) channels: Vec<(ChannelId, ChannelInfo)>,
    /// Calls that redeemed, with the number of their claims.
    pub(crate) redemptions: Vec<u32>,
    /// Claims that were refused, with the reason.
    pub(crate) refused: Vec<String>,
    /// Lanes that were reported, with the excess.
    pub(crate) reports: Vec<(ChannelId, u32, u16, u128)>,
    /// Units that each provider got.
    pub(crate) paid: Vec<(AccountId, u128)>,
    /// Claims in one call; 256 when it is 0.
    pub(crate) max_claims: u32,
    /// Stored files: root, size, and where they can be had.
    pub(crate) files: Vec<([u8; 32], u64, Vec<String>)>,
    /// How long it takes until an opening is final.
    pub(crate) open_millis: u64,
}

impl State {
    fn age(&self) -> Duration {
        Duration::from_secs(self.silent)
    }
}

#[derive(Clone)]
pub(crate) struct TestChain {
    inner: Arc<Inner>,
}

struct Inner {
    path: Option<PathBuf>,
    state: Mutex<State>,
}

pub(crate) fn key(name: &str) -> SigningKey {
    SigningKey::dev(name).unwrap()
}

impl TestChain {
    pub(crate) fn new() -> Self {
        let chain = Self::over(None, State::default());
        chain.change(|state| state.tick = 1_000);
        chain
    }

    /// The chain of a file that another process also reads.
    pub(crate) fn at(path: &Path) -> Self {
        Self::over(Some(path.to_owned()), State::default())
    }

    fn over(path: Option<PathBuf>, state: State) -> Self {
        Self {
            inner: Arc::new(Inner {
                path,
                state: Mutex::new(state),
            }),
        }
    }

    /// The same chain, signing with another key.
    pub(crate) fn signed_by(&self, signer: AccountId) -> Signed {
        Signed {
            chain: self.clone(),
            signer,
        }
    }

    pub(crate) fn state(&self) -> State {
        match &self.inner.path {
            None => self.inner.state.lock().unwrap().clone(),
            Some(path) => match fs::read(path) {
                Ok(bytes) => State::decode(&mut &bytes[..]).unwrap(),
                Err(_) => State::default(),
            },
        }
    }

    pub(crate) fn change<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let mut guard = self.inner.state.lock().unwrap();
        if self.inner.path.is_some() {
            *guard = self.state_of_file();
        }
        let result = work(&mut guard);
        if let Some(path) = &self.inner.path {
            let beside = path.with_extension(format!("new{}", std::process::id()));
            fs::write(&beside, guard.encode()).unwrap();
            fs::rename(&beside, path).unwrap();
        }
        result
    }

    fn state_of_file(&self) -> State {
        let path = self.inner.path.as_ref().unwrap();
        fs::read(path).map_or_else(
            |_| State::default(),
            |bytes| State::decode(&mut &bytes[..]).unwrap(),
        )
    }

    /// Offers a service at an endpoint.
    pub(crate) fn offer(
        &self,
        service: ServiceId,
        kind: ServiceKind,
        provider: &SigningKey,
        key: &SigningKey,
        model: &str,
        price: Price,
    ) {
        let descriptor = Descriptor {
            kind,
            model: model.as_bytes().to_vec().try_into().unwrap(),
            weights: None,
            endpoint: b"http://127.0.0.1:1".to_vec().try_into().unwrap(),
            price,
            verification: VerificationMode::None,
            capacity: 8,
        };
        let info = ServiceInfo {
            service,
            provider: provider.account(),
            active: true,
            key: key.account(),
            descriptor,
            next: None,
        };
        self.change(|state| state.services.push(info));
    }

    pub(crate) fn set_endpoint(&self, service: ServiceId, endpoint: &str) {
        self.change(|state| {
            let info = state
                .services
                .iter_mut()
                .find(|info| info.service == service)
                .unwrap();
            info.descriptor.endpoint = endpoint.as_bytes().to_vec().try_into().unwrap();
        });
    }

    /// Opens a channel with one session.
    pub(crate) fn channel(
        &self,
        channel: ChannelId,
        service: ServiceId,
        payer: &SigningKey,
        session: &SigningKey,
        cap: u128,
        lanes: u16,
    ) {
        self.change(|state| {
            let info = state
                .services
                .iter()
                .find(|info| info.service == service)
                .unwrap();
            let opened = ChannelInfo {
                payer: payer.account(),
                provider: info.provider,
                service,
                key: info.key,
                left: cap,
                redeemed: 0,
                state: ChannelState::Open,
                sessions: vec![SessionInfo {
                    session: 0,
                    key: session.account(),
                    limits: Limits {
                        per_use: cap,
                        total: cap,
                    },
                    spent: 0,
                    ends: 1_000_000,
                    revoked: false,
                    lanes,
                    redeemed: Vec::new(),
                }],
            };
            state.channels.push((channel, opened));
        });
    }

    pub(crate) fn info(&self, channel: ChannelId) -> ChannelInfo {
        let state = self.state();
        let found = state.channels.iter().find(|(number, _)| *number == channel);
        found.unwrap().1.clone()
    }

    pub(crate) fn edit(&self, channel: ChannelId, work: impl FnOnce(&mut ChannelInfo)) {
        self.change(|state| {
            let found = state
                .channels
                .iter_mut()
                .find(|(number, _)| *number == channel);
            work(&mut found.unwrap().1);
        });
    }

    /// What a lane has paid.
    pub(crate) fn redeemed(&self, channel: ChannelId, lane: u16) -> u128 {
        self.info(channel).sessions[0].redeemed(lane)
    }
}

/// The chain as one key submits to it.
#[derive(Clone)]
pub(crate) struct Signed {
    chain: TestChain,
    signer: AccountId,
}

impl ComputeChain for Signed {
    fn genesis(&self) -> Hash {
        GENESIS
    }

    async fn constants(&self) -> Result<Constants, ChainError> {
        Ok(Constants {
            close_lock: 100,
            max_claims: match self.chain.state().max_claims {
                0 => 256,
                most => most,
            },
            min_cap: 10,
            min_slash: 1,
            slash_factor: 4,
        })
    }

    async fn now(&self) -> Result<Moment, ChainError> {
        Ok(Moment {
            tick: self.chain.state().tick,
            age: self.chain.state().age(),
        })
    }

    async fn browse(
        &self,
        wanted: &Browse,
        after: Option<ServiceId>,
    ) -> Result<ServicePage, ChainError> {
        // Pages of one, so that paging is used.
        let mut services = self.chain.state().services;
        services.retain(|info| {
            wanted.kind.is_none_or(|kind| kind == info.descriptor.kind)
                && after.is_none_or(|after| info.service > after)
                && wanted
                    .at_most
                    .is_none_or(|most| info.descriptor.price.is_at_most(&most))
        });
        services.sort_by_key(|info| info.service);
        let next = (services.len() > 1).then(|| services[0].service);
        services.truncate(1);
        Ok(Page {
            items: services,
            next,
        })
    }

    async fn service(&self, service: ServiceId) -> Result<Option<ServiceInfo>, ChainError> {
        let services = self.chain.state().services;
        Ok(services.into_iter().find(|info| info.service == service))
    }

    async fn channel(&self, channel: ChannelId) -> Result<Option<ChannelInfo>, ChainError> {
        let channels = self.chain.state().channels;
        let found = channels.into_iter().find(|(number, _)| *number == channel);
        Ok(found.map(|(_, info)| info))
    }

    async fn channels_of(
        &self,
        payer: &AccountId,
        after: Option<ChannelId>,
    ) -> Result<ChannelPage, ChainError> {
        let channels = self.chain.state().channels;
        let ours = channels.iter().filter(|(number, info)| {
            info.payer == *payer && after.is_none_or(|after| *number > after)
        });
        Ok(Page {
            items: ours.map(|(number, _)| *number).collect(),
            next: None,
        })
    }

    async fn provider(&self, _provider: &AccountId) -> Result<ProviderInfo, ChainError> {
        Ok(ProviderInfo {
            bond: 1_000_000,
            services: 1,
            channels: 0,
            reserved: 0,
            room: Room::UpTo(10_000_000),
        })
    }

    async fn file(&self, file: FileId) -> Result<Option<StoredFile>, ChainError> {
        let files = self.chain.state().files;
        let found = files.into_iter().find_map(|(root, size, endpoints)| {
            let known = FileRef::new(root, size).ok()?;
            (known.file == file).then_some((known, endpoints))
        });
        Ok(found.map(|(file, endpoints)| StoredFile {
            file,
            peers: endpoints
                .into_iter()
                .map(|endpoint| Peer {
                    provider: key("Ferdie").account(),
                    endpoint,
                })
                .collect(),
        }))
    }

    async fn redeem(&self, claims: Vec<Claim>) -> Result<(), SubmitError> {
        self.chain.redeem_now(&claims, true)
    }

    async fn open(&self, opening: Opening) -> Result<(), SubmitError> {
        let (chain, payer) = (self.chain.clone(), self.signer);
        // What was submitted goes its way, whoever waits for it.
        let submitted = tokio::spawn(async move {
            let delay = chain.state().open_millis;
            tokio::time::sleep(Duration::from_millis(delay)).await;
            chain.open_now(payer, opening)
        });
        submitted.await.unwrap()
    }

    async fn report(&self, receipt: SignedReceipt) -> Result<(), SubmitError> {
        self.chain.report_now(&receipt)
    }
}
