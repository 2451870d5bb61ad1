//! Gateways that cheat, each by a tampering server between the proxy and an honest gateway or with the provider's own keys: the proxy finds each, names it, and does not pass
//! its answer on as one.

use std::sync::Arc;

use crate::{
    cheating::{charge, Cheat, Tamper, Way},
    harness::*,
};
use axum::Router;
use bytes::Bytes;
use noema_compute::chain::Claim;
use noema_compute_primitives::{Price, Receipt, Usage};
use reqwest::StatusCode;
use serde_json::{json, Value};
use tokio::net::TcpListener;

/// A cheat before a market's gateway: where it answers, and what passes by.
pub(crate) async fn cheat(behind: &str, tamper: Tamper) -> (String, Arc<Cheat>) {
    let cheat = Cheat::new(behind, key("Charlie"), GENESIS, tamper);
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
        cheat.router(),
        options,
        Default::default(),
    ));
    (url, cheat)
}

fn cases() -> Vec<(&'static str, Tamper)> {
    let tokens = |input, cached, output| Usage::Tokens {
        input,
        cached,
        output,
    };
    let mut cases: Vec<(&'static str, Tamper)> = vec![
        (
            "overstates input beyond the request",
            Arc::new(move |_: &mut Vec<u8>, receipt: &mut Receipt| {
                charge(receipt, tokens(5_000, 0, 3));
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
    ];
    cases.push(("edits a byte of the answer", Way::EditByte.tamper()));
    cases.push(("replays an old receipt", Way::OldReceipt.tamper()));
    cases.push(("overstates output", Way::Overstate.tamper()));
    cases.push(("charges another price", Way::OtherPrice.tamper()));
    cases.push(("names another model", Way::OtherModel.tamper()));
    cases
}

#[test]
fn ways_to_cheat_are_read_back() {
    for way in Way::ALL {
        assert_eq!(way.to_string().parse(), Ok(way));
    }
    assert!("kindly".parse::<Way>().is_err());
}

#[tokio::test]
async fn every_cheat_is_found_named_and_asked_no_more_and_no_answer_of_it_is_called_good() {
    for stream in [false, true] {
        for (what, tamper) in cases() {
            let market = Market::start().await;
            let (url, cheater) = cheat(&market.gateway.url, tamper).await;
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
            assert_eq!(cheater.vouchers().len(), 1, "{what}");
            proxy.stop().await;
            market.gateway.stop().await;
        }
    }
}

#[tokio::test]
async fn a_gateway_that_begins_to_cheat_after_good_answers_is_found_then() {
    let market = Market::start().await;
    let (url, cheater) = cheat(&market.gateway.url, Way::None.tamper()).await;
    market.chain.set_endpoint(CHAT, &url);
    let dir = tempfile::tempdir().unwrap();
    let proxy = run_proxy(&market.chain, proxy_config(dir.path())).await;
    let http = client();
    let ask = || {
        http.post(format!("{}/chat/completions", proxy.url))
            .body(chat("words 3"))
            .send()
    };
    for _ in 0..2 {
        assert_eq!(ask().await.unwrap().status(), StatusCode::OK);
    }
    cheater.set(Way::OldReceipt.tamper());
    assert_eq!(ask().await.unwrap().status(), StatusCode::BAD_GATEWAY);
    assert_eq!(ask().await.unwrap().status(), StatusCode::NOT_FOUND);
    assert_eq!(cheater.vouchers().len(), 3);
    proxy.stop().await;
    market.gateway.stop().await;
}

#[tokio::test]
async fn an_honest_provider_answers_in_the_place_of_a_liar() {
    let market = Market::start().await;
    let (url, _) = cheat(&market.gateway.url, Way::EditByte.tamper()).await;
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
    let (url, cheater) = cheat(&market.gateway.url, Way::None.tamper()).await;
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
    let signed = *cheater.vouchers().last().unwrap();
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
