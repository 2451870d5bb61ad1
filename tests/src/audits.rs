//! Networks whose rounds of audits are short, and replicas that need not wait for the third epoch.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{ensure, Context};
use noema_chain_client::{
    call_value, AccountId, AuditRound, AuditStanding, Call, Deal, FileId, Submitter, Value,
};
use noema_local_net::{AuditPace, LocalNet, LocalNetBuilder, PortChoice, Provider};
use serde_json::json;
use sp_crypto_hashing::{twox_128, twox_64};

use crate::network;

/// Short rounds, whose windows leave time for finality on a busy machine, that leave room for a draw that is late: window and delay, `MaxGap` of the entropy (8), and 2.
pub const PACE: AuditPace = AuditPace {
    round_ticks: 24,
    answer_ticks: 12,
    draw_delay: 2,
};
/// Bytes of a task on storage's agenda: file, owner, slot, token, kind.
const TASK: usize = 32 + 32 + 1 + 8 + 1;
/// Kind of a task that is about a slot.
const SLOT: u8 = 0;
/// Blocks from now into which tasks are moved: they must be ahead of the agenda when that is in a block.
const AHEAD: u32 = 8;
/// Tasks further away than this wait for a replica to mature; draws and deadlines of small files are nearer.
const FAR: u32 = 300;
/// How long it may take until a replica whose task was moved is audited: a round that is being drawn holds it up.
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

/// Lets replicas that are proven be audited now instead of in the third epoch, which is half an hour away: moves their tasks on storage's agenda, as root. What runs
/// then is the pallet's own task, as it would run later.
pub async fn mature(net: &LocalNet, root: &Submitter) -> anyhow::Result<()> {
    let state = net.client().at_finalized().await?;
    let now = state.block().number;
    let mut blocks = agenda(net, now).await?;
    let target = now + AHEAD;
    let mut changed: BTreeMap<u32, Vec<Vec<u8>>> = BTreeMap::new();
    let mut moved = Vec::new();
    for (block, tasks) in &mut blocks {
        if *block < now + FAR {
            continue;
        }
        let (far, rest): (Vec<_>, Vec<_>) = std::mem::take(tasks)
            .into_iter()
            .partition(|task| task.last() == Some(&SLOT));
        if !far.is_empty() {
            changed.insert(*block, rest);
            moved.extend(far);
        }
    }
    ensure!(
        !moved.is_empty(),
        "no replica waits to mature at block {now}"
    );
    let mut near = blocks.remove(&target).unwrap_or_default();
    near.extend(moved);
    changed.insert(target, near);
    let (empty, full): (BTreeMap<_, _>, BTreeMap<_, _>) =
        changed.into_iter().partition(|(_, tasks)| tasks.is_empty());
    let items = full.iter().map(|(block, tasks)| {
        Value::unnamed_composite([
            Value::from_bytes(key(*block)),
            Value::from_bytes(encode(tasks)),
        ])
    });
    let items = Value::unnamed_composite(items);
    let keys = Value::unnamed_composite(empty.keys().map(|block| Value::from_bytes(key(*block))));
    let set = call_value("System", "set_storage", vec![("items", items)]);
    let kill = call_value("System", "kill_storage", vec![("keys", keys)]);
    let both = vec![
        Call::Raw(state.encode_value(&set)?),
        Call::Raw(state.encode_value(&kill)?),
    ];
    root.submit(Call::BatchAll(both).sudo()).await?;
    Ok(())
}

fn prefix() -> Vec<u8> {
    [twox_128(b"Storage"), twox_128(b"Agenda")].concat()
}

fn key(block: u32) -> Vec<u8> {
    let number = block.to_le_bytes();
    [&prefix()[..], &twox_64(&number), &number].concat()
}

/// What is on storage's agenda, by block.
async fn agenda(net: &LocalNet, now: u32) -> anyhow::Result<BTreeMap<u32, Vec<Vec<u8>>>> {
    let hex0x = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
    let state = net.client().at_finalized().await?;
    let asked = json!([hex0x(&prefix()), 1000, null]);
    let keys = net.node(0).rpc("state_getKeysPaged", asked).await?;
    let mut blocks = BTreeMap::new();
    for key in keys.as_array().context("a list of keys")? {
        let key = key.as_str().context("a key in hex")?;
        let key = hex::decode(key.trim_start_matches("0x"))?;
        let number = key.last_chunk::<4>().context("a key ends with a block")?;
        let block = u32::from_le_bytes(*number);
        if let Some(value) = state.raw(&key).await?.filter(|_| block > now) {
            blocks.insert(block, decode(&value)?);
        }
    }
    Ok(blocks)
}

/// Tasks out of a SCALE vector of them.
fn decode(value: &[u8]) -> anyhow::Result<Vec<Vec<u8>>> {
    // The length is compact: one byte up to 63, two up to 16,383.
    let skip = match value.first().map(|first| first & 3) {
        Some(0) => 1,
        Some(1) => 2,
        other => anyhow::bail!("a block of the agenda has fewer than 16,384 tasks, not {other:?}"),
    };
    let tasks = &value[skip..];
    ensure!(
        tasks.len().is_multiple_of(TASK),
        "a task has {TASK} bytes, these are {}",
        tasks.len()
    );
    Ok(tasks.chunks_exact(TASK).map(<[u8]>::to_vec).collect())
}

fn encode(tasks: &[Vec<u8>]) -> Vec<u8> {
    let count = tasks.len();
    let mut value = match u8::try_from(count) {
        Ok(count) if count < 64 => vec![count << 2],
        _ => ((count << 2 | 1) as u16).to_le_bytes().to_vec(),
    };
    value.extend(tasks.concat());
    value
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_are_read_as_they_are_written() {
        for count in [0, 1, 63, 64, 300] {
            let tasks: Vec<Vec<u8>> = (0..count).map(|n| vec![n as u8; TASK]).collect();
            assert_eq!(decode(&encode(&tasks)).unwrap(), tasks);
        }
        assert!(decode(&[4, 1, 2]).is_err());
    }
}
