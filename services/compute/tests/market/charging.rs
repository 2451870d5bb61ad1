//! What a gateway charges: by the engine's count, within the maximum, and for what was produced when somebody goes away.

use std::{sync::atomic::Ordering, time::Duration};

use futures::StreamExt;
use noema_compute::{openai::Route, wire::VOUCHER_HEADER};
use noema_compute_primitives::Usage;
use reqwest::StatusCode;
use serde_json::{json, Value};

use crate::harness::*;

fn tokens(input: u64, cached: u64, output: u64) -> Usage {
    Usage::Tokens {
        input,
        cached,
        output,
    }
}

#[tokio::test]
async fn chat_is_answered_with_a_receipt_for_what_the_engine_counts() {
    let market = Market::start().await;
    let mut buyer = Buyer::new(0);
    let (status, answer, receipt) = buyer
        .ask(&market.gateway.url, Route::Chat, &chat("words 5"))
        .await;
    assert_eq!(status, StatusCode::OK);
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(
        answer["choices"][0]["message"]["content"],
        "word word word word word "
    );
    assert_eq!(receipt.receipt.usage, tokens(10, 0, 5));
    assert_eq!(receipt.receipt.amount, 20);
    let (_, _, receipt) = buyer
        .ask(&market.gateway.url, Route::Chat, &chat("cached 5"))
        .await;
    assert_eq!(receipt.receipt.usage, tokens(6, 4, 5));
    assert_eq!(receipt.receipt.cumulative, 20 + 17);
    let body = market.engine.seen.bodies().pop().unwrap();
    assert!(body["max_tokens"].as_u64().unwrap() > 1_000, "{body}");
    market.gateway.stop().await;
}

#[tokio::test]
async fn streams_end_with_a_receipt_and_tell_the_usage_only_to_who_asks() {
    let market = Market::start().await;
    let mut buyer = Buyer::new(0);
    let (data, receipt) = buyer
        .stream(&market.gateway.url, &chat_stream("words 4", false))
        .await;
    assert_eq!(data.last().unwrap(), "[DONE]");
    assert_eq!(data.len(), 6, "{data:?}");
    assert!(data[..5].iter().all(|data| !data.contains("prompt_tokens")));
    assert_eq!(receipt.receipt.usage, tokens(10, 0, 4));
    let (data, receipt) = buyer
        .stream(&market.gateway.url, &chat_stream("words 4", true))
        .await;
    assert_eq!(data.len(), 7);
    let usage: Value = serde_json::from_str(&data[5]).unwrap();
    assert_eq!(
        (&usage["choices"], &usage["usage"]["completion_tokens"]),
        (&json!([]), &json!(4))
    );
    assert_eq!(receipt.receipt.cumulative, 36);
    market.gateway.stop().await;
}

#[tokio::test]
async fn embeddings_tools_and_errors_of_the_engine_pass_through() {
    let market = Market::start().await;
    let mut buyer = Buyer::for_embeddings(0);
    let body = r#"{"model":"embed/1","input":["a","b","c"]}"#;
    let (_, answer, receipt) = buyer
        .ask(&market.gateway.url, Route::Embeddings, body)
        .await;
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer["data"].as_array().unwrap().len(), 3);
    assert_eq!(receipt.receipt.usage, tokens(21, 0, 0));

    let mut buyer = Buyer::new(0);
    let tool = r#"{"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{"z":{},"a":{}}}}}"#;
    let body =
        format!(r#"{{"model":"tiny/1","messages":[],"tools":[{tool}],"tool_choice":"auto"}}"#);
    let (_, answer, _) = buyer.ask(&market.gateway.url, Route::Chat, &body).await;
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(
        answer["choices"][0]["message"]["tool_calls"][0]["function"]["name"],
        "weather"
    );
    let sent = market.engine.seen.requests.lock().unwrap().pop().unwrap();
    let sent = String::from_utf8(sent.2.to_vec()).unwrap();
    assert!(sent.contains(tool), "the order of members is kept: {sent}");

    let (status, answer, receipt) = buyer
        .ask(&market.gateway.url, Route::Chat, &chat("fail 422"))
        .await;
    assert_eq!((status.as_u16(), receipt.receipt.amount), (422, 0));
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer["error"]["code"], "no");
    for hidden in ["fail 500", "fail 401", "fail 404"] {
        let (status, answer, receipt) = buyer
            .ask(&market.gateway.url, Route::Chat, &chat(hidden))
            .await;
        assert_eq!(
            (status, receipt.receipt.amount),
            (StatusCode::BAD_GATEWAY, 0),
            "{hidden}"
        );
        assert!(!String::from_utf8_lossy(&answer).contains("127.0.0.1"));
    }
    market.gateway.stop().await;
}

#[tokio::test]
async fn an_engine_that_counts_nothing_is_metered_and_never_above_what_was_asked() {
    let market = Market::start().await;
    let mut buyer = Buyer::new(0);
    let body = chat("silent 5");
    let (_, answer, receipt) = buyer.ask(&market.gateway.url, Route::Chat, &body).await;
    let told = noema_compute::openai::usage_of(&answer);
    assert_eq!(
        told,
        Some(receipt.receipt.usage),
        "whoever pays sees for what"
    );
    let without = answer
        .windows(9)
        .position(|at| at == b",\"usage\":")
        .unwrap()
        + 1;
    let expected = tokens(body.len().div_ceil(4) as u64, 0, without.div_ceil(4) as u64);
    assert_eq!(receipt.receipt.usage, expected);
    let (data, receipt) = buyer
        .stream(&market.gateway.url, &chat_stream("silent 5", true))
        .await;
    let told: Value = serde_json::from_str(&data[data.len() - 2]).unwrap();
    assert_eq!(told["usage"]["completion_tokens"], 5);
    let body = chat_stream("silent 5", true);
    assert_eq!(
        receipt.receipt.usage,
        tokens(body.len().div_ceil(4) as u64, 0, 5)
    );
    let body = chat_stream("silent 5", false)
        .replace("\"stream\":true", "\"stream\":true,\"max_tokens\":3");
    let (data, receipt) = buyer.stream(&market.gateway.url, &body).await;
    assert_eq!(data.last().unwrap(), "[DONE]");
    assert_eq!(
        receipt.receipt.usage,
        tokens(body.len().div_ceil(4) as u64, 0, 3)
    );
    market.gateway.stop().await;
}

#[tokio::test]
async fn the_maximum_bounds_the_work_and_the_charge() {
    let market = Market::start().await;
    let mut buyer = Buyer::new(0);
    let body = chat("words 500");
    // What the input can cost, and seven tokens of output.
    let maximum = body.len() as u128 + 1024 + 7 * 2;
    let voucher = buyer.voucher(Route::Chat, &body, maximum);
    let response = buyer
        .send(
            &market.gateway.url,
            Route::Chat,
            &body,
            &buyer.sign(voucher),
        )
        .await;
    let receipt = receipt_of(&response).unwrap();
    assert_eq!(receipt.receipt.usage, tokens(10, 0, 7));
    buyer.settle(&receipt);
    let too_little = buyer.voucher(Route::Chat, &body, body.len() as u128 + 1024 + 1);
    let response = buyer
        .send(
            &market.gateway.url,
            Route::Chat,
            &body,
            &buyer.sign(too_little),
        )
        .await;
    assert_eq!(response.status(), StatusCode::PAYMENT_REQUIRED);
    let error: Value = response.json().await.unwrap();
    assert_eq!(error["error"]["code"], "maximum_too_low");
    assert_eq!(market.engine.seen.count(), 1);
    market.gateway.stop().await;
}

#[tokio::test]
async fn a_stream_that_breaks_ends_with_an_error_and_a_receipt_for_what_came() {
    let market = Market::start().await;
    let mut buyer = Buyer::new(0);
    let body = chat_stream("break 3", false);
    let (data, receipt) = buyer.stream(&market.gateway.url, &body).await;
    assert_eq!(data.len(), 4);
    let error: Value = serde_json::from_str(&data[3]).unwrap();
    assert_eq!(error["error"]["type"], "server_error");
    assert_eq!(
        receipt.receipt.usage,
        tokens(body.len().div_ceil(4) as u64, 0, 3)
    );
    // The lane goes on.
    buyer
        .ask(&market.gateway.url, Route::Chat, &chat("words 1"))
        .await;
    market.gateway.stop().await;
}

#[tokio::test]
async fn a_client_that_hangs_up_is_charged_for_what_was_produced_and_the_engine_stops() {
    let market = Market::start().await;
    let mut buyer = Buyer::new(0);
    let body = chat_stream("slow 400", false);
    let voucher = buyer.voucher(Route::Chat, &body, 10_000);
    let signed = buyer.sign(voucher);
    let response = buyer
        .send(&market.gateway.url, Route::Chat, &body, &signed)
        .await;
    let mut pieces = response.bytes_stream();
    let mut came = Vec::new();
    while came.iter().filter(|byte| **byte == b'\n').count() < 12 {
        came.extend(pieces.next().await.unwrap().unwrap());
    }
    drop(pieces);
    let receipt = loop {
        let response = buyer.ask_receipt(&market.gateway.url, &signed).await;
        if let Some(receipt) = receipt_of(&response) {
            break receipt;
        }
        assert_eq!(response.status(), StatusCode::CONFLICT);
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    noema_compute::receipts::check_unseen(&buyer.asked(&voucher, &body), &receipt).unwrap();
    let Usage::Tokens { output, .. } = receipt.receipt.usage else {
        panic!("tokens");
    };
    assert!((5..100).contains(&output), "{output}");
    assert!(receipt.receipt.amount > 0);
    let taken = market.engine.seen.pieces.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(
        market.engine.seen.pieces.load(Ordering::SeqCst) <= taken + 2,
        "the engine goes on"
    );
    buyer.settle(&receipt);
    buyer
        .ask(&market.gateway.url, Route::Chat, &chat("words 1"))
        .await;
    market.gateway.stop().await;
}

#[tokio::test]
async fn a_client_that_hangs_up_before_the_usage_is_charged_by_it_all_the_same() {
    let market = Market::start().await;
    let mut buyer = Buyer::new(0);
    let body = chat_stream("slow 5", false);
    let voucher = buyer.voucher(Route::Chat, &body, 10_000);
    let signed = buyer.sign(voucher);
    let response = buyer
        .send(&market.gateway.url, Route::Chat, &body, &signed)
        .await;
    let mut pieces = response.bytes_stream();
    let mut came = Vec::new();
    while !String::from_utf8_lossy(&came).contains("\"stop\"") {
        came.extend(pieces.next().await.unwrap().unwrap());
    }
    drop(pieces);
    let receipt = loop {
        let response = buyer.ask_receipt(&market.gateway.url, &signed).await;
        match receipt_of(&response) {
            Some(receipt) => break receipt,
            None => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    assert_eq!(receipt.receipt.usage, tokens(10, 0, 5));
    buyer.settle(&receipt);
    market.gateway.stop().await;
}

#[tokio::test]
async fn a_client_that_leaves_a_whole_answer_pays_for_the_whole() {
    let market = Market::start().await;
    let mut buyer = Buyer::new(0);
    let body = chat("slow 20");
    let voucher = buyer.voucher(Route::Chat, &body, 10_000);
    let signed = buyer.sign(voucher);
    let left = tokio::time::timeout(
        Duration::from_millis(100),
        buyer.send(&market.gateway.url, Route::Chat, &body, &signed),
    );
    assert!(left.await.is_err());
    let receipt = loop {
        let response = buyer.ask_receipt(&market.gateway.url, &signed).await;
        match receipt_of(&response) {
            Some(receipt) => break receipt,
            None => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    assert_eq!(receipt.receipt.usage, tokens(10, 0, 20));
    buyer.settle(&receipt);
    market.gateway.stop().await;
}

#[tokio::test]
async fn the_engine_gets_its_own_key_and_nothing_of_the_clients_headers() {
    let market = Market::start().await;
    let buyer = Buyer::new(0);
    let body = chat("words 1");
    let signed = buyer.sign(buyer.voucher(Route::Chat, &body, 10_000));
    let response = buyer
        .client
        .post(format!("{}/v1/chat/completions", market.gateway.url))
        .header("content-type", "application/json; charset=utf-8")
        .header(VOUCHER_HEADER, signed.to_text())
        .header("authorization", "Bearer client")
        .header("x-forwarded-host", "evil")
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["noema-verification"], "unverified");
    let (line, headers, _) = market.engine.seen.requests.lock().unwrap().pop().unwrap();
    assert_eq!(line, "POST /v1/chat/completions");
    assert_eq!(headers["authorization"], "Bearer engine-secret");
    assert!(!headers.contains_key(VOUCHER_HEADER) && !headers.contains_key("x-forwarded-host"));
    market.gateway.stop().await;
}
