//! `noema agent`: registration, data, users, keys that act, ratings.

use std::path::Path;

use noema_agents_primitives::{ServiceEndpoint, UsageScope};
use noema_chain_client::{
    AccountId, AgentCall, AgentRecord, Call, FileId, Finalized, Ratings, StateAt, Submitter,
};
use serde_json::{json, Value};

use super::{
    agent_data, agent_ratings, agent_schedule, agent_sessions, agent_wallet, compute::begin,
};
use crate::{
    amount::Amount,
    args::agent::{Agent, Endpoint},
    failure::Failure,
    keyfile,
    output::{Answer, Fields},
    session::{fee_of, number, Session},
};

/// Agents that are asked for at a time; no page has more.
const PAGE: u32 = 100;

pub(crate) async fn run(session: &Session, command: Agent) -> Result<(), Failure> {
    match command {
        Agent::Register { endpoints, file } => {
            register(session, &endpoints, file.map(|id| FileId(id.0))).await
        }
        Agent::Show { agent, tag } => show(session, agent, tag.as_deref()).await,
        Agent::List { owner } => list(session, owner).await,
        Agent::Wallet(wallet) => agent_wallet::run(session, wallet).await,
        Agent::Data(data) => agent_data::run(session, data).await,
        Agent::Authorize {
            agent,
            user,
            count,
            expires_in,
            data,
        } => {
            let (submitter, state) = begin(session).await?;
            find(&state, agent).await?;
            let call = AgentCall::AuthorizeUsage {
                agent,
                user,
                scope: data.map_or(UsageScope::All, UsageScope::Data),
                expires: state.tick().await?.saturating_add(expires_in),
                count,
            };
            submit(session, &submitter, agent, call, "let the user ask").await
        }
        Agent::Unauthorize { agent, user } => {
            change(session, agent, AgentCall::RevokeUsage { agent, user }).await
        }
        Agent::Session(sessions) => agent_sessions::run(session, sessions).await,
        Agent::Act(act) => agent_sessions::act(session, act).await,
        Agent::Schedule(schedule) => agent_schedule::run(session, schedule).await,
        Agent::Transfer { agent, to } => {
            change(session, agent, AgentCall::Transfer { agent, to }).await
        }
        Agent::Offer { agent, to } => change(session, agent, AgentCall::Offer { agent, to }).await,
        Agent::Withdraw { agent, amount } => {
            let amount = amount.0;
            change(session, agent, AgentCall::Withdraw { agent, amount }).await
        }
        Agent::Burn { agent } => change(session, agent, AgentCall::Burn { agent }).await,
        Agent::Tag { agent, tag } => {
            let tag = tag.into_bytes();
            change(session, agent, AgentCall::AddTag { agent, tag }).await
        }
        Agent::Feedback(feedback) => agent_ratings::rate(session, feedback).await,
        Agent::RevokeFeedback { agent, feedback } => {
            change(
                session,
                agent,
                AgentCall::RevokeFeedback { agent, feedback },
            )
            .await
        }
    }
}

pub(super) async fn find(state: &StateAt, agent: u64) -> Result<AgentRecord, Failure> {
    let info = state.agent(agent).await?;
    info.ok_or_else(|| {
        Failure::new(
            "not_found",
            format!("there is no agent {agent}; `noema agent list` shows those of an owner"),
        )
    })
}

/// The queue of a key in a file, or of the signer, and the newest finalised state.
pub(super) async fn begin_as(
    session: &Session,
    key_file: Option<&Path>,
) -> Result<(Submitter, StateAt), Failure> {
    let Some(path) = key_file else {
        return begin(session).await;
    };
    let key = keyfile::read(path)?;
    let client = session.connect().await?;
    let state = client.at_finalized().await?;
    Ok((Submitter::new(client, key), state))
}

async fn register(
    session: &Session,
    endpoints: &[Endpoint],
    file: Option<FileId>,
) -> Result<(), Failure> {
    let endpoints = endpoints
        .iter()
        .map(|Endpoint(kind, url)| {
            let url = url.clone().into_bytes().try_into();
            Ok(ServiceEndpoint {
                kind: *kind,
                url: url.map_err(|_| {
                    let most = noema_agents_primitives::MAX_ENDPOINT;
                    Failure::usage(format!("an endpoint has at most {most} bytes"))
                })?,
            })
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    let (submitter, _) = begin(session).await?;
    let call = AgentCall::Register { file, endpoints };
    let done = session
        .submit(
            &submitter,
            Call::Agent(Box::new(call)),
            "register the agent",
        )
        .await?;
    let agent = done
        .event("Agents", "Registered")
        .and_then(|event| number(event.fields.get("agent")?))
        .and_then(|agent| u64::try_from(agent).ok())
        .ok_or_else(|| Failure::new("chain", "the chain does not say which number it gave"))?;
    let state = submitter.client().at(done.block).await?;
    let info = find(&state, agent).await?;
    answer(
        session,
        &done,
        describe(agent, &info),
        as_json(agent, &info),
    )
}

async fn show(session: &Session, agent: u64, tag: Option<&str>) -> Result<(), Failure> {
    let state = session.connect().await?.at_finalized().await?;
    let info = find(&state, agent).await?;
    let summary = state
        .agent_summary(agent, tag.map(str::as_bytes))
        .await?
        .ok_or_else(|| Failure::new("not_found", format!("agent {agent} has no such tag")))?;
    let text = describe(agent, &info)
        .add("ratings", rated(&summary.all))
        .add("under this owner", rated(&summary.in_tenure))
        .add("recent", rated(&summary.recent));
    let mut json = as_json(agent, &info);
    if let Some(json) = json.as_object_mut() {
        let ratings = |of: &Ratings| json!({ "count": of.count, "weight": of.weight.to_string(), "value": of.value });
        json.insert("ratings".into(), ratings(&summary.all));
        json.insert("in_tenure".into(), ratings(&summary.in_tenure));
        json.insert("recent".into(), ratings(&summary.recent));
    }
    session.output.answer(&Answer::new(text.to_string(), json))
}

async fn list(session: &Session, owner: Option<AccountId>) -> Result<(), Failure> {
    let owner = match owner {
        Some(owner) => owner,
        None => session.account()?,
    };
    let state = session.connect().await?.at_finalized().await?;
    let (mut agents, mut after) = (Vec::new(), None);
    loop {
        let page = state.agents_of(&owner, after, PAGE).await?;
        agents.extend(page.agents);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    agents.sort_unstable();
    let text = if agents.is_empty() {
        format!("{owner} has no agents\n")
    } else {
        agents.iter().map(|agent| format!("{agent}\n")).collect()
    };
    let json = json!({ "owner": owner, "agents": agents });
    session.output.answer(&Answer::new(text, json))
}

/// A call about an agent that is there.
pub(super) async fn change(session: &Session, agent: u64, call: AgentCall) -> Result<(), Failure> {
    let (submitter, state) = begin(session).await?;
    find(&state, agent).await?;
    submit(session, &submitter, agent, call, "change the agent").await
}

pub(super) async fn submit(
    session: &Session,
    submitter: &Submitter,
    agent: u64,
    call: AgentCall,
    what: &str,
) -> Result<(), Failure> {
    let done = session
        .submit(submitter, Call::Agent(Box::new(call)), what)
        .await?;
    let state = submitter.client().at(done.block).await?;
    let (text, json) = match state.agent(agent).await? {
        Some(info) => (describe(agent, &info), as_json(agent, &info)),
        None => (
            Fields::new().add("agent", format!("{agent} is gone")),
            json!({ "agent": agent, "gone": true }),
        ),
    };
    answer(session, &done, text, json)
}

fn describe(agent: u64, info: &AgentRecord) -> Fields {
    let mut text = Fields::new()
        .add("agent", agent)
        .add("owner", info.owner)
        .add("account", info.account)
        .add("changed hands", info.tenure);
    if let Some(wallet) = info.wallet {
        text = text.add("wallet", wallet);
    }
    for former in &info.former {
        text = text.add("former wallet", former);
    }
    if let Some(to) = info.offered {
        text = text.add("offered to", to);
    }
    if let Some(file) = &info.file {
        text = text.add("file", file);
    }
    for (kind, url) in &info.endpoints {
        text = text.add(*kind, url);
    }
    text
}

fn as_json(agent: u64, info: &AgentRecord) -> Value {
    let endpoints: Vec<_> = info
        .endpoints
        .iter()
        .map(|(kind, url)| json!({ "kind": kind, "url": url }))
        .collect();
    json!({
        "agent": agent,
        "owner": info.owner,
        "account": info.account,
        "wallet": info.wallet,
        "former_wallets": info.former,
        "bindings": info.bindings,
        "offered": info.offered,
        "file": info.file,
        "endpoints": endpoints,
        "tenure": info.tenure,
    })
}

fn rated(ratings: &Ratings) -> String {
    match ratings.value {
        Some(value) => format!(
            "{}.{:02} of 100 by {} ratings, weight {}",
            value / 100,
            value % 100,
            ratings.count,
            Amount(ratings.weight)
        ),
        None => "none".into(),
    }
}

/// What there is now, where it was done, and what it cost.
pub(super) fn answer(
    session: &Session,
    done: &Finalized,
    text: Fields,
    mut json: Value,
) -> Result<(), Failure> {
    let fee = fee_of(done);
    let mut text = text
        .add("block", done.block.number)
        .add("transaction", done.tx);
    if let Some(fee) = fee {
        text = text.add("fee", Amount(fee));
    }
    if let Some(json) = json.as_object_mut() {
        json.insert("fee".into(), json!(fee.map(|fee| fee.to_string())));
        json.insert("block".into(), json!(done.block));
        json.insert("tx".into(), json!(done.tx));
    }
    session.output.answer(&Answer::new(text.to_string(), json))
}
