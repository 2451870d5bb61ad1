//! The examples in `vectors.json`, against which clients in other languages are tested, are what this crate makes and how it judges. `WRITE_VECTORS=1` writes
//! them anew.
//!
//! What is hashed and signed has examples of its own, in `primitives/compute/tests/vectors.json`; the form is the same: numbers of more than 32 bits are
//! decimal strings, bytes are lower-case hex. A signature of sr25519 is different every time, so that one in the file is kept as long as it is good.

use std::{cell::RefCell, env, fs};

use noema_chain_client::SigningKey;
use noema_compute::{
    bounds::{affordable_output, ceiling},
    openai::{usage_of, Piece},
    receipts::{check_unseen, check_whole, AnswerFault, Asked, StreamCheck},
    sse::Events,
    SignedReceipt, SignedVoucher,
};
use noema_compute_primitives::{
    response_hash, Price, Receipt, ReceiptFault, ResponseCheck, Usage, Voucher,
};
use serde_json::{json, Value};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors.json");
const GENESIS: [u8; 32] = [0x11; 32];
const BODY: &[u8] =
    br#"{"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":30,"prompt_tokens_details":{"cached_tokens":2}}}"#;
const STREAM: &str = concat!(
    "data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"}}]}\n\n",
    ": a comment\n\n",
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":30,",
    "\"prompt_tokens_details\":{\"cached_tokens\":2}}}\n\n",
    "data: [DONE]\n\n",
);

fn key(name: &str) -> SigningKey {
    SigningKey::dev(name).unwrap()
}

/// What is signed: by the file, or anew. One signature for the same bytes, wherever they stand.
#[derive(Default)]
struct Kept {
    vouchers: RefCell<Vec<SignedVoucher>>,
    receipts: RefCell<Vec<SignedReceipt>>,
}

impl Kept {
    fn of(file: &Value) -> Self {
        let kept = Self::default();
        kept.collect(file);
        kept
    }

    fn collect(&self, value: &Value) {
        match value {
            Value::String(text) => {
                let text = text.as_bytes();
                let voucher = SignedVoucher::from_text(text);
                self.vouchers.borrow_mut().extend(voucher);
                let receipt = SignedReceipt::from_text(text);
                self.receipts.borrow_mut().extend(receipt);
            }
            Value::Array(items) => items.iter().for_each(|item| self.collect(item)),
            Value::Object(members) => members.values().for_each(|member| self.collect(member)),
            _ => {}
        }
    }

    fn voucher(&self, by: &SigningKey, voucher: Voucher) -> SignedVoucher {
        let mut vouchers = self.vouchers.borrow_mut();
        let is_good =
            |one: &SignedVoucher| one.voucher == voucher && one.is_by(&by.account(), &GENESIS);
        if let Some(good) = vouchers.iter().copied().find(is_good) {
            return good;
        }
        let signed = SignedVoucher::sign(by, &GENESIS, voucher);
        vouchers.push(signed);
        signed
    }

    fn receipt(&self, by: &SigningKey, genesis: &[u8; 32], receipt: Receipt) -> SignedReceipt {
        let mut receipts = self.receipts.borrow_mut();
        let is_good =
            |one: &&SignedReceipt| one.receipt == receipt && one.is_by(&by.account(), genesis);
        if let Some(good) = receipts.iter().find(is_good) {
            return good.clone();
        }
        let signed = SignedReceipt::sign(by, genesis, receipt);
        receipts.push(signed.clone());
        signed
    }
}

const PRICE: Price = Price::Tokens {
    input: 1_000_000,
    cached: 100_000,
    output: 2_000_000,
};

fn tokens(input: u64, cached: u64, output: u64) -> Usage {
    Usage::Tokens {
        input,
        cached,
        output,
    }
}

fn voucher() -> Voucher {
    Voucher {
        channel: 3,
        session: 1,
        lane: 2,
        nonce: 4,
        service: 9,
        paid: 1_000,
        maximum: 10_000,
        request: [0x33; 32],
        expires: 14_400,
        price: PRICE,
    }
}

/// The receipt over [`BODY`] with status 200.
fn receipt() -> Receipt {
    let mut receipt = Receipt {
        channel: 3,
        session: 1,
        lane: 2,
        nonce: 4,
        service: 9,
        request: [0x33; 32],
        response: response_hash(200, BODY),
        response_bytes: BODY.len() as u64,
        model: b"tiny/1".to_vec().try_into().unwrap(),
        usage: tokens(0, 0, 0),
        price: PRICE,
        amount: 0,
        cumulative: 0,
        time: 1_764_500_000_000,
    };
    charge(&mut receipt, tokens(10, 2, 30));
    receipt
}

/// Sets usage and what follows from it, as a liar does who can count.
fn charge(receipt: &mut Receipt, usage: Usage) {
    receipt.usage = usage;
    receipt.amount = receipt.price.cost(&usage).unwrap().min(voucher().maximum);
    receipt.cumulative = voucher().paid + receipt.amount;
}

fn asked() -> Asked {
    Asked {
        voucher: voucher(),
        model: b"tiny/1".to_vec().try_into().unwrap(),
        key: key("Bob").account(),
        genesis: GENESIS,
        body_bytes: 100,
        max_output: Some(64),
    }
}

fn usage_json(usage: &Usage) -> Value {
    match usage {
        Usage::Tokens {
            input,
            cached,
            output,
        } => {
            json!({ "input": input.to_string(), "cached": cached.to_string(), "output": output.to_string() })
        }
        Usage::Units { units } => json!({ "units": units.to_string() }),
    }
}

fn price_json(price: &Price) -> Value {
    match price {
        Price::Tokens {
            input,
            cached,
            output,
        } => {
            json!({ "input": input.to_string(), "cached": cached.to_string(), "output": output.to_string() })
        }
        Price::Units { unit } => json!({ "unit": unit.to_string() }),
    }
}

fn bounds() -> Value {
    let prices = [
        PRICE,
        Price::Tokens {
            input: 1,
            cached: 3,
            output: 0,
        },
        Price::Tokens {
            input: u128::MAX,
            cached: 0,
            output: u128::MAX,
        },
        Price::Units { unit: 5 },
    ];
    let mut cases = Vec::new();
    for price in &prices {
        for (body, output, maximum) in [
            (0, 0, 0),
            (100, 64, 1_251),
            (100, 64, 1_124),
            (9_999, 1 << 40, u128::MAX),
        ] {
            cases.push(json!({
                "price": price_json(price),
                "body_bytes": body.to_string(),
                "output": output.to_string(),
                "ceiling": ceiling(price, body, output).ok().map(|most| most.to_string()),
                "maximum": maximum.to_string(),
                "affordable": affordable_output(price, maximum, body).map(|tokens| tokens.to_string()),
            }));
        }
    }
    cases.into()
}

/// Vouchers and receipts as they travel, and as files have them.
fn texts(kept: &Kept) -> Value {
    let dear = Voucher {
        nonce: u64::MAX,
        paid: u128::MAX >> 1,
        maximum: u128::MAX >> 1,
        expires: u64::MAX,
        price: Price::Units { unit: u128::MAX },
        ..voucher()
    };
    let vouchers = [voucher(), dear].map(|voucher| kept.voucher(&key("Alice"), voucher));
    let long = Receipt {
        model: vec![b'm'; 96].try_into().unwrap(),
        usage: Usage::Units { units: u64::MAX },
        price: Price::Units { unit: 1 },
        ..receipt()
    };
    let receipts = [receipt(), long].map(|one| kept.receipt(&key("Bob"), &GENESIS, one));
    let (text, short) = (vouchers[0].to_text(), vouchers[1].to_text());
    let refused = [
        format!("{text}="),
        format!(" {text}"),
        format!("{text}AAAA"),
        text[..text.len() - 4].to_owned(),
        // The other alphabet of base64.
        format!("{}/", &text[..text.len() - 1]),
        // Bits behind the last byte.
        format!("{}B", &short[..short.len() - 1]),
        String::new(),
        "A".repeat(1025),
    ];
    for other in &refused {
        assert!(
            SignedVoucher::from_text(other.as_bytes()).is_err(),
            "{other}"
        );
    }
    json!({
        "session_key": hex::encode(key("Alice").account().0),
        "service_key": hex::encode(key("Bob").account().0),
        "voucher": vouchers.map(|one| json!({ "json": one.to_json(), "text": one.to_text() })),
        "receipt": receipts.map(|one| json!({ "json": one.to_json(), "text": one.to_text() })),
        "refused": refused,
    })
}

fn streams() -> Value {
    let cases: [&[&str]; 5] = [
        &[STREAM],
        &[
            "data: a\n\nda",
            "ta: b\r\n\r",
            "\n: note\n\ndata: [DONE]\n\nx",
        ],
        &[
            "event: noema-receipt\ndata: x\n\n",
            "data: y\nevent:noema-receipt\r\n\r\n",
        ],
        &["data: event: noema-receipt\n\nevent: noema-receipts\n\n: event: noema-receipt\n\n"],
        &["data\ndata:\ndata: two \n\n\n"],
    ];
    let case = |chunks: &[&str]| {
        let (mut cut, mut found) = (Events::default(), Vec::new());
        for chunk in chunks {
            cut.push(chunk.as_bytes());
            while let Some(event) = cut.next_event().unwrap() {
                found.push(json!({
                    "raw": hex::encode(event.raw()),
                    "data": event.data().map(hex::encode),
                    "is_receipt": event.is_receipt(),
                    "is_done": event.is_done(),
                }));
            }
        }
        json!({ "chunks": chunks.iter().map(hex::encode).collect::<Vec<_>>(), "events": found, "rest": hex::encode(cut.rest()) })
    };
    cases.map(case).to_vec().into()
}

fn usages() -> Value {
    let bodies = [
        std::str::from_utf8(BODY).unwrap(),
        r#"{"usage":{"prompt_tokens":3,"prompt_tokens_details":{"cached_tokens":4}}}"#,
        r#"{"usage":{"prompt_tokens":10,"total_tokens":10}}"#,
        r#"{"usage":{"prompt_tokens":7,"completion_tokens":null,"prompt_tokens_details":null}}"#,
        r#"{"usage":null,"choices":[{"delta":{"content":"x"}}]}"#,
        r#"{"usage":{"prompt_tokens":-1}}"#,
        r#"{"usage":{"prompt_tokens":1.5}}"#,
        r#"{"usage":{"prompt_tokens":null}}"#,
        r#"{"usage":{}}"#,
        "[DONE]",
        "",
    ];
    let case = |body: &str| {
        json!({
            "body": hex::encode(body),
            "usage": usage_of(body.as_bytes()).as_ref().map(usage_json),
            "has_choices": Piece::parse(body.as_bytes()).has_choices,
        })
    };
    bodies.map(case).to_vec().into()
}

fn fault(fault: &AnswerFault) -> &'static str {
    match fault {
        AnswerFault::Signature { .. } => "signature",
        AnswerFault::Usage { .. } => "usage",
        AnswerFault::Charged { .. } => "charged",
        AnswerFault::NoAnswer { .. } => "no_answer",
        AnswerFault::NoUsage => "no_usage",
        AnswerFault::Input { .. } => "input",
        AnswerFault::Output { .. } => "output",
        // Of jobs, which the JavaScript library does not order.
        AnswerFault::Units { .. } => "units",
        AnswerFault::Form(_) => "form",
        AnswerFault::Receipt(fault) => match fault {
            ReceiptFault::OtherRequest => "other_request",
            ReceiptFault::RequestHash => "request_hash",
            ReceiptFault::ResponseHash => "response_hash",
            ReceiptFault::Model => "model",
            ReceiptFault::Price => "price",
            ReceiptFault::Cost(_) => "cost",
            ReceiptFault::Amount { .. } => "amount",
            ReceiptFault::Cumulative { .. } => "cumulative",
        },
    }
}

fn judged(judged: Result<ResponseCheck, AnswerFault>) -> &'static str {
    match judged {
        Ok(ResponseCheck::Matches) => "matches",
        Ok(ResponseCheck::Unverified) => "unverified",
        Err(error) => fault(&error),
    }
}

/// What came of a request.
enum Came {
    Whole(u16, &'static [u8]),
    Stream(&'static str),
    Nothing,
}

fn answers(kept: &Kept) -> Value {
    type Change = fn(&mut Receipt);
    let whole = || Came::Whole(200, BODY);
    let streamed: Change = |r| {
        r.response = response_hash(200, STREAM.as_bytes());
        r.response_bytes = STREAM.len() as u64;
    };
    let nothing: Change = |r| charge(r, tokens(0, 0, 0));
    let cases: Vec<(&str, &str, [u8; 32], Change, Came)> = vec![
        ("honest", "Bob", GENESIS, |_| {}, whole()),
        ("signed by another", "Eve", GENESIS, |_| {}, whole()),
        ("of another chain", "Bob", [0x12; 32], |_| {}, whole()),
        ("channel", "Bob", GENESIS, |r| r.channel += 1, whole()),
        ("session", "Bob", GENESIS, |r| r.session += 1, whole()),
        ("lane", "Bob", GENESIS, |r| r.lane += 1, whole()),
        ("nonce", "Bob", GENESIS, |r| r.nonce -= 1, whole()),
        ("service", "Bob", GENESIS, |r| r.service += 1, whole()),
        ("request", "Bob", GENESIS, |r| r.request[0] ^= 1, whole()),
        ("response", "Bob", GENESIS, |r| r.response[31] ^= 1, whole()),
        (
            "response_bytes",
            "Bob",
            GENESIS,
            |r| r.response_bytes += 1,
            whole(),
        ),
        (
            "model",
            "Bob",
            GENESIS,
            |r| r.model = b"tiny/2".to_vec().try_into().unwrap(),
            whole(),
        ),
        (
            "price",
            "Bob",
            GENESIS,
            |r| {
                r.price = Price::Tokens {
                    input: 1,
                    cached: 1,
                    output: 1,
                }
            },
            whole(),
        ),
        (
            "usage of another kind",
            "Bob",
            GENESIS,
            |r| r.usage = Usage::Units { units: 1 },
            whole(),
        ),
        ("amount", "Bob", GENESIS, |r| r.amount += 1, whole()),
        ("cumulative", "Bob", GENESIS, |r| r.cumulative += 1, whole()),
        (
            "more output than the answer says",
            "Bob",
            GENESIS,
            |r| charge(r, tokens(10, 2, 31)),
            whole(),
        ),
        (
            "more of the input not cached",
            "Bob",
            GENESIS,
            |r| charge(r, tokens(11, 1, 30)),
            whole(),
        ),
        (
            "less than the answer says",
            "Bob",
            GENESIS,
            |r| charge(r, tokens(9, 2, 29)),
            whole(),
        ),
        (
            "another status",
            "Bob",
            GENESIS,
            |_| {},
            Came::Whole(201, BODY),
        ),
        (
            "charged for an error",
            "Bob",
            GENESIS,
            |r| r.response = response_hash(500, BODY),
            Came::Whole(500, BODY),
        ),
        (
            "an error for nothing",
            "Bob",
            GENESIS,
            |r| {
                r.response = response_hash(500, BODY);
                charge(r, tokens(0, 0, 0));
            },
            Came::Whole(500, BODY),
        ),
        (
            "charged without usage",
            "Bob",
            GENESIS,
            |r| {
                r.response = response_hash(200, b"{}");
                r.response_bytes = 2;
            },
            Came::Whole(200, b"{}"),
        ),
        ("unseen", "Bob", GENESIS, |_| {}, Came::Nothing),
        (
            "unseen, for nothing",
            "Bob",
            GENESIS,
            nothing,
            Came::Nothing,
        ),
        (
            "unseen, the most input",
            "Bob",
            GENESIS,
            |r| charge(r, tokens(1_100, 24, 64)),
            Came::Nothing,
        ),
        (
            "unseen, too much input",
            "Bob",
            GENESIS,
            |r| charge(r, tokens(1_101, 24, 64)),
            Came::Nothing,
        ),
        (
            "unseen, too much output",
            "Bob",
            GENESIS,
            |r| charge(r, tokens(1, 0, 65)),
            Came::Nothing,
        ),
        ("streamed", "Bob", GENESIS, streamed, Came::Stream(STREAM)),
        (
            "streamed, more than it says",
            "Bob",
            GENESIS,
            |r| {
                r.response = response_hash(200, STREAM.as_bytes());
                r.response_bytes = STREAM.len() as u64;
                charge(r, tokens(10, 2, 31));
            },
            Came::Stream(STREAM),
        ),
        (
            "streamed, other bytes",
            "Bob",
            GENESIS,
            |_| {},
            Came::Stream(STREAM),
        ),
    ];
    let asked = asked();
    let case = |(name, by, genesis, change, came): (&str, &str, [u8; 32], Change, Came)| {
        let mut receipt = receipt();
        change(&mut receipt);
        let signed = kept.receipt(&key(by), &genesis, receipt);
        let (answer, found) = match came {
            Came::Whole(status, body) => (
                json!({ "status": status, "body": hex::encode(body) }),
                check_whole(&asked, &signed, status, body, usage_of(body)),
            ),
            Came::Stream(text) => {
                let (mut events, mut check) = (Events::default(), StreamCheck::new(200));
                events.push(text.as_bytes());
                while let Some(event) = events.next_event().unwrap() {
                    let data = event.data().unwrap_or_default();
                    check.event(event.raw(), Piece::parse(&data).usage);
                }
                (
                    json!({ "stream": hex::encode(text) }),
                    check.finish(&asked, &signed),
                )
            }
            Came::Nothing => (Value::Null, check_unseen(&asked, &signed)),
        };
        json!({ "name": name, "receipt": signed.to_text(), "answer": answer, "judged": judged(found) })
    };
    json!({
        "genesis": hex::encode(asked.genesis),
        "voucher": kept.voucher(&key("Alice"), asked.voucher).to_text(),
        "model": "tiny/1",
        "key": hex::encode(asked.key.0),
        "body_bytes": asked.body_bytes.to_string(),
        "max_output": asked.max_output.map(|most| most.to_string()),
        "cases": cases.into_iter().map(case).collect::<Vec<_>>(),
    })
}

#[test]
fn the_committed_examples_are_what_this_crate_makes_and_judges() {
    let text = fs::read_to_string(PATH).unwrap_or_else(|_| "null".into());
    let file: Value = serde_json::from_str(&text).unwrap();
    let kept = Kept::of(&file);
    let made = json!({
        "bounds": bounds(),
        "texts": texts(&kept),
        "streams": streams(),
        "usages": usages(),
        "answers": answers(&kept),
    });
    if env::var_os("WRITE_VECTORS").is_some() {
        let text = serde_json::to_string_pretty(&made).unwrap();
        fs::write(PATH, format!("{text}\n")).unwrap();
        return;
    }
    for part in ["bounds", "texts", "streams", "usages", "answers"] {
        let is_same = file[part] == made[part];
        assert!(is_same, "{part}: WRITE_VECTORS=1 writes the file anew");
    }
    assert_eq!(file, made);
}
