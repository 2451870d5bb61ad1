//! A third of the stake lies, by programs of its own: blobs become available and are read all the same, and whoever lied is named.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{bail, ensure, Context};
use noema_da::client::PutOptions;
use noema_local_net::LocalNet;
use noema_tests::{
    blobs::{availability, content, gateway, net, put, reader, submission},
    cli::binary,
    da_cheat::{tell, Cheat},
    network::{self, seed},
};

/// Seats, and the first of those that lie: two of six.
const SEATS: usize = 6;
const FIRST_LIAR: usize = 4;
/// How long something may take that no event announces.
const SOON: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn seats_that_lie_are_named_and_harm_nobody() -> anyhow::Result<()> {
    let cheat = binary("noema-da-cheat")?;
    let mut builder = net(SEATS);
    for seat in FIRST_LIAR..SEATS {
        builder = builder.seat_binary(seat, &cheat);
    }
    let net = builder.start().await?;
    tokio::select! {
        crash = net.next_crash() => bail!("a process ended that nobody stopped: {crash}"),
        done = lie(&net) => done?,
    }
    net.shutdown().await;
    Ok(())
}

async fn lie(net: &LocalNet) -> anyhow::Result<()> {
    let seed = seed("seats that lie");
    until_all_have_seats(net).await?;
    for way in Cheat::SIGNING {
        tell_all(net, way).await?;
        signing(net, way, seed).await?;
    }
    for way in Cheat::SERVING {
        // What they are given they sign for, and serve wrongly.
        tell_all(net, Cheat::None).await?;
        let blob = content(400_000, seed ^ 7);
        let (number, _) = put(&gateway(net)?, &blob, PutOptions::default()).await?;
        tell_all(net, way).await?;
        serving(net, way, number, &blob).await?;
    }
    Ok(())
}

async fn tell_all(net: &LocalNet, way: Cheat) -> anyhow::Result<()> {
    for seat in &availability(net)?.seats()[FIRST_LIAR..] {
        tell(&seat.url(), way).await?;
    }
    Ok(())
}

/// Places of the liars in the committee of a submission.
async fn liars(net: &LocalNet, number: u64) -> anyhow::Result<BTreeSet<u8>> {
    let info = submission(net, number).await?.context("it is on chain")?;
    let state = net.client().at_finalized().await?;
    let committee = state.committee(info.era).await?.context("a committee")?;
    let mut places = BTreeSet::new();
    for liar in &availability(net)?.seats()[FIRST_LIAR..] {
        let mut seats = committee.seats.iter();
        let place = seats.position(|seat| seat.provider == liar.account());
        places.insert(u8::try_from(place.context("a seat")?)?);
    }
    Ok(places)
}

/// The first committee is drawn as soon as it can be, maybe before all keys are set.
async fn until_all_have_seats(net: &LocalNet) -> anyhow::Result<()> {
    network::until("a committee of all", SOON * 3, || async {
        let state = net.client().at_finalized().await?;
        let era = state.da_parameters().await?.era;
        let committee = state.committee(era).await?;
        let all = committee.is_some_and(|committee| committee.seats.len() == SEATS);
        Ok(all.then_some(()))
    })
    .await
}

async fn signing(net: &LocalNet, way: Cheat, seed: u64) -> anyhow::Result<()> {
    let gateway = gateway(net)?;
    let blob = content(60_000, seed);
    let (number, status) = put(&gateway, &blob, PutOptions::default()).await?;
    let expected = liars(net, number).await?;
    let named = network::until("the liars are named", SOON, || async {
        let status = gateway.status(&status.id).await?;
        let named: BTreeSet<u8> = status.faults.iter().map(|fault| fault.seat).collect();
        Ok((named.len() == expected.len()).then_some(named))
    })
    .await?;
    ensure!(
        named == expected,
        "{way}: {named:?} are named, {expected:?} lied"
    );
    ensure!(reader(net).read(number).await?.bytes == blob, "{way}");
    Ok(())
}

async fn serving(net: &LocalNet, way: Cheat, number: u64, blob: &[u8]) -> anyhow::Result<()> {
    let expected = liars(net, number).await?;
    // A read may have enough before it comes to a liar: again until it did.
    network::until("a liar is met", SOON, || async {
        let read = reader(net).read(number).await?;
        ensure!(read.bytes == blob, "{way}: another blob than was put");
        let named: BTreeSet<u8> = read.reports.iter().map(|r| r.seat as u8).collect();
        ensure!(
            named.is_subset(&expected),
            "{way}: {named:?} are named, {expected:?} lied"
        );
        let lies = read.reports.iter().all(|report| report.fault.is_lie());
        ensure!(lies || way == Cheat::Drip, "{way}: {:?}", read.reports);
        // Who drips is left behind, not waited for: nothing can be said of it then.
        Ok((!named.is_empty() || way == Cheat::Drip).then_some(()))
    })
    .await
}
