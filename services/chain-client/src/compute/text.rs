//! Vouchers and receipts as they travel: base64url without padding of their SCALE with the signature. One text for the same bytes.

use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine};
use codec::{Decode, DecodeAll, Encode};

use super::{SignedReceipt, SignedVoucher};

/// The longest text that is looked at: more than twice the longest there is.
pub const MAX_TEXT: usize = 1024;

/// Why a text is no voucher or receipt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Too long to be one.
    #[error("it has {found} characters; expected at most {MAX_TEXT}")]
    TooLong {
        /// Its length.
        found: usize,
    },
    /// Not the alphabet, or padded, or with bits left over.
    #[error("expected base64url without padding")]
    Base64,
    /// The bytes are something else.
    #[error("expected the SCALE of a {expected} and its sr25519 signature, and nothing behind it")]
    Scale {
        /// What was looked for.
        expected: &'static str,
    },
}

fn to_text(signed: &impl Encode) -> String {
    URL_SAFE_NO_PAD.encode(signed.encode())
}

fn from_text<T: Decode>(text: &[u8], expected: &'static str) -> Result<T, TextError> {
    if text.len() > MAX_TEXT {
        return Err(TextError::TooLong { found: text.len() });
    }
    let bytes = URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| TextError::Base64)?;
    T::decode_all(&mut &bytes[..]).map_err(|_| TextError::Scale { expected })
}

impl SignedVoucher {
    /// As a header has it.
    pub fn to_text(&self) -> String {
        to_text(self)
    }

    /// From a header.
    ///
    /// # Errors
    /// When it has another form than [`Self::to_text`] gives.
    pub fn from_text(text: &[u8]) -> Result<Self, TextError> {
        // Amounts of the SCALE have fixed widths, so that there is no second encoding of the same voucher.
        from_text(text, "voucher")
    }
}

impl SignedReceipt {
    /// As a header or an event has it.
    pub fn to_text(&self) -> String {
        to_text(self)
    }

    /// From a header or an event.
    ///
    /// # Errors
    /// When it has another form than [`Self::to_text`] gives.
    pub fn from_text(text: &[u8]) -> Result<Self, TextError> {
        from_text(text, "receipt")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use noema_compute_primitives::{Price, Receipt, Usage, Voucher};

    use super::*;
    use crate::keys::SigningKey;

    fn key(name: &str) -> SigningKey {
        SigningKey::dev(name).unwrap()
    }

    fn voucher() -> Voucher {
        Voucher {
            channel: 3,
            session: 1,
            lane: 2,
            nonce: 1,
            service: 9,
            paid: 0,
            maximum: 10_000,
            request: [5; 32],
            expires: 1_000,
            price: Price::Units { unit: 7 },
        }
    }

    fn receipt() -> Receipt {
        Receipt {
            channel: 3,
            session: 1,
            lane: 2,
            nonce: 1,
            service: 9,
            request: [5; 32],
            response: [6; 32],
            response_bytes: 20,
            model: Default::default(),
            usage: Usage::Units { units: 3 },
            price: Price::Units { unit: 7 },
            amount: 21,
            cumulative: 21,
            time: 1_700_000_000_000,
        }
    }

    #[test]
    fn voucher_of_any_other_text_is_refused() {
        let signed = SignedVoucher::sign(&key("Alice"), &[7; 32], voucher());
        let text = signed.to_text();
        assert_eq!(SignedVoucher::from_text(text.as_bytes()), Ok(signed));
        for other in [
            format!("{text}="),
            format!(" {text}"),
            format!("{text}AAAA"),
            text[..text.len() - 4].to_owned(),
            String::new(),
        ] {
            assert!(
                SignedVoucher::from_text(other.as_bytes()).is_err(),
                "{other}"
            );
        }
        let long = "A".repeat(MAX_TEXT + 1);
        let refused = SignedVoucher::from_text(long.as_bytes());
        assert_eq!(
            refused,
            Err(TextError::TooLong {
                found: MAX_TEXT + 1
            })
        );
    }

    #[test]
    fn receipt_of_the_longest_model_fits() {
        let mut receipt = receipt();
        receipt.model = vec![b'm'; 96].try_into().unwrap();
        let signed = SignedReceipt::sign(&key("Bob"), &[7; 32], receipt);
        assert!(signed.to_text().len() * 2 <= MAX_TEXT + 64);
        assert_eq!(
            SignedReceipt::from_text(signed.to_text().as_bytes()),
            Ok(signed)
        );
    }

    #[test]
    fn signature_is_of_the_key_the_chain_and_the_voucher_only() {
        let (alice, genesis) = (key("Alice"), [7; 32]);
        let signed = SignedVoucher::sign(&alice, &genesis, voucher());
        assert!(signed.is_by(&alice.account(), &genesis));
        assert!(!signed.is_by(&alice.account(), &[8; 32]));
        assert!(!signed.is_by(&key("Bob").account(), &genesis));
        let mut changed = signed;
        changed.voucher.maximum += 1;
        assert!(!changed.is_by(&alice.account(), &genesis));
    }

    proptest! {
        /// What is read is written back the same, whatever it is.
        #[test]
        fn any_text_that_is_read_is_the_one_that_is_written(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(read) = SignedVoucher::from_text(&bytes) {
                prop_assert_eq!(read.to_text().into_bytes(), bytes.clone());
            }
            let text = URL_SAFE_NO_PAD.encode(&bytes);
            if let Ok(read) = SignedVoucher::from_text(text.as_bytes()) {
                prop_assert_eq!(read.to_text(), text.clone());
            }
            if let Ok(read) = SignedReceipt::from_text(text.as_bytes()) {
                prop_assert_eq!(read.to_text(), text);
            }
        }
    }
}
