//! `noema upgrade`: another runtime for a running chain.

use std::path::Path;

use noema_chain_client::{Call, ChainClient, Finalized, Hash, Submitter};
use noema_commitment::{Hasher, Software};
use serde_json::{json, Value};

use crate::{
    amount::Size,
    args::upgrade::{Apply, Upgrade},
    failure::Failure,
    output::{Answer, Fields},
    progress::Shown,
    session::{confirm, Session},
    wasm::RuntimeCode,
};

/// How many finalised blocks the new runtime may take to come into force once it is applied. It is
/// one or two; more means that something else happened.
const FORCE_BLOCKS: u32 = 30;

pub(crate) async fn run(session: &Session, command: &Upgrade) -> Result<(), Failure> {
    match command {
        Upgrade::Apply(apply) => run_apply(session, apply).await,
    }
}

async fn run_apply(session: &Session, apply: &Apply) -> Result<(), Failure> {
    let code = read(&apply.wasm)?;
    let version = code
        .version()
        .map_err(|e| Failure::usage(format!("{} is no runtime: {e}", apply.wasm.display())))?;
    let bytes = code.into_bytes();
    let hash = Hash(Software::blake2_256(&bytes));
    let key = session.key()?;
    let client = session.connect().await?;

    let state = client.at_finalized().await?;
    let old = state.spec_version();
    if version.spec_version <= old {
        return Err(Failure::new(
            "not_newer",
            format!(
                "the chain runs version {old}; the new runtime has version {}, which must be higher",
                version.spec_version
            ),
        )
        .with(json!({ "from": old, "to": version.spec_version })));
    }

    session.output.note(format_args!(
        "{} {} -> {} ({}, hash {hash})",
        version.spec_name,
        old,
        version.spec_version,
        Size(bytes.len() as u64)
    ));
    if !apply.yes && !session.output.is_json() {
        match confirm("Replace the chain's runtime?") {
            Some(true) => {}
            Some(false) => return Err(Failure::interrupted()),
            None => {
                return Err(Failure::usage(
                    "there is no terminal to confirm at: add --yes",
                ))
            }
        }
    }

    let submitter = Submitter::new(client.clone(), key);
    let authorize = Call::AuthorizeUpgrade { code_hash: hash }.sudo();
    let authorized = session
        .submit(&submitter, authorize, "authorise the runtime")
        .await?;
    check_sudo(&authorized)?;
    let call = Call::ApplyAuthorizedUpgrade { code: bytes };
    let applied = session
        .submit(&submitter, call, "apply the runtime")
        .await?;
    check_applied(&applied)?;
    let (new, at) = wait_for(session, &client, old, applied.block.number).await?;

    let text = Fields::new()
        .add("runtime", format!("{old} -> {new}"))
        .add("code hash", hash)
        .add(
            "authorised",
            format!("in block {}", authorized.block.number),
        )
        .add("applied", format!("in block {}", applied.block.number))
        .add("in force", format!("seen in block {at}"));
    session.output.answer(&Answer::new(
        text.to_string(),
        json!({
            "from": old,
            "to": new,
            "spec_name": version.spec_name,
            "code_hash": hash,
            "authorized": { "block": authorized.block, "tx": authorized.tx },
            "applied": { "block": applied.block, "tx": applied.tx },
            "in_force_at": at,
        }),
    ))
}

fn read(path: &Path) -> Result<RuntimeCode, Failure> {
    let bytes = std::fs::read(path).map_err(|e| Failure::io("read", path, &e))?;
    RuntimeCode::new(bytes)
        .map_err(|e| Failure::usage(format!("{} is no runtime: {e}", path.display())))
}

/// A call by sudo succeeds even when the call within it fails; the event tells.
fn check_sudo(done: &Finalized) -> Result<(), Failure> {
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

/// Waits until finalised state is made by another runtime than `old`. Returns its version and the
/// first block seen with it.
async fn wait_for(
    session: &Session,
    client: &ChainClient,
    old: u32,
    applied: u32,
) -> Result<(u32, u32), Failure> {
    let line = Shown::waiting(
        &session.output,
        "waiting for the new runtime to come into force",
    );
    let mut heads = client.finalized_heads();
    heads.mark_changed();
    loop {
        heads
            .changed()
            .await
            .map_err(|_| Failure::new("chain", "the connection is closed"))?;
        let head = *heads.borrow_and_update();
        line.say(format!(
            "block {}: waiting for the new runtime to come into force",
            head.number
        ));
        // The node may be between two connections; the next head brings another chance.
        let Ok(state) = client.at(head.block()).await else {
            continue;
        };
        let now = state.spec_version();
        if now != old {
            return Ok((now, head.number));
        }
        if head.number > applied.saturating_add(FORCE_BLOCKS) {
            return Err(Failure::new(
                "not_in_force",
                format!(
                    "the runtime was applied in block {applied}, but block {} still runs version {old}",
                    head.number
                ),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use noema_chain_client::BlockRef;

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
}
