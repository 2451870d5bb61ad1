//! How wasmtime is set up, and how running jobs are woken.

use std::{
    sync::{
        atomic::{AtomicUsize, Ordering},
        Weak,
    },
    thread,
    time::Duration,
};

use wasmtime::{Config, Engine, OptLevel, Strategy};

use super::limits::{NATIVE_STACK, OWN_STACK};

/// How often running jobs are asked whether they are still wanted.
const TICK: Duration = Duration::from_millis(20);

/// Everything that could differ between two machines is fixed or off.
pub(super) fn config() -> Config {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(OptLevel::Speed)
        .cranelift_nan_canonicalization(true)
        .consume_fuel(true)
        .epoch_interruption(true)
        .max_wasm_stack(NATIVE_STACK)
        // Only so can fuel be given in parts, after each of which what was used is known.
        .async_support(true)
        .async_stack_size(NATIVE_STACK + OWN_STACK)
        .wasm_backtrace(false)
        .wasm_simd(true)
        .wasm_relaxed_simd(false)
        .wasm_multi_value(false)
        .wasm_bulk_memory(false)
        .wasm_multi_memory(false)
        .wasm_memory64(false)
        .wasm_tail_call(false)
        .wasm_extended_const(false);
    // One thread, and its memory, for what nobody pays for by fuel: others of the workspace ask for all processors.
    config.parallel_compilation(false);
    // These can only be switched off where they are compiled in, which others of the workspace may cause.
    config
        .wasm_threads(false)
        .wasm_reference_types(false)
        .wasm_function_references(false)
        .wasm_gc(false);
    config
}

/// Lets running jobs look whether they are still wanted, until the runner is gone.
pub(super) fn tick(engine: &Engine, running: &Weak<AtomicUsize>) {
    while let Some(running) = running.upgrade() {
        if running.load(Ordering::Relaxed) > 0 {
            engine.increment_epoch();
        }
        drop(running);
        thread::sleep(TICK);
    }
}
