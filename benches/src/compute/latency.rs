//! What gateway and proxy add to a request: the same request to the engine itself, in turns.

use std::time::{Duration, Instant};

use anyhow::{ensure, Context};
use noema_chain_client::ComputeCall;
use noema_tests::{
    compute_market::{chat, submit, Market},
    network::submitter,
};

use super::table;
use crate::table::percentile;

/// Words of every answer.
const WORDS: u64 = 20;
/// Requests before anything is measured: they open the channel and every connection.
const WARM_UP: usize = 50;

/// What the requests of one kind took, straight and through both programs.
#[derive(Debug, Default)]
struct Ways {
    direct: Vec<Duration>,
    through: Vec<Duration>,
}

/// A market with one provider, whose engine answers at once.
pub(super) async fn measure(requests: usize) -> anyhow::Result<String> {
    let mut market = Market::start().await?;
    let bob = submitter(&market.net, "Bob")?;
    let charlie = submitter(&market.net, "Charlie")?;
    market.offer(&bob).await?;
    let gateway = market.gateway("127.0.0.1:0").await?;
    for (service, _) in &market.services {
        let (service, endpoint) = (*service, gateway.address().to_owned());
        submit(&charlie, ComputeCall::SetEndpoint { service, endpoint }).await?;
    }
    let proxy = market.proxy().await?;
    let direct = format!("{}/v1/chat/completions", market.engine.url());
    let through = format!("{}/chat/completions", proxy.address());
    let mut rows = Vec::new();
    for (what, stream) in [("whole answer", false), ("first token of a stream", true)] {
        let body = chat("words", WORDS, stream);
        for _ in 0..WARM_UP {
            ask(&market.http, &direct, &body).await?;
            ask(&market.http, &through, &body).await?;
        }
        let mut ways = Ways::default();
        for _ in 0..requests {
            ways.direct.push(ask(&market.http, &direct, &body).await?);
            ways.through.push(ask(&market.http, &through, &body).await?);
        }
        rows.extend(ways.rows(what)?);
    }
    Ok(format!(
        "{requests} requests of each kind each way, one after the other, in turns; an engine that answers {WORDS} words at once; all on one machine. Through: the proxy signs a \
         voucher, the gateway verifies it, records it durably, asks the engine and signs a receipt, the proxy verifies that against all that passed.\n\n{}",
        table(
            &["ms", "the engine itself", "through proxy and gateway", "more"],
            &rows
        )
    ))
}

/// Until the whole answer is there, or the first event of a stream, whose rest is read too.
async fn ask(http: &reqwest::Client, url: &str, body: &str) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let mut response = http
        .post(url)
        .header("content-type", "application/json")
        .body(body.to_owned())
        .send()
        .await?;
    ensure!(
        response.status() == 200,
        "{url} answers {}",
        response.status()
    );
    let streams = response
        .headers()
        .get("content-type")
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    let first = response.chunk().await?.context("an answer has a body")?;
    let mut took = begun.elapsed();
    ensure!(!first.is_empty(), "an answer has a body");
    while response.chunk().await?.is_some() {}
    if !streams {
        took = begun.elapsed();
    }
    Ok(took)
}

impl Ways {
    fn rows(&self, what: &str) -> anyhow::Result<Vec<Vec<String>>> {
        let row = |share: usize| {
            let direct = percentile(&self.direct, share)?;
            let through = percentile(&self.through, share)?;
            let more = through.as_secs_f64() - direct.as_secs_f64();
            let ms = |of: f64| format!("{:.2}", of * 1e3);
            Some(vec![
                format!("{what}, p{share}"),
                ms(direct.as_secs_f64()),
                ms(through.as_secs_f64()),
                ms(more),
            ])
        };
        let rows = [50, 99].map(row);
        rows.into_iter()
            .map(|row| row.context("nothing was asked"))
            .collect()
    }
}
