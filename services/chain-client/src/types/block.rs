//! Blocks, hashes and seeds.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::file::{parse_hex32, ParseHexError};

/// Number of a block, from 0 at genesis.
pub type BlockNumber = u32;

/// Blocks that took transactions and left room for answers, counted from genesis.
pub type Tick = u64;

/// Number of a round of audits, by which leases are counted.
pub type RoundIndex = u32;

/// A 32-byte hash of the chain. Shown as `0x` and 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash(pub [u8; 32]);

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = ParseHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_hex32(text).map(Hash)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A block by number and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BlockRef {
    /// Number of the block.
    pub number: BlockNumber,
    /// Hash of its header.
    pub hash: Hash,
}

/// The seed that a draw point got, if any. See `docs/design/entropy.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeedAt {
    /// The seed is known and will not change.
    Drawn {
        /// 32 uniformly distributed bytes.
        seed: [u8; 32],
        /// The block that made the seed: the draw point or one shortly after.
        drawn_at: BlockNumber,
    },
    /// No seed yet; one may still come.
    NotYet,
    /// No seed came in time, or it is forgotten. Whoever waits for it must take a new draw point.
    Lost,
}
