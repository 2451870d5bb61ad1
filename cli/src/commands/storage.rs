//! `noema storage`: what there is, and what goes.

use noema_storage::ByteSize;
use std::{path::Path, time::Duration};

use futures::future::join_all;
use noema_chain_client::{AccountId, Call, Deal, FileId, Lease, StateAt, Submitter};
use noema_storage::client::{ClientOptions, FileRef, FileStatus, StorageClient};
use serde_json::{json, Value};

use super::{
    storage_deal::{deal_json, deal_word, describe_deal, hex0x},
    storage_lease,
};
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
        Storage::Renew(renew) => storage_lease::renew(session, &renew).await,
        Storage::TopUp(top_up) => storage_lease::top_up(session, &top_up).await,
        Storage::Offer(offer) => storage_lease::offer(session, &offer).await,
        Storage::Accept(accept) => storage_lease::accept(session, &accept).await,
        Storage::Expire(expire) => storage_lease::expire(session, &expire).await,
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
    let round = state.audit_round().await?.map_or(0, |round| round.index);
    let mut leases = Vec::new();
    for (owner, deal) in &found.deals {
        let lease = state.lease(&file.file, owner).await?;
        text.push('\n');
        let mut fields = describe_deal(owner, deal);
        if let Some(lease) = &lease {
            fields = storage_lease::describe(fields, lease, round);
        }
        text.push_str(&fields.to_string());
        leases.push(lease);
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
        .zip(&leases)
        .map(|((owner, deal), lease)| with_lease(deal_json(owner, deal), lease.as_ref()))
        .collect();
    session.output.answer(&Answer::new(
        text,
        json!({
            "file": file.file,
            "root": hex0x(&file.root),
            "size": file.size(),
            "deals": deals,
            "daemons": daemons,
            "round": round,
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
    let deals = deals_of(&state, &owner).await?;
    let mut table = Table::new(&["id", "size", "replicas", "state", "lease", "deposit"]);
    for (file, deal, lease) in &deals {
        let ends = lease.as_ref().map_or_else(String::new, |lease| {
            format!("{} to {}", lease.status.name(), lease.end)
        });
        table.row(vec![
            file.to_string(),
            ByteSize(deal.size).to_string(),
            format!("{} of {}", deal.held, deal.slots.len()),
            deal_word(deal).to_owned(),
            ends,
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
        .map(|(file, deal, lease)| {
            let mut json = with_lease(deal_json(&owner, deal), lease.as_ref());
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

/// An account's deals with their leases, the oldest first.
async fn deals_of(
    state: &StateAt,
    owner: &AccountId,
) -> Result<Vec<(FileId, Deal, Option<Lease>)>, Failure> {
    let mut deals = Vec::new();
    for file in state.deals_of(owner).await? {
        if let Some(deal) = state.deal(&file, owner).await? {
            let lease = state.lease(&file, owner).await?;
            deals.push((file, deal, lease));
        }
    }
    deals.sort_by_key(|(_, deal, _)| deal.committed_at);
    Ok(deals)
}

fn with_lease(mut deal: Value, lease: Option<&Lease>) -> Value {
    if let Some(deal) = deal.as_object_mut() {
        deal.insert("lease".into(), json!(lease.map(storage_lease::as_json)));
    }
    deal
}

async fn remove(session: &Session, Id(bytes): Id) -> Result<(), Failure> {
    let key = session.key()?;
    let client = session.connect().await?;
    let submitter = Submitter::new(client.clone(), key);
    let owner = submitter.account();
    let file = FileId(bytes);
    // Before a fee is paid for finding out.
    let deal = client.at_finalized().await?.deal(&file, &owner).await?;
    let deal = deal.ok_or_else(|| {
        Failure::new(
            "not_found",
            format!(
                "{owner} has no deal over file {file}; `noema storage list` shows what there is"
            ),
        )
    })?;
    let replicas = deal.replicas();
    let call = Call::Remove { file, replicas };
    let done = session.submit(&submitter, call, "remove the file").await?;
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

fn sized(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        _ => format!("{} ({bytes} bytes)", ByteSize(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_show_bytes_as_well() {
        assert_eq!(sized(5), "5 bytes");
        assert_eq!(sized(2048), "2 KiB (2048 bytes)");
    }
}
