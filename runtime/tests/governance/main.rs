//! Governance as people meet it: what referenda take and what they may do, what the treasury pays, what
//! the technical committee can do and cannot, how the chain is stopped and repaired, and that nobody
//! else has any of these rights.

#[path = "../chain/mod.rs"]
mod chain;

mod committee;
mod emergency;
mod people;
mod privileges;
mod referenda;
mod tracks;
mod transactions;
mod treasury;
