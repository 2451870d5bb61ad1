//! The compute market: `docs/design/compute.md` as a program.
//!
//! [`Model`] has the calls of the pallet, all balances, and nothing that is kept in two places: what a purse has reserved, what a channel has left and what a provider's
//! channels may ask for are summed up whenever they are needed. [`Party`] is what happens off chain: requests that are answered, with the truth about what they cost.
//!
//! Signatures are who made them: a key is a number, and what is signed names it.

mod channels;
mod errors;
mod evidence;
mod invariants;
mod model;
mod party;
mod redeem;
mod services;
#[cfg(test)]
mod tests;
mod types;

pub use errors::Error;
pub use model::Model;
pub use party::{Party, Requested};
pub use types::{
    Account, Balance, Channel, Claim, Grant, Key, Lane, Outcome, Parameters, Provider, Receipt,
    Service, Session, State, Tick, Voucher,
};
