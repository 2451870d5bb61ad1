//! The functions that a job may import, and what a running job is to them.

use std::sync::{
    atomic::{AtomicBool, AtomicU64, Ordering},
    Arc,
};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use wasmparser::ValType;
use wasmtime::{Caller, Extern, Linker, ResourceLimiter};

use super::{
    limits::{Limits, MAX_MESSAGE},
    progress::Shared,
    report::{Fault, Trap},
};

/// The module whose functions a job may import. Another version of the interface will have another name.
pub const ABI: &str = "noema_job_1";

/// Fuel that a call of the runner costs, besides its bytes.
const CALL: u64 = 100;
/// Bytes that are copied for a unit of fuel.
const BYTES_PER_FUEL: u64 = 8;
/// Bytes that are copied or hashed before it is asked again whether the job is still wanted: a millisecond or so.
const PART: usize = 1 << 20;

/// Parameters and results of a function of the runner.
pub(crate) fn import_type(name: &str) -> Option<(&'static [ValType], &'static [ValType])> {
    const I32: ValType = ValType::I32;
    const I64: ValType = ValType::I64;
    Some(match name {
        "input_count" => (&[], &[I32]),
        "input_size" => (&[I32], &[I64]),
        "input_read" => (&[I32, I64, I32, I32], &[I32]),
        "output_write" | "fail" => (&[I32, I32], &[]),
        "progress" => (&[I64, I64], &[]),
        _ => return None,
    })
}

/// A running job, as its calls see it.
pub(crate) struct State {
    pub(crate) inputs: Vec<Bytes>,
    pub(crate) limits: Limits,
    pub(crate) shared: Arc<Shared>,
    pub(crate) cancelled: Arc<AtomicBool>,
    /// Fuel that is known to be used.
    pub(crate) used: Arc<AtomicU64>,
    pub(crate) written: u64,
    pub(crate) hash: Sha256,
}

/// Why a call of the runner does not return to the job.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    #[error("{0}")]
    Trap(Trap),
    #[error("{0}")]
    Failed(String),
    #[error("{0}")]
    Fault(Fault),
}

impl ResourceLimiter for State {
    fn memory_growing(
        &mut self,
        _: usize,
        desired: usize,
        declared: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // Beyond the module's own maximum it is no failure of this machine's either.
        let allowed = declared.is_none_or(|declared| desired <= declared);
        let within =
            u64::try_from(desired).is_ok_and(|desired| desired <= u64::from(self.limits.memory));
        Ok(allowed && within)
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        // Not the job's fault, and it must not notice: on another machine there would have been enough.
        Err(Stop::Fault(Fault::HostMemory).into())
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        // No instruction grows one, and modules were checked for what they begin with.
        Ok(true)
    }
}

/// Defines the runner's functions.
pub(crate) fn define(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap(ABI, "input_count", |mut caller: Caller<'_, State>| {
        charge(&mut caller, 0)?;
        Ok(caller.data().inputs.len() as u32)
    })?;
    linker.func_wrap(
        ABI,
        "input_size",
        |mut caller: Caller<'_, State>, index: u32| {
            charge(&mut caller, 0)?;
            Ok(input(&caller, index)?.len() as u64)
        },
    )?;
    linker.func_wrap(ABI, "input_read", input_read)?;
    linker.func_wrap(ABI, "output_write", output_write)?;
    linker.func_wrap(
        ABI,
        "progress",
        |mut caller: Caller<'_, State>, done: u64, total: u64| {
            charge(&mut caller, 0)?;
            caller.data().shared.progress(done, total);
            Ok(())
        },
    )?;
    linker.func_wrap(
        ABI,
        "fail",
        |mut caller: Caller<'_, State>, from: u32, len: u32| -> wasmtime::Result<()> {
            charge(&mut caller, 0)?;
            let message = memory(&mut caller, from, len.min(MAX_MESSAGE))?.0;
            Err(Stop::Failed(String::from_utf8_lossy(message).into_owned()).into())
        },
    )?;
    Ok(())
}

fn input_read(
    mut caller: Caller<'_, State>,
    index: u32,
    offset: u64,
    to: u32,
    len: u32,
) -> wasmtime::Result<u32> {
    let input = input(&caller, index)?.clone();
    let rest = usize::try_from(offset)
        .ok()
        .and_then(|offset| input.get(offset..))
        .unwrap_or_default();
    // As many as there are, however many are asked for; but all of the place must be the job's.
    let read = rest.get(..len as usize).unwrap_or(rest);
    memory(&mut caller, to, len)?;
    charge(&mut caller, read.len() as u64)?;
    let (place, state) = memory(&mut caller, to, len)?;
    let mut places = place.chunks_mut(PART);
    in_parts(&state.cancelled, read, |part| {
        let place = places.next().and_then(|place| place.get_mut(..part.len()));
        if let Some(place) = place {
            place.copy_from_slice(part);
        }
    })?;
    Ok(read.len() as u32)
}

fn output_write(mut caller: Caller<'_, State>, from: u32, len: u32) -> wasmtime::Result<()> {
    memory(&mut caller, from, len)?;
    charge(&mut caller, len.into())?;
    let (bytes, state) = memory(&mut caller, from, len)?;
    if state.written + u64::from(len) > u64::from(state.limits.output) {
        return Err(Stop::Trap(Trap::OutputLimit).into());
    }
    state.written += u64::from(len);
    in_parts(&state.cancelled, bytes, |part| {
        state.hash.update(part);
        state.shared.output(part);
    })?;
    Ok(())
}

/// Does something with each part of `bytes`, unless the job is not wanted any more: compiled code is asked that by the engine, and here a call
/// may take long.
fn in_parts<'a>(
    cancelled: &AtomicBool,
    bytes: &'a [u8],
    mut each: impl FnMut(&'a [u8]),
) -> Result<(), Stop> {
    for part in bytes.chunks(PART) {
        if cancelled.load(Ordering::Relaxed) {
            return Err(Stop::Fault(Fault::Cancelled));
        }
        each(part);
    }
    Ok(())
}

fn input<'a>(caller: &'a Caller<'_, State>, index: u32) -> wasmtime::Result<&'a Bytes> {
    let input = caller.data().inputs.get(index as usize);
    input.ok_or_else(|| Stop::Trap(Trap::NoSuchInput).into())
}

/// A part of the job's memory, and the rest of what there is.
fn memory<'a>(
    caller: &'a mut Caller<'_, State>,
    at: u32,
    len: u32,
) -> wasmtime::Result<(&'a mut [u8], &'a mut State)> {
    let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
        return Err(Stop::Fault(Fault::Runner("a module without memory".into())).into());
    };
    let (bytes, state) = memory.data_and_store_mut(caller);
    let (at, len) = (at as usize, len as usize);
    let part = bytes.get_mut(at..).and_then(|rest| rest.get_mut(..len));
    match part {
        Some(part) => Ok((part, state)),
        None => Err(Stop::Trap(Trap::MemoryBounds).into()),
    }
}

fn charge(caller: &mut Caller<'_, State>, bytes: u64) -> wasmtime::Result<()> {
    let left = caller.get_fuel()?;
    let cost = CALL + bytes / BYTES_PER_FUEL;
    match left.checked_sub(cost) {
        Some(left) => caller.set_fuel(left),
        None => {
            caller.set_fuel(0)?;
            Err(Stop::Trap(Trap::OutOfFuel).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_parts_ends_with_the_part_in_which_nobody_wants_more() {
        let bytes = vec![7; 3 * PART + 5];
        let cancelled = AtomicBool::new(false);
        let mut parts = vec![];
        assert!(in_parts(&cancelled, &bytes, |part| parts.push(part.len())).is_ok());
        assert_eq!(parts, [PART, PART, PART, 5]);
        let mut parts = 0;
        let ended = in_parts(&cancelled, &bytes, |_| {
            parts += 1;
            cancelled.store(true, Ordering::Relaxed);
        });
        assert!(matches!(ended, Err(Stop::Fault(Fault::Cancelled))));
        assert_eq!(parts, 1);
    }
}
