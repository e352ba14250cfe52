//! Workloads of tasks alone: spawn, yield, ping-pong, ring.

use std::io;
use std::iter;

use crate::child::{Mode, Sample};
use crate::columns::runtime::Runtime;
use crate::params::Params;

/// Tasks of one batch, and of one wave.
const BATCH: u64 = 1000;
/// Yields of one batch, by all its tasks together.
const YIELDS: u64 = 400_000;

/// Spawns tasks that return at once, and joins them.
pub(super) async fn spawn<R: Runtime>(params: Params, mode: Mode) -> io::Result<Sample> {
    match params.word("where") {
        "outside" => super::repeat(&params, mode, one_by_one::<R>).await,
        "inside" => super::repeat(&params, mode, || R::join(R::spawn(one_by_one::<R>()))).await,
        "waves" => super::repeat(&params, mode, || R::join(R::spawn(wave::<R>()))).await,
        other => unreachable!("where={other}"),
    }
}

async fn one_by_one<R: Runtime>() -> u64 {
    for number in 0..BATCH {
        let returned = R::join(R::spawn(async move { number })).await;
        assert_eq!(returned, number);
    }
    BATCH
}

async fn wave<R: Runtime>() -> u64 {
    let tasks: Vec<_> = (0..BATCH).map(|number| R::spawn(async move { number })).collect();
    for (number, task) in iter::zip(0..BATCH, tasks) {
        assert_eq!(R::join(task).await, number);
    }
    BATCH
}

/// Tasks that yield. A batch spawns them anew; its spawns are less than a hundredth of its work.
pub(super) async fn yields<R: Runtime>(params: Params, mode: Mode) -> io::Result<Sample> {
    let tasks = params.number("tasks");
    let each = (YIELDS / tasks).max(1);
    super::repeat(&params, mode, || async move {
        let tasks: Vec<_> = (0..tasks).map(|_| R::spawn(yield_times::<R>(each))).collect();
        let mut ops = 0;
        for task in tasks {
            ops += R::join(task).await;
        }
        ops
    })
    .await
}

async fn yield_times<R: Runtime>(times: u64) -> u64 {
    for _ in 0..times {
        R::yield_now().await;
    }
    times
}

/// Two tasks that send a number to and fro. The channels are the same crate for every column.
pub(super) async fn pingpong<R: Runtime>(params: Params, mode: Mode) -> io::Result<Sample> {
    super::repeat(&params, mode, || async {
        let (to_echo, from_caller) = async_channel::bounded::<u64>(1);
        let (to_caller, from_echo) = async_channel::bounded::<u64>(1);
        let echo = R::spawn(async move {
            while let Ok(number) = from_caller.recv().await {
                to_caller.send(number).await.expect("the caller waits for the answer");
            }
        });
        let caller = R::spawn(async move {
            for number in 0..BATCH {
                to_echo.send(number).await.expect("the echo runs until the channel closes");
                assert_eq!(from_echo.recv().await, Ok(number));
            }
        });
        R::join(caller).await;
        R::join(echo).await;
        BATCH
    })
    .await
}

/// Hops of one batch, by all messages together.
const HOPS: u64 = 20_000;

/// Tasks in a ring. A message is the number of hops that it still has to do; the task that gets
/// none left takes it out.
pub(super) async fn ring<R: Runtime>(params: Params, mode: Mode) -> io::Result<Sample> {
    let (tasks, messages) = (params.count("tasks"), params.number("messages"));
    let hops = (HOPS / messages).max(1);
    super::repeat(&params, mode, || async move {
        let (done, all_done) = async_channel::unbounded::<()>();
        let channels: Vec<_> = (0..tasks).map(|_| async_channel::unbounded::<u64>()).collect();
        let members: Vec<_> = (0..tasks)
            .map(|number| {
                let own = channels[number].1.clone();
                let next = channels[(number + 1) % tasks].0.clone();
                R::spawn(pass_on(own, next, done.clone()))
            })
            .collect();
        for number in 0..messages {
            let first = number as usize * tasks / messages as usize % tasks;
            channels[first].0.send(hops).await.expect("the ring is whole");
        }
        for _ in 0..messages {
            all_done.recv().await.expect("a message leaves the ring as often as it came");
        }
        channels.iter().for_each(|(sender, _)| _ = sender.close());
        for member in members {
            R::join(member).await;
        }
        messages * (hops + 1)
    })
    .await
}

async fn pass_on(
    own: async_channel::Receiver<u64>,
    next: async_channel::Sender<u64>,
    done: async_channel::Sender<()>,
) {
    while let Ok(left) = own.recv().await {
        match left.checked_sub(1) {
            Some(left) => next.send(left).await.expect("the ring is whole while messages go round"),
            None => done.send(()).await.expect("somebody waits for all messages"),
        }
    }
}
