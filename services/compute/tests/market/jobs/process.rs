//! The process that runs jobs: what it may do, and what happens when it dies.
#![cfg(target_os = "linux")]

use std::{fs, path::PathBuf, time::Duration};

use futures::StreamExt;
use nix::{sys::signal, unistd::Pid};
use reqwest::StatusCode;

use super::*;

/// The runners of a gateway that gave them so many seconds of processor time: no other test gives as many.
fn runners(cpu_seconds: u64) -> Vec<(Pid, PathBuf)> {
    let wanted = format!("--cpu-seconds\0{cpu_seconds}\0");
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let ours = processes.filter_map(|entry| {
        let number = entry.file_name().to_str()?.parse().ok()?;
        let command = fs::read(entry.path().join("cmdline")).ok()?;
        let command = String::from_utf8(command).ok()?;
        let is_ours = command.contains("\0job-runner\0") && command.contains(&wanted);
        is_ours.then(|| (Pid::from_raw(number), entry.path()))
    });
    ours.collect()
}

fn limit(process: &std::path::Path, name: &str) -> String {
    let limits = fs::read_to_string(process.join("limits")).unwrap();
    let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
    let rest = line[name.len()..].split_whitespace();
    rest.take(2).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn the_process_is_bounded_and_is_told_nothing_by_its_environment() {
    let market = market(|config| config.jobs.cpu_seconds = 700).await;
    let found = runners(700);
    let [(_, process)] = &found[..] else {
        panic!("one runner: {found:?}")
    };
    let memory = (1u64 << 30).to_string();
    assert_eq!(
        limit(process, "Max data size"),
        format!("{memory} {memory}")
    );
    assert_eq!(limit(process, "Max cpu time"), "2800 2800");
    assert_eq!(limit(process, "Max core file size"), "0 0");
    assert_eq!(fs::read(process.join("environ")).unwrap(), b"");
    let status = fs::read_to_string(process.join("status")).unwrap();
    assert!(status.contains("NoNewPrivs:\t1"), "{status}");
    market.gateway.stop().await;
    until("the runner's end", || runners(700).is_empty()).await;
}

#[tokio::test]
async fn a_process_that_dies_takes_its_jobs_with_it_for_nothing_and_is_replaced() {
    let market = market(|config| config.jobs.cpu_seconds = 701).await;
    let url = &market.gateway.url;
    let mut buyer = JobBuyer::new(0);
    let body = endless(true).to_json().to_string();
    let signed = buyer.voucher(&body, most(&endless(true).terms()));
    let mut pieces = buyer.send(url, &body, &signed).await.bytes_stream();
    let mut text = pieces.next().await.unwrap().unwrap().to_vec();
    let [(number, _)] = runners(701)[..] else {
        panic!("one runner")
    };
    signal::kill(number, signal::Signal::SIGKILL).unwrap();
    while let Some(piece) = pieces.next().await {
        text.extend(piece.unwrap());
    }
    let (data, check, receipt) = taken_apart(&text);
    assert!(data.last().unwrap().contains("job_broke"), "{data:?}");
    let receipt = receipt.unwrap();
    let asked = buyer.0.asked(&signed.voucher, &body);
    check.finish(&asked, &receipt).unwrap();
    assert_eq!(receipt.receipt.amount, 0);
    buyer.0.settle(&receipt);
    let next = order(COPY, &[b"again"], LIMITS);
    let (status, ..) = buyer.ask(url, &next).await;
    assert_eq!(status, StatusCode::OK);
    assert_ne!(runners(701)[0].0, number);
    market.gateway.stop().await;
}

#[tokio::test]
async fn a_process_that_has_worked_enough_hands_over_and_ends_with_its_jobs() {
    let market = market(|config| config.jobs.cpu_seconds = 3).await;
    let url = market.gateway.url.clone();
    let [(first, _)] = runners(3)[..] else {
        panic!("one runner")
    };
    let long = |lane| {
        let url = url.clone();
        async move {
            let buyer = JobBuyer::new(lane);
            let body = endless(true).to_json().to_string();
            let signed = buyer.voucher(&body, most(&endless(true).terms()));
            buyer.send(&url, &body, &signed).await
        }
    };
    let (one, two) = tokio::join!(long(0), long(1));
    let mut buyer = JobBuyer::new(2);
    let replaced = async {
        loop {
            let quick = order(COPY, &[b"a"], LIMITS);
            // Both slots of the first are taken: only another one answers soon.
            let asked = tokio::time::timeout(Duration::from_secs(1), buyer.ask(&url, &quick));
            if asked.await.is_ok() {
                return;
            }
            let body = quick.to_json().to_string();
            let signed = buyer.voucher(&body, most(&quick.terms()));
            buyer.ask_receipt(&url, &signed).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), replaced)
        .await
        .expect("another process takes the orders");
    assert_eq!(runners(3).len(), 2);
    drop((one, two));
    until("the first one's end", || {
        runners(3).iter().all(|(number, _)| *number != first)
    })
    .await;
    market.gateway.stop().await;
}
