//! The task that owns the nonces of a key.
//!
//! The truth about a transaction is the finalised chain: every finalised block is searched for the
//! transactions under way. The pool is only a place to put them again and again.

mod tips;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{interval, Instant, MissedTickBehavior},
};

use super::{
    backend::{Refusal, SignedTx, TxBackend},
    Finalized,
};
use crate::{
    call::Call,
    error::{ChainError, SubmitError},
    follower::Head,
    types::{Balance, BlockNumber, BlockRef, Hash},
};

/// How many transactions may be under way. Each takes a second or two to be final, so that this bounds how many an account
/// gets done in that time: more than a block has room for, and far fewer than a node's pool takes.
const IN_FLIGHT: usize = 512;
/// After this long without finality a transaction is given to the node again.
const REPEAT: Duration = Duration::from_secs(6);
/// Pause before a refused first attempt is repeated.
const PAUSE: Duration = Duration::from_millis(500);
/// How often time is looked at.
const TICK: Duration = Duration::from_millis(500);

pub(super) type Answer = oneshot::Sender<Result<Finalized, SubmitError>>;

/// A call to submit.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) call: Call,
    pub(super) timeout: Duration,
    pub(super) max_tip: Balance,
    pub(super) answer: Answer,
}

/// A call that no node has taken yet.
struct Waiting {
    command: Command,
    since: Instant,
    not_before: Instant,
    /// Why it still waits.
    reason: String,
}

/// A call whose transaction may be executed.
struct Job {
    command: Command,
    since: Instant,
    /// Every transaction signed for this call and nonce; at most one of them can be executed.
    signed: Vec<SignedTx>,
    sent_at: Instant,
    /// Of the last of them.
    tip: Balance,
}

impl Job {
    fn dead_after(&self) -> BlockNumber {
        self.signed
            .iter()
            .map(|tx| tx.dead_after)
            .max()
            .unwrap_or_default()
    }
}

pub(super) struct Queue<B> {
    backend: B,
    commands: mpsc::Receiver<Command>,
    heads: watch::Receiver<Head>,
    waiting: VecDeque<Waiting>,
    /// By nonce.
    jobs: BTreeMap<u64, Job>,
    /// The next finalised block to search.
    search_from: BlockNumber,
}

impl<B: TxBackend> Queue<B> {
    pub(super) fn new(backend: B, commands: mpsc::Receiver<Command>) -> Self {
        let heads = backend.heads();
        Self {
            backend,
            commands,
            heads,
            waiting: VecDeque::new(),
            jobs: BTreeMap::new(),
            search_from: 0,
        }
    }

    /// Runs until every handle is gone and nothing is under way.
    pub(super) async fn run(mut self) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut open = true;
        while open || !self.waiting.is_empty() || !self.jobs.is_empty() {
            tokio::select! {
                command = self.commands.recv(), if open => match command {
                    Some(command) => {
                        let now = Instant::now();
                        let reason = String::new();
                        let new = Waiting { command, since: now, not_before: now, reason };
                        self.waiting.push_back(new);
                        self.start_waiting().await;
                    }
                    None => open = false,
                },
                changed = self.heads.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    self.settle().await;
                    self.start_waiting().await;
                }
                _ = tick.tick() => {
                    self.repeat().await;
                    self.give_up();
                    self.start_waiting().await;
                }
            }
        }
    }

    /// Signs and sends what waits, in order.
    async fn start_waiting(&mut self) {
        while self.jobs.len() < IN_FLIGHT {
            match self.waiting.front() {
                Some(waiting) if waiting.not_before <= Instant::now() => {}
                _ => return,
            }
            let Some(waiting) = self.waiting.pop_front() else {
                return;
            };
            if let Some(again) = self.start(waiting).await {
                self.waiting.push_front(again);
                return;
            }
        }
    }

    /// Signs a call for a fresh nonce and gives it to the node. Gives it back when it has to wait.
    async fn start(&mut self, waiting: Waiting) -> Option<Waiting> {
        let Waiting { command, since, .. } = waiting;
        let later = |command, reason: String| {
            tracing::debug!(%reason, "a call has to wait");
            Some(Waiting {
                command,
                since,
                not_before: Instant::now() + PAUSE,
                reason,
            })
        };
        let nonce = match self.fresh_nonce().await {
            Ok(nonce) => nonce,
            Err(error) => return later(command, error.to_string()),
        };
        let tx = match self.backend.sign(&command.call, nonce, 0).await {
            Ok(tx) => tx,
            Err(error @ ChainError::Incompatible { .. }) => {
                answer(command, Err(error.into()));
                return None;
            }
            Err(error) => return later(command, error.to_string()),
        };
        match self.backend.broadcast(&tx).await {
            Ok(()) | Err(Refusal::Known | Refusal::NoAnswer(_)) => {
                if self.jobs.is_empty() {
                    self.search_from = tx.birth.saturating_add(1);
                }
                let sent_at = Instant::now();
                self.jobs.insert(
                    nonce,
                    Job {
                        command,
                        since,
                        signed: vec![tx],
                        sent_at,
                        tip: 0,
                    },
                );
                None
            }
            Err(Refusal::CannotPay) => {
                let account = self.backend.account();
                answer(command, Err(SubmitError::CannotPay { account }));
                None
            }
            Err(Refusal::Never(reason)) => {
                answer(command, Err(SubmitError::Rejected { reason }));
                None
            }
            Err(Refusal::NonceUsed) => later(
                command,
                format!("another transaction with nonce {nonce} was first"),
            ),
            Err(Refusal::Unfit(reason) | Refusal::Later(reason)) => later(command, reason),
        }
    }

    /// The nonce after everything that is known to be under way, here or elsewhere.
    async fn fresh_nonce(&self) -> Result<u64, ChainError> {
        let known = self.backend.next_nonce().await?;
        let ours = self
            .jobs
            .last_key_value()
            .map(|(nonce, _)| nonce.saturating_add(1));
        Ok(known.max(ours.unwrap_or(0)))
    }

    /// Searches the finalised blocks since the last time for the transactions under way.
    async fn settle(&mut self) {
        let head = *self.heads.borrow_and_update();
        while self.search_from <= head.number && !self.jobs.is_empty() {
            let number = self.search_from;
            let (block, hashes) = match self.backend.transactions(number).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::debug!(%error, number, "cannot search a finalised block yet");
                    return;
                }
            };
            if !self.settle_block(block, &hashes).await {
                return;
            }
            self.search_from = number.saturating_add(1);
        }
        if !self.jobs.is_empty() {
            self.replace_lost(head).await;
        }
    }

    /// Answers the calls whose transactions are in `block`. Says whether all could be.
    async fn settle_block(&mut self, block: BlockRef, hashes: &[Hash]) -> bool {
        let ours: HashMap<Hash, u64> = self
            .jobs
            .iter()
            .flat_map(|(nonce, job)| job.signed.iter().map(|tx| (tx.hash, *nonce)))
            .collect();
        let found: Vec<(usize, Hash, u64)> = hashes
            .iter()
            .enumerate()
            .filter_map(|(index, hash)| Some((index, *hash, *ours.get(hash)?)))
            .collect();
        if found.is_empty() {
            return true;
        }
        let indices: Vec<usize> = found.iter().map(|(index, _, _)| *index).collect();
        let outcomes = match self.backend.outcomes(block, &indices).await {
            Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
            Err(error @ ChainError::Incompatible { .. }) => vec![Err(error); found.len()],
            Err(error) => {
                tracing::debug!(%error, block = block.number, "cannot read how transactions ended yet");
                return false;
            }
        };
        for ((_, tx, nonce), outcome) in found.into_iter().zip(outcomes) {
            let Some(job) = self.jobs.remove(&nonce) else {
                continue;
            };
            let result = match outcome {
                Ok(Ok(events)) => Ok(Finalized { block, tx, events }),
                Ok(Err(failure)) => Err(SubmitError::Dispatch { failure, block, tx }),
                Err(error) => Err(error.into()),
            };
            answer(job.command, result);
        }
        true
    }

    /// Gives a new nonce to calls that cannot be executed with theirs any more: it was used by
    /// another transaction, or every transaction for it is dead. All blocks up to `head` have been
    /// searched.
    async fn replace_lost(&mut self, head: Head) {
        let used = match self.backend.nonce_at(head.block()).await {
            Ok(nonce) => nonce,
            Err(error) => {
                tracing::debug!(%error, "cannot read the finalised nonce");
                return;
            }
        };
        let is_lost = |nonce: u64, job: &Job| nonce < used || job.dead_after() <= head.number;
        let lost: Vec<u64> = self
            .jobs
            .iter()
            .filter(|(n, job)| is_lost(**n, job))
            .map(|(n, _)| *n)
            .collect();
        for nonce in lost.into_iter().rev() {
            let Some(Job { command, since, .. }) = self.jobs.remove(&nonce) else {
                continue;
            };
            tracing::debug!(nonce, "a transaction was lost; the call gets another nonce");
            let reason = "its transaction was lost".to_owned();
            let not_before = Instant::now();
            self.waiting.push_front(Waiting {
                command,
                since,
                not_before,
                reason,
            });
        }
    }

    /// Gives the node again what is not final yet: it may have lost it.
    async fn repeat(&mut self) {
        let now = Instant::now();
        let due: Vec<u64> = self
            .jobs
            .iter()
            .filter(|(_, job)| now.duration_since(job.sent_at) >= REPEAT)
            .map(|(nonce, _)| *nonce)
            .collect();
        for nonce in due {
            let Some(job) = self.jobs.get_mut(&nonce) else {
                continue;
            };
            job.sent_at = Instant::now();
            let Some(tx) = job.signed.last().cloned() else {
                continue;
            };
            let (call, offered, next) = (job.command.call.clone(), job.tip, job.next_tip());
            if let Some(tip) = next {
                if self.raise(nonce, tip).await {
                    continue;
                }
            }
            if let Err(Refusal::Unfit(reason)) = self.backend.broadcast(&tx).await {
                // Signed for a runtime or fork that is gone. The nonce stays, so that only one of
                // the two can be executed.
                tracing::debug!(%reason, nonce, "signing a transaction again");
                let signed = self.backend.sign(&call, nonce, offered).await;
                let Some(job) = self.jobs.get_mut(&nonce) else {
                    continue;
                };
                match signed {
                    Ok(tx) => {
                        // Whether the node takes it shows at the next repetition.
                        let _ = self.backend.broadcast(&tx).await;
                        job.signed.push(tx);
                    }
                    Err(error) => tracing::debug!(%error, "cannot sign again yet"),
                }
            }
        }
    }

    /// Answers calls whose time is over.
    fn give_up(&mut self) {
        let now = Instant::now();
        let over = |command: &Command, since: Instant| {
            now.duration_since(since) >= command.timeout || command.answer.is_closed()
        };
        let mut kept = VecDeque::new();
        for waiting in std::mem::take(&mut self.waiting) {
            if !over(&waiting.command, waiting.since) {
                kept.push_back(waiting);
                continue;
            }
            let seconds = waiting.command.timeout.as_secs();
            let reason = format!("it was not taken within {seconds} s: {}", waiting.reason);
            answer(waiting.command, Err(SubmitError::Rejected { reason }));
        }
        self.waiting = kept;
        let late: Vec<u64> = self
            .jobs
            .iter()
            .filter(|(_, job)| over(&job.command, job.since) && !job.command.answer.is_closed())
            .map(|(nonce, _)| *nonce)
            .collect();
        for nonce in late {
            let Some(job) = self.jobs.remove(&nonce) else {
                continue;
            };
            let dead_after = job.dead_after();
            let seconds = job.command.timeout.as_secs();
            answer(
                job.command,
                Err(SubmitError::NotFinalized {
                    seconds,
                    dead_after,
                }),
            );
        }
    }
}

/// Answers a call; whoever asked may have gone.
fn answer(command: Command, result: Result<Finalized, SubmitError>) {
    let _ = command.answer.send(result);
}
