//! A provider whose delegator goes covers less than what it holds: its daemon hands a replica over, another provider earns with it, and the stake covers the rest.
//!
//! A hundred GiB are covered by the smallest bond. So somebody commits to as much and never uploads it: it is reserved while the provider waits for it.

use std::{cell::Cell, time::Duration};

use anyhow::{ensure, Context};
use noema_chain_client::{AccountId, Call, FileId, Role, Submitter, Uncovered};
use noema_local_net::{LocalNet, Provider};
use noema_tests::{
    audits::{self, figures, standing, until_earning},
    cli::Noema,
    files::{first_difference, write_seeded},
    network::{self, seed},
};

const NOEMA: u128 = 10_u128.pow(18);
const GIB: u64 = 1 << 30;
/// The smallest bond, which covers as many GiB.
const BOND: u128 = 100 * NOEMA;
/// Whose file is handed over.
const OWNER: &str = "Bob";
/// Who delegates and goes.
const DELEGATOR: &str = "Charlie";
/// Who commits to what is never uploaded.
const HOARDER: &str = "Dave";
const SIZE: u64 = (2 << 20) + 1000;
/// More than the bond covers, so that the delegation is needed for it; a size whose tree needs no padding, so that it is what is reserved.
const HOARD: u64 = 104 * GIB;
const DELEGATED: u128 = 5 * NOEMA;
/// More than the rounds of the test.
const LEASE: u32 = 120;
/// For a round without cover, and what it takes to draw, fetch, prove and mature a replica.
const PATIENCE: Duration = Duration::from_secs(400);
const HANDED_OVER: &str = "noema_storage_calls_total{call=\"hand-over\",result=\"ok\"}";
const FAILED: &str = "noema_storage_calls_total{call=\"hand-over\",result=\"failed\"}";

/// Calls of the pallet of providers by their indices; the role of storage is the first.
const OPEN_POOL: [u8; 3] = [61, 11, 0];
const DELEGATE: [u8; 3] = [61, 14, 0];
const UNDELEGATE: [u8; 3] = [61, 15, 0];
/// A tenth and all, in parts of a thousand million.
const TENTH: u32 = 100_000_000;
const ALL: u32 = 1_000_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn what_the_stake_no_longer_covers_goes_to_another_provider() -> anyhow::Result<()> {
    let shape = audits::net(2).bond(BOND).capacity(200 * GIB);
    let net = shape.start().await?;
    let (short, other) = (net.provider(0), net.provider(1));
    let who = short.account();
    // Everything goes to the one whose stake is to be too small.
    let role = Role::Storage;
    let of_other = Submitter::new(net.client().clone(), other.key().clone());
    of_other.submit(Call::Chill { role }).await?;
    let delegator = delegate(&net, short).await?;

    let (dir, noema) = (tempfile::tempdir()?, Noema::of(&net)?);
    let path = dir.path().join("original");
    write_seeded(&path, SIZE, seed("hand over"))?;
    let put = audits::put(&noema.dev(OWNER), path, 1, LEASE).await?;
    let (file, owner) = (put.file.file, network::account(OWNER)?);
    until_earning(&net, &file, &owner, 1).await?;
    let replica = reserved(&net, &who).await?;
    hoard(&net, &who).await?;
    ensure!(uncovered(&net, &who).await?.is_none(), "it is covered yet");
    of_other.submit(Call::Activate { role }).await?;

    // The delegator leaves so much that half of the replica is not covered.
    let held = reserved(&net, &who).await?;
    let stake = u128::from(held - replica / 2) * NOEMA / u128::from(GIB);
    let goes = BOND + DELEGATED - stake;
    let call = [&UNDELEGATE[..], &who.0, &[1], &goes.to_le_bytes()].concat();
    delegator.submit(Call::Raw(call)).await?;
    let found = uncovered(&net, &who).await?;
    let found = found.context("the stake covers less than what is held")?;
    ensure!(
        found.missing() > 0 && found.missing() < replica,
        "half of a replica of {replica} is missing: {found:?}"
    );
    let shown = noema.ask(&["provider", "status", &who.to_string()]).await?;
    let shown = &shown["audits"]["uncovered"];
    ensure!(
        shown["since"].is_u64() && shown["blocks_left"].is_u64(),
        "`provider status` tells of it: {shown}"
    );

    is_handed_over(&net, (&file, &owner), [&who, &other.account()]).await?;
    let figures = figures(short).await?;
    ensure!(
        figures.get(HANDED_OVER) == Some(&1.0) && figures.get(FAILED) == Some(&0.0),
        "its own daemon handed it over, once: {figures:?}"
    );
    ensure!(
        standing(&net, &who).await?.points == 0,
        "nobody is struck for it"
    );
    let copy = dir.path().join("copy");
    let (id, out) = (file.to_string(), copy.display().to_string());
    noema
        .ask(&["storage", "get", &id, "--output", &out])
        .await?;
    let difference = first_difference(&put.path, &copy)?;
    ensure!(difference.is_none(), "the copy differs at {difference:?}");
    net.shutdown().await;
    Ok(())
}

/// Somebody delegates to a provider, which takes that.
async fn delegate(net: &LocalNet, to: &Provider) -> anyhow::Result<Submitter> {
    let own = Submitter::new(net.client().clone(), to.key().clone());
    let (tenth, percent) = (TENTH.to_le_bytes(), 400u32.to_le_bytes());
    let open = [&OPEN_POOL[..], &tenth, &percent].concat();
    own.submit(Call::Raw(open)).await?;
    let delegator = network::submitter(net, DELEGATOR)?;
    let (amount, all) = (DELEGATED.to_le_bytes(), ALL.to_le_bytes());
    let call = [&DELEGATE[..], &to.account().0, &amount, &all].concat();
    delegator.submit(Call::Raw(call)).await?;
    Ok(delegator)
}

/// Somebody commits to more than the bond covers, and the provider is to fetch it.
async fn hoard(net: &LocalNet, provider: &AccountId) -> anyhow::Result<()> {
    let hoarder = network::submitter(net, HOARDER)?;
    let call = Call::Commit {
        root: [7; 32],
        size: HOARD,
        replicas: 1,
        rounds: LEASE,
        max: u128::MAX,
    };
    hoarder.submit(call).await?;
    network::until("a provider for what is hoarded", PATIENCE, || async {
        Ok((reserved(net, provider).await? > HOARD).then_some(()))
    })
    .await
}

/// Waits until a file that the first provider had is the second one's, and the first covers what it still holds.
async fn is_handed_over(
    net: &LocalNet,
    (file, owner): (&FileId, &AccountId),
    [from, to]: [&AccountId; 2],
) -> anyhow::Result<()> {
    // At no time does nobody earn.
    let gap = Cell::new(false);
    network::until("replica of the other provider", PATIENCE, || async {
        let deal = network::deal(net, file, owner).await?;
        let deal = deal.context("the deal is there")?;
        gap.set(gap.get() || deal.earning() == 0);
        let slot = deal.slots.first().context("it has a slot")?;
        let moved = slot.leaving.is_none() && slot.earner().as_ref() == Some(to);
        Ok(moved.then_some(()))
    })
    .await?;
    ensure!(!gap.get(), "one of both earns at any time");
    let left = net.client().at_finalized().await?.assignments(from).await?;
    ensure!(
        left.iter().all(|slot| slot.file != *file),
        "the first has no slot of it any more: {left:?}"
    );
    let short = uncovered(net, from).await?;
    ensure!(short.is_none(), "its stake covers the rest: {short:?}");
    Ok(())
}

async fn uncovered(net: &LocalNet, provider: &AccountId) -> anyhow::Result<Option<Uncovered>> {
    let state = net.client().at_finalized().await?;
    Ok(state.uncovered(provider).await?)
}

/// Bytes that a provider has promised.
async fn reserved(net: &LocalNet, provider: &AccountId) -> anyhow::Result<u64> {
    let state = net.client().at_finalized().await?;
    let record = state.provider(Role::Storage, provider).await?;
    Ok(record.context("a provider of the network")?.reserved)
}
