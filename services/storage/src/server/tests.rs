//! The daemon's HTTP interface, over real connections.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use noema_chain_client::{AccountId, SigningKey};
use noema_commitment::SEGMENT_SIZE;
use noema_transport::{Rate, Turns};
use reqwest::{header, Method, RequestBuilder, StatusCode};
use serde_json::Value;

use crate::{
    client::{ClientError, StorageClient, UploadOptions},
    deny::DenyList,
    directory::Directory,
    frame::{self, MAX_FRAME_LEN},
    store::{Store, StoreIdentity, StoreOptions},
    testing::{alice, fill, head, token, tracked, Sample, TestProvider, GENESIS, TURN},
    token::UploadToken,
    units::Reserve,
    unix_now,
};

mod limits;

fn http1() -> reqwest::Client {
    reqwest::Client::builder()
        .http1_only()
        .no_proxy()
        .build()
        .unwrap()
}

fn http2() -> reqwest::Client {
    reqwest::Client::builder()
        .http2_prior_knowledge()
        .no_proxy()
        .build()
        .unwrap()
}

fn put(provider: &TestProvider, sample: &Sample, index: &str, body: Vec<u8>) -> RequestBuilder {
    let url = format!(
        "{}/v1/files/{}/segments/{index}",
        provider.endpoint, sample.file.file
    );
    let token = provider.token(sample).to_header();
    http2()
        .request(Method::PUT, url)
        .header(header::AUTHORIZATION, token)
        .body(body)
}

fn frame_of(sample: &Sample, index: u64) -> Vec<u8> {
    let segment = sample.segment(index);
    frame::encode(&segment.siblings, &segment.data).to_vec()
}

/// Uploads a segment, which is taken.
async fn upload(provider: &TestProvider, sample: &Sample, index: u64) {
    let frame = frame_of(sample, index);
    let answer = put(provider, sample, &index.to_string(), frame).send();
    assert_eq!(answer.await.unwrap().status(), StatusCode::NO_CONTENT);
}

async fn refusal(request: RequestBuilder) -> (u16, String) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    assert!(body["error"]["message"].is_string());
    (
        status,
        body["error"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    )
}

#[tokio::test]
async fn segment_is_taken_once_durable_and_served_over_both_protocols() {
    let sample = Sample::new(2 * SEGMENT_SIZE + 10, 0);
    let provider = TestProvider::start(1, &[&sample]).await;
    for index in [1, 0, 2, 1] {
        upload(&provider, &sample, index).await;
        assert!(provider.store.has(&sample.file.file, index).unwrap());
    }
    for client in [http1(), http2()] {
        let url = format!(
            "{}/v1/files/{}/segments/2",
            provider.endpoint, sample.file.file
        );
        let answer = client.get(url).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.bytes().await.unwrap(), frame_of(&sample, 2));
    }
    let metrics = provider.app.metrics.text();
    assert!(
        metrics.contains("requests_total{route=\"put_segment\",status=\"204\"} 4"),
        "{metrics}"
    );
}

#[tokio::test]
async fn upload_goes_on_where_it_broke_off() {
    let dir = tempfile::tempdir().unwrap();
    let sample = Sample::new(20 * SEGMENT_SIZE + 10, 0);
    let path = dir.path().join("file");
    std::fs::write(&path, &sample.bytes).unwrap();
    let provider = TestProvider::start(1, &[&sample]).await;
    provider.store.add_file(&sample.file).await.unwrap();
    for index in [0, 1, 2, 7, 20] {
        provider.store.put(sample.segment(index)).await.unwrap();
    }
    let client = StorageClient::default();
    let status = client
        .file_status(&provider.endpoint, &sample.file.file)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(status.missing, [(3, 6), (8, 19)]);
    assert_eq!(
        (status.have, status.segments, status.complete),
        (5, 21, false)
    );
    let last = Arc::new(std::sync::Mutex::new(0));
    let sink = last.clone();
    let options = UploadOptions {
        progress: Some(Arc::new(move |progress| {
            assert!(progress.done <= progress.total);
            *sink.lock().unwrap() = progress.done;
        })),
        ..UploadOptions::default()
    };
    let (peer, token) = (provider.peer(), provider.token(&sample));
    let report = client
        .upload(&path, &sample.commitment, &peer, &token, options.clone())
        .await
        .unwrap();
    assert_eq!((report.sent, report.skipped), (16, 5));
    assert_eq!(report.bytes, 16 * SEGMENT_SIZE as u64);
    assert_eq!(*last.lock().unwrap(), sample.bytes.len() as u64);
    let again = client
        .upload(&path, &sample.commitment, &peer, &token, options)
        .await
        .unwrap();
    assert_eq!((again.sent, again.skipped), (0, 21));
}

#[tokio::test]
async fn upload_of_a_file_that_changed_names_the_segment() {
    let dir = tempfile::tempdir().unwrap();
    let sample = Sample::new(4 * SEGMENT_SIZE, 0);
    let path = dir.path().join("file");
    let mut changed = sample.bytes.clone();
    changed[2 * SEGMENT_SIZE + 5] ^= 1;
    std::fs::write(&path, &changed).unwrap();
    let provider = TestProvider::start(1, &[&sample]).await;
    let token = provider.token(&sample);
    let uploading = StorageClient::default();
    let options = UploadOptions {
        concurrency: 1,
        ..UploadOptions::default()
    };
    let error = uploading
        .upload(&path, &sample.commitment, &provider.peer(), &token, options)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("segment 2 is different"),
        "{error}"
    );
}

#[tokio::test]
async fn upload_waits_for_the_deal_and_gives_up_in_time() {
    let dir = tempfile::tempdir().unwrap();
    let sample = Sample::new(1000, 0);
    let path = dir.path().join("file");
    std::fs::write(&path, &sample.bytes).unwrap();
    let provider = TestProvider::start(1, &[]).await;
    let client = StorageClient::default();
    let token = provider.token(&sample);
    let wait = |ms| UploadOptions {
        wait_for_deal: Duration::from_millis(ms),
        ..UploadOptions::default()
    };
    let peer = provider.peer();
    let error = client
        .upload(&path, &sample.commitment, &peer, &token, wait(100))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("no deal"), "{error}");
    let uploading = client.upload(&path, &sample.commitment, &peer, &token, wait(20_000));
    let dealing = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let slot = tracked(&sample, provider.account, &[]);
        provider.directory.replace(&[slot]).await;
    };
    let (report, ()) = tokio::join!(uploading, dealing);
    assert_eq!(report.unwrap().sent, 1);
}

#[tokio::test]
async fn who_may_not_upload_is_refused_without_a_trace() {
    let sample = Sample::new(1000, 0);
    let other = Sample::new(1000, 9);
    let provider = TestProvider::start(1, &[&sample]).await;
    let url = format!(
        "{}/v1/files/{}/segments/0",
        provider.endpoint, sample.file.file
    );
    let with = |token: Option<String>| {
        let request = http2().put(&url).body(frame_of(&sample, 0));
        match token {
            Some(token) => request.header(header::AUTHORIZATION, token),
            None => request,
        }
    };
    let bob = SigningKey::dev("Bob").unwrap();
    let account = provider.account;
    let sign = |expires| {
        UploadToken::sign(&alice(), &GENESIS, &sample.file.file, &account, expires).to_header()
    };
    assert_eq!(refusal(with(None)).await, (401, "bad_token".into()));
    assert_eq!(
        refusal(with(Some("Basic eA==".into()))).await,
        (401, "bad_token".into())
    );
    let cases = [
        (
            token(&bob, &sample, &account).to_header(),
            403,
            "not_the_owner",
        ),
        (
            token(&alice(), &other, &account).to_header(),
            403,
            "token_refused",
        ),
        (
            token(&alice(), &sample, &AccountId([9; 32])).to_header(),
            403,
            "token_refused",
        ),
        (sign(unix_now() - 1), 401, "token_expired"),
        (sign(unix_now() + 90_000), 403, "token_refused"),
    ];
    for (token, status, code) in cases {
        assert_eq!(refusal(with(Some(token))).await, (status, code.to_owned()));
    }
    assert!(!provider.store.has(&sample.file.file, 0).unwrap());
    assert!(provider.store.files_after(None, 10).unwrap().is_empty());
}

#[tokio::test]
async fn what_is_no_segment_of_the_file_is_refused_without_a_trace() {
    let sample = Sample::new(3 * SEGMENT_SIZE, 0);
    let provider = TestProvider::start(1, &[&sample]).await;
    let mut flipped = frame_of(&sample, 1);
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    let cases: [(&str, Vec<u8>, u16, &str); 7] = [
        ("1", flipped, 422, "wrong_segment"),
        ("1", frame_of(&sample, 2), 422, "wrong_segment"),
        (
            "1",
            frame_of(&sample, 1)[..last].to_vec(),
            422,
            "wrong_segment",
        ),
        ("1", vec![9, 0, 1], 400, "bad_frame"),
        ("1", vec![0; MAX_FRAME_LEN + 1], 413, "too_large"),
        ("3", frame_of(&sample, 1), 404, "no_such_segment"),
        ("x", frame_of(&sample, 1), 404, "no_such_segment"),
    ];
    for (index, body, status, code) in cases {
        let found = refusal(put(&provider, &sample, index, body)).await;
        assert_eq!(found, (status, code.to_owned()), "{index}");
    }
    // A body of unknown length that turns out too long.
    let chunks = (0..64).map(|_| Ok::<_, std::io::Error>(vec![0u8; 8192]));
    let body = reqwest::Body::wrap_stream(futures::stream::iter(chunks));
    let request = put(&provider, &sample, "1", Vec::new()).body(body);
    assert_eq!(refusal(request).await, (413, "too_large".into()));
    assert_eq!(provider.store.stats().unwrap().bytes, 0);
    assert!(provider
        .app
        .metrics
        .text()
        .contains("rejected_segments_total 4"));
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_is_still_sending() {
    let sample = Sample::new(1000, 0);
    let provider = TestProvider::start(1, &[&sample]).await;
    let url = format!(
        "{}/v1/files/{}/segments/0",
        provider.endpoint, sample.file.file
    );
    for _ in 0..20 {
        // Without a token: refused before anything of the body is read.
        let request = http1().put(&url).body(vec![1; 3 << 20]);
        assert_eq!(refusal(request).await, (401, "bad_token".into()));
    }
}

#[tokio::test]
async fn a_daemon_that_has_not_read_the_chain_says_so() {
    let sample = Sample::new(1000, 0);
    let provider = TestProvider::start_with(1, &[], |app| {
        app.directory = Arc::new(Directory::new(app.provider, app.store.clone()));
    })
    .await;
    let at = |path: String| http1().get(format!("{}{path}", provider.endpoint));
    let file = format!("/v1/files/{}", sample.file.file);
    assert_eq!(
        refusal(at(file.clone())).await,
        (503, "starting".to_owned())
    );
    let health = || async { at("/v1/health".into()).send().await.unwrap().status() };
    assert_eq!(health().await, StatusCode::SERVICE_UNAVAILABLE);
    provider.app.directory.replace(&[]).await;
    assert_eq!(refusal(at(file)).await, (404, "unknown_file".to_owned()));
    assert_eq!(health().await, StatusCode::OK);
}

#[tokio::test]
async fn unknown_things_have_clear_answers() {
    let sample = Sample::new(1000, 0);
    let provider = TestProvider::start(1, &[&sample]).await;
    let at = |path: String| http1().get(format!("{}{path}", provider.endpoint));
    let unknown = "ab".repeat(32);
    let cases = [
        (format!("/v1/files/{unknown}"), 404, "unknown_file"),
        (format!("/v1/files/{unknown}/data"), 404, "unknown_file"),
        (
            format!("/v1/files/{unknown}/segments/0"),
            404,
            "unknown_file",
        ),
        (format!("/v1/files/0x{unknown}"), 400, "bad_file_id"),
        ("/v1/files/abc".to_owned(), 400, "bad_file_id"),
        (
            format!("/v1/files/{}/segments/0", sample.file.file),
            404,
            "segment_missing",
        ),
        (
            format!("/v1/files/{}/data", sample.file.file),
            404,
            "segment_missing",
        ),
        ("/v1/nothing".to_owned(), 404, "no_route"),
    ];
    for (path, status, code) in cases {
        assert_eq!(
            refusal(at(path.clone())).await,
            (status, code.to_owned()),
            "{path}"
        );
    }
    let request = http1().delete(format!(
        "{}/v1/files/{}",
        provider.endpoint, sample.file.file
    ));
    assert_eq!(refusal(request).await, (405, "no_method".into()));
}

#[tokio::test]
async fn data_is_served_whole_and_in_ranges() {
    let sample = Sample::new(2 * SEGMENT_SIZE + 1234, 0);
    let provider = TestProvider::start(1, &[&sample]).await;
    fill(&provider.store, &sample).await;
    let size = sample.bytes.len();
    let url = format!("{}/v1/files/{}/data", provider.endpoint, sample.file.file);
    let whole = http1().get(&url).send().await.unwrap();
    assert_eq!(whole.status(), StatusCode::OK);
    assert_eq!(whole.headers()[header::CONTENT_LENGTH], size.to_string());
    assert_eq!(whole.headers()[header::ACCEPT_RANGES], "bytes");
    assert_eq!(whole.bytes().await.unwrap(), sample.bytes);
    let border = SEGMENT_SIZE - 3..SEGMENT_SIZE + 7;
    for range in [0..1, border, 5..2 * SEGMENT_SIZE + 5, size - 4..size] {
        let value = format!("bytes={}-{}", range.start, range.end - 1);
        let answer = http2()
            .get(&url)
            .header(header::RANGE, value)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::PARTIAL_CONTENT);
        let content = format!("bytes {}-{}/{size}", range.start, range.end - 1);
        assert_eq!(answer.headers()[header::CONTENT_RANGE], content);
        assert_eq!(answer.bytes().await.unwrap(), sample.bytes[range]);
    }
    let beyond = http1()
        .get(&url)
        .header(header::RANGE, format!("bytes={size}-"));
    let answer = beyond.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(
        answer.headers()[header::CONTENT_RANGE],
        format!("bytes */{size}")
    );
    let head = http1().head(&url).send().await.unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(head.headers()[header::CONTENT_LENGTH], size.to_string());
}

#[tokio::test]
async fn a_full_disk_is_507_and_reading_goes_on() {
    let sample = Sample::new(2 * SEGMENT_SIZE, 0);
    let full = tempfile::tempdir().unwrap();
    let provider = TestProvider::start_with(1, &[&sample], |app| {
        let identity = StoreIdentity {
            genesis: GENESIS,
            provider: app.provider,
        };
        let options = StoreOptions {
            reserve: Reserve::Bytes(u64::MAX),
            ..StoreOptions::default()
        };
        app.store = Store::open(full.path(), identity, options).unwrap();
    })
    .await;
    let request = put(&provider, &sample, "0", frame_of(&sample, 0));
    assert_eq!(refusal(request).await, (507, "disk_full".into()));
    let client = StorageClient::default();
    let health = client.health(&provider.endpoint).await.unwrap();
    assert_eq!(health.status, "ok");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    std::fs::write(&path, &sample.bytes).unwrap();
    let token = provider.token(&sample);
    let error = client
        .upload(
            &path,
            &sample.commitment,
            &provider.peer(),
            &token,
            UploadOptions::default(),
        )
        .await
        .unwrap_err();
    assert!(error.to_string().contains("disk is full"), "{error}");
}

#[tokio::test]
async fn more_requests_than_there_is_room_for_are_told_to_come_again() {
    let sample = Sample::new(1000, 0);
    let provider = TestProvider::start_with(1, &[&sample], |app| {
        app.uploads = Arc::new(Turns::new(0, TURN));
        app.downloads = Arc::new(Turns::new(0, TURN));
    })
    .await;
    fill(&provider.store, &sample).await;
    let answer = put(&provider, &sample, "0", frame_of(&sample, 0))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()[header::RETRY_AFTER], "1");
    let error = StorageClient::default()
        .segment(&provider.endpoint, &sample.file, 0)
        .await
        .unwrap_err();
    assert!(
        matches!(error, ClientError::Refused { status: 503, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn health_info_and_metrics_say_what_is() {
    let sample = Sample::new(1000, 0);
    let provider = TestProvider::start(1, &[&sample]).await;
    fill(&provider.store, &sample).await;
    let client = StorageClient::default();
    let health = client.health(&provider.endpoint).await.unwrap();
    assert_eq!((health.status.as_str(), health.chain.finalized), ("ok", 5));
    assert_eq!(health.store.unwrap().bytes, 1024);
    let mut stale = head(6);
    stale.seen_at = Instant::now().checked_sub(Duration::from_secs(31)).unwrap();
    provider.head.send_replace(stale);
    let answer = http1()
        .get(format!("{}/v1/health", provider.endpoint))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let health = client.health(&provider.endpoint).await.unwrap();
    assert!(health.status.contains("finalised") && health.chain.lag_seconds >= 31);
    let info = client.info(&provider.endpoint).await.unwrap();
    assert_eq!((info.genesis, info.provider), (GENESIS, provider.account));
    let url = format!("{}/metrics", provider.endpoint);
    let text = http1().get(url).send().await.unwrap().text().await.unwrap();
    assert!(text.contains("noema_storage_bytes 1024"), "{text}");
    assert!(text.contains("noema_storage_finalized_block 6"), "{text}");
}

#[tokio::test]
async fn damage_on_the_disk_is_not_served() {
    use std::os::unix::fs::FileExt;
    let sample = Sample::new(2 * SEGMENT_SIZE, 0);
    let provider = TestProvider::start(1, &[&sample]).await;
    fill(&provider.store, &sample).await;
    let name = sample.file.file.to_string();
    let path = provider
        .dir
        .path()
        .join("files")
        .join(&name[..2])
        .join(format!("{name}.data"));
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&[!sample.bytes[9]], 9).unwrap();
    let client = StorageClient::default();
    let error = client
        .segment(&provider.endpoint, &sample.file, 0)
        .await
        .unwrap_err();
    assert!(
        matches!(error, ClientError::Refused { status: 503, .. }),
        "{error}"
    );
    let status = client
        .file_status(&provider.endpoint, &sample.file.file)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(status.missing, [(0, 0)]);
    assert!(provider
        .app
        .metrics
        .text()
        .contains("damaged_segments_total 1"));
}

#[tokio::test]
async fn a_denied_file_is_neither_taken_nor_served() {
    let dir = tempfile::tempdir().unwrap();
    let list = dir.path().join("deny");
    let (denied, other) = (Sample::new(1000, 0), Sample::new(1000, 1));
    let root: String = denied
        .file
        .root
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    std::fs::write(&list, root).unwrap();
    let provider = TestProvider::start_with(1, &[&denied, &other], |app| {
        app.denied = DenyList::read(&list).unwrap();
    })
    .await;
    let answer = refusal(put(&provider, &denied, "0", frame_of(&denied, 0))).await;
    assert_eq!(answer, (451, "denied".to_owned()));
    assert!(provider.store.file(&denied.file.file).unwrap().is_none());
    for sample in [&denied, &other] {
        fill(&provider.store, sample).await;
    }
    for path in ["", "/segments/0", "/data"] {
        let of = |sample: &Sample| {
            let url = format!("{}/v1/files/{}{path}", provider.endpoint, sample.file.file);
            http2().get(url)
        };
        assert_eq!(refusal(of(&denied)).await.0, 451, "{path}");
        assert_eq!(of(&other).send().await.unwrap().status(), 200, "{path}");
    }
}
