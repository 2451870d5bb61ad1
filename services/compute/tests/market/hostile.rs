//! Gateways that cheat, each by a tampering server between the proxy and an honest gateway or with the provider's own keys: the proxy finds each, names it, and does not pass
//! its answer on as one.

use std::sync::{Arc, Mutex};

use crate::harness::*;
use axum::{
    body::Body,
    extract::{Request, State},
    http::HeaderValue,
    response::Response,
    Router,
};
use bytes::Bytes;
use noema_compute::{
    chain::Claim,
    wire::{RECEIPT_EVENT, RECEIPT_HEADER, VOUCHER_HEADER},
    SignedReceipt, SignedVoucher,
};
use noema_compute_primitives::{Price, Receipt, Usage};
use reqwest::StatusCode;
use serde_json::{json, Value};
use tokio::net::TcpListener;

/// What a cheat does to an answer and its receipt. It has the service key: only what it says can give it away.
pub(crate) type Tamper = Arc<dyn Fn(&mut Vec<u8>, &mut Receipt) + Send + Sync>;

#[derive(Clone)]
struct Cheat {
    behind: String,
    client: reqwest::Client,
    tamper: Tamper,
    /// Vouchers that passed by.
    vouchers: Arc<Mutex<Vec<SignedVoucher>>>,
}

pub(crate) async fn cheat(
    behind: &str,
    tamper: Tamper,
) -> (String, Arc<Mutex<Vec<SignedVoucher>>>) {
    let vouchers = Arc::new(Mutex::new(Vec::new()));
    let state = Cheat {
        behind: behind.to_owned(),
        client: client(),
        tamper,
        vouchers: vouchers.clone(),
    };
    let router = Router::new().fallback(pass).with_state(state);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let gate = noema_transport::Gate::new(noema_transport::ConnectionLimits {
        total: 100,
        per_peer: 100,
    });
    let options = noema_transport::Options {
        security: noema_transport::Security::Plain,
        gate,
        patience: noema_transport::Patience::default(),
    };
    tokio::spawn(noema_transport::serve(
        listener,
        router,
        options,
        Default::default(),
    ));
    (url, vouchers)
}

async fn pass(State(cheat): State<Cheat>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let mut asking = cheat
        .client
        .request(
            parts.method,
            format!("{}{}", cheat.behind, parts.uri.path()),
        )
        .body(body);
    for name in ["content-type", VOUCHER_HEADER] {
        if let Some(value) = parts.headers.get(name) {
            asking = asking.header(name, value.clone());
        }
    }
    if let Some(voucher) = parts.headers.get(VOUCHER_HEADER) {
        let signed = SignedVoucher::from_text(voucher.as_bytes()).unwrap();
        cheat.vouchers.lock().unwrap().push(signed);
    }
    let answer = asking.send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await.unwrap();
    let sign = |receipt| SignedReceipt::sign(&key("Charlie"), &GENESIS, receipt);
    let mut out = Response::new(Body::empty());
    *out.status_mut() = status;
    let content = headers.get("content-type").cloned();
    if let Some(text) = headers.get(RECEIPT_HEADER) {
        let mut receipt = SignedReceipt::from_text(text.as_bytes()).unwrap().receipt;
        let mut changed = body.to_vec();
        (cheat.tamper)(&mut changed, &mut receipt);
        let value = HeaderValue::try_from(sign(receipt).to_text()).unwrap();
        out.headers_mut().insert(RECEIPT_HEADER, value);
        *out.body_mut() = Body::from(changed);
    } else if content
        .as_ref()
        .is_some_and(|kind| kind == "text/event-stream")
    {
        let marker = format!("event: {RECEIPT_EVENT}");
        let at = body
            .windows(marker.len())
            .position(|window| window == marker.as_bytes())
            .unwrap();
        let (mut before, event) = (body[..at].to_vec(), &events(&body[at..])[0]);
        let mut receipt = SignedReceipt::from_text(&event.data().unwrap())
            .unwrap()
            .receipt;
        (cheat.tamper)(&mut before, &mut receipt);
        before.extend(
            format!(
                "event: {RECEIPT_EVENT}\ndata: {}\n\n",
                sign(receipt).to_text()
            )
            .into_bytes(),
        );
        *out.body_mut() = Body::from(before);
    } else {
        *out.body_mut() = Body::from(body);
    }
    if let Some(content) = content {
        out.headers_mut().insert("content-type", content);
    }
    out
}

/// What a liar says who can count: the amounts follow from the usage.
pub(crate) fn charge(receipt: &mut Receipt, usage: Usage) {
    let before = receipt.cumulative - receipt.amount;
    receipt.usage = usage;
    receipt.amount = receipt.price.cost(&usage).unwrap();
    receipt.cumulative = before + receipt.amount;
}

#[allow(clippy::ptr_arg, reason = "others make answers longer")]
fn edit_one_byte(body: &mut Vec<u8>, _: &mut Receipt) {
    let at = body
        .windows(4)
        .position(|window| window == b"word" || window == b"\"w0 ")
        .unwrap();
    body[at + 1] ^= 1;
}

fn cases() -> Vec<(&'static str, Tamper)> {
    let old: Mutex<Option<Receipt>> = Mutex::new(None);
    let tokens = |input, cached, output| Usage::Tokens {
        input,
        cached,
        output,
    };
    vec![
        ("edits a byte of the answer", Arc::new(edit_one_byte)),
        (
            "replays an old receipt",
            Arc::new(move |_: &mut Vec<u8>, receipt: &mut Receipt| {
                let mut old = old.lock().unwrap();
                let first = old.get_or_insert_with(|| Receipt {
                    nonce: receipt.nonce.saturating_sub(1),
                    ..receipt.clone()
                });
                *receipt = first.clone();
            }),
        ),
        (
            "overstates output beyond its own answer",
            Arc::new(move |body: &mut Vec<u8>, receipt: &mut Receipt| {
                // Of a stream that does not tell its usage, only the limit can say so.
                let more = if body.starts_with(b"{") { 4 } else { 1_001 };
                charge(receipt, tokens(10, 0, more));
            }),
        ),
        (
            "overstates input beyond the request",
            Arc::new(move |_: &mut Vec<u8>, receipt: &mut Receipt| {
                charge(receipt, tokens(5_000, 0, 3));
            }),
        ),
        (
            "names another model",
            Arc::new(|_: &mut Vec<u8>, receipt: &mut Receipt| {
                receipt.model = b"tiny/0".to_vec().try_into().unwrap();
            }),
        ),
        (
            "charges another price",
            Arc::new(|_: &mut Vec<u8>, receipt: &mut Receipt| {
                receipt.price = Price::Tokens {
                    input: 1_000_001,
                    cached: 100_000,
                    output: 2_000_000,
                };
            }),
        ),
        (
            "charges a unit more than the usage costs",
            Arc::new(|_: &mut Vec<u8>, receipt: &mut Receipt| {
                receipt.amount += 1;
                receipt.cumulative += 1;
            }),
        ),
        (
            "adds to what was owed before",
            Arc::new(|_: &mut Vec<u8>, receipt: &mut Receipt| receipt.cumulative += 1),
        ),
        (
            "binds another request",
            Arc::new(|_: &mut Vec<u8>, receipt: &mut Receipt| receipt.request[0] ^= 1),
        ),
        (
            "binds another channel",
            Arc::new(|_: &mut Vec<u8>, receipt: &mut Receipt| receipt.channel += 1),
        ),
    ]
}

#[tokio::test]
async fn every_cheat_is_found_named_and_asked_no_more_and_no_answer_of_it_is_called_good() {
    for stream in [false, true] {
        for (what, tamper) in cases() {
            let market = Market::start().await;
            let (url, vouchers) = cheat(&market.gateway.url, tamper).await;
            market.chain.set_endpoint(CHAT, &url);
            let dir = tempfile::tempdir().unwrap();
            let proxy = run_proxy(&market.chain, proxy_config(dir.path())).await;
            let http = client();
            let body = if stream {
                chat_stream("words 3", false)
            } else {
                chat("words 3")
            };
            let ask = || {
                http.post(format!("{}/chat/completions", proxy.url))
                    .body(body.clone())
                    .send()
            };
            let response = ask().await.unwrap();
            let status = response.status();
            let text = String::from_utf8(response.bytes().await.unwrap().to_vec()).unwrap();
            let provider = key("Bob").account().to_string();
            assert!(text.contains(&provider), "{what}, stream {stream}: {text}");
            if stream {
                let last = events(text.as_bytes()).pop().unwrap().data().unwrap();
                let error: Value = serde_json::from_slice(&last).unwrap();
                assert_eq!(error["error"]["code"], "bad_answer", "{what}");
                assert!(!text.contains("[DONE]"), "{what}: {text}");
            } else {
                assert_eq!(status, StatusCode::BAD_GATEWAY, "{what}: {text}");
                assert!(!text.contains("choices"), "{what}");
            }
            let health: Value = http
                .get(proxy.url.replace("/v1", "/health"))
                .send()
                .await
                .unwrap()
                .json()
                .await
                .unwrap();
            assert_eq!(
                health["liars"][0]["provider"],
                json!(provider),
                "{what}: {health}"
            );
            // One maximum at most, and no second request.
            let response = ask().await.unwrap();
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{what}");
            assert_eq!(vouchers.lock().unwrap().len(), 1, "{what}");
            proxy.stop().await;
            market.gateway.stop().await;
        }
    }
}

#[tokio::test]
async fn an_honest_provider_answers_in_the_place_of_a_liar() {
    let market = Market::start().await;
    let (url, _) = cheat(&market.gateway.url, Arc::new(edit_one_byte)).await;
    market.chain.set_endpoint(CHAT, &url);
    // The second is dearer, and so asked second.
    let dearer = Price::Tokens {
        input: 1_000_001,
        cached: 100_000,
        output: 2_000_001,
    };
    let (account, service_key) = (key("Eve"), key("Eve//receipts"));
    let dir = tempfile::tempdir().unwrap();
    market.chain.offer(
        5,
        noema_compute_primitives::ServiceKind::Chat,
        &account,
        &service_key,
        "tiny/1",
        dearer,
    );
    market
        .chain
        .channel(50, 5, &key("Alice"), &key("Dave"), 1_000_000, 4);
    let config = gateway_config(
        dir.path(),
        &account,
        &service_key,
        &market.engine.url,
        &[(5, "tiny/1")],
    );
    let honest = run_gateway(&market.chain, config).await;
    market.chain.set_endpoint(5, &honest.url);
    let book = tempfile::tempdir().unwrap();
    let proxy = run_proxy(&market.chain, proxy_config(book.path())).await;
    let response = client()
        .post(format!("{}/chat/completions", proxy.url))
        .body(chat("words 3"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        response.headers()["noema-provider"],
        account.account().to_string()
    );
    proxy.stop().await;
    honest.stop().await;
    market.gateway.stop().await;
}

#[tokio::test]
async fn an_answer_without_a_receipt_is_no_answer() {
    let market = Market::start().await;
    let router =
        Router::new().fallback(|| async { axum::Json(json!({ "choices": [], "usage": {} })) });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let options = noema_transport::Options {
        security: noema_transport::Security::Plain,
        gate: noema_transport::Gate::new(noema_transport::ConnectionLimits {
            total: 10,
            per_peer: 10,
        }),
        patience: noema_transport::Patience::default(),
    };
    tokio::spawn(noema_transport::serve(
        listener,
        router,
        options,
        Default::default(),
    ));
    market.chain.set_endpoint(CHAT, &url);
    let dir = tempfile::tempdir().unwrap();
    let proxy = run_proxy(&market.chain, proxy_config(dir.path())).await;
    let response = client()
        .post(format!("{}/chat/completions", proxy.url))
        .body(chat("words 3"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let text = response.text().await.unwrap();
    assert!(text.contains("without a receipt"), "{text}");
    proxy.stop().await;
    market.gateway.stop().await;
}

#[tokio::test]
async fn a_provider_that_redeems_above_its_receipts_is_reported() {
    let market = Market::start().await;
    let (url, vouchers) = cheat(
        &market.gateway.url,
        Arc::new(|_: &mut Vec<u8>, _: &mut Receipt| {}),
    )
    .await;
    market.chain.set_endpoint(CHAT, &url);
    let dir = tempfile::tempdir().unwrap();
    let proxy = run_proxy(&market.chain, proxy_config(dir.path())).await;
    let http = client();
    for _ in 0..2 {
        let response = http
            .post(format!("{}/chat/completions", proxy.url))
            .body(chat("words 3"))
            .send()
            .await
            .unwrap();
        let _: Bytes = response.bytes().await.unwrap();
    }
    // The receipts say 32; the voucher of the second covers 16 and its maximum.
    let signed = *vouchers.lock().unwrap().last().unwrap();
    assert_eq!((signed.voucher.nonce, signed.voucher.paid), (2, 16));
    let amount = signed.voucher.ceiling().unwrap();
    let claim = Claim::of(signed, amount).demanded(&key("Charlie"), &GENESIS);
    market.chain.redeem_now(&[claim], true).unwrap();
    let chain = market.chain.clone();
    until("it is reported", || !chain.state().reports.is_empty()).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(
        chain.state().reports,
        [(CHANNEL, 0, 0, amount - 32)],
        "once, for all of it"
    );
    proxy.stop().await;
    market.gateway.stop().await;
}
