//! The section on blocks and finality of four validators.
//!
//! Every node is asked to announce what it imports and what it finalises. A block counts as authored when the first node announces it, which
//! is its author, after it has built, sealed and stored it; it is final when another node announces that.

mod chain;
mod figures;
mod mesh;
mod pace;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{ensure, Context};
use chain::{Chain, VALIDATORS};
use figures::{halves, Figures};
use noema_local_net::{LocalNet, Sighting};
use subxt::{OnlineClient, SubstrateConfig};
use tokio::{sync::mpsc, time::sleep};

use crate::{
    table::table,
    throughput::{count, load::Load},
    usage,
};

/// Slots between the start of a load and the first block that counts, and from the last block that counts to the end.
const SETTLING: u32 = 5;

/// What the section needs.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Which chains: `noema`, `stock` (the stock template as it comes)
    #[arg(long, value_delimiter = ',', default_value = "stock,noema")]
    chains: Vec<Chain>,
    /// One-way delays between the nodes to measure with, in milliseconds; 0 is without links, over the loopback alone
    #[arg(long, value_delimiter = ',', default_value = "0,100")]
    delays: Vec<u64>,
    /// Blocks, in per cent of what is usual for each chain
    #[arg(long, default_value_t = 100)]
    scale: u32,
    /// Weight of the transfers, in per cent of what ordinary transactions of a block may weigh
    #[arg(long, default_value_t = 50)]
    fill: usize,
    /// Directory for specifications; all is removed afterwards
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    dir: PathBuf,
}

/// What came of one chain under one load.
struct Measured {
    chain: Chain,
    delay: Duration,
    /// How full blocks were by weight, from 0 to 1; `None` if nothing was sent.
    fullness: Option<f64>,
    figures: Figures,
    /// Processors that all nodes together kept busy.
    processors: f64,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<String> {
    let mut rows = Vec::new();
    for delay in &options.delays {
        for chain in &options.chains {
            let delay = Duration::from_millis(*delay);
            let measured = measure(*chain, delay, options)
                .await
                .with_context(|| format!("measure {}, {delay:?}", chain.name()))?;
            rows.extend(measured);
        }
    }
    Ok(report(&rows))
}

/// Measures a chain idle and under load.
async fn measure(
    chain: Chain,
    delay: Duration,
    options: &Options,
) -> anyhow::Result<Vec<Measured>> {
    let slots = (chain.slots() * options.scale / 100).max(1);
    let loaded = usize::try_from(slots + 2 * SETTLING)?;
    let each_slot = chain.full() * options.fill / 100;
    let load = Load::new(each_slot * loaded)?;
    let dir = tempfile::tempdir_in(&options.dir).context("make a directory")?;
    let net = chain
        .start(dir.path(), &load, (!delay.is_zero()).then_some(delay))
        .await?;
    let client = OnlineClient::<SubstrateConfig>::from_insecure_url(net.url()).await?;
    let signed = load.sign_batches(&client, chain.batch()).await?;
    let met = mesh::whole(&net).await?;
    eprintln!(
        "{}, {delay:?}: all nodes were peers after {} s",
        chain.name(),
        met.as_secs()
    );
    let mut watch = Watch::begin(&net);

    let mut rows = Vec::new();
    for transfers in [None, Some(signed)] {
        let sending = transfers.map(|transfers| {
            let per_second = each_slot as f64 / chain.slot().as_secs_f64();
            pace::send(&net, transfers, per_second)
        });
        let has_load = sending.is_some();
        let sending = async {
            match sending {
                Some(sending) => sending.await,
                None => Ok(()),
            }
        };
        let (sent, window) = tokio::join!(sending, window(&net, chain.slot(), slots));
        sent.context("send transfers: this machine may not keep up with so many")?;
        let (from, to, processors) = window?;
        let figures = Figures::of(watch.all(), from, to);
        ensure!(!figures.lags.is_empty(), "no block became final");
        let fullness = match has_load {
            true => {
                let blocks: BTreeMap<u32, String> = figures
                    .finalized
                    .iter()
                    .map(|(number, hash)| Ok((u32::try_from(*number)?, hash.clone())))
                    .collect::<anyhow::Result<_>>()?;
                Some(count::included(&client, &blocks).await?.fullness())
            }
            false => None,
        };
        if let Some(share) =
            fullness.filter(|share| (share * 100.0 - options.fill as f64).abs() > 5.0)
        {
            eprintln!(
                "{}: blocks were {:.0} % full, {} % were aimed at; correct `Chain::full` if that many were handed in",
                chain.name(),
                share * 100.0,
                options.fill
            );
        }
        let measured = Measured {
            chain,
            delay,
            fullness,
            figures,
            processors,
        };
        eprintln!("{}", measured.row().join(" | "));
        rows.push(measured);
    }
    net.shutdown().await;
    Ok(rows)
}

/// Lets the chain settle, measures for so many slots, and lets it finalise what was authored in them. The time that counts, and the
/// processors that all nodes together kept busy in it.
async fn window(
    net: &LocalNet,
    slot: Duration,
    slots: u32,
) -> anyhow::Result<(Instant, Instant, f64)> {
    sleep(slot * SETTLING).await;
    let (from, before) = (Instant::now(), used(net)?);
    sleep(slot * slots).await;
    let (to, after) = (Instant::now(), used(net)?);
    sleep(slot * SETTLING).await;
    let busy = after.saturating_sub(before).as_secs_f64();
    Ok((from, to, busy / (to - from).as_secs_f64()))
}

/// Processor time of all nodes.
fn used(net: &LocalNet) -> anyhow::Result<Duration> {
    let of = |node: &noema_local_net::Node| usage::of(node.pid().context("a node ended")?);
    net.nodes().iter().map(of).sum()
}

/// What all nodes announce.
struct Watch {
    nodes: Vec<mpsc::UnboundedReceiver<Sighting>>,
    told: Vec<Sighting>,
}

impl Watch {
    fn begin(net: &LocalNet) -> Self {
        Self {
            nodes: net.nodes().iter().map(|node| node.watch()).collect(),
            told: Vec::new(),
        }
    }

    /// All that was announced since the beginning.
    fn all(&mut self) -> &[Sighting] {
        for node in &mut self.nodes {
            while let Ok(sighting) = node.try_recv() {
                self.told.push(sighting);
            }
        }
        &self.told
    }
}

impl Measured {
    fn row(&self) -> Vec<String> {
        let figures = &self.figures;
        vec![
            self.chain.name().to_owned(),
            format!("{} ms", self.delay.as_millis()),
            self.fullness.map_or_else(
                || "idle".to_owned(),
                |share| format!("{:.0} %", share * 100.0),
            ),
            figures.finalized.len().to_string(),
            halves(&figures.intervals),
            figures.forks.to_string(),
            halves(&figures.lags),
            figures.longest_wait.as_millis().to_string(),
            format!("{:.2}", self.processors),
        ]
    }
}

fn report(rows: &[Measured]) -> String {
    let head = [
        &format!("{VALIDATORS} validators on this machine"),
        "delay, one way",
        "weight of blocks",
        "blocks final",
        "interval p50 / p95, ms",
        "heights with forks",
        "authored to final elsewhere p50 / p95, ms",
        "longest wait for finality, ms",
        "processors busy",
    ];
    let rows: Vec<Vec<String>> = rows.iter().map(Measured::row).collect();
    table(&head, &rows)
}
