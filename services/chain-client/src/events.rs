//! Events of a transaction, decoded with the metadata of the runtime that raised them.

use serde::Serialize;
use serde_json::Value;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChainEvent {
    /// Name of the pallet, for example `Storage`.
    pub pallet: String,
    /// Name of the event, for example `Committed`.
    pub name: String,
    /// Its fields by name; bytes as `0x` hex, numbers beyond 2^53 as decimal text.
    pub fields: Value,
}

impl ChainEvent {
    /// Whether this is event `name` of pallet `pallet`.
    pub fn is(&self, pallet: &str, name: &str) -> bool {
        self.pallet == pallet && self.name == name
    }
}
