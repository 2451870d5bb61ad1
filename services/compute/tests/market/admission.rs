//! What a gateway works for, and what it refuses before any work.

use std::time::Duration;

use noema_compute::{openai::Route, SignedVoucher};
use noema_compute_primitives::{Price, Usage, Voucher};
use reqwest::StatusCode;
use serde_json::Value;

use crate::harness::*;

fn tokens(input: u64, cached: u64, output: u64) -> Usage {
    Usage::Tokens {
        input,
        cached,
        output,
    }
}

#[tokio::test]
async fn replays_gaps_and_second_vouchers_are_not_worked_on() {
    let market = Market::start().await;
    let url = market.gateway.url.clone();
    let mut buyer = Buyer::new(0);
    let body = chat("words 2");
    let first = buyer.sign(buyer.voucher(Route::Chat, &body, 10_000));
    let response = buyer.send(&url, Route::Chat, &body, &first).await;
    let receipt = receipt_of(&response).unwrap();
    // The same again: its receipt and no work.
    let response = buyer.send(&url, Route::Chat, &body, &first).await;
    assert_eq!(response.status(), StatusCode::CONFLICT);
    assert_eq!(receipt_of(&response), Some(receipt.clone()));
    // Another for the same nonce, one ahead, one that acknowledges less, one that acknowledges more.
    let second = buyer.voucher(Route::Chat, &body, 9_999);
    buyer.settle(&receipt);
    let next = buyer.voucher(Route::Chat, &body, 10_000);
    let mut ahead = next;
    ahead.nonce += 1;
    let (mut less, mut more) = (next, next);
    less.paid -= 1;
    more.paid += 1;
    for (wrong, code) in [
        (second, "wrong_nonce"),
        (ahead, "wrong_nonce"),
        (less, "wrong_paid"),
        (more, "wrong_paid"),
    ] {
        let response = buyer
            .send(&url, Route::Chat, &body, &buyer.sign(wrong))
            .await;
        assert_eq!(response.status(), StatusCode::CONFLICT);
        assert!(receipt_of(&response).is_none());
        let error: Value = response.json().await.unwrap();
        assert_eq!(error["error"]["code"], code);
    }
    assert_eq!(market.engine.seen.count(), 1);
    buyer.ask(&url, Route::Chat, &body).await;
    market.gateway.stop().await;
}

#[tokio::test]
async fn a_request_that_never_came_is_ended_by_asking_for_its_receipt() {
    let market = Market::start().await;
    let url = market.gateway.url.clone();
    let mut buyer = Buyer::new(0);
    let body = chat("words 2");
    let signed = buyer.sign(buyer.voucher(Route::Chat, &body, 10_000));
    let first = receipt_of(&buyer.ask_receipt(&url, &signed).await).unwrap();
    let again = receipt_of(&buyer.ask_receipt(&url, &signed).await).unwrap();
    assert_eq!(first, again);
    assert_eq!(
        (first.receipt.amount, first.receipt.usage),
        (0, tokens(0, 0, 0))
    );
    // It comes late.
    let response = buyer.send(&url, Route::Chat, &body, &signed).await;
    assert_eq!(response.status(), StatusCode::CONFLICT);
    assert_eq!(market.engine.seen.count(), 0);
    buyer.settle(&first);
    buyer.ask(&url, Route::Chat, &body).await;
    market.gateway.stop().await;
}

#[tokio::test]
async fn promises_stay_within_the_channel_whatever_is_sent_at_once() {
    let market = Market::start().await;
    market.chain.edit(CHANNEL, |channel| channel.left = 25_000);
    let body = chat("slow 10");
    let asked = (0..8).map(|lane| {
        let (url, body) = (market.gateway.url.clone(), body.clone());
        async move {
            let buyer = Buyer::new(lane);
            let signed = buyer.sign(buyer.voucher(Route::Chat, &body, 10_000));
            buyer.send(&url, Route::Chat, &body, &signed).await.status()
        }
    });
    let statuses = futures::future::join_all(asked).await;
    let good = statuses
        .iter()
        .filter(|status| **status == StatusCode::OK)
        .count();
    assert_eq!(good, 2, "{statuses:?}");
    assert_eq!(market.engine.seen.count(), 2);
    market.gateway.stop().await;
}

#[tokio::test]
async fn every_term_that_cannot_be_redeemed_is_refused_before_work() {
    let market = Market::start().await;
    let url = &market.gateway.url;
    let buyer = Buyer::new(0);
    let body = chat("words 2");
    let good = buyer.voucher(Route::Chat, &body, 10_000);
    let mut cases = Vec::new();
    let mut case = |code: &'static str, change: &dyn Fn(&mut Voucher)| {
        let mut voucher = good;
        change(&mut voucher);
        cases.push((code, voucher));
    };
    case("channel_unknown", &|v| v.channel = 99);
    case("wrong_service", &|v| v.channel = EMBEDDING_CHANNEL);
    case("service_unknown", &|v| v.service = 99);
    case("session_unknown", &|v| v.session = 1);
    case("lane_unknown", &|v| v.lane = 8);
    case("too_short", &|v| v.expires = 1_009);
    case("above_per_use", &|v| v.maximum = 1_000_001);
    case("price_changed", &|v| {
        v.price = Price::Tokens {
            input: 999_999,
            cached: 100_000,
            output: 2_000_000,
        }
    });
    case("price_changed", &|v| v.price = Price::Units { unit: 1 });
    case("wrong_request", &|v| v.request[0] ^= 1);
    case("channel_exhausted", &|v| v.maximum = 1_000_000);
    market.chain.edit(CHANNEL, |channel| channel.left = 999_999);
    for (code, voucher) in cases {
        let response = buyer
            .send(url, Route::Chat, &body, &buyer.sign(voucher))
            .await;
        assert!(receipt_of(&response).is_none());
        let error: Value = response.json().await.unwrap();
        assert_eq!(error["error"]["code"], code);
    }
    let stranger = SignedVoucher::sign(&key("Eve"), &GENESIS, good);
    let other_chain = SignedVoucher::sign(&key("Dave"), &[8; 32], good);
    for signed in [stranger, other_chain] {
        let response = buyer.send(url, Route::Chat, &body, &signed).await;
        let error: Value = response.json().await.unwrap();
        assert_eq!(error["error"]["code"], "bad_signature");
    }
    let other_model = body.replace("tiny/1", "tiny/2");
    let signed = buyer.sign(buyer.voucher(Route::Chat, &other_model, 10_000));
    let response = buyer.send(url, Route::Chat, &other_model, &signed).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(market.engine.seen.count(), 0);
    market.gateway.stop().await;
}

#[tokio::test]
async fn prices_around_a_change_are_taken_for_a_while() {
    let market = Market::start().await;
    let url = market.gateway.url.clone();
    let dearer = Price::Tokens {
        input: 2_000_000,
        cached: 1,
        output: 4_000_000,
    };
    market
        .chain
        .change(|state| state.services[0].descriptor.price = dearer);
    let (mut old, mut new) = (Buyer::new(0), Buyer::new(1));
    new.price = dearer;
    let body = chat("words 2");
    // Until the gateway has seen it, then with leniency.
    let chain = market.chain.clone();
    for _ in 0..300 {
        let signed = new.sign(new.voucher(Route::Chat, &body, 10_000));
        let response = new.send(&url, Route::Chat, &body, &signed).await;
        if let Some(receipt) = receipt_of(&response) {
            assert_eq!(receipt.receipt.amount, 28);
            new.settle(&receipt);
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(new.nonce, 2);
    let (_, _, receipt) = old.ask(&url, Route::Chat, &body).await;
    assert_eq!(receipt.receipt.amount, 14);
    chain.change(|state| state.tick += 11);
    let mut refused = false;
    for _ in 0..300 {
        let signed = old.sign(old.voucher(Route::Chat, &body, 10_000));
        let response = old.send(&url, Route::Chat, &body, &signed).await;
        match receipt_of(&response) {
            Some(receipt) => old.settle(&receipt),
            None => {
                refused = true;
                break;
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(refused);
    market.gateway.stop().await;
}

#[tokio::test]
async fn a_chain_that_does_not_finalise_stops_new_work_and_nothing_else() {
    let market = Market::start().await;
    let mut buyer = Buyer::new(0);
    let body = chat("words 1");
    let (_, _, receipt) = buyer.ask(&market.gateway.url, Route::Chat, &body).await;
    market.chain.change(|state| state.silent = 61);
    let signed = buyer.sign(buyer.voucher(Route::Chat, &body, 10_000));
    let mut code = String::new();
    for _ in 0..300 {
        let response = buyer
            .send(&market.gateway.url, Route::Chat, &body, &signed)
            .await;
        if let Some(receipt) = receipt_of(&response) {
            // Not seen yet.
            assert!(receipt.receipt.nonce > 1);
        }
        let answer: Value = response.json().await.unwrap();
        code = answer["error"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        if code == "chain_stale" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(code, "chain_stale");
    let health = buyer
        .client
        .get(format!("{}/v1/health", market.gateway.url));
    assert_eq!(
        health.send().await.unwrap().status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(receipt.receipt.nonce, 1);
    market.gateway.stop().await;
}
