//! Memory for spawned closures, reused by the worker that runs them.
//!
//! A spawn would cost an allocation and its release, which is more than all the rest of it. Small
//! closures go into blocks of one size instead; the worker that has run one keeps the block for its
//! next spawn, up to a number of them.

use std::cell::Cell;
use std::fmt;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

/// Room for a job of a scope, with a closure that captures a few words.
#[repr(align(16))]
struct Block(#[expect(dead_code, reason = "it is room")] MaybeUninit<[u8; SIZE]>);

const SIZE: usize = 128;
/// Blocks that a worker keeps.
const KEPT: usize = 64;

/// What a block that is kept begins with.
struct Kept {
    next: Option<NonNull<Kept>>,
}

/// The blocks that a worker keeps: a stack, linked through them.
pub(crate) struct Blocks {
    top: Cell<Option<NonNull<Kept>>>,
    count: Cell<usize>,
}

impl Blocks {
    pub(crate) const fn new() -> Blocks {
        Blocks { top: Cell::new(None), count: Cell::new(0) }
    }

    #[expect(unsafe_code, reason = "blocks are linked through themselves")]
    #[inline]
    fn get(&self) -> NonNull<Block> {
        let Some(top) = self.top.get() else { return Block::allocate() };
        // SAFETY: `keep` wrote it there, and what is kept is nobody else's.
        self.top.set(unsafe { top.as_ref() }.next);
        self.count.set(self.count.get() - 1);
        top.cast()
    }

    /// # Safety
    ///
    /// The block was leaked from a box, nothing is in it any more, and it is the caller's.
    #[expect(unsafe_code, reason = "blocks are linked through themselves")]
    #[inline]
    unsafe fn keep(&self, block: NonNull<Block>) {
        if self.count.get() == KEPT {
            // SAFETY: as the caller says.
            return unsafe { Block::release(block) };
        }
        let kept = block.cast::<Kept>();
        // SAFETY: the caller's, large enough and well aligned (`fits`).
        unsafe { kept.write(Kept { next: self.top.get() }) };
        self.top.set(Some(kept));
        self.count.set(self.count.get() + 1);
    }
}

impl Drop for Blocks {
    #[expect(unsafe_code, reason = "blocks are linked through themselves")]
    fn drop(&mut self) {
        while self.count.get() > 0 {
            let block = self.get();
            // SAFETY: it was kept, so it was leaked from a box, and is this one's.
            unsafe { Block::release(block) };
        }
    }
}

impl Block {
    #[cold]
    fn allocate() -> NonNull<Block> {
        NonNull::from(Box::leak(Box::new(Block(MaybeUninit::uninit()))))
    }

    /// # Safety
    ///
    /// It was leaked from a box, and nobody has it any more.
    #[expect(unsafe_code, reason = "memory that is freed by hand")]
    #[cold]
    unsafe fn release(block: NonNull<Block>) {
        // SAFETY: as the caller says.
        drop(unsafe { Box::from_raw(block.as_ptr()) });
    }
}

const _: () = assert!(fits::<Kept>());

/// Whether values of this type go into blocks.
const fn fits<T>() -> bool {
    size_of::<T>() <= size_of::<Block>() && align_of::<T>() <= align_of::<Block>()
}

/// Puts a value where it can stay, in a block of these if there are any. [`take_out`] is owed.
#[expect(unsafe_code, reason = "memory for values of any type")]
#[inline]
pub(crate) fn put_in<T>(blocks: Option<&Blocks>, value: T) -> NonNull<T> {
    if !fits::<T>() {
        return NonNull::from(Box::leak(Box::new(value)));
    }
    let place = match blocks {
        Some(blocks) => blocks.get().cast::<T>(),
        None => Block::allocate().cast::<T>(),
    };
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
#[inline]
pub(crate) unsafe fn take_out<T>(blocks: &Blocks, place: NonNull<T>) -> T {
    if !fits::<T>() {
        // SAFETY: then it was leaked from such a box.
        return *unsafe { Box::from_raw(place.as_ptr()) };
    }
    // SAFETY: it was written there, and is read once.
    let value = unsafe { place.read() };
    // SAFETY: it was leaked from a box, and what was in it has been read.
    unsafe { blocks.keep(place.cast()) };
    value
}

impl fmt::Debug for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocks").field("kept", &self.count.get()).finish()
    }
}
