//! `noema upgrade status`: where upgrades stand.

use std::path::Path;

use noema_chain_client::{Hash, StateAt};
use serde_json::{json, Value};

use super::{
    code::Candidate,
    standing::{Calls, Migration, Referendum, Standing, Way},
};
use crate::{
    args::upgrade::Status,
    failure::Failure,
    output::{Answer, Fields},
    session::Session,
};

/// Which upgrade is asked about.
enum Which {
    Code(Hash),
    Referendum(u32),
    /// What the chain is about to do.
    Any,
}

pub(super) async fn run(session: &Session, command: &Status) -> Result<(), Failure> {
    let which = which(command.which.as_deref())?;
    let client = session.connect().await?;
    let state = client.at_finalized().await?;
    let standing = Standing::read(&state).await?;
    let fields = describe(&standing);
    let mut json = json!(standing);
    let mut add = |name: &str, value: Value| {
        if let Some(object) = json.as_object_mut() {
            object.insert(name.to_owned(), value);
        }
    };
    let fields = match which {
        Which::Any => fields,
        Which::Code(hash) => {
            add("code_hash", json!(hash));
            let fields = fields.add("code", hash);
            if standing.authorized == Some(hash) {
                // What led to it may be gone from the state.
                fields.add("decided", "yes: noema upgrade apply hands it in")
            } else {
                governed(&state, hash, fields, &mut add).await?
            }
        }
        Which::Referendum(index) => {
            if !state.has_pallet("Referenda") {
                return Err(Failure::new("no_governance", "this chain has no referenda"));
            }
            let referendum = Referendum::read(&state, index).await?.ok_or_else(|| {
                Failure::new("not_found", format!("there is no referendum {index}"))
            })?;
            add("referendum", json!(referendum));
            fields.add("referendum", referendum.in_words(standing.block))
        }
    };
    session
        .output
        .answer(&Answer::new(fields.to_string(), json))
}

fn which(text: Option<&str>) -> Result<Which, Failure> {
    let Some(text) = text else {
        return Ok(Which::Any);
    };
    if let Ok(index) = text.parse() {
        return Ok(Which::Referendum(index));
    }
    if let Ok(hash) = text.parse() {
        return Ok(Which::Code(hash));
    }
    let path = Path::new(text);
    if path.is_file() {
        return Ok(Which::Code(Candidate::read(path)?.hash));
    }
    Err(Failure::usage(format!(
        "{text:?} is neither a hash, nor a file, nor the number of a referendum"
    )))
}

fn describe(standing: &Standing) -> Fields {
    let none = || "none".to_owned();
    let fields = Fields::new()
        .add("block", standing.block)
        .add("runtime", standing.spec_version)
        .add(
            "authorised",
            standing
                .authorized
                .map_or_else(none, |hash| hash.to_string()),
        )
        .add(
            "pending",
            standing.pending.as_ref().map_or_else(none, |pending| {
                let after = pending.in_force_after.map_or_else(String::new, |after| {
                    format!(", in force after block {after}")
                });
                format!("{}{after}", pending.code_hash)
            }),
        )
        .add(
            "migration",
            match standing.migration {
                Migration::None => none(),
                Migration::Running { index } => format!("number {index} is under way"),
                Migration::Stuck => "STUCK: governance has to repair it".to_owned(),
            },
        );
    match standing.safe_mode_until {
        None => fields,
        Some(u32::MAX) => fields.add("safe mode", "ON, until root leaves it"),
        Some(until) => fields.add("safe mode", format_args!("ON, until block {until}")),
    }
}

/// Adds what governance did for the code with this hash, on a chain that has referenda.
async fn governed(
    state: &StateAt,
    hash: Hash,
    fields: Fields,
    add: &mut impl FnMut(&str, Value),
) -> Result<Fields, Failure> {
    if !state.has_pallet("Referenda") {
        return Ok(fields);
    }
    let calls = Calls::new(state, hash)?;
    let way = Way::read(state, &calls).await?;
    add("way", json!(way));
    let yes = |yes: bool| if yes { "yes" } else { "no" };
    let committee = way.committee.as_ref().map_or_else(
        || "no vote under way".to_owned(),
        |vote| {
            format!(
                "vote {}: {} of {} ayes, {} nays",
                vote.index,
                vote.ayes.len(),
                vote.threshold,
                vote.nays.len()
            )
        },
    );
    Ok(fields
        .add("preimage", yes(way.preimage))
        .add("whitelisted", yes(way.whitelisted))
        .add("committee", committee)
        .add(
            "referendum",
            way.referendum.as_ref().map_or_else(
                || "none under way".to_owned(),
                |referendum| referendum.in_words(state.block().number),
            ),
        ))
}
