//! Counting what is in blocks.

use std::{collections::BTreeMap, fmt};

use anyhow::{ensure, Context};
use subxt::{
    dynamic::{self, At, Value},
    OnlineClient, SubstrateConfig,
};

use crate::table::median;

/// A block with transfers.
struct Counted {
    transfers: usize,
    /// The chain's clock, in milliseconds.
    at: u64,
    /// How much of the weight for ordinary transactions is used, from 0 to 1.
    fullness: f64,
}

/// What the blocks contain.
pub(crate) struct Included {
    blocks: Vec<Counted>,
}

/// Reads the blocks: transfers are those that happened, by their events.
pub(crate) async fn included(
    client: &OnlineClient<SubstrateConfig>,
    blocks: &BTreeMap<u32, String>,
) -> anyhow::Result<Included> {
    let mut counted = Vec::new();
    for hash in blocks.values() {
        let block = read(client, hash).await.context("read a block")?;
        if block.transfers > 0 {
            counted.push(block);
        }
    }
    Ok(Included { blocks: counted })
}

async fn read(client: &OnlineClient<SubstrateConfig>, hash: &str) -> anyhow::Result<Counted> {
    let at = client.at_block(hash.parse::<subxt::utils::H256>()?).await?;
    let mut transfers = 0;
    for event in at.events().fetch().await?.iter() {
        let event = event?;
        match (event.pallet_name(), event.event_name()) {
            ("Balances", "Transfer") => transfers += 1,
            ("System", "ExtrinsicFailed") => anyhow::bail!("a transfer failed in block {hash}"),
            _ => {}
        }
    }
    let now = dynamic::storage::<(), u64>("Timestamp", "Now");
    let now = at.storage().fetch(now, ()).await?.decode()?;
    let weight = dynamic::storage::<(), Value>("System", "BlockWeight");
    let weight: Value = at.storage().fetch(weight, ()).await?.decode()?;
    let limits: Value = at
        .constants()
        .entry(dynamic::constant::<Value>("System", "BlockWeights"))?;
    let used = weight.at("normal").at("ref_time").and_then(Value::as_u128);
    let most = limits
        .at("per_class")
        .at("normal")
        .at("max_total")
        .at(0)
        .at("ref_time")
        .and_then(Value::as_u128);
    let (used, most) = used.zip(most).context("expected weights")?;
    Ok(Counted {
        transfers,
        at: now,
        fullness: used as f64 / most as f64,
    })
}

impl Included {
    /// Fails unless the blocks contain `expected` transfers.
    pub(crate) fn all_of(&self, expected: usize) -> anyhow::Result<()> {
        let found: usize = self.blocks.iter().map(|block| block.transfers).sum();
        ensure!(
            found == expected,
            "expected {expected} transfers in blocks, found {found}"
        );
        Ok(())
    }

    /// Without the first block and the last, which are not full for lack of transfers.
    fn steady(&self) -> &[Counted] {
        match &self.blocks[..] {
            [_, steady @ .., _] => steady,
            few => few,
        }
    }

    /// Transfers a second, from the time of the first block to that of the last but one. NaN of fewer than three blocks.
    pub(crate) fn rate(&self) -> f64 {
        let (Some(first), Some(last)) = (self.blocks.first(), self.steady().last()) else {
            return f64::NAN;
        };
        let transfers: usize = self.steady().iter().map(|block| block.transfers).sum();
        transfers as f64 * 1000.0 / last.at.saturating_sub(first.at) as f64
    }

    /// Transfers in a block.
    pub(crate) fn median(&self) -> usize {
        let all: Vec<usize> = self.steady().iter().map(|block| block.transfers).collect();
        median(&all).unwrap_or(0)
    }

    /// How full blocks are by weight, on average. NaN of none.
    pub(crate) fn fullness(&self) -> f64 {
        let steady = self.steady();
        steady.iter().map(|block| block.fullness).sum::<f64>() / steady.len() as f64
    }
}

impl fmt::Display for Included {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self
            .blocks
            .iter()
            .map(|block| block.transfers.to_string())
            .collect();
        write!(
            f,
            "{:.0} a second; in blocks: {}",
            self.rate(),
            all.join(" ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(transfers: usize, at: u64) -> Counted {
        Counted {
            transfers,
            at,
            fullness: 0.5,
        }
    }

    #[test]
    fn the_first_and_the_last_block_do_not_count() {
        let blocks = [
            (10, 0),
            (100, 1_000),
            (200, 2_000),
            (300, 4_000),
            (7, 5_000),
        ];
        let included = Included {
            blocks: blocks.map(|(transfers, at)| block(transfers, at)).into(),
        };
        assert!((included.rate() - 150.0).abs() < 1e-9);
        assert_eq!(included.median(), 200);
        assert!(included.all_of(617).is_ok());
        assert!(included.all_of(618).is_err());
    }
}
