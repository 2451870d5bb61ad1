//! Why a part of a call was refused, where an event says so.

use serde_json::Value;

use super::StateAt;
use crate::error::DispatchFailure;

impl StateAt {
    /// What an error in the fields of an event means, by the documentation of the runtime at this block.
    pub fn explain(&self, error: &Value) -> DispatchFailure {
        self.explained(error).unwrap_or_else(|| DispatchFailure {
            pallet: None,
            name: match error {
                Value::String(name) => name.clone(),
                other => other.to_string(),
            },
            docs: String::new(),
        })
    }

    /// Of a pallet: its index, and the error's in the first of four bytes.
    fn explained(&self, error: &Value) -> Option<DispatchFailure> {
        let module = error.get("Module")?;
        let pallet = u8::try_from(module.get("index")?.as_u64()?).ok()?;
        let bytes = module.get("error")?.as_str()?.strip_prefix("0x")?;
        let index = u8::from_str_radix(bytes.get(..2)?, 16).ok()?;
        let metadata = self.at.metadata_ref();
        let pallet = metadata.pallet_by_error_index(pallet)?;
        let error = pallet.error_variant_by_index(index)?;
        Some(DispatchFailure {
            pallet: Some(pallet.name().to_owned()),
            name: error.name.clone(),
            docs: error.docs.join(" ").trim().to_owned(),
        })
    }
}
