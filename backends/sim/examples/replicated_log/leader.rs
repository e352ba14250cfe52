//! The leader: puts the clients' commands into one order, has the followers store them, and answers
//! a client when its command is on the disks of a majority.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::io;

use async_channel::{Receiver, Sender};
use event_listener::Event;
use mini_executor_single_thread::LocalExecutor;

use crate::disk::{Disk, Entry};
use crate::wire::{Network, accept, pause, receive, send, within};

/// What may be wrong with it, on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// A follower that says again what it has stored, after a broken connection, counts twice.
    CountsTwice,
}

struct Log<'a> {
    disk: &'a Disk,
    /// For each entry, which followers have stored it.
    holders: RefCell<Vec<Vec<usize>>>,
    /// How many entries are on the disks of a majority.
    committed: Cell<usize>,
    majority: usize,
    mistake: Option<Mistake>,
    /// The log has grown, or more of it is committed.
    changed: Event,
}

impl Log<'_> {
    /// Follower `number` has stored the entry.
    fn stored(&self, index: usize, number: usize) {
        let mut holders = self.holders.borrow_mut();
        if index >= holders.len() {
            holders.resize(index + 1, Vec::new());
        }
        if self.mistake == Some(Mistake::CountsTwice) || !holders[index].contains(&number) {
            holders[index].push(number);
        }
        let has_majority = |holders: &Vec<usize>| 1 + holders.len() >= self.majority;
        while holders.get(self.committed.get()).is_some_and(has_majority) {
            self.committed.set(self.committed.get() + 1);
        }
        self.changed.notify(usize::MAX);
    }

    fn find(&self, entry: Entry) -> Option<usize> {
        self.disk.entries().iter().position(|other| *other == entry)
    }

    /// Waits until `look` finds something.
    async fn until<T>(&self, look: impl Fn() -> Option<T>) -> T {
        loop {
            let changed = self.changed.listen();
            if let Some(found) = look() {
                return found;
            }
            changed.await;
        }
    }
}

/// Leads until it crashes. After that, what it knows is what its own disk and the followers tell.
pub(crate) async fn lead<N: Network>(
    network: &N,
    disk: &Disk,
    followers: &[String],
    mistake: Option<Mistake>,
) -> Infallible {
    let machines = followers.len() + 1;
    let log = Log {
        disk,
        holders: RefCell::default(),
        committed: Cell::new(0),
        majority: machines / 2 + 1,
        mistake,
        changed: Event::new(),
    };
    let (queue, commands) = async_channel::unbounded();
    let tasks = LocalExecutor::new();
    tasks.spawn(write(&log, commands)).detach();
    for (number, follower) in followers.iter().enumerate() {
        tasks.spawn(replicate(network, &log, number, follower)).detach();
    }
    let mut listener = None;
    let lead = async {
        loop {
            let stream = accept(network, &mut listener).await;
            tasks.spawn(serve::<N>(stream, &log, queue.clone())).detach();
        }
    };
    tasks.run(lead).await
}

/// Writes commands to the leader's own disk, in the order in which they come; each once, though a
/// client that got no answer sends it again.
async fn write(log: &Log<'_>, commands: Receiver<Entry>) {
    while let Ok(entry) = commands.recv().await {
        if log.find(entry).is_none() {
            log.disk.append(entry).await;
            log.changed.notify(usize::MAX);
        }
    }
}

/// Answers the commands of one connection.
async fn serve<N: Network>(
    mut stream: N::Stream,
    log: &Log<'_>,
    queue: Sender<Entry>,
) -> io::Result<()> {
    loop {
        let [client, command] = receive(&mut stream).await?;
        let entry = Entry { client, command };
        queue.send(entry).await.map_err(io::Error::other)?;
        let is_committed = || log.find(entry).filter(|index| *index < log.committed.get());
        let index = log.until(is_committed).await;
        send(&mut stream, [command, index as u64]).await?;
    }
}

/// Keeps one follower up to date.
async fn replicate<N: Network>(network: &N, log: &Log<'_>, number: usize, follower: &str) {
    loop {
        let _ = feed(network, log, number, follower).await;
        pause().await;
    }
}

async fn feed<N: Network>(
    network: &N,
    log: &Log<'_>,
    number: usize,
    follower: &str,
) -> io::Result<Infallible> {
    let mut stream = within(network.connect(follower)).await?;
    let [stored] = within(receive(&mut stream)).await?;
    for index in 0..stored as usize {
        log.stored(index, number);
    }
    for index in stored as usize.. {
        let entry = log.until(|| log.disk.get(index)).await;
        let words = [index as u64, entry.client, entry.command];
        let [stored] = within(async {
            send(&mut stream, words).await?;
            receive(&mut stream).await
        })
        .await?;
        assert_eq!(stored, index as u64, "the follower answers in order");
        log.stored(index, number);
    }
    unreachable!("indices do not end");
}
