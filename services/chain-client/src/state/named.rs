//! Calls and state by name, for what a chain may have or lack: governance, sudo, migrations.

use serde_json::Value as Json;
use subxt::{
    config::substrate::H256,
    dynamic::Value,
    ext::scale_value::{Composite, ValueDef},
    storage::dynamic as entry,
    transactions::dynamic as transaction,
};

use super::StateAt;
use crate::{call::Call, error::ChainError, events::to_json};

/// A call as a value, to be given to another call.
pub fn call_value(pallet: &str, call: &str, fields: Vec<(&str, Value)>) -> Value {
    Value::unnamed_variant(pallet, [Value::named_variant(call, fields)])
}

impl StateAt {
    /// Whether the runtime has this pallet.
    pub fn has_pallet(&self, pallet: &str) -> bool {
        self.at().metadata_ref().pallet_by_name(pallet).is_some()
    }

    /// A call in SCALE, pallet and call index first: what [`Call::Raw`] takes and what governance hashes.
    pub fn encode_call(&self, call: &Call) -> Result<Vec<u8>, ChainError> {
        call.encode(self)
    }

    /// The same for a call that [`call_value`] made.
    pub fn encode_value(&self, call: &Value) -> Result<Vec<u8>, ChainError> {
        let no_call = || self.incompatible("a call", "it is none");
        let ValueDef::Variant(outer) = &call.value else {
            return Err(no_call());
        };
        let Some(ValueDef::Variant(inner)) = outer.values.values().next().map(|v| &v.value) else {
            return Err(no_call());
        };
        let payload = transaction::<Composite<()>>(&outer.name, &inner.name, inner.values.clone());
        self.at()
            .tx()
            .call_data(&payload)
            .map_err(|e| self.incompatible(&format!("{}::{}", outer.name, inner.name), e))
    }

    /// A constant of the runtime, as JSON in the form of event fields.
    pub fn constant_named(&self, pallet: &str, name: &str) -> Result<Json, ChainError> {
        let address = subxt::constants::dynamic::<Value>(pallet, name);
        let value = self.at().constants().entry(address);
        let value = value.map_err(|e| self.incompatible(&format!("{pallet}::{name}"), e))?;
        Ok(to_json(&value))
    }

    /// A value in the state, as JSON in the form of event fields; `None` if there is none and the entry has no default.
    pub async fn read(
        &self,
        pallet: &str,
        name: &str,
        keys: Vec<Value>,
    ) -> Result<Option<Json>, ChainError> {
        const WHAT: &str = "a value of the state";
        let full = format!("{pallet}::{name}");
        let storage = self.at().storage();
        let found = storage
            .entry(entry::<Vec<Value>, Value>(pallet, name))
            .map_err(|e| self.read_error(WHAT, &full, e))?;
        let value = self.client.within(WHAT, found.try_fetch(keys)).await?;
        let value = value.map_err(|e| self.read_error(WHAT, &full, e))?;
        value
            .map(|value| {
                let value = value.decode().map_err(|e| self.incompatible(&full, e))?;
                Ok(to_json(&value))
            })
            .transpose()
    }

    /// The bytes under a key of the state.
    pub async fn raw(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ChainError> {
        let hash = Some(H256(self.block().hash.0));
        let asking = self.client.legacy().state_get_storage(key, hash);
        self.client.ask("a value of the state", asking).await
    }
}
