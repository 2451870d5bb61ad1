//! The memory allocator of a runtime, inside its WASM.
//!
//! The SDK's runtimes ask the client for every piece of memory and hand each back to it: two calls out of the WASM for every `Vec`, which took
//! a third of the time of a transfer. This allocator asks once, for [`POOL_SIZE`] bytes, and divides them itself: TLSF (M. Masmano and others, "TLSF:
//! a new dynamic memory allocator for real-time systems", ECRTS 2004, by the crate `rlsf`), in which no sequence of requests makes the
//! next one slow. What does not fit any more is asked of the client as before, so that nothing fails earlier than it did.
//!
//! A runtime uses it by depending on this crate and saying `extern crate noema_allocator as _;`. It must not be used beside another global
//! allocator: the crate switches off the SDK's (feature `disable_allocator` of `sp-io`).

#![no_std]
// An allocator deals in raw memory.
#![allow(unsafe_code)]

mod heap;
mod host;

pub use heap::{Heap, POOL_SIZE};
pub use host::Host;

#[cfg(all(substrate_runtime, target_arch = "wasm32"))]
mod global;

#[cfg(test)]
extern crate std;
#[cfg(test)]
mod tests;
