//! The section on how many transfers a chain includes a second.
//!
//! The ecosystem's standard measure (sTPS): transfers between accounts that exist, signed beforehand, each from another account, handed in
//! batches to one node that authors alone. Those in blocks are counted, by the chain's own clock.

mod chain;
pub(crate) mod count;
pub(crate) mod load;
pub(crate) mod submit;

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use chain::{Chain, Node};
use count::Included;
use load::Load;

use crate::{table::table, usage};

/// What the section needs.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Which chains: `noema`, `lifted` (the stock template with heavier blocks), `stock` (as it comes)
    #[arg(long, value_delimiter = ',', default_value = "stock,lifted,noema")]
    chains: Vec<Chain>,
    /// Transfers, in per cent of what is usual for each chain
    #[arg(long, default_value_t = 100)]
    scale: usize,
    /// Connections to the node
    #[arg(long, default_value_t = 2)]
    connections: usize,
    /// Transfers in one JSON-RPC batch
    #[arg(long, default_value_t = 50)]
    batch: usize,
    /// Batches under way on each connection
    #[arg(long, default_value_t = 1)]
    window: usize,
    /// Transfers that may wait at the node, at most [default: half as many again as a block of the chain takes]
    #[arg(long)]
    backlog: Option<usize>,
    /// Directory for the databases; all is removed afterwards
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    dir: PathBuf,
    /// Flags for the nodes, such as `--pool-type=single-state`
    #[arg(long, value_delimiter = ' ', allow_hyphen_values = true)]
    node: Vec<String>,
}

/// What came of one chain.
struct Measured {
    chain: Chain,
    included: Included,
    /// Transfers that the node took a second.
    accepted: f64,
    /// Processor time of the node for each transfer.
    processor: Duration,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<String> {
    let mut rows = Vec::new();
    for chain in &options.chains {
        let measured = measure(*chain, options)
            .await
            .with_context(|| format!("measure {}", chain.name()))?;
        eprintln!("{}: {}", chain.name(), measured.included);
        rows.push(measured);
    }
    Ok(report(&rows))
}

async fn measure(chain: Chain, options: &Options) -> anyhow::Result<Measured> {
    let transfers = chain.transfers() * options.scale / 100;
    let backlog = options.backlog.unwrap_or(chain.backlog());
    let load = Load::new(transfers)?;
    let dir = tempfile::tempdir_in(&options.dir).context("make a directory for the database")?;
    let node = Node::start(chain, dir.path(), &load, &options.node).await?;
    let signed = load.sign(node.client()).await?;
    let before = usage::of(node.pid())?;
    let submitted = submit::all(node.url(), Arc::new(signed), backlog, options).await?;
    let processor = usage::of(node.pid())?.saturating_sub(before);
    let included = count::included(node.client(), &submitted.blocks).await?;
    included.all_of(transfers)?;
    node.stop().await?;
    Ok(Measured {
        chain,
        included,
        accepted: transfers as f64 / submitted.submitting.as_secs_f64(),
        processor: processor / u32::try_from(transfers.max(1))?,
    })
}

fn report(rows: &[Measured]) -> String {
    let peer = rows.iter().find(|row| row.chain == Chain::Lifted);
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let rate = row.included.rate();
            let ratio = peer.map(|peer| format!("{:.1}", rate / peer.included.rate()));
            vec![
                row.chain.name().to_owned(),
                format!("{rate:.0}"),
                ratio.unwrap_or_default(),
                row.included.median().to_string(),
                format!("{:.0} %", row.included.fullness() * 100.0),
                format!("{:.0}", row.accepted),
                row.processor.as_micros().to_string(),
            ]
        })
        .collect();
    let head = [
        "one node that authors alone, the sender on the same machine",
        "included a second",
        "times the lifted template",
        "in a block",
        "of the weight of a block",
        "taken by the node a second",
        "processor µs each, node",
    ];
    table(&head, &rows)
}
