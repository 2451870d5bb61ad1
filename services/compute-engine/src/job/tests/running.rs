//! Inputs, outputs, limits.

use super::*;

/// Copies input 0 to the output, 1,000 bytes at a time, and then the sizes of all inputs.
const COPY: &str = r#"(func (export "run") (local $at i64) (local $read i32) (local $i i32)
    (loop
      (local.set $read (call $input_read (i32.const 0) (local.get $at) (i32.const 16) (i32.const 1000)))
      (call $output_write (i32.const 16) (local.get $read))
      (local.set $at (i64.add (local.get $at) (i64.extend_i32_u (local.get $read))))
      (br_if 0 (local.get $read)))
    (loop
      (i64.store (i32.const 0) (call $input_size (local.get $i)))
      (call $output_write (i32.const 0) (i32.const 8))
      (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (call $input_count)))))"#;

#[tokio::test]
async fn run_reads_its_inputs_and_writes_its_output() {
    static LONG: [u8; 12_345] = [7; 12_345];
    let (report, output) = run_with(&module(COPY), &[&LONG, b"", b"abc"], LIMITS).await;
    assert_eq!(report.outcome, Outcome::Completed);
    let (copy, sizes) = output.split_at(LONG.len());
    assert_eq!(copy, LONG);
    assert_eq!(sizes, [12_345u64, 0, 3].map(u64::to_le_bytes).concat());
}

#[tokio::test]
async fn run_output_comes_while_the_job_runs() {
    // Writes, and then works until it is cancelled.
    let text = running("(call $output_write (i32.const 0) (i32.const 3)) (call $progress (i64.const 1) (i64.const 2)) (loop br 0)");
    let limits = Limits {
        fuel: Limits::MOST.fuel,
        ..LIMITS
    };
    let running = start(&text, &[], limits).await.unwrap();
    assert_eq!(
        running.next().await,
        JobEvent::Output(Bytes::from_static(&[0; 3]))
    );
    assert_eq!(
        running.next().await,
        JobEvent::Progress { done: 1, total: 2 }
    );
    running.cancel();
    assert_eq!(running.next().await, JobEvent::Ended(Err(Fault::Cancelled)));
}

#[tokio::test]
async fn run_fuel_that_was_used_is_enough_and_half_of_it_is_not() {
    let text = module(COPY);
    let (report, _) = run_with(&text, &[b"some input"], LIMITS).await;
    let exact = |fuel| Limits { fuel, ..LIMITS };
    let again = run_with(&text, &[b"some input"], exact(report.fuel))
        .await
        .0;
    assert_eq!(again.outcome, Outcome::Completed);
    assert_eq!(again.fuel, report.fuel);
    let less = run_with(&text, &[b"some input"], exact(report.fuel / 2))
        .await
        .0;
    assert_eq!(less.outcome, Outcome::Trapped(Trap::OutOfFuel));
}

#[tokio::test]
async fn start_more_than_is_given_is_refused() {
    let text = running("");
    for limits in [
        Limits {
            fuel: Limits::MOST.fuel + 1,
            ..LIMITS
        },
        Limits {
            memory: Limits::MOST.memory + 1,
            ..LIMITS
        },
        Limits {
            output: Limits::MOST.output + 1,
            ..LIMITS
        },
    ] {
        assert!(matches!(
            start(&text, &[], limits).await.err(),
            Some(StartError::Limits(_))
        ));
    }
    let inputs = [&b"x"[..]; MAX_INPUTS + 1];
    assert_eq!(
        start(&text, &inputs, LIMITS).await.err(),
        Some(StartError::Inputs)
    );
    assert!(start(&text, &inputs[1..], LIMITS).await.is_ok());
}

#[tokio::test]
async fn start_unknown_file_is_refused() {
    let id = FileId([7; 32]);
    let job = Job {
        module: Source::File(id),
        inputs: vec![],
        limits: LIMITS,
    };
    assert_eq!(
        runner().start(&job, &()).await.err(),
        Some(StartError::Files(FilesError::Unknown(id)))
    );
}

#[tokio::test]
async fn run_fuel_of_a_job_that_is_cancelled_is_known_though_it_never_calls() {
    let running = start(&endless(), &[], MOST_FUEL).await.unwrap();
    while running.fuel() < 3 * FUEL_PART {
        tokio::task::yield_now().await;
    }
    running.cancel();
    let seen = running.fuel();
    assert_eq!(running.next().await, JobEvent::Ended(Err(Fault::Cancelled)));
    assert!((seen..Limits::MOST.fuel).contains(&running.fuel()));
}

#[tokio::test]
async fn run_fuel_is_told_exactly_when_the_job_has_ended() {
    let running = start(&running("nop"), &[], LIMITS).await.unwrap();
    let JobEvent::Ended(Ok(report)) = running.next().await else {
        panic!("it says nothing and ends")
    };
    assert_eq!(running.fuel(), report.fuel);
    let out_of_fuel = start(&endless(), &[], LIMITS).await.unwrap();
    assert!(matches!(out_of_fuel.next().await, JobEvent::Ended(Ok(_))));
    assert_eq!(out_of_fuel.fuel(), LIMITS.fuel);
}

const MOST_FUEL: Limits = Limits {
    fuel: Limits::MOST.fuel,
    ..LIMITS
};

fn endless() -> String {
    running("(loop br 0)")
}
