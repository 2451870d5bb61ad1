//! What an examination found.

use std::fmt;

use serde::Serialize;

/// How a check ended. Greater is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// As it should be.
    Ok,
    /// It works, and somebody should look; or it could not be checked.
    Warning,
    /// It does not work.
    Failed,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its name, for programs.
    pub name: &'static str,
    /// How it ended.
    pub status: CheckStatus,
    /// What was found.
    pub message: String,
    /// What to do, unless all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// All checks, in the order in which they were made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The worst of them.
    pub status: CheckStatus,
    /// The checks.
    pub checks: Vec<Check>,
}

impl Default for Report {
    fn default() -> Self {
        Self {
            status: CheckStatus::Ok,
            checks: Vec::new(),
        }
    }
}

impl Report {
    /// Whether a check failed.
    pub fn has_failed(&self) -> bool {
        self.status == CheckStatus::Failed
    }

    pub(super) fn ok(&mut self, name: &'static str, message: impl Into<String>) {
        self.add(name, CheckStatus::Ok, message.into(), None);
    }

    pub(super) fn warning(
        &mut self,
        name: &'static str,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) {
        let advice = Some(advice.into());
        self.add(name, CheckStatus::Warning, message.into(), advice);
    }

    pub(super) fn failed(
        &mut self,
        name: &'static str,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) {
        let advice = Some(advice.into());
        self.add(name, CheckStatus::Failed, message.into(), advice);
    }

    fn add(
        &mut self,
        name: &'static str,
        status: CheckStatus,
        message: String,
        advice: Option<String>,
    ) {
        self.status = self.status.max(status);
        self.checks.push(Check {
            name,
            status,
            message,
            advice,
        });
    }
}

impl fmt::Display for CheckStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        })
    }
}

/// A line for each check, and one below with what to do.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for check in &self.checks {
            let Check {
                name,
                status,
                message,
                advice,
            } = check;
            // What a node or another daemon says goes to a terminal.
            let clean = |text: &str| text.replace(|c: char| c.is_control(), " ");
            writeln!(f, "{status:<8} {name:<14} {}", clean(message))?;
            if let Some(advice) = advice {
                writeln!(f, "{:<8} {:<14} -> {}", "", "", clean(advice))?;
            }
        }
        let count = |status| self.checks.iter().filter(|c| c.status == status).count();
        writeln!(
            f,
            "{} checks: {} failed, {} warnings",
            self.checks.len(),
            count(CheckStatus::Failed),
            count(CheckStatus::Warning)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_check_counts_and_advice_is_shown() {
        let mut report = Report::default();
        report.ok("a", "fine");
        assert_eq!(report.status, CheckStatus::Ok);
        report.failed("b", "broken\u{1b}[2J", "mend it");
        report.warning("c", "so so", "look");
        assert!(report.has_failed());
        let text = report.to_string();
        assert!(
            text.contains("failed   b") && text.contains("-> mend it"),
            "{text}"
        );
        assert!(text.contains("3 checks: 1 failed, 1 warnings"), "{text}");
        assert!(!text.contains('\u{1b}'));
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["status"], "failed");
        assert_eq!(json["checks"][0].get("advice"), None);
    }
}
