//! The runner's functions.

use alloc::{vec, vec::Vec};

/// Divides the job's memory (TLSF), and lets it grow.
pub type Allocator = rlsf::SmallGlobalTlsf;

mod import {
    #[link(wasm_import_module = "noema_job_1")]
    extern "C" {
        pub(super) fn input_count() -> u32;
        pub(super) fn input_size(index: u32) -> u64;
        pub(super) fn input_read(index: u32, offset: u64, to: *mut u8, len: u32) -> u32;
        pub(super) fn output_write(from: *const u8, len: u32);
        pub(super) fn progress(done: u64, total: u64);
        pub(super) fn fail(from: *const u8, len: u32) -> !;
    }
}

/// How many inputs there are.
pub fn inputs() -> u32 {
    // SAFETY: the runner's functions have no precondition but that memory they are given is the job's.
    unsafe { import::input_count() }
}

/// The bytes of input `index`, or `None` if there is no such input.
pub fn input_len(index: u32) -> Option<u64> {
    // SAFETY: as above.
    (index < inputs()).then(|| unsafe { import::input_size(index) })
}

/// Reads input `index` from `offset` on into `to`, and returns how many bytes there were: fewer than fit only at the input's end, none after
/// it or if there is no such input.
pub fn read(index: u32, offset: u64, to: &mut [u8]) -> usize {
    if index >= inputs() {
        return 0;
    }
    // SAFETY: as above; a slice's length is at most the memory's, which 32 bits hold.
    unsafe { import::input_read(index, offset, to.as_mut_ptr(), to.len() as u32) as usize }
}

/// All of input `index`, or `None` if there is no such input.
pub fn input(index: u32) -> Option<Vec<u8>> {
    let len = usize::try_from(input_len(index)?).ok()?;
    let mut bytes = vec![0; len];
    let read = read(index, 0, &mut bytes);
    bytes.truncate(read);
    Some(bytes)
}

/// Appends to the output. The job ends here if that becomes longer than was allowed.
pub fn write(bytes: &[u8]) {
    // SAFETY: as above.
    unsafe { import::output_write(bytes.as_ptr(), bytes.len() as u32) }
}

/// Says how much is done of how much. It is shown to whoever waits, and no part of the result.
pub fn progress(done: u64, total: u64) {
    // SAFETY: as above.
    unsafe { import::progress(done, total) }
}

/// Ends the job as failed, and says why; at most 1 KiB of it is kept.
pub fn fail(message: &str) -> ! {
    // SAFETY: as above.
    unsafe { import::fail(message.as_ptr(), message.len() as u32) }
}
