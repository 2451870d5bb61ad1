//! Providers that lie are named, and the honest ones serve.

use std::{path::Path, time::Duration};

use anyhow::{ensure, Context};
use noema_chain_client::{Call, SlotState, Submitter};
use noema_local_net::{LocalNet, PortChoice, Provider};
use noema_storage::client::{
    commit_file, DownloadError, DownloadOptions, FileRef, Peer, StorageClient,
};
use noema_tests::{
    cli::Noema,
    files::{first_difference, write_seeded},
    network::{self, seed},
    tamper::Tampering,
};

/// Seventeen segments, the last one short.
const SIZE: u64 = 16 * 262_144 + 1000;
const PATIENCE: Duration = Duration::from_secs(180);

#[tokio::test(flavor = "multi_thread")]
async fn a_lying_provider_is_named_and_another_one_serves() -> anyhow::Result<()> {
    let liars = [0];
    let net = start(3, &liars).await?;
    let noema = Noema::of(&net)?;
    let dir = tempfile::tempdir()?;
    let (original, file) = put(&net, &noema, dir.path()).await?;
    let liar = net.provider(0);
    let peer = |provider: &Provider| Peer {
        provider: provider.account(),
        endpoint: provider.endpoint(),
    };
    let storage = StorageClient::default();

    for way in Tampering::ALL {
        set_way(liar, way).await?;

        // Alone, the liar gets nobody to take its data; the error names it.
        let copy = dir.path().join(format!("{way}-alone"));
        let mut output = tokio::fs::File::create(&copy).await?;
        let alone = storage
            .download(
                &file,
                &[peer(liar)],
                &mut output,
                DownloadOptions::default(),
            )
            .await;
        let Err(DownloadError::Unavailable { report, .. }) = &alone else {
            anyhow::bail!("{way}: expected that nobody serves the file, found {alone:?}");
        };
        let named = report
            .misbehaved
            .iter()
            .find(|m| m.provider == liar.account());
        let named = named.with_context(|| format!("{way}: the liar is not named in {report:?}"))?;
        println!("{way}: {named}");
        let said = alone
            .as_ref()
            .err()
            .map(ToString::to_string)
            .unwrap_or_default();
        ensure!(
            said.contains(&liar.account().to_string()),
            "{way}: the liar is not named in `{said}`"
        );

        // Asked first, it is left for an honest one; what arrives is what was put.
        let copy = dir.path().join(way.to_string());
        let copy_name = copy.to_str().context("a path in UTF-8")?;
        let account = liar.account().to_string();
        let id = file.file.to_string();
        let get = noema
            .run(&[
                "storage", "get", &id, "--from", &account, "--output", copy_name,
            ])
            .await?;
        let answer = get.answer()?;
        let said = format!("{}{answer}", get.stderr);
        ensure!(
            said.contains(&account),
            "{way}: the liar is not named in `{said}`"
        );
        let difference = first_difference(&original, &copy)?;
        ensure!(
            difference.is_none(),
            "{way}: the copy differs from byte {difference:?} on"
        );
    }
    net.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_pulls_from_a_liar_recovers() -> anyhow::Result<()> {
    let liars = [0, 1];
    let net = start(4, &liars).await?;
    let noema = Noema::of(&net)?;
    let dir = tempfile::tempdir()?;
    let (original, file) = put(&net, &noema, dir.path()).await?;
    let alice = network::account("Alice")?;
    let deal = network::deal(&net, &file.file, &alice)
        .await?
        .context("the deal stands")?;

    // Three of the four hold the file. One of them gives it up, so that of the two left one lies; the outsider takes the place.
    let holders: Vec<_> = deal
        .providers()
        .into_iter()
        .map(|(slot, account, _)| (slot, account))
        .collect();
    let is_liar = |provider: &Provider| liars.contains(&provider.index());
    let outsider = net
        .providers()
        .iter()
        .find(|p| holders.iter().all(|(_, account)| *account != p.account()))
        .context("one of four is not drawn for three places")?;
    // Two liars hold: one of them leaves. One liar holds: an honest one leaves.
    let liar_leaves = !is_liar(outsider);
    let mut leaving = None;
    for (slot, account) in &holders {
        let provider = network::provider_of(&net, account)?;
        if is_liar(provider) == liar_leaves {
            leaving = Some((*slot, provider));
        }
    }
    let (slot, leaving) = leaving.context("somebody of that kind holds the file")?;
    let mut left = Vec::new();
    for (_, account) in holders.iter().filter(|(other, _)| *other != slot) {
        left.push(network::provider_of(&net, account)?);
    }
    let liar = left
        .iter()
        .find(|p| is_liar(p))
        .context("one of the two lies")?;
    let honest = left
        .iter()
        .find(|p| !is_liar(p))
        .context("one of the two is honest")?;

    // The honest one is away at first, so that the liar must be asked.
    set_way(liar, Tampering::FlippedBit).await?;
    honest.kill9().await;
    Submitter::new(net.client().clone(), leaving.key().clone())
        .submit(Call::Resign {
            file: file.file,
            owner: alice,
            slot,
        })
        .await?;
    let account = outsider.account();
    network::until_deal(
        &net,
        &file.file,
        &alice,
        PATIENCE,
        "assigned to the outsider",
        |deal| deal.slot_of(&account).is_some(),
    )
    .await?;
    let lies = network::until("segment served by the liar", PATIENCE, || async {
        let served = lies_of(liar).await?;
        Ok((served > 0).then_some(served))
    })
    .await?;

    let log = net
        .data_dir()
        .join("logs")
        .join(format!("{}.log", outsider.name()));
    let liar_account = liar.account().to_string();
    let line = network::until("line of the log that names the liar", PATIENCE, || async {
        let log = tokio::fs::read_to_string(&log).await?;
        Ok(log
            .lines()
            .find(|line| line.contains(&liar_account))
            .map(str::to_owned))
    })
    .await?;
    println!(
        "{lies} segments tampered with; {} says: {line}",
        outsider.name()
    );

    honest.restart().await?;
    network::until_deal(
        &net,
        &file.file,
        &alice,
        PATIENCE,
        "held by the outsider",
        |deal| {
            deal.slot_of(&account)
                .is_some_and(|(_, slot)| matches!(slot.state, SlotState::Held { .. }))
        },
    )
    .await?;

    // What it holds is what was put. If it is one of the liars, it is asked to be honest for once.
    if is_liar(outsider) {
        set_way(outsider, Tampering::None).await?;
    }
    let copy = dir.path().join("copy");
    let mut output = tokio::fs::File::create(&copy).await?;
    let peer = Peer {
        provider: account,
        endpoint: outsider.endpoint(),
    };
    StorageClient::default()
        .download(&file, &[peer], &mut output, DownloadOptions::default())
        .await?;
    output.sync_all().await?;
    let difference = first_difference(&original, &copy)?;
    ensure!(
        difference.is_none(),
        "the replica differs from byte {difference:?} on"
    );
    net.shutdown().await;
    Ok(())
}

/// Starts a network in which the providers at these places run the tampering program in the daemon's place; it does not lie yet.
pub(crate) async fn start(providers: usize, liars: &[usize]) -> anyhow::Result<LocalNet> {
    let mut shape = LocalNet::builder()
        .providers(providers)
        .ports(PortChoice::Free);
    for liar in liars {
        shape = shape.provider_binary(*liar, env!("CARGO_BIN_EXE_noema-tamper"));
    }
    Ok(shape.start().await?)
}

async fn put(
    net: &LocalNet,
    noema: &Noema,
    dir: &Path,
) -> anyhow::Result<(std::path::PathBuf, FileRef)> {
    let path = dir.join("original");
    write_seeded(&path, SIZE, seed("tamper"))?;
    noema
        .ask(&[
            "storage",
            "put",
            path.to_str().context("a path in UTF-8")?,
            "--replicas",
            "3",
        ])
        .await?;
    let file = FileRef::from(&commit_file(&path, None).await?);
    let alice = network::account("Alice")?;
    network::until_deal(
        net,
        &file.file,
        &alice,
        PATIENCE,
        "held by all three",
        |deal| {
            deal.slots
                .iter()
                .all(|slot| matches!(slot.state, SlotState::Held { .. }))
        },
    )
    .await?;
    Ok((path, file))
}

async fn set_way(liar: &Provider, way: Tampering) -> anyhow::Result<()> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    client
        .put(format!("{}/tamper/{way}", liar.endpoint()))
        .send()
        .await?
        .error_for_status()?;
    Ok(())
}

async fn lies_of(liar: &Provider) -> anyhow::Result<u64> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let answer = client
        .get(format!("{}/tamper", liar.endpoint()))
        .send()
        .await?
        .error_for_status()?;
    Ok(answer.text().await?.parse()?)
}
