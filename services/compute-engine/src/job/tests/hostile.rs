//! Modules that want something else than to compute.

use std::time::Instant;

use super::*;

#[tokio::test]
async fn run_endless_loop_uses_up_its_fuel() {
    let (report, _) = run_with(&running("(loop br 0)"), &[], LIMITS).await;
    assert_eq!(report.outcome, Outcome::Trapped(Trap::OutOfFuel));
    assert_eq!(report.fuel, LIMITS.fuel);
}

#[tokio::test]
async fn run_endless_loop_of_calls_uses_up_its_fuel() {
    for call in [
        "(drop (call $input_count))",
        "(drop (call $input_size (i32.const 0)))",
        "(drop (call $input_read (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 65536)))",
        "(call $progress (i64.const 1) (i64.const 2))",
        "(call $output_write (i32.const 0) (i32.const 0))",
    ] {
        let (report, _) = run_with(
            &running(&format!("(loop {call} br 0)")),
            &[b"input"],
            LIMITS,
        )
        .await;
        assert_eq!(report.outcome, Outcome::Trapped(Trap::OutOfFuel), "{call}");
    }
}

#[tokio::test]
async fn run_memory_bomb_gets_what_it_may_and_no_more() {
    // Grows page by page until that fails, and writes the number of pages.
    let text = running(
        "(loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
         (i32.store (i32.const 0) (memory.size)) (call $output_write (i32.const 0) (i32.const 4))",
    );
    let (report, output) = run_with(&text, &[], LIMITS).await;
    assert_eq!(report.outcome, Outcome::Completed);
    assert_eq!(output, (LIMITS.memory >> 16).to_le_bytes());
    // Beyond what it says itself that it needs at most.
    let own = text.replace(r#"(export "memory") 1)"#, r#"(export "memory") 1 3)"#);
    assert_eq!(run_with(&own, &[], LIMITS).await.1, 3u32.to_le_bytes());
    // At once.
    let text = running("(i32.store (i32.const 0) (memory.grow (i32.const 65535))) (call $output_write (i32.const 0) (i32.const 4))");
    assert_eq!(run_with(&text, &[], LIMITS).await.1, (-1i32).to_le_bytes());
}

#[tokio::test]
async fn start_more_memory_than_the_job_may_use_is_refused() {
    let text = r#"(module (memory (export "memory") 65) (func (export "run")))"#;
    let allowed = LIMITS.memory.into();
    let needed = 65 << 16;
    assert_eq!(
        start(text, &[], LIMITS).await.err(),
        Some(StartError::Memory { needed, allowed })
    );
    let limits = Limits {
        memory: 65 << 16,
        ..LIMITS
    };
    assert_eq!(
        run_with(text, &[], limits).await.0.outcome,
        Outcome::Completed
    );
}

#[tokio::test]
async fn run_huge_output_ends_at_its_limit() {
    let text = running("(loop (call $output_write (i32.const 0) (i32.const 65536)) br 0)");
    let (report, output) = run_with(&text, &[], LIMITS).await;
    assert_eq!(report.outcome, Outcome::Trapped(Trap::OutputLimit));
    assert_eq!(output.len() as u32, LIMITS.output);
}

#[tokio::test]
async fn run_bad_places_in_memory_trap() {
    for call in [
        "(call $output_write (i32.const 65536) (i32.const 1))",
        "(call $output_write (i32.const -1) (i32.const -1))",
        "(call $output_write (i32.const 1) (i32.const 65536))",
        "(call $fail (i32.const 65530) (i32.const 7))",
        "(drop (call $input_read (i32.const 0) (i64.const 0) (i32.const 65530) (i32.const 7)))",
        "(drop (call $input_read (i32.const 0) (i64.const 9) (i32.const 65530) (i32.const 7)))",
    ] {
        assert_eq!(
            outcome(&running(call)).await,
            Outcome::Trapped(Trap::MemoryBounds),
            "{call}"
        );
    }
    for call in [
        "(drop (call $input_size (i32.const 1)))",
        "(drop (call $input_read (i32.const -1) (i64.const 0) (i32.const 0) (i32.const 1)))",
    ] {
        assert_eq!(
            outcome(&running(call)).await,
            Outcome::Trapped(Trap::NoSuchInput),
            "{call}"
        );
    }
}

#[tokio::test]
async fn run_each_trap_has_its_name() {
    let table = |call: &str| {
        module(&format!(
            r#"(type $plain (func)) (type $other (func (param i32)))
               (table 3 funcref) (elem (i32.const 0) $run)
               (func $run (export "run") {call})"#
        ))
    };
    for (text, trap) in [
        (running("unreachable"), Trap::Unreachable),
        (
            running("(drop (i32.load (i32.const 65533)))"),
            Trap::MemoryBounds,
        ),
        (
            running("(drop (i32.load offset=4294967295 (i32.const -1)))"),
            Trap::MemoryBounds,
        ),
        (
            running("(drop (i32.div_s (i32.const 1) (i32.const 0)))"),
            Trap::DivisionByZero,
        ),
        (
            running("(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))"),
            Trap::IntegerOverflow,
        ),
        (
            running("(drop (i32.trunc_f32_s (f32.const 3e9)))"),
            Trap::IntegerOverflow,
        ),
        (
            running("(drop (i32.trunc_f32_s (f32.const nan)))"),
            Trap::FloatToInteger,
        ),
        (
            table("(call_indirect (type $plain) (i32.const 3))"),
            Trap::TableBounds,
        ),
        (
            table("(call_indirect (type $plain) (i32.const 1))"),
            Trap::NullCall,
        ),
        (
            table("(call_indirect (type $other) (i32.const 0) (i32.const 0))"),
            Trap::CallType,
        ),
    ] {
        assert_eq!(outcome(&text).await, Outcome::Trapped(trap), "{text}");
    }
}

#[tokio::test]
async fn run_failure_keeps_what_was_said_and_written() {
    let text = module(
        r#"(data (i32.const 0) "no such \ff thing")
           (func (export "run") (call $output_write (i32.const 0) (i32.const 2)) (call $fail (i32.const 0) (i32.const 15)))"#,
    );
    let (report, output) = run_with(&text, &[], LIMITS).await;
    assert_eq!(
        report.outcome,
        Outcome::Failed("no such \u{fffd} thing".into())
    );
    assert_eq!(output, b"no");
    let text = running("(call $fail (i32.const 0) (i32.const 65536))");
    assert_eq!(
        outcome(&text).await,
        Outcome::Failed("\0".repeat(MAX_MESSAGE as usize))
    );
}

/// The fastest of them within a time that is little more than the 20 ms: others may wait for a processor.
#[tokio::test]
async fn cancel_ends_jobs_and_gives_their_slots_back_at_once() {
    let runner = runner();
    let endless = running("(loop (br_if 0 (i32.const 1)))");
    let copies = running(
        "(loop (drop (call $input_read (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 65536))) br 0)",
    );
    for text in [endless, copies] {
        let mut job = long(&text);
        job.inputs = vec![Source::Bytes(Bytes::from_static(&[1; 65_536]))];
        let mut times = vec![];
        for _ in 0..11 {
            let running = runner.start(&job, &()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
            let begun = Instant::now();
            running.cancel();
            assert_eq!(running.finish().await, Err(Fault::Cancelled));
            times.push(begun.elapsed());
        }
        let fastest = times.iter().min().unwrap();
        assert!(*fastest < Duration::from_millis(100), "{times:?}");
    }
}

#[tokio::test]
async fn progress_without_end_keeps_only_the_last() {
    let text = running(
        "(local $i i64) (loop (call $progress (local.get $i) (i64.const 100000))
         (local.set $i (i64.add (local.get $i) (i64.const 1)))
         (br_if 0 (i64.lt_u (local.get $i) (i64.const 100000))))",
    );
    let runner = Runner::new(RunnerConfig {
        slots: 1,
        ..RunnerConfig::default()
    })
    .unwrap();
    let first = runner.start(&long(&text), &()).await.unwrap();
    // Nobody reads until it has ended, as it must have when another has its slot.
    let second = runner.start(&long(&running("")), &()).await.unwrap();
    let last = JobEvent::Progress {
        done: 99_999,
        total: 100_000,
    };
    assert_eq!(first.next().await, last);
    assert!(matches!(first.next().await, JobEvent::Ended(Ok(_))));
    drop(second);
}
