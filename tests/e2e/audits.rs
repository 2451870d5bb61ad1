//! Audits, pay and repair on a running network whose rounds take 24 ticks (see `noema_tests::audits`); everything else is the chain and the daemons as they are.
//!
//! How long each takes, in rounds of about 25 s: honest three, damage three, a dead provider five, restarts two; before that half a minute to store a file.

use std::{os::unix::fs::FileExt, path::PathBuf, time::Duration};

use anyhow::{ensure, Context};
use noema_chain_client::{AccountId, Call, Deal, FileId};
use noema_local_net::{LocalNet, LocalNetBuilder, Provider};
use noema_storage::client::{commit_file, FileRef};
use noema_tests::{
    audits::{self, figures, round, standing, until_earning, MISSED, PASSED, UNANSWERABLE},
    cli::Noema,
    files::{first_difference, write_seeded},
    network::{self, seed},
};
use tempfile::TempDir;

/// Whose file it is: not the validator's, who gets a part of all fees.
const OWNER: &str = "Bob";
/// Somebody else.
const OTHER: &str = "Charlie";
const SEGMENT: u64 = 262_144;
/// Nine segments, the last one short.
const SIZE: u64 = 8 * SEGMENT + 1000;
/// Rounds that are over in this time.
const ROUNDS: Duration = Duration::from_secs(150);
/// Points of a missed round, and with which everything is dropped.
const MISS: u32 = 24;

/// A network with a file that is audited.
struct Stored {
    net: LocalNet,
    noema: Noema,
    owner: AccountId,
    path: PathBuf,
    file: FileId,
    deal: Deal,
    dir: TempDir,
}

impl Stored {
    async fn start(shape: LocalNetBuilder, of: &str, replicas: u8) -> anyhow::Result<Self> {
        let net = shape.start().await?;
        let noema = Noema::of(&net)?.dev(OWNER);
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("original");
        write_seeded(&path, SIZE, seed(of))?;
        let name = path.to_str().context("a path in UTF-8")?;
        let number = replicas.to_string();
        let put = [
            "storage",
            "put",
            name,
            "--replicas",
            &number,
            "--wait",
            "all",
        ];
        noema.ask(&put).await?;
        let file = FileRef::from(&commit_file(&path, None).await?).file;
        let owner = network::account(OWNER)?;
        let deal = until_earning(&net, &file, &owner, usize::from(replicas)).await?;
        Ok(Self {
            net,
            noema,
            owner,
            path,
            file,
            deal,
            dir,
        })
    }

    fn earners(&self) -> anyhow::Result<Vec<&Provider>> {
        let earners = self.deal.slots.iter().filter_map(|slot| slot.earner());
        earners
            .map(|account| network::provider_of(&self.net, &account))
            .collect()
    }

    /// Waits until a figure of a daemon is at least so high.
    async fn until(&self, provider: &Provider, figure: &str, least: f64) -> anyhow::Result<()> {
        let what = format!("{figure} of {} at {least}", provider.name());
        network::until(&what, ROUNDS, || async {
            let found = figures(provider).await?;
            let found = found.get(figure).copied().unwrap_or_default();
            Ok((found >= least).then_some(()))
        })
        .await
    }

    /// Gets the file from whoever has it, and compares.
    async fn is_retrievable(&self) -> anyhow::Result<()> {
        let copy = self.dir.path().join("copy");
        let (id, out) = (self.file.to_string(), copy.display().to_string());
        let get = ["storage", "get", &id, "--output", &out, "--force"];
        self.noema.ask(&get).await?;
        let difference = first_difference(&self.path, &copy)?;
        ensure!(
            difference.is_none(),
            "the copy differs from byte {difference:?} on"
        );
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn honest_providers_pass_and_are_paid_to_the_unit() -> anyhow::Result<()> {
    let stored = Stored::start(audits::net(2), "audits: honest", 2).await?;
    let rent = stored.deal.terms.rent;
    let earners = stored.earners()?;
    let mut before = Vec::new();
    for provider in &earners {
        before.push(owed_and_had(&stored.net, &provider.account()).await?);
    }
    for provider in &earners {
        stored.until(provider, PASSED, 2.0).await?;
        stored
            .until(provider, "noema_storage_pay_earned_noema_total", 1e-18)
            .await?;
    }
    for (provider, (owed, balance)) in earners.iter().zip(before) {
        let account = provider.account();
        let (owed_now, has) = owed_and_had(&stored.net, &account).await?;
        let paid = owed - owed_now;
        ensure!(
            paid >= rent && paid.is_multiple_of(rent),
            "{account} got {paid}, no number of rounds of {rent}"
        );
        let gained = has - balance;
        ensure!(
            gained == paid,
            "the audits paid {paid} to {account}, its account has {gained} more"
        );
        let standing = standing(&stored.net, &account).await?;
        ensure!(
            standing.points == 0 && !standing.dropping,
            "an honest provider has no points: {standing:?}"
        );
        let found = figures(provider).await?;
        ensure!(
            found.get(MISSED) == Some(&0.0),
            "an honest provider misses nothing"
        );
    }
    // What people see.
    let shown = stored
        .noema
        .ask(&["provider", "status", &earners[0].account().to_string()])
        .await?;
    ensure!(
        shown["audits"]["earning"] == 1 && shown["audits"]["standing"]["points"] == 0,
        "`provider status` shows {shown}"
    );
    let id = stored.file.to_string();
    let shown = stored.noema.ask(&["storage", "status", &id]).await?;
    let lease = &shown["deals"][0]["lease"];
    ensure!(
        lease["status"] == "running" && lease["earning"] == 2,
        "`storage status` shows {lease}"
    );
    leases(&stored, lease["until"].as_u64().context("a round")?).await?;
    stored.net.shutdown().await;
    Ok(())
}

/// The commands for leases, one after the other.
async fn leases(stored: &Stored, until: u64) -> anyhow::Result<()> {
    let (noema, id) = (&stored.noema, stored.file.to_string());
    let later = (until + 10).to_string();
    let renew = ["storage", "renew", &id, "--until", &later];
    let renewed = noema.ask(&renew).await?;
    ensure!(
        renewed["lease"]["until"] == until + 10,
        "`storage renew` says {renewed}"
    );
    let again = noema.ask(&renew).await?;
    ensure!(
        again["amounts"] == serde_json::json!({}),
        "a lease that reaches as far costs nothing: {again}"
    );
    let topped = noema
        .ask(&["storage", "top-up", &id, "--level", "2"])
        .await?;
    ensure!(
        topped["amounts"]["credit"] == "2000000000000000000",
        "`storage top-up` says {topped}"
    );
    let refused = noema.refused(&["storage", "expire", &id]).await?;
    ensure!(
        refused.contains("not_over"),
        "`storage expire` says {refused}"
    );
    let other = network::account(OTHER)?.to_string();
    noema
        .ask(&["storage", "offer", &id, "--to", &other])
        .await?;
    let owner = stored.owner.to_string();
    noema
        .dev(OTHER)
        .ask(&["storage", "accept", &id, "--owner", &owner])
        .await?;
    let removed = noema.dev(OTHER).ask(&["storage", "remove", &id]).await?;
    let refunded = removed["refunded"].as_str().unwrap_or_default();
    ensure!(
        refunded.parse::<u128>()? > 2_000_000_000_000_000_000,
        "credit, deposit and rounds to come come back: {removed}"
    );
    Ok(())
}

/// What is owed to a provider and what its account has, held or not: at one block, so that no round is settled between the two questions.
async fn owed_and_had(net: &LocalNet, provider: &AccountId) -> anyhow::Result<(u128, u128)> {
    let state = net.client().at_finalized().await?;
    let pay = state.provider_pay(provider).await?;
    let pay = pay.context("an earner is owed its rounds to come")?;
    let account = state.account(provider).await?;
    Ok((pay.owed, account.free + account.reserved))
}

/// Turns a bit of every segment of the file over in the provider's data, at this offset in each: at another each time, or what was not healed would be sound again.
fn spoil(provider: &Provider, file: &FileId, offset: u64) -> anyhow::Result<()> {
    let name = file.to_string();
    let (shelf, data) = (&name[..2], format!("{name}.data"));
    let path = provider.data_dir().join("files").join(shelf).join(data);
    let data = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .with_context(|| format!("open {}", path.display()))?;
    for segment in 0..SIZE.div_ceil(SEGMENT) {
        let at = segment * SEGMENT + offset;
        let mut byte = [0];
        data.read_exact_at(&mut byte, at)?;
        data.write_all_at(&[byte[0] ^ 0x20], at)?;
    }
    Ok(data.sync_all()?)
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_data_is_struck_unless_a_peer_has_it() -> anyhow::Result<()> {
    // Without the scrub: what is damaged is found by the audits or not at all.
    let shape = audits::net(2)
        .provider_arg("--scrub-rate")
        .provider_arg("0");
    let stored = Stored::start(shape, "audits: damage", 2).await?;
    let earners = stored.earners()?;
    let [victim, peer] = earners[..] else {
        anyhow::bail!("two providers earn, not {}", earners.len());
    };
    stored.until(victim, PASSED, 1.0).await?;

    // The peer helps: every round is passed.
    let passed = figures(victim).await?.get(PASSED).copied();
    spoil(victim, &stored.file, 77)?;
    let next = passed.unwrap_or_default() + 2.0;
    stored.until(victim, PASSED, next).await?;
    let found = figures(victim).await?;
    let healed = found.get(audits::HEALED);
    ensure!(
        found.get(MISSED) == Some(&0.0) && healed.copied().unwrap_or_default() >= 1.0,
        "what a peer has is fetched in time: {found:?}"
    );

    // It does not: the next round is missed, whatever is drawn, for everything is damaged.
    peer.stop().await;
    spoil(victim, &stored.file, 99)?;
    stored.until(victim, MISSED, 1.0).await?;
    let found = figures(victim).await?;
    ensure!(
        found.get(UNANSWERABLE).copied().unwrap_or_default() >= 1.0,
        "the daemon says that data is lacking: {found:?}"
    );
    // Nobody settles by itself a round that was missed; anyone may.
    let account = victim.account();
    let other = network::submitter(&stored.net, OTHER)?;
    network::until("the round is over", ROUNDS, || async {
        let standing = standing(&stored.net, &account).await?;
        Ok((standing.unsettled > 0 || standing.points >= MISS).then_some(()))
    })
    .await?;
    let before = standing(&stored.net, &account).await?;
    if before.points < MISS {
        let done = other.submit(Call::Poke { provider: account }).await?;
        let missed = done.event("Audits", "RoundMissed");
        let missed = missed.context("a round was missed")?;
        ensure!(
            missed.fields["slashed"].as_str() != Some("0"),
            "a miss costs the fee: {missed:?}"
        );
    }
    let after = standing(&stored.net, &account).await?;
    ensure!(
        after.points >= MISS && !after.dropping,
        "one round missed is a strike and no drop: {after:?}"
    );
    stored.net.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_provider_is_dropped_and_its_replica_repaired() -> anyhow::Result<()> {
    // Whoever looks for missed rounds settles those of the dead.
    let shape = audits::net(3).provider_arg("--poke-others");
    let stored = Stored::start(shape, "audits: repair", 2).await?;
    let earners = stored.earners()?;
    let dead = earners.first().context("two earn")?;
    let account = dead.account();
    let (terms, owner) = (stored.deal.terms, stored.owner);
    let before = network::total(&stored.net, &owner).await?;
    dead.kill9().await;

    // Four misses in a row, at 24 points each, settled by the others.
    let repaired = |deal: &Deal| {
        let slots = &deal.slots;
        slots
            .iter()
            .all(|slot| slot.state.is_held() && slot.place_of(&account).is_none())
    };
    let patience = ROUNDS * 2;
    let deal = network::until_deal(
        &stored.net,
        &stored.file,
        &owner,
        patience,
        "repaired by another provider",
        repaired,
    )
    .await?;
    ensure!(
        deal.terms == terms,
        "the lease is as it was: {:?}, not {terms:?}",
        deal.terms
    );
    let after = network::total(&stored.net, &owner).await?;
    ensure!(
        after == before,
        "the owner pays nothing for the repair: {before} before, {after} after"
    );
    let record = stored.net.client().at_finalized().await?;
    let left = record.assignments(&account).await?;
    ensure!(
        left.is_empty(),
        "the dead provider has nothing left: {left:?}"
    );
    // Its replacement matures, and earns with what was put on the slot.
    until_earning(&stored.net, &stored.file, &owner, 2).await?;
    stored.is_retrievable().await?;
    stored.net.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_daemon_and_node_within_a_round_loses_no_round() -> anyhow::Result<()> {
    let stored = Stored::start(audits::net(1), "audits: restarts", 1).await?;
    let provider = stored.net.provider(0);
    stored.until(provider, PASSED, 1.0).await?;
    let account = provider.account();
    // At the beginning of a window, whatever of the answers is on its way is lost with both.
    network::until("a window that opens", ROUNDS, || async {
        let now = round(&stored.net).await?;
        let opens = now.ticks_left() >= u64::from(now.answer_ticks) - 1;
        Ok(opens.then_some(()))
    })
    .await?;
    let during = round(&stored.net).await?.index;
    provider.kill9().await;
    let node = stored.net.node(0);
    node.kill9().await;
    node.start()?;
    node.ready().await?;
    provider.start()?;
    provider.ready().await?;
    network::until("the round after", ROUNDS, || async {
        let now = round(&stored.net).await?;
        Ok((now.index >= during + 2 && now.ticks_left() == 0).then_some(()))
    })
    .await?;
    let now = standing(&stored.net, &account).await?;
    ensure!(
        now.points == 0 && now.next > during,
        "no round was missed through the restart in round {during}: {now:?}"
    );
    stored.net.shutdown().await;
    Ok(())
}
