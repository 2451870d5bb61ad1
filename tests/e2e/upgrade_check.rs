//! Upgrades that must not happen are caught before anybody votes on them, on the state of a running network.

use std::path::{Path, PathBuf};

use anyhow::{ensure, Context};
use noema_local_net::LocalNet;
use noema_next_runtime::fault::{with_fault, Fault};
use noema_tests::{cli::Noema, mutate, network};
use serde_json::Value;

/// Where the chain keeps its code.
const CODE: &[u8] = b":code";

/// Records that the next runtime's migration moves, one a block.
const PROVIDERS: usize = 3;

/// A network, the command line for it, and a directory with `next.wasm`.
async fn prepare() -> anyhow::Result<(LocalNet, Noema, tempfile::TempDir)> {
    let next = noema_next_runtime::WASM_PATH
        .context("the next runtime is built without SKIP_WASM_BUILD")?;
    let net = network::start(PROVIDERS).await?;
    let noema = Noema::of(&net)?;
    let dir = tempfile::tempdir()?;
    std::fs::copy(next, dir.path().join("next.wasm"))?;
    Ok((net, noema, dir))
}

fn text(path: &Path) -> anyhow::Result<&str> {
    path.to_str().context("a path in UTF-8")
}

/// Has `noema upgrade check` refuse the code; its report.
async fn caught(noema: &Noema, dir: &Path, name: &str, code: &[u8]) -> anyhow::Result<Value> {
    let path: PathBuf = dir.join(name);
    std::fs::write(&path, mutate::packed(code)?)?;
    let outcome = noema.run(&["upgrade", "check", text(&path)?]).await?;
    let said = outcome.refusal()?;
    ensure!(said.contains("not_passed"), "{name}: {said}");
    let report: Value = serde_json::from_str(outcome.stdout.trim())
        .with_context(|| format!("{name} has no report: {said}"))?;
    ensure!(report["passed"] == false, "{name}: {report}");
    Ok(report)
}

fn codes(findings: &Value) -> Vec<&str> {
    let findings = findings.as_array().map(Vec::as_slice).unwrap_or_default();
    findings.iter().filter_map(|f| f["code"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_is_rehearsed_on_the_state_of_the_chain() -> anyhow::Result<()> {
    let (net, noema, dir) = prepare().await?;
    let next = dir.path().join("next.wasm");
    let snapshot = dir.path().join("state.snap");
    let report = noema
        .ask(&[
            "upgrade",
            "check",
            text(&next)?,
            "--write-snapshot",
            text(&snapshot)?,
        ])
        .await?;
    let rehearsal = &report["rehearsal"];
    ensure!(report["passed"] == true, "{report}");
    let migration = rehearsal["migration_blocks"].as_u64().context("a number")?;
    ensure!(migration >= PROVIDERS as u64, "{report}");
    ensure!(rehearsal["to"]["spec_version"] == report["to"], "{report}");
    let blocks = rehearsal["blocks"].as_array().context("blocks")?;
    ensure!(blocks.len() as u64 == migration + 2, "{report}");
    let changes = rehearsal["storage"].as_array().context("changes")?;
    let change = |pallet: &str, kind: &str| {
        let mut found = changes.iter();
        found.find(|change| change["pallet"] == pallet && change["kind"] == kind)
    };
    ensure!(change("Ping", "added").is_some(), "{report}");
    let records = change("Providers", "changed").context("the records' layout changes")?;
    ensure!(records["values"] == PROVIDERS, "{report}");
    ensure!(records["untouched"] == 0, "{report}");

    // The same state from the file, without the provider's work in between.
    let again = noema
        .ask(&[
            "upgrade",
            "check",
            text(&next)?,
            "--snapshot",
            text(&snapshot)?,
        ])
        .await?;
    ensure!(again["rehearsal"]["state"] == rehearsal["state"], "{again}");
    // Nothing was submitted.
    let status = noema.ask(&["upgrade", "status"]).await?;
    ensure!(status["authorized"].is_null(), "{status}");
    ensure!(status["pending"].is_null(), "{status}");
    net.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_upgrade_is_caught_before_it_is_proposed() -> anyhow::Result<()> {
    let (net, noema, dir) = prepare().await?;
    let place = dir.path();
    let next = mutate::module(&std::fs::read(place.join("next.wasm"))?)?;

    let state = net.client().at_finalized().await?;
    let present = state.raw(CODE).await?.context("the chain has code")?;
    let report = caught(&noema, place, "present.wasm", &present).await?;
    ensure!(
        codes(&report["code"]["errors"]) == ["not_newer"],
        "{report}"
    );

    let version = state.constant_named("System", "Version")?;
    let name = version["spec_name"].as_str().context("a name")?;
    let other: String = name.chars().rev().collect();
    let other = mutate::renamed(&next, name, &other)?;
    let report = caught(&noema, place, "other.wasm", &other).await?;
    ensure!(
        codes(&report["code"]["errors"]) == ["other_spec_name"],
        "{report}"
    );

    let report = caught(&noema, place, "more.wasm", &mutate::wanting_more(&next)?).await?;
    let errors = &report["code"]["errors"];
    ensure!(codes(errors) == ["host_functions"], "{report}");
    ensure!(errors[0]["message"].to_string().contains(mutate::UNKNOWN));

    // What nobody sees without executing it.
    let faulty = |fault| with_fault(&next, fault).map_err(anyhow::Error::msg);
    let failing = faulty(Fault::MigrationFails)?;
    let report = caught(&noema, place, "failing.wasm", &failing).await?;
    ensure!(codes(&report["code"]["errors"]).is_empty(), "{report}");
    let errors = &report["rehearsal"]["errors"];
    ensure!(codes(errors).contains(&"migration_failed"), "{report}");
    let warnings = &report["rehearsal"]["warnings"];
    ensure!(codes(warnings).contains(&"safe_mode"), "{report}");

    let panicking = faulty(Fault::BlocksPanic)?;
    let report = caught(&noema, place, "broken.wasm", &panicking).await?;
    let errors = &report["rehearsal"]["errors"];
    ensure!(codes(errors) == ["block_failed"], "{report}");
    let message = errors[0]["message"].to_string();
    // Why it panics is in the log; where, in the report.
    ensure!(message.contains("Core_initialize_block"), "{report}");

    let broken = place.join("broken.wasm");
    let said = noema
        .refused(&[
            "upgrade",
            "propose",
            text(&broken)?,
            "--by",
            "sudo",
            "--yes",
        ])
        .await?;
    ensure!(said.contains("not_passed"), "{said}");
    let said = noema
        .refused(&["upgrade", "apply", text(&broken)?, "--yes"])
        .await?;
    ensure!(said.contains("not_authorized"), "{said}");
    let status = noema.ask(&["upgrade", "status"]).await?;
    ensure!(status["authorized"].is_null(), "{status}");
    net.shutdown().await;
    Ok(())
}
