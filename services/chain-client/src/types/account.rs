//! Accounts and balances.

use std::{fmt, str::FromStr};

use codec::{Decode, Encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subxt::utils::AccountId32;

/// An amount in the smallest unit of the native token (10^-18 NOEMA).
pub type Balance = u128;

/// A 32-byte account. Shown and parsed as SS58 with the generic prefix 42; `0x` hex is accepted
/// when parsing. In SCALE, the bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct AccountId(pub [u8; 32]);

/// What is wrong with the text given for an account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an account: expected an SS58 address or 0x and 64 hex digits ({reason})")]
pub struct ParseAccountError {
    text: String,
    reason: String,
}

impl AccountId {
    /// The bytes of the account.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        AccountId32(self.0).fmt(f)
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for AccountId {
    type Err = ParseAccountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = |reason: String| ParseAccountError {
            text: text.to_owned(),
            reason,
        };
        if let Some(digits) = text.strip_prefix("0x") {
            let mut bytes = [0u8; 32];
            hex::decode_to_slice(digits, &mut bytes).map_err(|e| error(e.to_string()))?;
            return Ok(AccountId(bytes));
        }
        let account = AccountId32::from_str(text).map_err(|e| error(e.to_string()))?;
        Ok(AccountId(account.0))
    }
}

impl From<[u8; 32]> for AccountId {
    fn from(bytes: [u8; 32]) -> Self {
        AccountId(bytes)
    }
}

impl From<AccountId32> for AccountId {
    fn from(account: AccountId32) -> Self {
        AccountId(account.0)
    }
}

impl From<AccountId> for AccountId32 {
    fn from(account: AccountId) -> Self {
        AccountId32(account.0)
    }
}

impl Serialize for AccountId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AccountId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Balance and nonce of an account. An account that does not exist has zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountState {
    /// Transactions sent so far: the nonce that the next one carries.
    pub nonce: u64,
    /// What the account can spend or hold, in the smallest unit.
    pub free: Balance,
    /// What is held for deposits and bonds, in the smallest unit.
    pub reserved: Balance,
    /// Part of `free` and `reserved` together that must stay, in the smallest unit.
    pub frozen: Balance,
}

impl AccountState {
    /// What may be held for a bond or a deposit while `existential_deposit` stays, in the smallest unit. Freezes do not matter: what
    /// is held may be frozen as well.
    pub fn holdable(&self, existential_deposit: Balance) -> Balance {
        self.free.saturating_sub(existential_deposit)
    }

    /// What may be sent away while `existential_deposit` stays and freezes are respected, in the
    /// smallest unit.
    pub fn transferable(&self, existential_deposit: Balance) -> Balance {
        let must_stay = self
            .frozen
            .saturating_sub(self.reserved)
            .max(existential_deposit);
        self.free.saturating_sub(must_stay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

    #[test]
    fn account_round_trips_through_ss58_and_hex() {
        let alice: AccountId = ALICE.parse().unwrap();
        assert_eq!(alice.to_string(), ALICE);
        let hex_form = format!("0x{}", hex::encode(alice.0));
        assert_eq!(hex_form.parse::<AccountId>().unwrap(), alice);
        let json = serde_json::to_string(&alice).unwrap();
        assert_eq!(serde_json::from_str::<AccountId>(&json).unwrap(), alice);
    }

    #[test]
    fn account_parse_wrong_text_says_what_is_expected() {
        let error = "5Grw".parse::<AccountId>().unwrap_err().to_string();
        assert!(
            error.contains("\"5Grw\"") && error.contains("SS58"),
            "{error}"
        );
        assert!("0x12".parse::<AccountId>().is_err());
    }

    #[test]
    fn transferable_leaves_existential_deposit_and_freezes() {
        let account = AccountState {
            nonce: 0,
            free: 100,
            reserved: 30,
            frozen: 50,
        };
        assert_eq!(account.transferable(10), 80);
        assert_eq!(account.transferable(40), 60);
        assert_eq!(AccountState::default().transferable(1), 0);
    }
}
