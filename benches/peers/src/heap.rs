//! How many bytes of the heap something keeps. An allocator that counts slows both sides, so it counts only in child
//! processes that this program starts for it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

static COUNTING: AtomicBool = AtomicBool::new(false);
static LIVE: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, with a count of the bytes that are in use.
#[derive(Debug)]
pub(crate) struct Counting;

/// Makes what the arguments ask for; what it gives is what is weighed.
pub(crate) type Load = fn(&[String]) -> Box<dyn std::any::Any>;

/// Bytes of heap that a load keeps, weighed in a child process.
///
/// # Errors
/// The child could not be started, or gave no number.
pub(crate) fn in_child(load: &str, arguments: &[&str]) -> Result<f64, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output =
        Command::new(program).arg(load).args(arguments).output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().map_err(|_| {
        let complaint = String::from_utf8_lossy(&output.stderr);
        format!("no figure: {}", complaint.lines().next().unwrap_or("no reason given"))
    })
}

/// The child's part: prints how many bytes the load keeps.
pub(crate) fn report(load: Load, arguments: &[String]) {
    COUNTING.store(true, Relaxed);
    let before = LIVE.load(Relaxed);
    let kept = black_box(load(arguments));
    println!("{}", LIVE.load(Relaxed).wrapping_sub(before));
    drop(kept);
}

#[expect(unsafe_code, reason = "an allocator is unsafe to write; nothing in std counts bytes")]
// SAFETY: every call is handed on to `System` as it came, and the counters change no memory but their own.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: the caller keeps the contract of `alloc_zeroed`, which is the same.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        add(0_usize.wrapping_sub(layout.size()));
        // SAFETY: the caller keeps the contract of `dealloc`, and `System` gave the block.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        add(size.wrapping_sub(layout.size()));
        // SAFETY: the caller keeps the contract of `realloc`, and `System` gave the block.
        unsafe { System.realloc(block, layout, size) }
    }
}

/// Adds, modulo 2^64, so that what is subtracted is added too. What was allocated before counting began and is freed
/// later would be counted as less than nothing: a child begins to count before it allocates anything that lasts.
fn add(bytes: usize) {
    if COUNTING.load(Relaxed) {
        LIVE.fetch_add(bytes, Relaxed);
    }
}
