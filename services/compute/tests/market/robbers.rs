//! Gateways that charge for what they do not deliver, or cannot be seen to; and one that takes its time.

use std::{
    sync::{
        atomic::{AtomicUsize, Ordering},
        Arc,
    },
    time::Duration,
};

use axum::{
    body::Body,
    extract::{Request, State},
    http::HeaderValue,
    response::Response,
    Router,
};
use bytes::Bytes;
use futures::StreamExt;
use noema_compute::{
    wire::{RECEIPT_HEADER, VOUCHER_HEADER},
    SignedReceipt, SignedVoucher,
};
use noema_compute_primitives::{Receipt, ResponseHasher, ServiceKind, Usage};
use reqwest::StatusCode;
use serde_json::{json, Value};
use tokio::net::TcpListener;

use crate::{
    bench::*,
    cheating::{charge, Tamper},
    harness::*,
    hostile::cheat,
};

const MUCH: Usage = Usage::Tokens {
    input: 10,
    cached: 0,
    output: 500,
};

/// What an application sends, and what the gateway makes of it.
async fn caught(what: &str, body: String, tamper: Tamper) {
    let market = Market::start().await;
    let (url, cheater) = cheat(&market.gateway.url, tamper).await;
    market.chain.set_endpoint(CHAT, &url);
    let dir = tempfile::tempdir().unwrap();
    let proxy = run_proxy(&market.chain, proxy_config(dir.path())).await;
    let http = client();
    for _ in 0..3 {
        let response = post(&http, &proxy.url, "/chat/completions", body.clone()).await;
        let text = response.text().await.unwrap();
        assert!(!text.contains("[DONE]"), "{what}: {text}");
    }
    let health = health(&http, &proxy.url).await;
    let provider = json!(key("Bob").account().to_string());
    assert_eq!(health["liars"][0]["provider"], provider, "{what}: {health}");
    assert_eq!(health["spent"], "0", "{what}");
    assert_eq!(cheater.vouchers().len(), 1, "{what}");
    proxy.stop().await;
    market.gateway.stop().await;
}

fn charges() -> Tamper {
    Arc::new(|_: &mut Vec<u8>, receipt: &mut Receipt| charge(receipt, MUCH))
}

#[tokio::test]
async fn what_is_no_answer_costs_nothing_or_its_gateway_is_asked_no_more() {
    for status in [500, 503, 429, 422] {
        let what = format!("charges for {status}");
        caught(&what, chat(&format!("fail {status}")), charges()).await;
    }
    let stream = chat_stream("fail 500", false);
    caught("charges for 502", stream, charges()).await;
    let empty = chat_stream("break 0", false);
    caught("charges for an error in a stream", empty, charges()).await;
}

#[tokio::test]
async fn an_answer_that_hides_its_usage_is_no_answer() {
    let hides = || -> Tamper {
        Arc::new(|body: &mut Vec<u8>, receipt: &mut Receipt| {
            let text = String::from_utf8(body.clone()).unwrap();
            *body = text.replace("\"usage\"", "\"usagf\"").into_bytes();
            let mut hasher = ResponseHasher::new(200);
            hasher.update(body);
            receipt.response = hasher.finish();
            receipt.response_bytes = hasher.length();
            charge(receipt, MUCH);
        })
    };
    caught("whole", chat("words 3"), hides()).await;
    caught("stream", chat_stream("words 3", false), hides()).await;
}

#[tokio::test]
async fn an_honest_gateway_charges_nothing_for_a_stream_without_an_answer() {
    let bench = Bench::start().await;
    for _ in 0..3 {
        let response = bench
            .post("/chat/completions", chat_stream("break 0", false))
            .await;
        let text = response.text().await.unwrap();
        assert!(text.contains("error"), "{text}");
    }
    let health = bench.health().await;
    assert_eq!(
        (&health["spent"], &health["liars"]),
        (&json!("0"), &json!([]))
    );
    bench.stop().await;
}

/// A gateway that answers nothing, and has a receipt for all of it.
#[derive(Clone, Default)]
struct Robber {
    asked: Arc<AtomicUsize>,
    /// Gives no receipts, slowly.
    is_tarpit: bool,
}

async fn robbed(State(robber): State<Robber>, request: Request) -> Response {
    let voucher = request.headers().get(VOUCHER_HEADER).unwrap();
    let voucher = SignedVoucher::from_text(voucher.as_bytes())
        .unwrap()
        .voucher;
    let mut response = Response::new(Body::empty());
    if request.uri().path() != "/v1/receipt" {
        robber.asked.fetch_add(1, Ordering::SeqCst);
        let broken = [
            Ok(Bytes::from_static(b": soon\n\n")),
            Err(std::io::Error::other("gone")),
        ];
        *response.body_mut() = Body::from_stream(futures::stream::iter(broken));
        let kind = HeaderValue::from_static("text/event-stream");
        response.headers_mut().insert("content-type", kind);
        return response;
    }
    if robber.is_tarpit {
        let drops = futures::stream::repeat(()).then(|()| async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            Ok::<_, std::io::Error>(Bytes::from_static(b" "))
        });
        *response.body_mut() = Body::from_stream(drops);
        return response;
    }
    let amount = PRICE.cost(&MUCH).unwrap();
    let receipt = Receipt {
        channel: voucher.channel,
        session: voucher.session,
        lane: voucher.lane,
        nonce: voucher.nonce,
        service: voucher.service,
        request: voucher.request,
        response: [1; 32],
        response_bytes: 9_000,
        model: b"tiny/2".to_vec().try_into().unwrap(),
        usage: MUCH,
        price: voucher.price,
        amount,
        cumulative: voucher.paid + amount,
        time: 1,
    };
    let signed = SignedReceipt::sign(&key("Eve//receipts"), &GENESIS, receipt);
    let value = HeaderValue::try_from(signed.to_text()).unwrap();
    response.headers_mut().insert(RECEIPT_HEADER, value);
    response
}

/// A market in which a robber offers a model of its own.
async fn with_robber(robber: Robber) -> Bench {
    let router = Router::new().fallback(robbed).with_state(robber);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let limits = noema_transport::ConnectionLimits {
        total: 100,
        per_peer: 100,
    };
    let options = noema_transport::Options {
        security: noema_transport::Security::Plain,
        gate: noema_transport::Gate::new(limits),
        patience: noema_transport::Patience::default(),
    };
    tokio::spawn(noema_transport::serve(
        listener,
        router,
        options,
        Default::default(),
    ));
    let bench = Bench::start().await;
    let chain = &bench.market.chain;
    let (account, receipts) = (key("Eve"), key("Eve//receipts"));
    chain.offer(5, ServiceKind::Chat, &account, &receipts, "tiny/2", PRICE);
    chain.set_endpoint(5, &url);
    chain.channel(50, 5, &key("Alice"), &key("Dave"), 1_000_000, 8);
    // Until the proxy has seen it.
    tokio::time::sleep(Duration::from_millis(400)).await;
    bench
}

fn of_robber() -> String {
    chat_stream("words 3", false).replace("tiny/1", "tiny/2")
}

#[tokio::test]
async fn a_gateway_that_is_paid_for_what_never_comes_is_left_alone_longer_each_time() {
    let robber = Robber::default();
    let bench = with_robber(robber.clone()).await;
    let mut refused = String::new();
    for _ in 0..20 {
        let response = bench.post("/chat/completions", of_robber()).await;
        let status = response.status();
        let text = response.text().await.unwrap();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            refused = text;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let asked = robber.asked.load(Ordering::SeqCst);
    assert!((1..10).contains(&asked), "{asked} of 20");
    assert!(refused.contains("did not come"), "{refused}");
    let spent: u128 = bench.health().await["spent"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(spent <= asked as u128 * PRICE.cost(&MUCH).unwrap());
    bench.stop().await;
}

#[tokio::test]
async fn a_gateway_that_takes_its_time_with_receipts_keeps_no_other_lane_waiting() {
    let robber = Robber {
        is_tarpit: true,
        ..Robber::default()
    };
    let bench = with_robber(robber).await;
    bench
        .post("/chat/completions", of_robber())
        .await
        .text()
        .await
        .unwrap();
    // The proxy asks it for the receipt by now.
    tokio::time::sleep(Duration::from_millis(300)).await;
    for _ in 0..3 {
        let response = bench
            .post("/chat/completions", chat_stream("slow 400", false))
            .await;
        let mut pieces = response.bytes_stream();
        pieces.next().await.unwrap().unwrap();
        drop(pieces);
    }
    let mut last = Value::Null;
    for _ in 0..60 {
        last = bench.health().await;
        if last["receipts_awaited"] == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(last["receipts_awaited"], 1, "{last}");
    bench.stop().await;
}
