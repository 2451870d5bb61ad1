//! Doing what the finalised state asks for. At every finalised block the slots of this provider are
//! read anew; whatever was missed, lost or failed before is seen again here.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::{stream, StreamExt};
use noema_chain_client::{
    AccountId, Assignment, BlockNumber, Call, ChainError, FileId, Finalized, Head, SeedAt,
    SlotState, SubmitError, Tick,
};
use noema_transport::{Endpoint, Pin};
use tokio::{sync::Semaphore, task::JoinSet};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::{
    chain_view::{ChainView, StateView},
    client::{FileRef, StorageClient},
    deny::DenyList,
    directory::{Directory, Tracked},
    gc,
    metrics::Metrics,
    penalty::Penalties,
    prove,
    pull::{Puller, Pulling},
    rate::Rate,
    store::{Store, StoreError},
    units::ByteSize,
};

/// Blocks after which a deal is read again although its slot is held.
const REFRESH: BlockNumber = 64;
/// Files made known to the store at the same time: it writes down together what waits together.
const PARALLEL: usize = 64;
/// Calls about slots under way at the same time. What is beyond waits for the next block, so that answers to audits, which have the same
/// queue, never wait behind thousands of them.
const MAX_CALLS: usize = 384;
/// Files fetched from peers at the same time.
const MAX_PULLS: usize = 4;
/// How often data without a deal is looked for.
const SWEEP: Duration = Duration::from_secs(10);
/// How often the provider's own record is looked at.
const CHECK_RECORD: Duration = Duration::from_secs(300);
/// Pause before a call that failed is submitted again.
const RETRY: Duration = Duration::from_secs(5);
/// The same when the account cannot pay.
const RETRY_POOR: Duration = Duration::from_secs(30);

/// What the loop and its tasks share.
pub(crate) struct Shared<C> {
    pub(crate) chain: C,
    pub(crate) provider: AccountId,
    pub(crate) operator: AccountId,
    pub(crate) store: Store,
    pub(crate) directory: Arc<Directory>,
    pub(crate) metrics: Metrics,
    pub(crate) client: StorageClient,
    pub(crate) penalties: Penalties,
    pub(crate) grace: Duration,
    /// Pin of the daemon's own TLS key; `None` if connections to it are plain.
    pub(crate) pin: Option<Pin>,
    /// Roots whose slots are given back.
    pub(crate) denied: DenyList,
    /// Bytes fetched from peers in a second.
    pub(crate) pull_rate: Rate,
}

/// A call for a slot's state: which, and when it may be tried again. States have tokens, and a call
/// that worked is never repeated for the same token.
#[derive(Default)]
struct Calls {
    under_way: HashSet<u64>,
    done: HashSet<u64>,
    not_before: HashMap<u64, Instant>,
}

impl Calls {
    fn begin(&mut self, token: u64) -> bool {
        if self.under_way.len() >= MAX_CALLS {
            return false;
        }
        let waits = self
            .not_before
            .get(&token)
            .is_some_and(|at| Instant::now() < *at);
        !waits && !self.done.contains(&token) && self.under_way.insert(token)
    }

    fn end(&mut self, token: u64, again_after: Option<Duration>) {
        self.under_way.remove(&token);
        match again_after {
            None => {
                self.done.insert(token);
            }
            Some(pause) => {
                self.not_before.insert(token, Instant::now() + pause);
            }
        }
    }

    /// Forgets tokens that no slot has any more.
    fn keep(&mut self, live: &HashSet<u64>) {
        self.done.retain(|token| live.contains(token));
        self.not_before.retain(|token, _| live.contains(token));
    }
}

pub(crate) struct Converger<C: ChainView> {
    shared: Arc<Shared<C>>,
    tracked: HashMap<Assignment, (Tracked, BlockNumber)>,
    calls: Arc<Mutex<Calls>>,
    tasks: JoinSet<()>,
    pulls: HashMap<FileId, AbortOnDropHandle<()>>,
    pull_turns: Arc<Semaphore>,
    swept_at: Option<Instant>,
    record_checked_at: Option<Instant>,
    /// Files that are known to be without room, so that each is told once.
    without_room: HashSet<FileId>,
    /// Whether it was told that the disk is too full to say ready.
    told_full: bool,
}

impl<C: ChainView> Converger<C> {
    pub(crate) fn new(shared: Arc<Shared<C>>) -> Self {
        Self {
            shared,
            tracked: HashMap::new(),
            calls: Arc::default(),
            tasks: JoinSet::new(),
            pulls: HashMap::new(),
            pull_turns: Arc::new(Semaphore::new(MAX_PULLS)),
            swept_at: None,
            record_checked_at: None,
            without_room: HashSet::new(),
            told_full: false,
        }
    }

    /// Acts on every finalised block until `stop`.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut heads = self.shared.chain.heads();
        loop {
            let head = *heads.borrow_and_update();
            tokio::select! {
                done = self.step(head) => if let Err(error) = done {
                    tracing::warn!(%error, block = head.number, "cannot act on a finalised block");
                },
                () = stop.cancelled() => return,
            }
            while self.tasks.try_join_next().is_some() {}
            // The time limit lets pauses end and data be swept while the chain stands still.
            tokio::select! {
                changed = heads.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(Duration::from_secs(10)) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Acts on one finalised state.
    pub(crate) async fn step(&mut self, head: Head) -> Result<(), StepError> {
        let shared = self.shared.clone();
        let state = shared.chain.at(head.block()).await?;
        self.read_slots(&state, head.number).await?;
        let mut tracked: Vec<Tracked> = self.tracked.values().map(|(t, _)| t.clone()).collect();
        // Not all calls may be made at once: those first that are due first.
        tracked.sort_by_key(|item| due(&item.state));
        shared.denied.refresh();
        // Before uploads of new files are let in: those that have something already come first.
        self.keep_room(&tracked)?;
        shared.directory.replace(&shared.provider, &tracked);
        self.count_slots(&tracked);
        let live = tracked.iter().map(|t| t.token).collect();
        self.calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .keep(&live);

        let taken = self.take_up(&tracked).await;
        let mut seeds = HashMap::new();
        let mut wanted = HashSet::new();
        for item in &tracked {
            if shared.denied.contains(&item.file.root) {
                if may_resign(item, &state).await? {
                    self.resign(item);
                }
                continue;
            }
            if !taken.contains(&item.file.file) {
                continue;
            }
            let record = shared.store.file(&item.file.file)?;
            if record.is_some_and(|record| record.is_complete()) {
                self.act(item, &state, &mut seeds).await?;
            } else {
                wanted.insert(item.file.file);
                if !self.without_room.contains(&item.file.file) {
                    let held = item.state.is_held();
                    self.pull(item.file, held);
                }
            }
        }
        let incomplete = i64::try_from(wanted.len()).unwrap_or(i64::MAX);
        shared.metrics.incomplete_files.set(incomplete);
        self.pulls
            .retain(|file, task| wanted.contains(file) && !task.is_finished());
        self.sweep(&state).await?;
        self.check_record(&state).await;
        Ok(())
    }

    /// Makes files known to the store that are not denied. Answers with those that it knows.
    async fn take_up(&self, tracked: &[Tracked]) -> HashSet<FileId> {
        let shared = &self.shared;
        let files: Vec<FileRef> = tracked
            .iter()
            .map(|item| item.file)
            .filter(|file| !shared.denied.contains(&file.root))
            .collect();
        stream::iter(files)
            .map(|file| async move { (file.file, shared.store.add_file(&file).await) })
            .buffer_unordered(PARALLEL)
            .filter_map(|(file, added)| async move {
                added
                    .inspect_err(|error| tracing::warn!(%error, %file, "cannot take a file up"))
                    .ok()
                    .map(|()| file)
            })
            .collect()
            .await
    }

    /// Keeps room on the disk for the files that are not complete, those first that are furthest. What does not fit waits, and is neither
    /// fetched nor taken, until there is room.
    fn keep_room(&mut self, tracked: &[Tracked]) -> Result<(), StoreError> {
        let store = &self.shared.store;
        let mut incomplete = Vec::new();
        for item in tracked {
            if self.shared.denied.contains(&item.file.root) {
                continue;
            }
            let record = store.file(&item.file.file)?;
            let record = record.filter(|record| record.is_of(&item.file));
            if !record.as_ref().is_some_and(|record| record.is_complete()) {
                let bytes = record.map_or(0, |record| record.bytes);
                let rank = match item.state {
                    SlotState::Held { .. } | SlotState::Leaving { .. } => 0,
                    SlotState::Proving { .. } => 1,
                    _ => 2,
                };
                incomplete.push((rank, u64::MAX - bytes, item.file));
            }
        }
        incomplete.sort_by_key(|(rank, bytes, file)| (*rank, *bytes, file.file.0));
        let files: HashSet<FileId> = incomplete.iter().map(|(_, _, file)| file.file).collect();
        store.keep_admitted(&files);
        let mut without_room = HashSet::new();
        for (_, _, file) in incomplete {
            match store.admit(&file) {
                Ok(()) => {}
                Err(error) if error.is_disk_full() => {
                    if !self.without_room.contains(&file.file) {
                        tracing::error!(%error, file = %file.file, "a file of a current deal has no room");
                    }
                    without_room.insert(file.file);
                }
                Err(error) => return Err(error),
            }
        }
        let count = i64::try_from(without_room.len()).unwrap_or(i64::MAX);
        self.shared.metrics.files_without_room.set(count);
        self.without_room = without_room;
        Ok(())
    }

    /// Whether the disk has room enough to promise that a file is held. The index needs some for as long as it is.
    fn may_promise(&mut self) -> Result<bool, StoreError> {
        match self.shared.store.check_room() {
            Ok(()) => {
                self.told_full = false;
                Ok(true)
            }
            Err(error) if error.is_disk_full() => {
                if !self.told_full {
                    tracing::error!(%error, "`ready` is not said while the disk is full");
                }
                self.told_full = true;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Brings `tracked` up to date. Deals whose slot is held are read again now and then only.
    async fn read_slots(&mut self, state: &C::State, now: BlockNumber) -> Result<(), ChainError> {
        let provider = self.shared.provider;
        let assignments = state.assignments(&provider).await?;
        let current: HashSet<Assignment> = assignments.iter().copied().collect();
        self.tracked
            .retain(|assignment, _| current.contains(assignment));
        let stale = assignments.into_iter().filter(|assignment| {
            !self
                .tracked
                .get(assignment)
                .is_some_and(|(tracked, read_at)| {
                    tracked.state.is_held() && now.saturating_sub(*read_at) < REFRESH
                })
        });
        let stale: Vec<Assignment> = stale.collect();
        let of: Vec<_> = stale.iter().map(|slot| (slot.file, slot.owner)).collect();
        let deals = state.deals(&of).await?;
        for (assignment, deal) in stale.into_iter().zip(deals) {
            let tracked = deal.and_then(|deal| track(&provider, &assignment, deal));
            match tracked {
                Some(tracked) => {
                    self.tracked.insert(assignment, (tracked, now));
                }
                None => {
                    tracing::error!(
                        ?assignment,
                        "the chain names a slot that its deal does not have"
                    );
                    self.tracked.remove(&assignment);
                }
            }
        }
        Ok(())
    }

    fn count_slots(&self, tracked: &[Tracked]) {
        let slots = &self.shared.metrics.slots;
        for name in ["assigned", "proving", "held", "earning", "leaving"] {
            let count = tracked
                .iter()
                .filter(|item| item.state.name() == name)
                .count();
            slots
                .with_label_values(&[name])
                .set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        let below = tracked
            .iter()
            .filter(|item| usize::from(item.deal.held) < item.deal.slots.len());
        let below = i64::try_from(below.count()).unwrap_or(i64::MAX);
        self.shared.metrics.audits.files_below_replicas.set(below);
    }

    /// Says ready or proves, for a file that is complete.
    async fn act(
        &mut self,
        item: &Tracked,
        state: &C::State,
        seeds: &mut HashMap<BlockNumber, SeedAt>,
    ) -> Result<(), StepError> {
        let (file, owner, slot) = (item.file.file, item.owner, item.slot);
        match item.state {
            SlotState::Assigned { .. } if self.may_promise()? && self.begin(item.token) => {
                let shared = self.shared.clone();
                let calls = self.calls.clone();
                let token = item.token;
                self.tasks.spawn(async move {
                    let call = Call::Ready { file, owner, slot };
                    let result = shared.chain.submit(call).await;
                    shared.note("ready", file, token, &calls, result);
                });
            }
            SlotState::Proving { draw_at, .. } if self.begin(item.token) => {
                // Slots that were ready in one block share a draw point.
                let found = match seeds.get(&draw_at) {
                    Some(found) => Ok(*found),
                    None => state.seed_from(draw_at).await,
                };
                let found = found.inspect_err(|_| self.end(item.token, Some(Duration::ZERO)))?;
                seeds.insert(draw_at, found);
                let SeedAt::Drawn { seed, .. } = found else {
                    // A lost seed ends with the slot's deadline.
                    self.end(item.token, Some(Duration::ZERO));
                    return Ok(());
                };
                let sectors = state.proof_sectors().inspect_err(|_| {
                    self.end(item.token, Some(RETRY));
                })?;
                let shared = self.shared.clone();
                let calls = self.calls.clone();
                let item = item.clone();
                self.tasks.spawn(async move {
                    let drawn = prove::drawn(&item, &shared.provider, &seed, sectors);
                    let proof = match prove::prove(&shared.store, &item.file, drawn).await {
                        Ok(proof) => proof,
                        Err(error) => {
                            shared.metrics.count_damage(&error);
                            tracing::error!(%file, %error, "cannot make a proof");
                            let mut calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
                            calls.end(item.token, Some(RETRY));
                            return;
                        }
                    };
                    let result = shared
                        .chain
                        .submit(Call::Prove {
                            file,
                            owner,
                            slot,
                            proof,
                        })
                        .await;
                    shared.note("prove", file, item.token, &calls, result);
                });
            }
            _ => {}
        }
        Ok(())
    }

    /// Gives the slot of a denied file back. The chain draws another provider, which gets the file
    /// from those that hold it; nobody is penalised. A replica that earns is kept, and proven when it is challenged, until its replacement earns.
    fn resign(&mut self, item: &Tracked) {
        if !self.begin(item.token) {
            return;
        }
        let (shared, calls) = (self.shared.clone(), self.calls.clone());
        let (file, owner, slot, token) = (item.file.file, item.owner, item.slot, item.token);
        tracing::info!(%file, slot, "the file is on the deny-list: its slot is given back");
        self.tasks.spawn(async move {
            let call = Call::Resign { file, owner, slot };
            let result = shared.chain.submit(call).await;
            shared.note("resign", file, token, &calls, result);
        });
    }

    fn begin(&self, token: u64) -> bool {
        self.calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .begin(token)
    }

    fn end(&self, token: u64, again_after: Option<Duration>) {
        self.calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .end(token, again_after);
    }

    /// Fetches what is missing from peers, in the background.
    fn pull(&mut self, file: FileRef, held: bool) {
        if self
            .pulls
            .get(&file.file)
            .is_some_and(|task| !task.is_finished())
        {
            return;
        }
        let puller = Puller::new(self.shared.clone(), file);
        let turns = self.pull_turns.clone();
        let last_pause = match held {
            true => Pulling::LAST_PAUSE_HELD,
            false => Pulling::LAST_PAUSE,
        };
        if held {
            tracing::info!(file = %file.file, "segments of a file that is held are missing: they are fetched from peers");
        }
        let task = tokio::spawn(async move {
            // A file for which no peer has anything must not keep others from their turn.
            let mut pause = Pulling::FIRST_PAUSE;
            loop {
                let Ok(turn) = turns.acquire().await else {
                    return;
                };
                let progress = puller.round().await;
                drop(turn);
                pause = match progress {
                    Pulling::Complete => {
                        if held {
                            tracing::info!(file = %file.file, "the file is whole again");
                        }
                        return;
                    }
                    Pulling::Some => Pulling::FIRST_PAUSE,
                    Pulling::Nothing => (pause * 2).min(last_pause),
                };
                if !matches!(progress, Pulling::Some) {
                    tokio::time::sleep(pause).await;
                }
            }
        });
        self.pulls.insert(file.file, AbortOnDropHandle::new(task));
    }

    async fn sweep(&mut self, state: &C::State) -> Result<(), StepError> {
        if self.swept_at.is_some_and(|at| at.elapsed() < SWEEP) {
            return Ok(());
        }
        self.swept_at = Some(Instant::now());
        let block_time = Duration::from_millis(state.timestamp_ms().await?).as_secs();
        let asked = state.challenges(&self.shared.provider).await?;
        let items = asked.into_iter().flat_map(|asked| asked.items);
        let challenged: HashSet<FileId> = items
            .filter_map(|item| FileRef::new(item.root, item.size).ok())
            .map(|file| file.file)
            .collect();
        let deleted = gc::sweep(
            &self.shared.store,
            &self.shared.directory,
            self.shared.grace,
            block_time,
            &challenged,
        )
        .await?;
        self.shared.metrics.deleted_files.inc_by(deleted);
        Ok(())
    }

    /// Tells the operator when the chain does not know the daemon as it runs.
    async fn check_record(&mut self, state: &C::State) {
        if self
            .record_checked_at
            .is_some_and(|at| at.elapsed() < CHECK_RECORD)
        {
            return;
        }
        let (provider, operator) = (self.shared.provider, self.shared.operator);
        let record = state.provider(&provider).await;
        if let Ok(record) = &record {
            let metrics = &self.shared.metrics;
            let gauge = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
            let record = record.as_ref();
            let registered = record.is_some_and(|record| record.operator == operator);
            metrics.operator_registered.set(registered.into());
            let pinned = record.is_some_and(|record| self.shared.is_pinned_by(&record.endpoint));
            metrics.endpoint_pinned.set(pinned.into());
            metrics
                .declared_bytes
                .set(record.map_or(0, |record| gauge(record.capacity)));
            metrics
                .reserved_bytes
                .set(record.map_or(0, |record| gauge(record.reserved)));
        }
        match record {
            Ok(None) => tracing::warn!(
                %provider,
                "the chain knows no storage provider with this account: register it, then files come"
            ),
            Ok(Some(record)) if record.operator != operator => tracing::error!(
                %provider,
                expected = %record.operator,
                found = %operator,
                "this daemon's operator key is not the one registered: its calls will be refused"
            ),
            Ok(Some(record)) if !self.shared.is_pinned_by(&record.endpoint) => tracing::error!(
                %provider,
                announced = %record.endpoint,
                found = %self.shared.pin.map(|pin| pin.to_string()).unwrap_or_default(),
                "the endpoint on chain pins another key than this daemon has: nobody will connect; announce this one"
            ),
            Ok(Some(record)) => {
                self.record_checked_at = Some(Instant::now());
                if let Ok(room) = self.shared.store.room() {
                    if record.capacity > room.holdable {
                        tracing::warn!(
                            declared = %ByteSize(record.capacity),
                            holdable = %ByteSize(room.holdable),
                            "more capacity is declared on chain than the disk can hold: files will come that have no room; `noema provider set-capacity`, or a larger disk"
                        );
                    }
                }
            }
            Err(error) => tracing::debug!(%error, "cannot read the provider's record"),
        }
        // A problem is repeated, but not at every block.
        if self.record_checked_at.is_none() {
            self.record_checked_at = Instant::now().checked_sub(CHECK_RECORD - SWEEP * 3);
        }
    }
}

impl<C: ChainView> Shared<C> {
    /// Whether clients of this endpoint accept the daemon's key. Without a key of its own a proxy
    /// before it has one, which the daemon does not know.
    fn is_pinned_by(&self, endpoint: &str) -> bool {
        match (self.pin, Endpoint::parse(endpoint.as_bytes())) {
            (None, _) => true,
            (Some(own), Ok(Endpoint::Https { pin, .. })) => own == pin,
            (Some(_), _) => false,
        }
    }

    /// Writes down how a call ended.
    fn note(
        &self,
        name: &str,
        file: FileId,
        token: u64,
        calls: &Mutex<Calls>,
        result: Result<Finalized, SubmitError>,
    ) {
        let (label, again_after) = match &result {
            Ok(done) => {
                tracing::info!(%file, block = done.block.number, "{name} is final");
                ("ok", None)
            }
            Err(error) => {
                tracing::warn!(%file, %error, "{name} failed");
                let pause = if matches!(error, SubmitError::CannotPay { .. }) {
                    RETRY_POOR
                } else {
                    RETRY
                };
                ("failed", Some(pause))
            }
        };
        self.metrics.calls.with_label_values(&[name, label]).inc();
        calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .end(token, again_after);
    }
}

/// Why a step failed. The next finalised block tries again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepError {
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The slot of `provider` in a deal; `None` if it has none, or the deal is of an impossible file.
fn track(
    provider: &AccountId,
    assignment: &Assignment,
    deal: noema_chain_client::Deal,
) -> Option<Tracked> {
    let file = FileRef::new(deal.root, deal.size).ok()?;
    let slot = deal.slots.get(usize::from(assignment.slot))?;
    if file.file != assignment.file {
        return None;
    }
    let state = slot.place_of(provider)?;
    let token = match state {
        SlotState::Leaving { since, .. } => leaving_token(assignment, since),
        _ => slot.token,
    };
    Some(Tracked {
        file,
        owner: assignment.owner,
        slot: assignment.slot,
        state,
        token,
        deal,
    })
}

/// A token for the state of leaving a slot, whose own token is that of whoever comes next. The chain counts tokens from 0: none reaches the highest bit.
fn leaving_token(assignment: &Assignment, since: u32) -> u64 {
    let parts = [
        &assignment.file.0[..],
        &assignment.owner.0[..],
        &[assignment.slot],
        &since.to_le_bytes(),
    ];
    let hash = sp_crypto_hashing::blake2_256(&parts.concat());
    let bits = hash
        .first_chunk::<8>()
        .map_or(0, |b| u64::from_le_bytes(*b));
    bits | 1 << 63
}

/// The last tick for what a slot's state asks of its provider; for states that ask nothing, later than all others.
fn due(state: &SlotState) -> Tick {
    match state {
        SlotState::Assigned { ready_by, .. } => *ready_by,
        SlotState::Proving { prove_by, .. } => *prove_by,
        SlotState::Drawing { .. } | SlotState::Held { .. } | SlotState::Leaving { .. } => Tick::MAX,
    }
}

/// Whether `resign` does anything for a slot: for one that is being left, only when its time for finding a replacement is over.
async fn may_resign(item: &Tracked, state: &impl StateView) -> Result<bool, ChainError> {
    let SlotState::Leaving { since, .. } = item.state else {
        return Ok(true);
    };
    let round = state.audit_round().await?.map_or(0, |round| round.index);
    let rounds = state.audit_limits()?.hand_over_rounds;
    Ok(round >= since.saturating_add(rounds))
}

#[cfg(test)]
mod tests;
