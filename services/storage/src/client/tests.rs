//! Downloads from providers that lie, fail or lack something.

use std::sync::{
    atomic::{AtomicUsize, Ordering},
    Arc,
};

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
    Router,
};
use noema_chain_client::AccountId;
use noema_commitment::SEGMENT_SIZE;
use tokio_util::sync::DropGuard;

use super::{DownloadError, DownloadOptions, Fault, Peer, StorageClient};
use crate::{
    frame,
    testing::{fill, serve, Sample, TestProvider},
};

/// What a misbehaving provider does with the frame of a segment.
#[derive(Clone, Copy, Debug)]
enum Trick {
    FlipABit,
    CutTheEnd,
    WrongSibling,
    AnotherSegment,
    Garbage,
    TooLong,
    Nothing,
    Fail,
}

#[derive(Clone)]
struct Tricks {
    sample: Arc<Sample>,
    trick: Trick,
    asked: Arc<AtomicUsize>,
}

struct Trickster {
    peer: Peer,
    asked: Arc<AtomicUsize>,
    _stop: DropGuard,
}

async fn trickster(n: u8, sample: &Sample, trick: Trick) -> Trickster {
    let asked = Arc::new(AtomicUsize::new(0));
    let tricks = Tricks {
        sample: Arc::new(sample.clone()),
        trick,
        asked: asked.clone(),
    };
    let router = Router::new()
        .route("/v1/files/{file}/segments/{index}", get(play))
        .with_state(tricks);
    let (endpoint, stop) = serve(router).await;
    Trickster {
        peer: Peer {
            provider: AccountId([n; 32]),
            endpoint,
        },
        asked,
        _stop: stop,
    }
}

async fn play(State(tricks): State<Tricks>, Path((_, index)): Path<(String, u64)>) -> Response {
    tricks.asked.fetch_add(1, Ordering::Relaxed);
    let sample = &tricks.sample;
    let segment = sample.segment(index);
    let mut siblings = segment.siblings.clone();
    let mut data = segment.data.to_vec();
    match tricks.trick {
        Trick::FlipABit => data[100] ^= 4,
        Trick::CutTheEnd => data.truncate(data.len() - 256),
        Trick::WrongSibling => siblings[0][0] ^= 1,
        Trick::AnotherSegment => {
            let other = sample.segment((index + 1) % sample.segments());
            siblings = other.siblings;
            data = other.data.to_vec();
        }
        Trick::Garbage => return vec![0xffu8; 300].into_response(),
        Trick::TooLong => return vec![1u8; 3 * SEGMENT_SIZE].into_response(),
        Trick::Nothing => return Vec::<u8>::new().into_response(),
        Trick::Fail => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
    frame::encode(&siblings, &data).into_response()
}

#[tokio::test]
async fn every_lie_is_named_and_the_download_goes_on() {
    let sample = Sample::new(9 * SEGMENT_SIZE + 77, 0);
    let honest = TestProvider::start(1, &[&sample]).await;
    fill(&honest.store, &sample).await;
    let tricks = [
        Trick::FlipABit,
        Trick::CutTheEnd,
        Trick::WrongSibling,
        Trick::AnotherSegment,
        Trick::Garbage,
        Trick::TooLong,
        Trick::Nothing,
    ];
    for (n, trick) in (2u8..).zip(tricks) {
        let liar = trickster(n, &sample, trick).await;
        let mut output = Vec::new();
        let report = StorageClient::default()
            .download(
                &sample.file,
                &[liar.peer.clone(), honest.peer()],
                &mut output,
                DownloadOptions::default(),
            )
            .await
            .unwrap();
        assert!(output == sample.bytes, "{trick:?}");
        assert_eq!(report.bytes, sample.bytes.len() as u64);
        assert_eq!(report.delivered, [(honest.peer(), sample.segments())]);
        let [named] = &report.misbehaved[..] else {
            panic!("{trick:?}: {report:?}")
        };
        assert_eq!(named.provider, liar.peer.provider);
        assert_eq!(named.endpoint, liar.peer.endpoint);
        let text = named.to_string();
        assert!(text.contains(&liar.peer.provider.to_string()), "{text}");
        let fits = match (trick, &named.fault) {
            // The segment beside it may be the shorter last one.
            (Trick::AnotherSegment, fault) => !matches!(fault, Fault::Frame(_)),
            (Trick::CutTheEnd | Trick::TooLong, fault) => matches!(fault, Fault::Length { .. }),
            (Trick::Garbage | Trick::Nothing, fault) => matches!(fault, Fault::Frame(_)),
            (_, fault) => matches!(fault, Fault::Proof(_)) && text.contains("expected 0x"),
        };
        assert!(fits, "{trick:?}: {text}");
        // A window of requests may be out before the first lie is seen, no more.
        assert!(liar.asked.load(Ordering::Relaxed) <= 16);
    }
}

#[tokio::test]
async fn a_provider_that_fails_is_no_liar_and_is_left_for_others() {
    let sample = Sample::new(40 * SEGMENT_SIZE, 0);
    let honest = TestProvider::start(1, &[&sample]).await;
    fill(&honest.store, &sample).await;
    let failing = trickster(2, &sample, Trick::Fail).await;
    let gone = Peer {
        provider: AccountId([3; 32]),
        endpoint: "http://127.0.0.1:9".into(),
    };
    let mut output = Vec::new();
    let peers = [failing.peer.clone(), gone.clone(), honest.peer()];
    let report = StorageClient::default()
        .download(
            &sample.file,
            &peers,
            &mut output,
            DownloadOptions::default(),
        )
        .await
        .unwrap();
    assert!(output == sample.bytes);
    assert_eq!(report.misbehaved, []);
    let failed: Vec<_> = report.failed.iter().map(|(peer, _)| peer.clone()).collect();
    assert_eq!(failed, [failing.peer.clone(), gone]);
    assert!(
        failing.asked.load(Ordering::Relaxed) < 40,
        "it is not asked for every segment"
    );
}

#[tokio::test]
async fn two_providers_with_different_halves_make_the_whole() {
    let sample = Sample::new(10 * SEGMENT_SIZE, 0);
    let (a, b) = (
        TestProvider::start(1, &[&sample]).await,
        TestProvider::start(2, &[&sample]).await,
    );
    for provider in [&a, &b] {
        provider.store.add_file(&sample.file).await.unwrap();
    }
    for index in 0..10 {
        let provider = if index < 5 { &a } else { &b };
        provider.store.put(sample.segment(index)).await.unwrap();
    }
    let mut output = Vec::new();
    let report = StorageClient::default()
        .download(
            &sample.file,
            &[a.peer(), b.peer()],
            &mut output,
            DownloadOptions::default(),
        )
        .await
        .unwrap();
    assert!(output == sample.bytes);
    assert_eq!(report.delivered, [(a.peer(), 5), (b.peer(), 5)]);
}

#[tokio::test]
async fn ranges_are_cut_exactly() {
    let sample = Sample::new(3 * SEGMENT_SIZE + 500, 0);
    let honest = TestProvider::start(1, &[&sample]).await;
    fill(&honest.store, &sample).await;
    let size = sample.bytes.len() as u64;
    let segment = SEGMENT_SIZE as u64;
    let ranges = [
        0..1,
        0..size,
        segment - 1..segment + 1,
        segment..2 * segment,
        size - 1..size,
        7..7,
    ];
    for range in ranges {
        let options = DownloadOptions {
            range: Some(range.clone()),
            ..Default::default()
        };
        let mut output = Vec::new();
        StorageClient::default()
            .download(&sample.file, &[honest.peer()], &mut output, options)
            .await
            .unwrap();
        assert!(
            output == sample.bytes[range.start as usize..range.end as usize],
            "{range:?}"
        );
    }
    let options = DownloadOptions {
        range: Some(0..size + 1),
        ..Default::default()
    };
    let beyond = StorageClient::default()
        .download(&sample.file, &[honest.peer()], &mut Vec::new(), options)
        .await;
    assert!(matches!(beyond, Err(DownloadError::BadRange { .. })));
}

#[tokio::test]
async fn when_all_lie_the_error_names_them_and_nothing_wrong_is_written() {
    let sample = Sample::new(4 * SEGMENT_SIZE, 0);
    let first = trickster(2, &sample, Trick::FlipABit).await;
    let second = trickster(3, &sample, Trick::WrongSibling).await;
    let mut output = Vec::new();
    let error = StorageClient::default()
        .download(
            &sample.file,
            &[first.peer.clone(), second.peer.clone()],
            &mut output,
            DownloadOptions {
                rounds: 1,
                ..Default::default()
            },
        )
        .await
        .unwrap_err();
    assert!(output.is_empty());
    let text = error.to_string();
    for liar in [first, second] {
        assert!(text.contains(&liar.peer.provider.to_string()), "{text}");
    }
}
