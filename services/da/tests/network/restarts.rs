//! Seats and gateways that stop and start again, records that end, disks that rot.

use std::{fs, time::Duration};

use noema_da::{
    bls::SignatureBytes,
    chain::Standing,
    client::PutOptions,
    store::{Store, StoreError},
    wire::BlobState,
};

use crate::{chain::*, harness::*};

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_that_starts_again_has_its_rows_and_the_same_signature() {
    let mut network = Network::new(&[1; 4]).await;
    let blob = data(30_000, 1);
    let submission = submission_of(&network.put(&blob).await);
    let path = format!("v1/submissions/{submission}/signature");
    let before = page(&network.seats[2], &path).await;
    network.seats.remove(2).stop().await;
    let again = start_seat(
        &network.chain,
        seat_config(3, &network.dir.path().join("seat2")),
    )
    .await;
    assert_eq!(page(&again, &path).await, before);
    // Only what it has is left to read from.
    network.chain.change(|state| {
        for seat in [0, 1, 3] {
            state.endpoints.remove(&provider(seat));
        }
    });
    assert_eq!(network.reader().read(submission).await.unwrap().bytes, blob);
    again.stop().await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_go_when_nobody_can_ask_for_them_and_not_before() {
    let network = Network::new(&[1; 4]).await;
    let submission = submission_of(&network.put(&data(3_000, 1)).await);
    let held = || figure(&network.seats[0], "noema_da_seat_shards ");
    let known = || async {
        let (_, text) = page(&network.seats[0], &format!("v1/submissions/{submission}")).await;
        text.contains("until").then_some(())
    };
    until(known).await;
    // The window is over on chain, but a reader could still ask: the record is there.
    let until_round = network.chain.change(|state| {
        let round = state.submissions[&submission].info.until;
        state.era = round + 1;
        round
    });
    assert!(until_round > ERA);
    let number = network.chain.change(|state| state.next);
    assert_eq!(number, submission + 1);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(held().await, 1.0);
    // A node that is behind knows neither record nor number.
    let record = network.chain.change(|state| {
        state.next = submission;
        state.era += 1;
        state.submissions.remove(&submission).unwrap()
    });
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(held().await, 1.0);
    network.chain.change(|state| {
        state.submissions.insert(submission, record);
        state.next = submission + 1;
    });
    network.chain.change(|state| {
        state.submissions.remove(&submission);
        state.era += 1;
    });
    until(|| async { (held().await == 0.0).then_some(()) }).await;
    let files = fs::read_dir(network.dir.path().join("seat0/shards")).unwrap();
    for below in files {
        assert_eq!(fs::read_dir(below.unwrap().path()).unwrap().count(), 0);
    }
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_rot_are_named_by_the_seat_itself_and_never_served() {
    let network = Network::new(&[1; 4]).await;
    let blob = data(30_000, 1);
    let submission = submission_of(&network.put(&blob).await);
    let file = network.dir.path().join(format!(
        "seat0/shards/{submission:02x}/{submission:016x}.shard"
    ));
    let mut bytes = fs::read(&file).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&file, &bytes).unwrap();
    let rows = network.chain.plan(submission).assignment.sorted_rows(0);
    let path = format!(
        "v1/submissions/{submission}/rows?index={}",
        rows[rows.len() - 1]
    );
    let (status, text) = page(&network.seats[0], &path).await;
    assert_eq!(status, 503, "{text}");
    assert!(text.contains("damaged"), "{text}");
    // Combinations as well.
    bytes[last] ^= 1;
    bytes[45] ^= 1;
    fs::write(&file, &bytes).unwrap();
    let path = format!("v1/submissions/{submission}/combinations");
    assert_eq!(page(&network.seats[0], &path).await.0, 503);
    assert_eq!(
        figure(&network.seats[0], "noema_da_seat_damaged_reads_total").await,
        2.0
    );
    // Readers go elsewhere.
    let read = network.reader().read(submission).await.unwrap();
    assert_eq!(read.bytes, blob);
    assert!(!read.reports.iter().any(|report| report.fault.is_lie()));
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_names_what_is_missing_and_goes_on() {
    let mut network = Network::new(&[1; 4]).await;
    let one = submission_of(&network.put(&data(3_000, 1)).await);
    let two = submission_of(&network.put(&data(3_000, 2)).await);
    network.seats.remove(0).stop().await;
    let dir = network.dir.path().join("seat0");
    let file = |n: u64| dir.join(format!("shards/{n:02x}/{n:016x}.shard"));
    fs::write(file(one), b"short").unwrap();
    fs::write(dir.join("incoming/left.part"), b"x").unwrap();
    fs::write(file(one).with_file_name("0000000000000101.shard"), b"x").unwrap();
    fs::write(file(one).with_file_name("somebody.txt"), b"x").unwrap();
    let config = seat_config(1, &dir);
    let (store, opened) = Store::open(&dir, GENESIS, account(1), config.budget).unwrap();
    assert_eq!((opened.shards, opened.orphans), (2, 2));
    assert_eq!((opened.damaged, opened.damaged_count), (vec![one], 1));
    assert!(store.reader(store.get(two).unwrap().unwrap()).is_ok());
    let damaged = store.reader(store.get(one).unwrap().unwrap());
    assert!(matches!(damaged, Err(StoreError::DamagedFile { .. })));
    drop(store);
    // Another chain's or provider's directory is refused, and rows without records are not deleted.
    let other = Store::open(&dir, GENESIS, account(2), config.budget);
    assert!(matches!(other, Err(StoreError::Journal(_))));
    fs::remove_file(dir.join("seat.redb")).unwrap();
    let lost = Store::open(&dir, GENESIS, account(1), config.budget);
    assert!(matches!(lost, Err(StoreError::NoRecords { .. })));
    assert!(file(two).exists());
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_goes_on_where_it_was_and_pays_once() {
    let mut network = Network::new(&[1; 4]).await;
    // Seats are silent, so that it stands where it is on chain.
    let endpoints = network
        .chain
        .change(|state| std::mem::take(&mut state.endpoints));
    let blob = data(70_000, 1);
    let id = put(&network.client(), &blob, PutOptions::default())
        .await
        .id;
    let status = reached(&network.client(), &id, BlobState::Submitted).await;
    network.gateway.take().unwrap().stop().await;
    network.chain.change(|state| state.endpoints = endpoints);
    let config = gateway_config(&network.dir.path().join("gateway"));
    network.gateway = Some(start_gateway(&network.chain, config).await);
    let done = settled(&network.client(), &id).await;
    assert_eq!(done.state, BlobState::Available);
    assert_eq!(done.submission, status.submission);
    let calls = network.chain.change(|state| state.calls.clone());
    assert_eq!(calls.iter().filter(|call| **call == "submit").count(), 1);
    assert_eq!(network.client().get(&id).await.unwrap(), blob);
    // When all is done its bytes are gone from the spool.
    let spool = network.dir.path().join("gateway/spool");
    until(|| async { (fs::read_dir(&spool).unwrap().count() == 0).then_some(()) }).await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_whose_answer_was_lost_is_found_again() {
    let network = Network::new(&[1; 4]).await;
    network.chain.change(|state| state.lose_answers = 1);
    let status = network.put(&data(100, 1)).await;
    assert_eq!(status.state, BlobState::Available);
    let calls = network.chain.change(|state| state.calls.clone());
    assert_eq!(calls.iter().filter(|call| **call == "submit").count(), 1);
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_seed_and_a_price_above_the_limit_end_a_blob() {
    let network = Network::with(&[1; 4], |_, _| {}, |_| {}).await;
    network.chain.change(|state| state.lose_from = Some(1));
    let status = network.put(&data(100, 1)).await;
    assert_eq!(status.state, BlobState::Failed);
    assert!(status.reason.unwrap().contains("refunded whole"));
    network.stop().await;
    let network = Network::with(&[1; 4], |_, _| {}, |config| config.max_fee = Some(999)).await;
    let status = network.put(&data(100, 1)).await;
    assert_eq!(status.state, BlobState::Failed);
    assert!(status.reason.unwrap().contains("1000 units"));
    let calls = network.chain.change(|state| state.calls.clone());
    assert!(calls.is_empty(), "{calls:?}");
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_attests_before_the_gateway_does_it_no_harm() {
    let network = Network::with(
        &[1; 4],
        |_, _| {},
        |config| config.late = Duration::from_secs(60),
    )
    .await;
    let endpoints = network
        .chain
        .change(|state| std::mem::take(&mut state.endpoints));
    let id = put(&network.client(), &data(100, 1), PutOptions::default())
        .await
        .id;
    let status = reached(&network.client(), &id, BlobState::Submitted).await;
    let submission = submission_of(&status);
    until(|| async {
        matches!(
            network.chain.standing(submission),
            Some(Standing::Submitted { .. })
        )
        .then_some(())
    })
    .await;
    let plan = network.chain.plan(submission);
    let signatures: Vec<SignatureBytes> =
        (1..=3).map(|n| secret(n).sign(&plan.attestation)).collect();
    let sum = noema_da::bls::aggregate(&signatures).unwrap();
    let seats = (0..3).collect();
    let attested = noema_da::chain::DaCalls::attest(&network.chain, submission, seats, sum);
    attested.await.unwrap();
    network.chain.change(|state| state.endpoints = endpoints);
    let done = settled(&network.client(), &id).await;
    assert_eq!(done.state, BlobState::Available);
    // The fourth is added.
    until(|| async {
        match network.chain.standing(submission) {
            Some(Standing::Available { signed, .. }) => (signed[0] == 0x0f).then_some(()),
            _ => None,
        }
    })
    .await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_that_is_down_for_a_while_signs_when_it_is_back() {
    let network = Network::with(
        &[1; 3],
        |_, _| {},
        |config| config.late = Duration::from_secs(60),
    )
    .await;
    let endpoint = network
        .chain
        .change(|state| state.endpoints.remove(&provider(0)).unwrap());
    let missing = network
        .chain
        .change(|state| state.endpoints.remove(&provider(1)).unwrap());
    let id = put(&network.client(), &data(9_000, 1), PutOptions::default())
        .await
        .id;
    let status = until(|| async {
        let status = network.client().status(&id).await.unwrap();
        (status.faults.len() == 2).then_some(status)
    })
    .await;
    assert!(status
        .faults
        .iter()
        .all(|fault| fault.fault == "no_endpoint"));
    network.chain.change(|state| {
        state.endpoints.insert(provider(0), endpoint);
        state.endpoints.insert(provider(1), missing);
    });
    assert_eq!(
        settled(&network.client(), &id).await.state,
        BlobState::Available
    );
    network.stop().await;
}
