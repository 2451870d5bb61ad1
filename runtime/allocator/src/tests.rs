//! The heap against a host that keeps account of its memory.

use crate::{Heap, Host, POOL_SIZE};
use core::{alloc::Layout, ptr::NonNull};
use proptest::prelude::*;
use std::{
    alloc::{alloc, dealloc},
    cell::{Cell, RefCell},
    collections::BTreeMap,
    vec::Vec,
};

/// Aligns to 8 and to no more, as the client does.
#[derive(Default)]
struct Account {
    given: RefCell<BTreeMap<usize, (NonNull<u8>, Layout)>>,
    /// Whether it has any.
    poor: Cell<bool>,
}

impl Host for &Account {
    fn allocate(&self, size: usize) -> Option<NonNull<u8>> {
        if self.poor.get() {
            return None;
        }
        let layout = Layout::from_size_align(size + 8, 16).ok()?;
        // SAFETY: the size is not zero.
        let whole = NonNull::new(unsafe { alloc(layout) })?;
        // SAFETY: eight bytes more than asked for were allocated.
        let memory = unsafe { whole.add(8) };
        self.given
            .borrow_mut()
            .insert(memory.as_ptr() as usize, (whole, layout));
        Some(memory)
    }

    unsafe fn free(&self, memory: NonNull<u8>) {
        let mut given = self.given.borrow_mut();
        let (whole, layout) = given
            .remove(&(memory.as_ptr() as usize))
            .expect("given, and not taken back");
        // SAFETY: it was allocated with this layout.
        unsafe { dealloc(whole.as_ptr(), layout) };
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        for (whole, layout) in self.given.take().into_values() {
            // SAFETY: it was allocated with this layout.
            unsafe { dealloc(whole.as_ptr(), layout) };
        }
    }
}

impl Account {
    /// Pieces that it gave and did not get back.
    fn owed(&self) -> usize {
        self.given.borrow().len()
    }
}

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).expect("a layout")
}

/// Memory in use, filled with a byte.
struct Piece {
    memory: *mut u8,
    layout: Layout,
    fill: u8,
}

impl Piece {
    fn new(memory: *mut u8, layout: Layout, fill: u8) -> Self {
        assert!(!memory.is_null());
        assert_eq!(memory as usize % layout.align(), 0);
        // SAFETY: it has this size.
        unsafe { memory.write_bytes(fill, layout.size()) };
        Self {
            memory,
            layout,
            fill,
        }
    }

    /// Whether the first `length` bytes are as they were written.
    fn is_intact(&self, length: usize) -> bool {
        // SAFETY: it has at least this size.
        let bytes = unsafe { core::slice::from_raw_parts(self.memory, length) };
        bytes.iter().all(|byte| *byte == self.fill)
    }
}

#[test]
fn the_host_is_asked_once() {
    let account = Account::default();
    let mut heap = Heap::new(&account);
    for round in 0..1_000 {
        let layout = layout(1 + round % 300, 1 << (round % 5));
        // SAFETY: sizes are not zero, and each piece is given back as it was taken.
        unsafe {
            let memory = heap.allocate(layout);
            assert!(!memory.is_null());
            heap.deallocate(memory, layout);
        }
    }
    assert_eq!(account.owed(), 1);
}

#[test]
fn what_does_not_fit_comes_from_the_host_and_goes_back_to_it() {
    let account = Account::default();
    let mut heap = Heap::new(&account);
    for align in [1, 8, 16, 64, 4_096] {
        let large = layout(POOL_SIZE, align);
        // SAFETY: as above.
        unsafe {
            let memory = heap.allocate(large);
            let piece = Piece::new(memory, large, 7);
            assert_eq!(account.owed(), 2);
            assert!(piece.is_intact(large.size()));
            heap.deallocate(memory, large);
        }
        assert_eq!(account.owed(), 1);
    }
}

#[test]
fn what_the_host_handed_over_goes_back_to_it() {
    let account = Account::default();
    let mut heap = Heap::new(&account);
    // SAFETY: a value of the storage is handed over like this, and freed by who reads it.
    unsafe {
        let own = heap.allocate(layout(10, 1));
        let value = (&&account).allocate(100).expect("the host has memory");
        heap.deallocate(value.as_ptr(), layout(100, 1));
        assert_eq!(account.owed(), 1);
        heap.deallocate(own, layout(10, 1));
    }
}

#[test]
fn a_poor_host_makes_no_heap_and_no_crash() {
    let account = Account::default();
    account.poor.set(true);
    let mut heap = Heap::new(&account);
    // SAFETY: as above.
    unsafe {
        assert!(heap.allocate(layout(1, 1)).is_null());
        assert!(heap.allocate(layout(1, 64)).is_null());
        // Richer later, it gives piece by piece.
        account.poor.set(false);
        let memory = heap.allocate(layout(1, 64));
        assert_eq!(account.owed(), 1);
        heap.deallocate(memory, layout(1, 64));
    }
    assert_eq!(account.owed(), 0);
}

/// What happens to the heap.
#[derive(Clone, Debug)]
enum Step {
    Allocate { size: usize, align: u32 },
    Deallocate { which: usize },
    Reallocate { which: usize, size: usize },
    HandOver { size: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let size = prop_oneof![8 => 1..200usize, 3 => 1..70_000usize, 1 => 1..POOL_SIZE / 2];
    let which = any::<usize>();
    prop_oneof![
        4 => (size.clone(), 0..8u32).prop_map(|(size, align)| Step::Allocate { size, align }),
        3 => which.prop_map(|which| Step::Deallocate { which }),
        2 => (which, size.clone()).prop_map(|(which, size)| Step::Reallocate { which, size }),
        1 => size.prop_map(|size| Step::HandOver { size }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// No two pieces overlap, none moves or changes but by request, and the host gets everything back but the pool.
    #[test]
    fn pieces_keep_their_contents(steps in prop::collection::vec(step(), 1..200)) {
        let account = Account::default();
        let mut heap = Heap::new(&account);
        let mut pieces: Vec<Piece> = Vec::new();
        let mut fill = 0u8;
        for step in steps {
            fill = fill.wrapping_add(1);
            // SAFETY: pieces are given back as they were taken, once.
            unsafe {
                match step {
                    Step::Allocate { size, align } => {
                        let layout = layout(size, 1 << align);
                        pieces.push(Piece::new(heap.allocate(layout), layout, fill));
                    }
                    Step::HandOver { size } => {
                        let memory = (&&account).allocate(size).expect("the host has memory");
                        pieces.push(Piece::new(memory.as_ptr(), layout(size, 1), fill));
                    }
                    Step::Deallocate { .. } | Step::Reallocate { .. } if pieces.is_empty() => {}
                    Step::Deallocate { which } => {
                        let piece = pieces.swap_remove(which % pieces.len());
                        prop_assert!(piece.is_intact(piece.layout.size()));
                        heap.deallocate(piece.memory, piece.layout);
                    }
                    Step::Reallocate { which, size } => {
                        let index = which % pieces.len();
                        let mut piece = pieces.swap_remove(index);
                        let kept = piece.layout.size().min(size);
                        piece.memory = heap.reallocate(piece.memory, piece.layout, size);
                        prop_assert!(!piece.memory.is_null());
                        prop_assert!(piece.is_intact(kept));
                        let new = layout(size, piece.layout.align());
                        pieces.push(Piece::new(piece.memory, new, fill));
                    }
                }
            }
        }
        for piece in pieces {
            prop_assert!(piece.is_intact(piece.layout.size()));
            // SAFETY: as above.
            unsafe { heap.deallocate(piece.memory, piece.layout) };
        }
        prop_assert!(account.owed() <= 1);
    }
}
