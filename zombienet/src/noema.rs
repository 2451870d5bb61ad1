//! The command line as a person types it.

use std::{
    path::PathBuf,
    process::{Output, Stdio},
    time::Duration,
};

use anyhow::{ensure, Context};
use serde_json::Value;
use tokio::{process::Command, time::timeout};
use zombienet_sdk::NetworkNode;

use crate::environment;

/// Longest time that a command may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// How to call `noema`: at a node, signing as Alice.
#[derive(Clone, Debug)]
pub struct Noema {
    program: PathBuf,
    url: String,
}

impl Noema {
    /// At this node.
    ///
    /// # Errors
    /// When the program is missing.
    pub fn at(node: &NetworkNode) -> anyhow::Result<Self> {
        Ok(Self {
            program: environment::program("noema")?,
            url: node.ws_uri().to_owned(),
        })
    }

    /// Runs a command that must succeed; its answer. `--json` is added.
    ///
    /// # Errors
    /// When it fails, takes too long or answers with something else than JSON.
    pub async fn ask(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let command = format!("noema {}", arguments.join(" "));
        let output = self
            .run(arguments)
            .await
            .with_context(|| format!("`{command}`"))?;
        let stdout = String::from_utf8_lossy(&output.stdout);
        ensure!(
            output.status.success(),
            "`{command}` ended with {}: {}{stdout}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        // The answer is the last line, after those of its progress.
        let text = stdout.trim();
        serde_json::from_str(text)
            .or_else(|_| serde_json::from_str(text.lines().last().unwrap_or_default()))
            .with_context(|| format!("expected JSON of `{command}`, found {text}"))
    }

    async fn run(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        let output = Command::new(&self.program)
            .args(arguments)
            .arg("--json")
            .env("NOEMA_URL", &self.url)
            .env("NOEMA_DEV", "Alice")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = timeout(PATIENCE, output)
            .await
            .with_context(|| format!("did not end within {} s", PATIENCE.as_secs()))?;
        output.with_context(|| format!("cannot start {}", self.program.display()))
    }
}
