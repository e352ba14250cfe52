//! Timers that are made, polled once and dropped: what a timeout costs when it does not expire.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use crate::child::{Mode, Sample};
use crate::columns::runtime::Runtime;
use crate::params::Params;

/// Timers of one batch, after which the task yields so that a reactor can tidy up.
const BATCH: u64 = 128;
/// How far ahead the timers are; never reached.
const AHEAD: Duration = Duration::from_secs(5);
/// Timers that wait all the time in `mode=standing`.
const STANDING: u32 = 1000;

/// Makes, polls and drops timers, alone or among others.
pub(super) async fn run<R: Runtime>(params: Params, mode: Mode) -> io::Result<Sample> {
    let task = R::spawn(async move {
        let _standing = match params.word("mode") {
            "churn" => Vec::new(),
            "standing" => poll_fn(|cx| Poll::Ready(stand::<R>(cx))).await,
            other => unreachable!("mode={other}"),
        };
        super::repeat(&params, mode, || async {
            for _ in 0..BATCH {
                poll_fn(poll_once::<R>).await;
            }
            R::yield_now().await;
            BATCH
        })
        .await
    });
    R::join(task).await
}

fn poll_once<R: Runtime>(cx: &mut Context<'_>) -> Poll<()> {
    let timer = pin!(R::timer(AHEAD));
    assert!(timer.poll(cx).is_pending(), "five seconds passed at once");
    Poll::Ready(())
}

/// Timers spread from one minute to two, so that none is ever the next of the measured ones.
fn stand<R: Runtime>(cx: &mut Context<'_>) -> Vec<Pin<Box<R::Timer>>> {
    let spread = Duration::from_secs(60) / STANDING;
    (0..STANDING)
        .map(|number| {
            let mut timer = Box::pin(R::timer(Duration::from_secs(60) + spread * number));
            assert!(timer.as_mut().poll(cx).is_pending(), "a minute passed at once");
            timer
        })
        .collect()
}
