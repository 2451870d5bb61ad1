//! The chains that are measured, each with four validators.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{ensure, Context};
use noema_local_net::{authorities, Binaries, LocalNet, PortChoice};
use serde_json::{json, Value};

use crate::{specification, throughput::load::Load};

/// Validators of each chain.
pub(crate) const VALIDATORS: usize = 4;

/// A chain to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Chain {
    Stock,
    Noema,
}

impl Chain {
    /// What the table calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Stock => "stock template: slots of 6 s, votes after 333 ms, default voting rules",
            Self::Noema => "Noema: slots of 1 s, votes after 100 ms, no delaying rule",
        }
    }

    /// Slots for which it is measured.
    pub(crate) fn slots(self) -> u32 {
        match self {
            Self::Stock => 40,
            Self::Noema => 120,
        }
    }

    pub(crate) fn slot(self) -> Duration {
        match self {
            Self::Stock => Duration::from_secs(6),
            Self::Noema => Duration::from_secs(1),
        }
    }

    /// Transfers in one transaction. Each transaction is validated by the pools of all four nodes, on the same few processors here: half a
    /// block of single transfers a second would keep three of them busy. The template has no batches, and seldom a block.
    pub(crate) fn batch(self) -> usize {
        match self {
            Self::Stock => 1,
            Self::Noema => 10,
        }
    }

    /// Such transactions that fill a block by weight.
    pub(crate) fn full(self) -> usize {
        match self {
            Self::Stock => 1_974,
            Self::Noema => 267,
        }
    }

    /// Starts four validators, with the accounts of `load` endowed in the genesis; with a delay they reach each other over links that
    /// have it.
    pub(crate) async fn start(
        self,
        dir: &Path,
        load: &Load,
        delay: Option<Duration>,
    ) -> anyhow::Result<LocalNet> {
        let binaries = Binaries::locate()?;
        let mut net = LocalNet::builder()
            .validators(VALIDATORS)
            .providers(0)
            .ports(PortChoice::Free)
            .binaries(binaries.clone());
        if let Some(delay) = delay {
            net = net.links(delay);
        }
        match self {
            Self::Noema => {
                for (account, amount) in load.endowed() {
                    net = net.endow(account, u128::from(amount));
                }
            }
            Self::Stock => {
                let (client, spec) = stock(dir, load, &binaries, delay.is_some()).await?;
                net = net.client(client, spec);
            }
        }
        net.start().await.context("start four validators")
    }
}

/// The template's client, and its own chain with four validators: what its users write into a plain specification.
async fn stock(
    dir: &Path,
    load: &Load,
    binaries: &Binaries,
    live: bool,
) -> anyhow::Result<(PathBuf, PathBuf)> {
    let client = binaries.node.with_file_name("stock-template-node");
    ensure!(
        client.exists(),
        "{} is missing: `make bench` builds it",
        client.display()
    );
    let mut spec = specification::exported(&client, &["--chain", "dev"]).await?;
    // Nodes of a local chain would find a way past the links.
    spec["chainType"] = json!(if live { "Live" } else { "Local" });
    let patch = spec
        .pointer_mut("/genesis/runtimeGenesis/patch")
        .context("expected a genesis patch in the specification")?;
    let keys = authorities(&binaries.node, VALIDATORS).await?;
    let (mut author, mut vote) = (Vec::new(), Vec::new());
    for key in &keys {
        author.push(json!(key.sr25519));
        vote.push(json!([key.ed25519, 1]));
    }
    *patch
        .pointer_mut("/aura/authorities")
        .context("expected authorities of Aura")? = Value::Array(author);
    *patch
        .pointer_mut("/grandpa/authorities")
        .context("expected authorities of GRANDPA")? = Value::Array(vote);
    patch
        .pointer_mut("/balances/balances")
        .and_then(Value::as_array_mut)
        .context("expected balances")?
        .extend(load.balances());
    let path = dir.join("stock.json");
    std::fs::write(&path, serde_json::to_vec(&spec)?)?;
    Ok((client, path))
}
