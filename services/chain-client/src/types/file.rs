//! File ids.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Identity of a file: the hash of its 0G Storage root and size. Shown as 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub [u8; 32]);

/// What is wrong with the text given for 32 bytes in hex.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not 32 bytes in hex: expected 64 hex digits, with or without 0x ({reason})")]
pub struct ParseHexError {
    text: String,
    reason: String,
}

pub(crate) fn parse_hex32(text: &str) -> Result<[u8; 32], ParseHexError> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let mut bytes = [0u8; 32];
    hex::decode_to_slice(digits, &mut bytes).map_err(|e| ParseHexError {
        text: text.to_owned(),
        reason: e.to_string(),
    })?;
    Ok(bytes)
}

impl FileId {
    /// The bytes of the id.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for FileId {
    type Err = ParseHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_hex32(text).map(FileId)
    }
}

impl From<[u8; 32]> for FileId {
    fn from(bytes: [u8; 32]) -> Self {
        FileId(bytes)
    }
}

impl Serialize for FileId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FileId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_id_parses_with_and_without_prefix() {
        let id = FileId([0xab; 32]);
        let text = id.to_string();
        assert_eq!(text.len(), 64);
        assert_eq!(text.parse::<FileId>().unwrap(), id);
        assert_eq!(format!("0x{text}").parse::<FileId>().unwrap(), id);
    }

    #[test]
    fn file_id_parse_wrong_length_fails_with_the_text() {
        let error = "abcd".parse::<FileId>().unwrap_err();
        assert!(error.to_string().contains("abcd"));
    }
}
