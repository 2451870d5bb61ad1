//! `noema-storage doctor`: is everything as the daemon needs it, and if not, what is to be done?
//!
//! Every check is made that can be made: without a node those of this machine, beside a running daemon all but that of the index, which
//! the daemon has.

mod audits;
mod chain;
mod endpoint;
mod local;
mod report;
#[cfg(test)]
mod tests;

use std::time::Duration;

use noema_chain_client::{ChainClient, ConnectOptions};

use crate::{
    config::{Args, DoctorArgs, Examined},
    store::{Depth, Examination, StoreError},
};
use chain::Facts;
pub use report::{Check, CheckStatus, Report};

/// How long the node may take to answer.
const NODE_PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 10 });

/// The state of the data directory.
enum Directory {
    /// A daemon has it.
    InUse,
    /// It was looked at.
    Seen(Box<Examination>),
    /// There is nothing to look at, or it cannot be.
    Unknown,
}

/// Examines what a daemon with these settings would find.
pub async fn examine(args: Args, doctor: DoctorArgs) -> Report {
    let depth = match doctor.deep {
        true => Depth::Bytes,
        false => Depth::Index,
    };
    let mut report = Report::default();
    let examined = match args.into_examined(doctor) {
        Ok(examined) => examined,
        Err(error) => {
            let advice = "correct the flag, the environment variable or the configuration file; nothing else was checked";
            report.failed("configuration", error.to_string(), advice);
            return report;
        }
    };
    examine_settings(&mut report, examined, depth).await;
    report
}

async fn examine_settings(report: &mut Report, examined: Examined, depth: Depth) {
    let Examined {
        config,
        operator,
        is_dev,
    } = examined;
    let message = format!("provider {}, node {}", config.provider, config.node);
    report.ok("configuration", message);
    let operator = local::operator_key(report, operator, is_dev);
    local::data_directory(report, &config.data_dir);
    let directory = look(report, &config.data_dir, depth).await;
    let pin = local::tls(report, &config);

    let options = ConnectOptions {
        connect_timeout: NODE_PATIENCE,
        request_timeout: NODE_PATIENCE,
    };
    let facts = match ChainClient::connect_with(&config.node, options).await {
        Ok(client) => Facts::read(&client, &config.provider, operator.as_ref()).await,
        Err(error) => Err(error),
    };
    match &facts {
        Ok(facts) => {
            chain::node(report, facts);
            chain::genesis(report, facts, &directory);
            chain::registration(report, facts, &config.provider, operator.as_ref());
            chain::balance(report, facts, operator.as_ref());
            chain::clock(report, facts);
            audits::audits(report, facts);
            audits::cover(report, facts);
            chain::pinned(report, facts, pin);
        }
        Err(error) => {
            let advice = "start the node, or name another one (--node); chain, registration, balance, clock, audits, cover, pin and endpoint could not be checked";
            report.failed("node", error.to_string(), advice);
        }
    }
    let record = facts.as_ref().ok().and_then(|facts| facts.record.as_ref());
    let answers = match record {
        Some(record) => {
            let genesis = facts.as_ref().ok().map(|facts| facts.genesis);
            endpoint::reach(report, &config, record, genesis, &directory).await
        }
        None => None,
    };
    local::disk(report, &config, &directory, record, answers);
}

/// Looks at the data directory, if no daemon has it.
async fn look(report: &mut Report, data_dir: &std::path::Path, depth: Depth) -> Directory {
    let path = data_dir.to_owned();
    let looking = tokio::task::spawn_blocking(move || crate::store::examine(&path, depth));
    let looked = looking.await.map_err(|_| StoreError::Closed);
    let looked = looked.and_then(|looked| looked);
    local::index(report, depth, &looked);
    match looked {
        Ok(found) => Directory::Seen(Box::new(found)),
        Err(StoreError::Locked { .. }) => Directory::InUse,
        Err(_) => Directory::Unknown,
    }
}
