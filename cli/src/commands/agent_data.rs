//! What agents have committed to.

use noema_agents_primitives::Commitment;
use noema_chain_client::AgentCall;
use serde_json::json;

use super::agent::{change, find};
use crate::{
    args::agent::Data,
    failure::Failure,
    output::{Answer, Table},
    session::Session,
};

pub(super) async fn run(session: &Session, data: Data) -> Result<(), Failure> {
    match data {
        Data::List { agent } => {
            let state = session.connect().await?.at_finalized().await?;
            find(&state, agent).await?;
            let mut table = Table::new(&["entry", "description", "hash", "version", "holders"]);
            let entries = state.agent_data(agent).await?;
            for entry in &entries {
                table.row(vec![
                    entry.index.to_string(),
                    entry.description.clone(),
                    entry.hash.to_string(),
                    entry.version.to_string(),
                    entry.holders.len().to_string(),
                ]);
            }
            let json: Vec<_> = entries
                .iter()
                .map(|entry| {
                    json!({
                        "index": entry.index,
                        "description": entry.description,
                        "hash": entry.hash,
                        "file": entry.file,
                        "holders": entry.holders,
                        "version": entry.version,
                        "staged_by": entry.staged_by,
                    })
                })
                .collect();
            let text = if table.is_empty() {
                format!("agent {agent} has committed to nothing")
            } else {
                table.to_string()
            };
            session
                .output
                .answer(&Answer::new(text, json!({ "data": json })))
        }
        Data::Commit {
            agent,
            hash,
            description,
            file,
        } => {
            let commitment = Commitment {
                hash: hash.0,
                file: file.map(|id| id.0),
                holders: Default::default(),
            };
            let call = AgentCall::CommitData {
                agent,
                description: description.into_bytes(),
                commitment,
            };
            change(session, agent, call).await
        }
        Data::Drop { agent, index } => {
            change(session, agent, AgentCall::DropData { agent, index }).await
        }
    }
}
