//! The promises of the project, kept by the real binaries: a chain and daemons as processes, the command line as a person types it.
//!
//! Every test makes its own network and throws it away. Run them with `make e2e`; with `NOEMA_PROVE=1` (`make prove`) they run at full size.

#![cfg(test)]
#![allow(missing_docs)]

mod audits;
mod before_sync;
mod blob_cheats;
mod blobs;
mod chain_specs;
mod compute;
mod compute_cheats;
mod compute_gateway;
mod crash;
mod deaths;
mod disk_damage;
mod equivocation;
mod faulty_upgrade;
mod hand_over;
mod honest;
mod journey;
mod judges;
mod lost_tenth;
mod node;
mod put_many;
mod refusals;
mod rollup;
mod sdk_js;
mod subxt;
mod tamper;
mod tour;
mod transport;
mod trouble;
mod upgrade;
mod upgrade_check;
mod upgrade_referendum;
mod validator;
