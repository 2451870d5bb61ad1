//! Agents: who they are, what they have committed to, which keys act for them, and what others think of them.

use noema_agents_primitives::{AgentId, CallId};
use noema_session::{Allowance, Limits};
use subxt::utils::AccountId32;

use super::StateAt;
use crate::{
    error::ChainError,
    runtime::{
        self,
        runtime_types::{
            bounded_collections::bounded_vec::BoundedVec,
            noema_agents_primitives::{endpoints::ServiceKind, rating::Mean},
            pallet_noema_agents::infos as chain,
        },
    },
    types::{
        AccountId, AgentData, AgentPage, AgentRecord, AgentSession, AgentSummary, Balance, FileId,
        Hash, Ratings, ScheduledAct, SealedKeyOf, Tick,
    },
};

impl StateAt {
    /// An agent. `None` when there is none.
    pub async fn agent(&self, agent: AgentId) -> Result<Option<AgentRecord>, ChainError> {
        let question = runtime::runtime_apis().agents_api().agent(agent);
        let info = self.ask_runtime("an agent", question).await?;
        Ok(info.map(record))
    }

    /// The agents of an owner, after the one where the page before ended. A page has at most 100.
    pub async fn agents_of(
        &self,
        owner: &AccountId,
        after: Option<AgentId>,
        limit: u32,
    ) -> Result<AgentPage, ChainError> {
        let api = runtime::runtime_apis().agents_api();
        let question = api.agents_of((*owner).into(), after, limit);
        let page = self.ask_runtime("the agents of an owner", question).await?;
        Ok(AgentPage {
            agents: page.entries,
            next: page.next,
        })
    }

    /// What an agent has committed to.
    pub async fn agent_data(&self, agent: AgentId) -> Result<Vec<AgentData>, ChainError> {
        let question = runtime::runtime_apis()
            .agents_api()
            .intelligent_data_of(agent);
        let entries = self.ask_runtime("the data of an agent", question).await?;
        Ok(entries.into_iter().map(data).collect())
    }

    /// The keys that act for an agent.
    pub async fn agent_sessions(&self, agent: AgentId) -> Result<Vec<AgentSession>, ChainError> {
        let question = runtime::runtime_apis().agents_api().sessions(agent);
        let sessions = self
            .ask_runtime("the sessions of an agent", question)
            .await?;
        Ok(sessions.into_iter().map(session).collect())
    }

    /// The acts of an agent that anybody can bring when they are due.
    pub async fn agent_scheduled(&self, agent: AgentId) -> Result<Vec<ScheduledAct>, ChainError> {
        let question = runtime::runtime_apis().agents_api().scheduled(agent);
        let acts = self
            .ask_runtime("the scheduled acts of an agent", question)
            .await?;
        Ok(acts.into_iter().map(scheduled).collect())
    }

    /// For how many ticks ahead a wallet can sign.
    pub fn longest_wallet_deadline(&self) -> Result<Tick, ChainError> {
        let address = runtime::constants().agents().max_deadline();
        self.constant("Agents::MaxDeadline", address)
    }

    /// What the ratings of an agent come to, all or those with a tag. `None` when there is no such agent or tag.
    pub async fn agent_summary(
        &self,
        agent: AgentId,
        tag: Option<&[u8]>,
    ) -> Result<Option<AgentSummary>, ChainError> {
        let tag = tag.map(|tag| BoundedVec(tag.to_vec()));
        let question = runtime::runtime_apis().agents_api().summary(agent, tag);
        let summary = self
            .ask_runtime("the ratings of an agent", question)
            .await?;
        Ok(summary.map(|summary| AgentSummary {
            all: ratings(&summary.all),
            in_tenure: ratings(&summary.in_tenure),
            recent: ratings(&summary.recent),
        }))
    }

    /// The two bytes with which a call begins, by its names. `None` when the runtime has no such call.
    pub fn call_index(&self, pallet: &str, call: &str) -> Option<(u8, u8)> {
        let pallet = self.at().metadata_ref().pallet_by_name(pallet)?;
        let call = pallet.call_variant_by_name(call)?;
        Some((pallet.call_index(), call.index))
    }

    /// The names of the call that begins with these two bytes. `None` when the runtime has no such call.
    pub fn call_name(&self, pallet: u8, call: u8) -> Option<(String, String)> {
        let pallet = self.at().metadata_ref().pallet_by_call_index(pallet)?;
        let call = pallet.call_variant_by_index(call)?;
        Some((pallet.name().to_owned(), call.name.clone()))
    }

    /// The most that an account can rate an agent with, for what it has paid `wallet`, or where the agent is paid now. `None` when it cannot be rated for that.
    pub async fn agent_unconsumed(
        &self,
        payer: &AccountId,
        agent: AgentId,
        wallet: Option<&AccountId>,
    ) -> Result<Option<Balance>, ChainError> {
        let api = runtime::runtime_apis().agents_api();
        let wallet = wallet.map(|wallet| (*wallet).into());
        let question = api.unconsumed((*payer).into(), agent, wallet);
        self.ask_runtime("what was paid to an agent", question)
            .await
    }
}

fn record(info: chain::AgentInfo<AccountId32>) -> AgentRecord {
    let endpoints = info.endpoints.0.into_iter().map(|endpoint| {
        let kind = match endpoint.kind {
            ServiceKind::A2a => "a2a",
            ServiceKind::Mcp => "mcp",
            ServiceKind::OpenAi => "openai",
            ServiceKind::Web => "web",
        };
        let url = String::from_utf8_lossy(&endpoint.url.0).into_owned();
        (kind, url)
    });
    AgentRecord {
        owner: info.owner.into(),
        account: info.account.into(),
        wallet: info.wallet.map(AccountId::from),
        former: info
            .former
            .into_iter()
            .map(|former| former.wallet.into())
            .collect(),
        bindings: info.bindings,
        offered: info.offered.map(AccountId::from),
        file: info.file.map(FileId),
        endpoints: endpoints.collect(),
        tenure: info.tenure,
    }
}

fn data(info: chain::DataInfo<AccountId32>) -> AgentData {
    let holders = info.commitment.holders.0.into_iter();
    let holders = holders.map(|sealed| SealedKeyOf {
        holder: sealed.holder.into(),
        key: sealed.key.0,
    });
    AgentData {
        index: info.index,
        description: String::from_utf8_lossy(&info.description.0).into_owned(),
        hash: Hash(info.commitment.hash),
        file: info.commitment.file.map(FileId),
        holders: holders.collect(),
        version: info.version,
        staged_by: info.staged.map(|(by, _)| by.into()),
    }
}

fn session(info: chain::SessionInfo<AccountId32>) -> AgentSession {
    let calls = info.calls.into_iter().map(|call| CallId {
        pallet: call.pallet,
        call: call.call,
    });
    AgentSession {
        session: info.session,
        key: info.key.into(),
        calls: calls.collect(),
        limits: Limits {
            per_use: info.limits.per_use,
            total: info.limits.total,
        },
        allowance: Allowance {
            period: info.allowance.period,
            most: info.allowance.most,
        },
        spent: info.spent,
        left_in_period: info.left_in_period,
        expires: info.expires,
    }
}

fn scheduled(info: chain::ScheduledInfo) -> ScheduledAct {
    ScheduledAct {
        schedule: info.schedule,
        session: info.session,
        call: info.call,
        due: info.due,
        times: info.times,
        reward: info.reward,
    }
}

fn ratings(mean: &Mean) -> Ratings {
    Ratings {
        count: mean.count,
        weight: mean.weight,
        value: mean.value,
    }
}
