//! Agents: `docs/design/agents.md` as a program.
//!
//! [`Model`] has the calls of the pallet and all balances, and nothing that is kept in two places: what a session has spent is the list of its acts, what ratings come to is
//! summed up whenever it is asked, what is held is what the records say. Signatures are who made them. The market in which agents act is as small as can be: it pays, with a
//! cut, and reserves.

mod acting;
mod data;
mod errors;
mod identity;
mod inner;
mod invariants;
mod market;
mod model;
mod reputation;
mod schedule;
mod sessions;
#[cfg(test)]
mod tests;
mod types;

pub use errors::Error;
pub use inner::{Inner, Kind};
pub use model::Model;
pub use types::{
    Account, Agent, Balance, Consent, Data, Feedback, Former, Grant, Mean, Parameters, Plan,
    Scheduled, Session, SignedAct, Staged, Summary, Tick, Usage, FIRST_ACCOUNT,
};
