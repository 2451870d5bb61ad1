//! Buyers that want work for nothing, or to keep a provider from what it is owed.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use noema_compute::{
    chain::ChannelState,
    engine::{Engine, EngineAnswer, EngineError, EngineRequest},
    gateway::Behind,
    openai::Route,
    SignedVoucher,
};
use noema_compute_primitives::Voucher;
use reqwest::{Response, StatusCode};
use serde_json::Value;

use crate::harness::*;

async fn code(response: Response) -> String {
    let answer: Value = response.json().await.unwrap();
    answer["error"]["code"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test]
async fn no_voucher_for_nothing_takes_the_place_of_one_that_covers_what_is_due() {
    let market = Market::start().await;
    let url = &market.gateway.url;
    let mut buyer = Buyer::new(0);
    for _ in 0..3 {
        buyer.ask(url, Route::Chat, &chat("words 9")).await;
    }
    let owed = buyer.paid;
    let next = buyer.voucher(Route::Chat, &chat("words 9"), 10_000);
    type Change = fn(&mut Voucher);
    let changes: [(&str, Change); 3] = [
        ("expires_early", |voucher| voucher.expires = 0),
        ("expires_early", |voucher| voucher.expires = 99_999),
        ("above_per_use", |voucher| voucher.maximum = 1_000_001),
    ];
    for (expected, change) in changes {
        let mut worthless = next;
        change(&mut worthless);
        let response = buyer.ask_receipt(url, &buyer.sign(worthless)).await;
        assert_eq!(code(response).await, expected);
    }
    // One that is as good is taken, and what is due is claimed with the one that covers it.
    let response = buyer.ask_receipt(url, &buyer.sign(next)).await;
    let receipt = receipt_of(&response).unwrap();
    assert_eq!(
        (receipt.receipt.amount, receipt.receipt.cumulative),
        (0, owed)
    );
    market.chain.edit(CHANNEL, |channel| {
        channel.state = ChannelState::Closing { until: 1_008 }
    });
    let chain = market.chain.clone();
    until("it is redeemed", || chain.redeemed(CHANNEL, 0) == owed).await;
    let lane = chain.info(CHANNEL).sessions[0].redeemed[0];
    assert_eq!(
        lane.nonce, 3,
        "with the voucher of the last request that cost something"
    );
    market.gateway.stop().await;
}

#[tokio::test]
async fn claims_that_are_refused_keep_no_others_waiting_and_are_not_made_again_at_once() {
    const HONEST: u64 = 12;
    let market = Market::start().await;
    let chain = market.chain.clone();
    chain.channel(HONEST, CHAT, &key("Alice"), &key("Dave"), 1_000_000, 8);
    market.gateway.stop().await;
    chain.change(|state| state.max_claims = 2);
    let config = gateway_config(
        market.dir.path(),
        &key("Bob"),
        &key("Charlie"),
        &market.engine.url,
        &[(CHAT, "tiny/1")],
    );
    let gateway = run_gateway(&chain, config).await;
    let body = chat("words 2");
    let mut owed = 0;
    for (channel, lane) in [(CHANNEL, 0), (CHANNEL, 1), (HONEST, 0), (HONEST, 1)] {
        let mut buyer = Buyer::new(lane);
        buyer.channel = channel;
        let mut voucher = buyer.voucher(Route::Chat, &body, 10_000);
        if channel == CHANNEL {
            voucher.expires = 50_000;
        }
        let response = buyer
            .send(&gateway.url, Route::Chat, &body, &buyer.sign(voucher))
            .await;
        let receipt = receipt_of(&response).unwrap();
        if channel == HONEST {
            owed += receipt.receipt.amount;
        }
    }
    // The chain refuses all claims of one channel, and they are the most urgent ones.
    chain.edit(CHANNEL, |channel| channel.sessions[0].limits.per_use = 1);
    chain.change(|state| state.tick = 49_995);
    until("the others are paid", || {
        chain.redeemed(HONEST, 0) + chain.redeemed(HONEST, 1) == owed
    })
    .await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let state = chain.state();
    assert_eq!(state.refused, ["AbovePerUse", "AbovePerUse"], "once each");
    assert_eq!(state.redemptions, [2, 2]);
    gateway.stop().await;
}

#[tokio::test]
async fn members_that_are_not_paid_for_reach_no_engine() {
    let market = Market::start().await;
    let url = &market.gateway.url;
    let mut buyer = Buyer::new(0);
    let remote = r#"{"model":"tiny/1","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://127.0.0.1/a"}}]}]}"#;
    let bodies = [
        chat("words 1").replace(
            "\"messages\"",
            "\"max_tokens\":1,\"n_predict\":100000,\"messages\"",
        ),
        chat("words 1").replace("\"messages\"", "\"service_tier\":\"priority\",\"messages\""),
        remote.to_owned(),
    ];
    for body in &bodies {
        let signed = buyer.sign(buyer.voucher(Route::Chat, body, 10_000));
        let response = buyer.send(url, Route::Chat, body, &signed).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{body}");
    }
    assert_eq!(market.engine.seen.count(), 0);
    buyer.ask(url, Route::Chat, &chat("words 1")).await;
    market.gateway.stop().await;
    // A service that lists one answers for it.
    let listing = Market::start_with(|config| {
        config.services[0].passes.members = vec!["n_predict".to_owned()];
    })
    .await;
    let mut buyer = Buyer::new(0);
    buyer
        .ask(&listing.gateway.url, Route::Chat, &bodies[0])
        .await;
    assert_eq!(listing.engine.seen.bodies()[0]["n_predict"], 100_000);
    listing.gateway.stop().await;
}

#[tokio::test]
async fn a_stream_does_not_outlast_the_voucher_that_pays_for_it() {
    let market = Market::start().await;
    let buyer = Buyer::new(0);
    let body = chat_stream("slow 400", false);
    let mut voucher = buyer.voucher(Route::Chat, &body, 10_000);
    voucher.expires = 1_012;
    let response = buyer
        .send(
            &market.gateway.url,
            Route::Chat,
            &body,
            &buyer.sign(voucher),
        )
        .await;
    assert_eq!(response.status(), StatusCode::OK);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let chain = market.chain.clone();
    chain.change(|state| state.tick = 1_007);
    let (data, _, receipt) = taken_apart(&response.bytes().await.unwrap());
    let last: Value = serde_json::from_str(data.last().unwrap()).unwrap();
    assert_eq!(last["error"]["code"], "too_late");
    let owed = receipt.unwrap().receipt.cumulative;
    assert!(owed > 0);
    until("it is redeemed in time", || {
        chain.redeemed(CHANNEL, 0) == owed
    })
    .await;
    market.gateway.stop().await;
}

#[tokio::test]
async fn what_is_owed_to_a_key_and_a_service_of_before_is_redeemed() {
    let market = Market::start().await;
    let mut buyer = Buyer::new(0);
    let body = chat("words 5");
    let voucher = buyer.voucher(Route::Chat, &body, 10_000);
    let signed = buyer.sign(voucher);
    let (_, _, receipt) = buyer.ask(&market.gateway.url, Route::Chat, &body).await;
    let owed = receipt.receipt.cumulative;
    market.gateway.stop().await;
    let mut config = gateway_config(
        market.dir.path(),
        &key("Bob"),
        &key("Ferdie"),
        &market.engine.url,
        &[(EMBEDDING, "embed/1")],
    );
    config.old_service_keys = vec![key("Charlie")];
    let again = run_gateway(&market.chain, config).await;
    // Its receipt is given still, and nothing new is signed.
    let response = buyer.ask_receipt(&again.url, &signed).await;
    assert_eq!(receipt_of(&response), Some(receipt));
    let next = buyer.sign(buyer.voucher(Route::Chat, &body, 10_000));
    let response = buyer.ask_receipt(&again.url, &next).await;
    assert_eq!(code(response).await, "service_unknown");
    market.chain.edit(CHANNEL, |channel| {
        channel.state = ChannelState::Closing { until: 1_008 }
    });
    let chain = market.chain.clone();
    until("it is redeemed", || chain.redeemed(CHANNEL, 0) == owed).await;
    again.stop().await;
}

#[tokio::test]
async fn strangers_that_go_on_with_bad_vouchers_are_barred() {
    let market = Market::start().await;
    let buyer = Buyer::new(0);
    let body = chat("words 1");
    let good = buyer.voucher(Route::Chat, &body, 10_000);
    let mut random = good;
    let mut refused = 0;
    loop {
        random.channel += 1_000;
        let signed = match refused % 2 {
            0 => SignedVoucher::sign(&key("Eve"), &GENESIS, good),
            _ => buyer.sign(random),
        };
        let asking = buyer
            .client
            .post(format!("{}{}", market.gateway.url, Route::Chat.path()))
            .header("content-type", "application/json")
            .header(noema_compute::wire::VOUCHER_HEADER, signed.to_text())
            .body(body.clone());
        match asking.send().await {
            Ok(answer) => assert_eq!(answer.status(), StatusCode::PAYMENT_REQUIRED),
            Err(_) => break,
        }
        refused += 1;
        assert!(refused < 5_000, "it goes on without end");
    }
    assert!(refused >= 100, "barred after {refused}");
    market.gateway.stop().await;
}

/// Works for ever, or breaks.
struct Bad(bool);

#[async_trait]
impl Engine for Bad {
    async fn answer(&self, _: EngineRequest) -> Result<EngineAnswer, EngineError> {
        assert!(!self.0, "it panics");
        Err(EngineError::Timeout { seconds: 1 })
    }
}

#[tokio::test]
async fn whoever_keeps_an_engine_busy_for_nothing_waits_before_it_may_again() {
    let market = Market::start_with(|config| {
        config.services[0].behind = Behind::Engine(Arc::new(Bad(false)));
    })
    .await;
    let url = &market.gateway.url;
    let mut buyer = Buyer::new(0);
    let body = chat("words 1");
    let (status, _, receipt) = buyer.ask(url, Route::Chat, &body).await;
    assert_eq!(
        (status, receipt.receipt.amount),
        (StatusCode::BAD_GATEWAY, 0)
    );
    let signed = buyer.sign(buyer.voucher(Route::Chat, &body, 10_000));
    let response = buyer.send(url, Route::Chat, &body, &signed).await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(code(response).await, "too_costly");
    let mut other = Buyer::for_embeddings(0);
    let embed = r#"{"model":"embed/1","input":"a"}"#;
    let (status, ..) = other.ask(url, Route::Embeddings, embed).await;
    assert_eq!(status, StatusCode::OK, "another channel");
    market.gateway.stop().await;
}

#[tokio::test]
async fn an_engine_that_panics_leaves_its_lane_free() {
    let market = Market::start_with(|config| {
        config.services[0].behind = Behind::Engine(Arc::new(Bad(true)));
    })
    .await;
    let mut buyer = Buyer::new(0);
    for _ in 0..2 {
        let (status, _, receipt) = buyer
            .ask(&market.gateway.url, Route::Chat, &chat("words 1"))
            .await;
        assert_eq!(
            (status, receipt.receipt.amount),
            (StatusCode::BAD_GATEWAY, 0)
        );
    }
    market.gateway.stop().await;
}
