//! What applications may spend, and channels that are opened for them.

use noema_compute::proxy::{Application, OpeningPolicy, ProxyConfig};
use reqwest::StatusCode;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{bench::*, harness::*};

#[tokio::test]
async fn applications_have_keys_and_limits_that_survive_a_restart() {
    let applications = |config: &mut ProxyConfig| {
        config.applications = vec![
            Application {
                name: "editor".to_owned(),
                key_hash: Sha256::digest(b"sesame").into(),
                limit: Some(3_000),
            },
            Application {
                name: "shell".to_owned(),
                key_hash: Sha256::digest(b"mellon").into(),
                limit: None,
            },
        ];
    };
    let bench = Bench::start_with(applications).await;
    let ask = |url: String, bearer: &'static str, tokens: u64| {
        let body = chat("words 200").replace(
            "\"messages\"",
            &format!("\"max_tokens\":{tokens},\"messages\""),
        );
        let asking = bench
            .client
            .post(format!("{url}/chat/completions"))
            .header("authorization", format!("Bearer {bearer}"))
            .body(body);
        async move { asking.send().await.unwrap() }
    };
    let url = bench.proxy.url.clone();
    assert_eq!(
        ask(url.clone(), "wrong", 10).await.status(),
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        ask(url.clone(), "sesame", 200).await.status(),
        StatusCode::OK
    );
    // 410 are spent; what the next may cost is above what is left.
    let refused = ask(url.clone(), "sesame", 800).await;
    assert_eq!(refused.status(), StatusCode::PAYMENT_REQUIRED);
    let error: Value = refused.json().await.unwrap();
    assert_eq!(error["error"]["type"], "insufficient_quota");
    assert_eq!(
        ask(url.clone(), "mellon", 800).await.status(),
        StatusCode::OK
    );
    bench.proxy.stop().await;
    let mut config = proxy_config(bench.dir.path());
    applications(&mut config);
    let again = run_proxy(&bench.market.chain, config).await;
    assert_eq!(
        ask(again.url.clone(), "sesame", 800).await.status(),
        StatusCode::PAYMENT_REQUIRED
    );
    assert_eq!(
        ask(again.url.clone(), "sesame", 200).await.status(),
        StatusCode::OK
    );
    again.stop().await;
    bench.market.gateway.stop().await;
}

#[tokio::test]
async fn limits_of_a_request_and_of_all_are_kept() {
    let bench = Bench::start_with(|config| {
        config.spending.per_request = 4_000;
        config.spending.total = Some(5_000);
    })
    .await;
    let with = |tokens: u64| {
        chat("words 400").replace(
            "\"messages\"",
            &format!("\"max_tokens\":{tokens},\"messages\""),
        )
    };
    let refused = bench.post("/chat/completions", with(2_000)).await;
    assert_eq!(refused.status(), StatusCode::PAYMENT_REQUIRED);
    let mut good = 0;
    for _ in 0..10 {
        good +=
            u32::from(bench.post("/chat/completions", with(400)).await.status() == StatusCode::OK);
    }
    // Each costs 810 and may cost some 1,910.
    assert_eq!(good, 4);
    assert_eq!(bench.health().await["spent"], "3240");
    bench.stop().await;
}

#[tokio::test]
async fn a_channel_is_opened_where_there_is_none() {
    let bench = Bench::start_with(|config| {
        config.session_key = key("Ferdie");
        config.opening = Some(OpeningPolicy {
            cap: 50_000,
            lanes: 4,
            ticks: 10_000,
            covered_only: false,
            total: 1_000_000,
        });
    })
    .await;
    let asked = (0..6).map(|_| bench.post("/chat/completions", chat("words 2")));
    let answers = futures::future::join_all(asked).await;
    let good = answers
        .iter()
        .filter(|answer| answer.status() == StatusCode::OK)
        .count();
    assert!(good >= 4, "as many as it has lanes: {good}");
    let channels = bench.market.chain.state().channels;
    assert_eq!(channels.len(), 3, "one is opened, and no more");
    assert_eq!(channels[2].1.sessions[0].key, key("Ferdie").account());
    bench.stop().await;
}

fn opens(config: &mut ProxyConfig) {
    config.session_key = key("Ferdie");
    config.opening = Some(OpeningPolicy {
        cap: 50_000,
        lanes: 4,
        ticks: 10_000,
        covered_only: false,
        total: 1_000_000,
    });
}

#[tokio::test]
async fn no_channel_is_opened_for_what_may_not_be_spent_or_beyond_what_may_be_reserved() {
    let changes: [fn(&mut ProxyConfig); 3] = [
        |config| config.spending.per_request = 100,
        |config| config.spending.total = Some(100),
        |config| config.opening.as_mut().unwrap().total = 49_999,
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let bench = Bench::start_with(|config| {
            opens(config);
            change(config);
        })
        .await;
        let refused = bench.post("/chat/completions", chat("words 2")).await;
        assert!(refused.status().as_u16() >= 402, "case {index}");
        let channels = bench.market.chain.state().channels.len();
        assert_eq!(channels, 2, "case {index}");
        bench.stop().await;
    }
}

#[tokio::test]
async fn a_channel_is_opened_once_whoever_hangs_up_meanwhile() {
    let bench = Bench::start_with(opens).await;
    bench.market.chain.change(|state| state.open_millis = 600);
    for _ in 0..4 {
        let asking = bench.post("/chat/completions", chat("words 2"));
        let left = tokio::time::timeout(std::time::Duration::from_millis(100), asking).await;
        assert!(left.is_err());
    }
    let answered = bench.post("/chat/completions", chat("words 2")).await;
    assert_eq!(answered.status(), StatusCode::OK);
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    assert_eq!(bench.market.chain.state().channels.len(), 3);
    bench.stop().await;
}
