//! Counts the memory that a thread holds, so that an input that takes too much of it fails its test.
#![allow(unsafe_code, reason = "an allocator cannot be had without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

#[global_allocator]
static METER: Meter = Meter;

struct Meter;

/// Where a thread stands: bytes that it holds, and the most since [`peak_of`] began.
struct Count {
    live: Cell<isize>,
    peak: Cell<isize>,
    metered: Cell<bool>,
}

thread_local! {
    static COUNT: Count = const { Count { live: Cell::new(0), peak: Cell::new(0), metered: Cell::new(false) } };
}

/// What is asked for beyond this is refused, which ends the process: the machine that tests is not to be brought down.
const REFUSED: isize = 2 << 30;

/// What `work` gives, and how many bytes it held at most beyond what was held before.
pub fn peak_of<R>(work: impl FnOnce() -> R) -> (R, usize) {
    let before = COUNT.with(|count| {
        count.metered.set(true);
        count.peak.set(count.live.get());
        count.live.get()
    });
    let result = work();
    let peak = COUNT.with(|count| {
        count.metered.set(false);
        count.peak.get()
    });
    (result, (peak - before).max(0) as usize)
}

/// Adds to what the thread holds; false if that is too much.
fn add(bytes: isize) -> bool {
    let counted = COUNT.try_with(|count| {
        let live = count.live.get() + bytes;
        if bytes > REFUSED || (live > REFUSED && count.metered.get()) {
            return false;
        }
        count.live.set(live);
        count.peak.set(count.peak.get().max(live));
        true
    });
    counted.unwrap_or(true)
}

// SAFETY: all work is the system allocator's; what is refused is null, as the trait allows.
unsafe impl GlobalAlloc for Meter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if add(layout.size() as isize) { unsafe { System.alloc(layout) } } else { std::ptr::null_mut() }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if add(layout.size() as isize) { unsafe { System.alloc_zeroed(layout) } } else { std::ptr::null_mut() }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if add(size as isize - layout.size() as isize) {
            unsafe { System.realloc(old, layout, size) }
        } else {
            std::ptr::null_mut()
        }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        add(-(layout.size() as isize));
        unsafe { System.dealloc(old, layout) }
    }
}
