//! Chain specifications, as a node exports them.

use std::path::Path;

use anyhow::{ensure, Context};
use serde_json::Value;
use tokio::process::Command;

/// What `export-chain-spec` of the node prints with these arguments.
pub(crate) async fn exported(node: &Path, arguments: &[&str]) -> anyhow::Result<Value> {
    let exported = Command::new(node)
        .arg("export-chain-spec")
        .args(arguments)
        .output()
        .await
        .with_context(|| format!("run {}", node.display()))?;
    ensure!(
        exported.status.success(),
        "export-chain-spec failed: {}",
        String::from_utf8_lossy(&exported.stderr)
    );
    serde_json::from_slice(&exported.stdout).context("expected a specification in JSON")
}
