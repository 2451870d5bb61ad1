//! The examples in `vectors.json`, which implementations in other languages are tested against, are what this crate makes. `WRITE_VECTORS=1` writes them anew.
//!
//! Numbers of more than 32 bits are decimal strings, bytes are lower-case hex. `ed25519` signatures are determined by key and payload; an `sr25519` signature is
//! different every time, so that the one in the file is checked and kept.

use noema_compute_primitives::*;
use serde_json::{json, Value};
use sp_core::{ed25519, sr25519, Pair};
use std::{env, fs};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors.json");
const GENESIS: Hash = [0x11; 32];
const SEED: [u8; 32] = [0x22; 32];

fn name(text: &str) -> ModelName {
    text.as_bytes().to_vec().try_into().unwrap()
}

fn requests() -> Value {
    let cases: [(&str, &str); 5] = [
        (
            "POST /v1/chat/completions",
            r#"{"model":"tiny/1","messages":[{"role":"user","content":"Hi"}]}"#,
        ),
        // The same to a parser, and another request.
        (
            "POST /v1/chat/completions",
            r#"{"model": "tiny/1", "messages": [{"role": "user", "content": "Hi"}]}"#,
        ),
        (
            "POST /v1/embeddings",
            r#"{"model":"embed","input":"Ελένη \u0041 😀"}"#,
        ),
        ("GET /v1/models", ""),
        ("POST /v1/chat/completions", ""),
    ];
    let case = |(route, body): (&str, &str)| {
        let hash = request_hash(route, body.as_bytes()).unwrap();
        json!({ "route": route, "body": hex::encode(body), "hash": hex::encode(hash) })
    };
    cases.map(case).to_vec().into()
}

fn responses() -> Value {
    let event = |text: &str| {
        format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
    };
    let cases: [(u16, Vec<String>); 5] = [
        (200, vec![r#"{"id":"1","choices":[]}"#.into()]),
        (
            200,
            vec![event("Hel"), event("lo"), "data: [DONE]\n\n".into()],
        ),
        // The same bytes in other chunks, a comment among them cut in half.
        (
            200,
            vec![": ping\n\nda".into(), format!("ta{}", &event("x")[4..])],
        ),
        (
            429,
            vec![r#"{"error":{"type":"rate_limit_exceeded"}}"#.into()],
        ),
        (200, vec![]),
    ];
    let case = |(status, chunks): (u16, Vec<String>)| {
        let mut hasher = ResponseHasher::new(status);
        for chunk in &chunks {
            hasher.update(chunk.as_bytes());
        }
        let chunks: Vec<String> = chunks.iter().map(hex::encode).collect();
        json!({
            "status": status, "chunks": chunks, "bytes": hasher.length().to_string(),
            "hash": hex::encode(hasher.finish()),
        })
    };
    cases.map(case).to_vec().into()
}

fn price_json(price: &Price) -> Value {
    match price {
        Price::Tokens {
            input,
            cached,
            output,
        } => json!({
            "input": input.to_string(), "cached": cached.to_string(), "output": output.to_string(),
        }),
        Price::Units { unit } => json!({ "unit": unit.to_string() }),
    }
}

fn usage_json(usage: &Usage) -> Value {
    match usage {
        Usage::Tokens {
            input,
            cached,
            output,
        } => json!({
            "input": input.to_string(), "cached": cached.to_string(), "output": output.to_string(),
        }),
        Usage::Units { units } => json!({ "units": units.to_string() }),
    }
}

fn costs() -> Value {
    let tokens = |input, cached, output| Price::Tokens {
        input,
        cached,
        output,
    };
    let used = |input, cached, output| Usage::Tokens {
        input,
        cached,
        output,
    };
    let noema = 1_000_000_000_000_000_000;
    let cases = [
        (tokens(3, 1, 7), used(0, 0, 0)),
        (tokens(3, 1, 7), used(1, 1, 1)),
        (tokens(3, 1, 7), used(1_000_000, 1, 0)),
        (
            tokens(noema / 10, noema / 100, 3 * noema / 10),
            used(1_234, 56_789, 321),
        ),
        (tokens(u128::MAX, 0, 0), used(1, 0, 0)),
        (tokens(u128::MAX, 0, 0), used(2, 0, 0)),
        (tokens(u128::MAX, 1, 0), used(1, 1, 0)),
        (
            Price::Units {
                unit: noema / 1_000,
            },
            Usage::Units { units: 17 },
        ),
        (Price::Units { unit: u128::MAX }, Usage::Units { units: 2 }),
        (Price::Units { unit: 1 }, used(1, 0, 0)),
    ];
    let case = |(price, usage): (Price, Usage)| {
        let cost = match price.cost(&usage) {
            Ok(cost) => json!(cost.to_string()),
            Err(CostError::Overflow) => json!({ "error": "overflow" }),
            Err(CostError::Mismatch { .. }) => json!({ "error": "mismatch" }),
        };
        json!({ "price": price_json(&price), "usage": usage_json(&usage), "cost": cost })
    };
    cases.map(case).to_vec().into()
}

fn voucher(nonce: u64, paid: u128) -> Voucher {
    Voucher {
        channel: 7,
        session: 2,
        lane: 3,
        nonce,
        service: 5,
        paid,
        maximum: 2_000_000_000_000_000,
        request: [0x33; 32],
        expires: u64::MAX,
        price: Price::Units { unit: 1_000_000 },
    }
}

fn demands() -> Value {
    let cases = [
        Demand::new(&voucher(1, 0), 17),
        Demand::new(&voucher(u64::MAX, 0), u128::MAX),
    ];
    let case = |demand: Demand| {
        json!({
            "genesis": hex::encode(GENESIS),
            "channel": demand.channel.to_string(),
            "session": demand.session,
            "lane": demand.lane,
            "nonce": demand.nonce.to_string(),
            "amount": demand.amount.to_string(),
            "signed": signed(&demand.payload(&GENESIS)),
        })
    };
    cases.map(case).to_vec().into()
}

fn receipt(model: &str, price: Price, usage: Usage) -> Receipt {
    let amount = price.cost(&usage).unwrap().min(voucher(1, 0).maximum);
    Receipt {
        channel: 7,
        session: 2,
        lane: 3,
        nonce: 1,
        service: 5,
        request: [0x33; 32],
        response: [0x44; 32],
        response_bytes: 1_234,
        model: name(model),
        usage,
        price,
        amount,
        cumulative: amount,
        time: 1_764_500_000_000,
    }
}

fn signed(payload: &[u8]) -> Value {
    let pair = ed25519::Pair::from_seed(&SEED);
    json!({
        "payload": hex::encode(payload),
        "ed25519": {
            "seed": hex::encode(SEED),
            "public": hex::encode(pair.public().0),
            "signature": hex::encode(pair.sign(payload).0),
        },
    })
}

fn vouchers() -> Value {
    let of_tokens = Voucher {
        price: Price::Tokens {
            input: 100_000_000_000_000,
            cached: 0,
            output: 300_000_000_000_000,
        },
        ..voucher(u64::MAX, u128::MAX >> 1)
    };
    let cases = [voucher(1, 0), of_tokens];
    let case = |voucher: Voucher| {
        json!({
            "genesis": hex::encode(GENESIS),
            "channel": voucher.channel.to_string(),
            "session": voucher.session,
            "lane": voucher.lane,
            "nonce": voucher.nonce.to_string(),
            "service": voucher.service.to_string(),
            "paid": voucher.paid.to_string(),
            "maximum": voucher.maximum.to_string(),
            "request": hex::encode(voucher.request),
            "expires": voucher.expires.to_string(),
            "price": price_json(&voucher.price),
            "signed": signed(&voucher.payload(&GENESIS)),
        })
    };
    cases.map(case).to_vec().into()
}

fn receipts() -> Value {
    let cases = [
        receipt(
            "tiny/1",
            Price::Tokens {
                input: 100_000_000_000_000,
                cached: 0,
                output: 300_000_000_000_000,
            },
            Usage::Tokens {
                input: 12,
                cached: 3,
                output: 45,
            },
        ),
        // The longest name, and a cost above the maximum.
        receipt(
            &"m".repeat(96),
            Price::Units {
                unit: 1_000_000_000_000_000,
            },
            Usage::Units { units: 9 },
        ),
    ];
    let case = |receipt: Receipt| {
        json!({
            "genesis": hex::encode(GENESIS),
            "channel": receipt.channel.to_string(),
            "session": receipt.session,
            "lane": receipt.lane,
            "nonce": receipt.nonce.to_string(),
            "service": receipt.service.to_string(),
            "request": hex::encode(receipt.request),
            "response": hex::encode(receipt.response),
            "response_bytes": receipt.response_bytes.to_string(),
            "model": String::from_utf8(receipt.model.to_vec()).unwrap(),
            "usage": usage_json(&receipt.usage),
            "price": price_json(&receipt.price),
            "amount": receipt.amount.to_string(),
            "cumulative": receipt.cumulative.to_string(),
            "time": receipt.time.to_string(),
            "signed": signed(&receipt.payload(&GENESIS)),
        })
    };
    cases.map(case).to_vec().into()
}

fn excesses() -> Value {
    let last = Redemption {
        nonce: 5,
        maximum: 10,
        redeemed: 27,
    };
    let receipts = [(5, 27), (5, 26), (6, 26), (4, 17), (4, 16), (3, 0), (9, 0)];
    let case = |(nonce, cumulative): (u64, u128)| {
        json!({
            "redeemed": {
                "nonce": last.nonce.to_string(), "maximum": last.maximum.to_string(), "amount": last.redeemed.to_string(),
            },
            "receipt": { "nonce": nonce.to_string(), "cumulative": cumulative.to_string() },
            "excess": last.excess(nonce, cumulative).map(|excess| excess.to_string()),
        })
    };
    receipts.map(case).to_vec().into()
}

/// A signature by sr25519 over the first voucher: the one that the file has.
fn sr25519_of(file: &Value) -> Value {
    let payload = voucher(1, 0).payload(&GENESIS);
    let pair = sr25519::Pair::from_seed(&SEED);
    // Kept as long as it is one over this payload.
    let kept = (file["sr25519"]["payload"] == hex::encode(&payload).as_str())
        .then(|| file["sr25519"]["signature"].as_str().map(str::to_string))
        .flatten();
    let signature = kept.unwrap_or_else(|| hex::encode(pair.sign(&payload).0));
    json!({
        "payload": hex::encode(payload),
        "public": hex::encode(pair.public().0),
        "signature": signature,
    })
}

#[test]
fn the_committed_examples_are_what_this_crate_makes() {
    let text = fs::read_to_string(PATH).unwrap_or_else(|_| "null".into());
    let file: Value = serde_json::from_str(&text).unwrap();
    let made = json!({
        "request": requests(),
        "response": responses(),
        "cost": costs(),
        "voucher": vouchers(),
        "receipt": receipts(),
        "demand": demands(),
        "excess": excesses(),
        "sr25519": sr25519_of(&file),
    });
    if env::var_os("WRITE_VECTORS").is_some() {
        let text = serde_json::to_string_pretty(&made).unwrap();
        fs::write(PATH, format!("{text}\n")).unwrap();
        return;
    }
    for part in [
        "request", "response", "cost", "voucher", "receipt", "demand", "excess", "sr25519",
    ] {
        assert_eq!(file[part], made[part], "{part}");
    }
    assert_eq!(file, made);
}

#[test]
fn the_signatures_of_the_examples_are_good() {
    let file: Value = serde_json::from_str(&fs::read_to_string(PATH).unwrap()).unwrap();
    let bytes = |value: &Value| hex::decode(value.as_str().unwrap()).unwrap();
    let mut checked = 0;
    for case in ["voucher", "receipt", "demand"]
        .iter()
        .flat_map(|part| file[part].as_array().unwrap())
    {
        let signed = &case["signed"];
        let public: [u8; 32] = bytes(&signed["ed25519"]["public"]).try_into().unwrap();
        let signature: [u8; 64] = bytes(&signed["ed25519"]["signature"]).try_into().unwrap();
        let mut payload = bytes(&signed["payload"]);
        let good = |payload: &[u8]| {
            ed25519::Pair::verify(
                &signature.into(),
                payload,
                &ed25519::Public::from_raw(public),
            )
        };
        assert!(good(&payload));
        payload[0] ^= 1;
        assert!(!good(&payload));
        checked += 1;
    }
    assert_eq!(checked, 6);
    let public: [u8; 32] = bytes(&file["sr25519"]["public"]).try_into().unwrap();
    let signature: [u8; 64] = bytes(&file["sr25519"]["signature"]).try_into().unwrap();
    let payload = bytes(&file["sr25519"]["payload"]);
    let public = sr25519::Public::from_raw(public);
    assert!(sr25519::Pair::verify(&signature.into(), &payload, &public));
}

/// The layout of a voucher, byte by byte, for whoever encodes it by hand.
#[test]
fn the_payload_of_a_voucher_has_fixed_places() {
    let voucher = voucher(1, 9);
    let payload = voucher.payload(&GENESIS);
    assert_eq!(
        payload.len(),
        24 + 32 + 8 + 4 + 2 + 8 + 8 + 16 + 16 + 32 + 8 + 17
    );
    assert_eq!(&payload[..24], VOUCHER_DOMAIN);
    assert_eq!(payload[24..56], GENESIS);
    assert_eq!(payload[56..64], 7_u64.to_le_bytes());
    assert_eq!(payload[64..68], 2_u32.to_le_bytes());
    assert_eq!(payload[68..70], 3_u16.to_le_bytes());
    assert_eq!(payload[70..78], 1_u64.to_le_bytes());
    assert_eq!(payload[78..86], 5_u64.to_le_bytes());
    assert_eq!(payload[86..102], 9_u128.to_le_bytes());
    assert_eq!(payload[102..118], voucher.maximum.to_le_bytes());
    assert_eq!(payload[118..150], voucher.request);
    assert_eq!(payload[150..158], u64::MAX.to_le_bytes());
    assert_eq!(payload[158], 1);
    assert_eq!(payload[159..], 1_000_000_u128.to_le_bytes());
}
