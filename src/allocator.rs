//! The memory of the program: `dlmalloc` behind a lock of one atomic flag.
//!
//! A start makes some thousands of small allocations and is over within a millisecond. musl's allocator is made to be
//! compact and hard to attack, not quick: with it, half of all instructions of a start were spent on memory. The lock
//! that `dlmalloc` brings along is musl's `pthread_mutex_t`, which took another sixth of them; the standard
//! library's was no cheaper. `unsafe` code, and as little of it as the trait allows.
#![allow(unsafe_code, reason = "an allocator hands out raw memory")]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, Ordering};

use dlmalloc::Dlmalloc;

/// The global allocator of the program.
pub struct Allocator {
    is_taken: AtomicBool,
    heap: UnsafeCell<Dlmalloc>,
}

// SAFETY: the heap is used by one thread at a time, whoever has set `is_taken`.
unsafe impl Sync for Allocator {}

impl Allocator {
    /// One that has asked the kernel for nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { is_taken: AtomicBool::new(false), heap: UnsafeCell::new(Dlmalloc::new()) }
    }

    /// Works on the heap, alone. There are two threads at most, while an archive is unpacked, and the work is short: to
    /// give way is enough for whoever has to wait.
    #[inline]
    fn with_heap<T>(&self, work: impl FnOnce(&mut Dlmalloc) -> T) -> T {
        while self.is_taken.swap(true, Ordering::Acquire) {
            std::thread::yield_now();
        }
        // SAFETY: nobody else has set the flag, and `work` cannot keep the heap.
        let result = work(unsafe { &mut *self.heap.get() });
        self.is_taken.store(false, Ordering::Release);
        result
    }
}

impl Default for Allocator {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: every block comes from the one heap, of the size and alignment that were asked for, and stays where it is
// until it is given back; the flag keeps other threads out, and nothing in `Dlmalloc` allocates or unwinds.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller promises a size that is not zero.
        self.with_heap(|heap| unsafe { heap.malloc(layout.size(), layout.align()) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as for `alloc`.
        self.with_heap(|heap| unsafe { heap.calloc(layout.size(), layout.align()) })
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller promises that the block is from here and has this layout.
        self.with_heap(|heap| unsafe { heap.free(block, layout.size(), layout.align()) });
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as for `dealloc`; the new size is not zero.
        self.with_heap(|heap| unsafe { heap.realloc(block, layout.size(), layout.align(), size) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_several_threads_are_apart_aligned_and_keep_what_is_in_them() {
        let allocator = Allocator::new();
        std::thread::scope(|scope| {
            for number in 1..=4_u8 {
                let allocator = &allocator;
                scope.spawn(move || {
                    for size in 1..600_usize {
                        let layout = Layout::from_size_align(size, 1 << (size % 8)).unwrap();
                        let larger = Layout::from_size_align(size * 3, layout.align()).unwrap();
                        // SAFETY: no size is zero, each block is used within its size and given back once.
                        unsafe {
                            let block = allocator.alloc(layout);
                            assert_eq!(block.align_offset(layout.align()), 0);
                            block.write_bytes(number, size);
                            let block = allocator.realloc(block, layout, larger.size());
                            let (kept, zeroed) =
                                (std::slice::from_raw_parts(block, size), allocator.alloc_zeroed(layout));
                            assert!(kept.iter().all(|byte| *byte == number));
                            assert!(std::slice::from_raw_parts(zeroed, size).iter().all(|byte| *byte == 0));
                            allocator.dealloc(zeroed, layout);
                            allocator.dealloc(block, larger);
                        }
                    }
                });
            }
        });
    }
}
