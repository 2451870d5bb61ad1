//! What became of the files: for people a summary with what failed, for programs all of them.

use std::{path::Path, time::Duration};

use noema_chain_client::{AccountId, Balance, FileId};
use noema_storage::ByteSize;
use serde_json::{json, Value};

use super::item::{Item, Stage, Unread};
use crate::{
    amount::Amount,
    commands::storage_deal::{deal_word, hex0x},
    failure::Failure,
    output::{Answer, Fields},
};

/// How many failures a person is told of; programs get all.
const TOLD: usize = 50;

/// What was spent on all of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spent {
    /// Transactions that committed to files.
    pub(super) batches: usize,
    /// Their fees, as far as they are known.
    pub(super) fees: Balance,
    /// Since the beginning.
    pub(super) took: Duration,
}

/// One name of a file, and what became of it.
struct Row {
    path: String,
    size: u64,
    error: Option<String>,
    json: Value,
}

/// Everything that there is to say.
pub(super) struct Report {
    rows: Vec<Row>,
    totals: Totals,
}

#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    files: usize,
    stored: usize,
    duplicates: usize,
    committed: usize,
    bytes: u64,
    spent: Spent,
}

impl Report {
    /// Of these files, all of which are stored or failed.
    pub(super) fn new(items: &[Item], unread: &[Unread], owner: AccountId, spent: Spent) -> Self {
        let mut rows = Vec::new();
        let mut totals = Totals {
            spent,
            ..Totals::default()
        };
        for item in items {
            let first = item.known.source.path();
            rows.push(row(item, first, None, owner));
            for path in &item.also {
                rows.push(row(item, path, Some(first), owner));
            }
            totals.duplicates = totals.duplicates.saturating_add(item.also.len());
            let committed = usize::from(item.committed_in.is_some());
            totals.committed = totals.committed.saturating_add(committed);
        }
        rows.extend(unread.iter().map(unread_row));
        totals.files = rows.len();
        totals.stored = rows.iter().filter(|row| row.error.is_none()).count();
        totals.bytes = rows
            .iter()
            .fold(0, |sum: u64, row| sum.saturating_add(row.size));
        Self { rows, totals }
    }

    /// The failure to end with, if any file failed.
    pub(super) fn failure(&self) -> Option<Failure> {
        let failed = self.totals.failed();
        (failed > 0).then(|| {
            Failure::new(
                "some_failed",
                format!(
                    "{failed} of {} files are not stored; what is committed stays, run the command again to go on",
                    self.totals.files
                ),
            )
            .with(json!({ "failed": failed, "files": self.totals.files }))
        })
    }

    pub(super) fn answer(&self) -> Answer {
        let files: Vec<_> = self.rows.iter().map(|row| row.json.clone()).collect();
        let totals = &self.totals;
        let json = json!({
            "files": files,
            "totals": {
                "files": totals.files,
                "stored": totals.stored,
                "failed": totals.failed(),
                "duplicates": totals.duplicates,
                "committed": totals.committed,
                "batches": totals.spent.batches,
                "fees": totals.spent.fees.to_string(),
                "bytes": totals.bytes,
                "seconds": totals.seconds(),
                "files_per_second": totals.per_second(),
            },
        });
        Answer::new(self.text(), json)
    }

    fn text(&self) -> String {
        let totals = &self.totals;
        let mut text = Fields::new()
            .add(
                "files",
                format!("{} stored, {} failed", totals.stored, totals.failed()),
            )
            .add("size", ByteSize(totals.bytes))
            .add(
                "committed",
                format!(
                    "{} in {} transactions, fees {}",
                    totals.committed,
                    totals.spent.batches,
                    Amount(totals.spent.fees)
                ),
            )
            .add("duplicates", totals.duplicates)
            .add(
                "took",
                format!(
                    "{:.1} s, {:.1} files a second",
                    totals.seconds(),
                    totals.per_second()
                ),
            )
            .to_string();
        let failed = self.rows.iter().filter_map(|row| {
            let error = row.error.as_ref()?;
            Some(format!("failed: {}: {error}\n", row.path))
        });
        text.extend(failed.take(TOLD));
        let more = totals.failed().saturating_sub(TOLD);
        if more > 0 {
            text.push_str(&format!("and {more} more; --json tells all\n"));
        }
        text
    }
}

impl Totals {
    fn failed(&self) -> usize {
        self.files.saturating_sub(self.stored)
    }

    fn seconds(&self) -> f64 {
        self.spent.took.as_secs_f64()
    }

    fn per_second(&self) -> f64 {
        match self.seconds() {
            seconds if seconds > 0.0 => self.stored as f64 / seconds,
            _ => 0.0,
        }
    }
}

fn row(item: &Item, path: &Path, duplicate_of: Option<&Path>, owner: AccountId) -> Row {
    let file = item.file();
    let failure = match &item.stage {
        Stage::Failed(failure) => Some(failure),
        _ => None,
    };
    let state = match (failure, &item.deal) {
        (Some(_), _) => "failed",
        (None, Some(deal)) => deal_word(deal),
        (None, None) => "pending",
    };
    let json = json!({
        "path": path.display().to_string(),
        "id": file.file,
        "root": hex0x(&file.root),
        "size": file.size(),
        "owner": owner,
        "state": state,
        "error": failure.map(error_json),
        "duplicate_of": duplicate_of.map(|first| first.display().to_string()),
        "already_committed": item.committed_in.is_none() && item.deal.is_some(),
        "committed_in": item.committed_in,
        "held": item.deal.as_ref().map(|deal| deal.held),
        "replicas": item.deal.as_ref().map(|deal| deal.slots.len()),
        "uploaded_to": item.uploaded.as_ref().map(|peer| peer.provider),
    });
    Row {
        path: path.display().to_string(),
        size: file.size(),
        error: failure.map(ToString::to_string),
        json,
    }
}

fn unread_row(unread: &Unread) -> Row {
    let path = unread.path.display().to_string();
    let json = json!({
        "path": path,
        "id": None::<FileId>,
        "root": None::<String>,
        "size": unread.size,
        "state": "failed",
        "error": error_json(&unread.failure),
    });
    Row {
        path,
        size: unread.size,
        error: Some(unread.failure.to_string()),
        json,
    }
}

fn error_json(failure: &Failure) -> Value {
    let mut json = failure.to_json();
    json.get_mut("error").map_or(Value::Null, Value::take)
}

#[cfg(test)]
mod tests {
    use super::{super::item::tests::item, *};

    fn report(count_failed: usize) -> Report {
        let dir = tempfile::tempdir().unwrap();
        let mut first = item(dir.path(), "first", "some bytes");
        first.stage = Stage::Stored;
        first.committed_in = Some(7);
        first.also.push("other".into());
        let mut items = vec![first];
        for n in 0..count_failed {
            let mut failed = item(dir.path(), &format!("f{n}"), &format!("content {n}"));
            failed.fail(Failure::new("upload_failed", "nobody took it"));
            items.push(failed);
        }
        let unread = [Unread {
            path: "changed".into(),
            size: 3,
            failure: Failure::new("file_changed", "it changed"),
        }];
        let spent = Spent {
            batches: 1,
            fees: 5,
            took: Duration::from_secs(2),
        };
        let unread = if count_failed == 0 { &[][..] } else { &unread };
        Report::new(&items, unread, AccountId([1; 32]), spent)
    }

    #[test]
    fn every_name_has_its_result_and_totals_count_them() {
        let report = report(1);
        let answer = report.answer();
        let files = answer.json()["files"].as_array().unwrap();
        assert_eq!(files.len(), 4);
        assert_eq!(files[0]["error"], Value::Null);
        assert_eq!(files[1]["path"], "other");
        assert_eq!(files[1]["id"], files[0]["id"]);
        assert_eq!(files[1]["duplicate_of"], files[0]["path"]);
        assert_eq!(files[2]["state"], "failed");
        assert_eq!(files[2]["error"]["code"], "upload_failed");
        assert_eq!(files[3]["error"]["code"], "file_changed");
        assert_eq!(files[3]["id"], Value::Null);
        let totals = &answer.json()["totals"];
        assert_eq!(totals["files"], 4);
        assert_eq!(totals["stored"], 2);
        assert_eq!(totals["failed"], 2);
        assert_eq!(totals["duplicates"], 1);
        assert_eq!(totals["committed"], 1);
        assert_eq!(totals["bytes"], 10 + 10 + 9 + 3);
        assert_eq!(totals["files_per_second"], 1.0);
        let text = answer.text();
        assert!(text.contains("2 stored, 2 failed"), "{text}");
        assert!(text.contains("f0: nobody took it\n"), "{text}");
        assert!(text.ends_with("failed: changed: it changed\n"), "{text}");
        assert_eq!(report.failure().unwrap().code(), "some_failed");
    }

    #[test]
    fn without_a_failure_the_command_is_done() {
        assert!(report(0).failure().is_none());
        assert!(!report(0).answer().text().contains("failed:"));
    }

    #[test]
    fn a_person_is_not_told_of_thousands() {
        let text = report(TOLD + 4).answer().text().to_owned();
        assert!(text.ends_with("and 5 more; --json tells all\n"), "{text}");
    }
}
