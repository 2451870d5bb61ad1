//! Networks whose rounds of audits are short.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context;
use noema_chain_client::{AccountId, AuditRound, AuditStanding, Deal, FileId};
use noema_local_net::{AuditPace, LocalNet, LocalNetBuilder, PortChoice, Provider};

use crate::network;

/// Short rounds, whose windows leave time for finality on a busy machine, that leave room for a draw that is late: window and delay, `MaxGap` of the entropy (8), and 2.
pub const PACE: AuditPace = AuditPace {
    round_ticks: 24,
    answer_ticks: 12,
    draw_delay: 2,
};
/// How long it may take until a proven replica is audited: a third of a round, and a round that is being drawn holds it up.
const MATURING: Duration = Duration::from_secs(60);

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
