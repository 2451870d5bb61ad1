//! Providers die for good, one after the other, while files are read all the time: audits find them, repair makes up for them, and the owners pay nothing for it.
//!
//! Each death takes about eight rounds of 25 s: four that are missed, and what it takes to draw, fetch, prove and mature the replicas anew.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{bail, ensure, Context};
use noema_chain_client::{AccountId, Deal, ProviderRecord, ProviderStatus, Role, SlotState};
use noema_local_net::{LocalNet, Provider};
use noema_tests::{
    audits::{self, standing, until_earning},
    chain_events::EventLog,
    cli::Noema,
    files::write_seeded,
    gets::Gets,
    network::{self, proving, seed},
    puts::Put,
};

/// How much of it there is.
struct Scale {
    providers: usize,
    deaths: usize,
    files: usize,
}

const CI: Scale = Scale {
    providers: 4,
    deaths: 1,
    files: 2,
};
/// Whoever is left afterwards is just enough for the replicas.
const FULL: Scale = Scale {
    providers: 6,
    deaths: 3,
    files: 6,
};
const REPLICAS: u8 = 3;
/// Whose files they are, in turn: not the validator's, who gets a part of all fees.
const OWNERS: [&str; 3] = ["Bob", "Charlie", "Dave"];
const SEGMENT: u64 = 262_144;
/// More than the rounds of the test.
const LEASE: u32 = 400;
/// From a death until every file has its replicas again.
const REPAIR: Duration = Duration::from_secs(900);
/// What four misses in a row bring, and the points of whoever was dropped.
const LADDER: [&str; 4] = ["First", "Second", "Third", "Drop"];
const POINTS_AFTER: u32 = 72;

/// A file that is stored.
struct Stored {
    owner: AccountId,
    put: Put,
    /// When all its replicas were audited first.
    deal: Deal,
}

#[tokio::test(flavor = "multi_thread")]
async fn files_survive_providers_that_die_one_after_the_other() -> anyhow::Result<()> {
    let scale = if proving() { FULL } else { CI };
    // Whoever looks for missed rounds settles those of the dead.
    let net = audits::net(scale.providers)
        .provider_arg("--poke-others")
        .start()
        .await?;
    tokio::select! {
        // Kills by this test do not count: they are wanted.
        crash = net.next_crash() => bail!("a process ended that nobody killed: {crash}"),
        done = die_and_compare(&net, &scale) => done?,
    }
    net.shutdown().await;
    Ok(())
}

async fn die_and_compare(net: &LocalNet, scale: &Scale) -> anyhow::Result<()> {
    let log = EventLog::start(net.client(), &["Audits"]);
    let (dir, noema) = (tempfile::tempdir()?, Noema::of(net)?);
    let (seed, mut files) = (seed("deaths"), Vec::new());
    for (number, name) in (0..scale.files).zip(OWNERS.iter().cycle()) {
        let path = dir.path().join(format!("file-{number}"));
        let number = u64::try_from(number)?;
        let size = (2 + number) * SEGMENT + 1000 * number + 1;
        write_seeded(&path, size, seed.wrapping_add(number))?;
        let put = audits::put(&noema.dev(name), path, REPLICAS, LEASE).await?;
        let owner = network::account(name)?;
        let deal = until_earning(net, &put.file.file, &owner, REPLICAS.into()).await?;
        files.push(Stored { owner, put, deal });
    }
    let before = totals(net, &files).await?;

    let puts = files.iter().map(|file| file.put.clone()).collect();
    let mut reading = Gets::start(net.client(), noema.clone(), puts, dir.path().join("read"));
    let (mut dead, mut slashed) = (Vec::new(), 0);
    for number in 1..=scale.deaths {
        let victim = fullest(net, &dead).await?;
        let account = victim.account();
        let bond = record(net, &account).await?.bond;
        victim.kill9().await;
        dead.push(account);
        all_retrievable(&noema, &files, &dir.path().join("copy")).await?;
        for file in &files {
            whole_without(net, file, &dead).await?;
        }
        slashed += dropped(net, &log, &account, bond).await?;
        all_retrievable(&noema, &files, &dir.path().join("copy")).await?;
        reading = reading.check().await?;
        println!(
            "{} is death {number}: dropped and made up for",
            victim.name()
        );
    }
    let read = reading.finish().await?;
    ensure!(read >= files.len(), "files were read {read} times only");

    let after = totals(net, &files).await?;
    ensure!(
        after == before,
        "owners pay nothing for repairs: {before:?} before, {after:?} after"
    );
    let now = net.client().finalized().number;
    log.until_read(now).await?;
    for provider in net.providers() {
        let account = provider.account();
        if dead.contains(&account) {
            continue;
        }
        let (missed, standing) = (
            audits::rounds(&log, "RoundMissed", &account)?,
            standing(net, &account).await?,
        );
        ensure!(
            missed.is_empty() && standing.points == 0,
            "{} lives and misses nothing: {standing:?}, {missed:?}",
            provider.name()
        );
    }
    println!(
        "{} of {} providers died: {} files read {read} times meanwhile, every byte compared, and back to {REPLICAS} replicas each; {slashed} units slashed, 0 paid by their owners",
        dead.len(),
        scale.providers,
        files.len(),
    );
    Ok(())
}

/// Everything in the accounts of the owners.
async fn totals(net: &LocalNet, files: &[Stored]) -> anyhow::Result<BTreeMap<AccountId, u128>> {
    let mut totals = BTreeMap::new();
    for file in files {
        totals.insert(file.owner, network::total(net, &file.owner).await?);
    }
    Ok(totals)
}

/// Whoever of the living has most replicas.
async fn fullest<'a>(net: &'a LocalNet, dead: &[AccountId]) -> anyhow::Result<&'a Provider> {
    let state = net.client().at_finalized().await?;
    let mut best: Option<(usize, &Provider)> = None;
    for provider in net.providers() {
        let account = provider.account();
        if dead.contains(&account) {
            continue;
        }
        let has = state.assignments(&account).await?.len();
        if best.is_none_or(|(most, _)| has > most) {
            best = Some((has, provider));
        }
    }
    let (has, provider) = best.context("somebody lives")?;
    ensure!(has > 0, "nobody of the living has a replica");
    Ok(provider)
}

async fn record(net: &LocalNet, provider: &AccountId) -> anyhow::Result<ProviderRecord> {
    let state = net.client().at_finalized().await?;
    let record = state.provider(Role::Storage, provider).await?;
    record.with_context(|| format!("{provider} is registered"))
}

async fn all_retrievable(
    noema: &Noema,
    files: &[Stored],
    copy: &std::path::Path,
) -> anyhow::Result<()> {
    for file in files {
        noema.get_same(&file.put, copy).await?;
    }
    Ok(())
}

/// Waits until all replicas that are wanted are audited, none of them with one of the dead, on the terms of before.
async fn whole_without(net: &LocalNet, file: &Stored, dead: &[AccountId]) -> anyhow::Result<()> {
    let whole = |deal: &Deal| {
        deal.slots.iter().all(|slot| {
            let audited = matches!(
                slot.state,
                SlotState::Held {
                    joined: Some(_),
                    ..
                }
            );
            audited && dead.iter().all(|dead| slot.place_of(dead).is_none())
        })
    };
    let what = "whole again without the dead";
    let (id, owner) = (&file.put.file.file, &file.owner);
    let deal = network::until_deal(net, id, owner, REPAIR, what, whole).await?;
    ensure!(
        deal.slots.len() == usize::from(REPLICAS),
        "expected {REPLICAS} replicas of {id}, found {}",
        deal.slots.len()
    );
    let mut holders: Vec<_> = deal.slots.iter().filter_map(|slot| slot.earner()).collect();
    holders.sort_unstable();
    holders.dedup();
    ensure!(
        holders.len() == deal.slots.len(),
        "expected as many providers as replicas of {id}, found {holders:?}"
    );
    ensure!(
        deal.terms == file.deal.terms,
        "the lease of {id} is as it was: {:?}, not {:?}",
        deal.terms,
        file.deal.terms
    );
    ensure!(
        deal.balance >= file.deal.balance,
        "what the pot has for {id} went from {} to {}: rounds without a replica are the owner's",
        file.deal.balance,
        deal.balance
    );
    Ok(())
}

/// Fails unless the chain took from the provider what it says, and everything that it held. What was slashed.
async fn dropped(
    net: &LocalNet,
    log: &EventLog,
    account: &AccountId,
    bond: u128,
) -> anyhow::Result<u128> {
    log.until_read(net.client().finalized().number).await?;
    let missed = audits::rounds(log, "RoundMissed", account)?;
    let levels: Vec<_> = missed
        .iter()
        .map(|(_, event)| &event.fields["level"])
        .collect();
    ensure!(
        levels == LADDER,
        "expected the ladder {LADDER:?} for {account}, found {missed:#?}"
    );
    let fee = net.client().at_finalized().await?.audit_limits()?.miss_fee;
    let mut slashed = 0;
    for (round, event) in &missed {
        let taken = audits::amount(event, "slashed")?;
        ensure!(
            taken >= fee,
            "round {round}: expected the fee of {fee} at least, {taken} was slashed"
        );
        slashed += taken;
    }
    let now = record(net, account).await?;
    ensure!(
        now.bond + slashed == bond,
        "the bond of {account} was {bond}, {slashed} was slashed, it is {}",
        now.bond
    );
    ensure!(
        matches!(now.status, ProviderStatus::Jailed { .. }) && now.reserved == 0,
        "expected {account} jailed and empty, found {now:?}"
    );
    for name in ["DropBegan", "DropEnded"] {
        let events = log.named("Audits", name);
        let of_it = events.iter().filter(|(_, event)| {
            let who = event.fields["provider"].as_str();
            who.and_then(|who| who.parse().ok()) == Some(*account)
        });
        let count = of_it.count();
        ensure!(
            count == 1,
            "expected one {name} of {account}, found {events:?}"
        );
    }
    let standing = standing(net, account).await?;
    ensure!(
        !standing.dropping && standing.points == POINTS_AFTER,
        "expected {POINTS_AFTER} points after the drop of {account}, found {standing:?}"
    );
    let left = net
        .client()
        .at_finalized()
        .await?
        .assignments(account)
        .await?;
    ensure!(left.is_empty(), "{account} has something left: {left:?}");
    Ok(slashed)
}
