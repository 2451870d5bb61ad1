//! Answering the audits: what the chain asks of this provider in the running round is read at every finalised block, proven from the store and submitted, in the first
//! moments of the window. Whatever was missed, lost, taken back or failed before is seen again at the next block. Nothing is remembered that a restart would lose.

mod book;
mod hand_over;
mod heal;
mod outcome;
mod pay;
mod poke;
mod proofs;
#[cfg(test)]
mod tests;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use noema_chain_client::{
    AuditLimits, AuditRound, AuditRoundState, BlockRef, Call, ChainError, Finalized, Head,
    SubmitError, SubmitOptions,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    chain_view::{ChainView, StateView},
    converge::Shared,
};
use book::Book;
use hand_over::HandOver;
use heal::Healing;
use pay::Standing;
use poke::PokeOthers;

/// How long without a new finalised block until the best one is looked at.
const STALLED: Duration = Duration::from_secs(30);
/// How often it is looked whether that is so, and pauses end.
const LOOK: Duration = Duration::from_secs(5);
/// Finality stands still: which part of the window passes before the best block is believed, as one in so many.
const TRUST_BEST_AFTER: u64 = 3;
/// Pause before answers that failed are given again, doubled with each further failure: each costs a fee.
const FIRST_PAUSE: Duration = Duration::from_secs(3);
/// The longest pause.
const LAST_PAUSE: Duration = Duration::from_secs(60);
/// Which part of the window a pause takes at most, as one in so many at a second to the tick: answers that were paused on chain and are taken again must not be late.
const PAUSE_OF_WINDOW: u32 = 4;
/// How long a call may wait beyond the end of its window, counted at a second to the tick.
const BEYOND: Duration = Duration::from_secs(60);

/// A call with answers, and how it ended.
struct Ended {
    book: (u32, Option<u32>),
    indices: Vec<u8>,
    result: Result<Finalized, SubmitError>,
}

/// What is done beside answering.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Duties {
    /// Whether replicas that the stake has not covered for a round are handed over.
    pub(crate) hand_over: bool,
    /// Whether rounds that others missed are settled for the reward, and replicas handed over that their stakes do not cover.
    pub(crate) poke_others: bool,
}

/// The audits of one provider.
pub(crate) struct Auditor<C: ChainView> {
    shared: Arc<Shared<C>>,
    book: Option<Book>,
    calls: JoinSet<Ended>,
    healing: Healing,
    standing: Standing,
    hand_over: HandOver,
    poke_others: PokeOthers,
    not_before: Option<Instant>,
    pause: Duration,
    longest_pause: Duration,
}

impl<C: ChainView> Auditor<C> {
    pub(crate) fn new(shared: Arc<Shared<C>>, duties: Duties) -> Self {
        Self {
            shared,
            book: None,
            calls: JoinSet::new(),
            healing: Healing::default(),
            standing: Standing::default(),
            hand_over: HandOver::new(duties.hand_over),
            poke_others: PokeOthers::new(duties.poke_others),
            not_before: None,
            pause: FIRST_PAUSE,
            longest_pause: LAST_PAUSE,
        }
    }

    /// Answers in every round until `stop`.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut heads = self.shared.chain.heads();
        let mut told: Option<Instant> = None;
        loop {
            let head = *heads.borrow_and_update();
            tokio::select! {
                done = self.step(head) => if let Err(error) = done {
                    // A runtime without audits says so at every block; once in a while is enough.
                    if told.is_none_or(|at| at.elapsed() > STALLED) {
                        tracing::warn!(%error, block = head.number, "cannot look after the audits");
                        told = Some(Instant::now());
                    }
                },
                () = stop.cancelled() => return,
            }
            tokio::select! {
                changed = heads.changed() => if changed.is_err() { return },
                Some(ended) = self.calls.join_next() => self.note(ended),
                () = tokio::time::sleep(LOOK) => {}
                () = stop.cancelled() => return,
            }
            while let Some(ended) = self.calls.try_join_next() {
                self.note(ended);
            }
        }
    }

    /// Acts on one finalised state; while finality stands still, on the best one.
    pub(crate) async fn step(&mut self, head: Head) -> Result<(), ChainError> {
        let shared = self.shared.clone();
        let state = shared.chain.at(head.block()).await?;
        let Some(round) = state.audit_round().await? else {
            return Ok(());
        };
        let limits = state.audit_limits()?;
        self.begin(&round, &state, &limits).await?;
        shared.metrics.audits.round.set(round.index.into());
        match round.state {
            AuditRoundState::Open { .. } if round.ticks_left() > 0 => {
                self.answer(&round, &state, head.block(), true, &limits)
                    .await?;
            }
            AuditRoundState::Open { .. } => self.close(&state, &limits).await?,
            AuditRoundState::Drawing | AuditRoundState::Skipped => {}
        }
        self.standing
            .refresh(&shared, &state, &limits, Some(&round))
            .await?;
        let idle = self
            .book
            .as_ref()
            .is_some_and(|book| book.is_done() && book.is_empty());
        self.standing.settle_when_idle(&shared, &round, idle);
        self.poke_others.step(&shared, &round);
        let is_dropping = self.standing.is_dropping();
        self.hand_over.step(&shared, &state, is_dropping).await;
        if head.seen_at.elapsed() > STALLED {
            self.without_finality(head, &limits).await?;
        }
        Ok(())
    }

    /// Opens the book of a round that is new, and closes the one before.
    async fn begin(
        &mut self,
        round: &AuditRound,
        state: &C::State,
        limits: &AuditLimits,
    ) -> Result<(), ChainError> {
        let is_new = self
            .book
            .as_ref()
            .is_none_or(|book| book.round < round.index);
        if is_new {
            self.close(state, limits).await?;
            self.book = Some(Book::new(round.index));
            self.healing.stop();
            self.not_before = None;
            self.pause = FIRST_PAUSE;
            let part = Duration::from_secs((round.answer_ticks / PAUSE_OF_WINDOW).into());
            self.longest_pause = part.clamp(FIRST_PAUSE, LAST_PAUSE);
        }
        Ok(())
    }

    /// Answers what a state asks for and is not under way.
    async fn answer(
        &mut self,
        round: &AuditRound,
        state: &C::State,
        block: BlockRef,
        is_final: bool,
        limits: &AuditLimits,
    ) -> Result<(), ChainError> {
        let shared = self.shared.clone();
        let Some(book) = self.book.as_mut().filter(|book| book.round == round.index) else {
            return Ok(());
        };
        if book.is_done() && is_final {
            return Ok(());
        }
        let asked = state.challenges(&shared.provider).await?;
        let metrics = &shared.metrics.audits;
        if asked.is_none()
            && is_final
            && state
                .audit_standing(&shared.provider)
                .await?
                .is_some_and(|standing| standing.dropping)
        {
            // Nothing is asked of whoever loses everything; what was asked before is missed.
            return Ok(());
        }
        if let AuditRoundState::Open { drawn_at, .. } = round.state {
            book.drawn_at = Some(drawn_at);
        }
        let seen = book.see(asked.as_ref(), block.number, is_final);
        metrics.challenges("seen").inc_by(seen.new as u64);
        metrics.challenges("answered").inc_by(seen.answered as u64);
        metrics.answers_lacking.set(count(book.faults()));
        if seen.new > 0 {
            tracing::info!(
                round = round.index,
                challenges = seen.new,
                ticks_left = round.ticks_left(),
                "challenged"
            );
        }
        if book.is_done() {
            if !book.is_empty() {
                self.passed();
            }
            return Ok(());
        }
        if self.not_before.is_some_and(|at| Instant::now() < at) {
            return Ok(());
        }
        let wanted = book.to_answer();
        if wanted.is_empty() {
            return Ok(());
        }
        let unsettled = pay::unsettled(&shared, state).await?;
        if unsettled > limits.max_settle {
            self.standing
                .poke(&shared, "too many rounds are unsettled for it to answer");
            return Ok(());
        }
        let proofs = proofs::prove(&shared.store, &wanted).await;
        for fault in &proofs.faults {
            if book.fault(fault.challenge.index, fault.error.to_string()) {
                tracing::error!(
                    round = round.index,
                    challenge = fault.challenge.index,
                    sector = fault.challenge.sector,
                    file = ?fault.segment.map(|(file, _)| file.file),
                    error = %fault.error,
                    "a challenge cannot be answered: its data is fetched from peers, if they have it"
                );
                shared.metrics.count_damage(&fault.error);
            }
        }
        let lacking = proofs.faults.iter().filter_map(|fault| fault.segment);
        self.healing.fetch(&shared, lacking);
        let options = SubmitOptions {
            timeout: Duration::from_secs(round.ticks_left()).saturating_add(BEYOND),
            // No more than the miss would cost.
            max_tip: limits.miss_fee.saturating_add(self.standing.rate()),
        };
        let batch = usize::try_from(limits.max_challenges).unwrap_or(1).max(1);
        for answers in proofs.answers.chunks(batch) {
            let answers = answers.to_vec();
            let indices: Vec<u8> = answers.iter().map(|(index, _)| *index).collect();
            book.sent(&indices);
            let (chain, options) = (shared.chain.clone(), options.clone());
            let which = (book.round, book.drawn_at);
            let call = Call::Answer {
                round: round.index,
                answers,
            };
            self.calls.spawn(async move {
                let result = chain.submit_with(call, options).await;
                Ended {
                    book: which,
                    indices,
                    result,
                }
            });
        }
        metrics.answers_lacking.set(count(book.faults()));
        Ok(())
    }

    /// Answers by the best block while nothing becomes final: ticks go on without finality.
    async fn without_finality(
        &mut self,
        head: Head,
        limits: &AuditLimits,
    ) -> Result<(), ChainError> {
        let shared = self.shared.clone();
        let best = shared.chain.best().await?;
        if best.number <= head.number {
            return Ok(());
        }
        let state = shared.chain.at(best).await?;
        let Some(round) = state.audit_round().await? else {
            return Ok(());
        };
        if !round.is_late(TRUST_BEST_AFTER) {
            return Ok(());
        }
        tracing::warn!(
            finalized = head.number,
            best = best.number,
            round = round.index,
            "finality stands still: answering by the best block"
        );
        self.begin(&round, &state, limits).await?;
        self.answer(&round, &state, best, false, limits).await
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
