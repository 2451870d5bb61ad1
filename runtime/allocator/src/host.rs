//! Whoever has the memory.

use core::ptr::NonNull;

/// Gives memory and takes it back, as the client does.
pub trait Host {
    /// At least `size` bytes, aligned to 8. `None` if there are none.
    fn allocate(&self, size: usize) -> Option<NonNull<u8>>;

    /// Takes back what [`allocate`](Self::allocate) gave.
    ///
    /// # Safety
    /// `memory` came from this host, was not given back before, and is not used any more.
    unsafe fn free(&self, memory: NonNull<u8>);
}
