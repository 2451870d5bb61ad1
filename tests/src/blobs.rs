//! Networks in which blobs are made available.

use std::time::Duration;

use anyhow::{ensure, Context};
use bytes::Bytes;
use noema_chain_client::{AccountId, ChainEvent, SubmissionInfo, SubmissionStanding};
use noema_da::{
    chain::{Lookup, NodeState, SubmissionId},
    client::{BlobReader, GatewayClient, PutOptions, SeatClient},
    wire::{BlobState, BlobStatus},
};
use noema_local_net::{AuditPace, Availability, LocalNet, LocalNetBuilder, PortChoice};
use rand::{rngs::StdRng, RngCore, SeedableRng};

use crate::network;

/// Short eras, which are the time that seats have to attest as well.
pub const PACE: AuditPace = AuditPace {
    round_ticks: 48,
    answer_ticks: 16,
    draw_delay: 2,
};
/// How long a blob may take on a machine that is busy, refunds included.
const SETTLING: Duration = Duration::from_secs(240);
/// How long an era may take there.
const SLOW_ERA: Duration = Duration::from_secs(150);

/// A network of one validator with seats, a gateway and short eras.
pub fn net(seats: usize) -> LocalNetBuilder {
    LocalNet::builder()
        .providers(0)
        .seats(seats)
        .era_pace(PACE)
        .ports(PortChoice::Free)
}

/// Its data availability.
pub fn availability(net: &LocalNet) -> anyhow::Result<&Availability> {
    net.availability().context("a network with seats")
}

/// Asks its gateway.
pub fn gateway(net: &LocalNet) -> anyhow::Result<GatewayClient> {
    Ok(GatewayClient::new(availability(net)?.gateway_url(), None))
}

/// Reads from the seats themselves, and trusts neither them nor a gateway.
pub fn reader(net: &LocalNet) -> BlobReader<NodeState> {
    let state = NodeState::new(net.client().clone());
    BlobReader::new(Lookup::new(state), SeatClient::default())
}

/// Bytes that follow from a seed.
pub fn content(size: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; size];
    StdRng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}

/// Gives the gateway a blob.
pub async fn give(
    gateway: &GatewayClient,
    blob: &[u8],
    options: PutOptions,
) -> anyhow::Result<BlobStatus> {
    let pieces: Vec<_> = blob
        .chunks(256 << 10)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    let size = u64::try_from(blob.len())?;
    Ok(gateway
        .put(futures::stream::iter(pieces), size, options)
        .await?)
}

/// Waits until it is known what becomes of a blob.
pub async fn settled(gateway: &GatewayClient, id: &str) -> anyhow::Result<BlobStatus> {
    network::until(&format!("blob {id}"), SETTLING, || async {
        let status = gateway.status(id).await?;
        Ok(status.state.is_final().then_some(status))
    })
    .await
}

/// Gives the gateway a blob, and waits until it is available.
pub async fn put(
    gateway: &GatewayClient,
    blob: &[u8],
    options: PutOptions,
) -> anyhow::Result<(SubmissionId, BlobStatus)> {
    let taken = give(gateway, blob, options).await?;
    let status = settled(gateway, &taken.id).await?;
    ensure!(status.state == BlobState::Available, "{status:?}");
    let submission = status.submission.context("what is available is on chain")?;
    Ok((submission, status))
}

/// What the chain says of a submission.
pub async fn submission(
    net: &LocalNet,
    submission: SubmissionId,
) -> anyhow::Result<Option<SubmissionInfo>> {
    let state = net.client().at_finalized().await?;
    Ok(state.submission(submission).await?)
}

/// The providers whose seats hold a submission, by the chain.
pub async fn holders(net: &LocalNet, number: SubmissionId) -> anyhow::Result<Vec<AccountId>> {
    let info = submission(net, number).await?;
    let info = info.with_context(|| format!("submission {number} is on chain"))?;
    let SubmissionStanding::Available { holders, .. } = info.standing else {
        anyhow::bail!("submission {number} is not available: {info:?}");
    };
    let state = net.client().at_finalized().await?;
    let committee = state.committee(info.era).await?;
    let committee = committee.with_context(|| format!("era {} has a committee", info.era))?;
    let set = noema_da::chain::SeatSet::from_bytes(holders);
    let seats = set.iter().filter_map(|seat| committee.seats.get(seat));
    Ok(seats.map(|seat| seat.provider).collect())
}

/// The running era at the newest finalised block.
pub async fn era(net: &LocalNet) -> anyhow::Result<u32> {
    let state = net.client().at_finalized().await?;
    Ok(state.da_parameters().await?.era)
}

/// Waits until an era runs.
pub async fn until_era(net: &LocalNet, index: u32) -> anyhow::Result<()> {
    let now = era(net).await?;
    let patience = SLOW_ERA * (index.saturating_sub(now) + 1);
    network::until(&format!("era {index}"), patience, || async {
        Ok((era(net).await? >= index).then_some(()))
    })
    .await
}

/// The submission that an event is of.
pub fn submission_of(event: &ChainEvent) -> Option<SubmissionId> {
    event.fields["submission"].as_u64()
}
