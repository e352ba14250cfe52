//! `mixed`: sockets served by a process that computes as much as it can.
//!
//! What is computed is always the same: the numbers of `quicksort`, again and again. Columns that
//! fork and join do it on the threads that serve the sockets; the others beside those, in a pool of
//! rayon's, or in closures that are given to the runtime to block.
//!
//! A message is sent back with the time at which it was, and with how much had been computed by
//! then. So a client learns both, and how soon it gets a thread of its own when all processors are
//! busy is not part of the latency.

use std::hint::black_box;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::time::{ClockId, clock_gettime};

use super::forks::Work;
use crate::columns::forking;
use crate::columns::runtime::{Lent, Runtime};
use crate::params::Params;

/// Bytes of a message: a [`Stamp`], and some that come back as they are.
pub(crate) const MESSAGE: usize = 64;

/// The beginning of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// When it was sent, in nanoseconds of the clock that all processes share.
    pub(crate) sent: u64,
    /// When it was sent back.
    pub(crate) answered: u64,
    /// What had been computed by then.
    pub(crate) computed: u64,
}

impl Stamp {
    /// Reads the beginning of a message.
    pub(crate) fn read(message: &[u8; MESSAGE]) -> Stamp {
        let word = |at| {
            let bytes = message[at..at + 8].try_into();
            u64::from_le_bytes(bytes.expect("eight bytes were asked for"))
        };
        Stamp { sent: word(0), answered: word(8), computed: word(16) }
    }

    /// Writes the beginning of a message.
    pub(crate) fn write(self, message: &mut [u8; MESSAGE]) {
        let words = [self.sent, self.answered, self.computed];
        for (place, word) in message.chunks_exact_mut(8).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
    }
}

/// Nanoseconds of the clock that all processes share.
pub(crate) fn clock() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let (seconds, nanos) = (now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs()); // since boot
    seconds * 1_000_000_000 + nanos
}

/// What is computed, and how much of it is done.
#[derive(Debug)]
pub(crate) struct Computing {
    work: Work,
    ops: u64,
    workers: usize,
    with_rayon: bool,
    computed: AtomicU64,
}

impl Computing {
    /// Computes for ever, a batch after the other.
    pub(crate) fn for_ever(&self, batch: impl Fn(&Work) -> u64) {
        loop {
            self.once(&batch);
        }
    }

    fn once(&self, batch: impl Fn(&Work) -> u64) {
        black_box(batch(&self.work));
        self.computed.fetch_add(self.ops, Ordering::Relaxed);
    }

    /// Computes beside an executor that has tasks only. To be called where it can spawn.
    pub(crate) fn beside<R: Runtime>(self: Arc<Self>) -> io::Result<()> {
        if self.with_rayon {
            return forking::rayon_for_ever(self.workers, self);
        }
        for _ in 0..self.workers {
            let computing = self.clone();
            R::detach(R::spawn(async move {
                loop {
                    let computing = computing.clone();
                    R::block(move || computing.once(forking::sequential_once)).await;
                }
            }));
        }
        Ok(())
    }
}

/// Serves connections, and computes, for ever.
pub(super) fn serve<R: Runtime>(
    lent: Lent,
    params: &Params,
    listener: TcpListener,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let work = Work::quicksort(params.count("count"));
    let computing = Arc::new(Computing {
        ops: work.ops(),
        work,
        workers: params.count("workers"),
        with_rayon: params.word("beside") == "rayon",
        computed: AtomicU64::new(0),
    });
    R::start(lent, async move {
        R::compute(computing.clone())?;
        R::join(R::spawn(async move {
            let listener = R::listen(listener)?;
            loop {
                let stream = R::accept(&listener).await?;
                R::detach(R::spawn(answer::<R>(stream, computing.clone())));
            }
        }))
        .await
    })
}

/// Stamps messages and sends them back until the end. Errors end the connection, as the end does.
async fn answer<R: Runtime>(mut stream: R::Stream, computing: Arc<Computing>) {
    let (mut message, mut filled) = ([0; MESSAGE], 0);
    loop {
        match R::read(&mut stream, &mut message[filled..]).await {
            Ok(read @ 1..) => filled += read,
            Ok(0) | Err(_) => break,
        }
        if filled < MESSAGE {
            continue;
        }
        filled = 0;
        let computed = computing.computed.load(Ordering::Relaxed);
        Stamp { answered: clock(), computed, ..Stamp::read(&message) }.write(&mut message);
        if R::write_all(&mut stream, &message).await.is_err() {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_read_as_it_was_written() {
        let mut message = [7; MESSAGE];
        let stamp = Stamp { sent: 1, answered: u64::MAX, computed: 1 << 40 };
        stamp.write(&mut message);
        assert_eq!(Stamp::read(&message), stamp);
        assert_eq!(message[24..], [7; MESSAGE - 24]);
    }
}
