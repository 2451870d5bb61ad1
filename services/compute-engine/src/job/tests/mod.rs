//! Jobs from their text to their report.

mod determinism;
mod hostile;
mod modules;
mod places;
mod running;
mod stack;

use std::time::Duration;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::*;

const LIMITS: Limits = Limits {
    fuel: 50_000_000,
    memory: 4 << 20,
    output: 1 << 20,
};

/// Imports of every function of the runner, a memory of one page, and what follows.
fn module(body: &str) -> String {
    format!(
        r#"(module
            (import "noema_job_1" "input_count" (func $input_count (result i32)))
            (import "noema_job_1" "input_size" (func $input_size (param i32) (result i64)))
            (import "noema_job_1" "input_read" (func $input_read (param i32 i64 i32 i32) (result i32)))
            (import "noema_job_1" "output_write" (func $output_write (param i32 i32)))
            (import "noema_job_1" "progress" (func $progress (param i64 i64)))
            (import "noema_job_1" "fail" (func $fail (param i32 i32)))
            (memory (export "memory") 1)
            {body})"#
    )
}

/// A module whose `run` has this body.
fn running(body: &str) -> String {
    module(&format!(r#"(func (export "run") {body})"#))
}

fn bytes(text: &str) -> Bytes {
    wat::parse_str(text).unwrap().into()
}

fn runner() -> Runner {
    let config = RunnerConfig {
        slots: 2,
        waiting: 2,
        ..RunnerConfig::default()
    };
    Runner::new(config).unwrap()
}

/// A job of bytes, without inputs, that may take as long as any.
fn long(text: &str) -> Job {
    Job {
        module: Source::Bytes(bytes(text)),
        inputs: vec![],
        limits: Limits {
            fuel: Limits::MOST.fuel,
            ..LIMITS
        },
    }
}

async fn start(
    text: &str,
    inputs: &[&'static [u8]],
    limits: Limits,
) -> Result<Running, StartError> {
    let job = Job {
        module: Source::Bytes(bytes(text)),
        inputs: inputs
            .iter()
            .map(|input| Source::Bytes(Bytes::from_static(input)))
            .collect(),
        limits,
    };
    runner().start(&job, &()).await
}

/// Runs a module to its end. Its report must agree with its output.
async fn run_with(text: &str, inputs: &[&'static [u8]], limits: Limits) -> (Report, Vec<u8>) {
    let (report, output) = start(text, inputs, limits)
        .await
        .unwrap()
        .finish()
        .await
        .unwrap();
    assert_eq!(report.output_len, output.len() as u64);
    assert_eq!(
        report.output_hash,
        <[u8; 32]>::from(Sha256::digest(&output))
    );
    assert!(report.fuel <= limits.fuel);
    (report, output)
}

async fn outcome(text: &str) -> Outcome {
    run_with(text, &[b"input"], LIMITS).await.0.outcome
}

fn refused(text: &str) -> ModuleError {
    super::module::check(&bytes(text)).unwrap_err()
}
