//! Timers that expire: many at random instants, and one after the other.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::child::{Mode, Phase, Sample};
use crate::columns::runtime::Runtime;
use crate::params::Params;

/// Sleeps of `idle-sleep` before the measured phase.
pub(crate) const WARM_UP: u32 = 3;
/// Time to spawn all tasks before the first deadline, per task, with room to spare.
const LEAD_PER_TASK: Duration = Duration::from_micros(3);
/// Where the random instants start, in every run.
const SEED: u64 = 0x5EED_0F51_EE95;

/// `n` tasks that sleep until instants uniform over `span`. Spawning them and joining them is part
/// of the measured phase; the lead before the first deadline is idle time and costs nothing but
/// wall time.
pub(super) async fn many<R: Runtime>(params: Params, mode: Mode) -> io::Result<Sample> {
    let (n, span) = (params.number("n"), Duration::from_millis(params.number("span")));
    // By a task, as in a server: on some columns the main future would have to send its tasks to
    // another thread.
    R::join(R::spawn(sleep_all::<R>(n / 10 + 1, span / 20))).await;
    let phase = Phase::begin(mode)?;
    let late = R::join(R::spawn(sleep_all::<R>(n, span))).await;
    let mut histogram = super::new_histogram();
    for nanos in late.iter() {
        super::record(&mut histogram, Duration::from_nanos(nanos.load(Ordering::Relaxed)));
    }
    phase.end(n, Some(&histogram))
}

async fn sleep_all<R: Runtime>(n: u64, span: Duration) -> Arc<[AtomicU64]> {
    // Each task has a cell of its own: no lock or queue is shared between them.
    let late: Arc<[AtomicU64]> = (0..n).map(|_| AtomicU64::new(0)).collect();
    let lead = Duration::from_millis(20) + LEAD_PER_TASK * u32::try_from(n).expect("n is limited");
    let first = Instant::now() + lead;
    let mut random = SEED;
    let tasks: Vec<_> = (0..late.len())
        .map(|index| {
            let due = first + span.mul_f64(uniform(&mut random));
            let late = Arc::clone(&late);
            R::spawn(async move {
                R::timer_at(due).await;
                let nanos = Instant::now().saturating_duration_since(due).as_nanos();
                late[index].store(u64::try_from(nanos).unwrap_or(u64::MAX), Ordering::Relaxed);
            })
        })
        .collect();
    for task in tasks {
        R::join(task).await;
    }
    late
}

/// A number from 0 to 1: the splitmix64 generator, which is one multiplication chain and needs no
/// crate.
fn uniform(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// `n` sleeps one after the other by the main future: nothing else is there to do.
pub(super) async fn idle<R: Runtime>(params: Params, mode: Mode) -> io::Result<Sample> {
    let (n, each) = (params.number("n"), Duration::from_micros(params.number("micros")));
    for _ in 0..WARM_UP {
        R::timer(each).await;
    }
    let mut late = super::new_histogram();
    let phase = Phase::begin(mode)?;
    for _ in 0..n {
        let due = Instant::now() + each;
        R::timer(each).await;
        super::record(&mut late, Instant::now().saturating_duration_since(due));
    }
    phase.end(n, Some(&late))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_uniform_and_the_same_every_time() {
        let (mut state, mut again) = (SEED, SEED);
        let numbers: Vec<f64> = (0..10_000).map(|_| uniform(&mut state)).collect();
        assert!(numbers.iter().all(|number| (0.0..1.0).contains(number)));
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        assert!((0.49..0.51).contains(&mean), "{mean}");
        assert!(numbers.iter().all(|number| *number == uniform(&mut again)));
    }
}
