//! Upgrades that go wrong, and what the chain does then.

use std::{path::Path, time::Duration};

use anyhow::{ensure, Context};
use noema_chain_client::{Call, Hash, Role, SlotState, Submitter};
use noema_commitment::{Hasher, Software};
use noema_local_net::LocalNet;
use noema_next_runtime::fault::{with_fault, Fault};
use noema_storage::client::{commit_file, FileRef};
use noema_tests::{
    cli::Noema,
    files::{first_difference, write_seeded},
    finality::FinalityWatch,
    network::{self, seed},
};

const SIZE: u64 = 2 << 20;
/// For what takes some blocks.
const PATIENCE: Duration = Duration::from_secs(60);
/// For a node that executes each block of a new runtime.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

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
    let net = network::start(3).await?;
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
    apply(&root, faulty).await?;
    until_version(&net, version + 1).await?;
    // The records' own migration comes first, one a block; then the one that fails.
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

/// Puts a file and waits until all three providers have proven that they hold it.
async fn put(net: &LocalNet, noema: &Noema, path: &Path, seed: u64) -> anyhow::Result<FileRef> {
    write_seeded(path, SIZE, seed)?;
    let name = path.to_str().context("a path in UTF-8")?;
    noema
        .ask(&["storage", "put", name, "--replicas", "3"])
        .await?;
    let file = FileRef::from(&commit_file(path, None).await?);
    let alice = network::account("Alice")?;
    network::until_deal(
        net,
        &file.file,
        &alice,
        Duration::from_secs(180),
        "held by all three",
        |deal| {
            let held = |state: &SlotState| matches!(state, SlotState::Held { .. });
            deal.slots.iter().all(|slot| held(&slot.state))
        },
    )
    .await?;
    Ok(file)
}
