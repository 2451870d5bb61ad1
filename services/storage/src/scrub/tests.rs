//! The scrub over stores that are damaged in every way.

use std::{collections::BTreeSet, path::Path};

use noema_chain_client::AccountId;
use noema_commitment::SEGMENT_SIZE;
use proptest::prelude::*;
use tempfile::TempDir;
use tokio::time::timeout;

use super::*;
use crate::{
    store::{harm, Harm},
    testing::{data_path, fill, open_store, tracked, Sample},
};

const ME: AccountId = AccountId([3; 32]);
const DAY: Duration = Duration::from_secs(86_400);

fn flip(dir: &Path, sample: &Sample, index: u64) {
    use std::os::unix::fs::FileExt;
    let path = data_path(dir, sample);
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    let byte = sample.data(index)[0] ^ 0x10;
    file.write_all_at(&[byte], index * SEGMENT_SIZE as u64)
        .unwrap();
}

fn scrub(store: &Store, rate: u64, samples: &[&Sample]) -> Scrub {
    let directory = Directory::new(ME, store.clone());
    let slots: Vec<_> = samples.iter().map(|s| tracked(s, ME, &[])).collect();
    futures::executor::block_on(directory.replace(&slots));
    Scrub {
        store: store.clone(),
        directory: Arc::new(directory),
        metrics: Metrics::new().unwrap(),
        rate: Rate::new(rate),
        interval: DAY,
    }
}

/// Scrubs until a round has ended.
async fn one_round(scrub: &Scrub) -> ScrubProgress {
    let mut progress = ScrubProgress::default();
    begin(&mut progress);
    let ended = scrub.round(&mut progress, &CancellationToken::new()).await;
    assert!(ended.unwrap().is_ok());
    progress
}

async fn filled(samples: &[&Sample]) -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path(), ME);
    for sample in samples {
        fill(&store, sample).await;
    }
    (dir, store)
}

/// The store once more, over an index that was harmed in between.
fn harmed(dir: &TempDir, store: Store, sample: &Sample, harms: &[Harm]) -> Store {
    drop(store);
    harm(dir.path(), &sample.file.file, harms);
    open_store(dir.path(), ME)
}

#[tokio::test]
async fn damaged_data_is_found_marked_and_counted_and_the_rest_is_left() {
    let (a, b) = (
        Sample::new(5 * SEGMENT_SIZE + 9, 1),
        Sample::new(3 * SEGMENT_SIZE, 2),
    );
    let (dir, store) = filled(&[&a, &b]).await;
    flip(dir.path(), &a, 1);
    flip(dir.path(), &a, 5);
    std::fs::remove_file(data_path(dir.path(), &b)).unwrap();
    let scrub = scrub(&store, 0, &[&a, &b]);
    let progress = one_round(&scrub).await;
    assert_eq!((progress.segments, progress.damaged), (9, 5));
    assert_eq!(progress.bytes, 4 * SEGMENT_SIZE as u64);
    let missing = |sample: &Sample| {
        store
            .missing(&sample.file.file, sample.segments(), 10)
            .unwrap()
    };
    assert_eq!(missing(&a), [(1, 1), (5, 5)]);
    assert_eq!(missing(&b), [(0, 2)]);
    assert_eq!(store.stats().unwrap().damaged, 5);
    let text = scrub.metrics.text();
    for line in [
        "scrub_damaged_segments_total 5",
        "damaged_segments_total 5",
        "scrubbed_segments_total 9",
        "scrub_position 1",
    ] {
        assert!(
            text.contains(&format!("noema_storage_{line}")),
            "{line}: {text}"
        );
    }
    // Taken again, they are healed, and a further round finds nothing.
    for sample in [&a, &b] {
        fill(&store, sample).await;
    }
    let stats = store.stats().unwrap();
    assert_eq!((stats.damaged, stats.healed), (0, 5));
    assert_eq!(one_round(&scrub).await.damaged, 0);
}

#[tokio::test]
async fn damaged_index_entries_are_found_and_what_is_sound_is_kept() {
    let sample = Sample::new(8 * SEGMENT_SIZE, 1);
    let (dir, store) = filled(&[&sample]).await;
    let harms = [
        Harm::Siblings(0),
        Harm::Root(1),
        Harm::Garble(2),
        Harm::LoseRecord(3),
        Harm::LoseBit(4),
        Harm::Count,
    ];
    let store = harmed(&dir, store, &sample, &harms);
    let progress = one_round(&scrub(&store, 0, &[&sample])).await;
    assert_eq!((progress.segments, progress.damaged), (8, 4));
    let file = sample.file.file;
    // The segment that only did not count is sound, and counts again.
    assert_eq!(store.missing(&file, 8, 10).unwrap(), [(0, 3)]);
    let record = store.file(&file).unwrap().unwrap();
    assert_eq!((record.have, record.bytes), (4, 4 * SEGMENT_SIZE as u64));
    assert_eq!(store.stats().unwrap().damaged, 4);
    fill(&store, &sample).await;
    assert!(store.file(&file).unwrap().unwrap().is_complete());
    assert_eq!(store.stats().unwrap().healed, 4);
}

#[tokio::test]
async fn a_damaged_record_of_a_file_is_written_anew_by_whoever_knows_the_file() {
    for damage in [Harm::Size, Harm::GarbleFile, Harm::LoseFile] {
        let sample = Sample::new(3 * SEGMENT_SIZE + 5, 1);
        let (dir, store) = filled(&[&sample]).await;
        let store = harmed(&dir, store, &sample, &[damage]);
        // Nobody knows the file: it is left alone, and stops nothing.
        let progress = one_round(&scrub(&store, 0, &[])).await;
        assert_eq!(progress.damaged, 0, "{damage:?}");
        store.add_file(&sample.file).await.unwrap();
        let record = store.file(&sample.file.file).unwrap().unwrap();
        assert_eq!(record.file_ref(), Some(sample.file), "{damage:?}");
        assert!(record.is_complete(), "{damage:?}");
        let progress = one_round(&scrub(&store, 0, &[&sample])).await;
        assert_eq!((progress.segments, progress.damaged), (4, 0));
        assert_eq!(store.stats().unwrap().bytes, record.bytes, "{damage:?}");
    }
}

#[tokio::test]
async fn after_a_restart_it_goes_on_where_it_was() {
    let sample = Sample::new(12 * SEGMENT_SIZE, 1);
    let (dir, store) = filled(&[&sample]).await;
    // A segment in a quarter of a second.
    let slow = scrub(&store, SEGMENT_SIZE as u64 * 4, &[&sample]);
    let (metrics, stop) = (slow.metrics.clone(), CancellationToken::new());
    let running = tokio::spawn(slow.run(stop.clone()));
    while metrics.scrubbed_segments.get() < 3 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.cancel();
    timeout(Duration::from_secs(5), running)
        .await
        .unwrap()
        .unwrap();
    let checked = metrics.scrubbed_segments.get();
    assert!((3..12).contains(&checked), "{checked}");
    drop(store);

    let store = open_store(dir.path(), ME);
    let noted = store.scrub_progress().unwrap();
    assert_eq!(noted.next, Some((sample.file.file.0, checked)));
    let fast = scrub(&store, 0, &[&sample]);
    let (metrics, stop) = (fast.metrics.clone(), CancellationToken::new());
    let running = tokio::spawn(fast.run(stop.clone()));
    while store.scrub_progress().unwrap().last.is_none() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The next round is not due for a day.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(metrics.scrubbed_segments.get(), 12 - checked);
    stop.cancel();
    timeout(Duration::from_secs(5), running)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(store.scrub_progress().unwrap().segments, 12);
}

#[tokio::test]
async fn it_reads_no_more_than_it_may() {
    let sample = Sample::new(16 * SEGMENT_SIZE, 1);
    let (_dir, store) = filled(&[&sample]).await;
    let start = tokio::time::Instant::now();
    one_round(&scrub(&store, 16 * SEGMENT_SIZE as u64, &[&sample])).await;
    // 16 segments in a second; a burst is free, the last one need not be waited for.
    let seconds = start.elapsed().as_secs_f64();
    assert!(seconds >= 0.8, "{seconds}");
}

#[tokio::test]
async fn segments_that_are_taken_meanwhile_are_not_found_damaged() {
    let sample = Sample::new(6 * SEGMENT_SIZE, 1);
    let (_dir, store) = filled(&[&sample]).await;
    let scrub = scrub(&store, 0, &[&sample]);
    let writing = async {
        for _ in 0..5 {
            fill(&store, &sample).await;
        }
    };
    let reading = async {
        let mut damaged = 0;
        for _ in 0..5 {
            damaged += one_round(&scrub).await.damaged;
        }
        damaged
    };
    let ((), damaged) = tokio::join!(writing, reading);
    assert_eq!(damaged, 0);
}

#[test]
fn a_round_is_due_an_interval_after_the_beginning_of_the_last() {
    let mut progress = ScrubProgress::default();
    assert_eq!(due_in(&progress, DAY, 5), Duration::ZERO);
    progress.began = 1_000_000;
    progress.last = Some(Round {
        ended: 1_000_010,
        seconds: 10,
    });
    assert_eq!(
        due_in(&progress, DAY, 1_000_010),
        DAY - Duration::from_secs(10)
    );
    assert_eq!(due_in(&progress, DAY, 2_000_000), Duration::ZERO);
    // A clock that was set back.
    assert_eq!(due_in(&progress, DAY, 10), DAY);
}

#[test]
fn the_place_after_a_file_is_the_next_id() {
    assert_eq!(after(&FileId([0; 32])).unwrap().0[31], 1);
    let mut id = [0; 32];
    id[30..].copy_from_slice(&[4, 255]);
    assert_eq!(after(&FileId(id)).unwrap().0[30..], [5, 0]);
    assert_eq!(after(&FileId([255; 32])), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    /// Whatever is damaged, and wherever the scrub is stopped and begun again: exactly that is found.
    #[test]
    fn exactly_what_is_damaged_is_found(
        damaged in prop::collection::btree_set(0u64..10, 0..8),
        lost in prop::collection::btree_set(0u64..10, 0..4),
        missing in prop::collection::btree_set(0u64..10, 0..4),
        stops in prop::collection::vec(1u64..5, 0..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let sample = Sample::new(9 * SEGMENT_SIZE + 300, 3);
            let dir = tempfile::tempdir().unwrap();
            let store = open_store(dir.path(), ME);
            store.add_file(&sample.file).await.unwrap();
            for index in (0..10).filter(|index| !missing.contains(index)) {
                store.put(sample.segment(index)).await.unwrap();
            }
            for index in damaged.difference(&missing) {
                flip(dir.path(), &sample, *index);
            }
            let harms: Vec<_> = lost.difference(&missing).map(|index| Harm::LoseRecord(*index)).collect();
            let mut store = harmed(&dir, store, &sample, &harms);
            for stop_after in stops {
                let scrub = scrub(&store, 0, &[&sample]);
                let mut progress = store.scrub_progress().unwrap();
                if progress.next.is_none() {
                    begin(&mut progress);
                }
                // A kill: whatever was noted is what is left.
                let (stop, metrics) = (CancellationToken::new(), scrub.metrics.clone());
                let watching = async {
                    while metrics.scrubbed_segments.get() < stop_after {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                };
                tokio::select! {
                    ended = scrub.round(&mut progress, &stop) => { let _ = ended.unwrap(); }
                    () = watching => {}
                }
                store.note_scrub(&progress).await.unwrap();
                drop(scrub);
                drop(store);
                // A read that was left alone still has the directory.
                tokio::time::sleep(Duration::from_millis(50)).await;
                store = open_store(dir.path(), ME);
            }
            one_round(&scrub(&store, 0, &[&sample])).await;
            let gone: BTreeSet<u64> = damaged.iter().chain(&lost).chain(&missing).copied().collect();
            for index in 0..10 {
                assert_eq!(store.has(&sample.file.file, index).unwrap(), !gone.contains(&index));
            }
            let waiting = gone.difference(&missing).count() as u64;
            assert_eq!(store.stats().unwrap().damaged, waiting);
            assert_eq!(store.file(&sample.file.file).unwrap().unwrap().have, 10 - gone.len() as u64);
        });
    }
}
