//! What seats refuse: strangers' bytes, the wrong time, too much of it, too slowly.

use std::time::Duration;

use bytes::Bytes;
use futures::{stream, StreamExt};
use noema_da::{
    client::{SeatClient, SeatFault},
    coding::CodedBlob,
    seat::UploadPace,
    store::Budget,
};
use noema_da_primitives::Content;

use crate::{chain::*, harness::*};

/// A seat with the first of these stakes, a coded blob that is on chain, and what is sent to the seat.
struct One {
    chain: MemoryChain,
    seat: Running,
    submission: u64,
    shard: Vec<u8>,
    _dir: tempfile::TempDir,
}

impl One {
    async fn new(
        size: usize,
        stakes: &[u128],
        set: impl FnOnce(&mut noema_da::seat::SeatConfig),
    ) -> Self {
        let (chain, dir) = (MemoryChain::new(stakes), tempfile::tempdir().unwrap());
        let mut config = seat_config(1, dir.path());
        set(&mut config);
        let seat = start_seat(&chain, config).await;
        let (submission, shard) = submit(&chain, &data(size, 1));
        Self {
            chain,
            seat,
            submission,
            shard,
            _dir: dir,
        }
    }

    async fn send(&self, shard: &[u8]) -> Result<(), SeatFault> {
        send(&self.seat, self.submission, shard).await
    }

    async fn refused(&self, shard: &[u8]) -> (u16, String) {
        refusal(self.send(shard).await)
    }
}

fn refusal(sent: Result<(), SeatFault>) -> (u16, String) {
    match sent {
        Err(SeatFault::Refused { status, detail }) => (status, detail.code),
        other => panic!("{other:?}"),
    }
}

/// Puts a blob on chain; its submission, and the shard of seat 0.
fn submit(chain: &MemoryChain, blob: &[u8]) -> (u64, Vec<u8>) {
    let coded = CodedBlob::encode(Content::Plain, blob).unwrap();
    let new = new_submission(coded.commitment(), coded.shape().size(), Content::Plain);
    let submission = chain.submit_now(new);
    let plan = chain.plan(submission);
    let rows = plan.assignment.shard_rows(0, plan.content());
    let shard = coded.shard(&rows).unwrap().flatten().collect();
    (submission, shard)
}

async fn send(seat: &Running, submission: u64, shard: &[u8]) -> Result<(), SeatFault> {
    let pieces: Vec<_> = shard.chunks(10_000).map(Bytes::copy_from_slice).collect();
    let length = shard.len() as u64;
    let client = SeatClient::new(patience());
    let sent = client
        .send_shard(&seat.endpoint, submission, stream::iter(pieces), length)
        .await;
    sent.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_that_differs_anywhere_is_refused_and_nothing_of_it_kept() {
    let one = One::new(3_000, &[1; 4], |_| {}).await;
    // Header, combinations, and of each row its index, its siblings and its bytes.
    let row = noema_da::coding::row_on_the_wire(&one.chain.plan(one.submission).shape) as usize;
    let first = 40 + 8 * 16;
    for at in [
        0,
        1,
        2,
        5,
        9,
        40,
        100,
        first,
        first + 2,
        first + 200,
        first + row * 3 + 170,
    ] {
        let mut shard = one.shard.clone();
        shard[at] ^= 1;
        let (status, code) = one.refused(&shard).await;
        assert_eq!((status, &code[..]), (422, "wrong_shard"), "byte {at}");
    }
    let (status, _) = page(&one.seat, &format!("v1/submissions/{}", one.submission)).await;
    assert_eq!(status, 404);
    assert_eq!(figure(&one.seat, "noema_da_seat_shards ").await, 0.0);
    assert_eq!(figure(&one.seat, "noema_da_seat_waiting ").await, 0.0);
    one.send(&one.shard).await.unwrap();
    // Again it is the same, whatever is sent.
    one.send(&[0; 10]).await.unwrap();
    one.seat.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_of_another_length_is_refused_before_it_is_read() {
    let one = One::new(3_000, &[1; 4], |_| {}).await;
    for length in [0, one.shard.len() - 1] {
        let (status, code) = one.refused(&one.shard[..length]).await;
        assert_eq!((status, &code[..]), (400, "wrong_length"));
    }
    let longer = [&one.shard[..], &[0]].concat();
    let (status, code) = one.refused(&longer).await;
    assert_eq!((status, &code[..]), (400, "wrong_length"));
    one.seat.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_on_chain_or_not_yet_or_no_more_is_refused() {
    let one = One::new(3_000, &[1; 4], |_| {}).await;
    let code = |sent| refusal(sent).1;
    assert_eq!(
        code(send(&one.seat, 99, &one.shard).await),
        "unknown_submission"
    );
    let plan = one.chain.plan(one.submission);
    let new = new_submission(plan.commitment(), 3_000, Content::Plain);
    let waiting = one.chain.change(|state| state.next);
    tokio::spawn({
        let chain = one.chain.clone();
        async move { noema_da::chain::DaCalls::submit(&chain, new).await }
    })
    .await
    .unwrap()
    .unwrap();
    assert_eq!(
        code(send(&one.seat, waiting, &one.shard).await),
        "awaits_seed"
    );
    one.chain.change(|state| state.tick = u64::MAX / 2);
    one.chain.advance();
    assert_eq!(code(one.send(&one.shard).await), "too_late");
    one.seat.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_seat_takes_nothing_and_who_lacks_the_key_signs_nothing() {
    let chain = MemoryChain::new(&[1; 4]);
    let dir = tempfile::tempdir().unwrap();
    let stranger = start_seat(&chain, seat_config(77, &dir.path().join("a"))).await;
    let (submission, shard) = submit(&chain, &data(100, 1));
    let refused = refusal(send(&stranger, submission, &shard).await);
    assert_eq!(refused, (403, "no_seat".to_owned()));
    let mut config = seat_config(1, &dir.path().join("b"));
    config.keys = vec![secret(2)];
    let keyless = start_seat(&chain, config.clone()).await;
    let refused = refusal(send(&keyless, submission, &shard).await);
    assert_eq!(refused, (503, "no_key".to_owned()));
    keyless.stop().await;
    // A key of before is used in its eras.
    config.keys = vec![secret(2), secret(1)];
    let seat = start_seat(&chain, config).await;
    send(&seat, submission, &shard).await.unwrap();
    seat.stop().await;
    stranger.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn budgets_hold_by_payer_and_in_all() {
    let budget = |total, waiting, payer| Budget {
        total,
        waiting,
        payer,
        reserve: 0,
    };
    for (limits, first, second) in [
        (budget(1 << 30, 1 << 30, 5_999), "signed", "full"),
        (budget(1 << 30, 6_000, 1 << 30), "signed", "full"),
        (budget(6_000, 1 << 30, 1 << 30), "signed", "full"),
        (budget(100, 1 << 30, 1 << 30), "full", "full"),
        (budget(1 << 30, 1 << 30, 6_000), "signed", "signed"),
    ] {
        let one = One::new(3_000, &[1; 4], |config| config.budget = limits).await;
        let (other, shard) = submit(&one.chain, &data(3_000, 2));
        let said = |sent: Result<(), SeatFault>| match sent {
            Ok(()) => "signed".to_owned(),
            sent => refusal(sent).1,
        };
        assert_eq!(said(one.send(&one.shard).await), first, "{limits:?}");
        assert_eq!(
            said(send(&one.seat, other, &shard).await),
            second,
            "{limits:?}"
        );
        one.seat.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_available_no_longer_counts_for_its_payer() {
    let one = One::new(3_000, &[1; 4], |config| config.budget.payer = 4_000).await;
    one.send(&one.shard).await.unwrap();
    let (other, shard) = submit(&one.chain, &data(3_000, 2));
    assert_eq!(refusal(send(&one.seat, other, &shard).await).1, "full");
    one.chain.change(|state| {
        let known = state.submissions.get_mut(&one.submission).unwrap();
        let noema_da::chain::Standing::Submitted { seed } = known.info.standing else {
            panic!("{known:?}");
        };
        known.info.standing = noema_da::chain::Standing::Available {
            seed,
            index: 0,
            height: 1,
            signed: [1; 13],
            holders: [1; 13],
        };
    });
    let _blocks = one.chain.run();
    until(|| async { send(&one.seat, other, &shard).await.ok() }).await;
    one.seat.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_drips_is_cut_off_and_keeps_nobody_else_waiting() {
    let one = One::new(100_000, &[1; 4], |config| {
        config.pace = UploadPace {
            patience: Duration::from_millis(400),
            least: 1 << 20,
        };
    })
    .await;
    let shard = one.shard.clone();
    let length = shard.len() as u64;
    // A byte at a time, for ever.
    let drops = stream::iter(shard).then(|byte| async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Bytes::from(vec![byte])
    });
    let client = SeatClient::new(patience());
    let endpoint = one.seat.endpoint.clone();
    let submission = one.submission;
    let dripping = tokio::spawn(async move {
        let drops = Box::pin(drops);
        client
            .send_shard(&endpoint, submission, drops, length)
            .await
    });
    until(|| async {
        let waiting = figure(&one.seat, "noema_da_seat_waiting ").await;
        (waiting == 1.0).then_some(())
    })
    .await;
    one.send(&one.shard).await.unwrap();
    let sent = dripping.await.unwrap();
    assert_eq!(refusal(sent.map(drop)), (408, "too_slow".to_owned()));
    assert_eq!(figure(&one.seat, "noema_da_seat_shards ").await, 1.0);
    one.seat.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_is_given_what_rebuilds_a_blob_and_then_nothing_for_a_round() {
    let one = One::new(3_000, &[1; 4], |_| {}).await;
    one.send(&one.shard).await.unwrap();
    let path = format!("v1/submissions/{}/rows", one.submission);
    let rows = one.chain.plan(one.submission).assignment.sorted_rows(0);
    assert_eq!(rows.len(), 8);
    let seat = &one.seat;
    let get = |path: String| async move { status(seat, &path).await };
    assert_eq!(get(format!("{path}?index={}", rows[0])).await, 200);
    assert_eq!(get(path.clone()).await, 429, "all 8 were 9");
    let rest: Vec<_> = rows[1..].iter().map(u16::to_string).collect();
    assert_eq!(get(format!("{path}?index={}", rest.join(","))).await, 200);
    assert_eq!(get(format!("{path}?index={}", rows[0])).await, 429);
    assert_eq!(
        figure(
            &one.seat,
            "noema_da_seat_read_refusals_total{limit=\"rows\"}"
        )
        .await,
        2.0
    );
    one.chain.change(|state| state.era += 1);
    one.chain.advance();
    assert_eq!(get(path).await, 200);
    one.seat.stop().await;
}

/// The status of an answer whose bytes are no text.
async fn status(running: &Running, path: &str) -> u16 {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/{path}", running.endpoint);
    let response = client.get(url).send().await.unwrap();
    response.status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_no_rows_of_the_seat_are_not_given() {
    let one = One::new(3_000, &[1; 4], |_| {}).await;
    one.send(&one.shard).await.unwrap();
    let rows = one.chain.plan(one.submission).assignment.sorted_rows(0);
    let other = (0..32).find(|row| !rows.contains(row)).unwrap();
    for (index, expected) in [
        (other.to_string(), 404),
        ("33".to_owned(), 404),
        ("65536".to_owned(), 400),
        (String::new(), 400),
        ("a".to_owned(), 400),
        (format!("{0},{0}", rows[0]), 400),
        ("9-3".to_owned(), 400),
        ("0-65535".to_owned(), 404),
    ] {
        let path = format!("v1/submissions/{}/rows?index={index}", one.submission);
        assert_eq!(status(&one.seat, &path).await, expected, "{index}");
    }
    for path in ["v1/submissions/x", "v1/submissions/18446744073709551616"] {
        assert_eq!(status(&one.seat, path).await, 400);
    }
    assert_eq!(status(&one.seat, "v1/nothing").await, 404);
    one.seat.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_takes_what_fits_and_says_why_not() {
    let network = Network::with(
        &[1; 4],
        |_, _| {},
        |config| {
            config.token = Some("secret".to_owned());
            config.spool = 10_000;
        },
    )
    .await;
    let gateway = network.gateway.as_ref().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/v1/blobs", gateway.endpoint);
    let put = |query: &str, size: usize, token: &str| {
        let request = client.put(format!("{url}?{query}")).body(vec![1; size]);
        let request = request.bearer_auth(token.to_owned());
        async move { request.send().await.unwrap().status().as_u16() }
    };
    assert_eq!(put("", 10, "wrong").await, 401);
    assert_eq!(put("", 10_001, "secret").await, 507);
    assert_eq!(put("days=0", 10, "secret").await, 400);
    assert_eq!(put("days=14", 10, "secret").await, 400);
    assert_eq!(put("namespace=00", 10, "secret").await, 400);
    assert_eq!(put("what=1", 10, "secret").await, 400);
    assert_eq!(put("days=13", 10, "secret").await, 202);
    // Without a length nothing is known of the shape.
    let pieces = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"x"))]);
    let body = reqwest::Body::wrap_stream(pieces);
    let request = client.put(&url).bearer_auth("secret").body(body);
    assert_eq!(request.send().await.unwrap().status(), 411);
    // More than any blob has is refused by its length alone.
    let request = client
        .put(&url)
        .bearer_auth("secret")
        .header("content-length", (1u64 << 27) + 1)
        .body(reqwest::Body::wrap_stream(stream::pending::<
            std::io::Result<Bytes>,
        >()));
    let refused = tokio::time::timeout(Duration::from_secs(20), request.send()).await;
    // A client that never sends is answered, or cut off when the server is done with it.
    if let Ok(Ok(response)) = refused {
        assert_eq!(response.status(), 413);
    }
    assert_eq!(page(gateway, "v1/health").await.0, 200, "health is public");
    network.stop().await;
}
