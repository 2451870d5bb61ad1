//! Rounds of audits, what a provider is asked for, and where it stands.

use subxt::config::substrate::H256;

use super::StateAt;
use crate::{
    error::ChainError,
    runtime::{self, runtime_types::pallet_noema_audits::types as chain},
    types::{
        AccountId, AuditLimits, AuditRound, AuditRoundState, AuditStanding, AuditedPage, Challenge,
        Challenges, Tick,
    },
};

impl StateAt {
    /// Ticks until this block: what deadlines count.
    pub async fn tick(&self) -> Result<Tick, ChainError> {
        let address = runtime::storage().audits().clock();
        let clock = self.fetch("the clock of audits", address, ()).await?;
        Ok(clock.map_or(0, |clock| clock.tick))
    }

    /// The running round. `None` before the first tick.
    pub async fn audit_round(&self) -> Result<Option<AuditRound>, ChainError> {
        let audits = runtime::storage().audits();
        let running = self
            .fetch("the round of audits", audits.running(), ())
            .await?;
        let Some(round) = running else {
            return Ok(None);
        };
        let clock = self
            .fetch("the clock of audits", audits.clock(), ())
            .await?;
        Ok(Some(AuditRound {
            index: round.index,
            tick: clock.map_or(0, |clock| clock.tick),
            ends: round.ends,
            answer_ticks: round.answer_ticks,
            state: match round.state {
                chain::RoundState::Drawing => AuditRoundState::Drawing,
                chain::RoundState::Open {
                    drawn_at, until, ..
                } => AuditRoundState::Open { drawn_at, until },
                chain::RoundState::Skipped => AuditRoundState::Skipped,
            },
        }))
    }

    /// What a provider is asked for while the running round can be answered. `None` when nothing is asked, or everything is answered.
    pub async fn challenges(&self, provider: &AccountId) -> Result<Option<Challenges>, ChainError> {
        let question = runtime::runtime_apis()
            .audits_api()
            .challenges((*provider).into());
        let asked = self
            .ask_runtime("the challenges of a provider", question)
            .await?;
        Ok(asked.map(|(round, until, items)| Challenges {
            round,
            until,
            items: items
                .into_iter()
                .map(|(index, item, answered)| Challenge {
                    index,
                    root: item.root,
                    size: item.size,
                    owner: item.owner.into(),
                    slot: item.slot,
                    sector: item.sector,
                    answered,
                })
                .collect(),
        }))
    }

    /// Where a provider stands with the audits. `None` for who is not on record.
    pub async fn audit_standing(
        &self,
        provider: &AccountId,
    ) -> Result<Option<AuditStanding>, ChainError> {
        let question = runtime::runtime_apis()
            .audits_api()
            .standing((*provider).into());
        let asked = self
            .ask_runtime("the standing of a provider", question)
            .await?;
        Ok(asked.map(|standing| AuditStanding {
            next: standing.next,
            unsettled: standing.unsettled,
            points: standing.points,
            dropping: standing.dropping,
        }))
    }

    /// Up to `limit` of the providers that the audits have on record, from the beginning or where the page before ended.
    pub async fn audited_page(
        &self,
        start: Option<&[u8]>,
        limit: u32,
    ) -> Result<AuditedPage, ChainError> {
        let name = "Audits::Audited";
        let address = runtime::storage().audits().audited().unvalidated();
        let prefix = self
            .at
            .storage()
            .entry(address)
            .map_err(|e| self.incompatible(name, e))?
            .key_prefix()
            .to_vec();
        let at = Some(H256(self.block.hash.0));
        let legacy = self.client.legacy();
        let asking = legacy.state_get_keys_paged(&prefix, limit, start, at);
        let keys = self.client.ask("the audited providers", asking).await?;
        let next = match keys.len() < limit as usize {
            true => None,
            false => keys.last().cloned(),
        };
        let accounts = keys.iter().map(|key| {
            // The account is at the end of the key, in clear.
            key.last_chunk::<32>()
                .map(|account| AccountId(*account))
                .ok_or_else(|| self.incompatible(name, "its keys do not end with an account"))
        });
        Ok(AuditedPage {
            providers: accounts.collect::<Result<_, _>>()?,
            next,
        })
    }

    /// Parameters of the audits at this block.
    pub fn audit_limits(&self) -> Result<AuditLimits, ChainError> {
        let audits = runtime::constants().audits();
        let storage = runtime::constants().storage();
        Ok(AuditLimits {
            max_challenges: self.constant("Audits::MaxChallenges", audits.max_challenges())?,
            max_settle: self.constant("Audits::MaxSettle", audits.max_settle())?,
            miss_points: self.constant("Audits::MissPoints", audits.miss_points())?,
            drop_points: self.constant("Audits::DropPoints", audits.drop_points())?,
            miss_fee: self.constant("Audits::MissFee", audits.miss_fee())?,
            hand_over_rounds: self
                .constant("Storage::HandOverRounds", storage.hand_over_rounds())?,
        })
    }
}
