//! What a gateway answers.

use base64::{engine::general_purpose::STANDARD, Engine};
use serde::{Deserialize, Serialize};
use serde_json::{json, Value};

use super::Terms;
use crate::job::{Outcome, Report, ABI};

/// How a job ended, in one word.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// It returned.
    Completed,
    /// It said that it failed.
    Failed,
    /// It did what no job may.
    Trapped,
    /// It was ended before its end: by whoever waits, by the time that it may take, by the gateway's own end. No result: another run may go on.
    Stopped,
}

/// How a job ended, and what it used: a [`Report`] as others read it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Ended {
    /// The version of the interface by which the job ran.
    pub interface: String,
    /// How it ended.
    pub end: End,
    /// What the job said when it failed, the name of what it did when it trapped, or who stopped it.
    #[serde(default)]
    pub reason: Option<String>,
    /// Fuel that it used.
    pub fuel: u64,
    /// Bytes of its output.
    pub output_bytes: u64,
    /// SHA-256 of its output, in hexadecimal digits.
    pub output_sha256: String,
}

/// Hexadecimal digits of a hash.
fn digits(hash: &[u8; 32]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Ended {
    /// The report of a job that ended by itself.
    pub fn of(report: &Report) -> Self {
        let (end, reason) = match &report.outcome {
            Outcome::Completed => (End::Completed, None),
            Outcome::Failed(message) => (End::Failed, Some(message.clone())),
            Outcome::Trapped(trap) => (End::Trapped, Some(trap.name().to_owned())),
        };
        Self {
            interface: ABI.to_owned(),
            end,
            reason,
            fuel: report.fuel,
            output_bytes: report.output_len,
            output_sha256: digits(&report.output_hash),
        }
    }

    /// A job that was stopped when it had used so much fuel, with what of its output was handed out.
    pub fn stopped(reason: &str, fuel: u64, output_bytes: u64, output_hash: &[u8; 32]) -> Self {
        Self {
            interface: ABI.to_owned(),
            end: End::Stopped,
            reason: Some(reason.to_owned()),
            fuel,
            output_bytes,
            output_sha256: digits(output_hash),
        }
    }

    fn json(&self, terms: &Terms) -> Value {
        json!({
            "object": "job",
            "interface": self.interface,
            "end": self.end,
            "reason": self.reason,
            "fuel": self.fuel,
            "output_bytes": self.output_bytes,
            "output_sha256": self.output_sha256,
            "usage": { "units": terms.units(self.fuel), "set_up": terms.set_up },
        })
    }

    /// The answer that is a whole.
    pub fn whole(&self, terms: &Terms, output: &[u8]) -> Value {
        let mut answer = self.json(terms);
        answer["output"] = json!(STANDARD.encode(output));
        answer
    }

    /// The last event of a stream before `[DONE]`: its data.
    pub fn event(&self, terms: &Terms) -> Value {
        self.json(terms)
    }
}

/// The first event of a stream: the job runs.
pub fn started_event() -> Value {
    json!({ "object": "job.started" })
}

/// The job has said nothing for a while, and runs.
pub fn running_event() -> Value {
    json!({ "object": "job.running" })
}

/// How far a job is, by its own word.
pub fn progress_event(done: u64, total: u64) -> Value {
    json!({ "object": "job.progress", "done": done, "total": total })
}

/// What comes next of the output.
pub fn output_event(output: &[u8]) -> Value {
    json!({ "object": "job.output", "output": STANDARD.encode(output) })
}
