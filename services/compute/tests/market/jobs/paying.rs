//! What jobs cost: whole, streamed, left, too dear.

use std::time::Duration;

use base64::{engine::general_purpose::STANDARD, Engine};
use futures::StreamExt;
use noema_compute::{receipts::StreamCheck, SignedReceipt};
use noema_compute_engine::{
    form::{End, Ended, Order, Reading, Seen},
    job::{Limits, Runner, RunnerConfig},
};
use noema_compute_primitives::Usage;
use reqwest::StatusCode;
use serde_json::json;

use super::*;

#[tokio::test]
async fn a_job_is_charged_by_its_fuel_and_anybody_can_run_it_again() {
    let market = market(|_| {}).await;
    let mut buyer = JobBuyer::new(0);
    let order = order(COPY, &[b"some input"], LIMITS);
    let (status, answer, receipt) = buyer.ask(&market.gateway.url, &order).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let output = STANDARD.decode(answer["output"].as_str().unwrap()).unwrap();
    assert_eq!(output, b"some input");
    let runner = Runner::new(RunnerConfig::default()).unwrap();
    let again = runner.start(&order.job(), &()).await.unwrap();
    let (report, output_again) = again.finish().await.unwrap();
    assert_eq!(output_again, output);
    let told: Ended = serde_json::from_value(answer).unwrap();
    assert_eq!(told, Ended::of(&report));
    let used = order.terms().units(report.fuel);
    assert_eq!(units(&receipt), used);
    assert_eq!(receipt.receipt.amount, cost(used));
    market.gateway.stop().await;
}

#[tokio::test]
async fn a_stream_tells_output_and_progress_and_ends_with_report_and_receipt() {
    let market = market(|_| {}).await;
    let buyer = JobBuyer::new(0);
    let order = Order {
        stream: true,
        ..order(COPY, &[&[7; 50_000]], LIMITS)
    };
    let body = order.to_json().to_string();
    let terms = order.terms();
    let signed = buyer.voucher(&body, most(&terms));
    let response = buyer.send(&market.gateway.url, &body, &signed).await;
    assert_eq!(response.status(), StatusCode::OK);
    let text = response.bytes().await.unwrap();
    let (mut reading, mut check) = (Reading::new(terms), StreamCheck::new(200));
    let (mut seen, mut receipt) = (Vec::new(), None);
    for event in events(&text) {
        let data = event.data().unwrap();
        if event.is_receipt() {
            receipt = Some(SignedReceipt::from_text(&data).unwrap());
            continue;
        }
        check.event(event.raw(), None);
        seen.push(reading.event(&data).unwrap());
    }
    let receipt = receipt.unwrap();
    let asked = buyer.0.asked(&signed.voucher, &body);
    check.finish(&asked, &receipt).unwrap();
    assert_eq!(units(&receipt), reading.units().unwrap());
    assert_eq!(seen[0], Seen::Runs);
    assert!(seen.contains(&Seen::Progress { done: 1, total: 2 }));
    let output = seen.iter().filter_map(|seen| match seen {
        Seen::Output(bytes) => Some(bytes.len()),
        _ => None,
    });
    assert_eq!(output.sum::<usize>(), 50_000);
    assert_eq!(reading.ended().unwrap().end, End::Completed);
    market.gateway.stop().await;
}

#[tokio::test]
async fn whoever_hangs_up_pays_for_what_was_used_and_the_job_ends() {
    let market = market(|config| config.services[0].parallel = 1).await;
    let url = &market.gateway.url;
    let mut buyer = JobBuyer::new(0);
    for stream in [true, false] {
        let order = endless(stream);
        let terms = order.terms();
        let body = order.to_json().to_string();
        let signed = buyer.voucher(&body, most(&terms));
        let sending = buyer.send(url, &body, &signed);
        match stream {
            true => {
                let mut pieces = sending.await.bytes_stream();
                let mut text = Vec::new();
                while !text.windows(10).any(|window| window == b"job.output") {
                    text.extend(pieces.next().await.unwrap().unwrap());
                }
                // Long enough to use some.
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            false => {
                let waiting = tokio::time::timeout(Duration::from_millis(500), sending).await;
                assert!(waiting.is_err(), "it works until its fuel is used");
            }
        }
        let receipt = buyer.ask_receipt(url, &signed).await;
        let used = units(&receipt);
        assert!(
            used > terms.units(0),
            "it ran, and that costs something: {used}"
        );
        assert!(
            used < terms.most_units(),
            "it did not run to its end: {used}"
        );
        // The one place is free again.
        let next = order_of("again");
        assert_eq!(buyer.ask(url, &next).await.0, StatusCode::OK);
    }
    market.gateway.stop().await;
}

fn order_of(input: &'static str) -> Order {
    order(COPY, &[input.as_bytes()], LIMITS)
}

#[tokio::test]
async fn a_job_that_uses_all_of_its_fuel_costs_what_was_ordered_and_says_so() {
    let market = market(|_| {}).await;
    let mut buyer = JobBuyer::new(0);
    let order = order(ENDLESS, &[], LIMITS);
    let (status, answer, receipt) = buyer.ask(&market.gateway.url, &order).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        (&answer["end"], &answer["reason"]),
        (&json!("trapped"), &json!("out_of_fuel"))
    );
    assert_eq!(
        answer["output_bytes"], 3,
        "what it wrote before is part of it"
    );
    assert_eq!(units(&receipt), order.terms().most_units());
    market.gateway.stop().await;
}

#[tokio::test]
async fn a_voucher_that_does_not_pay_for_the_order_is_refused_before_anything_is_done() {
    let market = market(|_| {}).await;
    let mut buyer = JobBuyer::new(0);
    let order = order_of("input");
    let body = order.to_json().to_string();
    let little = buyer.voucher(&body, most(&order.terms()) - 1);
    let response = buyer.send(&market.gateway.url, &body, &little).await;
    assert_eq!(response.status(), StatusCode::PAYMENT_REQUIRED);
    assert!(receipt_of(&response).is_none());
    let error: serde_json::Value = response.json().await.unwrap();
    assert_eq!(error["error"]["code"], "maximum_too_low");
    // The lane goes on as if nothing had been.
    let (status, ..) = buyer.ask(&market.gateway.url, &order).await;
    assert_eq!(status, StatusCode::OK);
    market.gateway.stop().await;
}

#[tokio::test]
async fn a_module_that_is_refused_costs_nothing_and_its_channel_waits() {
    let market = market(|_| {}).await;
    let mut buyer = JobBuyer::new(0);
    let url = &market.gateway.url;
    let clock = r#"(module (import "wasi_snapshot_preview1" "clock_time_get" (func)) (memory (export "memory") 1) (func (export "run")))"#;
    let (status, answer, receipt) = buyer.ask(url, &order(clock, &[], LIMITS)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(answer["error"]["code"], "module_refused");
    assert_eq!(
        (receipt.receipt.amount, receipt.receipt.usage),
        (0, Usage::Units { units: 0 })
    );
    let body = order_of("a").to_json().to_string();
    let signed = buyer.voucher(&body, most(&order_of("a").terms()));
    let response = buyer.send(url, &body, &signed).await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    market.gateway.stop().await;
}

#[tokio::test]
async fn an_order_for_more_than_is_given_here_is_refused_with_what_is() {
    let market = market(|_| {}).await;
    let mut buyer = JobBuyer::new(0);
    let limits = Limits {
        memory: 1 << 30,
        ..LIMITS
    };
    // The process has a GiB, of which half is for memories of jobs.
    let (status, answer, receipt) = buyer
        .ask(&market.gateway.url, &order(COPY, &[b""], limits))
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    assert_eq!(answer["error"]["code"], "limits");
    assert_eq!(receipt.receipt.amount, 0);
    market.gateway.stop().await;
}

#[tokio::test]
async fn a_gateway_that_stops_charges_for_what_was_used_and_says_so() {
    let market = market(|config| config.request_time = Duration::from_millis(600)).await;
    let mut buyer = JobBuyer::new(0);
    // Its time is up, be it by the gateway's end or by the longest that a request may take.
    let order = endless(false);
    let (status, answer, receipt) = buyer.ask(&market.gateway.url, &order).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(
        (&answer["end"], &answer["reason"]),
        (&json!("stopped"), &json!("too_late"))
    );
    let used = units(&receipt);
    assert!(used > order.terms().units(0) && used < order.terms().most_units());
    market.gateway.stop().await;
}
