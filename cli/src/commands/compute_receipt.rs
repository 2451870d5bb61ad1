//! `noema compute verify-receipt`: everything that can be recomputed, recomputed.

use std::path::Path;

use noema_chain_client::{
    compute::{SignedReceipt, SignedVoucher},
    AccountId, Hash,
};
use noema_compute_primitives::{
    request_hash, response_hash, Agreed, ModelName, Received, ResponseCheck,
};
use serde_json::json;

use super::{compute_channels, compute_services};
use crate::{
    amount::Amount,
    args::compute::VerifyReceipt,
    failure::Failure,
    output::{Answer, Fields},
    session::Session,
};

/// What is known of a channel, by the chain or by whoever asks.
pub(super) struct Known {
    pub(super) genesis: Hash,
    /// Signs receipts.
    pub(super) key: AccountId,
    /// Signs vouchers, if the session is still there.
    pub(super) session_key: Option<AccountId>,
    pub(super) model: ModelName,
}

pub(super) async fn run(session: &Session, verify: &VerifyReceipt) -> Result<(), Failure> {
    let receipt = SignedReceipt::from_json(&read_text(&verify.receipt)?)
        .map_err(|e| Failure::usage(format!("{}: {e}", verify.receipt.display())))?;
    let voucher = SignedVoucher::from_json(&read_text(&verify.voucher)?)
        .map_err(|e| Failure::usage(format!("{}: {e}", verify.voucher.display())))?;
    let known = known(session, verify, &voucher).await?;
    let request = match (&verify.request, &verify.route) {
        (Some(path), Some(route)) => Some((route.as_str(), read_bytes(path)?)),
        _ => None,
    };
    let response = match &verify.response {
        Some(path) => Some((verify.status, read_bytes(path)?)),
        None => None,
    };
    let checked = check(
        &known,
        &voucher,
        &receipt,
        request.as_ref(),
        response.as_ref(),
    )?;
    session.output.answer(&checked)
}

fn read_text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|e| Failure::io("read", path, &e))
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|e| Failure::io("read", path, &e))
}

async fn known(
    session: &Session,
    verify: &VerifyReceipt,
    voucher: &SignedVoucher,
) -> Result<Known, Failure> {
    let said = verify
        .model
        .as_deref()
        .map(compute_services::model)
        .transpose()?;
    if let (Some(key), Some(genesis), Some(model)) = (verify.key, verify.genesis, said.clone()) {
        return Ok(Known {
            genesis: Hash(genesis.0),
            key,
            session_key: None,
            model,
        });
    }
    let client = session.connect().await?;
    let state = client.at_finalized().await?;
    let voucher = &voucher.voucher;
    let info = compute_channels::find(&state, voucher.channel).await?;
    let model = match said {
        Some(model) => model,
        None => {
            let service = state.service(info.service).await?;
            let service = service.ok_or_else(|| {
                Failure::usage(format!(
                    "service {} is not offered any more: say with --model which model was asked for",
                    info.service
                ))
            })?;
            service.descriptor.model
        }
    };
    let session_key = info
        .sessions
        .iter()
        .find(|session| session.session == voucher.session)
        .map(|session| session.key);
    Ok(Known {
        genesis: client.genesis_hash(),
        key: info.key,
        session_key,
        model,
    })
}

/// Whether the receipt is good; an error that says what is not.
pub(super) fn check(
    known: &Known,
    voucher: &SignedVoucher,
    receipt: &SignedReceipt,
    request: Option<&(&str, Vec<u8>)>,
    response: Option<&(u16, Vec<u8>)>,
) -> Result<Answer, Failure> {
    let bad = |why: String| Failure::new("bad_receipt", format!("the receipt is not good: {why}"));
    if !receipt.is_by(&known.key, &known.genesis.0) {
        return Err(bad(format!(
            "it is not signed by {} for the chain with the genesis hash {}",
            known.key, known.genesis
        )));
    }
    if let Some(key) = known.session_key {
        if !voucher.is_by(&key, &known.genesis.0) {
            return Err(bad(format!("its voucher is not signed by {key}")));
        }
    }
    if let Some((route, body)) = request {
        let hash = request_hash(route, body).map_err(|e| Failure::usage(e.to_string()))?;
        if hash != voucher.voucher.request {
            return Err(bad(
                "its voucher binds another request than this route and body".to_owned(),
            ));
        }
    }
    let hashed = response.map(|(status, body)| (response_hash(*status, body), body.len()));
    let received = hashed.as_ref().map(|(hash, length)| Received {
        hash,
        bytes: u64::try_from(*length).unwrap_or(u64::MAX),
    });
    let agreed = Agreed {
        voucher: &voucher.voucher,
        response: received,
        model: &known.model,
    };
    let found = receipt
        .receipt
        .check(&agreed)
        .map_err(|e| bad(e.to_string()))?;
    let (word, said) = match found {
        ResponseCheck::Matches => ("matches", "is the one that the receipt binds"),
        ResponseCheck::Unverified => ("unverified", "was not given: payable, answer unverified"),
    };
    let said_of = match request {
        Some(_) => "is the one that the voucher binds",
        None => "was not given",
    };
    let signed_by = known.session_key.map_or(
        "not checked: the chain does not know its session".to_owned(),
        |key| key.to_string(),
    );
    let receipt = &receipt.receipt;
    let text = Fields::new()
        .add("receipt", "GOOD")
        .add("receipt signed by", known.key)
        .add("voucher signed by", signed_by)
        .add("request", said_of)
        .add("answer", said)
        .add("model", String::from_utf8_lossy(&receipt.model))
        .add("price", compute_services::price_text(&receipt.price))
        .add("cost", Amount(receipt.amount))
        .add("lane owes in all", Amount(receipt.cumulative));
    let json = json!({
        "good": true,
        "response": word,
        "request": request.map(|_| "matches"),
        "key": known.key,
        "session_key": known.session_key,
        "channel": receipt.channel,
        "session": receipt.session,
        "lane": receipt.lane,
        "nonce": receipt.nonce,
        "amount": receipt.amount.to_string(),
        "cumulative": receipt.cumulative.to_string(),
    });
    Ok(Answer::new(text.to_string(), json))
}

#[cfg(test)]
mod tests {
    use noema_chain_client::{compute::Signature, SigningKey};
    use noema_compute_primitives::{Price, Receipt, Usage, Voucher};

    use super::*;

    const GENESIS: Hash = Hash([7; 32]);
    const ROUTE: &str = "POST /v1/chat/completions";
    const ASKED: &[u8] = b"{}";
    const ANSWERED: &[u8] = b"{\"ok\":1}";

    fn pair() -> (SigningKey, SigningKey) {
        (
            SigningKey::dev("Alice").unwrap(),
            SigningKey::dev("Bob").unwrap(),
        )
    }

    fn known() -> Known {
        let (buyer, service) = pair();
        Known {
            genesis: GENESIS,
            key: service.account(),
            session_key: Some(buyer.account()),
            model: b"tiny/1".to_vec().try_into().unwrap(),
        }
    }

    fn voucher() -> SignedVoucher {
        let voucher = Voucher {
            channel: 1,
            session: 0,
            lane: 0,
            nonce: 1,
            service: 2,
            paid: 5,
            maximum: 10,
            request: request_hash(ROUTE, ASKED).unwrap(),
            expires: u64::MAX,
            price: Price::Units { unit: 3 },
        };
        SignedVoucher::sign(&pair().0, &GENESIS.0, voucher)
    }

    fn receipt(change: impl FnOnce(&mut Receipt)) -> SignedReceipt {
        let mut receipt = Receipt {
            channel: 1,
            session: 0,
            lane: 0,
            nonce: 1,
            service: 2,
            request: voucher().voucher.request,
            response: response_hash(200, ANSWERED),
            response_bytes: 8,
            model: b"tiny/1".to_vec().try_into().unwrap(),
            usage: Usage::Units { units: 2 },
            price: Price::Units { unit: 3 },
            amount: 6,
            cumulative: 11,
            time: 1,
        };
        change(&mut receipt);
        SignedReceipt::sign(&pair().1, &GENESIS.0, receipt)
    }

    #[test]
    fn a_receipt_is_good_with_and_without_its_answer() {
        let request = (ROUTE, ASKED.to_vec());
        let response = (200, ANSWERED.to_vec());
        let good = receipt(|_| ());
        let answer = check(&known(), &voucher(), &good, Some(&request), Some(&response)).unwrap();
        assert_eq!(answer.json()["response"], "matches");
        assert_eq!(answer.json()["cumulative"], "11");
        let answer = check(&known(), &voucher(), &good, None, None).unwrap();
        assert_eq!(answer.json()["response"], "unverified");
        assert!(answer.text().contains("answer unverified"));
    }

    #[test]
    fn whatever_is_not_as_agreed_is_named() {
        let says = |receipt: &SignedReceipt, says: &str| {
            let response = (200, ANSWERED.to_vec());
            let failure = check(&known(), &voucher(), receipt, None, Some(&response)).unwrap_err();
            assert_eq!(failure.code(), "bad_receipt");
            assert!(failure.to_string().contains(says), "{failure}");
        };
        says(&receipt(|r| r.nonce = 2), "another request");
        says(&receipt(|r| r.response = [0; 32]), "another response");
        says(&receipt(|r| r.model = Default::default()), "another model");
        says(
            &receipt(|r| r.price = Price::Units { unit: 4 }),
            "another price",
        );
        says(&receipt(|r| r.amount = 7), "expected 6");
        says(&receipt(|r| r.cumulative = 12), "expected 11");
        let mut unsigned = receipt(|_| ());
        unsigned.signature = Signature::Sr25519([1; 64]);
        says(&unsigned, "not signed by");
    }

    #[test]
    fn another_request_or_a_voucher_of_another_key_is_named() {
        let good = receipt(|_| ());
        let other = ("POST /v1/embeddings", ASKED.to_vec());
        let failure = check(&known(), &voucher(), &good, Some(&other), None).unwrap_err();
        assert!(failure.to_string().contains("binds another request"));
        let stranger = Known {
            session_key: Some(pair().1.account()),
            ..known()
        };
        let failure = check(&stranger, &voucher(), &good, None, None).unwrap_err();
        assert!(failure.to_string().contains("voucher is not signed"));
    }
}
