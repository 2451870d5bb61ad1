//! `noema storage`: what there is, and what goes.

use noema_storage::ByteSize;
use std::{path::Path, time::Duration};

use futures::future::join_all;
use noema_chain_client::{AccountId, Call, Deal, FileId, SlotState, Submitter};
use noema_storage::client::{ClientOptions, FileRef, FileStatus, StorageClient};
use serde_json::{json, Value};

use crate::{
    amount::Amount,
    args::storage::{Id, Storage, Which},
    failure::Failure,
    lookup::{self, endpoints},
    output::{Answer, Fields, Table},
    session::{fee_of, number, Session},
    source::Source,
};

/// How long `status` waits for a daemon.
const ASK_PATIENCE: Duration = Duration::from_secs(3);

pub(crate) async fn run(session: &Session, command: Storage) -> Result<(), Failure> {
    match command {
        Storage::Status(which) => status(session, &which).await,
        Storage::List { owner } => list(session, owner).await,
        Storage::Remove { file } => remove(session, file).await,
        Storage::Resign(which) => super::storage_resign::run(session, &which).await,
        Storage::Root { file } => root(session, &file).await,
        // The dispatcher knows them by themselves.
        Storage::Put(put) => super::storage_put::run(session, &put).await,
        Storage::Get(get) => super::storage_get::run(session, &get).await,
    }
}

async fn root(session: &Session, path: &Path) -> Result<(), Failure> {
    let source = Source::open(path)?;
    let commitment = source.commit(&session.output).await?;
    let file = FileRef::from(&commitment);
    let root = hex0x(&file.root);
    let segments = commitment.segment_roots.len();
    let text = Fields::new()
        .add("root", &root)
        .add("id", file.file)
        .add("size", format!("{} bytes", file.size()))
        .add("segments", segments);
    session.output.answer(&Answer::new(
        text.to_string(),
        json!({ "root": root, "file": file.file, "size": file.size(), "segments": segments }),
    ))
}

async fn status(session: &Session, which: &Which) -> Result<(), Failure> {
    let state = session.connect().await?.at_finalized().await?;
    let found = lookup::find(&state, which).await?;
    let file = found.file;
    let holders = found.holders();
    let peers = endpoints(&state, holders.iter().map(|holder| holder.provider)).await?;

    let storage = StorageClient::new(ClientOptions {
        connect_timeout: ASK_PATIENCE,
        request_timeout: ASK_PATIENCE,
    });
    let asked = join_all(peers.iter().map(|peer| async {
        let said = storage.file_status(&peer.endpoint, &file.file).await;
        (peer.clone(), said.map_err(|e| e.to_string()))
    }))
    .await;

    let mut text = Fields::new()
        .add("id", file.file)
        .add("root", hex0x(&file.root))
        .add("size", sized(file.size()))
        .to_string();
    for (owner, deal) in &found.deals {
        text.push('\n');
        text.push_str(&describe_deal(owner, deal).to_string());
    }
    let mut table = Table::new(&["provider", "slot is", "has", "endpoint"]);
    let mut daemons = Vec::new();
    for (peer, said) in &asked {
        let state = holders
            .iter()
            .find(|holder| holder.provider == peer.provider);
        table.row(vec![
            peer.provider.to_string(),
            state.map_or("", |holder| holder.state.name()).to_owned(),
            describe_daemon(said),
            peer.endpoint.clone(),
        ]);
        daemons.push(daemon_json(peer, said));
    }
    if !table.is_empty() {
        text.push('\n');
        text.push_str(&table.to_string());
    }
    let deals: Vec<_> = found
        .deals
        .iter()
        .map(|(owner, deal)| deal_json(owner, deal))
        .collect();
    session.output.answer(&Answer::new(
        text,
        json!({
            "file": file.file,
            "root": hex0x(&file.root),
            "size": file.size(),
            "deals": deals,
            "daemons": daemons,
            "block": state.block(),
        }),
    ))
}

fn describe_daemon(said: &Result<Option<FileStatus>, String>) -> String {
    match said {
        Ok(Some(status)) if status.complete => "all".into(),
        Ok(Some(status)) => format!("{} of {} segments", status.have, status.segments),
        Ok(None) => "nothing".into(),
        Err(_) => "no answer".into(),
    }
}

fn daemon_json(
    peer: &noema_storage::client::Peer,
    said: &Result<Option<FileStatus>, String>,
) -> Value {
    let (have, segments, error) = match said {
        Ok(Some(status)) => (Some(status.have), Some(status.segments), None),
        Ok(None) => (Some(0), None, None),
        Err(error) => (None, None, Some(error)),
    };
    json!({
        "provider": peer.provider,
        "endpoint": peer.endpoint,
        "have": have,
        "segments": segments,
        "error": error,
    })
}

async fn list(session: &Session, owner: Option<AccountId>) -> Result<(), Failure> {
    let owner = match owner {
        Some(owner) => owner,
        None => session.account()?,
    };
    let state = session.connect().await?.at_finalized().await?;
    let mut deals: Vec<(FileId, Deal)> = Vec::new();
    for file in state.deals_of(&owner).await? {
        if let Some(deal) = state.deal(&file, &owner).await? {
            deals.push((file, deal));
        }
    }
    deals.sort_by_key(|(_, deal)| deal.committed_at);

    let mut table = Table::new(&["id", "size", "replicas", "state", "deposit"]);
    for (file, deal) in &deals {
        table.row(vec![
            file.to_string(),
            ByteSize(deal.size).to_string(),
            format!("{} of {}", deal.held, deal.slots.len()),
            deal_word(deal).to_owned(),
            Amount(deal.deposit).to_string(),
        ]);
    }
    let text = if table.is_empty() {
        format!("{owner} has no files\n")
    } else {
        table.to_string()
    };
    let files: Vec<_> = deals
        .iter()
        .map(|(file, deal)| {
            let mut json = deal_json(&owner, deal);
            if let Some(json) = json.as_object_mut() {
                json.insert("file".into(), json!(file));
            }
            json
        })
        .collect();
    session.output.answer(&Answer::new(
        text,
        json!({ "owner": owner, "files": files }),
    ))
}

async fn remove(session: &Session, Id(bytes): Id) -> Result<(), Failure> {
    let key = session.key()?;
    let client = session.connect().await?;
    let submitter = Submitter::new(client.clone(), key);
    let owner = submitter.account();
    let file = FileId(bytes);
    // Before a fee is paid for finding out.
    if client
        .at_finalized()
        .await?
        .deal(&file, &owner)
        .await?
        .is_none()
    {
        return Err(Failure::new(
            "not_found",
            format!(
                "{owner} has no deal over file {file}; `noema storage list` shows what there is"
            ),
        ));
    }
    let done = session
        .submit(&submitter, Call::Remove { file }, "remove the file")
        .await?;
    let refunded = done
        .event("Storage", "Removed")
        .and_then(|event| number(event.fields.get("refunded")?));
    let fee = fee_of(&done);
    let mut text = Fields::new().add("removed", file);
    if let Some(refunded) = refunded {
        text = text.add("refunded", Amount(refunded));
    }
    text = text
        .add("block", done.block.number)
        .add("transaction", done.tx);
    session.output.answer(&Answer::new(
        text.to_string(),
        json!({
            "file": file,
            "refunded": refunded.map(|amount| amount.to_string()),
            "fee": fee.map(|fee| fee.to_string()),
            "block": done.block,
            "tx": done.tx,
        }),
    ))
}

/// 32 bytes as people see them.
pub(super) fn hex0x(bytes: &[u8; 32]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn sized(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        _ => format!("{} ({bytes} bytes)", ByteSize(bytes)),
    }
}

/// How far a deal is, in one word.
pub(super) fn deal_word(deal: &Deal) -> &'static str {
    if deal.is_active() {
        "active"
    } else {
        "pending"
    }
}

/// What a deal is, for people.
pub(super) fn describe_deal(owner: &AccountId, deal: &Deal) -> Fields {
    let replicas = format!(
        "{} of {} proven ({}, needs {})",
        deal.held,
        deal.slots.len(),
        deal_word(deal),
        deal.quorum()
    );
    let mut text = Fields::new()
        .add("owner", owner)
        .add("replicas", replicas)
        .add("deposit", Amount(deal.deposit))
        .add("committed", format!("in block {}", deal.committed_at));
    for (number, slot) in deal.slots.iter().enumerate() {
        let line = match slot.state {
            SlotState::Drawing { draw_at } => {
                format!("provider drawn by the seed of block {draw_at}")
            }
            SlotState::Assigned { provider, ready_by } => {
                format!("assigned to {provider}, must have the file by block {ready_by}")
            }
            SlotState::Proving {
                provider, prove_by, ..
            } => {
                format!("{provider} has the file, must prove it by block {prove_by}")
            }
            SlotState::Held { provider, since } => {
                format!("held by {provider}, proven in block {since}")
            }
        };
        text = text.add(format!("slot {number}"), line);
    }
    text
}

/// What a deal is, for programs.
pub(super) fn deal_json(owner: &AccountId, deal: &Deal) -> Value {
    let slots: Vec<_> = deal
        .slots
        .iter()
        .zip(0_u8..)
        .map(|(slot, number)| {
            let mut json = json!(slot.state);
            if let Some(json) = json.as_object_mut() {
                json.insert("slot".into(), json!(number));
            }
            json
        })
        .collect();
    json!({
        "owner": owner,
        "root": hex0x(&deal.root),
        "size": deal.size,
        "replicas": deal.slots.len(),
        "held": deal.held,
        "quorum": deal.quorum(),
        "active": deal.is_active(),
        "deposit": deal.deposit.to_string(),
        "committed_at": deal.committed_at,
        "slots": slots,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use noema_chain_client::Slot;

    fn deal() -> Deal {
        let provider = AccountId([3; 32]);
        let states = [
            SlotState::Held { provider, since: 4 },
            SlotState::Drawing { draw_at: 9 },
            SlotState::Proving {
                provider,
                draw_at: 5,
                prove_by: 6,
            },
        ];
        Deal {
            root: [1; 32],
            size: 2048,
            deposit: crate::amount::NOEMA * 3 / 2,
            committed_at: 2,
            held: 1,
            slots: states
                .map(|state| Slot {
                    state,
                    token: 0,
                    passed_over: None,
                })
                .to_vec(),
        }
    }

    #[test]
    fn a_deal_in_json_carries_amounts_as_text_and_slots_by_number() {
        let json = deal_json(&AccountId([1; 32]), &deal());
        assert_eq!(json["deposit"], "1500000000000000000");
        assert_eq!(json["active"], false);
        assert_eq!(json["quorum"], 2);
        assert_eq!(json["slots"][0]["state"], "held");
        assert_eq!(json["slots"][0]["since"], 4);
        assert_eq!(json["slots"][2]["slot"], 2);
        assert_eq!(json["slots"][1]["draw_at"], 9);
    }

    #[test]
    fn a_deal_for_people_names_every_slot() {
        let text = describe_deal(&AccountId([1; 32]), &deal()).to_string();
        for part in [
            "1 of 3 proven (pending, needs 2)",
            "1.5 NOEMA",
            "slot 1",
            "block 9",
            "by block 6",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn sizes_show_bytes_as_well() {
        assert_eq!(sized(5), "5 bytes");
        assert_eq!(sized(2048), "2 KiB (2048 bytes)");
    }
}
