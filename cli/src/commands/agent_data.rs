//! What agents have committed to, and for whom its keys are sealed.

use noema_agents_primitives::Commitment;
use noema_chain_client::{
    AccountId, AgentCall, AgentData, Call, Finalized, SealedKeyOf, StateAt, Submitter,
};
use serde_json::{json, Value};

use super::{
    agent::{answer, change, find},
    agent_holders::{bounded, sealed, unrepeated, unsealed},
    compute::begin,
};
use crate::{
    args::agent::data::{CommitmentArgs, Data, Sealed},
    failure::Failure,
    output::{Answer, Fields, Table},
    session::{number, Session},
};

pub(super) async fn run(session: &Session, data: Data) -> Result<(), Failure> {
    match data {
        Data::List { agent } => list(session, agent).await,
        Data::Show { agent, index } => {
            let state = session.connect().await?.at_finalized().await?;
            let entry = entry(&state, agent, index).await?;
            let text = describe(agent, &entry).to_string();
            session
                .output
                .answer(&Answer::new(text, as_json(agent, &entry)))
        }
        Data::Commit {
            agent,
            commitment,
            description,
        } => commit(session, agent, description, commitment).await,
        Data::Update {
            agent,
            index,
            commitment,
        } => {
            let commitment = commitment.read()?;
            let (submitter, state) = begin(session).await?;
            entry(&state, agent, index).await?;
            let call = AgentCall::UpdateData {
                agent,
                index,
                commitment,
            };
            let done = submit(session, &submitter, call, "replace the entry").await?;
            after(session, &submitter, &done, agent, index).await?;
            Ok(())
        }
        Data::Seal {
            agent,
            index,
            holders,
        } => {
            let new = holders.iter().map(Sealed::read);
            let new = new.collect::<Result<Vec<_>, _>>()?;
            unrepeated(new.iter().map(|sealed| &sealed.holder))?;
            reseal(session, agent, index, |held| Ok(sealed(held, &new))).await
        }
        Data::Unseal {
            agent,
            index,
            holders,
        } => {
            unrepeated(holders.iter())?;
            reseal(session, agent, index, |held| unsealed(held, &holders)).await
        }
        Data::Stage {
            agent,
            index,
            commitment,
        } => {
            let commitment = commitment.read()?;
            let (submitter, state) = begin(session).await?;
            entry(&state, agent, index).await?;
            let call = AgentCall::StageData {
                agent,
                index,
                commitment,
            };
            let done = submit(session, &submitter, call, "stage the entry").await?;
            after(session, &submitter, &done, agent, index).await?;
            Ok(())
        }
        Data::Unstage { agent, index } => {
            change(session, agent, AgentCall::UnstageData { agent, index }).await
        }
        Data::Drop { agent, index } => {
            change(session, agent, AgentCall::DropData { agent, index }).await
        }
    }
}

async fn list(session: &Session, agent: u64) -> Result<(), Failure> {
    let state = session.connect().await?.at_finalized().await?;
    find(&state, agent).await?;
    let mut table = Table::new(&["entry", "description", "hash", "version", "holders"]);
    let mut entries = state.agent_data(agent).await?;
    // The chain gives them in the order of hashes.
    entries.sort_unstable_by_key(|entry| entry.index);
    for entry in &entries {
        table.row(vec![
            entry.index.to_string(),
            entry.description.clone(),
            entry.hash.to_string(),
            entry.version.to_string(),
            entry.holders.len().to_string(),
        ]);
    }
    let json: Vec<_> = entries.iter().map(|entry| as_json(agent, entry)).collect();
    let text = if table.is_empty() {
        format!("agent {agent} has committed to nothing\n")
    } else {
        table.to_string()
    };
    session
        .output
        .answer(&Answer::new(text, json!({ "data": json })))
}

async fn commit(
    session: &Session,
    agent: u64,
    description: String,
    commitment: CommitmentArgs,
) -> Result<(), Failure> {
    let commitment = commitment.read()?;
    let (submitter, state) = begin(session).await?;
    find(&state, agent).await?;
    let call = AgentCall::CommitData {
        agent,
        description: description.into_bytes(),
        commitment,
    };
    let done = submit(session, &submitter, call, "commit to the file").await?;
    let index = done
        .event("Agents", "DataCommitted")
        .and_then(|event| number(event.fields.get("index")?))
        .and_then(|index| u32::try_from(index).ok())
        .ok_or_else(|| Failure::new("chain", "the chain does not say which number it gave"))?;
    after(session, &submitter, &done, agent, index).await?;
    Ok(())
}

/// Changes who can open an entry, and nothing else of it.
async fn reseal(
    session: &Session,
    agent: u64,
    index: u32,
    change: impl FnOnce(&[SealedKeyOf]) -> Result<Vec<SealedKeyOf>, Failure>,
) -> Result<(), Failure> {
    let (submitter, state) = begin(session).await?;
    let before = entry(&state, agent, index).await?;
    let commitment = Commitment {
        hash: before.hash.0,
        file: before.file.as_ref().map(|file| file.0),
        holders: bounded(change(&before.holders)?)?,
    };
    let call = AgentCall::UpdateData {
        agent,
        index,
        commitment,
    };
    let done = submit(session, &submitter, call, "change who can open it").await?;
    let now = after(session, &submitter, &done, agent, index).await?;
    if now.version != before.version.saturating_add(1) {
        session.output.warn(format!(
            "entry {index} of agent {agent} was changed by somebody else at the same time: its version was {}, and is {}; see that it is as it should be",
            before.version, now.version
        ));
    }
    Ok(())
}

async fn entry(state: &StateAt, agent: u64, index: u32) -> Result<AgentData, Failure> {
    find(state, agent).await?;
    let mut entries = state.agent_data(agent).await?.into_iter();
    entries.find(|entry| entry.index == index).ok_or_else(|| {
        Failure::new(
            "not_found",
            format!("agent {agent} has no entry {index}; `noema agent data list {agent}` shows those it has"),
        )
    })
}

async fn submit(
    session: &Session,
    submitter: &Submitter,
    call: AgentCall,
    what: &str,
) -> Result<Finalized, Failure> {
    session
        .submit(submitter, Call::Agent(Box::new(call)), what)
        .await
}

/// Answers with the entry as it is after a call.
async fn after(
    session: &Session,
    submitter: &Submitter,
    done: &Finalized,
    agent: u64,
    index: u32,
) -> Result<AgentData, Failure> {
    let state = submitter.client().at(done.block).await?;
    let entry = entry(&state, agent, index).await?;
    answer(
        session,
        done,
        describe(agent, &entry),
        as_json(agent, &entry),
    )?;
    Ok(entry)
}

fn describe(agent: u64, entry: &AgentData) -> Fields {
    let mut text = Fields::new()
        .add("agent", agent)
        .add("entry", entry.index)
        .add("description", &entry.description)
        .add("hash", entry.hash)
        .add("version", entry.version);
    if let Some(file) = &entry.file {
        text = text.add("file", file);
    }
    if let Some(by) = &entry.staged_by {
        text = text.add("staged by", by);
    }
    for sealed in &entry.holders {
        let key = hex::encode(&sealed.key);
        text = text.add("holder", format!("{}  0x{key}", sealed.holder));
    }
    text
}

fn as_json(agent: u64, entry: &AgentData) -> Value {
    let holders: Vec<_> = entry.holders.iter().map(|sealed| sealed.holder).collect();
    let sealed: Vec<_> = entry
        .holders
        .iter()
        .map(|sealed| json!({ "holder": sealed.holder, "key": format!("0x{}", hex::encode(&sealed.key)) }))
        .collect();
    json!({
        "agent": agent,
        "index": entry.index,
        "description": entry.description,
        "hash": entry.hash,
        "file": entry.file,
        "holders": holders,
        "sealed": sealed,
        "version": entry.version,
        "staged_by": entry.staged_by,
    })
}

impl CommitmentArgs {
    fn read(self) -> Result<Commitment<AccountId>, Failure> {
        let holders = self.holders.iter().map(Sealed::read);
        Ok(Commitment {
            hash: self.hash.0,
            file: self.file.map(|id| id.0),
            holders: bounded(holders.collect::<Result<_, _>>()?)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use noema_chain_client::{Hash, SealedKeyOf};

    use super::*;
    use crate::testing::who;

    #[test]
    fn an_entry_is_shown_with_the_key_of_each_holder() {
        let entry = AgentData {
            index: 1,
            description: "memory".into(),
            hash: Hash([5; 32]),
            file: None,
            holders: vec![SealedKeyOf {
                holder: who(1),
                key: vec![0xab; 3],
            }],
            version: 2,
            staged_by: Some(who(3)),
        };
        let text = describe(4, &entry).to_string();
        assert!(text.contains(&format!("{}  0xababab", who(1))), "{text}");
        let json = as_json(4, &entry);
        assert_eq!(json["holders"], json!([who(1)]));
        let sealed = json!([{ "holder": who(1), "key": "0xababab" }]);
        assert_eq!(json["sealed"], sealed);
        assert_eq!(json["staged_by"], json!(who(3)));
    }
}
