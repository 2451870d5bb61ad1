//! Files that do not fit, and data whose time has come.

use super::*;

/// A store on a disk of which all but `room` bytes are reserved.
fn store_with_room(dir: &TempDir, room: u64) -> Store {
    let free = nix::sys::statvfs::statvfs(dir.path()).unwrap();
    let free = free.blocks_available() * free.fragment_size();
    let identity = crate::store::StoreIdentity {
        genesis: crate::testing::GENESIS,
        provider: ME,
    };
    let options = crate::store::StoreOptions {
        index_cache: 1 << 20,
        reserve: crate::Reserve::Bytes(free.saturating_sub(room)),
    };
    Store::open(dir.path(), identity, options).unwrap()
}

#[tokio::test]
async fn a_file_that_does_not_fit_is_told_and_not_fetched_until_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_with_room(&dir, 256 << 20);
    let mut setup = setup_with(Duration::from_secs(3600), |shared| shared.use_store(store));
    let small = Sample::new(2 * SEGMENT_SIZE, 0);
    let peer = TestProvider::start(1, &[&small]).await;
    fill(&peer.store, &small).await;
    setup.knows(&peer);
    // A terabyte is promised to nobody; what fits beside it comes.
    let large = FileRef::new([5; 32], 1 << 40).unwrap();
    let mut deal = deal(&small, vec![(assigned(ME), 9)]);
    (deal.root, deal.size) = (large.root, large.size());
    let key = (large.file, alice().account());
    setup.chain.with(|state| state.deals.insert(key, deal));
    setup.set_deal(&small, vec![(assigned(ME), 1), (assigned(peer.account), 2)]);
    setup.until_complete(&small).await;
    let text = setup.shared.metrics.text();
    assert!(
        text.contains("noema_storage_files_without_room 1"),
        "{text}"
    );
    assert!(!setup.converger.pulls.contains(&large.file));
    setup.chain.with(|state| state.deals.remove(&key));
    setup.step().await;
    let text = setup.shared.metrics.text();
    assert!(
        text.contains("noema_storage_files_without_room 0"),
        "{text}"
    );
}

#[tokio::test]
async fn ready_is_not_said_while_the_disk_is_full() {
    let dir = tempfile::tempdir().unwrap();
    let sample = Sample::new(1000, 0);
    let store = store_with_room(&dir, 1 << 30);
    fill(&store, &sample).await;
    drop(store);
    let identity = crate::store::StoreIdentity {
        genesis: crate::testing::GENESIS,
        provider: ME,
    };
    let full = crate::store::StoreOptions {
        index_cache: 1 << 20,
        reserve: crate::Reserve::Bytes(u64::MAX),
    };
    let store = Store::open(dir.path(), identity, full).unwrap();
    let mut setup = setup_with(Duration::from_secs(3600), |shared| shared.use_store(store));
    setup.set_deal(&sample, vec![(assigned(ME), 7)]);
    for _ in 0..2 {
        setup.step().await;
    }
    assert!(setup.chain.submitted().is_empty());
    assert!(setup.converger.told_full);
}

#[tokio::test]
async fn a_deal_that_ended_while_the_daemon_was_down_costs_its_data_all_the_same() {
    let mut setup = setup(Duration::from_secs(3600));
    let (gone, renewed) = (Sample::new(1000, 1), Sample::new(1000, 2));
    let now = unix_now();
    for sample in [&gone, &renewed] {
        fill(&setup.shared.store, sample).await;
        // Marked long ago; then the daemon was down.
        let long_ago = now - 100 * 86_400;
        setup
            .shared
            .store
            .mark_orphan(sample.file.file, long_ago)
            .await
            .unwrap();
    }
    // A file whose deal ended meanwhile has no mark yet: its grace begins now.
    let fresh = Sample::new(1000, 3);
    fill(&setup.shared.store, &fresh).await;
    setup.set_deal(&renewed, vec![(held(ME), 1)]);
    setup.chain.with(|state| state.time = now);
    setup.step().await;
    assert!(setup_record(&setup.shared, &gone).is_none());
    assert_eq!(
        setup_record(&setup.shared, &renewed).unwrap().orphaned_at,
        None
    );
    assert_eq!(
        setup_record(&setup.shared, &fresh).unwrap().orphaned_at,
        Some(now)
    );
    setup.chain.with(|state| state.time = now + 3599);
    setup.step().await;
    assert!(setup_record(&setup.shared, &fresh).is_some());
    setup.chain.with(|state| state.time = now + 3600);
    setup.step().await;
    assert!(setup_record(&setup.shared, &fresh).is_none());
    assert!(setup_record(&setup.shared, &renewed).is_some());
}

#[tokio::test]
async fn a_mark_from_the_future_does_not_keep_data_for_ever() {
    let mut setup = setup(Duration::from_secs(100));
    let sample = Sample::new(1000, 1);
    fill(&setup.shared.store, &sample).await;
    let now = unix_now();
    let file = sample.file.file;
    setup
        .shared
        .store
        .mark_orphan(file, now + 1_000_000)
        .await
        .unwrap();
    setup.chain.with(|state| state.time = now);
    setup.step().await;
    assert_eq!(
        setup_record(&setup.shared, &sample).unwrap().orphaned_at,
        Some(now)
    );
    setup.chain.with(|state| state.time = now + 100);
    setup.step().await;
    assert!(setup_record(&setup.shared, &sample).is_none());
}

#[tokio::test]
async fn a_deletion_that_failed_is_finished_without_a_restart() {
    let mut setup = setup(Duration::ZERO);
    let sample = Sample::new(SEGMENT_SIZE, 1);
    fill(&setup.shared.store, &sample).await;
    setup.step().await;
    // What cannot be removed as a file: a directory with something in it.
    let path = crate::testing::data_path(setup._dir.path(), &sample);
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir_all(path.join("x")).unwrap();
    setup.converger.swept_at = None;
    let head = head(setup.block + 1);
    assert!(setup.converger.step(head).await.is_err());
    let error = setup.shared.store.add_file(&sample.file).await.unwrap_err();
    assert!(matches!(error, StoreError::Deleting(_)), "{error}");
    std::fs::remove_dir_all(&path).unwrap();
    setup.step().await;
    setup.shared.store.add_file(&sample.file).await.unwrap();
    assert!(setup
        .shared
        .metrics
        .text()
        .contains("deleted_files_total 1"));
}
