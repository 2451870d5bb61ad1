//! `noema compute run`: a job at a provider, through the buyer's proxy, and once more here if wanted.

mod again;
mod order;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use noema_chain_client::compute::SignedReceipt;
use noema_compute_engine::form::{End, Ended, Order, Reading, Seen};
use noema_compute_primitives::{request_hash, Hash, Price, Usage};
use serde_json::{json, Value};
use tokio::io::AsyncWriteExt;

use super::{
    compute_proxy::{Pieces, Proxy},
    compute_receipts::{self, Kept},
};
use crate::{
    amount::Amount,
    args::compute_jobs::Run,
    failure::Failure,
    output::{Answer, Fields},
    progress::Shown,
    session::Session,
    sink::Sink,
};

/// What is hashed of the route.
const ROUTE: &str = "POST /v1/jobs";
/// How often it is looked whether the proxy has noted the receipt, and the pause between: it notes it behind the answer.
const LOOKS: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// What came of a job.
struct Done {
    ended: Ended,
    provider: Option<String>,
    verification: Option<String>,
    /// The hash of all that came, and how many bytes that was.
    response: (Hash, u64),
    /// When it was ordered, in milliseconds since 1970: by the clock of the proxy, too, which is on this machine.
    began: u64,
}

pub(super) async fn run(session: &Session, run: &Run) -> Result<(), Failure> {
    let proxy = Proxy::new(&run.proxy)?;
    let (model, unit) = choose(&proxy, run.proxy.model.as_deref()).await?;
    let order = order::of(session, run, model).await?;
    let units = order.terms().most_units();
    let most = Price::Units { unit }.cost(&Usage::Units { units });
    let most = most.map_err(|e| Failure::usage(format!("--fuel {}: {e}", run.fuel)))?;
    session.output.note(format_args!(
        "{} runs it for at most {}",
        order.model,
        Amount(most)
    ));
    let mut sink = Sink::open(&run.output, run.force)?;
    let body = order.to_json();
    let request = request_hash(ROUTE, body.to_string().as_bytes());
    let request = request.map_err(|e| Failure::usage(e.to_string()))?;
    let done = follow(session, &proxy, &order, &body, &mut sink).await?;
    let receipt = receipt(&proxy, &request, &done).await?;
    let checked = match run.check {
        true => Some(again::compare(session, &order, &done.ended).await?),
        false => None,
    };
    // A file appears when everything holds.
    let to_stdout = sink.is_stdout();
    sink.finish().await?;
    let answer = answer(&order, &done, &receipt, checked.is_some());
    match to_stdout {
        true => session.output.answer_beside_data(&answer),
        false => session.output.answer(&answer)?,
    }
    match done.ended.end {
        End::Completed => Ok(()),
        _ => Err(failed(&done.ended)),
    }
}

/// The service that is asked: its model, and its price of a unit.
async fn choose(proxy: &Proxy, model: Option<&str>) -> Result<(String, u128), Failure> {
    let list = proxy.json("jobs", None).await?;
    let services = list["data"].as_array().into_iter().flatten();
    chosen(services, model).ok_or_else(|| {
        let which = model.map_or_else(String::new, |model| format!(" as {model:?}"));
        Failure::new(
            "model",
            format!("nobody sells jobs{which} that this proxy may buy: see `noema compute services --kind job`"),
        )
    })
}

/// The cheapest, or the dearest of a model: the proxy asks the others, too, and the most that it can cost is told.
fn chosen<'a>(
    services: impl Iterator<Item = &'a Value>,
    model: Option<&str>,
) -> Option<(String, u128)> {
    let known: Vec<(&str, u128)> = services
        .filter_map(|one| {
            Some((
                one["model"].as_str()?,
                one["unit_price"].as_str()?.parse().ok()?,
            ))
        })
        .collect();
    let cheapest = known.iter().min_by_key(|(_, unit)| *unit)?.0;
    let wanted = model.unwrap_or(cheapest);
    let prices = known.iter().filter(|(model, _)| *model == wanted);
    let unit = prices.map(|(_, unit)| *unit).max()?;
    Some((wanted.to_owned(), unit))
}

/// Orders the job and writes its output as it comes.
async fn follow(
    session: &Session,
    proxy: &Proxy,
    order: &Order,
    body: &Value,
    sink: &mut Sink,
) -> Result<Done, Failure> {
    let began = now();
    let shown = Shown::waiting(&session.output, "the job is made ready");
    let mut pieces = proxy.ask("jobs", Some(body)).await?;
    let mut reading = Reading::new(order.terms());
    while let Some(event) = pieces.event().await.map_err(|e| proxy.failure(e))? {
        if let Some(error) = event["error"]["message"].as_str() {
            return Err(Failure::new("refused", error));
        }
        let seen = reading.event(event.to_string().as_bytes());
        match seen.map_err(|e| Failure::new("bad_answer", e.to_string()))? {
            Seen::Runs => shown.say("the job runs"),
            Seen::Progress { done, total } => shown.say(format!("the job runs: {done} of {total}")),
            Seen::Output(bytes) => sink
                .write_all(&bytes)
                .await
                .map_err(|e| Failure::new("file", format!("cannot write the output: {e}")))?,
            Seen::Ended(_) | Seen::Other => {}
        }
    }
    drop(shown);
    // What is left of the last event is part of what is hashed.
    pieces.whole().await.map_err(|e| proxy.failure(e))?;
    let Pieces {
        provider,
        verification,
        hasher,
        ..
    } = pieces;
    let ended = reading.ended().cloned();
    Ok(Done {
        ended: ended.ok_or_else(|| Failure::new("bad_answer", "the answer has no report"))?,
        provider,
        verification,
        response: (hasher.finish(), hasher.length()),
        began,
    })
}

/// The receipt of the job, out of the proxy's book, checked once more: it binds this order and this answer.
async fn receipt(proxy: &Proxy, request: &Hash, done: &Done) -> Result<SignedReceipt, Failure> {
    let mut other = false;
    for look in 0..LOOKS {
        if look > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        let page = compute_receipts::page(proxy, None, 100).await?;
        // The same job may have been ordered before.
        let ours =
            |kept: &&Kept| kept.time >= done.began && kept.receipt.receipt.request == *request;
        for kept in page.kept.iter().filter(ours) {
            let receipt = &kept.receipt.receipt;
            if (receipt.response, receipt.response_bytes) == done.response {
                kept.verify(&page.book)?;
                return Ok(kept.receipt.clone());
            }
            other = true;
        }
    }
    Err(match other {
        true => Failure::new(
            "bad_receipt",
            "the receipt binds another answer than the one that came",
        ),
        false => Failure::new(
            "no_receipt",
            "the proxy has no receipt of the job in its book: see `noema compute receipts`",
        ),
    })
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

/// How a job ended that has no result to be used.
fn failed(ended: &Ended) -> Failure {
    let reason = ended.reason.as_deref().unwrap_or_default();
    let how = match ended.end {
        End::Completed => "completed",
        End::Failed => "failed",
        End::Trapped => "trapped",
        End::Stopped => "was stopped before its end",
    };
    Failure::new("job", format!("the job {how}: {reason}"))
}

fn answer(order: &Order, done: &Done, receipt: &SignedReceipt, checked: bool) -> Answer {
    let Done {
        ended,
        provider,
        verification,
        ..
    } = done;
    let receipt = &receipt.receipt;
    let units = match receipt.usage {
        Usage::Units { units } => units,
        Usage::Tokens { .. } => 0,
    };
    let verified = match checked {
        true => "yes: the job was run again here, with the same report",
        false => "NO: unverified, as the service says; --check runs it again here",
    };
    let mut text = Fields::new()
        .add("end", format!("{:?}", ended.end).to_lowercase())
        .add("output bytes", ended.output_bytes)
        .add("output sha256", &ended.output_sha256)
        .add("fuel", ended.fuel)
        .add("units charged", units)
        .add("cost", Amount(receipt.amount))
        .add("receipt", "GOOD: binds this order and this answer")
        .add("result verified", verified);
    if let Some(reason) = &ended.reason {
        text = text.add("reason", reason);
    }
    if let Some(provider) = provider {
        text = text.add("provider", provider);
    }
    let json = json!({
        "model": order.model,
        "provider": provider,
        "verification": verification,
        "report": ended,
        "units": units,
        "amount": receipt.amount.to_string(),
        "nonce": receipt.nonce,
        "channel": receipt.channel,
        "checked": checked,
    });
    Answer::new(text.to_string(), json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cheapest_service_is_taken_and_the_dearest_of_its_model_counts() {
        let services = [("a", "5"), ("b", "3"), ("b", "7"), ("c", "no price")]
            .map(|(model, unit)| json!({ "model": model, "unit_price": unit }));
        let chosen = |model| chosen(services.iter(), model);
        assert_eq!(chosen(None), Some(("b".to_owned(), 7)));
        assert_eq!(chosen(Some("a")), Some(("a".to_owned(), 5)));
        assert_eq!(chosen(Some("c")), None);
        assert_eq!(super::chosen([].iter(), None), None);
    }

    #[test]
    fn a_result_that_nobody_checked_is_said_to_be_unverified() {
        let order = order::tests::order();
        let done = Done {
            ended: Ended::stopped("too_late", 5, 0, &[0; 32]),
            provider: None,
            verification: Some("unverified".into()),
            response: ([0; 32], 0),
            began: 0,
        };
        let receipt = compute_receipts::tests::receipt(|_| ());
        let unchecked = answer(&order, &done, &receipt, false);
        assert!(unchecked.text().contains("unverified"));
        assert_eq!(unchecked.json()["checked"], false);
        let checked = answer(&order, &done, &receipt, true);
        assert!(checked.text().contains("was run again here"));
        assert!(failed(&done.ended).to_string().contains("too_late"));
    }
}
