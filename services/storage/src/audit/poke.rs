//! Settling rounds that others missed, for the reporter's share of the fee, and letting others hand over what their stakes do not cover. Off unless the operator asks for it.

use std::sync::Arc;

use noema_chain_client::{
    AccountId, AuditRound, AuditRoundState, Call, ChainError, RoundIndex, Tick,
};
use sp_crypto_hashing::blake2_256;
use tokio_util::task::AbortOnDropHandle;

use super::{hand_over, pay};
use crate::{
    chain_view::{ChainView, StateView},
    converge::Shared,
};

/// Providers looked at together.
const PAGE: u32 = 256;

/// The search for missed rounds, once after each window.
pub(super) struct PokeOthers {
    enabled: bool,
    round: Option<RoundIndex>,
    task: Option<AbortOnDropHandle<()>>,
}

/// The tick after the end of a window at which this daemon begins: within the first half of what is left of the round, at a point that no two operators share, so that
/// they do not pay for being second.
fn begins_at(operator: &AccountId, round: &AuditRound, until: Tick) -> Tick {
    let seed = blake2_256(&[&operator.0[..], &round.index.to_le_bytes()].concat());
    let draw = seed
        .first_chunk::<8>()
        .map_or(0, |b| u64::from_le_bytes(*b));
    let room = round.ends.saturating_sub(until) / 2;
    until.saturating_add(draw.checked_rem(room).unwrap_or(0))
}

impl PokeOthers {
    pub(super) fn new(enabled: bool) -> Self {
        Self {
            enabled,
            round: None,
            task: None,
        }
    }

    /// Begins the search when it is time.
    pub(super) fn step<C: ChainView>(&mut self, shared: &Arc<Shared<C>>, round: &AuditRound) {
        let AuditRoundState::Open { until, .. } = round.state else {
            return;
        };
        let due = self.enabled
            && round.is_over()
            && self.round != Some(round.index)
            && round.tick >= begins_at(&shared.operator, round, until);
        if !due {
            return;
        }
        self.round = Some(round.index);
        let (shared, index) = (shared.clone(), round.index);
        let searching = async move {
            if let Err(error) = search(&shared, index).await {
                tracing::warn!(%error, round = index, "cannot search for rounds that others missed");
            }
        };
        // The search of the round before, if it still goes on, ends here.
        self.task = Some(AbortOnDropHandle::new(tokio::spawn(searching)));
    }
}

/// Settles what others missed in `round` and before, and hands over what their stakes do not cover, one after the other.
async fn search<C: ChainView>(shared: &Shared<C>, round: RoundIndex) -> Result<(), ChainError> {
    let mut start: Option<Vec<u8>> = None;
    let mut looks_at_stakes = true;
    loop {
        let block = shared.chain.heads().borrow().block();
        let state = shared.chain.at(block).await?;
        if state
            .audit_round()
            .await?
            .is_none_or(|now| now.index != round)
        {
            return Ok(());
        }
        let page = state.audited_page(start.as_deref(), PAGE).await?;
        for provider in page.providers {
            let standing = state.audit_standing(&provider).await?;
            // From whoever loses everything the chain takes the rest.
            let other = standing.filter(|known| !known.dropping && provider != shared.provider);
            let Some(known) = other else { continue };
            if known.unsettled > 0 {
                poke(shared, provider).await?;
            }
            if looks_at_stakes {
                if let Err(error) = hand_over::for_other(shared, &state, &provider).await {
                    // A runtime that cannot be asked, perhaps: the rounds of others are settled all the same.
                    tracing::warn!(%error, %provider, "cannot see to what others' stakes do not cover");
                    looks_at_stakes = false;
                }
            }
        }
        match page.next {
            Some(next) => start = Some(next),
            None => return Ok(()),
        }
    }
}

async fn poke<C: ChainView>(shared: &Shared<C>, provider: AccountId) -> Result<(), ChainError> {
    // It may have been settled meanwhile, and being second costs a fee.
    let block = shared.chain.heads().borrow().block();
    let state = shared.chain.at(block).await?;
    let standing = state.audit_standing(&provider).await?;
    if standing.is_none_or(|known| known.unsettled == 0) {
        return Ok(());
    }
    let result = shared.chain.submit(Call::Poke { provider }).await;
    let label = if result.is_ok() { "ok" } else { "failed" };
    shared
        .metrics
        .calls
        .with_label_values(&["poke-others", label])
        .inc();
    match result {
        Ok(done) => {
            let missed = done.events.iter().filter(|e| e.is("Audits", "RoundMissed"));
            let rewards = missed.filter_map(|e| e.fields.get("reward").and_then(pay::amount));
            let reward: u128 = rewards.sum();
            tracing::info!(%provider, reward, "settled rounds that another missed");
        }
        Err(error) => tracing::info!(%provider, %error, "another's rounds were not settled"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_begin_at_different_ticks_between_window_and_round() {
        let round = AuditRound {
            index: 7,
            tick: 0,
            ends: 21_600,
            answer_ticks: 18_000,
            state: AuditRoundState::Drawing,
        };
        let begins: Vec<_> = (1..=20u8)
            .map(|n| begins_at(&AccountId([n; 32]), &round, 18_010))
            .collect();
        assert!(begins.iter().all(|at| (18_010..19_805).contains(at)));
        let mut different = begins;
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), 20);
        let short = AuditRound { ends: 10, ..round };
        assert_eq!(begins_at(&AccountId([1; 32]), &short, 10), 10);
    }
}
