//! Offering more for a call that stays out of blocks.

use super::{Job, Queue};
use crate::{
    submit::backend::{Refusal, TxBackend},
    types::Balance,
};

/// The part of the greatest tip that is tried first, as one in so many.
const FIRST_TIP: Balance = 64;

impl Job {
    /// The tip to try next, if more may be given: a small part of what may be, then twice as much each time.
    pub(super) fn next_tip(&self) -> Option<Balance> {
        let max = self.command.max_tip;
        let next = self.tip.saturating_mul(2).max(max / FIRST_TIP).min(max);
        (next > self.tip).then_some(next)
    }
}

impl<B: TxBackend> Queue<B> {
    /// Offers more for a call that is not in a block, with the same nonce: only one of its transactions can be executed.
    /// Says whether that was taken.
    pub(super) async fn raise(&mut self, nonce: u64, tip: Balance) -> bool {
        let Some(job) = self.jobs.get(&nonce) else {
            return false;
        };
        let call = job.command.call.clone();
        let signed = match self.backend.sign(&call, nonce, tip).await {
            Ok(signed) => signed,
            Err(error) => {
                tracing::debug!(%error, "cannot sign with a tip yet");
                return false;
            }
        };
        match self.backend.broadcast(&signed).await {
            Ok(()) | Err(Refusal::Known | Refusal::NoAnswer(_)) => {
                tracing::info!(
                    nonce,
                    tip,
                    "a call is not in a block yet: its tip is raised"
                );
                if let Some(job) = self.jobs.get_mut(&nonce) {
                    job.tip = tip;
                    job.signed.push(signed);
                }
                true
            }
            Err(refusal) => {
                // In a block already, or more than the account has: what was sent before stands.
                tracing::debug!(?refusal, nonce, tip, "a tip is not taken");
                false
            }
        }
    }
}
