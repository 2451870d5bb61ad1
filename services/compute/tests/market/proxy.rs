//! An application and the proxy over HTTP: answers, streams, errors, cancellation, and who is answered at all.

use std::time::Duration;

use futures::StreamExt;
use noema_compute::{wire::RECEIPT_HEADER, SignedReceipt};
use reqwest::StatusCode;
use serde_json::{json, Value};

use crate::{bench::*, harness::*};

#[tokio::test]
async fn an_openai_client_gets_chat_streams_embeddings_tools_and_models() {
    let bench = Bench::start().await;
    let response = bench.post("/chat/completions", chat("words 4")).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["noema-verification"], "unverified");
    assert_eq!(
        response.headers()["noema-provider"],
        key("Bob").account().to_string()
    );
    let receipt = SignedReceipt::from_text(response.headers()[RECEIPT_HEADER].as_bytes()).unwrap();
    assert_eq!(receipt.receipt.amount, 18);
    let answer: Value = response.json().await.unwrap();
    assert_eq!(answer["usage"]["completion_tokens"], 4);

    let response = bench
        .post("/chat/completions", chat_stream("words 3", true))
        .await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let data = data(&response.bytes().await.unwrap());
    assert_eq!(data.last().unwrap(), "[DONE]");
    let usage: Value = serde_json::from_str(&data[data.len() - 2]).unwrap();
    assert_eq!(usage["usage"]["total_tokens"], 13);

    // The proxy asks for the usage itself; a program that did not is not told.
    let response = bench
        .post("/chat/completions", chat_stream("words 3", false))
        .await;
    let data = crate::bench::data(&response.bytes().await.unwrap());
    assert_eq!(data.last().unwrap(), "[DONE]");
    assert!(data.iter().all(|piece| !piece.contains("total_tokens")));
    let sent = bench.market.engine.seen.bodies().pop().unwrap();
    assert_eq!(sent["stream_options"]["include_usage"], true);

    let response = bench
        .post(
            "/embeddings",
            r#"{"model":"embed/1","input":"hello","encoding_format":"float"}"#,
        )
        .await;
    let answer: Value = response.json().await.unwrap();
    assert_eq!(answer["data"][0]["embedding"], json!([0.5, -0.25]));

    let tools = r#"{"model":"tiny/1","messages":[],"tools":[{"type":"function","function":{"name":"weather"}}]}"#;
    let answer: Value = bench
        .post("/chat/completions", tools)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(answer["choices"][0]["finish_reason"], "tool_calls");

    let list: Value = bench
        .client
        .get(format!("{}/models", bench.proxy.url))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let names: Vec<_> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["id"].clone())
        .collect();
    assert_eq!(names, ["embed/1", "tiny/1"]);
    assert_eq!(list["data"][1]["noema"][0]["verification"], "unverified");
    let one = bench
        .client
        .get(format!("{}/models/tiny/1", bench.proxy.url))
        .send()
        .await
        .unwrap();
    assert_eq!(one.status(), StatusCode::OK);
    assert_eq!(bench.health().await["promised"], "0");
    bench.stop().await;
}

#[tokio::test]
async fn errors_are_typed_as_clients_expect_them() {
    let bench = Bench::start().await;
    for (body, status, kind, param) in [
        ("{", 400, "invalid_request_error", Value::Null),
        (
            r#"{"messages":[]}"#,
            400,
            "invalid_request_error",
            json!("model"),
        ),
        (
            r#"{"model":"tiny/1","n":0}"#,
            400,
            "invalid_request_error",
            json!("n"),
        ),
        (
            r#"{"model":"nobody/1","messages":[]}"#,
            404,
            "invalid_request_error",
            json!("model"),
        ),
    ] {
        let response = bench.post("/chat/completions", body).await;
        assert_eq!(response.status().as_u16(), status, "{body}");
        let error: Value = response.json().await.unwrap();
        assert_eq!(
            (&error["error"]["type"], &error["error"]["param"]),
            (&json!(kind), &param),
            "{error}"
        );
        assert!(error["error"]["message"].is_string());
    }
    // What the engine says of the request reaches the application.
    let response = bench.post("/chat/completions", chat("fail 422")).await;
    assert_eq!(response.status().as_u16(), 422);
    let response = bench.post("/nothing", "").await;
    assert_eq!(response.status().as_u16(), 404);
    let response = bench
        .client
        .get(format!("{}/chat/completions", bench.proxy.url))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status().as_u16(), 405);
    bench.stop().await;
}

#[tokio::test]
async fn a_request_that_is_cancelled_costs_what_was_produced_and_its_lane_goes_on() {
    let bench = Bench::start().await;
    let response = bench
        .post("/chat/completions", chat_stream("slow 400", false))
        .await;
    let mut pieces = response.bytes_stream();
    let mut came = 0;
    while came < 900 {
        came += pieces.next().await.unwrap().unwrap().len();
    }
    drop(pieces);
    let mut last = Value::Null;
    for _ in 0..500 {
        last = bench.health().await;
        if last["receipts_awaited"] == 0 && last["promised"] == "0" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(last["promised"], "0", "{last}");
    let spent: u128 = last["spent"].as_str().unwrap().parse().unwrap();
    assert!((20..400).contains(&spent), "{spent}");
    assert_eq!(last["liars"], json!([]));
    for _ in 0..10 {
        assert_eq!(
            bench
                .post("/chat/completions", chat("words 1"))
                .await
                .status(),
            StatusCode::OK
        );
    }
    bench.stop().await;
}

#[tokio::test]
async fn pages_and_foreign_names_are_not_answered() {
    let bench = Bench::start().await;
    let url = format!("{}/chat/completions", bench.proxy.url);
    for (name, value) in [
        ("host", "evil.example"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        let response = bench
            .client
            .post(&url)
            .header(name, value)
            .body(chat("words 1"))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{name} {value}");
    }
    let response = bench
        .client
        .post(&url)
        .header("origin", "http://localhost:3000")
        .body(chat("words 1"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(bench.market.engine.seen.count(), 1);
    bench.stop().await;
}

#[tokio::test]
async fn the_proxy_does_not_answer_where_others_reach_it() {
    let market = Market::start().await;
    let dir = tempfile::tempdir().unwrap();
    let mut config = proxy_config(dir.path());
    config.listen = "0.0.0.0:0".parse().unwrap();
    let chain = market.chain.signed_by(config.payer);
    let refused = noema_compute::proxy::run(chain, config, Default::default(), |_| {}).await;
    assert!(matches!(
        refused,
        Err(noema_compute::proxy::ProxyError::NotLoopback(_))
    ));
    market.gateway.stop().await;
}
