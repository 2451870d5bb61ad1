//! How calls with answers end, and how rounds do.

use std::time::Instant;

use noema_chain_client::{AuditLimits, ChainError, SubmitError};

use super::{book::Missed, pay, Auditor, Ended, FIRST_PAUSE};
use crate::chain_view::ChainView;

impl<C: ChainView> Auditor<C> {
    /// Notes how a call with answers ended.
    pub(super) fn note(&mut self, ended: Result<Ended, tokio::task::JoinError>) {
        let Ended {
            book: which,
            indices,
            result,
        } = match ended {
            Ok(ended) => ended,
            Err(error) => {
                if error.is_panic() {
                    tracing::error!(%error, "a call with answers broke");
                }
                return;
            }
        };
        let shared = self.shared.clone();
        let label = if result.is_ok() { "ok" } else { "failed" };
        shared
            .metrics
            .calls
            .with_label_values(&["answer", label])
            .inc();
        let book = self
            .book
            .as_mut()
            .filter(|book| (book.round, book.drawn_at) == which);
        match result {
            Ok(done) => {
                self.pause = FIRST_PAUSE;
                pay::count_earned(&shared, &done);
                tracing::info!(
                    round = which.0,
                    answers = indices.len(),
                    block = done.block.number,
                    "answers are final"
                );
                if let Some(book) = book {
                    book.ended(&indices, done.block.number);
                    if done.event("Audits", "RoundPassed").is_some() {
                        self.passed();
                    }
                }
            }
            Err(error) => {
                tracing::warn!(%error, round = which.0, "answers failed: what is still asked for is answered again");
                if let Some(book) = book {
                    match &error {
                        SubmitError::Dispatch { block, .. } => book.ended(&indices, block.number),
                        _ => book.failed(&indices),
                    }
                }
                if matches!(error, SubmitError::CannotPay { .. }) {
                    tracing::error!(operator = %shared.operator, "answers cost nothing, but their fee is withdrawn and given back: the operator's account must hold some NOEMA");
                }
                self.not_before = Some(Instant::now() + self.pause);
                self.pause = (self.pause * 2).min(self.longest_pause);
            }
        }
    }

    /// Notes that the round in the book is passed, once.
    pub(super) fn passed(&mut self) {
        self.healing.stop();
        let Some(book) = self.book.as_mut().filter(|book| !book.is_closed()) else {
            return;
        };
        let answered = book.close_passed();
        let metrics = &self.shared.metrics.audits;
        metrics.challenges("answered").inc_by(answered as u64);
        metrics.answers_lacking.set(0);
        metrics.rounds("passed").inc();
        metrics.last_passed.set(book.round.into());
        tracing::info!(
            round = book.round,
            "every challenge of the round is answered"
        );
    }

    /// Notes how the round in the book ended, once.
    pub(super) async fn close(
        &mut self,
        state: &C::State,
        limits: &AuditLimits,
    ) -> Result<(), ChainError> {
        let shared = self.shared.clone();
        let open = self
            .book
            .as_ref()
            .is_some_and(|book| !book.is_closed() && !book.is_empty());
        if !open {
            return Ok(());
        }
        // By the points: a round that is settled was passed or missed; one that is not, was missed, for whoever passes settles.
        let points = self.standing.points();
        self.standing.refresh_now(&shared, state, limits).await?;
        let Some(book) = &mut self.book else {
            return Ok(());
        };
        let settled = self.standing.next().is_some_and(|next| next > book.round);
        let struck = self.standing.points() > points || self.standing.is_dropping();
        let metrics = &shared.metrics.audits;
        metrics.answers_lacking.set(0);
        self.healing.stop();
        if settled && !struck {
            self.passed();
            return Ok(());
        }
        metrics.rounds("missed").inc();
        for Missed { challenge, fault } in book.close_missed() {
            let result = match fault {
                Some(_) => "unanswerable",
                None => "late",
            };
            metrics.challenges(result).inc();
            tracing::error!(
                round = book.round,
                challenge = challenge.index,
                root = %hex(&challenge.root),
                sector = challenge.sector,
                reason = fault.as_deref().unwrap_or("the answer was not in a block in time"),
                "a challenge was missed"
            );
        }
        Ok(())
    }
}

pub(super) fn hex(bytes: &[u8; 32]) -> String {
    noema_chain_client::FileId(*bytes).to_string()
}
