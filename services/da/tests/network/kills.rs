//! A seat as a process of its own, killed with SIGKILL at each durable step. Whatever the moment: what a start finds for each signature that left the seat is all of
//! its rows, and nothing is left of what it did not sign for.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use noema_da::{
    bls::SignatureBytes,
    client::SeatClient,
    coding::{check_shard, CodedBlob},
    store::{Keep, Store},
};
use noema_da_primitives::Content;
use tracing_subscriber::{layer::Context, prelude::*, Layer};

use crate::{chain::*, harness::*};

/// Shards that a child is sent.
const SHARDS: u64 = 3;
/// Steps that are killed at: four for each shard, and one when the first is removed.
const STEPS: u64 = 4 * SHARDS + 1;

/// Kills this process at the n-th durable step.
struct KillAt {
    left: AtomicU64,
}

impl<S: tracing::Subscriber> Layer<S> for KillAt {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "noema_da::durable"
            && self.left.fetch_sub(1, Ordering::SeqCst) == 1
        {
            let me = nix::unistd::Pid::this();
            nix::sys::signal::kill(me, nix::sys::signal::Signal::SIGKILL).unwrap();
        }
    }
}

/// What a child is told, by its environment.
fn told(name: &str) -> String {
    std::env::var(format!("NOEMA_DA_KILLS_{name}")).unwrap_or_default()
}

fn chain() -> (MemoryChain, Vec<(u64, CodedBlob)>) {
    let chain = MemoryChain::new(&[3, 1, 1]);
    let blobs = (0..SHARDS).map(|n| {
        let blob = data(20_000 + n as usize, n + 1);
        let coded = CodedBlob::encode(Content::Plain, &blob).unwrap();
        let new = new_submission(coded.commitment(), coded.shape().size(), Content::Plain);
        (chain.submit_now(new), coded)
    });
    let blobs = blobs.collect();
    (chain, blobs)
}

/// What the children of the test beside it run; by itself it has nothing to do.
#[test]
fn child() {
    if told("DIR").is_empty() {
        return;
    }
    let dir = PathBuf::from(told("DIR"));
    let left = AtomicU64::new(told("STEPS").parse().unwrap());
    tracing_subscriber::registry().with(KillAt { left }).init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (chain, blobs) = chain();
        let seat = start_seat(&chain, seat_config(1, &dir.join("seat"))).await;
        let mut taken = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(dir.join("taken"))
            .unwrap();
        for (submission, coded) in blobs {
            let plan = chain.plan(submission);
            let rows = plan.assignment.shard_rows(0, plan.content());
            let pieces: Vec<Bytes> = coded.shard(&rows).unwrap().collect();
            let length = pieces.iter().map(|piece| piece.len() as u64).sum();
            let pieces = futures::stream::iter(pieces);
            let client = SeatClient::new(patience());
            let endpoint = &seat.endpoint;
            let sent = client
                .send_shard(endpoint, submission, pieces, length)
                .await;
            writeln!(taken, "{submission} {}", sent.unwrap()).unwrap();
        }
        // The first is refunded, so that its rows go.
        chain.change(|state| state.submissions.remove(&1));
        let _blocks = chain.run();
        until(|| async { (figure(&seat, "noema_da_seat_shards ").await == 2.0).then_some(()) })
            .await;
        seat.stop().await;
        fs::write(dir.join("done"), "").unwrap();
    });
}

fn run_child(dir: &Path, steps: u64) -> bool {
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kills::child", "--nocapture"])
        .env("NOEMA_DA_KILLS_DIR", dir)
        .env("NOEMA_DA_KILLS_STEPS", steps.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    status.success()
}

/// What must hold of what a seat left behind.
fn check(dir: &Path, steps: u64) {
    let config = seat_config(1, dir);
    let dir_of_seat = dir.join("seat");
    let (store, opened) = Store::open(&dir_of_seat, GENESIS, account(1), config.budget).unwrap();
    assert_eq!(opened.damaged_count, 0, "killed at step {steps}");
    let taken = fs::read_to_string(dir.join("taken")).unwrap_or_default();
    let done = dir.join("done").exists();
    let (chain, _) = chain();
    for line in taken.lines() {
        let (number, signature) = line.split_once(' ').unwrap();
        let number: u64 = number.parse().unwrap();
        let record = store.get(number).unwrap();
        // Only the first may be gone, and only after the last was taken.
        let last = format!("{SHARDS} ");
        let all = taken.lines().any(|line| line.starts_with(&last));
        if record.is_none() && number == 1 && all {
            continue;
        }
        let record = record.unwrap_or_else(|| panic!("killed at step {steps}: {number} is lost"));
        assert_eq!(record.signature().to_string(), signature);
    }
    let mut found = 0;
    for record in store.page(0, 100).unwrap() {
        found += 1;
        let plan = chain.plan(record.submission());
        assert_eq!(record.attestation, plan.attestation);
        assert_eq!(record.keep, Keep::Waiting);
        let signature: SignatureBytes = record.signature();
        let key = secret(1).public();
        key.verify(&plan.attestation, &signature).unwrap();
        // The file is a shard: it verifies as a whole.
        let own = plan.assignment.sorted_rows(0);
        assert_eq!(record.rows, own);
        let number = record.submission();
        let file = dir_of_seat.join(format!("shards/{number:02x}/{number:016x}.shard"));
        let bytes = fs::read(file).unwrap();
        let content = plan.content();
        check_shard(plan.commitment(), plan.shape, *content, &own, &bytes).unwrap();
        let reader = store.reader(record).unwrap();
        assert!(own.iter().all(|row| reader.row(*row).is_ok()));
    }
    assert!(!done || found == SHARDS - 1);
    // Nothing of what was not signed for is left.
    assert_eq!(
        fs::read_dir(dir_of_seat.join("incoming")).unwrap().count(),
        0
    );
    let below = fs::read_dir(dir_of_seat.join("shards")).unwrap();
    let files: u64 = below
        .map(|dir| fs::read_dir(dir.unwrap().path()).unwrap().count() as u64)
        .sum();
    assert_eq!(files, found);
}

#[test]
fn a_seat_killed_at_any_step_holds_what_it_signed_for() {
    for steps in 1..=STEPS {
        let dir = tempfile::tempdir().unwrap();
        assert!(!run_child(dir.path(), steps), "step {steps} comes");
        check(dir.path(), steps);
        if steps % 4 != 3 {
            continue;
        }
        // It goes on from there, and another death does no harm.
        run_child(dir.path(), 2);
        check(dir.path(), steps);
        assert!(run_child(dir.path(), u64::MAX), "after step {steps}");
        check(dir.path(), steps);
    }
}
