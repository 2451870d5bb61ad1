//! Keys that act for agents, and what is done in an agent's name.

use noema_agents_primitives::CallId;
use noema_chain_client::{AgentCall, AgentGrant, Call, Finalized};
use noema_session::{Allowance, Limits};
use serde_json::{json, Value};

use super::{
    agent::{answer, begin_as, change, find},
    compute::begin,
};
use crate::{
    amount::Amount,
    args::agent::{Act, AgentSessions, Deed, GrantSession},
    failure::Failure,
    output::{Answer, Fields, Table},
    session::{number, Session},
};

pub(super) async fn run(session: &Session, sessions: AgentSessions) -> Result<(), Failure> {
    match sessions {
        AgentSessions::List { agent } => {
            let state = session.connect().await?.at_finalized().await?;
            find(&state, agent).await?;
            let mut table = Table::new(&["session", "key", "spent", "of", "left now", "expires"]);
            let mut found = state.agent_sessions(agent).await?;
            // The chain gives them in the order of hashes.
            found.sort_unstable_by_key(|one| one.session);
            for one in &found {
                table.row(vec![
                    one.session.to_string(),
                    one.key.to_string(),
                    Amount(one.spent).to_string(),
                    Amount(one.limits.total).to_string(),
                    Amount(one.left_in_period).to_string(),
                    one.expires.to_string(),
                ]);
            }
            let json: Vec<_> = found
                .iter()
                .map(|one| {
                    json!({
                        "session": one.session,
                        "key": one.key,
                        "calls": one.calls.iter().map(|call| [call.pallet, call.call]).collect::<Vec<_>>(),
                        "per_use": one.limits.per_use.to_string(),
                        "total": one.limits.total.to_string(),
                        "per_period": one.allowance.most.to_string(),
                        "period": one.allowance.period,
                        "spent": one.spent.to_string(),
                        "left_in_period": one.left_in_period.to_string(),
                        "expires": one.expires,
                    })
                })
                .collect();
            let text = if table.is_empty() {
                format!("no key acts for agent {agent}\n")
            } else {
                table.to_string()
            };
            session
                .output
                .answer(&Answer::new(text, json!({ "sessions": json })))
        }
        AgentSessions::Grant(grant) => grant_session(session, grant).await,
        AgentSessions::Revoke {
            agent,
            session: number,
        } => {
            let call = AgentCall::RevokeSession {
                agent,
                session: number,
            };
            change(session, agent, call).await
        }
    }
}

async fn grant_session(session: &Session, args: GrantSession) -> Result<(), Failure> {
    let (submitter, state) = begin(session).await?;
    find(&state, args.agent).await?;
    let calls = args
        .calls
        .iter()
        .map(|name| {
            let found = state.call_index(&name.pallet, &name.call);
            let (pallet, call) = found.ok_or_else(|| {
                Failure::usage(format!(
                    "this chain has no call {}.{}",
                    name.pallet, name.call
                ))
            })?;
            Ok(CallId { pallet, call })
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    let total = args.limit.0;
    let per_use = args.per_use.map_or(total, |most| most.0);
    if per_use > total {
        return Err(Failure::usage(format!(
            "one use may cost {}, all together {}: let --per-use be at most --limit",
            Amount(per_use),
            Amount(total)
        )));
    }
    let now = state.tick().await?;
    // Last, since it may make a file.
    let key = args.key.resolve()?;
    let grant = AgentGrant {
        key: key.account,
        calls,
        limits: Limits { per_use, total },
        allowance: Allowance {
            period: args.period,
            most: args.per_period.map_or(total, |most| most.0),
        },
        expires: args
            .expires_in
            .map_or(u64::MAX, |ticks| now.saturating_add(ticks)),
    };
    let agent = args.agent;
    let call = AgentCall::GrantSession { agent, grant };
    let done = session
        .submit(&submitter, Call::Agent(Box::new(call)), "let the key act")
        .await?;
    let number = done
        .event("Agents", "SessionGranted")
        .and_then(|event| number(event.fields.get("session")?));
    let mut text = Fields::new().add("agent", agent).add("key", key.account);
    if let Some(number) = number {
        text = text.add("session", number);
    }
    if let Some(file) = &key.made {
        text = text.add("key file", file.display());
    }
    let json = json!({
        "agent": agent,
        "session": number.and_then(|number| u32::try_from(number).ok()),
        "key": key.account,
        "key_file_made": key.made,
    });
    answer(session, &done, text, json)
}

pub(super) async fn act(session: &Session, act: Act) -> Result<(), Failure> {
    let inner = act.deed.call()?;
    let (submitter, state) = begin_as(session, act.key_file.as_deref()).await?;
    find(&state, act.agent).await?;
    let (agent, call) = (act.agent, Box::new(inner));
    let (call, event) = if act.as_owner {
        (AgentCall::ActByOwner { agent, call }, "ActedByOwner")
    } else {
        (AgentCall::Act { agent, call }, "Acted")
    };
    let done = session
        .submit(&submitter, Call::Agent(Box::new(call)), "act for the agent")
        .await?;
    acted(session, &done, agent, event)
}

/// How a call in an agent's name ended, which was carried by another that did not fail.
pub(super) fn acted(
    session: &Session,
    done: &Finalized,
    agent: u64,
    event: &str,
) -> Result<(), Failure> {
    let acted = done
        .event("Agents", event)
        .ok_or_else(|| Failure::new("chain", "the chain does not say how the call ended"))?;
    let result = acted.fields.get("result").cloned().unwrap_or(Value::Null);
    if result.get("Err").is_some() {
        let message = format!("the call in the agent's name failed: {result}");
        return Err(Failure::new("call_failed", message).with(json!({ "result": result })));
    }
    let spent = acted.fields.get("spent").and_then(number);
    let mut text = Fields::new().add("agent", agent);
    if let Some(spent) = spent {
        text = text.add("spent", Amount(spent));
    }
    let json = json!({ "agent": agent, "spent": spent.map(|spent| spent.to_string()) });
    answer(session, done, text, json)
}

impl Deed {
    /// The call that is meant.
    pub(super) fn call(self) -> Result<Call, Failure> {
        match (self.send, self.to, self.call) {
            (Some(Amount(amount)), Some(to), _) => Ok(Call::TransferKeepAlive { to, amount }),
            (_, _, Some(bytes)) => Ok(Call::Raw(bytes.0)),
            _ => Err(Failure::usage("say what to do: --send and --to, or --call")),
        }
    }
}
