//! What orders that wait, fetch, compile or leave their output unread may take of the machine.

use std::{
    future::Future,
    pin::{pin, Pin},
    sync::atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use futures::{poll, stream::FuturesUnordered, StreamExt};
use noema_commitment::{commit_reader, file_id, Software};

use super::*;

const ENDLESS: &str = "(loop (br_if 0 (i32.const 1)))";

/// One file of zeros; how often it was asked for.
#[derive(Default)]
struct Zeros(AtomicUsize);

const ZEROS: usize = 1 << 20;

#[async_trait]
impl Files for Zeros {
    async fn get(&self, _: FileId, _: u64) -> Result<Bytes, FilesError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(vec![0; ZEROS].into())
    }
}

impl Zeros {
    fn asked(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn zeros() -> Source {
    let zeros = vec![0; ZEROS];
    let commitment =
        commit_reader::<Software>(&zeros[..], std::num::NonZeroUsize::MIN, |_| {}).unwrap();
    Source::File(FileId(file_id::<Software>(
        &commitment.root,
        commitment.size,
    )))
}

fn with(config: impl FnOnce(&mut RunnerConfig)) -> Runner {
    let mut all = RunnerConfig {
        slots: 2,
        waiting: 2,
        // Of memory and output, since one job must always find room.
        limits: Limits {
            fuel: Limits::MOST.fuel,
            ..LIMITS
        },
        ..RunnerConfig::default()
    };
    config(&mut all);
    Runner::new(all).unwrap()
}

/// Whether a future is still not done when everything that can go on without it has gone on for a while.
async fn waits(mut future: Pin<&mut impl Future>) -> bool {
    for _ in 0..20 {
        if poll!(&mut future).is_ready() {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    true
}

#[tokio::test]
async fn start_beyond_the_places_to_wait_is_refused() {
    let runner = runner();
    let job = long(&running(ENDLESS));
    runner.load(&job.module, &()).await.unwrap();
    // Two run.
    let first = runner.start(&job, &()).await.unwrap();
    let _second = runner.start(&job, &()).await.unwrap();
    // Two wait.
    let mut waiting = FuturesUnordered::new();
    for _ in 0..3 {
        waiting.push(runner.start(&job, &()));
    }
    let refused = waiting.next().await.unwrap();
    assert_eq!(refused.err(), Some(StartError::Busy { waiting: 2 }));
    // The others go on when there is a slot.
    drop(first);
    assert!(waiting.next().await.unwrap().is_ok());
}

#[tokio::test]
async fn start_while_output_lies_unread_waits_until_its_readers_are_gone() {
    let runner = with(|config| config.output = 2 * u64::from(LIMITS.output));
    let mut job = long(&running(
        "(call $output_write (i32.const 0) (i32.const 65536))",
    ));
    job.limits = LIMITS;
    let mut first = vec![];
    for _ in 0..2 {
        first.push(runner.start(&job, &()).await.unwrap());
    }
    // Both have ended, so slots are free; but nobody reads what they wrote.
    let mut third = pin!(runner.start(&job, &()));
    assert!(waits(third.as_mut()).await);
    drop(first.pop());
    let third = third.await.unwrap();
    // Reading to the end is as good.
    let (report, output) = first.pop().unwrap().finish().await.unwrap();
    assert_eq!((report.output_len, output.len()), (65_536, 65_536));
    drop(runner.start(&job, &()).await.unwrap());
    drop(third);
}

#[tokio::test]
async fn start_beyond_the_memory_of_all_waits() {
    let runner = with(|config| config.memory = 2 * u64::from(LIMITS.memory) - 1);
    let job = long(&running(ENDLESS));
    let first = runner.start(&job, &()).await.unwrap();
    let mut second = pin!(runner.start(&job, &()));
    assert!(waits(second.as_mut()).await);
    drop(first);
    assert!(second.await.is_ok());
}

#[tokio::test]
async fn new_with_too_little_for_one_job_gives_enough_for_one() {
    let runner = with(|config| {
        config.memory = 0;
        config.output = 0;
    });
    let mut job = long(&running(""));
    job.limits = LIMITS;
    let running = runner.start(&job, &()).await.unwrap();
    assert!(running.finish().await.is_ok());
}

#[tokio::test]
async fn start_inputs_are_fetched_for_as_many_orders_as_there_are_slots() {
    let runner = with(|config| config.waiting = 9);
    let endless = long(&running(ENDLESS));
    let running_jobs = [
        runner.start(&endless, &()).await.unwrap(),
        runner.start(&endless, &()).await.unwrap(),
    ];
    let mut job = endless.clone();
    job.inputs = vec![zeros()];
    let files = Zeros::default();
    let mut orders = FuturesUnordered::new();
    for _ in 0..6 {
        orders.push(runner.start(&job, &files));
    }
    assert!(waits(pin!(orders.next())).await);
    assert_eq!(files.asked(), 2);
    // When those have slots, the next fetch theirs.
    drop(running_jobs);
    let _running = [
        orders.next().await.unwrap().unwrap(),
        orders.next().await.unwrap().unwrap(),
    ];
    assert!(waits(pin!(orders.next())).await);
    assert_eq!(files.asked(), 4);
}

#[tokio::test]
async fn load_whose_caller_hangs_up_is_kept() {
    let runner = runner();
    let functions: String = (0..300)
        .map(|i| format!("(func (param i32) (result i32) (i32.mul (local.get 0) (i32.const {i})))"))
        .collect();
    let module = bytes(&module(&format!(r#"{functions} (func (export "run"))"#)));
    let source = Source::Bytes(module.clone());
    {
        let mut load = pin!(runner.load(&source, &()));
        while runner.compiling().try_lock().is_ok() {
            assert!(
                poll!(&mut load).is_pending(),
                "compiled before anybody could hang up"
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    drop(runner.compiling().lock().await);
    assert!(runner.knows(&module));
}

#[tokio::test]
async fn load_what_was_refused_is_refused_without_a_turn() {
    let runner = runner();
    let source = Source::Bytes(Bytes::from_static(b"no module"));
    let refused = runner.load(&source, &()).await.unwrap_err();
    assert!(matches!(
        refused,
        StartError::Module(ModuleError::Invalid(_))
    ));
    let _turn = runner.compiling().lock().await;
    assert_eq!(runner.load(&source, &()).await.unwrap_err(), refused);
}

#[tokio::test]
async fn start_loaded_needs_no_place_of_those_who_compile() {
    let runner = runner();
    let module = Source::Bytes(bytes(&running("")));
    let module = runner.load(&module, &()).await.unwrap();
    let _turn = runner.compiling().lock().await;
    let jobs = [0, 1, 2, 3, 4].map(|i| long(&running(&format!("(drop (i32.const {i}))"))));
    let mut orders = FuturesUnordered::new();
    for job in &jobs {
        orders.push(runner.start(job, &()));
    }
    // As many may as there are slots and places to wait.
    let refused = orders.next().await.unwrap();
    assert_eq!(refused.err(), Some(StartError::Busy { waiting: 4 }));
    let running = runner.start_loaded(&module, vec![], LIMITS).await.unwrap();
    assert!(running.finish().await.is_ok());
}
