//! The loop against a chain in memory and peers in this process.

mod leaving;
mod many;

use std::{sync::Arc, time::Duration};

use noema_chain_client::{AccountId, Call, SlotState};
use noema_commitment::{verify_sector, Software, SEGMENT_SIZE};
use tempfile::TempDir;

use super::{calls::MAX_CALLS, *};
use crate::{
    prove,
    testing::{alice, deal, fill, head, open_store, serve, FakeChain, Sample, TestProvider},
    unix_now,
};

mod room;

const ME: AccountId = AccountId([40; 32]);

struct Setup {
    chain: FakeChain,
    shared: Arc<Shared<FakeChain>>,
    converger: Converger<FakeChain>,
    block: u32,
    _dir: TempDir,
}

fn setup(grace: Duration) -> Setup {
    setup_with(grace, |_| {})
}

fn setup_with(grace: Duration, change: impl FnOnce(&mut Shared<FakeChain>)) -> Setup {
    let dir = tempfile::tempdir().unwrap();
    let chain = FakeChain::new();
    let store = open_store(dir.path(), ME);
    let mut shared = Shared {
        chain: chain.clone(),
        provider: ME,
        operator: ME,
        directory: Arc::new(Directory::new(ME, store.clone())),
        store,
        metrics: Metrics::new().unwrap(),
        client: StorageClient::default(),
        penalties: Penalties::default(),
        grace,
        pin: None,
        denied: DenyList::default(),
        pull_rate: Rate::default(),
    };
    change(&mut shared);
    let shared = Arc::new(shared);
    let converger = Converger::new(shared.clone());
    Setup {
        chain,
        shared,
        converger,
        block: 10,
        _dir: dir,
    }
}

impl Shared<FakeChain> {
    /// Works with another store.
    fn use_store(&mut self, store: Store) {
        self.directory = Arc::new(Directory::new(ME, store.clone()));
        self.store = store;
    }
}

impl Setup {
    /// Puts the endpoint of a provider on the chain.
    fn knows(&self, provider: &TestProvider) {
        let endpoint = provider.endpoint.clone();
        self.chain
            .with(|state| state.endpoints.insert(provider.account, endpoint));
    }

    /// The next finalised block, and time for what it starts.
    async fn step(&mut self) {
        self.block += 1;
        self.chain.head.send_replace(head(self.block));
        self.converger.swept_at = None;
        self.converger.step(head(self.block)).await.unwrap();
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(5)).await;
            while self.converger.tasks.try_join_next().is_some() {}
            if self.converger.tasks.is_empty() {
                break;
            }
        }
    }

    fn set_deal(&self, sample: &Sample, slots: Vec<(SlotState, u64)>) {
        let key = (sample.file.file, alice().account());
        self.chain
            .with(|state| state.deals.insert(key, deal(sample, slots)));
    }

    async fn until_complete(&mut self, sample: &Sample) {
        for _ in 0..200 {
            self.step().await;
            let record = self.shared.store.file(&sample.file.file).unwrap();
            if record.is_some_and(|record| record.is_complete()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the file does not become complete");
    }
}

fn assigned(provider: AccountId) -> SlotState {
    SlotState::Assigned {
        provider,
        ready_by: 100,
    }
}

#[tokio::test]
async fn a_complete_file_is_ready_once_then_proven_once() {
    let mut setup = setup(Duration::from_secs(3600));
    let sample = Sample::new(5 * SEGMENT_SIZE + 300, 0);
    fill(&setup.shared.store, &sample).await;
    setup.set_deal(&sample, vec![(assigned(ME), 7)]);
    for _ in 0..3 {
        setup.step().await;
    }
    let (file, owner) = (sample.file.file, alice().account());
    assert_eq!(
        setup.chain.submitted(),
        [Call::Ready {
            file,
            owner,
            slot: 0
        }]
    );

    let proving = SlotState::Proving {
        provider: ME,
        draw_at: 20,
        prove_by: 90,
    };
    setup.set_deal(&sample, vec![(proving, 8)]);
    setup.step().await;
    assert_eq!(
        setup.chain.submitted().len(),
        1,
        "the seed is not drawn yet"
    );
    setup.chain.with(|state| state.seeds.insert(20, [9; 32]));
    for _ in 0..3 {
        setup.step().await;
    }
    let calls = setup.chain.submitted();
    assert_eq!(calls.len(), 2);
    let Call::Prove { proof, slot: 0, .. } = &calls[1] else {
        panic!("{:?}", calls[1])
    };
    let tracked = crate::testing::tracked(&sample, ME, &[]);
    let drawn = prove::drawn(&tracked, &ME, &[9; 32], 8);
    assert_eq!(proof.len(), 8);
    for (sector, proof) in drawn.into_iter().zip(proof) {
        verify_sector::<Software>(&sample.file.root, &sample.file.shape, sector, proof).unwrap();
    }
    let held = SlotState::Held {
        provider: ME,
        since: 30,
        joined: None,
    };
    setup.set_deal(&sample, vec![(held, 9)]);
    setup.step().await;
    let before = setup.chain.with(|state| state.deals_read);
    for _ in 0..look::REFRESH {
        setup.step().await;
    }
    let after = setup.chain.with(|state| state.deals_read);
    assert_eq!(before + 1, after, "a held deal is not read at every block");
    assert_eq!(setup.chain.submitted().len(), 2);
}

#[tokio::test]
async fn the_most_urgent_calls_come_first_and_not_all_at_once() {
    let mut setup = setup(Duration::from_secs(3600));
    let samples: Vec<_> = (0..MAX_CALLS + 8)
        .map(|n| Sample::new(100 + n, 0))
        .collect();
    let store = &setup.shared.store;
    futures::future::join_all(samples.iter().map(|sample| fill(store, sample))).await;
    for (n, sample) in samples.iter().enumerate() {
        let assigned = SlotState::Assigned {
            provider: ME,
            ready_by: 1000 - n as u64,
        };
        setup.set_deal(sample, vec![(assigned, n as u64)]);
    }
    setup.step().await;
    while setup.converger.tasks.join_next().await.is_some() {}
    let calls = setup.chain.submitted();
    assert_eq!(calls.len(), MAX_CALLS, "the others wait for the next block");
    let said = |sample: &Sample| {
        let of = sample.file.file;
        let is_it = |call: &Call| matches!(call, Call::Ready { file, .. } if *file == of);
        calls.iter().any(is_it)
    };
    assert!(!samples[..8].iter().any(said), "these have most time");
    assert!(samples[8..].iter().all(said));
    setup.step().await;
    while setup.converger.tasks.join_next().await.is_some() {}
    assert_eq!(setup.chain.submitted().len(), samples.len());
}

#[tokio::test]
async fn slots_with_one_draw_point_share_one_look_at_its_seed() {
    let mut setup = setup(Duration::from_secs(3600));
    for n in 0..5 {
        let sample = Sample::new(100 + n, 0);
        fill(&setup.shared.store, &sample).await;
        let proving = SlotState::Proving {
            provider: ME,
            draw_at: 20,
            prove_by: 90,
        };
        setup.set_deal(&sample, vec![(proving, n as u64)]);
    }
    setup.chain.with(|state| state.seeds.insert(20, [9; 32]));
    setup.step().await;
    while setup.converger.tasks.join_next().await.is_some() {}
    assert_eq!(setup.chain.submitted().len(), 5);
    assert_eq!(setup.chain.with(|state| state.seeds_read), 1);
}

#[tokio::test]
async fn a_call_that_fails_is_tried_again_after_a_pause() {
    let mut setup = setup(Duration::from_secs(3600));
    let sample = Sample::new(100, 0);
    fill(&setup.shared.store, &sample).await;
    setup.set_deal(&sample, vec![(assigned(ME), 7)]);
    setup.chain.with(|state| state.refuse = true);
    for _ in 0..3 {
        setup.step().await;
    }
    assert_eq!(setup.chain.submitted().len(), 1, "not at every block");
    setup.converger.calls().end_pauses();
    setup.chain.with(|state| state.refuse = false);
    for _ in 0..3 {
        setup.step().await;
    }
    assert_eq!(setup.chain.submitted().len(), 2);
    assert!(setup
        .shared
        .metrics
        .text()
        .contains("calls_total{call=\"ready\",result=\"failed\"} 1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_segments_come_from_honest_peers_and_liars_are_named() {
    let mut setup = setup(Duration::from_secs(3600));
    let sample = Sample::new(12 * SEGMENT_SIZE + 5, 0);
    let honest = TestProvider::start(1, &[&sample]).await;
    fill(&honest.store, &sample).await;
    let liar = TestProvider::start(2, &[&sample]).await;
    fill(&liar.store, &sample).await;
    let (lies, _stop) = serve(lying(liar.endpoint.clone())).await;
    setup.chain.with(|state| {
        state
            .endpoints
            .insert(honest.account, honest.endpoint.clone());
        state.endpoints.insert(liar.account, lies);
    });
    let slots = vec![
        (assigned(ME), 1),
        (assigned(honest.account), 2),
        (assigned(liar.account), 3),
    ];
    setup.set_deal(&sample, slots);
    setup.until_complete(&sample).await;
    for index in 0..sample.segments() {
        let segment = setup
            .shared
            .store
            .read(&sample.file, index)
            .await
            .unwrap()
            .unwrap();
        assert!(segment.data == sample.data(index));
    }
    assert!(setup.shared.penalties.is_left(&liar.account));
    assert!(!setup.shared.penalties.is_left(&honest.account));
    let named = format!("bad_peer_total{{provider=\"{}\"}}", liar.account);
    let text = setup.shared.metrics.text();
    assert!(text.contains(&named), "{text}");
    setup.step().await;
    assert!(matches!(setup.chain.submitted()[..], [Call::Ready { .. }]));
}

/// Passes everything on, with one bit of every segment flipped.
fn lying(to: String) -> axum::Router {
    use axum::{extract::Request, response::IntoResponse};
    axum::Router::new().fallback(move |request: Request| {
        let url = format!("{to}{}", request.uri().path());
        async move {
            let answer = reqwest::Client::builder()
                .http1_only()
                .build()
                .unwrap()
                .get(url)
                .send()
                .await
                .unwrap();
            let mut bytes = answer.bytes().await.unwrap().to_vec();
            if request.uri().path().contains("/segments/") {
                let last = bytes.len() - 300;
                bytes[last] ^= 1;
            }
            bytes.into_response()
        }
    })
}

#[tokio::test]
async fn while_the_owner_uploads_nothing_is_fetched() {
    let mut setup = setup(Duration::from_secs(3600));
    let sample = Sample::new(2 * SEGMENT_SIZE, 0);
    let peer = TestProvider::start(1, &[&sample]).await;
    fill(&peer.store, &sample).await;
    setup.knows(&peer);
    setup.set_deal(
        &sample,
        vec![(assigned(ME), 1), (assigned(peer.account), 2)],
    );
    let tracked = crate::testing::tracked(&sample, ME, &[peer.account]);
    setup.shared.directory.replace(&[tracked]).await;
    setup.shared.directory.note_upload(&sample.file.file);
    setup.step().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(
        setup
            .shared
            .store
            .file(&sample.file.file)
            .unwrap()
            .unwrap()
            .have,
        0
    );
}

#[tokio::test]
async fn a_damaged_replica_is_repaired_from_a_peer() {
    let mut setup = setup(Duration::from_secs(3600));
    let sample = Sample::new(3 * SEGMENT_SIZE, 0);
    let peer = TestProvider::start(1, &[&sample]).await;
    fill(&peer.store, &sample).await;
    fill(&setup.shared.store, &sample).await;
    setup.knows(&peer);
    let held = |provider| SlotState::Held {
        provider,
        since: 3,
        joined: None,
    };
    setup.set_deal(&sample, vec![(held(ME), 1), (held(peer.account), 2)]);
    setup.step().await;
    let name = sample.file.file.to_string();
    let path = setup
        ._dir
        .path()
        .join("files")
        .join(&name[..2])
        .join(format!("{name}.data"));
    std::fs::write(path, b"short").unwrap();
    assert!(setup.shared.store.read(&sample.file, 1).await.is_err());
    setup.until_complete(&sample).await;
    assert!(setup
        .shared
        .store
        .read(&sample.file, 1)
        .await
        .unwrap()
        .is_some());
}

#[tokio::test]
async fn data_goes_some_time_after_the_last_deal_and_stays_if_one_comes_back() {
    let mut setup = setup(Duration::ZERO);
    let sample = Sample::new(1000, 0);
    fill(&setup.shared.store, &sample).await;
    setup.set_deal(&sample, vec![(assigned(ME), 1)]);
    setup.step().await;
    let file = sample.file.file;
    let record = || setup_record(&setup.shared, &sample);
    assert_eq!(record().unwrap().orphaned_at, None);

    // A node that is catching up shows a state without the deal: nothing happens.
    setup.chain.with(|state| {
        state.deals.clear();
        state.time = unix_now() - 3600;
    });
    setup.step().await;
    setup.step().await;
    assert_eq!(
        setup_record(&setup.shared, &sample).unwrap().orphaned_at,
        None
    );

    setup.chain.with(|state| state.time = unix_now());
    setup.step().await;
    let marked = setup_record(&setup.shared, &sample).unwrap().orphaned_at;
    assert!(marked.is_some());
    setup.set_deal(&sample, vec![(assigned(ME), 2)]);
    setup.step().await;
    assert_eq!(
        setup_record(&setup.shared, &sample).unwrap().orphaned_at,
        None
    );

    setup.chain.with(|state| state.deals.clear());
    setup.step().await;
    setup.step().await;
    assert!(setup.shared.store.file(&file).unwrap().is_none());
    assert!(setup
        .shared
        .metrics
        .text()
        .contains("deleted_files_total 1"));
}

fn setup_record(shared: &Shared<FakeChain>, sample: &Sample) -> Option<crate::store::FileRecord> {
    shared.store.file(&sample.file.file).unwrap()
}

#[tokio::test]
async fn the_directory_follows_the_chain() {
    let mut setup = setup(Duration::from_secs(3600));
    let sample = Sample::new(1000, 0);
    let other = AccountId([9; 32]);
    setup.step().await;
    let file = sample.file.file;
    assert_eq!(setup.shared.directory.file(&file).unwrap(), None);
    setup.set_deal(&sample, vec![(assigned(other), 1), (assigned(ME), 2)]);
    setup.step().await;
    let directory = setup.shared.directory.clone();
    assert_eq!(directory.file(&file).unwrap(), Some(sample.file));
    assert!(directory.is_owner(&file, &alice().account()).unwrap());
    assert!(!directory.is_owner(&file, &other).unwrap());
    assert_eq!(directory.peers(&file).unwrap(), [other]);
    assert!(setup
        .shared
        .metrics
        .text()
        .contains("noema_storage_slots{state=\"assigned\"} 1"));
    setup.set_deal(&sample, vec![(assigned(other), 1)]);
    setup.step().await;
    assert_eq!(directory.file(&file).unwrap(), None);
    assert_eq!(directory.count().unwrap(), 0);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_key_that_is_not_the_one_on_chain_is_told() {
    let pin = Pin([5; 32]);
    let mut setup = setup_with(Duration::ZERO, |shared| shared.pin = Some(pin));
    let announce = |setup: &Setup, endpoint: String| {
        setup
            .chain
            .with(|state| state.endpoints.insert(ME, endpoint));
    };
    let pinned = |setup: &Setup| {
        let text = setup.shared.metrics.text();
        let line = text
            .lines()
            .find(|line| line.starts_with("noema_storage_endpoint_pinned "));
        line.unwrap().ends_with('1')
    };
    announce(&setup, format!("https://a#{}", Pin([6; 32])));
    setup.step().await;
    assert!(!pinned(&setup));
    announce(&setup, format!("https://a#{pin}"));
    setup.converger.record_checked_at = None;
    setup.step().await;
    assert!(pinned(&setup));
}

fn held(provider: AccountId) -> SlotState {
    SlotState::Held {
        provider,
        since: 3,
        joined: None,
    }
}

/// The scrub of the daemon under test.
fn scrub_of(setup: &Setup) -> crate::scrub::Scrub {
    crate::scrub::Scrub {
        store: setup.shared.store.clone(),
        directory: setup.shared.directory.clone(),
        metrics: setup.shared.metrics.clone(),
        rate: Rate::default(),
        interval: Duration::from_secs(3600),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_scrub_finds_is_healed_from_peers() {
    let mut setup = setup(Duration::from_secs(3600));
    let sample = Sample::new(6 * SEGMENT_SIZE + 7, 0);
    let peer = TestProvider::start(1, &[&sample]).await;
    fill(&peer.store, &sample).await;
    fill(&setup.shared.store, &sample).await;
    setup.knows(&peer);
    setup.set_deal(&sample, vec![(held(ME), 1), (held(peer.account), 2)]);
    setup.step().await;
    let path = crate::testing::data_path(setup._dir.path(), &sample);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[3 * SEGMENT_SIZE + 10] ^= 4;
    bytes[6 * SEGMENT_SIZE + 1] ^= 4;
    std::fs::write(&path, &bytes).unwrap();

    let stop = CancellationToken::new();
    let scrubbing = tokio::spawn(scrub_of(&setup).run(stop.clone()));
    while setup.shared.store.stats().unwrap().damaged < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let missing = setup.shared.store.missing(&sample.file.file, 7, 9).unwrap();
    assert_eq!(missing, [(3, 3), (6, 6)]);
    setup.until_complete(&sample).await;
    stop.cancel();
    scrubbing.await.unwrap();
    let stats = setup.shared.store.stats().unwrap();
    assert_eq!((stats.damaged, stats.healed), (0, 2));
    let good: Vec<u8> = (0..7).flat_map(|index| sample.data(index)).collect();
    assert!(std::fs::read(&path).unwrap() == good);
    assert_eq!(
        setup.shared.metrics.pulled_bytes.get(),
        (SEGMENT_SIZE + 256) as u64
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_healed_now_is_healed_when_a_peer_comes_back() {
    let mut setup = setup(Duration::from_secs(3600));
    let sample = Sample::new(2 * SEGMENT_SIZE, 0);
    let peer = TestProvider::start(1, &[&sample]).await;
    fill(&setup.shared.store, &sample).await;
    setup.knows(&peer);
    setup.set_deal(&sample, vec![(held(ME), 1), (held(peer.account), 2)]);
    setup.step().await;
    std::fs::remove_file(crate::testing::data_path(setup._dir.path(), &sample)).unwrap();
    for index in 0..2 {
        assert!(setup.shared.store.read(&sample.file, index).await.is_err());
    }
    for _ in 0..4 {
        setup.step().await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(setup.shared.store.stats().unwrap().damaged, 2);
    fill(&peer.store, &sample).await;
    setup.until_complete(&sample).await;
    assert_eq!(setup.shared.store.stats().unwrap().healed, 2);
}

#[tokio::test]
async fn a_proof_over_damaged_data_is_not_made_and_the_segment_is_marked() {
    let mut setup = setup(Duration::from_secs(3600));
    let sample = Sample::new(SEGMENT_SIZE, 0);
    fill(&setup.shared.store, &sample).await;
    let proving = SlotState::Proving {
        provider: ME,
        draw_at: 20,
        prove_by: 90,
    };
    setup.chain.with(|state| state.seeds.insert(20, [9; 32]));
    setup.set_deal(&sample, vec![(proving, 8)]);
    let path = crate::testing::data_path(setup._dir.path(), &sample);
    std::fs::write(&path, vec![7; SEGMENT_SIZE]).unwrap();
    setup.step().await;
    assert!(setup.chain.submitted().is_empty());
    assert!(!setup.shared.store.has(&sample.file.file, 0).unwrap());
    assert!(setup.shared.metrics.damaged_segments.get() >= 1);
}
