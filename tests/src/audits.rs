//! Networks whose rounds of audits are short.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use anyhow::Context;
use noema_chain_client::{
    AccountId, AuditRound, AuditStanding, ChainEvent, Deal, FileId, RoundIndex,
};
use noema_local_net::{AuditPace, LocalNet, LocalNetBuilder, PortChoice, Provider};
use noema_storage::client::{commit_file, FileRef};
use serde_json::Value;

use crate::{chain_events::EventLog, cli::Noema, network, puts::Put};

/// Short rounds, whose windows leave time for finality on a busy machine, that leave room for a draw that is late: window and delay, `MaxGap` of the entropy (8), and 2.
pub const PACE: AuditPace = AuditPace {
    round_ticks: 24,
    answer_ticks: 12,
    draw_delay: 2,
};
/// How long it may take until a proven replica is audited: a third of a round, and a round that is being drawn holds it up.
const MATURING: Duration = Duration::from_secs(60);
/// How long a block may take on a machine that is busy. A second is usual.
const SLOW_BLOCK: Duration = Duration::from_secs(5);
/// How long a round may take there. 25 seconds are usual.
pub const SLOW_ROUND: Duration = Duration::from_secs(75);

/// Rounds that a provider passed, as its daemon counts them.
pub const PASSED: &str = "noema_storage_audit_rounds_total{result=\"passed\"}";
/// Rounds that it missed.
pub const MISSED: &str = "noema_storage_audit_rounds_total{result=\"missed\"}";
/// Challenges that it could not answer for want of the data.
pub const UNANSWERABLE: &str = "noema_storage_challenges_total{result=\"unanswerable\"}";
/// Segments that it found damaged and took from a peer.
pub const HEALED: &str = "noema_storage_healed_segments_total";

/// A network of one validator with short rounds.
pub fn net(providers: usize) -> LocalNetBuilder {
    LocalNet::builder()
        .providers(providers)
        .audit_pace(PACE)
        .ports(PortChoice::Free)
}

/// The running round at the newest finalised block.
pub async fn round(net: &LocalNet) -> anyhow::Result<AuditRound> {
    let state = net.client().at_finalized().await?;
    let round = state.audit_round().await?;
    round.context("the chain has rounds from its first tick on")
}

/// Where a provider stands at the newest finalised block.
pub async fn standing(net: &LocalNet, provider: &AccountId) -> anyhow::Result<AuditStanding> {
    let state = net.client().at_finalized().await?;
    let standing = state.audit_standing(provider).await?;
    standing.with_context(|| format!("{provider} is not on record of the audits"))
}

/// Waits until `count` replicas of a deal are audited and paid.
pub async fn until_earning(
    net: &LocalNet,
    file: &FileId,
    owner: &AccountId,
    count: usize,
) -> anyhow::Result<Deal> {
    let earning = |deal: &Deal| deal.earning() >= count;
    network::until_deal(net, file, owner, MATURING, "audited", earning).await
}

/// Puts the file at `path` for so many rounds, and returns when every replica is proven.
pub async fn put(noema: &Noema, path: PathBuf, replicas: u8, rounds: u32) -> anyhow::Result<Put> {
    let name = path.to_str().context("a path in UTF-8")?;
    let (replicas, rounds) = (replicas.to_string(), rounds.to_string());
    let put = ["storage", "put", name, "--wait", "all"];
    let terms = ["--replicas", &replicas, "--rounds", &rounds];
    noema.ask(&[put.as_slice(), &terms].concat()).await?;
    let file = FileRef::from(&commit_file(&path, None).await?);
    Ok(Put { path, file })
}

/// Waits until a round runs, or a later one.
pub async fn until_round(net: &LocalNet, index: RoundIndex) -> anyhow::Result<()> {
    let now = round(net).await?.index;
    let patience = SLOW_ROUND * (index.saturating_sub(now) + 2);
    network::until(&format!("round {index}"), patience, || async {
        Ok((round(net).await?.index >= index).then_some(()))
    })
    .await
}

/// Blocks that were finalised while a test waited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Blocks {
    /// All of them.
    pub all: u64,
    /// Those that were ticks.
    pub ticks: u64,
}

impl Blocks {
    /// Those that were none.
    pub fn without_tick(&self) -> u64 {
        self.all.saturating_sub(self.ticks)
    }
}

/// Waits until so many of the finalised blocks from now on were no ticks.
pub async fn until_no_ticks(net: &LocalNet, blocks: u64) -> anyhow::Result<Blocks> {
    let (first, tick) = block_and_tick(net).await?;
    let what = format!("{blocks} blocks that are no ticks after block {first}");
    let patience = SLOW_BLOCK * (u32::try_from(blocks)? + 10);
    network::until(&what, patience, || async {
        let (now, ticked) = block_and_tick(net).await?;
        let seen = Blocks {
            all: now - first,
            ticks: ticked - tick,
        };
        Ok((seen.without_tick() >= blocks).then_some(seen))
    })
    .await
}

/// The newest finalised block and its tick.
async fn block_and_tick(net: &LocalNet) -> anyhow::Result<(u64, u64)> {
    let state = net.client().at_finalized().await?;
    let round = state.audit_round().await?;
    let round = round.context("the chain has rounds from its first tick on")?;
    Ok((state.block().number.into(), round.tick))
}

/// Rounds of a provider that ended in an event of the audits, such as `RoundPassed`, with the event.
pub fn rounds(
    log: &EventLog,
    event: &str,
    provider: &AccountId,
) -> anyhow::Result<Vec<(RoundIndex, ChainEvent)>> {
    let mut found = Vec::new();
    for (block, event) in log.named("Audits", event) {
        let who = event.fields["provider"].as_str();
        let who: AccountId = who
            .with_context(|| format!("block {block}: {event:?} names a provider"))?
            .parse()?;
        if who == *provider {
            found.push((round_of(&event)?, event));
        }
    }
    Ok(found)
}

/// The round that an event is of.
pub fn round_of(event: &ChainEvent) -> anyhow::Result<RoundIndex> {
    let round = event.fields["round"].as_u64();
    let round = round.with_context(|| format!("{event:?} names a round"))?;
    Ok(RoundIndex::try_from(round)?)
}

/// An amount in an event: a number, or text where a number would not be exact.
pub fn amount(event: &ChainEvent, field: &str) -> anyhow::Result<u128> {
    let found = match &event.fields[field] {
        Value::String(digits) => digits.parse().ok(),
        other => other.as_u64().map(u128::from),
    };
    found.with_context(|| format!("expected an amount as {field} of {event:?}"))
}

/// Figures of a daemon by name and labels.
pub async fn figures(provider: &Provider) -> anyhow::Result<BTreeMap<String, f64>> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let answer = client.get(provider.metrics_url()).send().await?;
    let text = answer.error_for_status()?.text().await?;
    let figures = text.lines().filter_map(|line| {
        let (name, value) = line.rsplit_once(' ')?;
        Some((name.to_owned(), value.parse().ok()?))
    });
    Ok(figures.collect())
}
