//! A wallet's consent to be where an agent is paid, as a file: the wallet signs, the owner brings it to the chain.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec cast the indices of variants"
)]

use codec::{Decode, DecodeAll, Encode};
use noema_agents_primitives::WalletBinding;
use serde::{Deserialize, Serialize};

pub use crate::json::JsonError;
use crate::{
    json::{hexed, number},
    keys::SigningKey,
    types::AccountId,
};

/// A wallet's signature by any scheme that the chain accepts: the SCALE of this is that of `MultiSignature`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum WalletSignature {
    /// Of ed25519.
    #[codec(index = 0)]
    Ed25519([u8; 64]),
    /// Of sr25519, context `substrate`.
    #[codec(index = 1)]
    Sr25519([u8; 64]),
    /// Of secp256k1 over BLAKE2b-256, recoverable.
    #[codec(index = 2)]
    Ecdsa([u8; 65]),
    /// Of secp256k1 over Keccak-256, recoverable.
    #[codec(index = 3)]
    Eth([u8; 65]),
}

/// A wallet's consent with its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedBinding {
    /// To what it consents.
    pub binding: WalletBinding<AccountId>,
    /// Its signature.
    pub signature: WalletSignature,
}

/// Whose a signature is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedBy {
    /// The wallet's.
    Wallet,
    /// Not the wallet's, or for another chain.
    SomebodyElse,
    /// The scheme is not known here: the chain tells.
    Unknown,
}

impl SignedBinding {
    /// Signs for the chain with this genesis hash. `key` is that of `binding.wallet`, or the signature is worth nothing.
    pub fn sign(key: &SigningKey, genesis: &[u8; 32], binding: WalletBinding<AccountId>) -> Self {
        let signature = WalletSignature::Sr25519(key.sign(&binding.payload(genesis)));
        Self { binding, signature }
    }

    /// Whether the wallet signed it for the chain with this genesis hash.
    pub fn signed_by(&self, genesis: &[u8; 32]) -> SignedBy {
        let WalletSignature::Sr25519(signature) = &self.signature else {
            return SignedBy::Unknown;
        };
        let payload = self.binding.payload(genesis);
        if SigningKey::verify(&self.binding.wallet, &payload, signature) {
            SignedBy::Wallet
        } else {
            SignedBy::SomebodyElse
        }
    }

    /// As JSON. Members are named as in `primitives/agents/tests/vectors.json`: numbers of 64 bits are decimal text, the signature is the hex of its SCALE.
    pub fn to_json(&self) -> serde_json::Value {
        let binding = &self.binding;
        let form = BindingFile {
            agent: binding.agent.to_string(),
            owner: binding.owner,
            wallet: binding.wallet,
            nonce: binding.nonce.to_string(),
            deadline: binding.deadline.to_string(),
            signature: hexed(&self.signature.encode()),
        };
        // A struct of texts always has a form.
        serde_json::to_value(form).unwrap_or_default()
    }

    /// Reads it from JSON.
    ///
    /// # Errors
    /// When it is something else; the message says where.
    pub fn from_json(text: &str) -> Result<Self, JsonError> {
        let error = |reason| JsonError::new("wallet's consent", reason);
        let form: BindingFile = serde_json::from_str(text).map_err(|e| error(e.to_string()))?;
        form.read().map_err(error)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BindingFile {
    agent: String,
    owner: AccountId,
    wallet: AccountId,
    nonce: String,
    deadline: String,
    signature: String,
}

impl BindingFile {
    fn read(self) -> Result<SignedBinding, String> {
        let digits = self.signature.strip_prefix("0x").unwrap_or(&self.signature);
        let signature = hex::decode(digits)
            .ok()
            .and_then(|bytes| WalletSignature::decode_all(&mut &bytes[..]).ok())
            .ok_or(
                "signature: expected the hex of a MultiSignature: 00 and 64 bytes (ed25519), 01 and 64 (sr25519), 02 (ecdsa) or 03 (eth) and 65",
            )?;
        Ok(SignedBinding {
            binding: WalletBinding {
                agent: number("agent", &self.agent)?,
                owner: self.owner,
                wallet: self.wallet,
                nonce: number("nonce", &self.nonce)?,
                deadline: number("deadline", &self.deadline)?,
            },
            signature,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{json, Value};

    use super::*;

    const GENESIS: [u8; 32] = [9; 32];

    fn signed() -> SignedBinding {
        let key = SigningKey::dev("Bob").unwrap();
        let binding = WalletBinding {
            agent: 7,
            owner: SigningKey::dev("Alice").unwrap().account(),
            wallet: key.account(),
            nonce: 5,
            deadline: u64::MAX,
        };
        SignedBinding::sign(&key, &GENESIS, binding)
    }

    #[test]
    fn consent_is_of_the_wallet_the_chain_and_the_binding_only() {
        let signed = signed();
        assert_eq!(signed.signed_by(&GENESIS), SignedBy::Wallet);
        assert_eq!(signed.signed_by(&[8; 32]), SignedBy::SomebodyElse);
        let changes: [fn(&mut WalletBinding<AccountId>); 5] = [
            |binding| binding.agent = 8,
            |binding| binding.owner = binding.wallet,
            |binding| binding.wallet = binding.owner,
            |binding| binding.nonce = 6,
            |binding| binding.deadline = 1,
        ];
        for change in changes {
            let mut changed = signed.clone();
            change(&mut changed.binding);
            assert_eq!(changed.signed_by(&GENESIS), SignedBy::SomebodyElse);
        }
    }

    #[test]
    fn a_file_that_was_written_is_read_again() {
        let signed = signed();
        let read = SignedBinding::from_json(&signed.to_json().to_string());
        assert_eq!(read, Ok(signed));
    }

    /// The examples that every implementation is held to, of each scheme.
    #[test]
    fn consents_of_every_scheme_are_read_from_the_members_of_the_examples() {
        let file = include_str!("../../../primitives/agents/tests/vectors.json");
        let file: Value = serde_json::from_str(file).unwrap();
        let cases = file["wallet"].as_array().unwrap();
        assert_eq!(cases.len(), 4);
        for case in cases {
            let account = |name: &str| format!("0x{}", case[name].as_str().unwrap());
            let json = json!({
                "agent": case["agent"],
                "owner": account("owner"),
                "wallet": account("wallet"),
                "nonce": case["nonce"],
                "deadline": case["deadline"],
                "signature": case["signature"],
            });
            let read = SignedBinding::from_json(&json.to_string()).unwrap();
            let mut genesis = [0; 32];
            hex::decode_to_slice(case["genesis"].as_str().unwrap(), &mut genesis).unwrap();
            let payload = hex::encode(read.binding.payload(&genesis));
            assert_eq!(json!(payload), case["payload"]);
            let expected = match case["scheme"].as_str().unwrap() {
                "sr25519" => SignedBy::Wallet,
                _ => SignedBy::Unknown,
            };
            assert_eq!(read.signed_by(&genesis), expected);
        }
    }

    #[test]
    fn what_is_something_else_is_refused_with_its_place() {
        let good = signed().to_json();
        let of_64 = "00".repeat(64);
        let changes = [
            ("agent", json!("-1"), "agent"),
            ("nonce", json!("05"), "nonce"),
            ("deadline", json!(5), "string"),
            ("owner", json!("5Grwva"), "not an account"),
            ("signature", json!("0x01"), "signature"),
            ("signature", json!(of_64), "signature"),
            ("signature", json!(format!("04{of_64}")), "signature"),
            ("signature", json!(format!("01{of_64}00")), "signature"),
            ("genesis", json!("00"), "unknown field"),
        ];
        for (member, value, says) in changes {
            let mut json = good.clone();
            json[member] = value;
            let error = SignedBinding::from_json(&json.to_string()).unwrap_err();
            let error = error.to_string();
            assert!(error.starts_with("not a wallet's consent"), "{error}");
            assert!(error.contains(says), "{member}: {error}");
        }
    }
}
