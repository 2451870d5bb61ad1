//! Leases, pay for proof and repair: `docs/design/money.md` as a program.
//!
//! [`Model`] has the calls, the states of deals and slots, all balances and the price. What is owed to whom for which round is kept by
//! its [`Books`], of which there are two: [`Naive`] pays each replica of each deal by itself, round by round, and ends leases the moment they
//! are over; [`Sums`] keeps one account and dated changes of rate per provider and ends leases when somebody gets to it, as the pallet
//! does. Both must agree on every balance after every step.
//!
//! What the model does not know, it is told: who is drawn, when a replica becomes auditable, how the audit of a round went, how much of the
//! chain's capacity is used.

mod bank;
mod books;
mod discipline;
mod errors;
mod invariants;
mod model;
mod naive;
mod owners;
mod parameters;
mod price;
mod quotes;
mod slots;
mod sums;
mod terms;
#[cfg(test)]
mod tests;
mod types;

pub use bank::{Bank, Money};
pub use books::{Books, Replica};
pub use discipline::Settled;
pub use errors::Error;
pub use model::{Model, FUND, POT, TREASURY};
pub use naive::Naive;
pub use parameters::{Parameters, Unsound};
pub use price::{
    curve, mul_div_down, mul_div_up, next_multiplier, utilisation, Price, Usage, CURVE, MILLION,
};
pub use quotes::{Lease, Quote, Status};
pub use sums::{Account as ProviderAccount, RateChange, Sums};
pub use terms::{Segment, Terms};
pub use types::{
    Account, Balance, Deal, DealId, Drop, Earner, Ending, File, FileSpec, Key, Leaving, Outcome,
    Provider, Round, Slot, SlotState,
};
