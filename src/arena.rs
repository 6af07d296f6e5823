//! Memory for a launch: one piece of static memory in front of the C library's allocator.
//!
//! A start makes some thousands of small allocations and is over within a millisecond. musl's allocator is made to be
//! compact and hard to attack, not quick: with it, half of all instructions of a start and forty system calls were
//! spent on memory. Here a block costs a handful of instructions and no system call, and the pages that are touched
//! lie side by side.
//!
//! Blocks are taken from the front of the arena, freed ones are kept by size and taken again. What is larger than
//! [`LARGEST`], and everything once the arena is full, comes from the system.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, Ordering};

/// How much there is. Pages that are not touched cost nothing; a usual start touches some twenty.
const SIZE: usize = 512 * 1024;

/// The alignment, and the unit of length, of every block.
const UNIT: usize = 16;

/// The longest block: the buffer for listings fits just so.
const LARGEST: usize = 32 * 1024;

/// Up to here there is a class for every length; above, for every power of two.
const FINE: usize = 1024;

/// How many classes of length there are.
const CLASSES: usize = FINE / UNIT + 1 + (LARGEST / FINE).ilog2() as usize;

/// The class that blocks for `size` bytes belong to, and how long they are.
const fn class(size: usize) -> (usize, usize) {
    if size <= FINE {
        let units = if size == 0 { 1 } else { size.div_ceil(UNIT) };
        (units, units * UNIT)
    } else {
        let length = size.next_power_of_two();
        (FINE / UNIT + (length / FINE).ilog2() as usize, length)
    }
}

#[repr(align(16))]
struct Memory(UnsafeCell<[MaybeUninit<u8>; SIZE]>);

/// A free block holds the one that was freed before it.
type Free = Option<NonNull<u8>>;

struct Blocks {
    /// Where the untouched part of the memory begins.
    next: usize,
    /// The free blocks of each class.
    free: [Free; CLASSES],
}

/// The allocator. There can be any number of threads, but only one at a time uses the arena: the others are served by
/// the system meanwhile.
#[repr(C)]
pub struct Arena {
    is_busy: AtomicBool,
    blocks: UnsafeCell<Blocks>,
    // Behind the books, so that both share the first page that is touched.
    memory: Memory,
}

#[expect(unsafe_code, reason = "an allocator is shared by all threads")]
// SAFETY: `blocks` is touched only by the thread that has turned `is_busy` on, and each part of `memory` only by the
// owner of that block.
unsafe impl Sync for Arena {}

impl Arena {
    /// An arena nothing of which is used.
    #[must_use]
    #[expect(clippy::new_without_default, clippy::large_stack_arrays, reason = "it is made for a static only")]
    pub const fn new() -> Self {
        Self {
            is_busy: AtomicBool::new(false),
            blocks: UnsafeCell::new(Blocks { next: 0, free: [None; CLASSES] }),
            memory: Memory(UnsafeCell::new([MaybeUninit::uninit(); SIZE])),
        }
    }

    fn start(&self) -> *mut u8 {
        self.memory.0.get().cast()
    }

    /// Where a block lies in the memory; `None` for one of the system's.
    fn offset(&self, block: *mut u8) -> Option<usize> {
        let offset = block.addr().wrapping_sub(self.start().addr());
        (offset < SIZE).then_some(offset)
    }

    /// Lets `work` use the books, unless another thread does just now.
    fn with_blocks<T>(&self, work: impl FnOnce(&mut Blocks) -> T) -> Option<T> {
        if self.is_busy.swap(true, Ordering::Acquire) {
            return None;
        }
        #[expect(unsafe_code, reason = "the flag is the lock of this cell")]
        // SAFETY: the flag was off and is on now, so that nobody else is here until it is off again.
        let result = work(unsafe { &mut *self.blocks.get() });
        self.is_busy.store(false, Ordering::Release);
        Some(result)
    }

    /// A block for `size` bytes; `None` if the system must give it.
    fn take(&self, size: usize) -> Option<NonNull<u8>> {
        let (class, length) = class(size);
        self.with_blocks(|blocks| {
            if let Some(block) = blocks.free[class] {
                #[expect(unsafe_code, reason = "the list of free blocks is kept in them")]
                // SAFETY: a free block belongs to us; `give` has written its predecessor into it.
                let previous = unsafe { block.cast::<Free>().read() };
                blocks.free[class] = previous;
                return Some(block);
            }
            if SIZE - blocks.next < length {
                return None;
            }
            let block = self.start().wrapping_add(blocks.next);
            blocks.next += length;
            NonNull::new(block)
        })
        .flatten()
    }

    /// Takes back the block at `offset` that was asked for with `size` bytes.
    fn give(&self, block: NonNull<u8>, offset: usize, size: usize) {
        let (class, length) = class(size);
        // If another thread is here, this block is lost: that is cheaper than waiting, and it hardly ever happens.
        self.with_blocks(|blocks| {
            if offset + length == blocks.next {
                blocks.next = offset;
                return;
            }
            #[expect(unsafe_code, reason = "the list of free blocks is kept in them")]
            // SAFETY: the block was given back, is at least a unit long, and aligned to one.
            unsafe {
                block.cast::<Free>().write(blocks.free[class]);
            }
            blocks.free[class] = Some(block);
        });
    }

    /// Makes the block at `offset` long enough for `wanted` bytes where it is, if it can.
    fn stretch(&self, offset: usize, size: usize, wanted: usize) -> bool {
        let ((_, old), (_, new)) = (class(size), class(wanted));
        if new <= old {
            // A block that is longer than its class needs no care: the rest of it is not used again.
            return true;
        }
        let grow = |blocks: &mut Blocks| {
            let is_last = offset + old == blocks.next && SIZE - offset >= new;
            if is_last {
                blocks.next = offset + new;
            }
            is_last
        };
        self.with_blocks(grow).unwrap_or(false)
    }
}

#[expect(unsafe_code, reason = "this is what an allocator is")]
// SAFETY: every block is at least as long as was asked for, aligned to 16 bytes, inside the arena or the system's, and
// in one hand only: it leaves the free list, or the untouched part, when it is given out. Nothing here panics.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let fits = layout.size() <= LARGEST && layout.align() <= UNIT;
        match fits.then(|| self.take(layout.size())).flatten() {
            Some(block) => block.as_ptr(),
            // SAFETY: the caller's promises are the system's conditions.
            None => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match (self.offset(block), NonNull::new(block)) {
            (Some(offset), Some(block)) => self.give(block, offset, layout.size()),
            // SAFETY: a block from outside of the arena came from the system, with this layout.
            _ => unsafe { System.dealloc(block, layout) },
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let Some(offset) = self.offset(block) else {
            // SAFETY: as in `dealloc`.
            return unsafe { System.realloc(block, layout, size) };
        };
        if size <= LARGEST && self.stretch(offset, layout.size(), size) {
            return block;
        }
        // SAFETY: the caller promises that the new size is one; the two blocks do not overlap, and both hold at least
        // the smaller of the two sizes.
        unsafe {
            let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !new.is_null() {
                ptr::copy_nonoverlapping(block, new, layout.size().min(size));
                self.dealloc(block, layout);
            }
            new
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(unsafe_code, reason = "an allocator is called by unsafe functions")]

    use super::*;

    fn layout(size: usize) -> Layout {
        Layout::from_size_align(size, 8).unwrap()
    }

    fn take(arena: &Arena, size: usize) -> *mut u8 {
        // SAFETY: the size is not zero.
        let block = unsafe { arena.alloc(layout(size)) };
        assert!(!block.is_null() && block.addr().is_multiple_of(8));
        // SAFETY: the block is that long.
        unsafe { block.write_bytes(0xa5, size) };
        block
    }

    fn give(arena: &Arena, block: *mut u8, size: usize) {
        // SAFETY: the tests give back what they took.
        unsafe { arena.dealloc(block, layout(size)) };
    }

    #[test]
    fn every_length_has_a_class_and_the_classes_grow_with_it() {
        let mut last = (0, 0);
        for size in 0..=LARGEST {
            let (class, length) = class(size);
            assert!(length >= size && length >= UNIT && length.is_multiple_of(UNIT) && class < CLASSES, "{size}");
            assert_eq!((class, length) > last, (class, length) != last, "{size}");
            last = (class, length);
        }
    }

    #[test]
    fn a_block_that_was_given_back_is_taken_again_and_no_two_overlap() {
        static ARENA: Arena = Arena::new();
        let arena = &ARENA;
        let blocks: Vec<_> = (1..200).map(|size| (take(arena, size), size)).collect();
        let mut spans: Vec<_> = blocks.iter().map(|(block, size)| (block.addr(), block.addr() + size)).collect();
        spans.sort_unstable();
        assert!(spans.windows(2).all(|pair| pair[0].1 <= pair[1].0));
        give(arena, blocks[10].0, blocks[10].1);
        assert_eq!(take(arena, blocks[10].1), blocks[10].0);
    }

    #[test]
    fn the_last_block_grows_in_place_and_any_other_moves_with_its_content() {
        static ARENA: Arena = Arena::new();
        let arena = &ARENA;
        let first = take(arena, 100);
        let second = take(arena, 100);
        // SAFETY: both blocks were asked for with 100 bytes.
        let (moved, grown) =
            unsafe { (arena.realloc(first, layout(100), 5000), arena.realloc(second, layout(100), 90)) };
        assert_ne!(moved, first);
        assert_eq!(grown, second);
        // SAFETY: the content has moved along.
        assert!(unsafe { std::slice::from_raw_parts(moved, 100) }.iter().all(|byte| *byte == 0xa5));
        // SAFETY: as above.
        assert_eq!(unsafe { arena.realloc(moved, layout(5000), 20_000) }, moved);
    }

    #[test]
    fn what_does_not_fit_comes_from_the_system() {
        static ARENA: Arena = Arena::new();
        let arena = &ARENA;
        let large = take(arena, LARGEST + 1);
        assert_eq!(arena.offset(large), None);
        give(arena, large, LARGEST + 1);
        let blocks: Vec<_> = (0..=SIZE / LARGEST).map(|_| take(arena, LARGEST)).collect();
        let outside = blocks.iter().filter(|block| arena.offset(**block).is_none()).count();
        assert_eq!(outside, 1);
        for block in blocks {
            give(arena, block, LARGEST);
        }
    }

    #[test]
    fn threads_share_it() {
        static ARENA: Arena = Arena::new();
        let work = || {
            for size in (1..2000).cycle().take(20_000) {
                let block = take(&ARENA, size);
                // SAFETY: the block is that long, and only this thread has it.
                assert!(unsafe { std::slice::from_raw_parts(block, size) }.iter().all(|byte| *byte == 0xa5));
                give(&ARENA, block, size);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(work);
            }
        });
    }
}
