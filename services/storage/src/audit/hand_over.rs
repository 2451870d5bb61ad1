//! Handing replicas over when a provider's stake has not covered what it holds for a round. The chain lets anyone do it. A daemon does it for its own provider: what must
//! go then goes in order, is paid until others earn, and is chosen so that as few replicas as possible go. For others only along with settling their rounds.

#[cfg(test)]
mod tests;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use noema_chain_client::{
    AccountId, Assignment, BlockRef, Call, ChainError, Deal, RoundIndex, SlotState, Uncovered,
};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    chain_view::{ChainView, StateView},
    client::FileRef,
    converge::Shared,
};

/// How often it is looked whether the own stake covers what is held.
const LOOK: Duration = Duration::from_secs(30);
/// Pause after a call failed, which costs a fee, or nothing that earns was left to hand over.
const PAUSE: Duration = Duration::from_secs(600);
/// Replicas of another provider that one search hands over at most: the search has others to look at, and goes on after the next window.
const OTHERS_AT_ONCE: u32 = 32;
/// Deals read together.
const PAGE: u32 = 256;

/// A replica that earns: no more of it than choosing needs, for a provider may have many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Replica {
    size: u64,
    joined: RoundIndex,
    at: Assignment,
}

/// Whose replicas are handed over, how that is counted, and how many at most.
#[derive(Clone, Copy, Debug)]
struct Task<'a> {
    provider: &'a AccountId,
    label: &'static str,
    most: u32,
}

/// The looks after the own stake.
#[derive(Default)]
pub(super) struct HandOver {
    enabled: bool,
    was_short: bool,
    not_before: Option<Instant>,
    /// Says how long to pause when it ends.
    task: Option<AbortOnDropHandle<Duration>>,
}

impl HandOver {
    /// `enabled`: whether replicas are handed over, or it is only told that they may be.
    pub(super) fn new(enabled: bool) -> Self {
        Self {
            enabled,
            ..Self::default()
        }
    }

    /// Looks whether the own stake covers what is held, if that was long ago, and begins to hand over when it must. Fails nothing else: answers are more urgent.
    pub(super) async fn step<C: ChainView>(
        &mut self,
        shared: &Arc<Shared<C>>,
        state: &C::State,
        is_dropping: bool,
    ) {
        if let Some(task) = self.task.take_if(|task| task.is_finished()) {
            let pause = task.await.unwrap_or(PAUSE);
            self.not_before = Some(Instant::now() + pause);
        }
        let waits = self.not_before.is_some_and(|at| Instant::now() < at);
        if waits || self.task.is_some() {
            return;
        }
        self.not_before = Some(Instant::now() + LOOK);
        let short = match state.uncovered(&shared.provider).await {
            Ok(short) => short,
            Err(error) => {
                tracing::warn!(%error, "cannot see whether the stake covers what is held");
                return;
            }
        };
        self.tell(shared, short.as_ref());
        let due = short.is_some_and(|short| short.blocks_left() == 0 && short.missing() > 0);
        // Whoever loses everything has nothing to hand over in order.
        if !due || !self.enabled || is_dropping {
            return;
        }
        let shared = shared.clone();
        let handing_over = async move {
            let task = Task {
                provider: &shared.provider,
                label: "hand-over",
                most: u32::MAX,
            };
            match run(&shared, task).await {
                Ok(true) => LOOK,
                Ok(false) => PAUSE,
                Err(error) => {
                    tracing::warn!(%error, "cannot hand over what the stake does not cover");
                    LOOK
                }
            }
        };
        self.task = Some(AbortOnDropHandle::new(tokio::spawn(handing_over)));
    }

    /// Sets the figures, and writes to the log when it begins and ends.
    fn tell<C>(&mut self, shared: &Shared<C>, short: Option<&Uncovered>) {
        let figure = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let metrics = &shared.metrics.audits;
        let missing = short.map_or(0, Uncovered::missing);
        metrics.to_hand_over.set(figure(missing));
        let bytes = short.map_or(0, |short| short.bytes);
        metrics.uncovered.set(figure(bytes));
        match short {
            Some(short) if !self.was_short => tracing::error!(
                bytes,
                blocks = short.blocks,
                blocks_left = short.blocks_left(),
                "the stake covers less than what this provider holds: when no blocks are left to bond more (`noema provider bond-more`), replicas are handed over until it covers the rest"
            ),
            None if self.was_short => {
                tracing::info!("the stake covers what this provider holds again");
            }
            _ => {}
        }
        self.was_short = short.is_some();
    }
}

/// Lets another provider hand over what its stake does not cover, if it is time for that.
pub(super) async fn for_other<C: ChainView>(
    shared: &Shared<C>,
    state: &C::State,
    provider: &AccountId,
) -> Result<(), ChainError> {
    if state.to_hand_over(provider).await? > 0 {
        let task = Task {
            provider,
            label: "hand-over-others",
            most: OTHERS_AT_ONCE,
        };
        run(shared, task).await?;
    }
    Ok(())
}

/// Hands replicas over, one after the other. Whether that is all there is to do for now.
async fn run<C: ChainView>(shared: &Shared<C>, task: Task<'_>) -> Result<bool, ChainError> {
    let mut state = state_after(shared, None).await?;
    let mut replicas = earning(&state, task.provider).await?;
    for _ in 0..task.most {
        let missing = state.to_hand_over(task.provider).await?;
        if missing == 0 {
            return Ok(true);
        }
        let Some(replica) = take_next(&state, task.provider, &mut replicas, missing).await? else {
            return Ok(false);
        };
        let Some(block) = hand_over(shared, task, replica).await else {
            return Ok(false);
        };
        // What others did meanwhile counts: being second costs a fee.
        state = state_after(shared, Some(block)).await?;
    }
    Ok(true)
}

/// The finalised state, which knows of what happened in `block`.
async fn state_after<C: ChainView>(
    shared: &Shared<C>,
    block: Option<BlockRef>,
) -> Result<C::State, ChainError> {
    let head = shared.chain.heads().borrow().block();
    let newest = block.filter(|block| block.number > head.number);
    shared.chain.at(newest.unwrap_or(head)).await
}

/// The replicas of a provider that earn, of leases that are not over.
async fn earning<S: StateView>(
    state: &S,
    provider: &AccountId,
) -> Result<Vec<Replica>, ChainError> {
    let round = state.audit_round().await?.map_or(0, |round| round.index);
    let mut replicas = Vec::new();
    let mut start = None;
    loop {
        let slots = state
            .assignments_page(provider, start.as_deref(), PAGE)
            .await?;
        let page = &slots.assignments;
        let keys: Vec<_> = page.iter().map(|at| (at.file, at.owner)).collect();
        let deals = state.deals(&keys).await?;
        let found = page.iter().zip(deals).filter_map(|(at, deal)| {
            let deal = deal.filter(|deal| deal.terms.last() >= round)?;
            let joined = earns_since(&deal, at, provider)?;
            // What is reserved for it.
            let shape = FileRef::new(deal.root, deal.size).ok()?.shape;
            Some(Replica {
                size: shape.padded_bytes(),
                joined,
                at: *at,
            })
        });
        replicas.extend(found);
        start = slots.next;
        if start.is_none() {
            return Ok(replicas);
        }
    }
}

/// The round in which a provider's replica in a slot became auditable; `None` unless it earns and nobody is leaving it.
fn earns_since(deal: &Deal, at: &Assignment, provider: &AccountId) -> Option<RoundIndex> {
    let slot = deal.slots.get(usize::from(at.slot))?;
    match slot.state {
        SlotState::Held {
            provider: holder,
            joined: Some(joined),
            ..
        } if holder == *provider && slot.leaving.is_none() => Some(joined),
        _ => None,
    }
}

/// Takes the replica to hand over next, if one still earns.
async fn take_next<S: StateView>(
    state: &S,
    provider: &AccountId,
    replicas: &mut Vec<Replica>,
    missing: u64,
) -> Result<Option<Replica>, ChainError> {
    while let Some(index) = choose(replicas, missing) {
        let replica = replicas.swap_remove(index);
        let key = (replica.at.file, replica.at.owner);
        let deal = state.deals(&[key]).await?.pop().flatten();
        if deal.is_some_and(|deal| earns_since(&deal, &replica.at, provider).is_some()) {
            return Ok(Some(replica));
        }
    }
    Ok(None)
}

/// Which replica to hand over when so many bytes are missing: the smallest that is enough by itself, else the largest, so that as few as possible go, and little more than
/// must; of those of one size the newest, which has the most of its lease to come for whoever takes it.
fn choose(replicas: &[Replica], missing: u64) -> Option<usize> {
    let all = || replicas.iter().enumerate();
    let newest_first = |replica: &Replica| RoundIndex::MAX.saturating_sub(replica.joined);
    let enough = all()
        .filter(|(_, replica)| replica.size >= missing)
        .min_by_key(|(_, replica)| (replica.size, newest_first(replica), replica.at));
    let largest = || all().max_by_key(|(_, replica)| (replica.size, replica.joined, replica.at));
    enough.or_else(largest).map(|(index, _)| index)
}

/// Hands one replica over. The block in which that is final; `None` if it failed.
async fn hand_over<C: ChainView>(
    shared: &Shared<C>,
    task: Task<'_>,
    replica: Replica,
) -> Option<BlockRef> {
    let Assignment { file, owner, slot } = replica.at;
    let call = Call::HandOver { file, owner, slot };
    let result = shared.chain.submit(call).await;
    let label = if result.is_ok() { "ok" } else { "failed" };
    shared
        .metrics
        .calls
        .with_label_values(&[task.label, label])
        .inc();
    let provider = task.provider;
    match result {
        Ok(done) => {
            tracing::warn!(
                %provider,
                %file,
                %owner,
                slot,
                bytes = replica.size,
                block = done.block.number,
                "a replica is handed over: its provider's stake has not covered it for a round"
            );
            Some(done.block)
        }
        Err(error) => {
            tracing::warn!(%error, %provider, %file, %owner, slot, "a replica was not handed over");
            None
        }
    }
}
