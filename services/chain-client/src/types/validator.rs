//! Validators, what stands behind them, and what they earn and lose.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{AccountId, Balance};

/// Number of an era: the time, a day as a rule, for which a set of validators is elected.
pub type Era = u32;

/// Where goes what a staker earns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payee {
    /// To its account, and to what it has at stake.
    Staked,
    /// To its account.
    Stash,
    /// To another account.
    Account(AccountId),
    /// To nobody: it is not issued.
    Nobody,
}

impl fmt::Display for Payee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Payee::Staked => f.write_str("staked"),
            Payee::Stash => f.write_str("stash"),
            Payee::Account(account) => account.fmt(f),
            Payee::Nobody => f.write_str("nobody"),
        }
    }
}

impl Serialize for Payee {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Part of a stake on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Unbonding {
    /// How much, in the smallest unit.
    pub amount: Balance,
    /// First era in which it can be withdrawn.
    pub era: Era,
}

/// What an account has at stake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stake {
    /// The account that staked it.
    pub account: AccountId,
    /// All of it, in the smallest unit.
    pub total: Balance,
    /// The part that is at stake in coming eras, in the smallest unit.
    pub active: Balance,
    /// The other part, in the order in which it can be withdrawn.
    pub unbonding: Vec<Unbonding>,
    /// Where goes what it earns.
    pub payee: Payee,
}

impl Stake {
    /// What can be withdrawn in `era`, in the smallest unit.
    pub fn withdrawable(&self, era: Era) -> Balance {
        let matured = self.unbonding.iter().filter(|chunk| chunk.era <= era);
        matured.fold(0, |sum: Balance, chunk| sum.saturating_add(chunk.amount))
    }
}

/// What a candidate asks of its nominators.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Candidacy {
    /// What it takes of an era's pay before that is divided, in billionths.
    pub commission: u32,
    /// Whether it takes no more nominations.
    pub blocked: bool,
}

/// The public session keys of a validator as the runtime encodes them. Shown as `0x` and hex digits.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionKeys(pub Vec<u8>);

/// The text is not `0x` and pairs of hex digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected 0x and pairs of hex digits ({0})")]
pub struct ParseBytesError(String);

/// Bytes written as `0x` and hex digits; the prefix may be left out.
pub(crate) fn parse_bytes(text: &str) -> Result<Vec<u8>, ParseBytesError> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if digits.is_empty() {
        return Err(ParseBytesError("there are none".into()));
    }
    hex::decode(digits).map_err(|e| ParseBytesError(e.to_string()))
}

impl fmt::Display for SessionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(&self.0))
    }
}

impl fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for SessionKeys {
    type Err = ParseBytesError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_bytes(text).map(Self)
    }
}

impl Serialize for SessionKeys {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SessionKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A proof that an account owns session keys, made where their secrets are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnershipProof(pub Vec<u8>);

impl FromStr for OwnershipProof {
    type Err = ParseBytesError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_bytes(text).map(Self)
    }
}

/// What the chain wants of those who stand for election, and how long it remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StakingLimits {
    /// What a validator must have at stake, in the smallest unit.
    pub min_validator_bond: Balance,
    /// The least commission, in billionths.
    pub min_commission: u32,
    /// How many are elected.
    pub validators: u32,
    /// How many stand for election.
    pub candidates: u32,
    /// How many may.
    pub max_candidates: Option<u32>,
    /// What is held for registered session keys, in the smallest unit.
    pub key_deposit: Balance,
    /// Eras between taking stake back and having it.
    pub bonding_eras: Era,
    /// Eras for which pay can be claimed.
    pub history_eras: Era,
}

/// Which eras the chain is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Eras {
    /// The one whose validators author and are paid.
    pub active: Era,
    /// The newest one for which validators were elected: the active one, or the one after it.
    pub planned: Era,
}

impl Eras {
    /// The era after the active one if its validators are known.
    pub fn next(&self) -> Option<Era> {
        (self.planned > self.active).then_some(self.planned)
    }
}

/// What stands behind a validator in an era, in the smallest unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// All of it.
    pub total: Balance,
    /// The validator's own part.
    pub own: Balance,
    /// How many nominators the other part is of.
    pub nominators: u32,
    /// In how many pages the chain keeps them; each is paid by a call of its own.
    pub pages: u32,
}

impl Exposure {
    /// Pages to pay: a validator without nominators has one.
    pub fn paid_pages(&self) -> u32 {
        self.pages.max(1)
    }
}

/// What validators have done in an era.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EraPoints {
    /// Points of all.
    pub total: u32,
    /// Points of each that has any.
    pub of: BTreeMap<AccountId, u32>,
}

/// A slash that waits for its execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingSlash {
    /// The era in which it is executed, unless governance cancels it before.
    pub era: Era,
    /// The validator that misbehaved.
    pub validator: AccountId,
    /// What it loses itself, in the smallest unit.
    pub own: Balance,
    /// What its nominators lose, in the smallest unit.
    pub others: Vec<(AccountId, Balance)>,
}

/// Pay that nobody has claimed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpaid {
    /// The era that is paid.
    pub era: Era,
    /// The page of nominators.
    pub page: u32,
    /// How many nominators are on it, at most.
    pub nominators: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stake_is_withdrawable_from_its_era_on() {
        let stake = Stake {
            account: AccountId([1; 32]),
            total: 10,
            active: 5,
            unbonding: vec![
                Unbonding { amount: 2, era: 7 },
                Unbonding { amount: 3, era: 9 },
            ],
            payee: Payee::Staked,
        };
        assert_eq!(
            [6, 7, 8, 9].map(|era| stake.withdrawable(era)),
            [0, 2, 2, 5]
        );
    }

    #[test]
    fn keys_round_trip_through_hex() {
        let keys: SessionKeys = "0x00ff".parse().unwrap();
        assert_eq!(keys, SessionKeys(vec![0, 255]));
        assert_eq!(keys.to_string(), "0x00ff");
        assert_eq!("00ff".parse::<SessionKeys>().unwrap(), keys);
        for text in ["", "0x", "0x0", "0xgg"] {
            let error = text.parse::<SessionKeys>().unwrap_err().to_string();
            assert!(error.contains("hex"), "{error}");
        }
    }

    #[test]
    fn the_next_era_is_known_once_it_is_planned() {
        let eras = |active, planned| Eras { active, planned };
        assert_eq!(eras(3, 3).next(), None);
        assert_eq!(eras(3, 4).next(), Some(4));
    }
}
