//! Workloads of tasks alone: spawn, yield, ping-pong.

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
