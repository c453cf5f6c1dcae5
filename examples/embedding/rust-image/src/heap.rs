//! The memory of the program: blocks of powers of two, which are used again, in a region that the machine has given.
//!
//! Larger blocks than CLASS_BYTES_MAX are taken from the region as they are and never used again: the stack's block is one, which
//! lasts as long as the image.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::ptr::null_mut;

const CLASSES: usize = 16;
const SMALLEST_BYTES: usize = 16;
const CLASS_BYTES_MAX: usize = SMALLEST_BYTES << (CLASSES - 1);

struct Free {
    next: *mut Free,
}

struct State {
    next: usize,
    end: usize,
    free: [*mut Free; CLASSES],
}

pub struct Heap(UnsafeCell<State>);

// SAFETY: an image has one thread, and its interrupts allocate nothing
unsafe impl Sync for Heap {}

#[global_allocator]
pub static HEAP: Heap = Heap(UnsafeCell::new(State { next: 0, end: 0, free: [null_mut(); CLASSES] }));

fn class_of(layout: &Layout) -> Option<usize> {
    let bytes = layout.size().max(layout.align()).max(SMALLEST_BYTES);
    (bytes <= CLASS_BYTES_MAX).then(|| (bytes.next_power_of_two() / SMALLEST_BYTES).trailing_zeros() as usize)
}

impl Heap {
    /// Gives the region. Safety: it is the heap's from here on.
    pub unsafe fn give(&self, memory: *mut c_void, bytes: usize) {
        let state = &mut *self.0.get();
        state.next = memory as usize;
        state.end = memory as usize + bytes;
    }
}

impl State {
    fn take(&mut self, bytes: usize, align: usize) -> *mut u8 {
        let at = (self.next + align - 1) & !(align - 1);
        if at > self.end || self.end - at < bytes {
            return null_mut();
        }
        self.next = at + bytes;
        at as *mut u8
    }
}

// SAFETY: blocks that are in use don't overlap, and have the size and the alignment of their class, or those of the layout
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let state = &mut *self.0.get();
        let class = match class_of(&layout) {
            Some(class) => class,
            None => return state.take(layout.size(), layout.align()),
        };
        let first = state.free[class];
        if first.is_null() {
            let bytes = SMALLEST_BYTES << class;
            return state.take(bytes, bytes);
        }
        state.free[class] = (*first).next;
        first.cast()
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if let Some(class) = class_of(&layout) {
            let state = &mut *self.0.get();
            let block = block.cast::<Free>();
            (*block).next = state.free[class];
            state.free[class] = block;
        }
    }
}
