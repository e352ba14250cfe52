//! Latches and counts: who waits is woken, sees everything that was written before, and may free
//! the memory at once.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use crate::latch::{Count, Latch};
use crate::{Sleeper, check};

/// Something on the stack of the thread that waits.
struct Waited<L> {
    result: UnsafeCell<u32>,
    latch: L,
}

/// The pointer that another thread has of it.
struct Pointer<L>(*const Waited<L>);

#[expect(unsafe_code, reason = "a model of it")]
// SAFETY: what it points to is used as the latch allows; loom checks that.
unsafe impl<L> Send for Pointer<L> {}

impl<L> Pointer<L> {
    fn get(&self) -> *const Waited<L> {
        self.0
    }
}

#[test]
fn who_waits_for_a_latch_is_woken_and_reads_the_result() {
    check(None, || {
        let waited = Box::new(Waited { result: UnsafeCell::new(0), latch: Latch::new() });
        let pointer = Pointer(&raw const *waited);
        let sleeper = Sleeper::new();
        let waker = sleeper.waker();
        let other = thread::spawn(move || {
            let this = pointer.get();
            #[expect(unsafe_code, reason = "a model of it")]
            // SAFETY: the box lives until the latch is set.
            let waited = unsafe { &*this };
            waited.result.with_mut(|result| {
                #[expect(unsafe_code, reason = "a model of it")]
                // SAFETY: loom checks that nobody else uses it.
                unsafe {
                    *result = 7;
                }
            });
            #[expect(unsafe_code, reason = "a model of it")]
            // SAFETY: alive until now.
            unsafe {
                Latch::set(&raw const waited.latch);
            }
            waker.wake();
        });
        while !waited.latch.is_set() {
            sleeper.park(|| !waited.latch.is_set());
        }
        let result = waited.result.with(|result| {
            #[expect(unsafe_code, reason = "a model of it")]
            // SAFETY: the latch is set; loom checks it.
            unsafe {
                *result
            }
        });
        assert_eq!(result, 7);
        drop(waited); // before the other thread is done with its wake
        other.join().unwrap();
    });
}

#[test]
fn who_waits_for_a_count_is_woken_and_reads_the_results_of_all() {
    check(Some(3), || {
        let count = Box::new(Waited { result: UnsafeCell::new(0), latch: Count::new() });
        let results: Arc<[UnsafeCell<u32>; 2]> = Arc::new([UnsafeCell::new(0), UnsafeCell::new(0)]);
        count.latch.add();
        count.latch.add();
        let sleeper = Sleeper::new();
        let others: Vec<_> = (0..2)
            .map(|index| {
                let (pointer, results) = (Pointer(&raw const *count), results.clone());
                let waker = sleeper.waker();
                thread::spawn(move || {
                    let this = pointer.get();
                    results[index].with_mut(|result| {
                        #[expect(unsafe_code, reason = "a model of it")]
                        // SAFETY: loom checks that nobody else uses it.
                        unsafe {
                            *result = 7;
                        }
                    });
                    #[expect(unsafe_code, reason = "a model of it")]
                    // SAFETY: this thread counts, so the box is there.
                    let count = unsafe { &*this };
                    #[expect(unsafe_code, reason = "a model of it")]
                    // SAFETY: as above, until now.
                    if unsafe { Count::sub(&raw const count.latch) } {
                        waker.wake();
                    }
                })
            })
            .collect();
        while !count.latch.is_zero() {
            sleeper.park(|| !count.latch.is_zero());
        }
        for result in &*results {
            result.with(|result| {
                #[expect(unsafe_code, reason = "a model of it")]
                // SAFETY: the count is zero; loom checks it.
                let result = unsafe { *result };
                assert_eq!(result, 7);
            });
        }
        drop(count);
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}
