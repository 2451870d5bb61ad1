//! `noema upgrade check`: an upgrade rehearsed before it is proposed.

use noema_storage::ByteSize;
use std::{path::Path, process::Stdio};

use noema_local_net::Binaries;
use serde_json::{json, Value};
use tokio::process::Command;

use super::{
    code::Candidate,
    fitness::{Chain, Fitness},
};
use crate::{
    args::upgrade::{Check, Rehearsal},
    failure::Failure,
    output::{Answer, Fields},
    session::Session,
};

/// What a check found.
pub(super) struct Checked {
    pub(super) passed: bool,
    text: String,
    json: Value,
}

pub(super) async fn run(session: &Session, check: &Check) -> Result<(), Failure> {
    let candidate = Candidate::read(&check.wasm)?;
    let checked = check_all(session, &check.wasm, &candidate, &check.rehearsal).await?;
    session.output.answer(&checked.answer())?;
    checked.verdict()
}

impl Checked {
    pub(super) fn answer(&self) -> Answer {
        Answer::new(self.text.clone(), self.json.clone())
    }

    pub(super) fn verdict(&self) -> Result<(), Failure> {
        if self.passed {
            return Ok(());
        }
        Err(Failure::new(
            "not_passed",
            "the upgrade does not pass the check",
        ))
    }
}

/// Compares the code with the chain and, unless that fails, rehearses the upgrade.
pub(super) async fn check_all(
    session: &Session,
    wasm: &Path,
    candidate: &Candidate,
    rehearsal: &Rehearsal,
) -> Result<Checked, Failure> {
    let client = session.connect().await?;
    let chain = Chain::read(&client.at_finalized().await?).await?;
    let fitness = Fitness::of(candidate, &chain)?;
    let version = &candidate.version;
    let mut text = String::new();
    for finding in &fitness.warnings {
        text.push_str(&format!("WARNING     {}\n", finding.message));
    }
    for finding in &fitness.errors {
        text.push_str(&format!("ERROR       {}\n", finding.message));
    }
    let mut json = json!({
        "code_hash": candidate.hash,
        "size": candidate.size(),
        "from": chain.spec_version,
        "to": version.spec_version,
        "code": fitness,
        "rehearsal": Value::Null,
        "passed": false,
    });
    let strictly = rehearsal.strict && !fitness.warnings.is_empty();
    if !fitness.errors.is_empty() || strictly {
        let about = Fields::new()
            .add("code hash ", candidate.hash)
            .add("size", ByteSize(candidate.size()))
            .add(
                "runtime",
                format!(
                    "{} {} -> {} {}",
                    chain.spec_name, chain.spec_version, version.spec_name, version.spec_version
                ),
            );
        let text = format!("{about}{text}result      FAILED, without a rehearsal\n");
        return Ok(Checked {
            passed: false,
            text,
            json,
        });
    }
    let rehearsed = rehearse(session, client.url(), wasm, rehearsal).await?;
    if let Some(object) = json.as_object_mut() {
        object.insert("passed".into(), rehearsed.passed.into());
        object.insert("rehearsal".into(), rehearsed.json);
    }
    text.push_str(&rehearsed.text);
    Ok(Checked {
        passed: rehearsed.passed,
        text,
        json,
    })
}

/// Has the client rehearse the upgrade: it has the executor and the host functions, which this program has not.
async fn rehearse(
    session: &Session,
    url: &str,
    wasm: &Path,
    rehearsal: &Rehearsal,
) -> Result<Checked, Failure> {
    let node = Binaries::locate_node().map_err(|e| {
        Failure::new(
            "no_client",
            format!("the upgrade cannot be rehearsed, so that nothing is said about its migrations: {e}"),
        )
    })?;
    let is_json = session.output.is_json();
    let mut command = Command::new(&node);
    command.arg("check-upgrade").arg("--runtime").arg(wasm);
    match &rehearsal.snapshot {
        Some(file) => command.arg("--snapshot").arg(file),
        None => command.arg("--state").arg(url),
    };
    let files = [
        ("--try-runtime", &rehearsal.try_runtime),
        ("--write-snapshot", &rehearsal.write_snapshot),
    ];
    for (flag, file) in files {
        if let Some(file) = file {
            command.arg(flag).arg(file);
        }
    }
    if let Some(blocks) = rehearsal.max_blocks {
        command.arg("--max-blocks").arg(blocks.to_string());
    }
    for (flag, wanted) in [("--strict", rehearsal.strict), ("--json", is_json)] {
        if wanted {
            command.arg(flag);
        }
    }
    let output = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // Its progress is for people; programs get its last words if it fails.
        .stderr(if is_json {
            Stdio::piped()
        } else {
            Stdio::inherit()
        })
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|e| Failure::io("run", &node, &e))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let report = if is_json {
        serde_json::from_str::<Value>(&text).ok()
    } else {
        text.lines()
            .any(|line| line.starts_with("result "))
            .then_some(Value::Null)
    };
    let Some(report) = report else {
        let words = String::from_utf8_lossy(&output.stderr);
        let last = words.lines().last().unwrap_or("its own words say why");
        return Err(Failure::new(
            "not_checked",
            format!("the upgrade could not be rehearsed: {last}"),
        ));
    };
    Ok(Checked {
        passed: output.status.success(),
        text,
        json: report,
    })
}
