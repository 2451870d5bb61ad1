//! A chain's state in which a provider holds very many files, built without the years that filling it would take.
//!
//! Nothing of it is made up from outside: the items are those of the pallets, written through the pallets' own storage types, and where a
//! pallet has a call or a trait for a step (registering, reserving, holding money), that is what is used. What the state says is what it would
//! say had every file been committed to, drawn, delivered and proven: deals, both their indices, the provider's assignment, its leaf and the
//! sum tree above, what it will earn, the escrow that pays it, the bytes it has reserved. Left out are the owners' deposits, whatever lies in
//! the agenda, and events.

mod files;
mod holder;

pub use files::Files;
pub use holder::Holder;
