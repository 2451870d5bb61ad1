//! What a gateway redeems, and when; and that it goes on where it was.

use std::time::Duration;

use noema_compute::{chain::ChannelState, openai::Route};
use serde_json::Value;

use crate::harness::*;

#[tokio::test]
async fn revoked_sessions_and_closing_channels_get_no_more_work_and_are_redeemed_in_time() {
    let market = Market::start().await;
    let url = market.gateway.url.clone();
    let body = chat("words 2");
    let (mut first, mut second) = (Buyer::new(0), Buyer::new(1));
    first.ask(&url, Route::Chat, &body).await;
    second.ask(&url, Route::Chat, &body).await;
    assert_eq!(market.chain.redeemed(CHANNEL, 0), 0);
    market.chain.edit(CHANNEL, |channel| {
        channel.sessions[0].revoked = true;
        channel.sessions[0].ends = 1_100;
    });
    let signed = first.sign(first.voucher(Route::Chat, &body, 10_000));
    let chain = market.chain.clone();
    // Until the gateway has seen it, the voucher is good, once.
    let mut code = String::new();
    for _ in 0..500 {
        let response = first.send(&url, Route::Chat, &body, &signed).await;
        let answer: Value = response.json().await.unwrap();
        code = answer["error"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        if code == "session_revoked" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(code, "session_revoked");
    chain.change(|state| state.tick = 1_095);
    until("what is due is redeemed", || {
        chain.redeemed(CHANNEL, 0) > 0 && chain.redeemed(CHANNEL, 1) == 14
    })
    .await;
    let state = chain.state();
    assert_eq!(state.redemptions.len(), 1, "in one call");
    assert!(state.refused.is_empty(), "{:?}", state.refused);
    market.gateway.stop().await;
}

#[tokio::test]
async fn a_closing_channel_is_redeemed_before_its_lock_ends() {
    let market = Market::start().await;
    let mut buyer = Buyer::new(3);
    let (_, _, receipt) = buyer
        .ask(&market.gateway.url, Route::Chat, &chat("words 9"))
        .await;
    market.chain.edit(CHANNEL, |channel| {
        channel.state = ChannelState::Closing { until: 1_008 }
    });
    let chain = market.chain.clone();
    until("it is redeemed", || {
        chain.redeemed(CHANNEL, 3) == receipt.receipt.cumulative
    })
    .await;
    // When it is settled, nothing of it is kept.
    market.chain.edit(CHANNEL, |channel| {
        channel.state = ChannelState::Settled { at: 1_008 }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    market.gateway.stop().await;
    assert_eq!(chain.redeemed(CHANNEL, 3), receipt.receipt.cumulative);
}

#[tokio::test]
async fn many_lanes_of_many_requests_are_redeemed_in_one_call_to_the_unit() {
    let market = Market::start_with(|config| config.redeem.at = 8 * 50 * 11).await;
    let url = market.gateway.url.clone();
    let lanes = (0..8u16).map(|lane| {
        let url = url.clone();
        async move {
            let mut buyer = Buyer::new(lane);
            for n in 0..50u64 {
                let body = chat(&format!("words {}", 1 + (n * 7 + u64::from(lane)) % 5));
                if n % 3 == 0 {
                    let body = chat_stream("words 2", n % 2 == 0);
                    buyer.stream(&url, &body).await;
                } else {
                    buyer.ask(&url, Route::Chat, &body).await;
                }
            }
            buyer.paid
        }
    });
    let owed = futures::future::join_all(lanes).await;
    let chain = market.chain.clone();
    let total: u128 = owed.iter().sum();
    // What came after the sum was reached waits.
    let redeemed = || {
        (0..8)
            .map(|lane| chain.redeemed(CHANNEL, lane))
            .sum::<u128>()
    };
    until("most is redeemed", || redeemed() >= 8 * 50 * 11).await;
    let at_first = chain.state().redemptions.len();
    chain.edit(CHANNEL, |channel| {
        channel.state = ChannelState::Closing { until: 1_005 }
    });
    until("the rest is", || redeemed() == total).await;
    assert!(chain.state().redemptions.len() <= at_first + 1);
    assert_eq!(chain.state().paid, [(key("Bob").account(), total)]);
    assert!(chain.state().refused.is_empty());
    market.gateway.stop().await;
}

#[tokio::test]
async fn a_gateway_that_is_stopped_answers_what_is_under_way_and_starts_again_where_it_was() {
    let market = Market::start().await;
    let mut buyer = Buyer::new(0);
    let body = chat_stream("slow 15", false);
    let voucher = buyer.voucher(Route::Chat, &body, 10_000);
    let response = buyer
        .send(
            &market.gateway.url,
            Route::Chat,
            &body,
            &buyer.sign(voucher),
        )
        .await;
    market.gateway.stop.cancel();
    let text = response.bytes().await.unwrap();
    let (data, check, receipt) = taken_apart(&text);
    let receipt = receipt.unwrap();
    check
        .finish(&buyer.asked(&voucher, &body), &receipt)
        .unwrap();
    assert_eq!(data.last().unwrap(), "[DONE]");
    buyer.settle(&receipt);
    market.gateway.task.await.unwrap();
    let config = gateway_config(
        market.dir.path(),
        &key("Bob"),
        &key("Charlie"),
        &market.engine.url,
        &[(CHAT, "tiny/1")],
    );
    let again = run_gateway(&market.chain, config).await;
    buyer.ask(&again.url, Route::Chat, &chat("words 1")).await;
    again.stop().await;
}
