//! What the tests share: files, a daemon's server in this process, and a chain in memory.

pub(crate) mod allocation;
pub(crate) mod many;
mod stakes;

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    ops::Bound,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::Router;
use bytes::Bytes;
use codec::{Decode, Encode};
use noema_chain_client::{
    AccountId, Assignment, AssignmentPage, AuditLimits, AuditRound, AuditStanding, AuditedPage,
    BlockNumber, BlockRef, Call, ChainError, ChainEvent, Challenges, Deal, FileId, Finalized, Hash,
    Head, ProviderPay, ProviderRecord, ProviderStatus, Role, SeedAt, SigningKey, Slot, SlotState,
    SubmitError, SubmitOptions, Terms, Uncovered,
};
use noema_commitment::{Builder, Commitment, SEGMENT_SIZE};
use noema_transport::{
    serve as serve_router, ConnectionLimits, Gate, Options, Patience, Rate, Security, Turns,
};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    chain_view::{ChainView, StateView},
    client::{FileRef, Limits, Peer},
    deny::DenyList,
    directory::{Directory, Tracked},
    frame::MAX_FRAME_LEN,
    metrics::Metrics,
    server::{self, App},
    store::{NewSegment, Store, StoreIdentity, StoreOptions},
    token::UploadToken,
    units::Reserve,
    unix_now,
};

pub(crate) const GENESIS: Hash = Hash([7; 32]);

/// A file with its commitment.
#[derive(Clone)]
pub(crate) struct Sample {
    pub(crate) bytes: Vec<u8>,
    pub(crate) commitment: Commitment,
    pub(crate) file: FileRef,
}

impl Sample {
    /// A file of this length; different seeds give different bytes.
    pub(crate) fn new(len: usize, seed: u8) -> Self {
        let byte = |i: usize| (i % 251) as u8 ^ (i / SEGMENT_SIZE) as u8 ^ seed;
        let bytes: Vec<u8> = (0..len).map(byte).collect();
        let mut builder = Builder::new();
        builder.push(&bytes).unwrap();
        let commitment = builder.finish().unwrap();
        let file = FileRef::from(&commitment);
        Self {
            bytes,
            commitment,
            file,
        }
    }

    /// A segment as it is transferred.
    pub(crate) fn data(&self, index: u64) -> Vec<u8> {
        let start = index as usize * SEGMENT_SIZE;
        let end = self.bytes.len().min(start + SEGMENT_SIZE);
        let mut data = self.bytes[start..end].to_vec();
        data.resize(self.file.shape.segment_len(index).unwrap(), 0);
        data
    }

    pub(crate) fn segment(&self, index: u64) -> NewSegment {
        NewSegment {
            file: self.file.file,
            index,
            root: self.commitment.segment_roots[index as usize],
            siblings: self.commitment.segment_siblings(index).unwrap(),
            data: Bytes::from(self.data(index)),
        }
    }

    pub(crate) fn segments(&self) -> u64 {
        self.file.shape.segments()
    }
}

pub(crate) fn open_store(dir: &Path, provider: AccountId) -> Store {
    let options = StoreOptions {
        index_cache: 1 << 20,
        reserve: Reserve::Bytes(1),
    };
    Store::open(
        dir,
        StoreIdentity {
            genesis: GENESIS,
            provider,
        },
        options,
    )
    .unwrap()
}

/// The data file of a file in a data directory.
pub(crate) fn data_path(dir: &Path, sample: &Sample) -> std::path::PathBuf {
    let name = sample.file.file.to_string();
    dir.join("files")
        .join(&name[..2])
        .join(format!("{name}.data"))
}

/// Everything of a file into a store.
pub(crate) async fn fill(store: &Store, sample: &Sample) {
    store.add_file(&sample.file).await.unwrap();
    for index in 0..sample.segments() {
        store.put(sample.segment(index)).await.unwrap();
    }
}

/// How long a request waits for its turn.
pub(crate) const TURN: Duration = Duration::from_millis(200);

fn gate() -> Arc<Gate> {
    Gate::new(ConnectionLimits {
        total: 64,
        per_peer: 64,
    })
}

/// Serves a router on a free port until dropped.
pub(crate) async fn serve(router: Router) -> (String, DropGuard) {
    noema_transport::install_crypto();
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
        .await
        .unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let options = Options {
        security: Security::Plain,
        gate: gate(),
        patience: Patience::default(),
    };
    tokio::spawn(serve_router(listener, router, options, stop.clone()));
    (endpoint, stop.drop_guard())
}

/// A provider's server with its store.
pub(crate) struct TestProvider {
    pub(crate) account: AccountId,
    pub(crate) endpoint: String,
    pub(crate) store: Store,
    pub(crate) directory: Arc<Directory>,
    pub(crate) app: App,
    pub(crate) head: watch::Sender<Head>,
    pub(crate) dir: TempDir,
    _stop: DropGuard,
}

pub(crate) fn head(number: BlockNumber) -> Head {
    Head {
        number,
        hash: Hash([number as u8; 32]),
        seen_at: Instant::now(),
    }
}

impl TestProvider {
    /// A provider `n` that has slots for `samples`, whose owner is Alice.
    pub(crate) async fn start(n: u8, samples: &[&Sample]) -> Self {
        Self::start_with(n, samples, |_| {}).await
    }

    pub(crate) async fn start_with(
        n: u8,
        samples: &[&Sample],
        change: impl FnOnce(&mut App),
    ) -> Self {
        let account = AccountId([n; 32]);
        let dir = tempfile::tempdir().unwrap();
        let store = open_store(dir.path(), account);
        let directory = Arc::new(Directory::new(account, store.clone()));
        let tracked: Vec<_> = samples.iter().map(|s| tracked(s, account, &[])).collect();
        directory.replace(&tracked).await;
        let (head, heads) = watch::channel(head(5));
        let mut app = App {
            store: store.clone(),
            directory: directory.clone(),
            heads,
            metrics: Metrics::new().unwrap(),
            genesis: GENESIS,
            provider: account,
            operator: AccountId([n + 100; 32]),
            limits: Limits {
                max_uploads: 8,
                max_downloads: 8,
                max_body: MAX_FRAME_LEN,
            },
            uploads: Arc::new(Turns::new(8, TURN)),
            downloads: Arc::new(Turns::new(8, TURN)),
            upload_rate: Rate::default(),
            download_rate: Rate::default(),
            scrubs: false,
            gate: gate(),
            denied: DenyList::default(),
        };
        change(&mut app);
        let (endpoint, stop) = serve(server::router(app.clone())).await;
        Self {
            account,
            endpoint,
            store,
            directory,
            app,
            head,
            dir,
            _stop: stop,
        }
    }

    pub(crate) fn peer(&self) -> Peer {
        Peer {
            provider: self.account,
            endpoint: self.endpoint.clone(),
        }
    }

    /// Alice's token for a file and this provider.
    pub(crate) fn token(&self, sample: &Sample) -> UploadToken {
        token(&alice(), sample, &self.account)
    }
}

pub(crate) fn alice() -> SigningKey {
    SigningKey::dev("Alice").unwrap()
}

pub(crate) fn token(owner: &SigningKey, sample: &Sample, provider: &AccountId) -> UploadToken {
    UploadToken::sign(
        owner,
        &GENESIS,
        &sample.file.file,
        provider,
        unix_now() + 600,
    )
}

/// A deal of Alice's with these slots.
pub(crate) fn deal(sample: &Sample, slots: Vec<(SlotState, u64)>) -> Deal {
    Deal {
        root: sample.file.root,
        size: sample.file.size(),
        deposit: 1,
        committed_at: 1,
        terms: Terms::default(),
        balance: 0,
        offered_to: None,
        held: 0,
        slots: slots
            .into_iter()
            .map(|(state, token)| Slot {
                state,
                token,
                passed_over: None,
                leaving: None,
                bounty: 0,
            })
            .collect(),
    }
}

/// A slot assigned to `provider` in a deal with `others`.
pub(crate) fn tracked(sample: &Sample, provider: AccountId, others: &[AccountId]) -> Tracked {
    let assigned = |provider| SlotState::Assigned {
        provider,
        ready_by: 100,
    };
    let mut slots = vec![(assigned(provider), 1)];
    slots.extend(others.iter().map(|other| (assigned(*other), 2)));
    let assignment = Assignment {
        file: sample.file.file,
        owner: alice().account(),
        slot: 0,
    };
    Tracked::new(&provider, &assignment, &deal(sample, slots)).unwrap()
}

/// A chain in memory.
#[derive(Clone)]
pub(crate) struct FakeChain {
    state: Arc<Mutex<FakeState>>,
    pub(crate) head: watch::Sender<Head>,
    /// The block whose state this is.
    at: BlockRef,
}

#[derive(Default)]
pub(crate) struct FakeState {
    pub(crate) deals: BTreeMap<(FileId, AccountId), Deal>,
    pub(crate) endpoints: HashMap<AccountId, String>,
    pub(crate) seeds: HashMap<BlockNumber, [u8; 32]>,
    pub(crate) submitted: Vec<Call>,
    pub(crate) refuse: bool,
    /// How the next calls end, instead of well.
    pub(crate) failures: Vec<SubmitError>,
    /// What the next calls that end well raise.
    pub(crate) events: Vec<ChainEvent>,
    pub(crate) best: Option<BlockRef>,
    pub(crate) round: Option<AuditRound>,
    pub(crate) challenges: HashMap<AccountId, Challenges>,
    /// The same at the block that is not final, if that is another.
    pub(crate) challenges_at_best: Option<Challenges>,
    pub(crate) standings: HashMap<AccountId, AuditStanding>,
    pub(crate) pay: Option<ProviderPay>,
    pub(crate) uncovered: HashMap<AccountId, Uncovered>,
    pub(crate) time: u64,
    pub(crate) deals_read: usize,
    pub(crate) seeds_read: usize,
}

impl FakeChain {
    pub(crate) fn new() -> Self {
        let state = FakeState {
            time: unix_now(),
            ..FakeState::default()
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            head: watch::channel(head(10)).0,
            at: head(10).block(),
        }
    }

    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut FakeState) -> T) -> T {
        work(&mut self.state.lock().unwrap())
    }

    pub(crate) fn submitted(&self) -> Vec<Call> {
        self.with(|state| state.submitted.clone())
    }
}

impl ChainView for FakeChain {
    type State = FakeChain;

    fn heads(&self) -> watch::Receiver<Head> {
        self.head.subscribe()
    }

    async fn at(&self, block: BlockRef) -> Result<FakeChain, ChainError> {
        let mut state = self.clone();
        state.at = block;
        Ok(state)
    }

    async fn best(&self) -> Result<BlockRef, ChainError> {
        Ok(self.with(|state| state.best.unwrap_or(self.head.borrow().block())))
    }

    async fn submit_with(
        &self,
        call: Call,
        _options: SubmitOptions,
    ) -> Result<Finalized, SubmitError> {
        self.submit(call).await
    }

    async fn submit(&self, call: Call) -> Result<Finalized, SubmitError> {
        let (refuse, failure, events) = self.with(|state| {
            let refuse = state.refuse.then_some(SubmitError::Stopped);
            let failure = (!state.failures.is_empty()).then(|| state.failures.remove(0));
            let failure = failure.or_else(|| state.hand_over(&call));
            state.submitted.push(call);
            (refuse, failure, state.events.clone())
        });
        if let Some(error) = refuse.or(failure) {
            return Err(error);
        }
        let block = BlockRef {
            number: 11,
            hash: Hash([11; 32]),
        };
        Ok(Finalized {
            block,
            tx: Hash([1; 32]),
            events,
        })
    }
}

impl StateView for FakeChain {
    async fn assignments_page(
        &self,
        provider: &AccountId,
        start: Option<&[u8]>,
        limit: u32,
    ) -> Result<AssignmentPage, ChainError> {
        let start = start.map(|start| <([u8; 32], [u8; 32])>::decode(&mut &start[..]).unwrap());
        let after = start.map(|(file, owner)| (FileId(file), AccountId(owner)));
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        Ok(self.with(|state| {
            let deals = state.deals.range((from, Bound::Unbounded));
            let slots = deals.filter_map(|((file, owner), deal)| {
                let (slot, _) = deal.slot_of(provider)?;
                Some(Assignment {
                    file: *file,
                    owner: *owner,
                    slot,
                })
            });
            let assignments: Vec<_> = slots.take(limit as usize).collect();
            let full = assignments.len() == limit as usize;
            let last = assignments.last().filter(|_| full);
            let next = last.map(|last| (last.file.0, last.owner.0).encode());
            AssignmentPage { assignments, next }
        }))
    }

    async fn deals(&self, of: &[(FileId, AccountId)]) -> Result<Vec<Option<Deal>>, ChainError> {
        Ok(self.with(|state| {
            state.deals_read += of.len();
            of.iter().map(|key| state.deals.get(key).cloned()).collect()
        }))
    }

    async fn seed_from(&self, draw_at: BlockNumber) -> Result<SeedAt, ChainError> {
        Ok(self.with(|state| {
            state.seeds_read += 1;
            match state.seeds.get(&draw_at) {
                Some(seed) => SeedAt::Drawn {
                    seed: *seed,
                    drawn_at: draw_at,
                },
                None => SeedAt::NotYet,
            }
        }))
    }

    async fn provider(&self, account: &AccountId) -> Result<Option<ProviderRecord>, ChainError> {
        Ok(self.with(|state| {
            let endpoint = state.endpoints.get(account)?.clone();
            Some(ProviderRecord {
                account: *account,
                role: Role::Storage,
                status: ProviderStatus::Active,
                bond: 1,
                unlocking: Vec::new(),
                operator: *account,
                endpoint,
                capacity: 1,
                reserved: 0,
            })
        }))
    }

    async fn timestamp_ms(&self) -> Result<u64, ChainError> {
        Ok(self.with(|state| state.time * 1000))
    }

    fn proof_sectors(&self) -> Result<u32, ChainError> {
        Ok(8)
    }

    async fn audit_round(&self) -> Result<Option<AuditRound>, ChainError> {
        Ok(self.with(|state| state.round))
    }

    async fn challenges(&self, provider: &AccountId) -> Result<Option<Challenges>, ChainError> {
        let at = self.at;
        Ok(self.with(|state| match &state.challenges_at_best {
            Some(asked) if state.best == Some(at) => Some(asked.clone()),
            _ => state.challenges.get(provider).cloned(),
        }))
    }

    async fn audit_standing(
        &self,
        provider: &AccountId,
    ) -> Result<Option<AuditStanding>, ChainError> {
        Ok(self.with(|state| state.standings.get(provider).copied()))
    }

    async fn audited_page(
        &self,
        _start: Option<&[u8]>,
        _limit: u32,
    ) -> Result<AuditedPage, ChainError> {
        let mut providers: Vec<_> = self.with(|state| state.standings.keys().copied().collect());
        providers.sort();
        Ok(AuditedPage {
            providers,
            next: None,
        })
    }

    async fn provider_pay(&self, _provider: &AccountId) -> Result<Option<ProviderPay>, ChainError> {
        Ok(self.with(|state| state.pay.clone()))
    }

    async fn uncovered(&self, provider: &AccountId) -> Result<Option<Uncovered>, ChainError> {
        Ok(self.with(|state| state.uncovered.get(provider).copied()))
    }

    async fn to_hand_over(&self, provider: &AccountId) -> Result<u64, ChainError> {
        Ok(self.with(|state| state.to_hand_over(provider)))
    }

    fn audit_limits(&self) -> Result<AuditLimits, ChainError> {
        Ok(AuditLimits {
            max_challenges: 4,
            max_settle: 16,
            miss_points: 24,
            drop_points: 96,
            miss_fee: 50,
            hand_over_rounds: 28,
        })
    }
}
