//! The store: what is acknowledged stays, whatever happens in between.

use std::{
    collections::BTreeSet,
    fs::{self, OpenOptions},
    io::{BufRead, BufReader},
    os::unix::fs::FileExt,
    process::{Command, Stdio},
    time::Duration,
};

use futures::future::join_all;
use noema_chain_client::{AccountId, Hash};
use noema_commitment::SEGMENT_SIZE;
use proptest::prelude::*;

use super::*;
use crate::testing::{data_path, fill, open_store, Sample, GENESIS};

const ME: AccountId = AccountId([3; 32]);

#[tokio::test]
async fn put_then_reopen_reads_every_segment_back() {
    let dir = tempfile::tempdir().unwrap();
    let sample = Sample::new(3 * SEGMENT_SIZE + 700, 0);
    let store = open_store(dir.path(), ME);
    fill(&store, &sample).await;
    drop(store);
    let store = open_store(dir.path(), ME);
    let record = store.file(&sample.file.file).unwrap().unwrap();
    assert!(record.is_complete());
    assert_eq!(record.file_ref(), Some(sample.file));
    for index in 0..sample.segments() {
        let segment = store.read(&sample.file, index).await.unwrap().unwrap();
        assert_eq!(segment.data, sample.data(index));
        assert_eq!(segment.siblings, sample.segment(index).siblings);
    }
    let stats = store.stats().unwrap();
    assert_eq!(
        (stats.files, stats.bytes),
        (1, 3 * SEGMENT_SIZE as u64 + 768)
    );
    assert!(stats.writable);
}

#[tokio::test]
async fn concurrent_puts_are_all_recorded_and_repeating_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (
        Sample::new(9 * SEGMENT_SIZE, 1),
        Sample::new(5 * SEGMENT_SIZE, 2),
    );
    let store = open_store(dir.path(), ME);
    store.add_file(&a.file).await.unwrap();
    store.add_file(&b.file).await.unwrap();
    for _ in 0..2 {
        let of = |sample: &Sample| (0..sample.segments()).map(|i| sample.segment(i)).collect();
        let mut segments: Vec<NewSegment> = of(&a);
        segments.extend::<Vec<NewSegment>>(of(&b));
        for result in join_all(segments.into_iter().map(|segment| store.put(segment))).await {
            result.unwrap();
        }
        assert_eq!(store.stats().unwrap().bytes, 14 * SEGMENT_SIZE as u64);
    }
    assert!(store.file(&a.file.file).unwrap().unwrap().is_complete());
    assert!(store.file(&b.file.file).unwrap().unwrap().is_complete());
}

#[tokio::test]
async fn put_of_an_unknown_file_is_refused_without_a_trace() {
    let dir = tempfile::tempdir().unwrap();
    let sample = Sample::new(100, 0);
    let store = open_store(dir.path(), ME);
    let error = store.put(sample.segment(0)).await.unwrap_err();
    assert!(matches!(error, StoreError::UnknownFile(_)));
    assert!(!data_path(dir.path(), &sample).exists());
}

#[tokio::test]
async fn data_without_a_record_does_not_exist() {
    let dir = tempfile::tempdir().unwrap();
    let sample = Sample::new(2 * SEGMENT_SIZE, 0);
    let store = open_store(dir.path(), ME);
    store.add_file(&sample.file).await.unwrap();
    store.put(sample.segment(0)).await.unwrap();
    drop(store);
    // A crash after the data and before the record.
    let file = OpenOptions::new()
        .write(true)
        .open(data_path(dir.path(), &sample))
        .unwrap();
    file.write_all_at(&sample.data(1), SEGMENT_SIZE as u64)
        .unwrap();
    let store = open_store(dir.path(), ME);
    assert!(store.read(&sample.file, 1).await.unwrap().is_none());
    assert_eq!(store.missing(&sample.file.file, 2, 10).unwrap(), [(1, 1)]);
    store.put(sample.segment(1)).await.unwrap();
    assert!(store
        .file(&sample.file.file)
        .unwrap()
        .unwrap()
        .is_complete());
}

#[tokio::test]
async fn damaged_or_lost_data_is_reported_forgotten_and_can_be_put_again() {
    let dir = tempfile::tempdir().unwrap();
    let sample = Sample::new(3 * SEGMENT_SIZE, 0);
    let store = open_store(dir.path(), ME);
    fill(&store, &sample).await;
    let path = data_path(dir.path(), &sample);
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&[sample.bytes[10] ^ 1], 10).unwrap();
    let error = store.read(&sample.file, 0).await.unwrap_err();
    assert!(
        matches!(error, StoreError::Damaged { index: 0, .. }),
        "{error}"
    );
    assert!(store.read(&sample.file, 0).await.unwrap().is_none());
    assert!(store.read(&sample.file, 1).await.unwrap().is_some());
    file.set_len(SEGMENT_SIZE as u64).unwrap();
    assert!(matches!(
        store.read(&sample.file, 2).await,
        Err(StoreError::Damaged { index: 2, .. })
    ));
    fs::remove_file(&path).unwrap();
    assert!(matches!(
        store.read(&sample.file, 1).await,
        Err(StoreError::Damaged { index: 1, .. })
    ));
    let record = store.file(&sample.file.file).unwrap().unwrap();
    assert_eq!((record.have, record.bytes), (0, 0));
    assert_eq!(store.missing(&sample.file.file, 3, 10).unwrap(), [(0, 2)]);
    fill(&store, &sample).await;
    assert_eq!(
        store.read(&sample.file, 2).await.unwrap().unwrap().data,
        sample.data(2)
    );
}

#[tokio::test]
async fn orphans_are_deleted_with_their_data_and_others_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let (gone, kept) = (
        Sample::new(SEGMENT_SIZE * 2, 1),
        Sample::new(SEGMENT_SIZE, 2),
    );
    let store = open_store(dir.path(), ME);
    fill(&store, &gone).await;
    fill(&store, &kept).await;
    assert!(
        !store.delete_orphan(gone.file.file).await.unwrap(),
        "it has no mark"
    );
    store.mark_orphan(gone.file.file, 1000).await.unwrap();
    store.mark_orphan(gone.file.file, 2000).await.unwrap();
    let record = store.file(&gone.file.file).unwrap().unwrap();
    assert_eq!(record.orphaned_at, Some(1000), "the first mark counts");
    store.add_file(&gone.file).await.unwrap();
    assert_eq!(
        store.file(&gone.file.file).unwrap().unwrap().orphaned_at,
        None
    );
    store.mark_orphan(gone.file.file, 3000).await.unwrap();
    assert!(store.delete_orphan(gone.file.file).await.unwrap());
    assert!(store.file(&gone.file.file).unwrap().is_none());
    assert!(!data_path(dir.path(), &gone).exists());
    assert!(store.read(&gone.file, 0).await.unwrap().is_none());
    assert_eq!(store.stats().unwrap().bytes, SEGMENT_SIZE as u64);
    assert!(store.read(&kept.file, 0).await.unwrap().is_some());
    // The same file may come again.
    fill(&store, &gone).await;
    assert!(store.file(&gone.file.file).unwrap().unwrap().is_complete());
}

#[tokio::test]
async fn a_deletion_that_was_interrupted_is_finished_at_the_next_start() {
    for step in 0..3 {
        let dir = tempfile::tempdir().unwrap();
        let sample = Sample::new(4 * SEGMENT_SIZE, 1);
        let store = open_store(dir.path(), ME);
        fill(&store, &sample).await;
        store.mark_orphan(sample.file.file, 1).await.unwrap();
        drop(store);
        {
            let identity = StoreIdentity {
                genesis: GENESIS,
                provider: ME,
            };
            let path = dir.path().join("index.redb");
            let index = Index::open(&path, &identity, 1 << 20).unwrap();
            assert!(index.begin_delete(&sample.file.file).unwrap());
            if step > 0 {
                assert!(
                    index.delete_records(&sample.file.file, 2).unwrap(),
                    "some are left"
                );
            }
            if step > 1 {
                fs::remove_file(data_path(dir.path(), &sample)).unwrap();
            }
            assert_eq!(index.add_files(&[&sample.file]).unwrap(), [false]);
        }
        let store = open_store(dir.path(), ME);
        assert!(store.files_after(None, 10).unwrap().is_empty());
        assert!(!data_path(dir.path(), &sample).exists());
        assert_eq!(store.stats().unwrap().bytes, 0);
        fill(&store, &sample).await;
        assert!(store
            .file(&sample.file.file)
            .unwrap()
            .unwrap()
            .is_complete());
    }
}

#[tokio::test]
async fn files_that_come_together_with_segments_are_all_made_known() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path(), ME);
    let samples: Vec<_> = (0..150).map(|n| Sample::new(100 + n, 2)).collect();
    let work = samples.iter().map(|sample| async {
        store.add_file(&sample.file).await.unwrap();
        store.put(sample.segment(0)).await.unwrap();
        // Again: nothing changes.
        store.add_file(&sample.file).await.unwrap();
    });
    futures::future::join_all(work).await;
    for sample in &samples {
        let record = store.file(&sample.file.file).unwrap().unwrap();
        assert!(record.is_complete());
    }
    assert_eq!(store.stats().unwrap().files, 150);
}

#[tokio::test]
async fn a_directory_in_use_or_of_someone_else_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path(), ME);
    let open = |identity: &StoreIdentity| {
        Store::open(dir.path(), identity.clone(), StoreOptions::default()).map(|_| ())
    };
    let ours = StoreIdentity {
        genesis: GENESIS,
        provider: ME,
    };
    assert!(matches!(open(&ours), Err(StoreError::Locked { .. })));
    drop(store);
    let other = StoreIdentity {
        genesis: Hash([9; 32]),
        provider: ME,
    };
    assert!(matches!(open(&other), Err(StoreError::OtherChain { .. })));
    let other = StoreIdentity {
        genesis: GENESIS,
        provider: AccountId([9; 32]),
    };
    assert!(matches!(
        open(&other),
        Err(StoreError::OtherProvider { .. })
    ));
    open(&ours).unwrap();
}

#[tokio::test]
async fn a_full_disk_is_a_clear_error_and_what_is_there_stays_readable() {
    let dir = tempfile::tempdir().unwrap();
    let sample = Sample::new(2 * SEGMENT_SIZE, 0);
    let store = open_store(dir.path(), ME);
    store.add_file(&sample.file).await.unwrap();
    store.put(sample.segment(0)).await.unwrap();
    drop(store);
    let identity = StoreIdentity {
        genesis: GENESIS,
        provider: ME,
    };
    let full = StoreOptions {
        reserve: Reserve::Bytes(u64::MAX),
        ..StoreOptions::default()
    };
    let store = Store::open(dir.path(), identity, full).unwrap();
    let error = store.put(sample.segment(1)).await.unwrap_err();
    assert!(error.is_disk_full(), "{error}");
    assert!(store.check_room().unwrap_err().is_disk_full());
    assert!(store.read(&sample.file, 0).await.unwrap().is_some());
    assert!(
        store.stats().unwrap().writable,
        "no room is not a broken disk"
    );
}

#[test]
fn missing_ranges_cross_the_index_chunks_and_end_at_the_limit() {
    let dir = tempfile::tempdir().unwrap();
    let identity = StoreIdentity {
        genesis: GENESIS,
        provider: ME,
    };
    let index = Index::open(&dir.path().join("i"), &identity, 1 << 20).unwrap();
    let file = FileRef::new([5; 32], 9000 * SEGMENT_SIZE as u64).unwrap();
    index.add_files(&[&file]).unwrap();
    let segment = |at| NewSegment {
        file: file.file,
        index: at,
        root: [1; 32],
        siblings: vec![[2; 32]; 3],
        data: Bytes::from_static(&[0]),
    };
    let held: Vec<_> = [0, 1, 4095, 4096, 5000, 8999].map(segment).into();
    assert_eq!(
        index.record(&held.iter().collect::<Vec<_>>()).unwrap(),
        [true; 6]
    );
    let missing = |from, limit| index.missing(&file.file, 9000, from, limit).unwrap();
    assert_eq!(missing(0, 10), [(2, 4094), (4097, 4999), (5001, 8998)]);
    assert_eq!(missing(0, 2), [(2, 4094), (4097, 4999)]);
    assert_eq!(missing(4500, 10), [(4500, 4999), (5001, 8998)]);
    assert_eq!(missing(8999, 10), []);
    assert_eq!(index.file(&file.file).unwrap().unwrap().have, 6);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Any sequence of puts, damage and restarts agrees with a set.
    #[test]
    fn store_agrees_with_a_model(steps in prop::collection::vec((0u8..4, 0u64..6), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let dir = tempfile::tempdir().unwrap();
            let sample = Sample::new(5 * SEGMENT_SIZE + 1, 0);
            let mut store = open_store(dir.path(), ME);
            store.add_file(&sample.file).await.unwrap();
            let mut model = BTreeSet::new();
            for (what, index) in steps {
                match what {
                    0 | 1 => {
                        store.put(sample.segment(index)).await.unwrap();
                        model.insert(index);
                    }
                    2 if model.contains(&index) => {
                        let path = data_path(dir.path(), &sample);
                        let file = OpenOptions::new().write(true).open(path).unwrap();
                        let at = index * SEGMENT_SIZE as u64;
                        let byte = sample.data(index)[0];
                        file.write_all_at(&[byte ^ 0x80], at).unwrap();
                        assert!(store.read(&sample.file, index).await.is_err());
                        model.remove(&index);
                    }
                    2 => {}
                    _ => {
                        drop(store);
                        store = open_store(dir.path(), ME);
                    }
                }
                let record = store.file(&sample.file.file).unwrap().unwrap();
                assert_eq!(record.have, model.len() as u64);
            }
            for index in 0..sample.segments() {
                let read = store.read(&sample.file, index).await.unwrap();
                assert_eq!(read.is_some(), model.contains(&index));
                assert!(read.is_none_or(|segment| segment.data == sample.data(index)));
            }
        });
    }
}

const CRASH_DIR: &str = "NOEMA_STORE_CRASH_DIR";

/// Writes until it is killed, saying what is acknowledged.
async fn write_until_killed(dir: &Path) {
    let store = open_store(dir, ME);
    for seed in 0..=255 {
        let sample = Sample::new(8 * SEGMENT_SIZE, seed);
        store.add_file(&sample.file).await.unwrap();
        let puts = (0..sample.segments()).map(|index| {
            let (store, sample) = (&store, &sample);
            async move {
                store.put(sample.segment(index)).await.unwrap();
                println!("acknowledged {seed} {index}");
            }
        });
        join_all(puts).await;
    }
}

/// Starts itself once more as the process to kill.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_writer_loses_nothing_that_it_acknowledged() {
    if let Some(dir) = std::env::var_os(CRASH_DIR) {
        return write_until_killed(Path::new(&dir)).await;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeSet::new();
    for round in 0..4u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "store::tests::a_killed_writer_loses_nothing_that_it_acknowledged",
                "--nocapture",
            ])
            .env(CRASH_DIR, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut lines = 0;
        for line in out.lines() {
            let line = line.unwrap();
            let Some(rest) = line.strip_prefix("acknowledged ") else {
                continue;
            };
            let (seed, index) = rest.split_once(' ').unwrap();
            acknowledged.insert((seed.parse::<u8>().unwrap(), index.parse::<u64>().unwrap()));
            lines += 1;
            if lines == 5 + round * 7 {
                std::thread::sleep(Duration::from_millis(round * 3));
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        let store = open_store(dir.path(), ME);
        for (seed, index) in &acknowledged {
            let sample = Sample::new(8 * SEGMENT_SIZE, *seed);
            let segment = store.read(&sample.file, *index).await.unwrap();
            assert_eq!(segment.expect("acknowledged").data, sample.data(*index));
        }
    }
    assert!(acknowledged.len() >= 5);
}

const FULL_DIR: &str = "NOEMA_STORE_FULL_DIR";

/// Puts segments of many files until the system refuses to let files grow, goes on for a while, and says what was acknowledged. All the
/// while what is there is read.
async fn fill_until_refused(dir: &Path) {
    let store = open_store(dir, ME);
    let (mut acknowledged, mut refused) = (Vec::new(), 0u32);
    for seed in 0..64u8 {
        // Short files make the index grow, long ones meet the limit of their own.
        let len = if seed % 8 == 7 {
            20 * SEGMENT_SIZE
        } else {
            300
        };
        let sample = Sample::new(len, seed);
        if let Err(error) = store.add_file(&sample.file).await {
            assert!(error.is_disk_full(), "add: {error}");
            refused += 1;
        }
        for index in 0..sample.segments() {
            match store.put(sample.segment(index)).await {
                Ok(()) => acknowledged.push((seed, len, index)),
                Err(StoreError::UnknownFile(_)) => {}
                Err(error) => {
                    assert!(error.is_disk_full(), "put: {error}");
                    println!("refused {error}");
                    refused += 1;
                }
            }
        }
        if let Some((seed, len, index)) = acknowledged.get(acknowledged.len() / 2) {
            let sample = Sample::new(*len, *seed);
            let segment = store.read(&sample.file, *index).await.unwrap();
            assert_eq!(segment.unwrap().data, sample.data(*index));
        }
    }
    assert!(refused > 0, "the limit was never met");
    for (seed, len, index) in acknowledged {
        println!("acknowledged {seed} {len} {index}");
    }
}

/// Runs a test of this program once more as a process whose files may not become larger than `limit` KiB; what it printed.
fn under_limit(limit: u32, test: &str, dir: &Path) -> String {
    // The signal of the limit is ignored, so that a write fails as it does on a full disk.
    let script = format!("trap '' XFSZ; ulimit -f {limit}; exec \"$0\" \"$@\"");
    let output = Command::new("bash")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &format!("store::tests::{test}"), "--nocapture"])
        .env(FULL_DIR, dir)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{limit} KiB: {said}{errors}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_at_any_moment_loses_nothing_acknowledged() {
    if let Some(dir) = std::env::var_os(FULL_DIR) {
        return fill_until_refused(Path::new(&dir)).await;
    }
    for limit in [1100, 2200] {
        let dir = tempfile::tempdir().unwrap();
        let test = "a_disk_that_is_full_at_any_moment_loses_nothing_acknowledged";
        let said = under_limit(limit, test, dir.path());
        let store = open_store(dir.path(), ME);
        let mut compared = 0;
        for line in said.lines() {
            let Some(rest) = line.strip_prefix("acknowledged ") else {
                continue;
            };
            let numbers: Vec<u64> = rest.split(' ').map(|n| n.parse().unwrap()).collect();
            let [seed, len, index] = numbers[..] else {
                panic!("{line}")
            };
            let sample = Sample::new(len as usize, seed as u8);
            let segment = store.read(&sample.file, index).await.unwrap();
            assert_eq!(segment.expect("acknowledged").data, sample.data(index));
            compared += 1;
        }
        assert!(compared > 0, "{limit} KiB: nothing was acknowledged");
        // With room it goes on.
        fill(&store, &Sample::new(20 * SEGMENT_SIZE, 7)).await;
    }
}

/// Segments of one transaction in the test below.
const BATCH: u64 = 64;

fn batch_of(number: u64) -> Vec<NewSegment> {
    (number * BATCH..(number + 1) * BATCH)
        .map(|index| NewSegment {
            file: FileRef::new([5; 32], 1 << 40).unwrap().file,
            index,
            root: [number as u8; 32],
            siblings: vec![[7; 32]; 20],
            data: Bytes::from_static(&[0]),
        })
        .collect()
}

fn index_in(dir: &Path) -> Index {
    let identity = StoreIdentity {
        genesis: GENESIS,
        provider: ME,
    };
    Index::open(&dir.join("index.redb"), &identity, 1 << 20).unwrap()
}

fn is_there(index: &Index, number: u64) {
    for segment in batch_of(number) {
        let entry = index.segment(&segment.file, segment.index).unwrap();
        let index::SegmentEntry::Held(record) = entry else {
            panic!("{number}: {entry:?}")
        };
        assert_eq!(record.root, segment.root);
    }
}

/// Records until the index may not grow any more, and for a while longer.
fn record_until_refused(dir: &Path) {
    let index = index_in(dir);
    let file = FileRef::new([5; 32], 1 << 40).unwrap();
    index.add_files(&[&file]).unwrap();
    let (mut acknowledged, mut refused) = (Vec::new(), 0);
    for number in 0..60 {
        let batch = batch_of(number);
        match index.record(&batch.iter().collect::<Vec<_>>()) {
            Ok(recorded) => {
                assert_eq!(recorded, [true; BATCH as usize]);
                acknowledged.push(number);
            }
            Err(error) => {
                assert!(error.is_disk_full(), "{error}");
                refused += 1;
                // What was committed is served, also when the database had to be opened anew.
                std::thread::sleep(Duration::from_millis(20));
                acknowledged
                    .iter()
                    .for_each(|number| is_there(&index, *number));
            }
        }
        if refused == 5 {
            break;
        }
    }
    assert_eq!(refused, 5, "the limit was never met");
    for number in acknowledged {
        println!("acknowledged {number}");
    }
}

#[test]
fn an_index_that_may_not_grow_keeps_and_serves_what_it_has() {
    if let Some(dir) = std::env::var_os(FULL_DIR) {
        return record_until_refused(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    let test = "an_index_that_may_not_grow_keeps_and_serves_what_it_has";
    let said = under_limit(1100, test, dir.path());
    let index = index_in(dir.path());
    let numbers = said
        .lines()
        .filter_map(|line| line.strip_prefix("acknowledged "));
    let acknowledged: Vec<u64> = numbers.map(|number| number.parse().unwrap()).collect();
    assert!(!acknowledged.is_empty());
    acknowledged
        .iter()
        .for_each(|number| is_there(&index, *number));
    let next = batch_of(acknowledged.len() as u64);
    index.record(&next.iter().collect::<Vec<_>>()).unwrap();
}
