//! The members of a JSON object in their order, each value as its bytes: what is not understood is passed on byte by byte.

use std::fmt;

use serde::{
    de::{Error, MapAccess, Visitor},
    Deserialize, Deserializer,
};
use serde_json::value::RawValue;

/// A JSON object whose members have names of their own.
#[derive(Debug)]
pub(super) struct Members<'a>(pub(super) Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut members: Vec<(String, &RawValue)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    // Two parsers could take different ones.
                    if members.iter().any(|(known, _)| *known == name) {
                        return Err(M::Error::custom(format!("{name:?} stands there twice")));
                    }
                    if members.len() >= MOST {
                        return Err(M::Error::custom(format!("more than {MOST} members")));
                    }
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// Members of a request; OpenAI knows some forty.
const MOST: usize = 256;

impl<'a> Members<'a> {
    /// The names of its members.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The value of a member as its bytes.
    pub(super) fn raw(&self, name: &str) -> Option<&'a RawValue> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| *value)
    }
}

impl Members<'_> {
    /// The value of a member. `null` is none.
    pub(super) fn get<'s, T: Deserialize<'s>>(
        &'s self,
        name: &str,
    ) -> Result<Option<T>, serde_json::Error> {
        match self.0.iter().find(|(known, _)| known == name) {
            Some((_, value)) => serde_json::from_str(value.get()),
            None => Ok(None),
        }
    }

    /// Whether it has the member, be it `null`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// The object with some members replaced, or added behind the others.
    pub(super) fn write_with(&self, changed: &[(&str, String)]) -> Vec<u8> {
        let mut out = Vec::from(&b"{"[..]);
        let mut write = |name: &str, value: &str| {
            if out.len() > 1 {
                out.push(b',');
            }
            out.extend(serde_json::Value::from(name).to_string().into_bytes());
            out.push(b':');
            out.extend_from_slice(value.as_bytes());
        };
        for (name, value) in &self.0 {
            let new = changed.iter().find(|(changed, _)| changed == name);
            write(name, new.map_or(value.get(), |(_, value)| value));
        }
        for (name, value) in changed {
            if !self.has(name) {
                write(name, value);
            }
        }
        out.push(b'}');
        out
    }
}
