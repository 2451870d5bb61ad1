//! `noema upgrade apply`: the code of an authorised upgrade handed in.

use noema_storage::ByteSize;
use std::time::Duration;

use noema_chain_client::{BlockRef, Call, ChainClient, Finalized, StateAt, SubmitError};
use serde_json::{json, Value};

use super::{
    code::Candidate,
    fitness::{Chain, Fitness},
    propose::agree,
    standing::{Migration, Standing, MIGRATIONS},
};
use crate::{
    args::upgrade::Apply,
    failure::Failure,
    output::{Answer, Fields},
    progress::Shown,
    session::Session,
};

/// How many finalised blocks the new runtime may take to come into force once it is applied. It is
/// one or two; more means that something else happened.
const FORCE_BLOCKS: u32 = 30;
/// How long the transaction may take to be final.
const PATIENCE: Duration = Duration::from_secs(180);

pub(super) async fn run(session: &Session, apply: &Apply) -> Result<(), Failure> {
    let candidate = Candidate::read(&apply.wasm)?;
    let client = session.connect().await?;
    let state = client.at_finalized().await?;
    let before = Standing::read(&state).await?;
    let (old, new) = (before.spec_version, candidate.version.spec_version);
    let hash = candidate.hash;

    let is_pending = |standing: &Standing| {
        standing
            .pending
            .as_ref()
            .is_some_and(|pending| pending.code_hash == hash)
    };
    let mut applied = Value::Null;
    let mut applied_in = before.block;
    if state.raw(b":code").await?.as_deref() == Some(candidate.code.bytes()) {
        session
            .output
            .note(format_args!("version {new} is in force already"));
    } else if is_pending(&before) {
        session
            .output
            .note(format_args!("version {new} was handed in already"));
    } else {
        may_be_applied(&before, &candidate)?;
        if let Some(failure) = Fitness::of(&candidate, &Chain::read(&state).await?)?.failure() {
            return Err(failure);
        }
        session.output.note(format_args!(
            "{} {old} -> {new} ({}, hash {hash})",
            candidate.version.spec_name,
            ByteSize(candidate.size()),
        ));
        agree(session, apply.yes, "Replace the chain's runtime?")?;
        let code = candidate.code.bytes().to_vec();
        let call = Call::ApplyAuthorizedUpgrade { code };
        let waiting = Shown::waiting(&session.output, "apply the runtime: waiting for finality");
        let done = client.submit_unsigned(&call, PATIENCE).await;
        drop(waiting);
        match done {
            Ok(done) => {
                check_applied(&done)?;
                applied = json!({ "block": done.block, "tx": done.tx });
                applied_in = done.block.number;
            }
            Err(error) => {
                // Somebody else may have been quicker.
                let now = Standing::read(&client.at_finalized().await?).await?;
                if !is_pending(&now) && now.spec_version != new {
                    return Err(refused(error));
                }
                applied_in = now.block;
            }
        }
    }
    let at = wait_for(session, &client, new, applied_in).await?;
    let done_at = wait_for_migrations(session, &client, applied_in).await?;
    let safe_mode_until = Standing::read(&client.at_finalized().await?)
        .await?
        .safe_mode_until;

    let mut text = Fields::new()
        .add("runtime", format!("{old} -> {new}"))
        .add("code hash", hash);
    if !applied.is_null() {
        text = text.add("applied", format!("in block {applied_in}"));
    }
    text = text.add("in force", format!("seen in block {at}"));
    if done_at > at {
        text = text.add("migrated", format!("seen in block {done_at}"));
    }
    if safe_mode_until.is_some() {
        text = text.add("safe mode", "ON: see noema upgrade status");
    }
    session.output.answer(&Answer::new(
        text.to_string(),
        json!({
            "from": old,
            "to": new,
            "spec_name": candidate.version.spec_name,
            "code_hash": hash,
            "applied": applied,
            "in_force_at": at,
            "migrated_at": done_at,
            "safe_mode_until": safe_mode_until,
        }),
    ))
}

/// Whether the chain would take the code now.
fn may_be_applied(standing: &Standing, candidate: &Candidate) -> Result<(), Failure> {
    match standing.migration {
        Migration::None => {}
        Migration::Running { index } => {
            return Err(Failure::new(
                "migrating",
                format!("migration {index} of the last upgrade is under way, while which the chain takes no other: wait for its end (noema upgrade status)"),
            ));
        }
        Migration::Stuck => {
            return Err(Failure::new(
                "stuck",
                "a migration of the last upgrade is stuck: governance has to repair it first",
            ));
        }
    }
    match standing.authorized {
        Some(hash) if hash == candidate.hash => Ok(()),
        Some(other) => Err(Failure::new(
            "not_authorized",
            format!(
                "the code has hash {}, but the chain authorised {other}: it takes the very same bytes only",
                candidate.hash
            ),
        )
        .with(json!({ "code_hash": candidate.hash, "authorized": other }))),
        None => Err(Failure::new(
            "not_authorized",
            format!(
                "the chain has not authorised any upgrade: noema upgrade propose brings {} before those who decide",
                candidate.hash
            ),
        )
        .with(json!({ "code_hash": candidate.hash }))),
    }
}

fn refused(error: SubmitError) -> Failure {
    Failure::from(error).while_doing("cannot apply the runtime")
}

/// A call by sudo succeeds even when the call within it fails; the event tells.
pub(super) fn check_sudo(done: &Finalized) -> Result<(), Failure> {
    match done
        .event("Sudo", "Sudid")
        .and_then(|event| failure_in(&event.fields))
    {
        Some(why) => Err(Failure::new(
            "refused",
            format!("the chain refuses to authorise the runtime: {why}"),
        )
        .with(json!({ "block": done.block, "tx": done.tx }))),
        None => Ok(()),
    }
}

/// The `Err` in the result that an event carries.
fn failure_in(fields: &Value) -> Option<String> {
    match fields {
        Value::Object(map) => map.iter().find_map(|(name, value)| {
            if name == "Err" {
                Some(value.to_string())
            } else {
                failure_in(value)
            }
        }),
        Value::Array(values) => values.iter().find_map(failure_in),
        _ => None,
    }
}

/// An invalid runtime is taken and thrown away without an error; the event tells.
fn check_applied(done: &Finalized) -> Result<(), Failure> {
    let rejected = done.event("System", "RejectedInvalidAuthorizedUpgrade");
    match rejected {
        Some(event) => Err(Failure::new(
            "refused",
            format!("the chain refuses the runtime: {}", event.fields),
        )
        .with(json!({ "block": done.block, "tx": done.tx }))),
        None => Ok(()),
    }
}

/// Waits until finalised state is made by version `new`. Returns the first block seen with it.
async fn wait_for(
    session: &Session,
    client: &ChainClient,
    new: u32,
    applied: u32,
) -> Result<u32, Failure> {
    let what = "waiting for the new runtime to come into force";
    let line = Shown::waiting(&session.output, what);
    let mut heads = client.finalized_heads();
    heads.mark_changed();
    loop {
        heads.changed().await.map_err(|_| closed())?;
        let head = *heads.borrow_and_update();
        line.say(format!("block {}: {what}", head.number));
        // The node may be between two connections; the next head brings another chance.
        let Ok(state) = client.at(head.block()).await else {
            continue;
        };
        let now = state.spec_version();
        if now == new {
            return Ok(head.number);
        }
        if head.number > applied.saturating_add(FORCE_BLOCKS) {
            return Err(Failure::new(
                "not_in_force",
                format!(
                    "the runtime was applied in block {applied}, but block {} runs version {now}",
                    head.number
                ),
            ));
        }
    }
}

/// Waits until the migrations of the new runtime are done. Returns the block that was seen without any.
///
/// The state after the first block of the new runtime is the first that shows whether there are any. A migration that failed may leave no
/// trace in the state, since the chain is to take the upgrade that repairs it; the events since block `applied` tell.
async fn wait_for_migrations(
    session: &Session,
    client: &ChainClient,
    applied: u32,
) -> Result<u32, Failure> {
    let line = Shown::waiting(&session.output, "waiting for its migrations");
    let first = client.finalized().number;
    let mut heads = client.finalized_heads();
    let mut unread = applied;
    loop {
        heads.changed().await.map_err(|_| closed())?;
        let head = *heads.borrow_and_update();
        let Ok(state) = client.at(head.block()).await else {
            continue;
        };
        while unread <= head.number {
            if has_failed(client, unread).await? {
                return Err(failed_migration(&state, unread).await?);
            }
            unread = unread.saturating_add(1);
        }
        match Standing::read(&state).await?.migration {
            Migration::None if head.number > first.saturating_add(1) => return Ok(head.number),
            Migration::None => {}
            Migration::Running { index } => line.say(format!(
                "block {}: migration {index} is under way",
                head.number
            )),
            Migration::Stuck => return Err(failed_migration(&state, head.number).await?),
        }
    }
}

/// Whether a migration failed in the block.
async fn has_failed(client: &ChainClient, number: u32) -> Result<bool, Failure> {
    let Some(hash) = client.block_hash(number).await? else {
        return Ok(false);
    };
    let events = client.events(BlockRef { number, hash }).await?;
    Ok(events
        .iter()
        .any(|event| event.is(MIGRATIONS, "UpgradeFailed")))
}

/// What is said of a migration that failed in block `number`.
async fn failed_migration(state: &StateAt, number: u32) -> Result<Failure, Failure> {
    let standing = Standing::read(state).await?;
    let now = match (standing.safe_mode_until, standing.migration) {
        (Some(_), _) => {
            "The chain is in safe mode and takes only what repairs it: authorise a repaired runtime of a higher version and apply it, then root \
             leaves safe mode (SafeMode.force_exit)"
        }
        (None, Migration::Stuck) => {
            "The chain is stuck with it and takes no transactions: its nodes need another code for this version"
        }
        (None, _) => "Governance has to repair it",
    };
    Ok(Failure::new(
        "migration_failed",
        format!("the new runtime is in force, but a migration failed in block {number}. {now}"),
    )
    .with(json!({ "failed_in": number, "safe_mode_until": standing.safe_mode_until })))
}

fn closed() -> Failure {
    Failure::new("chain", "the connection is closed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use noema_chain_client::{BlockRef, Hash};

    use crate::wasm::{testing::module, RuntimeCode};

    #[test]
    fn a_failure_within_sudo_is_found() {
        assert_eq!(failure_in(&json!({ "sudo_result": { "Ok": [] } })), None);
        let failed = json!({ "sudo_result": { "Err": { "BadOrigin": [] } } });
        assert_eq!(failure_in(&failed).as_deref(), Some(r#"{"BadOrigin":[]}"#));
    }

    #[test]
    fn a_rejected_runtime_is_an_error() {
        let done = |name: &str| Finalized {
            block: BlockRef {
                number: 1,
                hash: Hash([0; 32]),
            },
            tx: Hash([1; 32]),
            events: vec![noema_chain_client::ChainEvent {
                pallet: "System".into(),
                name: name.into(),
                fields: json!({ "error": "SpecVersionNeedsToIncrease" }),
            }],
        };
        assert!(check_applied(&done("CodeUpdated")).is_ok());
        let failure = check_applied(&done("RejectedInvalidAuthorizedUpgrade")).unwrap_err();
        assert!(failure.to_string().contains("SpecVersionNeedsToIncrease"));
    }

    #[test]
    fn code_is_handed_in_only_when_it_is_authorised_and_nothing_migrates() {
        let code = RuntimeCode::new(module(7)).unwrap();
        let candidate = Candidate {
            version: code.version().unwrap(),
            hash: Hash([7; 32]),
            code,
        };
        let answer = |authorized, migration| {
            let standing = Standing {
                block: 1,
                spec_version: 6,
                authorized,
                pending: None,
                migration,
                safe_mode_until: None,
            };
            may_be_applied(&standing, &candidate).map_err(|failure| failure.code())
        };
        assert_eq!(answer(Some(Hash([7; 32])), Migration::None), Ok(()));
        assert_eq!(
            answer(Some(Hash([8; 32])), Migration::None),
            Err("not_authorized")
        );
        assert_eq!(answer(None, Migration::None), Err("not_authorized"));
        let running = Migration::Running { index: 0 };
        assert_eq!(answer(Some(Hash([7; 32])), running), Err("migrating"));
        assert_eq!(answer(Some(Hash([7; 32])), Migration::Stuck), Err("stuck"));
    }
}
