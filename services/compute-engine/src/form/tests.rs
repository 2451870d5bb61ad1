use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{json, Value};

use super::*;
use crate::job::{FileId, Limits, Outcome, Report, Trap, MAX_INPUTS, MAX_MODULE};
use sha2::{Digest, Sha256};

fn order() -> Order {
    Order {
        model: "wasm/1".into(),
        module: Piece::File {
            id: FileId([0xab; 32]),
            size: 2_000,
        },
        inputs: vec![
            Piece::Bytes(Bytes::from_static(b"some input")),
            Piece::File {
                id: FileId([1; 32]),
                size: 1 << 20,
            },
        ],
        limits: Limits {
            fuel: 5_000_000,
            memory: 1 << 20,
            output: 1 << 10,
        },
        stream: true,
    }
}

fn parsed(change: impl FnOnce(&mut Value)) -> Result<Order, OrderError> {
    let mut body = order().to_json();
    change(&mut body);
    Order::parse(body.to_string().as_bytes())
}

#[test]
fn an_order_is_read_as_it_was_written() {
    assert_eq!(parsed(|_| ()), Ok(order()));
    let with_prefix = parsed(|body| {
        let id = format!(
            "0x{}",
            body["module"]["file"].as_str().unwrap().to_uppercase()
        );
        body["module"]["file"] = json!(id);
    });
    assert_eq!(with_prefix, Ok(order()));
}

#[test]
fn what_is_charged_follows_from_the_order() {
    let terms = order().terms();
    assert_eq!(terms.set_up, 2_000_000 + 2 * ((1 << 20) + 10));
    assert_eq!(terms.units(0), 5);
    assert_eq!(terms.most_units(), 10);
}

#[test]
fn what_is_no_order_names_the_member() {
    type Case = (&'static str, fn(&mut Value));
    let cases: [Case; 12] = [
        ("module", |b| b["module"] = json!({})),
        ("module", |b| {
            b["module"] = json!({ "bytes": "YQ==", "size": 1 });
        }),
        ("module", |b| b["module"] = json!({ "bytes": "YQ" })),
        ("module", |b| b["module"]["file"] = json!("00")),
        ("module", |b| b["module"]["file"] = json!("zz".repeat(32))),
        ("module", |b| b["module"]["size"] = json!(MAX_MODULE + 1)),
        ("inputs", |b| {
            b["inputs"] = json!(vec![json!({ "bytes": "" }); MAX_INPUTS + 1]);
        }),
        ("inputs", |b| b["inputs"][1]["size"] = json!(u64::MAX)),
        ("inputs", |b| {
            b["inputs"][0]["bytes"] = json!("A".repeat((MAX_INLINE / 3 + 1) * 4));
        }),
        ("limits", |b| {
            b["limits"]["fuel"] = json!(Limits::MOST.fuel + 1);
        }),
        ("limits", |b| {
            b["limits"]["output"] = json!(Limits::MOST.output + 1);
        }),
        ("limits", |b| {
            b["stream"] = json!(false);
            b["limits"]["output"] = json!(MAX_WHOLE_OUTPUT + 1);
        }),
    ];
    for (index, (param, change)) in cases.into_iter().enumerate() {
        let error = parsed(change).unwrap_err();
        assert_eq!(error.param, Some(param), "case {index}: {error}");
    }
    for unknown in ["n", "max_tokens"] {
        assert!(parsed(|body| body[unknown] = json!(1)).is_err());
    }
    assert!(parsed(|body| body["limits"] = json!({ "fuel": 1 })).is_err());
    let twice = order()
        .to_json()
        .to_string()
        .replacen('{', "{\"stream\":false,", 1);
    assert!(Order::parse(twice.as_bytes()).is_err());
}

fn report(output: &[u8]) -> Report {
    Report {
        outcome: Outcome::Completed,
        fuel: 1_234,
        output_len: output.len() as u64,
        output_hash: Sha256::digest(output).into(),
    }
}

#[test]
fn a_stream_and_a_whole_say_the_same() {
    let terms = order().terms();
    let ended = Ended::of(&report(b"abc"));
    let (told, output) = Reading::new(terms)
        .whole(ended.whole(&terms, b"abc").to_string().as_bytes())
        .unwrap();
    assert_eq!((&told, &output[..]), (&ended, &b"abc"[..]));
    let mut reading = Reading::new(terms);
    let mut read = |event: Value| reading.event(event.to_string().as_bytes());
    assert_eq!(read(started_event()), Ok(Seen::Runs));
    assert_eq!(read(running_event()), Ok(Seen::Runs));
    let half = Seen::Progress { done: 1, total: 2 };
    assert_eq!(read(progress_event(1, 2)), Ok(half));
    for part in [&b"ab"[..], b"c"] {
        let seen = Seen::Output(Bytes::copy_from_slice(part));
        assert_eq!(read(output_event(part)), Ok(seen));
    }
    assert_eq!(read(json!({ "error": {} })), Ok(Seen::Other));
    assert_eq!(read(ended.event(&terms)), Ok(Seen::Ended(ended.clone())));
    assert!(read(output_event(b"more")).is_err());
    assert!(read(ended.event(&terms)).is_err());
    assert_eq!(reading.units(), Some(5));
}

#[test]
fn an_answer_that_contradicts_itself_is_none() {
    type Change = fn(&mut Value);
    let changes: [Change; 9] = [
        |a| a["fuel"] = json!(5_000_001),
        |a| a["fuel"] = json!(1_000_000),
        |a| a["output"] = json!("YWJk"),
        |a| a["output_bytes"] = json!(4),
        |a| a["output_sha256"] = json!("00".repeat(32)),
        |a| a["usage"]["units"] = json!(6),
        |a| a["usage"]["set_up"] = json!(1),
        |a| a["interface"] = json!("noema_job_2"),
        |a| a["end"] = json!("trapped"),
    ];
    let terms = order().terms();
    for (index, change) in changes.into_iter().enumerate() {
        let mut answer = Ended::of(&report(b"abc")).whole(&terms, b"abc");
        change(&mut answer);
        let read = Reading::new(terms).whole(answer.to_string().as_bytes());
        assert!(read.is_err(), "change {index}: {read:?}");
    }
}

#[test]
fn ends_are_told_by_name() {
    let trapped = Report {
        outcome: Outcome::Trapped(Trap::OutOfFuel),
        ..report(b"")
    };
    let ended = Ended::of(&trapped);
    assert_eq!(
        (ended.end, ended.reason.as_deref()),
        (End::Trapped, Some("out_of_fuel"))
    );
    let failed = Report {
        outcome: Outcome::Failed("why".into()),
        ..report(b"")
    };
    assert_eq!(Ended::of(&failed).reason.as_deref(), Some("why"));
}

proptest! {
    /// Whatever comes is read without a panic, and what is taken for an order is within the bounds.
    #[test]
    fn any_body_is_refused_or_within_bounds(body in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(order) = Order::parse(&body) {
            prop_assert!(order.check().is_ok());
        }
        let mut reading = Reading::new(self::order().terms());
        let _ = reading.event(&body);
        prop_assert!(reading.whole(&body).is_err());
    }
}
