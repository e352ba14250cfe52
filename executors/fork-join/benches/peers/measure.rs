//! Interleaved rounds, and the ratios of their medians.

use std::time::Instant;

use cpu_time::ProcessTime;

/// A name, and what to time.
pub(crate) type Column<'a> = (&'static str, Box<dyn FnMut() + 'a>);

struct Time {
    cpu: f64,
    wall: f64,
}

fn time(f: &mut dyn FnMut()) -> Time {
    let (cpu, wall) = (ProcessTime::now(), Instant::now());
    f();
    Time { cpu: cpu.elapsed().as_secs_f64(), wall: wall.elapsed().as_secs_f64() }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Runs the columns in turn and prints the ratios of their medians to the first one's.
pub(crate) fn compare(name: &str, ops: f64, rounds: usize, columns: &mut [Column<'_>]) {
    let mut times: Vec<Vec<Time>> = columns.iter().map(|_| Vec::new()).collect();
    for round in 0..=rounds {
        for turn in 0..columns.len() {
            let index = (turn + round) % columns.len();
            let took = time(&mut columns[index].1);
            if round > 0 {
                times[index].push(took);
            }
        }
    }
    let cpu = |index: usize| median(times[index].iter().map(|time: &Time| time.cpu).collect());
    let wall = |index: usize| median(times[index].iter().map(|time: &Time| time.wall).collect());
    for (index, (column, _)) in columns.iter().enumerate() {
        println!(
            "{name:<12} {column:<12} {:>12.3} ns CPU  {:>6.2} x   {:>12.3} ns wall {:>6.2} x",
            cpu(index) / ops * 1e9,
            cpu(index) / cpu(0),
            wall(index) / ops * 1e9,
            wall(index) / wall(0),
        );
    }
}
