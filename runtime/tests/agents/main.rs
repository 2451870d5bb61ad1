//! Agents as they are composed: which calls of this runtime can be made in an agent's name and what each counts, that no nesting widens that, what goes with an agent when
//! it changes hands, and that ratings consume what the compute market has redeemed.

#[path = "../chain/mod.rs"]
mod chain;

mod calls;
mod encoding;
mod limits;
mod ratings;
mod scene;
