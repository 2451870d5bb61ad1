//! Upgrades that go wrong, and what the chain does then.

use std::{collections::BTreeMap, path::Path, time::Duration};

use anyhow::{ensure, Context};
use noema_chain_client::{Call, Hash, Role, Submitter};
use noema_commitment::{Hasher, Software};
use noema_local_net::LocalNet;
use noema_next_runtime::fault::{with_fault, Fault};
use noema_storage::client::FileRef;
use noema_tests::{
    cli::Noema,
    files::{first_difference, write_seeded},
    finality::FinalityWatch,
    network::{self, seed},
};
use serde_json::value::RawValue;

const SIZE: u64 = 2 << 20;
/// Each holds every file.
const PROVIDERS: usize = 3;
/// For what takes some blocks.
const PATIENCE: Duration = Duration::from_secs(60);
/// For a node that executes each block of a new runtime.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// What a faulty runtime says when it panics.
const PANIC: &str = "the fault that was asked for";

/// `SafeMode.force_exit`.
const LEAVE_SAFE_MODE: [u8; 2] = [50, 4];

fn runtime(path: Option<&str>, fault: Fault) -> anyhow::Result<Vec<u8>> {
    let path = path.context("the next runtime is built without SKIP_WASM_BUILD")?;
    with_fault(&std::fs::read(path)?, fault).map_err(anyhow::Error::msg)
}

fn blake2_256(bytes: &[u8]) -> Hash {
    Hash(Software::blake2_256(bytes))
}

/// Authorises code with the sudo key and hands it in.
async fn apply(root: &Submitter, code: Vec<u8>) -> anyhow::Result<()> {
    let code_hash = blake2_256(&code);
    root.submit(Call::AuthorizeUpgrade { code_hash }.sudo())
        .await?;
    root.submit(Call::ApplyAuthorizedUpgrade { code }).await?;
    Ok(())
}

async fn until_version(net: &LocalNet, version: u32) -> anyhow::Result<()> {
    network::until("finalised block of the new runtime", PATIENCE, || async {
        let now = net.client().at_finalized().await?.spec_version();
        Ok((now == version).then_some(()))
    })
    .await
}

fn transfer() -> anyhow::Result<Call> {
    Ok(Call::TransferKeepAlive {
        to: network::account("Charlie")?,
        amount: 1_000_000_000_000_000_000,
    })
}

/// Whether an ordinary transaction is refused because the chain is in safe mode.
async fn is_closed(who: &Submitter) -> anyhow::Result<bool> {
    match who.submit(transfer()?).await {
        Ok(_) => Ok(false),
        Err(error) => {
            let failure = error
                .dispatch()
                .with_context(|| format!("expected CallFiltered, found {error}"))?
                .to_string();
            ensure!(failure.contains("CallFiltered"), "found {failure}");
            Ok(true)
        }
    }
}

/// A migration fails on a chain that holds a file: the chain shuts itself in, and goes on when a later upgrade has repaired it.
#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_fails_ends_in_safe_mode_and_is_repaired_by_the_next_upgrade(
) -> anyhow::Result<()> {
    let net = network::start(PROVIDERS).await?;
    let noema = Noema::of(&net)?;
    let dir = tempfile::tempdir()?;
    let file = put(&net, &noema, &dir.path().join("before"), seed("faulty")).await?;
    let root = network::submitter(&net, "Alice")?;
    let bob = network::submitter(&net, "Bob")?;
    let version = net.client().at_finalized().await?.spec_version();
    let providers = net
        .client()
        .at_finalized()
        .await?
        .providers(Role::Storage)
        .await?;
    ensure!(!is_closed(&bob).await?, "the chain is open before");

    let watch = FinalityWatch::start(net.client());
    let faulty = runtime(noema_next_runtime::WASM_PATH, Fault::MigrationFails)?;
    let path = dir.path().join("faulty.wasm");
    std::fs::write(&path, &faulty)?;
    let code_hash = blake2_256(&faulty);
    root.submit(Call::AuthorizeUpgrade { code_hash }.sudo())
        .await?;
    // The records' own migration comes first, one a block; then the one that fails.
    let name = path.to_str().context("a path in UTF-8")?;
    let said = noema.refused(&["upgrade", "apply", name, "--yes"]).await?;
    ensure!(
        said.contains("migration_failed") && said.contains("safe mode"),
        "{said}"
    );
    let status = noema.ask(&["upgrade", "status"]).await?;
    ensure!(status["safe_mode_until"] == u32::MAX, "{status}");
    until_version(&net, version + 1).await?;
    ensure!(
        is_closed(&bob).await?,
        "a failed migration closes the chain"
    );
    // Root acts nevertheless.
    root.submit(Call::Remark(vec![1]).sudo()).await?;

    let repair = runtime(noema_next_runtime::LATER_WASM_PATH, Fault::None)?;
    apply(&root, repair).await?;
    until_version(&net, version + 2).await?;
    ensure!(is_closed(&bob).await?, "only root opens it again");
    root.submit(Call::Raw(LEAVE_SAFE_MODE.to_vec()).sudo())
        .await?;
    let status = noema.ask(&["upgrade", "status"]).await?;
    ensure!(status["safe_mode_until"].is_null(), "{status}");
    ensure!(!is_closed(&bob).await?, "it is open again");
    let seen = watch.finish().await?;
    println!(
        "{} blocks finalised in turn, longest wait {:.2} s",
        seen.blocks.len(),
        seen.longest_wait.as_secs_f64()
    );
    ensure!(seen.first_gap().is_none(), "blocks are missing");
    ensure!(
        seen.longest_wait < LONGEST_WAIT,
        "no block was finalised for {:?}",
        seen.longest_wait
    );

    let after = net
        .client()
        .at_finalized()
        .await?
        .providers(Role::Storage)
        .await?;
    ensure!(
        after == providers,
        "expected {providers:?}, found {after:?}"
    );
    for provider in net.providers() {
        let copy = dir.path().join(provider.name());
        noema
            .get_only_from(&net, &file.file, &provider.account(), &copy)
            .await?;
        let difference = first_difference(&dir.path().join("before"), &copy)?;
        ensure!(
            difference.is_none(),
            "{} serves something else",
            provider.name()
        );
    }
    put(&net, &noema, &dir.path().join("after"), seed("faulty") + 1).await?;
    net.shutdown().await;
    Ok(())
}

/// Every block of the new runtime panics, so that no block can undo it: the operators give their nodes another code for it, as
/// `docs/operate.md` says.
#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_that_panics_is_replaced_by_code_substitutes_and_a_restart() -> anyhow::Result<()>
{
    let net = network::start(0).await?;
    let node = net.node(0);
    let root = network::submitter(&net, "Alice")?;
    let version = net.client().at_finalized().await?.spec_version();
    let faulty = runtime(noema_next_runtime::WASM_PATH, Fault::BlocksPanic)?;
    apply(&root, faulty).await?;
    let log = net
        .data_dir()
        .join("logs")
        .join(format!("{}.log", node.name()));
    network::until("panic in the node's log", PATIENCE, || async {
        let text = String::from_utf8_lossy(&std::fs::read(&log)?).into_owned();
        Ok(text.contains(PANIC).then_some(()))
    })
    .await?;
    let last = network::until("block that is the last and final", PATIENCE, || async {
        let best = net.client().best().await?.number;
        Ok((node.finalized().await? == u64::from(best)).then_some(best))
    })
    .await?;
    // A restart alone helps nothing.
    node.stop().await;
    node.start()?;
    network::until("panic after a restart", PATIENCE, || async {
        let text = String::from_utf8_lossy(&std::fs::read(&log)?).into_owned();
        let restarted = text
            .rsplit_once("Noema Node")
            .map_or("", |(_, after)| after);
        Ok(restarted.contains(PANIC).then_some(()))
    })
    .await?;
    let still = network::until("answer after a restart", PATIENCE, || async {
        Ok(Some(node.finalized().await?))
    })
    .await?;
    ensure!(still == u64::from(last), "the chain moved by itself");
    node.stop().await;

    let mended = runtime(noema_next_runtime::WASM_PATH, Fault::None)?;
    let spec = net.data_dir().join("chain-spec.json");
    set_substitutes(&spec, &[(last, &mended)])?;
    node.start()?;
    node.ready().await?;
    until_version(&net, version + 1).await?;
    network::submitter(&net, "Bob")?.submit(transfer()?).await?;

    // The chain's own code is still the faulty one: an upgrade replaces it, and no substitute is needed any more.
    let repair = runtime(noema_next_runtime::LATER_WASM_PATH, Fault::None)?;
    apply(&root, repair).await?;
    until_version(&net, version + 2).await?;
    set_substitutes(&spec, &[])?;
    node.restart().await?;
    network::submitter(&net, "Bob")?.submit(transfer()?).await?;
    net.shutdown().await;
    Ok(())
}

/// Gives a chain specification these substitutes for the runtime: from which block on, which code.
fn set_substitutes(spec: &Path, substitutes: &[(u32, &[u8])]) -> anyhow::Result<()> {
    // Amounts are larger than the numbers that a JSON value can hold: what is not changed stays text.
    let mut fields: BTreeMap<String, Box<RawValue>> =
        serde_json::from_slice(&std::fs::read(spec)?)?;
    let substitutes: BTreeMap<String, String> = substitutes
        .iter()
        .map(|(from, code)| (from.to_string(), format!("0x{}", hex::encode(code))))
        .collect();
    fields.insert(
        "codeSubstitutes".into(),
        serde_json::value::to_raw_value(&substitutes)?,
    );
    std::fs::write(spec, serde_json::to_vec_pretty(&fields)?)?;
    Ok(())
}

/// Puts a file and waits until all three providers have proven that they hold it.
async fn put(net: &LocalNet, noema: &Noema, path: &Path, seed: u64) -> anyhow::Result<FileRef> {
    write_seeded(path, SIZE, seed)?;
    let file = noema.put(path, PROVIDERS).await?.file;
    network::until_held(net, &file.file, &network::account("Alice")?).await?;
    Ok(file)
}
