//! The heap of the WASM.

use core::{
    alloc::{GlobalAlloc, Layout},
    cell::UnsafeCell,
    ptr::NonNull,
};

use crate::{Heap, Host};

/// The client, through its host functions.
struct Client;

impl Host for Client {
    fn allocate(&self, size: usize) -> Option<NonNull<u8>> {
        NonNull::new(sp_io::allocator::malloc(u32::try_from(size).ok()?))
    }

    unsafe fn free(&self, memory: NonNull<u8>) {
        sp_io::allocator::free(memory.as_ptr());
    }
}

struct Global(UnsafeCell<Heap<Client>>);

// SAFETY: a runtime's WASM has one thread, and the heap calls nothing that allocates.
unsafe impl Sync for Global {}

#[global_allocator]
static GLOBAL: Global = Global(UnsafeCell::new(Heap::new(Client)));

// SAFETY: each function has the contract of the heap's function; nothing else has a reference to the heap while one runs.
unsafe impl GlobalAlloc for Global {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: see above.
        unsafe { (*self.0.get()).allocate(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: see above.
        unsafe { (*self.0.get()).deallocate(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: see above.
        unsafe { (*self.0.get()).reallocate(memory, layout, size) }
    }
}
