//! A validator whose keys are in two nodes at once: it authors two blocks in a slot, or votes for two blocks in a round. The others see it, report it
//! by themselves, and it is slashed and disabled with its nominators losing pro rata.
//!
//! On a development chain a slash is executed at once. On others it waits for seven eras of a day: that, and how governance cancels it, is shown by
//! jumping over eras in `runtime/tests/staking.rs`.

use std::{path::Path, process::Stdio, time::Duration};

use anyhow::{bail, ensure, Context};
use futures::{Stream, StreamExt};
use noema_chain_client::{AccountId, BlockRef, ChainClient, ChainError, ChainEvent};
use noema_local_net::{Binaries, LocalNet, Node, PortChoice};
use noema_tests::{
    cli::Noema,
    fleet::{same_chain, Fleet},
    network::{account, proving},
};
use tokio::{process::Command, time::timeout};

/// Validators: the fewest of which one may fail.
const VALIDATORS: usize = 4;
/// What one offender of four loses, in billionths: (3 · 1 / 4)².
const FRACTION: u128 = 562_500_000;
/// How long a message takes from node to node while a validator votes twice. With nothing between them its two nodes see every block, and vote for
/// it, at the same moment.
const DELAY: Duration = Duration::from_millis(40);
/// Longest time until an equivocation is in a finalised block. To author twice is certain in the offender's next slot; to vote twice takes two
/// views of the chain at one moment of one round.
const PATIENCE: Duration = Duration::from_secs(300);
/// Finalised blocks after the offence in which the offender must have none: at full size half a session.
const CI: u32 = 20;
const FULL: u32 = 300;

/// The key that is in two nodes.
#[derive(Clone, Copy, Debug)]
struct Key {
    /// Type of the key in keystores.
    kind: &'static str,
    scheme: &'static str,
    /// What the chain calls the offence.
    offence: &'static [u8; 16],
    /// How long messages take from node to node.
    delay: Duration,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_that_authors_twice_is_disabled_and_slashed_with_its_nominators(
) -> anyhow::Result<()> {
    equivocates(Key {
        kind: "babe",
        scheme: "sr25519",
        offence: b"babe:equivocatio",
        delay: Duration::ZERO,
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_that_votes_twice_is_disabled_and_slashed_with_its_nominators(
) -> anyhow::Result<()> {
    equivocates(Key {
        kind: "gran",
        scheme: "ed25519",
        offence: b"grandpa:equivoca",
        delay: DELAY,
    })
    .await
}

async fn equivocates(key: Key) -> anyhow::Result<()> {
    let net = LocalNet::builder()
        .validators(VALIDATORS)
        .followers(1)
        .follower_arg("--validator")
        .links(key.delay)
        .providers(0)
        .ports(PortChoice::Free)
        .start()
        .await?;
    let fleet = Fleet::watch(&net);
    let (offender, nominator) = (account("Bob")?, account("Ferdie")?);
    let twin = &net.followers()[0];
    give(&net, twin, key).await?;
    let mut blocks = Box::pin(net.client().finalized_blocks(None));
    twin.start()?;

    let (block, events) = timeout(PATIENCE, offence(net.client(), &mut blocks))
        .await
        .with_context(|| format!("no offence was reported within {PATIENCE:?}"))??;
    println!("the offence is on chain in block {}", block.number);
    check_events(&events, &offender, key.offence)?;

    // What stood behind the offender in the era, and what of it is to be lost.
    let state = net.client().at(block).await?;
    let era = state.eras().await?.active;
    let exposed = state.exposure(era, &offender).await?;
    let exposed = exposed.context("the offender is exposed")?;
    let nominations = state.nominations(era, &offender).await?;
    let [(who, nominated)] = &nominations[..] else {
        bail!("expected Ferdie as the only nominator, found {nominations:?}");
    };
    ensure!(*who == nominator, "{who} nominates, not Ferdie");
    for (who, at_stake) in [(&offender, exposed.own), (&nominator, *nominated)] {
        let lost = part(at_stake);
        let name = format!("0x{}", hex::encode(who.as_bytes()));
        let amount = slashed(&events, &name)?;
        ensure!(
            amount == lost,
            "of {at_stake} {who} loses {amount}, not {lost}"
        );
    }
    let disabled = state.disabled_validators().await?;
    ensure!(disabled == [offender], "disabled are {disabled:?}");
    say(&net, &offender).await?;

    // It authors no block that others take, and finality goes on.
    let before = state.era_points(era).await?;
    let more = if proving() { FULL } else { CI };
    let end = timeout(PATIENCE + Duration::from_secs(2) * more, async {
        net.client().wait_finalized(block.number + more).await
    });
    let end = end.await.context("finality stood still")??;
    let after = net.client().at(end.block()).await?.era_points(era).await?;
    let of = |account: &AccountId| {
        (
            before.of.get(account).copied().unwrap_or(0),
            after.of.get(account).copied().unwrap_or(0),
        )
    };
    let (then, now) = of(&offender);
    ensure!(
        then == now,
        "the disabled one went from {then} to {now} points"
    );
    for name in ["Alice", "Charlie", "Dave"] {
        let (then, now) = of(&account(name)?);
        ensure!(then < now, "{name} authored nothing: {then} points");
    }
    fleet.agree()?;
    let all: Vec<&Node> = net.nodes().iter().collect();
    same_chain(&all, u64::from(block.number)).await?;
    net.shutdown().await;
    Ok(())
}

/// Puts the offender's key into the keystore of a node that has not been started.
async fn give(net: &LocalNet, twin: &Node, key: Key) -> anyhow::Result<()> {
    let chain = net.data_dir().join("chain-spec.json");
    let arguments = [
        ("--chain", chain.as_path()),
        ("--base-path", twin.base_path()),
        ("--scheme", Path::new(key.scheme)),
        ("--key-type", Path::new(key.kind)),
        ("--suri", Path::new("//Bob")),
    ];
    let output = Command::new(Binaries::locate()?.node)
        .args(["key", "insert"])
        .args(
            arguments
                .iter()
                .flat_map(|(name, value)| [Path::new(name), value]),
        )
        .stdin(Stdio::null())
        .output()
        .await?;
    ensure!(
        output.status.success(),
        "`key insert` failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// The first finalised block in which an offence was reported, and what was raised in it.
async fn offence(
    client: &ChainClient,
    blocks: &mut (impl Stream<Item = Result<BlockRef, ChainError>> + Unpin),
) -> anyhow::Result<(BlockRef, Vec<ChainEvent>)> {
    while let Some(block) = blocks.next().await {
        let block = block?;
        let events = client.events(block).await?;
        if events.iter().any(|event| event.is("Offences", "Offence")) {
            return Ok((block, events));
        }
    }
    bail!("the connection is closed")
}

fn check_events(
    events: &[ChainEvent],
    offender: &AccountId,
    kind: &[u8; 16],
) -> anyhow::Result<()> {
    let offender = format!("0x{}", hex::encode(offender.as_bytes()));
    let has = |pallet: &str, name: &str, fields: &[(&str, serde_json::Value)]| {
        let found = events.iter().any(|event| {
            event.is(pallet, name)
                && fields
                    .iter()
                    .all(|(name, value)| event.fields[name] == *value)
        });
        ensure!(
            found,
            "no event {pallet}.{name} with {fields:?} in {events:#?}"
        );
        Ok(())
    };
    let kind = format!("0x{}", hex::encode(kind));
    has("Offences", "Offence", &[("kind", kind.into())])?;
    has(
        "Staking",
        "SlashReported",
        &[
            ("validator", offender.clone().into()),
            ("fraction", u64::try_from(FRACTION)?.into()),
        ],
    )?;
    has(
        "Session",
        "ValidatorDisabled",
        &[("validator", offender.into())],
    )
}

/// What the offence costs of an amount, as the chain rounds it: to the nearest, down from the middle.
fn part(of: u128) -> u128 {
    (of * FRACTION).div_ceil(500_000_000) / 2
}

/// What an account lost, by the events of a block.
fn slashed(events: &[ChainEvent], staker: &str) -> anyhow::Result<u128> {
    let event = events
        .iter()
        .find(|event| event.is("Staking", "Slashed") && event.fields["staker"] == *staker);
    let event = event.with_context(|| format!("{staker} is not slashed: {events:#?}"))?;
    let amount = &event.fields["amount"];
    let text = amount
        .as_str()
        .map_or_else(|| amount.to_string(), str::to_owned);
    text.parse().with_context(|| format!("no amount: {amount}"))
}

/// The command line says to the operator what happened.
async fn say(net: &LocalNet, offender: &AccountId) -> anyhow::Result<()> {
    let validator = offender.to_string();
    let status = Noema::of(net)?
        .ask(&["validator", "status", &validator])
        .await?;
    ensure!(status["disabled"] == true, "{status}");
    Ok(())
}
