//! One piece of memory, divided; and the host's, when it is used up.

use core::{
    alloc::Layout,
    ptr::{self, NonNull},
};

use crate::Host;
use rlsf::Tlsf;

/// Bytes that are asked of the host, at the first request: 16 MiB. Only what is used of them is ever real memory.
///
/// A block of 2,500 transfers uses 4 MiB. The client gives at most 32 MiB at once.
pub const POOL_SIZE: usize = 16 << 20;

/// The host aligns to this.
const HOST_ALIGN: usize = 8;

/// Powers of two from 16 bytes on (32 where pointers have 64 bits), up to 32 MiB.
const LEVELS: usize = 21;

/// Free blocks by size: in classes of powers of two, each of them in 16 parts.
type Pool = Tlsf<'static, u32, u16, LEVELS, 16>;

/// Memory that is handed out and taken back.
pub struct Heap<H> {
    host: H,
    pool: Pool,
    /// Where the pool begins; 0 as long as there is none.
    start: usize,
    /// Whether the host was asked for the pool.
    asked: bool,
}

impl<H: Host> Heap<H> {
    /// An empty heap, which asks `host` for its pool when it is first used.
    pub const fn new(host: H) -> Self {
        Self {
            host,
            pool: Pool::new(),
            start: 0,
            asked: false,
        }
    }

    /// Memory of the given layout, or null.
    ///
    /// # Safety
    /// As of [`core::alloc::GlobalAlloc::alloc`].
    pub unsafe fn allocate(&mut self, layout: Layout) -> *mut u8 {
        if !self.asked {
            self.asked = true;
            self.ask_for_pool();
        }
        match self.pool.allocate(layout) {
            Some(memory) => memory.as_ptr(),
            // SAFETY: the caller's promise.
            None => unsafe { self.allocate_of_host(layout) },
        }
    }

    /// Takes memory back: from this heap, or handed to the runtime by the host.
    ///
    /// # Safety
    /// As of [`core::alloc::GlobalAlloc::dealloc`].
    pub unsafe fn deallocate(&mut self, memory: *mut u8, layout: Layout) {
        let Some(pointer) = NonNull::new(memory) else {
            return;
        };
        // SAFETY: by the caller's promise it is in use and has this alignment; where it lies says who gave it.
        unsafe {
            if self.contains(memory) {
                self.pool.deallocate(pointer, layout.align());
            } else {
                self.free_of_host(pointer, layout);
            }
        }
    }

    /// Makes memory larger or smaller, in its place if possible.
    ///
    /// # Safety
    /// As of [`core::alloc::GlobalAlloc::realloc`].
    pub unsafe fn reallocate(&mut self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: by the caller's promise the size is not zero and does not overflow when aligned.
        let new = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        if self.contains(memory) {
            if let Some(pointer) = NonNull::new(memory) {
                // SAFETY: the pool gave it, with this alignment.
                if let Some(moved) = unsafe { self.pool.reallocate(pointer, new) } {
                    return moved.as_ptr();
                }
            }
        }
        // SAFETY: both pieces are at least as long as what is copied, and do not overlap, because both are in use.
        unsafe {
            let moved = self.allocate(new);
            if !moved.is_null() {
                ptr::copy_nonoverlapping(memory, moved, layout.size().min(size));
                self.deallocate(memory, layout);
            }
            moved
        }
    }

    fn ask_for_pool(&mut self) {
        let Some(memory) = self.host.allocate(POOL_SIZE) else {
            return;
        };
        let block = NonNull::slice_from_raw_parts(memory, POOL_SIZE);
        // SAFETY: the host gave this memory to nobody else, and it is never given back.
        if unsafe { self.pool.insert_free_block_ptr(block) }.is_some() {
            self.start = memory.as_ptr() as usize;
        }
    }

    fn contains(&self, memory: *mut u8) -> bool {
        self.start != 0 && (memory as usize).wrapping_sub(self.start) < POOL_SIZE
    }

    /// Of the host. Where it aligns less than the layout asks for, its own pointer is kept in front of the one that is returned.
    unsafe fn allocate_of_host(&self, layout: Layout) -> *mut u8 {
        let align = layout.align();
        if align <= HOST_ALIGN {
            let memory = self.host.allocate(layout.size());
            return memory.map_or(ptr::null_mut(), NonNull::as_ptr);
        }
        let Some(size) = layout.size().checked_add(align) else {
            return ptr::null_mut();
        };
        let Some(memory) = self.host.allocate(size) else {
            return ptr::null_mut();
        };
        let given = memory.as_ptr();
        let skipped = align - (given as usize) % align;
        // SAFETY: between 8 and `align` bytes are skipped, which is how much more than the layout's size was asked for; they hold a pointer.
        unsafe {
            let aligned = given.add(skipped);
            aligned.cast::<*mut u8>().sub(1).write_unaligned(given);
            aligned
        }
    }

    unsafe fn free_of_host(&self, memory: NonNull<u8>, layout: Layout) {
        let given = if layout.align() <= HOST_ALIGN {
            Some(memory)
        } else {
            // SAFETY: nobody but `allocate_of_host` gives memory outside the pool with such an alignment, and it left the pointer there.
            NonNull::new(unsafe { memory.as_ptr().cast::<*mut u8>().sub(1).read_unaligned() })
        };
        if let Some(given) = given {
            // SAFETY: the host gave it, and the caller does not use it any more.
            unsafe { self.host.free(given) };
        }
    }
}
