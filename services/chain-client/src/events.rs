//! Events of a transaction, decoded with the metadata of the runtime that raised them.

use serde::Serialize;
use serde_json::Value;
use subxt::ext::scale_value::{self, Composite, Primitive, ValueDef};

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

/// A decoded SCALE value as JSON: bytes as `0x` hex, structures by field name, variants by name
/// (or as `{name: fields}` when they have fields), newtypes as what they wrap, integers beyond
/// 2^53 as decimal text.
pub(crate) fn to_json(value: &scale_value::Value<()>) -> Value {
    match &value.value {
        ValueDef::Composite(fields) => composite_to_json(fields),
        ValueDef::Variant(variant) => {
            if variant.values.is_empty() {
                Value::String(variant.name.clone())
            } else {
                let fields = composite_to_json(&variant.values);
                Value::Object([(variant.name.clone(), fields)].into_iter().collect())
            }
        }
        ValueDef::BitSequence(bits) => {
            Value::String(bits.iter().map(|bit| if bit { '1' } else { '0' }).collect())
        }
        ValueDef::Primitive(primitive) => primitive_to_json(primitive),
    }
}

/// Fields as JSON: an object if they have names, else an array, hex or the only field.
pub(crate) fn composite_to_json(fields: &Composite<()>) -> Value {
    match fields {
        Composite::Named(fields) => Value::Object(
            fields
                .iter()
                .map(|(name, v)| (name.clone(), to_json(v)))
                .collect(),
        ),
        Composite::Unnamed(values) => match (bytes(values), &values[..]) {
            (Some(bytes), _) => Value::String(format!("0x{}", hex::encode(bytes))),
            (None, [only]) => to_json(only),
            (None, values) => Value::Array(values.iter().map(to_json).collect()),
        },
    }
}

/// The bytes that `values` are, if they look like bytes: two or more numbers below 256.
fn bytes(values: &[scale_value::Value<()>]) -> Option<Vec<u8>> {
    if values.len() < 2 {
        return None;
    }
    let byte = |value: &scale_value::Value<()>| match &value.value {
        ValueDef::Primitive(Primitive::U128(number)) => u8::try_from(*number).ok(),
        _ => None,
    };
    values.iter().map(byte).collect()
}

fn primitive_to_json(primitive: &Primitive) -> Value {
    const SAFE: u64 = 1 << 53;
    match primitive {
        Primitive::Bool(value) => Value::Bool(*value),
        Primitive::Char(value) => Value::String(value.to_string()),
        Primitive::String(value) => Value::String(value.clone()),
        Primitive::U128(value) => match u64::try_from(*value) {
            Ok(value) if value <= SAFE => Value::from(value),
            _ => Value::String(value.to_string()),
        },
        Primitive::I128(value) => match i64::try_from(*value) {
            Ok(value) if value.unsigned_abs() <= SAFE => Value::from(value),
            _ => Value::String(value.to_string()),
        },
        Primitive::U256(value) | Primitive::I256(value) => {
            Value::String(format!("0x{}", hex::encode(value)))
        }
    }
}

#[cfg(test)]
mod tests {
    use subxt::ext::scale_value::Value as Scale;

    use super::*;

    #[test]
    fn event_fields_become_readable_json() {
        let account = Scale::unnamed_composite([Scale::unnamed_composite(
            [1u8, 2, 255].map(|byte| Scale::u128(byte.into())),
        )]);
        let fields = Composite::named([
            ("who", account),
            ("amount", Scale::u128(5_000_000_000_000_000_000)),
            ("slot", Scale::u128(3)),
            ("reason", Scale::unnamed_variant("NotReady", [])),
            (
                "pair",
                Scale::unnamed_composite([Scale::bool(true), Scale::i128(-4)]),
            ),
        ]);
        assert_eq!(
            composite_to_json(&fields),
            serde_json::json!({
                "who": "0x0102ff",
                "amount": "5000000000000000000",
                "slot": 3,
                "reason": "NotReady",
                "pair": [true, -4],
            })
        );
    }
}
