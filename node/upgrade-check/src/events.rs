//! Events of a block, in words.

use scale_value::{Composite, Value, ValueDef};

use crate::{
    metadata::{key, Metadata},
    state::Values,
};

/// Longest text of an event.
const LONGEST: usize = 400;

/// An event that a block raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) pallet: String,
    pub(crate) name: String,
    text: String,
}

impl Event {
    pub(crate) fn is(&self, pallet: &str, name: &str) -> bool {
        self.pallet == pallet && self.name == name
    }
}

impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}{}", self.pallet, self.name, self.text)
    }
}

/// The events in a state, which are those of its newest block.
pub(crate) fn events(metadata: &Metadata, values: &Values) -> Result<Vec<Event>, String> {
    let (Some(entry), Some(bytes)) = (
        metadata.entry("System", "Events"),
        values.get(&key("System", "Events")),
    ) else {
        return Ok(Vec::new());
    };
    let types = metadata.types();
    let list = scale_value::scale::decode_as_type(&mut &bytes[..], entry.value(), types)
        .map_err(|e| e.to_string())?;
    let ValueDef::Composite(list) = list.value else {
        return Err("the events are no list".into());
    };
    list.into_values()
        .map(|record| event(record).ok_or_else(|| "an event is no event".to_owned()))
        .collect()
}

/// The event in a record, which says besides when it was raised.
fn event(record: Value<u32>) -> Option<Event> {
    let ValueDef::Composite(Composite::Named(fields)) = record.value else {
        return None;
    };
    let (_, outer) = fields.into_iter().find(|(name, _)| name == "event")?;
    let ValueDef::Variant(outer) = outer.value else {
        return None;
    };
    let ValueDef::Variant(inner) = outer.values.into_values().next()?.value else {
        return None;
    };
    let text = match &inner.values {
        Composite::Named(fields) if fields.is_empty() => String::new(),
        Composite::Unnamed(fields) if fields.is_empty() => String::new(),
        fields => {
            let fields = Value {
                value: ValueDef::Composite(fields.clone()),
                context: 0,
            };
            format!(" {}", scale_value::stringify::to_string(&fields))
        }
    };
    let text = match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    };
    Some(Event {
        pallet: outer.name,
        name: inner.name,
        text,
    })
}
