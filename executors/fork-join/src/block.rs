//! Memory for spawned closures, reused by the worker that runs them.
//!
//! A spawn would cost an allocation and its release, which is more than all the rest of it. Small
//! closures go into blocks of one size instead; the worker that has run one keeps the block for its
//! next spawn, up to a number of them.

use std::cell::RefCell;
use std::fmt;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

/// Room for a job of a scope, with a closure that captures a few words.
#[repr(align(16))]
pub(crate) struct Block(#[expect(dead_code, reason = "it is room")] MaybeUninit<[u8; SIZE]>);

const SIZE: usize = 128;
/// Blocks that a worker keeps.
const KEPT: usize = 64;

/// The blocks that a worker keeps.
#[derive(Default)]
#[expect(clippy::vec_box, reason = "a block keeps its place from use to use")]
pub(crate) struct Blocks(RefCell<Vec<Box<Block>>>);

impl Blocks {
    pub(crate) const fn new() -> Blocks {
        Blocks(RefCell::new(Vec::new()))
    }

    fn get(&self) -> Box<Block> {
        let kept = self.0.borrow_mut().pop();
        kept.unwrap_or_else(|| Box::new(Block(MaybeUninit::uninit())))
    }

    fn keep(&self, block: Box<Block>) {
        let mut kept = self.0.borrow_mut();
        if kept.len() < KEPT {
            kept.push(block);
        }
    }
}

/// Whether values of this type go into blocks.
const fn fits<T>() -> bool {
    size_of::<T>() <= size_of::<Block>() && align_of::<T>() <= align_of::<Block>()
}

/// Puts a value where it can stay, in a block of these if there are any. [`take_out`] is owed.
#[expect(unsafe_code, reason = "memory for values of any type")]
pub(crate) fn put_in<T>(blocks: Option<&Blocks>, value: T) -> NonNull<T> {
    if !fits::<T>() {
        return NonNull::from(Box::leak(Box::new(value)));
    }
    let block = blocks.map_or_else(|| Blocks::new().get(), Blocks::get);
    let place = NonNull::from(Box::leak(block)).cast::<T>();
    // SAFETY: a block is large enough and well aligned for it, and nobody else's.
    unsafe { place.write(value) };
    place
}

/// Takes the value out, and keeps the block for these.
///
/// # Safety
///
/// `place` is what [`put_in`] returned for this type, and this is called once.
#[expect(unsafe_code, reason = "memory for values of any type")]
pub(crate) unsafe fn take_out<T>(blocks: &Blocks, place: NonNull<T>) -> T {
    if !fits::<T>() {
        // SAFETY: then it was leaked from such a box.
        return *unsafe { Box::from_raw(place.as_ptr()) };
    }
    // SAFETY: it was written there, and is read once.
    let value = unsafe { place.read() };
    // SAFETY: it was leaked from such a box, and what was in it has been read.
    blocks.keep(unsafe { Box::from_raw(place.as_ptr().cast::<Block>()) });
    value
}

impl fmt::Debug for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocks").field("kept", &self.0.borrow().len()).finish()
    }
}
