//! Vouchers, receipts and claims as JSON, for files that people look into.
//!
//! Members are named as in `primitives/compute/tests/vectors.json`: numbers of 64 bits and amounts are decimal text, hashes and signatures hex with `0x`. Whatever is not known is
//! refused: a file says what it says, and nothing beside it.

use noema_compute_primitives::{ModelName, Price, Receipt, Usage, Voucher};
use serde::{Deserialize, Serialize};

use super::{Claim, Signature, SignedReceipt, SignedVoucher};
use crate::json::{bytes, hexed, number, JsonError};

macro_rules! as_json {
    ($type:ty as $form:ty, $what:literal) => {
        impl $type {
            /// As JSON.
            pub fn to_json(&self) -> serde_json::Value {
                // Structs of texts, numbers and such structs always have a form.
                serde_json::to_value(<$form>::from(self)).unwrap_or_default()
            }

            /// Reads it from JSON.
            ///
            /// # Errors
            /// When it is something else; the message says where.
            pub fn from_json(text: &str) -> Result<Self, JsonError> {
                let error = |reason| JsonError::new($what, reason);
                let form: $form = serde_json::from_str(text).map_err(|e| error(e.to_string()))?;
                form.read().map_err(error)
            }
        }
    };
}

as_json!(SignedVoucher as VoucherFile, "voucher");
as_json!(SignedReceipt as ReceiptFile, "receipt");
as_json!(Claim as ClaimFile, "claim");

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VoucherFile {
    voucher: VoucherForm,
    signature: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceiptFile {
    receipt: ReceiptForm,
    signature: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClaimFile {
    voucher: VoucherForm,
    signature: String,
    amount: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    demand: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VoucherForm {
    channel: String,
    session: u32,
    lane: u16,
    nonce: String,
    service: String,
    paid: String,
    maximum: String,
    request: String,
    expires: String,
    price: PriceForm,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceiptForm {
    channel: String,
    session: u32,
    lane: u16,
    nonce: String,
    service: String,
    request: String,
    response: String,
    response_bytes: String,
    model: String,
    usage: UsageForm,
    price: PriceForm,
    amount: String,
    cumulative: String,
    time: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, untagged)]
enum PriceForm {
    Tokens(TokensForm),
    Unit { unit: String },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, untagged)]
enum UsageForm {
    Tokens(TokensForm),
    Units { units: String },
}

/// Prices of tokens, or how many there were.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokensForm {
    input: String,
    cached: String,
    output: String,
}

impl From<&SignedVoucher> for VoucherFile {
    fn from(signed: &SignedVoucher) -> Self {
        Self {
            voucher: (&signed.voucher).into(),
            signature: hexed(&signed.signature.bytes()),
        }
    }
}

impl VoucherFile {
    fn read(self) -> Result<SignedVoucher, String> {
        Ok(SignedVoucher {
            voucher: self.voucher.read()?,
            signature: Signature::Sr25519(bytes("signature", &self.signature)?),
        })
    }
}

impl From<&SignedReceipt> for ReceiptFile {
    fn from(signed: &SignedReceipt) -> Self {
        Self {
            receipt: (&signed.receipt).into(),
            signature: hexed(&signed.signature.bytes()),
        }
    }
}

impl ReceiptFile {
    fn read(self) -> Result<SignedReceipt, String> {
        Ok(SignedReceipt {
            receipt: self.receipt.read()?,
            signature: Signature::Sr25519(bytes("signature", &self.signature)?),
        })
    }
}

impl From<&Claim> for ClaimFile {
    fn from(claim: &Claim) -> Self {
        let VoucherFile { voucher, signature } = (&claim.voucher).into();
        Self {
            voucher,
            signature,
            amount: claim.amount.to_string(),
            demand: claim.demand.as_ref().map(|demand| hexed(&demand.bytes())),
        }
    }
}

impl ClaimFile {
    fn read(self) -> Result<Claim, String> {
        let Self {
            voucher, signature, ..
        } = self;
        Ok(Claim {
            voucher: VoucherFile { voucher, signature }.read()?,
            amount: number("amount", &self.amount)?,
            demand: self
                .demand
                .map(|demand| bytes("demand", &demand).map(Signature::Sr25519))
                .transpose()?,
        })
    }
}

impl From<&Voucher> for VoucherForm {
    fn from(voucher: &Voucher) -> Self {
        Self {
            channel: voucher.channel.to_string(),
            session: voucher.session,
            lane: voucher.lane,
            nonce: voucher.nonce.to_string(),
            service: voucher.service.to_string(),
            paid: voucher.paid.to_string(),
            maximum: voucher.maximum.to_string(),
            request: hexed(&voucher.request),
            expires: voucher.expires.to_string(),
            price: (&voucher.price).into(),
        }
    }
}

impl VoucherForm {
    fn read(self) -> Result<Voucher, String> {
        Ok(Voucher {
            channel: number("channel", &self.channel)?,
            session: self.session,
            lane: self.lane,
            nonce: number("nonce", &self.nonce)?,
            service: number("service", &self.service)?,
            paid: number("paid", &self.paid)?,
            maximum: number("maximum", &self.maximum)?,
            request: bytes("request", &self.request)?,
            expires: number("expires", &self.expires)?,
            price: self.price.read()?,
        })
    }
}

impl From<&Receipt> for ReceiptForm {
    fn from(receipt: &Receipt) -> Self {
        Self {
            channel: receipt.channel.to_string(),
            session: receipt.session,
            lane: receipt.lane,
            nonce: receipt.nonce.to_string(),
            service: receipt.service.to_string(),
            request: hexed(&receipt.request),
            response: hexed(&receipt.response),
            response_bytes: receipt.response_bytes.to_string(),
            // ASCII wherever the chain has seen it.
            model: String::from_utf8_lossy(&receipt.model).into_owned(),
            usage: (&receipt.usage).into(),
            price: (&receipt.price).into(),
            amount: receipt.amount.to_string(),
            cumulative: receipt.cumulative.to_string(),
            time: receipt.time.to_string(),
        }
    }
}

impl ReceiptForm {
    fn read(self) -> Result<Receipt, String> {
        let most = noema_compute_primitives::MAX_MODEL;
        let model = ModelName::try_from(self.model.into_bytes())
            .map_err(|_| format!("model: expected at most {most} characters"))?;
        Ok(Receipt {
            channel: number("channel", &self.channel)?,
            session: self.session,
            lane: self.lane,
            nonce: number("nonce", &self.nonce)?,
            service: number("service", &self.service)?,
            request: bytes("request", &self.request)?,
            response: bytes("response", &self.response)?,
            response_bytes: number("response_bytes", &self.response_bytes)?,
            model,
            usage: self.usage.read()?,
            price: self.price.read()?,
            amount: number("amount", &self.amount)?,
            cumulative: number("cumulative", &self.cumulative)?,
            time: number("time", &self.time)?,
        })
    }
}

impl From<&Price> for PriceForm {
    fn from(price: &Price) -> Self {
        match price {
            Price::Tokens {
                input,
                cached,
                output,
            } => Self::Tokens(TokensForm::of(input, cached, output)),
            Price::Units { unit } => Self::Unit {
                unit: unit.to_string(),
            },
        }
    }
}

impl PriceForm {
    fn read(self) -> Result<Price, String> {
        Ok(match self {
            Self::Tokens(tokens) => {
                let [input, cached, output] = tokens.read("price")?;
                Price::Tokens {
                    input,
                    cached,
                    output,
                }
            }
            Self::Unit { unit } => Price::Units {
                unit: number("price.unit", &unit)?,
            },
        })
    }
}

impl From<&Usage> for UsageForm {
    fn from(usage: &Usage) -> Self {
        match usage {
            Usage::Tokens {
                input,
                cached,
                output,
            } => Self::Tokens(TokensForm::of(input, cached, output)),
            Usage::Units { units } => Self::Units {
                units: units.to_string(),
            },
        }
    }
}

impl UsageForm {
    fn read(self) -> Result<Usage, String> {
        Ok(match self {
            Self::Tokens(tokens) => {
                let [input, cached, output] = tokens.read("usage")?;
                Usage::Tokens {
                    input,
                    cached,
                    output,
                }
            }
            Self::Units { units } => Usage::Units {
                units: number("usage.units", &units)?,
            },
        })
    }
}

impl TokensForm {
    fn of(input: &impl ToString, cached: &impl ToString, output: &impl ToString) -> Self {
        Self {
            input: input.to_string(),
            cached: cached.to_string(),
            output: output.to_string(),
        }
    }

    fn read<N: std::str::FromStr>(&self, of: &str) -> Result<[N; 3], String> {
        Ok([
            number(&format!("{of}.input"), &self.input)?,
            number(&format!("{of}.cached"), &self.cached)?,
            number(&format!("{of}.output"), &self.output)?,
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::SigningKey;

    const GENESIS: [u8; 32] = [9; 32];

    fn voucher() -> Voucher {
        Voucher {
            channel: 7,
            session: 2,
            lane: 3,
            nonce: u64::MAX,
            service: 5,
            paid: 0,
            maximum: u128::MAX,
            request: [3; 32],
            expires: 60,
            price: Price::Tokens {
                input: 1,
                cached: 0,
                output: 2,
            },
        }
    }

    fn receipt() -> Receipt {
        Receipt {
            channel: 7,
            session: 2,
            lane: 3,
            nonce: 1,
            service: 5,
            request: [3; 32],
            response: [4; 32],
            response_bytes: 12,
            model: b"tiny/1".to_vec().try_into().unwrap(),
            usage: Usage::Units { units: 4 },
            price: Price::Units { unit: 2 },
            amount: 8,
            cumulative: 9,
            time: 1_764_500_000_000,
        }
    }

    #[test]
    fn what_is_written_is_read_again_and_still_signed() {
        let key = SigningKey::dev("Alice").unwrap();
        let voucher = SignedVoucher::sign(&key, &GENESIS, voucher());
        let read = SignedVoucher::from_json(&voucher.to_json().to_string()).unwrap();
        assert_eq!(read, voucher);
        assert!(read.is_by(&key.account(), &GENESIS));
        assert!(!read.is_by(&key.account(), &[8; 32]));
        let receipt = SignedReceipt::sign(&key, &GENESIS, receipt());
        let read = SignedReceipt::from_json(&receipt.to_json().to_string()).unwrap();
        assert_eq!(read, receipt);
        assert!(read.is_by(&key.account(), &GENESIS));
        for claim in [
            Claim::of(voucher, 77),
            Claim::of(voucher, 77).demanded(&key, &GENESIS),
        ] {
            let read = Claim::from_json(&claim.to_json().to_string()).unwrap();
            assert_eq!(read, claim);
        }
    }

    #[test]
    fn what_is_something_else_is_refused_with_its_place() {
        let key = SigningKey::dev("Alice").unwrap();
        let json = SignedVoucher::sign(&key, &GENESIS, voucher()).to_json();
        let mut changes: Vec<(&str, serde_json::Value, &str)> = Vec::new();
        for wrong in [
            "",
            "-1",
            "+1",
            "01",
            "1.5",
            "1e3",
            " 1",
            "18446744073709551616",
        ] {
            changes.push(("channel", wrong.into(), "channel"));
        }
        changes.push(("channel", 7.into(), "string"));
        changes.push(("request", "0x33".into(), "64 hex digits"));
        changes.push(("more", "1".into(), "unknown field"));
        changes.push((
            "price",
            serde_json::json!({ "unit": "1", "input": "2" }),
            "PriceForm",
        ));
        for (name, value, says) in changes {
            let mut wrong = json.clone();
            wrong["voucher"][name] = value.clone();
            let error = SignedVoucher::from_json(&wrong.to_string()).unwrap_err();
            assert!(error.to_string().contains(says), "{name} {value}: {error}");
        }
        let error = SignedReceipt::from_json(&json.to_string()).unwrap_err();
        assert!(error.to_string().starts_with("not a receipt"), "{error}");
    }
}
