//! Several providers, of which one dies: everything is answered, and paid to the unit.

use std::time::Duration;

use futures::StreamExt;
use noema_compute::{chain::ChannelState, proxy::Preference};
use noema_compute_primitives::ServiceKind;
use reqwest::StatusCode;
use serde_json::json;
use tempfile::TempDir;

use crate::{bench::*, harness::*};

/// A provider with its own gateway and engine, and a channel of Alice's.
struct Provider {
    gateway: Running,
    _engine: TestEngine,
    _dir: TempDir,
}

async fn provider(chain: &TestChain, number: u64, names: (&str, &str)) -> Provider {
    let (account, service_key) = (key(names.0), key(names.1));
    let (engine, dir) = (TestEngine::start().await, tempfile::tempdir().unwrap());
    let (talk, embed) = (number * 10, number * 10 + 1);
    chain.offer(
        talk,
        ServiceKind::Chat,
        &account,
        &service_key,
        "tiny/1",
        PRICE,
    );
    chain.offer(
        embed,
        ServiceKind::Embedding,
        &account,
        &service_key,
        "embed/1",
        PRICE,
    );
    let services = [(talk, "tiny/1"), (embed, "embed/1")];
    let config = gateway_config(dir.path(), &account, &service_key, &engine.url, &services);
    let gateway = run_gateway(chain, config).await;
    for service in [talk, embed] {
        chain.set_endpoint(service, &gateway.url);
        chain.channel(
            service,
            service,
            &key("Alice"),
            &key("Dave"),
            10_000_000,
            16,
        );
    }
    Provider {
        gateway,
        _engine: engine,
        _dir: dir,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_providers_of_which_one_dies_answer_everything_and_are_paid_to_the_unit() {
    three_providers(150).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_size_three_providers_of_which_one_dies_answer_a_thousand_requests() {
    three_providers(1_000).await;
}

async fn three_providers(all: usize) {
    let chain = TestChain::new();
    let first = provider(&chain, 1, ("Bob", "Bob//receipts")).await;
    let second = provider(&chain, 2, ("Charlie", "Charlie//receipts")).await;
    let third = provider(&chain, 3, ("Eve", "Eve//receipts")).await;
    let dir = tempfile::tempdir().unwrap();
    let mut config = proxy_config(dir.path());
    config.choice.preference = Preference::Balanced;
    let proxy = run_proxy(&chain, config).await;
    let client = client();
    let asked = futures::stream::iter(0..all).map(|n| {
        let (client, url, dies) = (
            client.clone(),
            proxy.url.clone(),
            first.gateway.stop.clone(),
        );
        async move {
            if n == all / 2 {
                dies.cancel();
            }
            // A user waits a little when all lanes are taken, as OpenAI's clients do.
            for _ in 0..100 {
                let response = match n % 3 {
                    0 => {
                        post(
                            &client,
                            &url,
                            "/chat/completions",
                            chat(&format!("words {}", n % 7 + 1)),
                        )
                        .await
                    }
                    1 => {
                        post(
                            &client,
                            &url,
                            "/chat/completions",
                            chat_stream(&format!("words {}", n % 5 + 1), true),
                        )
                        .await
                    }
                    _ => {
                        post(
                            &client,
                            &url,
                            "/embeddings",
                            r#"{"model":"embed/1","input":["a","b"]}"#,
                        )
                        .await
                    }
                };
                let status = response.status();
                let body = response.bytes().await.unwrap();
                if status == StatusCode::OK
                    && (n % 3 != 1 || data(&body).last().unwrap() == "[DONE]")
                {
                    return true;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            false
        }
    });
    let answered: Vec<bool> = asked.buffer_unordered(24).collect().await;
    assert_eq!(answered.iter().filter(|good| **good).count(), all);
    // The dead one lives again, elsewhere. What it did for answers that never arrived whole is in its receipts, for which it is asked.
    first.gateway.task.await.unwrap();
    let (engine, services) = (&first._engine.url, [(10, "tiny/1"), (11, "embed/1")]);
    let config = gateway_config(
        first._dir.path(),
        &key("Bob"),
        &key("Bob//receipts"),
        engine,
        &services,
    );
    let again = run_gateway(&chain, config).await;
    for service in [10, 11] {
        chain.set_endpoint(service, &again.url);
    }
    let mut last = health(&client, &proxy.url).await;
    for _ in 0..600 {
        if last["promised"] == "0" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        last = health(&client, &proxy.url).await;
    }
    assert_eq!(last["promised"], "0", "{last}");
    assert_eq!(last["receipts_awaited"], 0, "{last}");
    assert_eq!(last["liars"], json!([]), "{last}");
    let spent: u128 = last["spent"].as_str().unwrap().parse().unwrap();
    proxy.stop().await;
    // Each redeems all in one call.
    chain.change(|state| {
        for (_, channel) in &mut state.channels {
            channel.state = ChannelState::Closing { until: 1_009 };
        }
    });
    let mut before = 0;
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let paid: u128 = chain.state().paid.iter().map(|(_, paid)| paid).sum();
        if paid == before && paid >= spent {
            break;
        }
        before = paid;
    }
    let state = chain.state();
    let paid: u128 = state.paid.iter().map(|(_, paid)| paid).sum();
    assert_eq!(paid, spent);
    assert!(state.redemptions.len() <= 3, "{:?}", state.redemptions);
    assert!(state.refused.is_empty(), "{:?}", state.refused);
    assert_eq!(state.paid.len(), 3, "all three were asked");
    again.stop().await;
    second.gateway.stop().await;
    third.gateway.stop().await;
}
