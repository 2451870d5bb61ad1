//! Jobs through the proxy: answers that are checked, liars that are found, receipts that are kept.

use std::sync::Arc;

use noema_compute::sse::Events;
use noema_compute_engine::{
    form::{Ended, Order, Reading},
    job::Limits,
};
use noema_compute_primitives::{Receipt, ResponseHasher};
use reqwest::StatusCode;
use serde_json::{json, Value};

use super::*;
use crate::{
    bench::{health, post},
    cheating::{Tamper, Way},
    hostile::cheat,
};

async fn jobs_proxy(market: &Market) -> (Running, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let mut config = proxy_config(dir.path());
    config.spending.per_request = 1 << 59;
    (run_proxy(&market.chain, config).await, dir)
}

fn copy(stream: bool) -> Order {
    Order {
        stream,
        ..order(COPY, &[b"some input"], LIMITS)
    }
}

async fn receipts(http: &reqwest::Client, proxy: &str, query: &str) -> Value {
    let url = format!("{proxy}/receipts{query}");
    http.get(url).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn the_proxy_buys_jobs_and_keeps_their_receipts() {
    let market = market(|_| {}).await;
    let (proxy, dir) = jobs_proxy(&market).await;
    let http = client();
    let offers = format!("{}/jobs", proxy.url);
    let offers: Value = http.get(offers).send().await.unwrap().json().await.unwrap();
    assert_eq!(offers["data"][0]["model"], MODEL);
    assert_eq!(offers["data"][0]["unit_price"], UNIT.to_string());

    let whole = copy(false);
    let response = post(&http, &proxy.url, "/jobs", whole.to_json().to_string()).await;
    assert_eq!(response.status(), StatusCode::OK);
    let body = response.bytes().await.unwrap();
    let (ended, output) = Reading::new(whole.terms()).whole(&body).unwrap();
    assert_eq!(&output[..], b"some input");

    let streamed = copy(true);
    let response = post(&http, &proxy.url, "/jobs", streamed.to_json().to_string()).await;
    let text = response.bytes().await.unwrap();
    let (mut reading, mut cut) = (Reading::new(streamed.terms()), Events::default());
    cut.push(&text);
    let mut last = None;
    while let Some(event) = cut.next_event().unwrap() {
        reading.event(&event.data().unwrap()).unwrap();
        last = Some(event);
    }
    assert!(last.unwrap().is_done());
    assert_eq!(reading.ended(), Some(&ended));

    let mut kept = Value::Null;
    for _ in 0..200 {
        kept = receipts(&http, &proxy.url, "").await;
        if kept["data"].as_array().unwrap().len() == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let used = whole.terms().units(ended.fuel);
    for one in kept["data"].as_array().unwrap() {
        assert_eq!(one["arrived"], true);
        let text = one["receipt"].as_str().unwrap();
        let receipt = SignedReceipt::from_text(text.as_bytes()).unwrap();
        assert_eq!(units(&receipt), used);
        let voucher = SignedVoucher::from_text(one["voucher"].as_str().unwrap().as_bytes());
        assert_eq!(voucher.unwrap().voucher.nonce, receipt.receipt.nonce);
        assert_eq!(one["key"], key("Charlie").account().to_string());
    }
    // Page by page, the newest first.
    let first = receipts(&http, &proxy.url, "?limit=1").await;
    assert_eq!(first["data"][0], kept["data"][0]);
    let rest = receipts(
        &http,
        &proxy.url,
        &format!("?limit=1&before={}", first["before"]),
    )
    .await;
    assert_eq!(rest["data"][0], kept["data"][1]);
    let spent: u128 = health(&http, &proxy.url).await["spent"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(spent, 2 * cost(used));
    // They outlive the proxy.
    proxy.stop().await;
    let mut config = proxy_config(dir.path());
    config.spending.per_request = 1 << 59;
    let again = run_proxy(&market.chain, config).await;
    assert_eq!(receipts(&http, &again.url, "").await["data"], kept["data"]);
    again.stop().await;
    market.gateway.stop().await;
}

#[tokio::test]
async fn an_order_that_is_none_is_refused_by_the_proxy_itself() {
    let market = market(|_| {}).await;
    let (proxy, _dir) = jobs_proxy(&market).await;
    let body = r#"{"model":"wasm/1","module":{"bytes":""},"limits":{"fuel":1}}"#;
    let response = post(&client(), &proxy.url, "/jobs", body).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    proxy.stop().await;
    market.gateway.stop().await;
}

/// Changes the report of an answer, and signs for what it then says.
fn changes(change: fn(&mut Value, &Order)) -> Tamper {
    Arc::new(move |body: &mut Vec<u8>, receipt: &mut Receipt| {
        let text = String::from_utf8(body.clone()).unwrap();
        let is_stream = !text.starts_with('{');
        let order = copy(is_stream);
        let told = |line: &str| {
            let Some(mut answer) = serde_json::from_str::<Value>(line)
                .ok()
                .filter(|answer| answer["object"] == "job")
            else {
                return line.to_owned();
            };
            change(&mut answer, &order);
            answer.to_string()
        };
        *body = match is_stream {
            false => told(&text),
            true => text
                .split("\n\n")
                .map(|event| match event.strip_prefix("data: ") {
                    Some(data) => format!("data: {}", told(data)),
                    None => event.to_owned(),
                })
                .collect::<Vec<_>>()
                .join("\n\n"),
        }
        .into_bytes();
        let mut hasher = ResponseHasher::new(200);
        hasher.update(body);
        receipt.response = hasher.finish();
        receipt.response_bytes = hasher.length();
    })
}

async fn caught(what: &str, stream: bool, tamper: Tamper) {
    let market = market(|_| {}).await;
    let (url, _) = cheat(&market.gateway.url, tamper).await;
    market.chain.set_endpoint(JOBS, &url);
    let (proxy, _dir) = jobs_proxy(&market).await;
    let http = client();
    let body = copy(stream).to_json().to_string();
    let response = post(&http, &proxy.url, "/jobs", body).await;
    let text = response.text().await.unwrap();
    assert!(!text.contains("[DONE]"), "{what}: {text}");
    let health = health(&http, &proxy.url).await;
    let provider = json!(key("Bob").account().to_string());
    assert_eq!(health["liars"][0]["provider"], provider, "{what}: {health}");
    assert_eq!(health["spent"], "0", "{what}");
    proxy.stop().await;
    market.gateway.stop().await;
}

#[tokio::test]
async fn a_report_that_does_not_fit_its_output_or_its_charge_is_a_lie() {
    type Lie = (&'static str, fn(&mut Value, &Order));
    let lies: [Lie; 3] = [
        ("another hash", |a, _| {
            a["output_sha256"] = json!("00".repeat(32));
        }),
        ("more units than its fuel", |a, order| {
            a["usage"]["units"] = json!(order.terms().most_units());
        }),
        ("more fuel than was ordered", |a, _| {
            a["fuel"] = json!(Limits::MOST.fuel);
        }),
    ];
    for (what, lie) in lies {
        for stream in [false, true] {
            caught(what, stream, changes(lie)).await;
        }
    }
}

#[tokio::test]
async fn a_receipt_above_the_fuel_of_its_report_is_a_lie() {
    for stream in [false, true] {
        caught("a unit more", stream, Way::Overstate.tamper()).await;
    }
}

/// A provider that says more fuel was used than really was is believed: its mode is unverified. Whoever runs the job again finds it.
#[tokio::test]
async fn a_report_that_is_wrong_in_itself_alone_is_found_by_running_it_again() {
    let market = market(|_| {}).await;
    let tamper = changes(|answer, order| {
        let fuel = answer["fuel"].as_u64().unwrap() + 1;
        assert_eq!(order.terms().units(fuel), order.terms().units(fuel - 1));
        answer["fuel"] = json!(fuel);
    });
    let (url, _) = cheat(&market.gateway.url, tamper).await;
    market.chain.set_endpoint(JOBS, &url);
    let (proxy, _dir) = jobs_proxy(&market).await;
    let order = copy(false);
    let response = post(&client(), &proxy.url, "/jobs", order.to_json().to_string()).await;
    assert_eq!(response.status(), StatusCode::OK);
    let verification = response.headers()["noema-verification"].clone();
    assert_eq!(verification, "unverified");
    let body = response.bytes().await.unwrap();
    let (told, _) = Reading::new(order.terms()).whole(&body).unwrap();
    let runner = noema_compute_engine::Runner::new(Default::default()).unwrap();
    let again = runner.start(&order.job(), &()).await.unwrap();
    let (report, _) = again.finish().await.unwrap();
    assert_ne!(told, Ended::of(&report));
    proxy.stop().await;
    market.gateway.stop().await;
}
