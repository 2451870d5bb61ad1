//! What gateway and proxy together add to the time that the engine takes.

use std::time::{Duration, Instant};

use futures::StreamExt;

use crate::{bench::*, harness::*};

/// Requests that are not counted, and those that are.
const WARM: usize = 50;
const COUNTED: usize = 400;
/// The most that they may add to half of the requests. Without optimisation signatures alone take longer.
const MOST: Duration = Duration::from_millis(if cfg!(debug_assertions) { 8 } else { 2 });

/// Times of a request: to the first piece of the answer, and to its end.
async fn timed(client: &reqwest::Client, url: &str, body: &str) -> (Duration, Duration) {
    let began = Instant::now();
    let mut pieces = post(client, url, "/chat/completions", body)
        .await
        .bytes_stream();
    let first = pieces.next().await.unwrap().unwrap();
    let to_first = began.elapsed();
    assert!(!first.is_empty());
    while let Some(piece) = pieces.next().await {
        piece.unwrap();
    }
    (to_first, began.elapsed())
}

/// Median and 99th percentile of the times to the first piece, and to the end.
async fn measured(client: &reqwest::Client, url: &str, body: &str) -> [[Duration; 2]; 2] {
    let (mut first, mut end) = (Vec::new(), Vec::new());
    for number in 0..WARM + COUNTED {
        let (to_first, to_end) = timed(client, url, body).await;
        if number >= WARM {
            first.push(to_first);
            end.push(to_end);
        }
    }
    [first, end].map(|mut times| {
        times.sort_unstable();
        [times[COUNTED / 2], times[COUNTED * 99 / 100]]
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_size_gateway_and_proxy_add_little_to_a_request() {
    let bench = Bench::start().await;
    let engine = format!("{}/v1", bench.market.engine.url);
    for (what, body) in [
        ("whole", chat("words 3")),
        ("stream", chat_stream("words 3", true)),
    ] {
        let direct = measured(&bench.client, &engine, &body).await;
        let paid = measured(&bench.client, &bench.proxy.url, &body).await;
        for (part, direct, paid) in [
            ("first piece", direct[0], paid[0]),
            ("end", direct[1], paid[1]),
        ] {
            let [p50, p99] = [0, 1].map(|at| paid[at].saturating_sub(direct[at]));
            eprintln!(
                "{what}, {part}: p50 {:?} directly, {:?} paid, {p50:?} more; p99 {:?}, {:?}, {p99:?} more",
                direct[0], paid[0], direct[1], paid[1]
            );
            assert!(
                p50 <= MOST,
                "{what}, {part}: {p50:?} more than the engine; expected {MOST:?} at most"
            );
        }
    }
    bench.stop().await;
}
