//! Data availability by the real programs: blobs of all sizes through a gateway and four seats, seats that stop, that are killed and come back, and audits of what they hold.

use std::time::Duration;

use anyhow::{bail, ensure, Context};
use noema_da::{
    client::{PutOptions, Wanted},
    wire::BlobState,
};
use noema_da_primitives::Namespace;
use noema_local_net::LocalNet;
use noema_tests::{
    audits::{amount, figures},
    blobs::{
        availability, content, gateway, give, holders, net, put, reader, settled, submission,
        submission_of, until_era,
    },
    chain_events::EventLog,
    cli::Noema,
    network::{self, proving},
};

/// Rows that seats showed to audits.
const ANSWERED: &str = "noema_da_seat_challenges_total{result=\"answered\"}";
/// Rows that they were asked for and could not show.
const UNANSWERABLE: &str = "noema_da_seat_challenges_total{result=\"unanswerable\"}";
/// How long something may take that no event announces.
const SOON: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn blobs_become_available_stay_so_and_are_audited() -> anyhow::Result<()> {
    let net = net(4).start().await?;
    let log = EventLog::start(net.client(), &["DataAvailability", "RowAudits"]);
    tokio::select! {
        crash = net.next_crash() => bail!("a process ended that nobody stopped: {crash}"),
        done = all_of_it(&net, &log) => done?,
    }
    net.shutdown().await;
    Ok(())
}

async fn all_of_it(net: &LocalNet, log: &EventLog) -> anyhow::Result<()> {
    sizes(net).await?;
    namespaces(net).await?;
    command_line(net).await?;
    let kept = audited(net, log).await?;
    without_one(net).await?;
    without_two(net, log).await?;
    // What became available before is still read, by two seats of four.
    let read = reader(net).read(kept.0).await?;
    ensure!(read.bytes == kept.1, "an old blob is what it was");
    killed_gateway(net).await
}

/// Each is put, held by every seat, read back from the gateway, from the seats, and sampled.
async fn sizes(net: &LocalNet) -> anyhow::Result<()> {
    let mut sizes = vec![1, 1 << 10, 1 << 20];
    if proving() {
        sizes.extend([32 << 20, 128 << 20]);
    }
    let (gateway, reader) = (gateway(net)?, reader(net));
    for size in sizes {
        let blob = content(size, size as u64);
        let (number, status) = put(&gateway, &blob, PutOptions::default()).await?;
        ensure!(
            status.faults.is_empty(),
            "every seat did its work: {status:?}"
        );
        ensure!(
            gateway.get(&status.id).await? == blob,
            "{size} bytes come back"
        );
        let read = reader.read(number).await?;
        ensure!(
            read.bytes == blob && read.reports.is_empty(),
            "{:?}",
            read.reports
        );
        let sampled = reader.sample(number, 10).await?;
        ensure!(sampled.is_complete(), "{sampled:?}");
        ensure!(holders(net, number).await?.len() == 4, "all four hold it");
    }
    Ok(())
}

/// Small blobs of two namespaces: each finds its own, in order, and what was bundled is read by itself.
async fn namespaces(net: &LocalNet) -> anyhow::Result<()> {
    let gateway = gateway(net)?;
    let (one, other) = (Namespace([1; 28]), Namespace([2; 28]));
    let options = |namespace, bundle| PutOptions {
        namespace: Some(namespace),
        days: Some(1),
        bundle,
    };
    let first = content(500, 1);
    let (number, _) = put(&gateway, &first, options(one, false)).await?;
    let small: Vec<_> = (0..3).map(|n| content(300 + n, n as u64)).collect();
    let mut ids = Vec::new();
    for blob in &small {
        ids.push(give(&gateway, blob, options(other, true)).await?.id);
    }
    let mut bundles = Vec::new();
    for (id, blob) in ids.iter().zip(&small) {
        let status = settled(&gateway, id).await?;
        ensure!(status.state == BlobState::Available, "{status:?}");
        ensure!(gateway.get(id).await? == *blob, "a member comes back");
        bundles.push(status.submission.context("a bundle is on chain")?);
    }
    ensure!(
        bundles.windows(2).all(|two| two[0] == two[1]),
        "one bundle: {bundles:?}"
    );
    let state = net.client().at_finalized().await?;
    let entries = state.namespace_entries(&one, 0, 10).await?.entries;
    let listed: Vec<_> = entries.iter().map(|entry| entry.submission).collect();
    ensure!(listed == [number], "{entries:?}");
    let at = state
        .namespace_entries_at(&one, entries[0].height, 0, 10)
        .await?;
    ensure!(at.entries == entries, "the same by height: {at:?}");
    let bundled = state.namespace_entries(&other, 0, 10).await?.entries;
    ensure!(
        bundled.len() == 1 && bundled[0].submission == bundles[0],
        "{bundled:?}"
    );
    Ok(())
}

/// The same as a person types it.
async fn command_line(net: &LocalNet) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let path = |name: &str| dir.path().join(name).display().to_string();
    let (blob, noema) = (content(90_000, 51), Noema::of(net)?);
    std::fs::write(path("blob"), &blob)?;
    let (namespace, gateway) = ("03".repeat(28), availability(net)?.gateway_url());
    let blob_file = path("blob");
    let put = ["da", "put", &blob_file, "--gateway", &gateway];
    let put = [&put[..], &["--namespace", &namespace]].concat();
    let answer = noema.ask(&put).await?;
    ensure!(answer["state"] == "available", "{answer}");
    let number = answer["submission"].to_string();
    let commitment = answer["commitment"].as_str().context("a commitment")?;
    let status = noema.ask(&["da", "status", commitment]).await?;
    ensure!(status["submission"] == answer["submission"], "{status}");
    ensure!(
        status["state"] == "available" && status["size"] == 90_000,
        "{status}"
    );
    let listed = noema.ask(&["da", "list", &namespace]).await?;
    ensure!(
        listed["entries"][0]["submission"] == answer["submission"],
        "{listed}"
    );
    let seats = noema.ask(&["da", "seats"]).await?;
    ensure!(
        seats["seats"].as_array().is_some_and(|all| all.len() == 4),
        "{seats}"
    );

    let out = path("out");
    let get = noema.ask(&["da", "get", commitment, "-o", &out]).await?;
    ensure!(
        get["verified"] == true && std::fs::read(&out)? == blob,
        "{get}"
    );
    let out = path("by-gateway");
    let get = ["da", "get", &number, "-o", &out, "--gateway", &gateway];
    noema.ask(&get).await?;
    ensure!(std::fs::read(&out)? == blob, "the gateway reads it as well");

    let sampled = noema
        .ask(&["da", "sample", commitment, "--rows", "16"])
        .await?;
    ensure!(sampled["verified"] == 16, "{sampled}");
    ensure!(
        sampled["fooled_with"]
            .as_f64()
            .is_some_and(|chance| chance < 1e-9),
        "{sampled}"
    );
    Ok(())
}

/// Rows in their window are asked for, and shown: nobody misses a round.
async fn audited(net: &LocalNet, log: &EventLog) -> anyhow::Result<(u64, Vec<u8>)> {
    let blob = content(300_000, 9);
    let (number, _) = put(&gateway(net)?, &blob, PutOptions::default()).await?;
    let info = submission(net, number).await?.context("it is on chain")?;
    // Two rounds of the window are over, and settled, then.
    until_era(net, info.era + 4).await?;
    for seat in availability(net)?.seats() {
        let shown = network::until("an audit that a seat answered", SOON, || async {
            let figures = figures(seat).await?;
            let answered = figures.get(ANSWERED).copied().unwrap_or_default();
            Ok((answered > 0.0).then_some(figures))
        })
        .await?;
        ensure!(
            shown.get(UNANSWERABLE) == Some(&0.0),
            "{}: {shown:?}",
            seat.name()
        );
        let state = net.client().at_finalized().await?;
        let standing = state.row_standing(&seat.account()).await?;
        let standing = standing.context("a seat is on record")?;
        ensure!(standing.points == 0, "{}: {standing:?}", seat.name());
    }
    ensure!(
        !log.named("RowAudits", "RoundPassed").is_empty(),
        "rounds were passed"
    );
    let missed = log.named("RowAudits", "RoundMissed");
    ensure!(missed.is_empty(), "nobody missed a round: {missed:?}");
    Ok((number, blob))
}

/// A seat is killed: the others make blobs available. When it is back it has what it signed for.
async fn without_one(net: &LocalNet) -> anyhow::Result<()> {
    let seat = &availability(net)?.seats()[3];
    let (gateway, reader) = (gateway(net)?, reader(net));
    let before = content(20_000, 21);
    let (number, _) = put(&gateway, &before, PutOptions::default()).await?;
    ensure!(holders(net, number).await?.contains(&seat.account()));
    seat.kill9().await;
    let blob = content(40_000, 22);
    let (without, _) = put(&gateway, &blob, PutOptions::default()).await?;
    let found = holders(net, without).await?;
    ensure!(
        !found.contains(&seat.account()),
        "who is gone holds nothing"
    );
    ensure!(reader.read(without).await?.bytes == blob);
    seat.start()?;
    seat.ready().await?;
    let collector = reader.collector(number).await?;
    let plan = collector.plan().clone();
    let place = plan.committee.seat_of(&seat.account());
    let place = place.context("the seat is in the committee")?;
    let rows = plan.assignment.sorted_rows(place);
    let rows = Wanted::These(rows.into_iter().collect());
    let collected = collector.collect(&rows).await;
    ensure!(
        collected.complete,
        "its rows are there: {:?}",
        collected.reports
    );
    Ok(())
}

/// Two of four are stopped: nothing becomes available, and what was paid for the window comes back.
async fn without_two(net: &LocalNet, log: &EventLog) -> anyhow::Result<()> {
    let availability = availability(net)?;
    for seat in &availability.seats()[2..] {
        seat.stop().await;
    }
    let gateway = gateway(net)?;
    let taken = give(&gateway, &content(5_000, 31), PutOptions::default()).await?;
    let pending = network::until("the submission", SOON, || async {
        let Some(number) = gateway.status(&taken.id).await?.submission else {
            return Ok(None);
        };
        submission(net, number).await
    })
    .await?;
    let status = settled(&gateway, &taken.id).await?;
    ensure!(status.state == BlobState::TooFewSignatures, "{status:?}");
    let named: Vec<_> = status.faults.iter().map(|fault| fault.seat).collect();
    ensure!(named.len() == 2, "the silent are named: {status:?}");
    let number = pending.submission;
    let (_, event) = network::until("the refund", SOON, || async {
        let refunds = log.named("DataAvailability", "Refunded");
        let mut refunds = refunds.into_iter();
        Ok(refunds.find(|(_, event)| submission_of(event) == Some(number)))
    })
    .await?;
    let back = amount(&event, "amount")?;
    ensure!(
        back == pending.fee && back > 0,
        "{event:?}: expected what {pending:?} paid"
    );
    let gone = submission(net, number).await?;
    ensure!(gone.is_none(), "{gone:?}");
    for seat in &availability.seats()[2..] {
        seat.start()?;
        seat.ready().await?;
    }
    Ok(())
}

/// What the gateway took is worked on when it is back.
async fn killed_gateway(net: &LocalNet) -> anyhow::Result<()> {
    let (availability, gateway) = (availability(net)?, gateway(net)?);
    let blob = content(70_000, 41);
    let taken = give(&gateway, &blob, PutOptions::default()).await?;
    availability.kill9_gateway().await;
    availability.start_gateway().await?;
    let status = settled(&gateway, &taken.id).await?;
    ensure!(status.state == BlobState::Available, "{status:?}");
    ensure!(gateway.get(&taken.id).await? == blob);
    Ok(())
}
