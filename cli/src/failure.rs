//! How a command fails: a code for programs, a sentence for people, an exit code for shells.

use std::{fmt, io, path::Path};

use noema_chain_client::{ChainError, KeyError, SubmitError};
use serde_json::{json, Value};

/// Exit code of a command that could not do its work.
pub(crate) const FAILED: u8 = 1;
/// Exit code of a command that was called wrongly.
pub(crate) const USAGE: u8 = 2;
/// Exit code of a command that was interrupted, as shells have it for Ctrl-C.
pub(crate) const INTERRUPTED: u8 = 130;

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// For programs; stays the same when the wording changes.
    code: &'static str,
    message: String,
    exit: u8,
    /// Fields beside code and message in the JSON form.
    details: Value,
}

impl Failure {
    /// The work could not be done.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            exit: FAILED,
            details: Value::Null,
        }
    }

    /// The command was called wrongly.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            code: "usage",
            message: message.into(),
            exit: USAGE,
            details: Value::Null,
        }
    }

    /// The person at the terminal ended it.
    pub(crate) fn interrupted() -> Self {
        Self {
            code: "interrupted",
            message: "interrupted".into(),
            exit: INTERRUPTED,
            details: Value::Null,
        }
    }

    /// An operation on a file failed.
    pub(crate) fn io(what: &str, path: &Path, source: &io::Error) -> Self {
        Self::new(
            "file",
            format!("cannot {what} {}: {source}", path.display()),
        )
    }

    /// Adds fields to the JSON form.
    pub(crate) fn with(mut self, details: Value) -> Self {
        self.details = details;
        self
    }

    /// Says what was being done.
    pub(crate) fn while_doing(mut self, what: &str) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// Says what followed.
    pub(crate) fn and(mut self, what: &str) -> Self {
        self.message = format!("{}; {what}", self.message);
        self
    }

    pub(crate) fn exit_code(&self) -> u8 {
        self.exit
    }

    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    /// `{"error": {"code", "message", ...}}`
    pub(crate) fn to_json(&self) -> Value {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let (Some(error), Value::Object(details)) = (error.as_object_mut(), &self.details) {
            error.extend(details.clone());
        }
        json!({ "error": error })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<ChainError> for Failure {
    fn from(error: ChainError) -> Self {
        let code = match &error {
            ChainError::BadUrl { .. } => return Self::usage(error.to_string()),
            ChainError::Unreachable { .. } | ChainError::Timeout { .. } => "unreachable",
            ChainError::Incompatible { .. } => "incompatible",
            ChainError::WrongGenesis { .. } => "other_chain",
            ChainError::NotAllowed { .. } => "not_allowed",
            _ => "chain",
        };
        Self::new(code, error.to_string())
    }
}

impl From<SubmitError> for Failure {
    fn from(error: SubmitError) -> Self {
        match &error {
            SubmitError::Dispatch { failure, block, tx } => {
                Self::new("refused", format!("the chain refuses: {failure}")).with(json!({
                    "pallet": failure.pallet,
                    "name": failure.name,
                    "block": block,
                    "tx": tx,
                }))
            }
            SubmitError::Rejected { .. } => Self::new("refused", error.to_string()),
            SubmitError::CannotPay { .. } => Self::new("insufficient_balance", error.to_string()),
            SubmitError::NotFinalized { .. } => Self::new("not_finalized", error.to_string()),
            SubmitError::Chain(chain) => chain.clone().into(),
            _ => Self::new("not_submitted", error.to_string()),
        }
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self::usage(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_form_carries_code_message_and_details() {
        let failure = Failure::new("refused", "no").with(json!({ "name": "NoReplicas" }));
        assert_eq!(
            failure.to_json(),
            json!({ "error": { "code": "refused", "message": "no", "name": "NoReplicas" } })
        );
        assert_eq!(failure.exit_code(), FAILED);
        assert_eq!(Failure::usage("x").exit_code(), USAGE);
    }
}
