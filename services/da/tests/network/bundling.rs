//! Small blobs together in one.

use std::time::Duration;

use noema_da::{client::PutOptions, wire::BlobState};
use noema_da_primitives::{Content, MemberId, MemberProof, Software};

use crate::harness::*;

const BUNDLE: PutOptions = PutOptions {
    namespace: None,
    days: None,
    bundle: true,
};

#[tokio::test(flavor = "multi_thread")]
async fn small_blobs_go_together_and_each_is_read_and_proven_by_itself() {
    let network = Network::with(
        &[1; 5],
        |_, _| {},
        |config| {
            config.bundles.wait = Duration::from_millis(300);
        },
    )
    .await;
    let client = network.client();
    let blobs: Vec<_> = (0..40).map(|n| data(n * 37, n as u64 + 1)).collect();
    let puts = blobs.iter().map(|blob| put(&client, blob, BUNDLE));
    let ids: Vec<_> = futures::future::join_all(puts).await;
    let mut submissions = std::collections::BTreeSet::new();
    for (blob, id) in blobs.iter().zip(&ids) {
        let status = settled(&client, &id.id).await;
        assert_eq!(status.state, BlobState::Available, "{status:?}");
        let submission = submission_of(&status);
        let member = status.member.unwrap();
        assert_eq!(client.get(&id.id).await.unwrap(), *blob);
        let by_number = client.get_member(submission, member.index).await;
        assert_eq!(by_number.unwrap(), *blob);
        // What the chain takes of `submit_member`.
        let plan = network.chain.plan(submission);
        let Content::Bundle(header) = plan.content() else {
            panic!("{plan:?}");
        };
        let siblings: Vec<_> = member.siblings.iter().map(|node| node.0).collect();
        let proof = MemberProof {
            index: member.index,
            offset: member.offset,
            size: member.size,
            id: MemberId(member.id.0),
            siblings: siblings.try_into().unwrap(),
        };
        assert_eq!(proof.verify::<Software>(header, plan.shape.size()), Ok(()));
        assert_eq!(proof.id, MemberId::of::<Software>(blob));
        // A seat gives an address so many rows of a blob, whoever asks there: one member by its rows alone.
        if submissions.insert(submission) {
            let read = network.reader().member(submission, member.index).await;
            let read = read.unwrap();
            assert_eq!((read.bytes, read.proof), (blob.clone().into(), proof));
        }
    }
    assert!(submissions.len() < 10, "{submissions:?}");
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_large_or_not_to_be_bundled_goes_by_itself() {
    let network = Network::with(
        &[1; 4],
        |_, _| {},
        |config| {
            config.bundles.largest_member = 1_000;
        },
    )
    .await;
    let client = network.client();
    for (size, options) in [(1_001, BUNDLE), (10, PutOptions::default())] {
        let id = put(&client, &data(size, 1), options).await.id;
        let status = settled(&client, &id).await;
        assert_eq!(status.state, BlobState::Available);
        assert!(status.member.is_none());
        let error = client.get_member(submission_of(&status), 0).await;
        assert!(error.unwrap_err().to_string().contains("no_bundle"));
    }
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_bundle_does_not_wait() {
    let network = Network::with(
        &[1; 4],
        |_, _| {},
        |config| {
            config.bundles.wait = Duration::from_secs(3_600);
            config.bundles.size = 1_000;
        },
    )
    .await;
    let client = network.client();
    let first = put(&client, &data(300, 1), BUNDLE).await;
    assert_eq!(
        client.status(&first.id).await.unwrap().state,
        BlobState::Received
    );
    let second = put(&client, &data(700, 2), BUNDLE).await;
    for id in [&first.id, &second.id] {
        let status = settled(&client, id).await;
        assert_eq!(status.state, BlobState::Available);
    }
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn members_that_wait_survive_a_restart() {
    let mut network = Network::with(
        &[1; 4],
        |_, _| {},
        |config| {
            config.bundles.wait = Duration::from_secs(3_600);
        },
    )
    .await;
    let ids = [
        put(&network.client(), &data(100, 1), BUNDLE).await.id,
        put(&network.client(), &data(200, 2), BUNDLE).await.id,
    ];
    network.gateway.take().unwrap().stop().await;
    let mut config = gateway_config(&network.dir.path().join("gateway"));
    config.bundles.wait = Duration::ZERO;
    network.gateway = Some(start_gateway(&network.chain, config).await);
    let client = network.client();
    for (id, seed) in ids.iter().zip(1u64..) {
        let status = settled(&client, id).await;
        assert_eq!(status.state, BlobState::Available, "{status:?}");
        let blob = client.get(id).await.unwrap();
        assert_eq!(blob, data(100 * seed as usize, seed));
    }
    network.stop().await;
}
