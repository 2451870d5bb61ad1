//! Data availability: submissions, lists, pay and populations of `docs/design/da.md` as a program.
//!
//! [`Model`] has the calls of the pallet, all balances, and nothing that is kept in two places: what a list pays, what a seat's bits amount to, what is owed
//! to a provider and what is in flight are summed up whenever they are needed, over all entries. Nothing is closed lazily, nothing is pruned that somebody
//! could still ask for.
//!
//! Committees are given: who is drawn is another matter. Signatures are who made them, row seeds are whether there is one.

mod calls;
mod errors;
mod fees;
mod members;
mod model;
mod pay;
mod rounds;
#[cfg(test)]
mod tests;
mod types;

pub use errors::Error;
pub use fees::{shape, Shape};
pub use model::Model;
pub use types::{
    Account, Balance, Block, Bundle, Days, Entry, List, Log, Member, Outcome, Parameters, Round,
    Seat, Seed, Submission, Tick,
};
