//! Damage in the index, a disk that is nearly full, and rates.

use super::*;

#[tokio::test]
async fn a_damaged_index_entry_is_not_served_either() {
    use crate::store::{harm, Harm};
    let sample = Sample::new(4 * SEGMENT_SIZE, 0);
    let dir = tempfile::tempdir().unwrap();
    let me = AccountId([1; 32]);
    let store = crate::testing::open_store(dir.path(), me);
    fill(&store, &sample).await;
    drop(store);
    let harms = [Harm::Siblings(0), Harm::Garble(1), Harm::LoseRecord(2)];
    harm(dir.path(), &sample.file.file, &harms);
    let store = crate::testing::open_store(dir.path(), me);
    let provider = TestProvider::start_with(1, &[&sample], |app| app.store = store).await;
    let client = StorageClient::default();
    for index in 0..3 {
        let answer = client
            .segment(&provider.endpoint, &sample.file, index)
            .await;
        let error = answer.unwrap_err();
        let ClientError::Refused { status, code, .. } = &error else {
            panic!("{error}")
        };
        assert_eq!((*status, code.as_str()), (503, "damaged"), "{index}");
    }
    client
        .segment(&provider.endpoint, &sample.file, 3)
        .await
        .unwrap();
    let status = client.file_status(&provider.endpoint, &sample.file.file);
    let status = status.await.unwrap().unwrap();
    assert_eq!((status.missing, status.complete), (vec![(0, 2)], false));
    let health = client.health(&provider.endpoint).await.unwrap();
    assert_eq!(health.store.unwrap().damaged, 3);
    let url = format!("{}/metrics", provider.endpoint);
    let text = http1().get(url).send().await.unwrap().text().await.unwrap();
    assert!(text.contains("noema_storage_unhealed_segments 3"), "{text}");
    // Uploaded again, it is whole.
    for index in 0..3 {
        upload(&provider, &sample, index).await;
    }
    let health = client.health(&provider.endpoint).await.unwrap();
    assert_eq!(health.store.unwrap().damaged, 0);
}

#[tokio::test]
async fn a_file_that_does_not_fit_is_507_before_its_body_is_read() {
    let sample = Sample::new(8 * SEGMENT_SIZE, 0);
    let dir = tempfile::tempdir().unwrap();
    let disk = nix::sys::statvfs::statvfs(dir.path()).unwrap();
    let free = disk.blocks_available() * disk.fragment_size();
    let provider = TestProvider::start_with(1, &[&sample], |app| {
        let identity = StoreIdentity {
            genesis: GENESIS,
            provider: app.provider,
        };
        // More than is free, and half of it less.
        let options = StoreOptions {
            reserve: Reserve::Bytes(free + (1 << 30)),
            ..StoreOptions::default()
        };
        app.store = Store::open(dir.path(), identity, options).unwrap();
    })
    .await;
    provider.store.add_file(&sample.file).await.unwrap();
    let request = put(&provider, &sample, "0", frame_of(&sample, 0));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::INSUFFICIENT_STORAGE);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["error"]["code"], "disk_full");
    let message = body["error"]["message"].as_str().unwrap();
    assert!(message.contains("promised to other files"), "{message}");
    assert!(!provider.store.has(&sample.file.file, 0).unwrap());
}

#[tokio::test]
async fn uploads_and_downloads_of_all_connections_keep_to_their_limits() {
    const MIB: u64 = 1 << 20;
    let sample = Sample::new(8 * SEGMENT_SIZE, 0);
    let provider = TestProvider::start_with(1, &[&sample], |app| {
        app.uploads = Arc::new(Turns::new(64, Duration::from_secs(10)));
        app.upload_rate = Rate::new(2 * MIB);
        app.download_rate = Rate::new(4 * MIB);
    })
    .await;
    provider.store.add_file(&sample.file).await.unwrap();
    // 2 MiB over eight connections take a second; a burst and the last piece are free.
    let start = Instant::now();
    let puts = (0..8).map(|index| {
        let request = put(
            &provider,
            &sample,
            &index.to_string(),
            frame_of(&sample, index),
        );
        async move { request.send().await.unwrap().status() }
    });
    for status in futures::future::join_all(puts).await {
        assert_eq!(status, StatusCode::NO_CONTENT);
    }
    let uploaded = start.elapsed();
    assert!(uploaded >= Duration::from_millis(700), "{uploaded:?}");
    // Twice 2 MiB at 4 MiB a second, whole and by segments.
    let start = Instant::now();
    let url = format!("{}/v1/files/{}/data", provider.endpoint, sample.file.file);
    let whole = async {
        let answer = http1().get(&url).send().await.unwrap();
        answer.bytes().await.unwrap()
    };
    let segments = async {
        let client = StorageClient::default();
        for index in 0..8 {
            client
                .segment(&provider.endpoint, &sample.file, index)
                .await
                .unwrap();
        }
    };
    let (bytes, ()) = tokio::join!(whole, segments);
    assert_eq!(bytes, sample.bytes);
    let downloaded = start.elapsed();
    assert!(downloaded >= Duration::from_millis(700), "{downloaded:?}");
    // The limits hold for data and for nothing else.
    let start = Instant::now();
    let client = StorageClient::default();
    for _ in 0..50 {
        client.health(&provider.endpoint).await.unwrap();
    }
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
}
