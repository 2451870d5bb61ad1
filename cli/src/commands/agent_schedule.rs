//! Acts that anybody can bring when they are due.

use noema_chain_client::{
    AccountId, AgentCall, AgentPlan, AgentSession, Call, ScheduledAct, StateAt, Tick,
};
use serde_json::{json, Value};

use super::{
    agent::{answer, begin_as, find, submit},
    agent_sessions::acted,
    compute::begin,
};
use crate::{
    amount::Amount,
    args::agent::schedule::{AddSchedule, Schedule},
    failure::Failure,
    output::{Answer, Fields, Table},
    session::{number, Session},
};

pub(super) async fn run(session: &Session, schedule: Schedule) -> Result<(), Failure> {
    match schedule {
        Schedule::List { agent } => list(session, agent).await,
        Schedule::Add(args) => add(session, *args).await,
        Schedule::Cancel {
            agent,
            schedule,
            key_file,
        } => {
            let (submitter, state) = begin_as(session, key_file.as_deref()).await?;
            scheduled(&state, agent, schedule).await?;
            let call = AgentCall::Cancel { agent, schedule };
            submit(session, &submitter, agent, call, "cancel the act").await
        }
        Schedule::Run { agent, schedule } => bring(session, agent, schedule).await,
    }
}

async fn list(session: &Session, agent: u64) -> Result<(), Failure> {
    let state = session.connect().await?.at_finalized().await?;
    find(&state, agent).await?;
    let mut acts = state.agent_scheduled(agent).await?;
    // The chain gives them in the order of hashes.
    acts.sort_unstable_by_key(|act| act.schedule);
    let now = state.tick().await?;
    let rows: Vec<_> = acts
        .iter()
        .map(|act| {
            (
                act,
                name_of(&act.call, |one, two| state.call_name(one, two)),
            )
        })
        .collect();
    session.output.answer(&listed(agent, now, &rows))
}

/// The name of a call by its first two bytes.
fn name_of(call: &[u8], known: impl FnOnce(u8, u8) -> Option<(String, String)>) -> Option<String> {
    let [pallet, call, ..] = call else {
        return None;
    };
    let (pallet, call) = known(*pallet, *call)?;
    Some(format!("{pallet}.{call}"))
}

fn listed(agent: u64, now: Tick, acts: &[(&ScheduledAct, Option<String>)]) -> Answer {
    let mut table = Table::new(&["act", "session", "call", "due in", "times", "reward"]);
    for (act, name) in acts {
        table.row(vec![
            act.schedule.to_string(),
            act.session.to_string(),
            name.clone().unwrap_or_else(|| "unknown".into()),
            act.due.saturating_sub(now).to_string(),
            act.times.to_string(),
            Amount(act.reward).to_string(),
        ]);
    }
    let json: Vec<Value> = acts
        .iter()
        .map(|(act, name)| {
            json!({
                "schedule": act.schedule,
                "session": act.session,
                "call": format!("0x{}", hex::encode(&act.call)),
                "name": name,
                "due": act.due,
                "times": act.times,
                "reward": act.reward.to_string(),
            })
        })
        .collect();
    let text = if table.is_empty() {
        format!("agent {agent} has no scheduled acts\n")
    } else {
        table.to_string()
    };
    Answer::new(text, json!({ "scheduled": json, "tick": now }))
}

async fn add(session: &Session, args: AddSchedule) -> Result<(), Failure> {
    let repeated = repeated(args.every, args.times)?;
    let inner = args.deed.call()?;
    let (submitter, state) = begin_as(session, args.key_file.as_deref()).await?;
    let agent = args.agent;
    find(&state, agent).await?;
    let under = match args.session {
        Some(number) => number,
        None => {
            let sessions = state.agent_sessions(agent).await?;
            session_of(&sessions, &submitter.account(), agent)?
        }
    };
    let due = match (args.at, args.due_in) {
        (Some(tick), _) => tick,
        (None, Some(ticks)) => state.tick().await?.saturating_add(ticks),
        (None, None) => return Err(Failure::usage("say when it is due: --in or --at")),
    };
    let plan = AgentPlan {
        due,
        every: repeated.every,
        times: repeated.times,
        reward: args.reward.map_or(0, |reward| reward.0),
    };
    let call = AgentCall::Schedule {
        agent,
        session: under,
        call: Box::new(inner),
        plan,
    };
    let done = session
        .submit(&submitter, Call::Agent(Box::new(call)), "schedule the act")
        .await?;
    let event = done
        .event("Agents", "Scheduled")
        .ok_or_else(|| Failure::new("chain", "the chain does not say which number it gave"))?;
    let schedule = event.fields.get("schedule").and_then(number);
    let spent = event.fields.get("spent").and_then(number);
    let mut text = Fields::new().add("agent", agent);
    if let Some(schedule) = schedule {
        text = text.add("act", schedule);
    }
    text = text
        .add("session", under)
        .add("due at tick", plan.due)
        .add("times", plan.times);
    if plan.times > 1 {
        text = text.add("again after", plan.every);
    }
    text = text.add("reward", Amount(plan.reward));
    let json = json!({
        "agent": agent,
        "schedule": schedule.and_then(|number| u32::try_from(number).ok()),
        "session": under,
        "due": plan.due,
        "every": plan.every,
        "times": plan.times,
        "reward": plan.reward.to_string(),
        "spent": spent.map(|spent| spent.to_string()),
    });
    answer(session, &done, text, json)
}

async fn bring(session: &Session, agent: u64, schedule: u32) -> Result<(), Failure> {
    let (submitter, state) = begin(session).await?;
    let act = scheduled(&state, agent, schedule).await?;
    let now = state.tick().await?;
    if act.due > now {
        return Err(Failure::new(
            "not_due",
            format!(
                "act {schedule} of agent {agent} is due at tick {}, in {} ticks",
                act.due,
                act.due.saturating_sub(now)
            ),
        )
        .with(json!({ "due": act.due, "tick": now })));
    }
    let call = AgentCall::Run {
        agent,
        schedule,
        call: Box::new(Call::Raw(act.call)),
    };
    let done = session
        .submit(&submitter, Call::Agent(Box::new(call)), "make the act")
        .await?;
    acted(session, &done, agent, "Acted")
}

async fn scheduled(state: &StateAt, agent: u64, schedule: u32) -> Result<ScheduledAct, Failure> {
    find(state, agent).await?;
    let mut acts = state.agent_scheduled(agent).await?.into_iter();
    acts.find(|act| act.schedule == schedule).ok_or_else(|| {
        Failure::new(
            "not_found",
            format!(
                "agent {agent} has no scheduled act {schedule}; `noema agent schedule list {agent}` shows those it has"
            ),
        )
    })
}

/// How often, and after how many ticks again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Repeated {
    every: Tick,
    times: u32,
}

fn repeated(every: Option<Tick>, times: Option<u32>) -> Result<Repeated, Failure> {
    match (every, times.unwrap_or(1)) {
        (None, times) if times > 1 => Err(Failure::usage(format!(
            "an act that is made {times} times is due again after some ticks: say how many with --every"
        ))),
        (every, times) => Ok(Repeated {
            every: every.unwrap_or(0),
            times,
        }),
    }
}

/// The session of a key.
fn session_of(sessions: &[AgentSession], key: &AccountId, agent: u64) -> Result<u32, Failure> {
    let of_key = sessions.iter().find(|session| session.key == *key);
    of_key.map(|session| session.session).ok_or_else(|| {
        Failure::usage(format!(
            "{key} is not the key of a session of agent {agent}: say with --session within which limits the act is made; \
             `noema agent session list {agent}` shows them"
        ))
    })
}

#[cfg(test)]
mod tests {
    use noema_session::{Allowance, Limits};

    use super::*;
    use crate::testing::who;

    fn act(schedule: u32, due: Tick) -> ScheduledAct {
        ScheduledAct {
            schedule,
            session: 2,
            call: vec![10, 3, 0],
            due,
            times: 5,
            reward: 10_u128.pow(18),
        }
    }

    #[test]
    fn acts_are_listed_by_the_name_of_their_call_and_when_they_are_due() {
        let (soon, over) = (act(0, 107), act(1, 90));
        let acts = [(&soon, Some("Balances.transfer".to_owned())), (&over, None)];
        let answer = listed(4, 100, &acts);
        let lines: Vec<_> = answer.text().lines().collect();
        assert_eq!(lines.len(), 3);
        let cells: Vec<_> = lines[1].split_whitespace().take(5).collect();
        assert_eq!(cells, ["0", "2", "Balances.transfer", "7", "5"]);
        let cells: Vec<_> = lines[2].split_whitespace().take(4).collect();
        assert_eq!(cells, ["1", "2", "unknown", "0"]);
        let json = answer.json();
        assert_eq!(json["tick"], 100);
        assert_eq!(json["scheduled"][0]["call"], "0x0a0300");
        assert_eq!(json["scheduled"][0]["due"], 107);
        assert_eq!(json["scheduled"][0]["reward"], "1000000000000000000");
        assert_eq!(json["scheduled"][1]["name"], Value::Null);
        let none = listed(4, 100, &[]);
        assert_eq!(none.text(), "agent 4 has no scheduled acts\n");
        assert_eq!(none.json()["scheduled"], json!([]));
    }

    #[test]
    fn a_call_has_the_name_of_its_first_two_bytes() {
        let known = |one: u8, two: u8| Some((one.to_string(), two.to_string()));
        assert_eq!(name_of(&[10, 3, 0], known).as_deref(), Some("10.3"));
        assert_eq!(name_of(&[10], known), None);
        assert_eq!(name_of(&[10, 3], |_, _| None), None);
    }

    #[test]
    fn what_is_made_more_than_once_says_after_how_many_ticks() {
        let once = Repeated { every: 0, times: 1 };
        assert_eq!(repeated(None, None).unwrap(), once);
        assert_eq!(repeated(None, Some(1)).unwrap(), once);
        let daily = Repeated { every: 9, times: 3 };
        assert_eq!(repeated(Some(9), Some(3)).unwrap(), daily);
        let failure = repeated(None, Some(3)).unwrap_err();
        assert_eq!(failure.code(), "usage");
        assert!(failure.to_string().contains("--every"));
    }

    #[test]
    fn a_key_schedules_within_its_own_session() {
        let session = |session: u32, key: u8| AgentSession {
            session,
            key: who(key),
            calls: Vec::new(),
            limits: Limits {
                per_use: 1,
                total: 1,
            },
            allowance: Allowance { period: 1, most: 1 },
            spent: 0,
            left_in_period: 1,
            expires: 1,
        };
        let sessions = [session(3, 1), session(7, 2)];
        assert_eq!(session_of(&sessions, &who(2), 0).unwrap(), 7);
        let failure = session_of(&sessions, &who(9), 0).unwrap_err();
        assert_eq!(failure.code(), "usage");
        assert!(failure.to_string().contains("--session"));
    }
}
