//! Providers of the off-chain roles.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{AccountId, Balance, BlockNumber};

/// What a provider does off chain. Each role has a bond of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Holds files and proves them.
    Storage,
    /// Holds coded rows of blobs and attests them.
    DataAvailability,
    /// Runs models and jobs.
    Compute,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 3] = [Role::Storage, Role::DataAvailability, Role::Compute];

    /// Name of the role as the command line writes it.
    pub fn name(&self) -> &'static str {
        match self {
            Role::Storage => "storage",
            Role::DataAvailability => "data-availability",
            Role::Compute => "compute",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a role: expected storage, data-availability or compute")]
pub struct ParseRoleError(String);

impl FromStr for Role {
    type Err = ParseRoleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Role::ALL
            .into_iter()
            .find(|role| role.name() == text || (text == "da" && *role == Role::DataAvailability))
            .ok_or_else(|| ParseRoleError(text.to_owned()))
    }
}

/// Whether a provider gets new work, see `docs/design/providers.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum ProviderStatus {
    /// Drawn for new work.
    Active,
    /// Keeps what it has, gets nothing new.
    Chilled,
    /// As chilled; cannot come back before a block.
    Jailed {
        /// First block in which `unjail` is possible.
        until: BlockNumber,
    },
    /// All its bond is unbonding.
    Leaving,
}

/// Part of a bond on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Unlocking {
    /// How much, in the smallest unit.
    pub amount: Balance,
    /// First block in which it can be withdrawn.
    pub matures_at: BlockNumber,
}

/// What the chain knows of a provider in one role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProviderRecord {
    /// The bonded account.
    pub account: AccountId,
    /// Its role.
    pub role: Role,
    /// Whether it gets new work.
    pub status: ProviderStatus,
    /// Its own bond without what is unbonding, in the smallest unit.
    pub bond: Balance,
    /// What is unbonding.
    pub unlocking: Vec<Unlocking>,
    /// The hot key that acts for it.
    pub operator: AccountId,
    /// Where its daemon answers, as announced.
    pub endpoint: String,
    /// Declared capacity in bytes.
    pub capacity: u64,
    /// Bytes set aside for its replicas.
    pub reserved: u64,
}

/// Some of the providers of a role, in the order of the chain's map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderPage {
    /// The records of this page.
    pub providers: Vec<ProviderRecord>,
    /// Where the next page starts; `None` after the last one.
    pub next: Option<Vec<u8>>,
}
