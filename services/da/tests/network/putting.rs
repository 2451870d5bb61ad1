//! Blobs of all sizes through a gateway and back.

use noema_da::{client::Wanted, wire::BlobState};
use noema_da_primitives::SizeClass;

use crate::{chain::*, harness::*};

async fn put_and_read(size: usize, stakes: &[u128]) {
    let network = Network::new(stakes).await;
    let blob = data(size, size as u64);
    let status = network.put(&blob).await;
    assert_eq!(status.state, BlobState::Available, "{status:?}");
    assert!(status.faults.is_empty(), "{status:?}");
    let submission = submission_of(&status);
    // Every seat signed, in one call that pays nothing, or was added by a second.
    let read = network.reader().read(submission).await.unwrap();
    assert_eq!(read.bytes, blob);
    assert!(read.reports.is_empty(), "{:?}", read.reports);
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_byte_becomes_available_and_is_read() {
    put_and_read(1, &[1; 4]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_at_all_becomes_available_and_is_read() {
    put_and_read(0, &[1; 5]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kibibyte_becomes_available_and_is_read() {
    put_and_read(1 << 10, &[5, 1, 9, 2, 2]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mebibyte_becomes_available_and_is_read() {
    put_and_read(1 << 20, &[10, 20, 30, 40, 10, 10, 10, 10]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn full_size_32_mebibytes_become_available_and_are_read() {
    put_and_read(32 << 20, &[1; 6]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn full_size_128_mebibytes_become_available_and_are_read() {
    put_and_read(128 << 20, &[1; 8]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_itself_reads_blobs_and_samples_them() {
    let network = Network::new(&[1; 6]).await;
    let blob = data(200_000, 1);
    let status = network.put(&blob).await;
    let client = network.client();
    assert_eq!(client.get(&status.id).await.unwrap(), blob);
    let submission = submission_of(&status);
    assert_eq!(client.get_submission(submission).await.unwrap(), blob);
    let sampled = client.sample(submission, 10).await.unwrap();
    assert_eq!((sampled.drawn, sampled.verified), (10, 10));
    assert!(sampled.fooled_with.unwrap() < 1e-6);
    let error = client.get_submission(99).await.unwrap_err();
    assert!(error.to_string().contains("unknown_submission"), "{error}");
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn some_bytes_are_read_by_their_rows_alone() {
    let network = Network::new(&[1; 5]).await;
    let blob = data(1 << 20, 3);
    let submission = submission_of(&network.put(&blob).await);
    let reader = network.reader();
    for range in [0..1, 4_000..9_000, (1 << 20) - 7..1 << 20, 5..5] {
        let read = reader.read_range(submission, range.clone()).await.unwrap();
        let expected = &blob[range.start as usize..range.end as usize];
        assert_eq!(read.bytes, expected, "{range:?}");
    }
    let beyond = reader.read_range(submission, 0..(1 << 20) + 1).await;
    assert!(beyond.is_err());
    // What is kept of a range of 5,000 bytes is two rows of 4,160, and not 256.
    let collector = reader.collector(submission).await.unwrap();
    let collected = collector.collect(&Wanted::These([1, 2].into())).await;
    assert_eq!((collected.complete, collected.rows.len()), (true, 2));
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_seat_is_in_the_first_call_which_is_free() {
    let network = Network::with(
        &[1; 7],
        |_, _| {},
        |config| {
            config.gather = std::time::Duration::from_secs(30);
        },
    )
    .await;
    let status = network.put(&data(100, 1)).await;
    let standing = network.chain.standing(submission_of(&status)).unwrap();
    let noema_da::chain::Standing::Available { signed, .. } = standing else {
        panic!("{standing:?}");
    };
    assert_eq!(signed[0], 0x7f);
    let calls = network.chain.change(|state| state.calls.clone());
    assert_eq!(calls, ["submit", "attest"]);
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_blob_twice_is_two_submissions() {
    let network = Network::new(&[1; 4]).await;
    let blob = data(3_000, 1);
    let first = network.put(&blob).await;
    let second = network.put(&blob).await;
    assert_ne!(first.id, second.id);
    assert_ne!(first.submission, second.submission);
    assert_eq!(first.commitment, second.commitment);
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_answers_for_itself_what_it_holds() {
    let network = Network::new(&[1; 4]).await;
    let submission = submission_of(&network.put(&data(1_000, 1)).await);
    let plan = network.chain.plan(submission);
    assert_eq!(plan.class(), SizeClass::Small);
    for (seat, running) in network.seats.iter().enumerate() {
        let (status, text) = page(running, &format!("v1/submissions/{submission}")).await;
        assert_eq!(status, 200);
        let shard: noema_da::wire::ShardStatus = serde_json::from_str(&text).unwrap();
        assert_eq!(usize::from(shard.seat), seat);
        assert_eq!(shard.rows, plan.assignment.sorted_rows(seat));
        let (status, text) = page(running, "v1/health").await;
        assert_eq!(status, 200, "{text}");
        let (_, info) = page(running, "v1/info").await;
        let info: noema_da::wire::Info = serde_json::from_str(&info).unwrap();
        assert_eq!(info.keys, [secret(seat as u8 + 1).public().to_string()]);
        assert_eq!(figure(running, "noema_da_seat_shards ").await, 1.0);
    }
    network.stop().await;
}
