//! A provider that lost a tenth of its bytes: it goes unpunished while its peers help in time, and is found out when they do not.
//!
//! `docs/design/ticks-and-randomness.md`, "What is found, and when", says for k = 8 challenges and 10 % lost: 0.570 rounds missed of each, 1.8 rounds to the first miss, 8.5 to the
//! drop; dropped within 20 rounds with 0.999, within 50 with more. Rounds take 25 s.

use std::{collections::BTreeMap, fs::OpenOptions, os::unix::fs::FileExt};

use anyhow::{bail, ensure, Context};
use noema_chain_client::{ProviderRecord, Role, RoundIndex};
use noema_local_net::{LocalNet, Provider};
use noema_tests::{
    audits::{
        self, figures, round, standing, until_earning, HEALED, MISSED, PASSED, SLOW_ROUND,
        UNANSWERABLE,
    },
    chain_events::EventLog,
    cli::Noema,
    files::write_seeded,
    network::{self, proving, seed},
    puts::Put,
};

/// The file's owner.
const OWNER: &str = "Bob";
/// Each has a replica of every file.
const PROVIDERS: u8 = 3;
/// Of the segments of each file one is lost: a tenth. All together they are so little that the fewest challenges are drawn: eight.
const FILES: u64 = 4;
const SEGMENTS: u64 = 10;
const SEGMENT: u64 = 262_144;
/// More than the rounds of the test.
const LEASE: u32 = 400;
/// Rounds in which peers help, at least.
const CI: u32 = 3;
const FULL: u32 = 20;
/// Rounds within which something that is lost is hit: by the table it is by far likelier to have led to the drop by then. None in 20 has a probability of 0.43 ^ 20.
const HIT_WITHIN: u32 = 20;
/// Rounds within which whoever lost a tenth is dropped "with > 0.999".
const DROPPED_WITHIN: u32 = 50;
/// Nobody answers there.
const NOWHERE: &str = "http://127.0.0.1:9";

#[tokio::test(flavor = "multi_thread")]
async fn a_tenth_lost_is_found_out_unless_it_is_fetched_in_time() -> anyhow::Result<()> {
    // Without the scrub: what is damaged is found by the audits or not at all. Missed rounds are settled by whoever looks for them.
    let net = audits::net(PROVIDERS.into())
        .provider_arg("--scrub-rate")
        .provider_arg("0")
        .provider_arg("--poke-others")
        .start()
        .await?;
    tokio::select! {
        crash = net.next_crash() => bail!("a process ended that nobody stopped: {crash}"),
        done = lose_and_count(&net) => done?,
    }
    net.shutdown().await;
    Ok(())
}

async fn lose_and_count(net: &LocalNet) -> anyhow::Result<()> {
    let log = EventLog::start(net.client(), &["Audits"]);
    let dir = tempfile::tempdir()?;
    let (noema, owner) = (Noema::of(net)?.dev(OWNER), network::account(OWNER)?);
    let (seed, mut files) = (seed("a tenth lost"), Vec::new());
    for number in 0..FILES {
        let path = dir.path().join(format!("file-{number}"));
        write_seeded(&path, SEGMENTS * SEGMENT, seed.wrapping_add(number))?;
        let put = audits::put(&noema, path, PROVIDERS, LEASE).await?;
        until_earning(net, &put.file.file, &owner, PROVIDERS.into()).await?;
        files.push(put);
    }
    let (victim, peers) = net.providers().split_first().context("three providers")?;

    let helped = with_help(net, &log, victim, &files).await?;
    for peer in peers {
        network::announce(net, peer, NOWHERE.into()).await?;
    }
    let alone = without_help(net, &log, victim, &files).await?;
    println!("a tenth lost, peers help: {helped}");
    println!("a tenth lost, peers do not: {alone}");

    for peer in peers {
        let standing = standing(net, &peer.account()).await?;
        let missed = audits::rounds(&log, "RoundMissed", &peer.account())?;
        ensure!(
            standing.points == 0 && missed.is_empty(),
            "{} has everything and misses nothing: {standing:?}, {missed:?}",
            peer.name()
        );
    }
    Ok(())
}

/// Loses a tenth between two windows. The round that is over then: the next one is the first in which that counts.
async fn lose(net: &LocalNet, victim: &Provider, files: &[Put]) -> anyhow::Result<RoundIndex> {
    let since = network::until("time between two windows", SLOW_ROUND * 2, || async {
        let now = round(net).await?;
        let left = now.ends.saturating_sub(now.tick);
        Ok((now.is_over() && left > 4).then_some(now.index))
    })
    .await?;
    for (segment, put) in (0..).zip(files) {
        let name = put.file.file.to_string();
        let shelf = victim.data_dir().join("files").join(&name[..2]);
        let path = shelf.join(format!("{name}.data"));
        let data = OpenOptions::new().write(true).open(&path);
        let data = data.with_context(|| format!("open {}", path.display()))?;
        let nothing = vec![0; usize::try_from(SEGMENT)?];
        data.write_all_at(&nothing, segment * SEGMENT)?;
        data.sync_all()?;
    }
    let now = round(net).await?;
    ensure!(
        now.index == since,
        "the data was lost in round {since}, not while {} was asked for",
        now.index
    );
    Ok(since)
}

/// Rounds in which peers give what is lost: as many as wanted, and until something lost was asked for.
async fn with_help(
    net: &LocalNet,
    log: &EventLog,
    victim: &Provider,
    files: &[Put],
) -> anyhow::Result<String> {
    let rounds = if proving() { FULL } else { CI };
    let before = figures(victim).await?;
    let since = lose(net, victim, files).await?;
    let what = format!("{rounds} rounds passed and a segment healed");
    let now = network::until(&what, SLOW_ROUND * (rounds + HIT_WITHIN), || async {
        let now = figures(victim).await?;
        let more = |figure: &str| of(&now, figure) - of(&before, figure);
        let enough = more(PASSED) >= f64::from(rounds) && more(HEALED) >= 1.0;
        Ok((enough || more(MISSED) > 0.0).then_some(now))
    })
    .await?;
    ensure!(
        of(&now, MISSED) == of(&before, MISSED),
        "expected no round missed while peers help, found {now:?}"
    );
    log.until_read(net.client().finalized().number).await?;
    let account = victim.account();
    let missed = audits::rounds(log, "RoundMissed", &account)?;
    let standing = standing(net, &account).await?;
    ensure!(
        missed.is_empty() && standing.points == 0,
        "whoever fetches in time is not struck: {standing:?}, {missed:?}"
    );
    ensure!(
        of(&now, UNANSWERABLE) == 0.0,
        "nothing was unanswerable: {now:?}"
    );
    let passed = audits::rounds(log, "RoundPassed", &account)?;
    let passed = passed.iter().filter(|(round, _)| *round > since).count();
    Ok(format!(
        "{passed} rounds passed, {} segments healed of {FILES} lost, 0 rounds missed",
        of(&now, HEALED) - of(&before, HEALED)
    ))
}

/// Rounds in which nobody does: until the first miss, at full size until everything is dropped.
async fn without_help(
    net: &LocalNet,
    log: &EventLog,
    victim: &Provider,
    files: &[Put],
) -> anyhow::Result<String> {
    let account = victim.account();
    let bond = record(net, victim).await?.bond;
    let since = lose(net, victim, files).await?;
    let missed = || audits::rounds(log, "RoundMissed", &account);
    let first = network::until("first miss", SLOW_ROUND * (HIT_WITHIN + 2), || async {
        Ok(missed()?.into_iter().next())
    })
    .await?;
    let until_first = first.0.saturating_sub(since);
    ensure!(
        (1..=HIT_WITHIN).contains(&until_first),
        "expected the first miss within {HIT_WITHIN} rounds after {since}, found {first:?}"
    );
    let mut told = format!("first round missed after {until_first} (1.8 expected)");
    if proving() {
        let patience = SLOW_ROUND * (DROPPED_WITHIN + 2);
        let drop = network::until("drop", patience, || async {
            Ok(audits::rounds(log, "DropBegan", &account)?.pop())
        })
        .await?;
        let until_drop = drop.0.saturating_sub(since);
        ensure!(
            until_drop <= DROPPED_WITHIN,
            "expected the drop within {DROPPED_WITHIN} rounds after {since}, found {drop:?}"
        );
        told += &format!(", everything dropped after {until_drop} (8.5 expected)");
    }

    let now = net.client().at_finalized().await?;
    log.until_read(now.block().number).await?;
    let fee = now.audit_limits()?.miss_fee;
    let (missed, mut slashed) = (missed()?, 0);
    for (round, event) in &missed {
        let taken = audits::amount(event, "slashed")?;
        ensure!(
            taken >= fee,
            "round {round}: expected the fee of {fee} at least, {taken} was slashed"
        );
        slashed += taken;
    }
    let left = record(net, victim).await?.bond;
    ensure!(
        left + fee <= bond,
        "the bond was {bond}, {slashed} was slashed, {left} is left"
    );
    let passed = audits::rounds(log, "RoundPassed", &account)?;
    let passed = passed.iter().filter(|(round, _)| *round > since).count();
    Ok(format!(
        "{told}; {} rounds missed, {passed} passed, {slashed} units slashed",
        missed.len()
    ))
}

async fn record(net: &LocalNet, provider: &Provider) -> anyhow::Result<ProviderRecord> {
    let state = net.client().at_finalized().await?;
    let record = state.provider(Role::Storage, &provider.account()).await?;
    record.with_context(|| format!("{} is registered", provider.name()))
}

fn of(figures: &BTreeMap<String, f64>, figure: &str) -> f64 {
    figures.get(figure).copied().unwrap_or_default()
}
