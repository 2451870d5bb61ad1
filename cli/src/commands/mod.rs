//! The commands: each takes its arguments and a [`Session`](crate::session::Session), and answers.

mod account;
mod agent;
mod agent_data;
mod agent_holders;
mod agent_ratings;
mod agent_schedule;
mod agent_sessions;
mod agent_wallet;
mod compute;
mod compute_ask;
mod compute_channels;
mod compute_claims;
mod compute_proxy;
mod compute_receipt;
mod compute_receipts;
mod compute_run;
mod compute_services;
mod da;
mod da_get;
mod da_put;
mod da_sample;
mod node;
mod provider;
mod provider_audits;
mod provider_compute;
mod storage;
mod storage_deal;
mod storage_get;
mod storage_lease;
mod storage_put;
mod storage_put_many;
mod storage_put_rules;
mod storage_resign;
mod up;
mod upgrade;
mod validator;

pub(crate) use upgrade::BUILD_PLACE;

use crate::{
    args::{storage::Storage, Command},
    failure::Failure,
    session::Session,
};

/// Runs a command to its end.
pub(crate) async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    match command {
        Command::Up(up) => up::run(session, &up).await,
        Command::Storage(Storage::Put(put)) => storage_put::run(session, &put).await,
        Command::Storage(Storage::Get(get)) => storage_get::run(session, &get).await,
        Command::Storage(other) => storage::run(session, other).await,
        Command::Da(da) => da::run(session, da).await,
        Command::Agent(agent) => agent::run(session, agent).await,
        Command::Compute(compute) => compute::run(session, compute).await,
        Command::Provider(provider) => provider::run(session, provider).await,
        Command::Validator(validator) => validator::run(session, validator).await,
        Command::Account(account) => account::run(session, account).await,
        Command::Node(node) => node::run(session, &node).await,
        Command::Upgrade(upgrade) => upgrade::run(session, &upgrade).await,
    }
}
