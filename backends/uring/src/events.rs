//! What is asked of the kernel for a direction, and what its answer means.
//!
//! # Why polls are one-shot
//!
//! The kernel can poll an object again and again with one operation (multishot), which would be
//! edge-triggered. Sources are not watched so, because the answers do not always say what holds.
//! When a socket gets data, the answer is the *key* of the wake-up, not what a look at the socket
//! would find, and that key says "priority data" for any data. But whether there is a mark in the
//! stream decides if a short read may be believed: behind a mark there can be data that gives no
//! further edge. To believe no short read costs a fourth system call per message; to believe them
//! all loses a wake-up. A one-shot poll looks at the object when it is submitted, so nothing that
//! is there already can be missed, and it is submitted by the call that waits anyway. Measured on a
//! bare loop (64 connections, CPU per echo): multishot that believes 1.00, one-shot 1.03, multishot
//! that asks again 1.09.
//!
//! It also means that an object nobody waits for costs nothing when it is dropped: there is nothing
//! to cancel. And it means that what lies there untouched is reported again to whoever waits again:
//! an error queue that nobody drains keeps its readers awake, as it does with `poll(2)`.

use std::sync::Arc;

use mini_reactor::{Direction, Directions, ReadyList, Source};
use rustix::event::PollFlags;

/// Set together with the wrong `PRI`, and by no object that has a right one.
const BY_KEY: PollFlags = PollFlags::RDBAND;

/// What to poll for. `marked`: priority data was reported and lies there still, so it would be
/// reported again at once, for ever.
pub(crate) fn wanted(direction: Direction, marked: bool) -> u32 {
    let flags = match direction {
        Direction::Read if marked => PollFlags::IN | PollFlags::RDHUP,
        Direction::Read => PollFlags::IN | PollFlags::RDHUP | PollFlags::PRI | BY_KEY,
        Direction::Write => PollFlags::OUT,
    };
    u32::from(flags.bits())
}

/// Tells the core what the kernel said, and that `untried` is worth an attempt; whether there is
/// priority data.
pub(crate) fn report(
    answer: u32,
    untried: Directions,
    source: &Arc<Source>,
    list: &mut ReadyList,
) -> bool {
    let flags = PollFlags::from_bits_retain(answer as u16);
    let mut ready = untried;
    if flags.intersects(PollFlags::IN | PollFlags::PRI) {
        ready |= Directions::READ;
    }
    if flags.contains(PollFlags::OUT) {
        ready |= Directions::WRITE;
    }
    let closed = if flags.intersects(PollFlags::HUP | PollFlags::ERR) {
        Directions::BOTH
    } else if flags.contains(PollFlags::RDHUP) {
        Directions::READ
    } else {
        Directions::NONE
    };
    let marked = flags.contains(PollFlags::PRI) && !flags.contains(BY_KEY);
    if marked {
        source.set_short_is_drained(false); // a read stops at the mark
    }
    disarmed(source, ready | closed, closed, list);
    marked
}

/// The source is not watched any more, for whatever reason; who waits asks again.
pub(crate) fn disarmed(
    source: &Arc<Source>,
    ready: Directions,
    closed: Directions,
    list: &mut ReadyList,
) {
    list.push_event(mini_reactor::Event {
        source: Arc::clone(source),
        ready,
        closed,
        disarmed: true,
    });
}
