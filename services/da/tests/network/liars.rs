//! Seats that lie, are silent or drip: each is named, and costs time only, as long as the rest has two thirds of the stake.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, put},
    Json, Router,
};
use bytes::Bytes;
use futures::{stream, StreamExt};
use noema_da::{
    chain::Lookup,
    client::{BlobReader, SeatClient, SeatFault},
    coding::VerifyError,
    wire::{BlobState, SignedShard},
};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use crate::{chain::*, harness::*};

/// What a seat does instead of what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    /// Signs with 96 bytes that are no point.
    Garbage,
    /// Signs another submission.
    Other,
    /// Says what is no signed shard.
    Nonsense,
    /// Refuses.
    Refusal,
    /// Takes the shard and never answers.
    Silence,
    /// Serves rows with a flipped bit.
    FlippedRow,
    /// Serves rows with a flipped sibling.
    FlippedProof,
    /// Serves combinations with a flipped bit.
    FlippedCombinations,
    /// Serves other rows than it was asked for.
    OtherRows,
    /// Serves rows byte by byte.
    Drip,
    /// Serves half of what it was asked for.
    Half,
    /// Serves without end.
    Endless,
}

struct Liar {
    lie: Lie,
    seat: u8,
    /// Of an honest seat with the same rows.
    honest: String,
    chain: MemoryChain,
}

/// Starts a liar in the place of a seat whose rows are behind it.
async fn lie(network: &Network, seat: usize, lie: Lie) -> AbortOnDropHandle<()> {
    let honest = network.seats[seat].endpoint.clone();
    let liar = Arc::new(Liar {
        lie,
        seat: seat as u8,
        honest,
        chain: network.chain.clone(),
    });
    let router = Router::new()
        .route("/v1/submissions/{submission}/shard", put(take))
        .route("/v1/submissions/{submission}/rows", get(rows))
        .route(
            "/v1/submissions/{submission}/combinations",
            get(combinations),
        )
        .with_state(liar);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    network
        .chain
        .change(|state| state.endpoints.insert(provider(seat), endpoint));
    AbortOnDropHandle::new(tokio::spawn(async move {
        axum::serve(listener, router).await.unwrap();
    }))
}

async fn take(State(liar): State<Arc<Liar>>, Path(submission): Path<u64>, body: Body) -> Response {
    let mut pieces = body.into_data_stream();
    while let Some(Ok(_)) = pieces.next().await {}
    let signature = match liar.lie {
        Lie::Garbage => format!("0x{}", "99".repeat(96)),
        Lie::Other => {
            let mut attestation = liar.chain.plan(submission).attestation;
            attestation.submission += 1;
            secret(liar.seat + 1).sign(&attestation).to_string()
        }
        Lie::Nonsense => return "signed".into_response(),
        Lie::Silence => std::future::pending().await,
        Lie::Refusal => return (StatusCode::FORBIDDEN, "no").into_response(),
        // What it serves is what it lies about.
        _ => {
            let attestation = liar.chain.plan(submission).attestation;
            secret(liar.seat + 1).sign(&attestation).to_string()
        }
    };
    Json(SignedShard {
        submission,
        seat: liar.seat,
        signature,
    })
    .into_response()
}

async fn fetch(url: String) -> Vec<u8> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = client.get(url).send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.bytes().await.unwrap().to_vec()
}

async fn rows(State(liar): State<Arc<Liar>>, uri: axum::http::Uri) -> Response {
    let mut bytes = fetch(format!("{}{}", liar.honest, uri.path_and_query().unwrap())).await;
    match liar.lie {
        Lie::FlippedRow => *bytes.last_mut().unwrap() ^= 1,
        Lie::FlippedProof => bytes[2] ^= 1,
        Lie::OtherRows => bytes[0] ^= 1,
        Lie::Half => bytes.truncate(bytes.len() / 2),
        Lie::Drip => {
            let pieces = stream::iter(bytes).then(|byte| async move {
                tokio::time::sleep(Duration::from_millis(100)).await;
                Ok::<_, std::io::Error>(Bytes::from(vec![byte]))
            });
            return Body::from_stream(pieces).into_response();
        }
        Lie::Endless => {
            let first = stream::iter([Bytes::from(bytes)]);
            let more = stream::repeat(Bytes::from(vec![0; 1 << 16]));
            let pieces = first.chain(more).map(Ok::<_, std::io::Error>);
            return Body::from_stream(pieces).into_response();
        }
        _ => {}
    }
    bytes.into_response()
}

async fn combinations(State(liar): State<Arc<Liar>>, uri: axum::http::Uri) -> Response {
    let mut bytes = fetch(format!("{}{}", liar.honest, uri.path_and_query().unwrap())).await;
    if liar.lie == Lie::FlippedCombinations {
        bytes[0] ^= 1;
    }
    bytes.into_response()
}

/// Puts a blob with a liar in seat 1 of 5, and returns what is said of that seat.
async fn put_beside(bad: Lie) -> String {
    let network = Network::with(
        &[1; 5],
        |_, _| {},
        |config| {
            config.seats.answer = Duration::from_secs(2);
        },
    )
    .await;
    let _liar = lie(&network, 1, bad).await;
    let blob = data(70_000, 7);
    let status = network.put(&blob).await;
    assert_eq!(status.state, BlobState::Available, "{bad:?}: {status:?}");
    let submission = submission_of(&status);
    // It did not sign, whatever it says.
    let noema_da::chain::Standing::Available { signed, .. } =
        network.chain.standing(submission).unwrap()
    else {
        panic!("{status:?}");
    };
    assert_eq!(signed[0], 0b11101, "{bad:?}");
    let faults: Vec<_> = until(|| async {
        let status = network.client().status(&status.id).await.unwrap();
        (!status.faults.is_empty()).then_some(status.faults)
    })
    .await;
    assert_eq!(faults.len(), 1, "{bad:?}: {faults:?}");
    assert_eq!(faults[0].seat, 1);
    assert_eq!(network.reader().read(submission).await.unwrap().bytes, blob);
    network.stop().await;
    faults[0].fault.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn seats_with_garbage_signatures_are_named_and_not_counted() {
    assert_eq!(put_beside(Lie::Garbage).await, "wrong_signature");
}

#[tokio::test(flavor = "multi_thread")]
async fn seats_that_sign_something_else_are_named_and_not_counted() {
    assert_eq!(put_beside(Lie::Other).await, "wrong_signature");
}

#[tokio::test(flavor = "multi_thread")]
async fn seats_that_answer_nonsense_are_named() {
    assert_eq!(put_beside(Lie::Nonsense).await, "malformed");
}

#[tokio::test(flavor = "multi_thread")]
async fn seats_that_refuse_are_named() {
    assert_eq!(put_beside(Lie::Refusal).await, "refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn seats_that_are_silent_keep_nobody_waiting() {
    assert_eq!(put_beside(Lie::Silence).await, "too_slow");
}

/// Reads a blob of which seats 0 and 1 of 5 lie, and returns what is said of them.
async fn read_beside(bad: Lie) -> Vec<SeatFault> {
    let network = Network::new(&[1; 5]).await;
    let blob = data(300_000, 7);
    let submission = submission_of(&network.put(&blob).await);
    let _liars = [lie(&network, 0, bad).await, lie(&network, 1, bad).await];
    let mut patience = patience();
    patience.answer = Duration::from_secs(2);
    let client = SeatClient::new(patience);
    let reader = BlobReader::new(Lookup::new(network.chain.clone()), client);
    let mut faults = Vec::new();
    // In which order seats are asked is random: until both were.
    for _ in 0..8 {
        let read = reader.read(submission).await.unwrap();
        assert_eq!(read.bytes, blob, "{bad:?}");
        for report in read.reports {
            assert!(report.seat < 2, "{bad:?}: {report}");
            assert_eq!(report.provider, provider(report.seat));
            faults.push(report.fault);
        }
        if !faults.is_empty() {
            break;
        }
    }
    network.stop().await;
    assert!(!faults.is_empty(), "{bad:?}");
    faults
}

#[tokio::test(flavor = "multi_thread")]
async fn seats_that_give_wrong_rows_are_named_by_every_reader() {
    for fault in read_beside(Lie::FlippedRow).await {
        assert!(fault.is_lie(), "{fault}");
        assert!(
            matches!(fault, SeatFault::WrongRow(VerifyError::Row(_))),
            "{fault}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn seats_that_give_wrong_proofs_are_named_by_every_reader() {
    for fault in read_beside(Lie::FlippedProof).await {
        assert!(
            matches!(fault, SeatFault::WrongRow(VerifyError::Row(_))),
            "{fault}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn seats_that_give_other_rows_are_named() {
    for fault in read_beside(Lie::OtherRows).await {
        assert!(fault.is_lie(), "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn seats_that_give_half_of_it_are_named() {
    for fault in read_beside(Lie::Half).await {
        assert!(matches!(fault, SeatFault::Wire(_)), "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn seats_that_give_more_than_was_asked_for_are_cut_off() {
    for fault in read_beside(Lie::Endless).await {
        assert!(matches!(fault, SeatFault::Wire(_)), "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn seats_that_drip_are_not_waited_for() {
    let begun = std::time::Instant::now();
    for fault in read_beside(Lie::Drip).await {
        assert_eq!(fault, SeatFault::TooSlow);
    }
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[tokio::test(flavor = "multi_thread")]
async fn seats_that_give_wrong_combinations_spoil_nobody_elses_rows() {
    for fault in read_beside(Lie::FlippedCombinations).await {
        assert!(fault.is_lie(), "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_two_thirds_nothing_becomes_available() {
    let network = Network::with(
        &[1; 6],
        |_, _| {},
        |config| {
            config.seats.answer = Duration::from_secs(1);
        },
    )
    .await;
    network.chain.change(|state| state.attest_ticks = 400);
    // More than a third is silent.
    for seat in 0..3 {
        network
            .chain
            .change(|state| state.endpoints.remove(&provider(seat)));
    }
    let status = network.put(&data(5_000, 1)).await;
    assert_eq!(status.state, BlobState::TooFewSignatures, "{status:?}");
    let named: Vec<_> = status.faults.iter().map(|fault| fault.seat).collect();
    assert_eq!(named, [0, 1, 2]);
    let calls = network.chain.change(|state| state.calls.clone());
    assert_eq!(calls, ["submit"], "nobody attested");
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_that_is_silent_keeps_nothing_from_becoming_available() {
    let network = Network::new(&[1; 6]).await;
    for seat in 0..2 {
        network
            .chain
            .change(|state| state.endpoints.remove(&provider(seat)));
    }
    let blob = data(5_000, 1);
    let status = network.put(&blob).await;
    assert_eq!(status.state, BlobState::Available, "{status:?}");
    let read = network.reader().read(submission_of(&status)).await.unwrap();
    assert_eq!(read.bytes, blob);
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn seats_that_come_late_are_added() {
    let network = Network::with(
        &[1; 6],
        |_, _| {},
        |config| {
            config.late = Duration::from_secs(60);
            config.gather = Duration::ZERO;
        },
    )
    .await;
    let endpoint = network
        .chain
        .change(|state| state.endpoints.remove(&provider(2)).unwrap());
    let status = network.put(&data(5_000, 1)).await;
    assert_eq!(status.state, BlobState::Available);
    network
        .chain
        .change(|state| state.endpoints.insert(provider(2), endpoint));
    let submission = submission_of(&status);
    until(|| async {
        let standing = network.chain.standing(submission)?;
        let noema_da::chain::Standing::Available { signed, .. } = standing else {
            return None;
        };
        (signed[0] == 0x3f).then_some(())
    })
    .await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_quarter_of_the_stake_rebuilds_and_less_does_not() {
    let network = Network::new(&[1; 8]).await;
    let blob = data(100_000, 1);
    let submission = submission_of(&network.put(&blob).await);
    let silence = |seats: std::ops::Range<usize>| {
        network.chain.change(|state| {
            for seat in seats {
                state.endpoints.remove(&provider(seat));
            }
        });
    };
    silence(0..6);
    assert_eq!(network.reader().read(submission).await.unwrap().bytes, blob);
    silence(6..7);
    let error = network.reader().read(submission).await.unwrap_err();
    assert!(error.to_string().contains("128 rows of 256"), "{error}");
    // Who samples finds that rows are gone.
    let sampled = network.reader().sample(submission, 20).await.unwrap();
    assert!(!sampled.is_complete() && sampled.fooled_with().is_none());
    network.stop().await;
}
