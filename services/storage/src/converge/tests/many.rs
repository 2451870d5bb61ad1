//! Very many slots: only pages of them are in memory at once, and none is missed.

use super::*;
use crate::{
    store::claim,
    testing::{
        allocation,
        many::{file, owner, ManySlots},
    },
};

const PAGE: usize = look::PAGE as usize;
const MIB: usize = 1 << 20;

struct Many {
    chain: ManySlots,
    shared: Arc<Shared<ManySlots>>,
    converger: Converger<ManySlots>,
    dir: TempDir,
}

/// A daemon with `slots` slots, which has the first `whole` files.
fn many(slots: u32, whole: u32, held: bool) -> Many {
    let dir = tempfile::tempdir().unwrap();
    drop(open_store(dir.path(), ME));
    claim(dir.path(), (0..whole).map(file));
    started(ManySlots::new(ME, slots, held), dir)
}

/// A daemon that has just started.
fn started(chain: ManySlots, dir: TempDir) -> Many {
    let store = open_store(dir.path(), ME);
    let shared = Arc::new(Shared {
        chain: chain.clone(),
        provider: ME,
        operator: ME,
        directory: Arc::new(Directory::new(ME, store.clone())),
        store,
        metrics: Metrics::new().unwrap(),
        client: StorageClient::default(),
        penalties: Penalties::default(),
        grace: Duration::from_secs(3600),
        pin: None,
        denied: DenyList::default(),
        pull_rate: Rate::default(),
    });
    Many {
        chain,
        converger: Converger::new(shared.clone()),
        shared,
        dir,
    }
}

impl Many {
    async fn step(&mut self, block: u32) {
        self.converger.swept_at = None;
        self.converger.step(head(block)).await.unwrap();
    }

    async fn end_calls(&mut self) {
        while self.converger.tasks.join_next().await.is_some() {}
    }

    fn figure(&self, line: &str) {
        let text = self.shared.metrics.text();
        assert!(
            text.contains(&format!("noema_storage_{line}\n")),
            "{line}: {text}"
        );
    }
}

#[tokio::test]
async fn slots_are_read_in_pages_and_every_one_is_seen() {
    let count = 2 * PAGE as u32 + 3;
    let mut many = many(count, count, true);
    many.step(1).await;
    let asked = many.chain.with(|asked| asked.clone());
    assert_eq!((asked.pages, asked.largest_page), (3, PAGE));
    assert_eq!(
        (asked.deals, asked.largest_question),
        (count as usize, PAGE)
    );
    many.figure(&format!("slots{{state=\"earning\"}} {count}"));
    many.figure("incomplete_files 0");
    let directory = &many.shared.directory;
    assert_eq!(directory.count().unwrap(), u64::from(count));
    for n in [0, 1, count / 2, count - 1] {
        assert_eq!(directory.file(&file(n).file).unwrap(), Some(file(n)));
        assert!(directory.is_owner(&file(n).file, &owner(n)).unwrap());
    }
    // Each deal is read again once in so many blocks, in its turn.
    many.chain.with(|asked| asked.deals = 0);
    for block in 2..2 + look::REFRESH {
        many.step(block).await;
    }
    assert_eq!(many.chain.with(|asked| asked.deals), count as usize);
}

#[tokio::test]
async fn slots_that_are_gone_are_forgotten_wherever_they_stood() {
    let count = 2 * PAGE as u32 + 3;
    let mut many = many(count, count, true);
    many.step(1).await;
    let left = PAGE as u32 - 5;
    many.chain.with(|asked| {
        asked.count = left;
        asked.largest_question = 0;
    });
    many.step(2).await;
    let directory = many.shared.directory.clone();
    assert_eq!(directory.count().unwrap(), u64::from(left));
    assert!(many.chain.with(|asked| asked.largest_question) <= PAGE);
    for n in 0..count {
        let known = directory.file(&file(n).file).unwrap();
        assert_eq!(known.is_some(), n < left, "{n}");
    }
    // What has no deal any more is marked, and what has one is not.
    let record = |n: u32| many.shared.store.file(&file(n).file).unwrap().unwrap();
    assert!(record(left).orphaned_at.is_some() && record(left - 1).orphaned_at.is_none());
}

#[tokio::test]
async fn what_was_noted_by_an_earlier_run_is_compared_with_the_chain_before_it_counts() {
    let count = PAGE as u32 + 3;
    let mut first = many(count, count, true);
    first.step(1).await;
    let Many {
        chain,
        shared,
        converger,
        dir,
    } = first;
    drop((shared, converger));
    chain.with(|asked| asked.count = count - 2);
    let mut again = started(chain, dir);
    let directory = again.shared.directory.clone();
    assert_eq!(directory.count().unwrap(), u64::from(count));
    assert_eq!(directory.file(&file(0).file).unwrap(), None);
    again.chain.with(|asked| asked.deals = 0);
    again.step(2).await;
    assert!(again.chain.with(|asked| asked.deals) >= count as usize - 2);
    assert_eq!(directory.count().unwrap(), u64::from(count - 2));
    assert_eq!(directory.file(&file(0).file).unwrap(), Some(file(0)));
    assert_eq!(directory.file(&file(count - 1).file).unwrap(), None);
}

#[tokio::test]
async fn calls_and_fetches_are_bounded_and_come_to_all_by_and_by() {
    let count = MAX_CALLS as u32 + 700;
    let whole = MAX_CALLS as u32 + 9;
    let mut many = many(count, whole, false);
    many.step(1).await;
    many.figure(&format!("incomplete_files {}", count - whole));
    assert_eq!(many.converger.pulls.len(), pulls::MAX_TASKS);
    many.end_calls().await;
    assert_eq!(many.chain.with(|asked| asked.calls), MAX_CALLS);
    many.step(2).await;
    many.end_calls().await;
    assert_eq!(many.chain.with(|asked| asked.calls), whole as usize);
    let others = whole..count;
    let fetched = |many: &Many| {
        let pulls = &many.converger.pulls;
        others
            .clone()
            .filter(|n| pulls.contains(&file(*n).file))
            .collect::<HashSet<_>>()
    };
    // No peer has anything: each gives its place up after a while.
    let mut had = fetched(&many);
    for block in 3..60 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        many.step(block).await;
        had.extend(fetched(&many));
        assert!(many.converger.pulls.len() <= pulls::MAX_TASKS);
        if had.len() == others.len() {
            return;
        }
    }
    panic!("{} of {} files were fetched", had.len(), others.len());
}

/// The most that some looks at so many slots have allocated at once, in bytes: the first, which reads every deal, and some after it.
async fn peak(slots: u32, whole: u32) -> usize {
    let mut many = many(slots, whole, true);
    let before = allocation::allocated();
    allocation::reset_peak();
    for block in 1..4 {
        many.step(block).await;
    }
    allocation::peak().saturating_sub(before)
}

#[tokio::test]
async fn memory_does_not_grow_with_files_that_are_whole() {
    let few = peak(1_000, 1_000).await;
    let more = peak(6_000, 6_000).await;
    println!("peaks: {few} B with 1,000 files, {more} B with 6,000");
    // The index's cache of 1 MiB fills.
    assert!(more < few + 2 * MIB, "{few} B became {more} B");
}

#[tokio::test]
async fn memory_of_a_file_that_is_not_complete_is_small() {
    let few = peak(1_000, 0).await;
    let more = peak(5_000, 0).await;
    println!("peaks: {few} B with 1,000 files, {more} B with 5,000");
    assert!(
        more < few + 4_000 * 400 + 2 * MIB,
        "{few} B became {more} B"
    );
}

/// Takes minutes, so it is one of `make prove`.
#[tokio::test]
async fn full_size_a_hundred_thousand_files_take_no_more_memory_than_few() {
    for count in [1_000, 10_000, 100_000] {
        let begun = Instant::now();
        let peak = peak(count, count).await;
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let resident = status.lines().find(|line| line.starts_with("VmHWM"));
        println!(
            "{count} files: {peak} B, {resident:?}, {:?}",
            begun.elapsed()
        );
        assert!(peak < 16 * MIB);
    }
}
