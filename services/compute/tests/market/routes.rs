//! Nothing of the gateway is reached without payment but what is listed: every method, many paths, encodings and header tricks, over raw connections.

use crate::harness::*;
use noema_compute::{openai::Route, wire::VOUCHER_HEADER};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What anybody may ask.
const PUBLIC: [&str; 4] = ["/v1/models", "/v1/info", "/v1/health", "/metrics"];

/// Sends bytes as they are and returns what comes until the connection ends.
async fn raw(url: &str, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://"))
        .await
        .unwrap();
    // A server may hang up on what it does not like.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let reading = tokio::time::timeout(
        std::time::Duration::from_secs(5),
        stream.read_to_end(&mut answer),
    );
    let _ = reading.await;
    answer
}

fn status(answer: &[u8]) -> u16 {
    let text = String::from_utf8_lossy(answer);
    text.split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0)
}

fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("{method} {target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    text.into_bytes()
}

/// What it is, headers, path, body.
type Trick<'a> = (&'a str, Vec<(&'a str, &'a str)>, &'a str, &'a str);

const JSON: (&str, &str) = ("content-type", "application/json");

/// As many faults as one peer may make at once; then the gateway is not asked any more, which would prove nothing.
const BEFORE_BARRED: usize = 100;

#[tokio::test]
async fn no_method_path_or_encoding_reaches_the_engine_without_a_voucher() {
    let market = Market::start().await;
    let body = chat("words 1");
    let methods = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND",
        "post", "X",
    ];
    let paths = [
        "/v1/chat/completions",
        "/v1/chat/completions/",
        "/v1/chat/completions?x=1",
        "/v1/chat/completions?",
        "/v1/chat/completions#a",
        "/v1/chat%2Fcompletions",
        "/v1/chat/%63ompletions",
        "//v1/chat/completions",
        "/v1//chat/completions",
        "/v1/./chat/completions",
        "/v1/models/../chat/completions",
        "/v1/chat/completions;a=b",
        "/v1/chat/completions%00",
        "/v1/chat/completions%20",
        "/V1/CHAT/COMPLETIONS",
        "/v1/embeddings",
        "/v1/embeddings/",
        "/v1/embeddings?model=x",
        "/v1/receipt",
        "/v1/receipt/",
        "/v1/receipt?voucher=x",
        "/v1/completions",
        "/v1/responses",
        "/v1/images/generations",
        "/v1/audio/speech",
        "/v1/moderations",
        "/v1/models/tiny",
        "/v1/files",
        "/v1/proxy/chat/completions",
        "/v1/settle",
        "/v1/user",
        "/v1/request",
        "/v1/quote",
        "/v1/service",
        "/chat/completions",
        "/",
        "/v1",
        "/admin",
        "/debug/pprof",
        "/.env",
        "*",
        "http://engine/v1/chat/completions",
        "/v1/models",
        "/v1/info",
        "/v1/health",
        "/metrics",
    ];
    let mut gateway = None;
    let mut asked = 0;
    for method in methods {
        for path in paths {
            // A fresh gateway now and then: whoever makes too many faults is not answered any more.
            if asked % BEFORE_BARRED == 0 {
                if let Some(running) = gateway.take() {
                    let running: Running = running;
                    running.stop().await;
                }
                let dir = tempfile::tempdir().unwrap();
                let config = gateway_config(
                    dir.path(),
                    &key("Bob"),
                    &key("Charlie"),
                    &market.engine.url,
                    &[(CHAT, "tiny/1"), (EMBEDDING, "embed/1")],
                );
                gateway = Some(run_gateway(&market.chain, config).await);
            }
            asked += 1;
            let url = &gateway.as_ref().unwrap().url;
            let answer = raw(url, &request(method, path, &[JSON], &body)).await;
            let found = status(&answer);
            let public = PUBLIC.contains(&path) && matches!(method, "GET" | "HEAD");
            let preflight = method == "OPTIONS";
            let expected: &[u16] = match (public, preflight) {
                (true, _) => &[200],
                (_, true) => &[200, 400],
                _ => &[400, 402, 404, 405, 0],
            };
            assert!(
                expected.contains(&found),
                "{method} {path}: {}",
                String::from_utf8_lossy(&answer)
            );
            if preflight {
                assert!(!String::from_utf8_lossy(&answer).contains("choices"));
            }
        }
    }
    if let Some(running) = gateway {
        running.stop().await;
    }
    assert_eq!(market.engine.seen.count(), 0);
    market.gateway.stop().await;
}

#[tokio::test]
async fn no_trick_with_headers_makes_one_voucher_pay_for_something_else() {
    let market = Market::start().await;
    let url = &market.gateway.url;
    let buyer = Buyer::new(0);
    let body = chat("words 1");
    let good = buyer
        .sign(buyer.voucher(Route::Chat, &body, 10_000))
        .to_text();
    let other = buyer
        .sign(buyer.voucher(Route::Chat, &body, 9_000))
        .to_text();
    let joined = format!("{good}, {other}");
    let padded = format!("{good}=");
    let tabbed = format!("\t{}\u{a0}", &good[..20]);
    let upper = good.to_uppercase();
    let tricks: Vec<Trick<'_>> = vec![
        (
            "two vouchers",
            vec![JSON, (VOUCHER_HEADER, &good), (VOUCHER_HEADER, &good)],
            "/v1/chat/completions",
            &body,
        ),
        (
            "two different vouchers",
            vec![JSON, (VOUCHER_HEADER, &good), (VOUCHER_HEADER, &other)],
            "/v1/chat/completions",
            &body,
        ),
        (
            "two in one header",
            vec![JSON, (VOUCHER_HEADER, &joined)],
            "/v1/chat/completions",
            &body,
        ),
        (
            "padding",
            vec![JSON, (VOUCHER_HEADER, &padded)],
            "/v1/chat/completions",
            &body,
        ),
        (
            "half a voucher",
            vec![JSON, (VOUCHER_HEADER, &tabbed)],
            "/v1/chat/completions",
            &body,
        ),
        (
            "another alphabet",
            vec![JSON, (VOUCHER_HEADER, &upper)],
            "/v1/chat/completions",
            &body,
        ),
        ("no voucher", vec![JSON], "/v1/chat/completions", &body),
        (
            "an empty one",
            vec![JSON, (VOUCHER_HEADER, "")],
            "/v1/chat/completions",
            &body,
        ),
        (
            "as authorisation",
            vec![JSON, ("authorization", &good)],
            "/v1/chat/completions",
            &body,
        ),
        (
            "underscores",
            vec![JSON, ("noema_voucher", &good)],
            "/v1/chat/completions",
            &body,
        ),
        (
            "another route",
            vec![JSON, (VOUCHER_HEADER, &good)],
            "/v1/embeddings",
            &body,
        ),
        (
            "another body",
            vec![JSON, (VOUCHER_HEADER, &good)],
            "/v1/chat/completions",
            "{}",
        ),
        (
            "a query",
            vec![JSON, (VOUCHER_HEADER, &good)],
            "/v1/chat/completions?x=1",
            &body,
        ),
        (
            "content coding",
            vec![JSON, (VOUCHER_HEADER, &good), ("content-encoding", "gzip")],
            "/v1/chat/completions",
            &body,
        ),
        (
            "another content",
            vec![("content-type", "text/plain"), (VOUCHER_HEADER, &good)],
            "/v1/chat/completions",
            &body,
        ),
        (
            "no content",
            vec![(VOUCHER_HEADER, &good)],
            "/v1/chat/completions",
            &body,
        ),
        (
            "method in a header",
            vec![
                JSON,
                ("x-http-method-override", "POST"),
                ("x-original-url", "/v1/chat/completions"),
            ],
            "/v1/models/x",
            &body,
        ),
        (
            "length and chunks",
            vec![
                JSON,
                (VOUCHER_HEADER, &good),
                ("transfer-encoding", "chunked"),
            ],
            "/v1/chat/completions",
            &body,
        ),
    ];
    for (trick, headers, path, body) in tricks {
        let answer = raw(url, &request("POST", path, &headers, body)).await;
        let found = status(&answer);
        assert!(
            (400..500).contains(&found) || found == 0,
            "{trick}: {}",
            String::from_utf8_lossy(&answer)
        );
        assert!(
            !String::from_utf8_lossy(&answer).contains("noema-receipt: "),
            "{trick}"
        );
    }
    // A second request hidden in the body of the first.
    let hidden = request("POST", "/v1/chat/completions", &[JSON], &body);
    let hidden = String::from_utf8(hidden).unwrap();
    let smuggled = request("GET", "/v1/health", &[], &hidden);
    let _ = raw(url, &smuggled).await;
    assert_eq!(market.engine.seen.count(), 0);
    // The voucher is as good as before.
    let answer = raw(
        url,
        &request(
            "POST",
            "/v1/chat/completions",
            &[JSON, (VOUCHER_HEADER, &good)],
            &body,
        ),
    )
    .await;
    assert_eq!(status(&answer), 200, "{}", String::from_utf8_lossy(&answer));
    assert_eq!(market.engine.seen.count(), 1);
    market.gateway.stop().await;
}

#[tokio::test]
async fn bodies_beyond_the_limit_are_refused_before_the_lane_is_touched() {
    let market = Market::start_with(|config| config.max_body = 2_000).await;
    let mut buyer = Buyer::new(0);
    let body = chat(&"a".repeat(3_000));
    let signed = buyer.sign(buyer.voucher(Route::Chat, &body, 100_000));
    let response = buyer
        .send(&market.gateway.url, Route::Chat, &body, &signed)
        .await;
    assert_eq!(response.status().as_u16(), 413);
    assert_eq!(market.engine.seen.count(), 0);
    buyer
        .ask(&market.gateway.url, Route::Chat, &chat("words 1"))
        .await;
    market.gateway.stop().await;
}

#[tokio::test]
async fn what_is_public_says_what_is_offered_and_how_it_can_be_checked() {
    let market = Market::start().await;
    let get = |path: &'static str| {
        let url = format!("{}{path}", market.gateway.url);
        async move { client().get(url).send().await.unwrap() }
    };
    let models: serde_json::Value = get("/v1/models").await.json().await.unwrap();
    assert_eq!(models["data"].as_array().unwrap().len(), 2);
    let info: serde_json::Value = get("/v1/info").await.json().await.unwrap();
    assert_eq!(info["services"][0]["verification"], "unverified");
    assert_eq!(info["routes"].as_array().unwrap().len(), 8);
    let text = get("/metrics").await.text().await.unwrap();
    assert!(text.contains("noema_gateway_requests_total"), "{text}");
    assert!(!text.contains("engine-secret"));
    market.gateway.stop().await;
}
