//! One job, from its instance to its report. On a thread of its own, since it takes more stack than others have.

use std::sync::{atomic::Ordering, Arc};

use futures::executor::block_on;
use sha2::Digest;
use wasmtime::{Engine, InstancePre, Store, UpdateDeadline};

use super::{
    host::{State, Stop},
    limits::STACK_UNITS,
    metering::UNIT_FUEL,
    report::{Fault, Outcome, Report, Trap},
    stack::DEPTH,
};

/// Fuel that a job is given at a time. Compiled code keeps its count to itself until it has used that, or calls: so of a job that is cancelled no more than this is not known.
pub const FUEL_PART: u64 = UNIT_FUEL;

/// Runs a job to its end.
pub(crate) fn execute(
    engine: &Engine,
    instance: &InstancePre<State>,
    state: State,
) -> Result<Report, Fault> {
    let fuel = state.limits.fuel;
    let cancelled = Arc::clone(&state.cancelled);
    let used = Arc::clone(&state.used);
    let mut store = Store::new(engine, state);
    store.limiter(|state| state);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |context| {
        let left = context.get_fuel()?;
        let used = fuel.saturating_sub(left);
        context.data().used.store(used, Ordering::Relaxed);
        match cancelled.load(Ordering::Relaxed) {
            true => Err(Stop::Fault(Fault::Cancelled).into()),
            false => Ok(UpdateDeadline::Continue(1)),
        }
    });
    store.set_fuel(fuel).map_err(runner)?;
    store
        .fuel_async_yield_interval(Some(FUEL_PART))
        .map_err(runner)?;

    // Between two parts it goes on at once: this thread has nothing else to do.
    let ended = block_on(run(&mut store, instance));
    let left = match &ended {
        Err(Stop::Trap(_)) => 0,
        _ => store.get_fuel().map_err(runner)?,
    };
    let counted = fuel.saturating_sub(left);
    used.store(counted, Ordering::Relaxed);
    let outcome = match ended {
        Ok(()) => Outcome::Completed,
        Err(Stop::Failed(message)) => Outcome::Failed(message),
        Err(Stop::Trap(trap)) => Outcome::Trapped(trap),
        Err(Stop::Fault(fault)) => return Err(fault),
    };
    let state = store.into_data();
    Ok(Report {
        outcome,
        fuel: counted,
        output_len: state.written,
        output_hash: state.hash.finalize().into(),
    })
}

async fn run(store: &mut Store<State>, instance: &InstancePre<State>) -> Result<(), Stop> {
    let instance = instance
        .instantiate_async(&mut *store)
        .await
        .map_err(not_instantiated)?;
    let run = instance
        .get_typed_func::<(), ()>(&mut *store, "run")
        .map_err(|error| stop(error, false))?;
    let result = run.call_async(&mut *store, ()).await;
    result.map_err(|error| {
        let depth = instance
            .get_global(&mut *store, DEPTH)
            .and_then(|depth| depth.get(&mut *store).i32());
        stop(
            error,
            depth.is_some_and(|depth| i64::from(depth) > i64::from(STACK_UNITS)),
        )
    })
}

/// A module that was checked has all that an instance needs but memory: segments fit, imports are there, nothing runs yet.
fn not_instantiated(error: wasmtime::Error) -> Stop {
    error
        .downcast::<Stop>()
        .unwrap_or(Stop::Fault(Fault::HostMemory))
}

/// What an error of the engine means. `too_deep`: calls had been counted beyond their bound.
fn stop(error: wasmtime::Error, too_deep: bool) -> Stop {
    use wasmtime::Trap as Native;
    let error = match error.downcast::<Stop>() {
        Ok(stop) => return stop,
        Err(error) => error,
    };
    let Some(trap) = error.downcast_ref::<Native>() else {
        return Stop::Fault(Fault::Runner(format!("{error:#}")));
    };
    Stop::Trap(match trap {
        Native::UnreachableCodeReached if too_deep => Trap::StackOverflow,
        Native::UnreachableCodeReached => Trap::Unreachable,
        Native::MemoryOutOfBounds | Native::HeapMisaligned => Trap::MemoryBounds,
        Native::TableOutOfBounds => Trap::TableBounds,
        Native::IndirectCallToNull => Trap::NullCall,
        Native::BadSignature => Trap::CallType,
        Native::IntegerOverflow => Trap::IntegerOverflow,
        Native::IntegerDivisionByZero => Trap::DivisionByZero,
        Native::BadConversionToInteger => Trap::FloatToInteger,
        Native::OutOfFuel => Trap::OutOfFuel,
        Native::StackOverflow => return Stop::Fault(Fault::NativeStack),
        other => return Stop::Fault(Fault::Runner(other.to_string())),
    })
}

pub(crate) fn runner(error: wasmtime::Error) -> Fault {
    Fault::Runner(format!("{error:#}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn not_instantiated_is_no_memory() {
        let failed = wasmtime::Error::msg("mmap failed to reserve 0x100000000 bytes");
        assert!(matches!(
            not_instantiated(failed),
            Stop::Fault(Fault::HostMemory)
        ));
    }
}
