//! Tables for the terminal.

use std::collections::BTreeMap;

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, Table, TableComponent};

use super::units::{SHOWN, Unit, digits, range, show};
use crate::measure::Case;
use crate::measure::result::Outcome;

/// Cases with what came out.
type Results = [(Case, Vec<Outcome>)];

/// One case with all metrics: a row per metric, a column per column.
pub(crate) fn one(case: &Case, outcomes: &[Outcome]) -> String {
    let mut table = table();
    let mut header = vec![Cell::new(case.title()).add_attribute(Attribute::Bold)];
    header.extend(
        outcomes.iter().map(|outcome| right(&outcome.column).add_attribute(Attribute::Bold)),
    );
    table.set_header(header);
    let measured = |metric: &str| outcomes.iter().any(|outcome| outcome.summary(metric).is_some());
    for (metric, name, unit) in SHOWN.into_iter().filter(|(metric, ..)| measured(metric)) {
        let mut row = vec![Cell::new(format!("{}{}", short(name), per(metric, case.workload.op)))];
        for outcome in outcomes {
            row.push(right(&lines(outcome, metric, unit, outcomes.len() > 1)));
        }
        table.add_row(row);
    }
    let rounds = outcomes.iter().map(|outcome| outcome.rounds).max().unwrap_or(0);
    let counted = outcomes.iter().find_map(|outcome| outcome.syscalls_counted_with);
    let counted = counted.map(|with| format!(" System calls: {with}.")).unwrap_or_default();
    format!(
        "{table}\n{}Medians of {rounds} interleaved rounds; below them the 95 % interval, from six rounds \
         on.\n\
         × is the ratio to the first column (less is better): the median of the rounds' ratios, \
         and its interval.{counted}",
        why_not(outcomes)
    )
}

/// A metric in up to three lines: median, interval, ratio.
fn lines(outcome: &Outcome, metric: &str, unit: Unit, several: bool) -> String {
    let Some(summary) = outcome.summary(metric) else { return "-".to_owned() };
    let mut text = show(summary.median, unit);
    if let Some(ci95) = summary.ci95.filter(|(low, high)| low < high) {
        text.push_str(&format!("\n{}", range(ci95, unit)));
    }
    let compared = several && !matches!(unit, Unit::Bytes | Unit::Whole);
    if let Some(ratio) = outcome.ratio(metric).filter(|_| compared) {
        text.push_str(&format!("\n×{}", digits(ratio.median)));
        if let Some(ci95) = ratio.ci95.filter(|(low, high)| low < high) {
            text.push_str(&format!(" ({})", range(ci95, Unit::Count)));
        }
    }
    text
}

/// A line for each reason why some metrics were not measured, with the columns that it concerns.
fn why_not(outcomes: &[Outcome]) -> String {
    let mut reasons: BTreeMap<(Vec<&str>, &str), Vec<&str>> = BTreeMap::new();
    for outcome in outcomes {
        let mut metrics: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (metric, reason) in &outcome.why {
            metrics.entry(reason).or_default().push(name(metric));
        }
        for (reason, metrics) in metrics {
            reasons.entry((metrics, reason)).or_default().push(&outcome.column);
        }
    }
    let mut lines = notes(outcomes);
    for ((metrics, reason), columns) in reasons {
        let all = columns.len() == outcomes.len();
        let of = if all { String::new() } else { format!("{}: ", columns.join(", ")) };
        lines.push_str(&format!("{of}no {}: {reason}.\n", metrics.join(", ")));
    }
    lines
}

fn name(metric: &str) -> &str {
    SHOWN.iter().find(|(shown, ..)| *shown == metric).map_or(metric, |(_, name, _)| name)
}

/// A line for each column that another one was measured in the place of.
fn notes(outcomes: &[Outcome]) -> String {
    let noted =
        |outcome: &Outcome| Some(format!("{}: {}.\n", outcome.column, outcome.note.as_ref()?));
    outcomes.iter().filter_map(noted).collect()
}

/// All cases: a block per case, with a row per column. Memory and threads are on the page.
pub(crate) fn all(results: &Results) -> String {
    let mut table = table();
    let mut header = vec![Cell::new("column"), right("CPU"), right("×"), right("least–most")];
    header.extend(overview().map(|(_, name, _)| right(short(name))));
    table.set_header(header.into_iter().map(|cell| cell.add_attribute(Attribute::Bold)));
    for outcome in results.iter().flat_map(|(_, outcomes)| outcomes) {
        let ratio = outcome.ratio("cpu_ns_per_op");
        let spread = ratio.filter(|ratio| ratio.min < ratio.max);
        let mut row = vec![
            Cell::new(format!("  {}", outcome.column)),
            right(&shown(outcome, "cpu_ns_per_op", Unit::Nanoseconds)),
            right(&ratio.map_or("-".to_owned(), |ratio| digits(ratio.median))),
            right(&spread.map_or(String::new(), |r| range((r.min, r.max), Unit::Count))),
        ];
        row.extend(overview().map(|(metric, _, unit)| right(&shown(outcome, metric, unit))));
        table.add_row(row);
    }
    let rounds = results.iter().flat_map(|(_, outcomes)| outcomes).map(|outcome| outcome.rounds);
    let (least, most) = (rounds.clone().min().unwrap_or(0), rounds.max().unwrap_or(0));
    let rounds = if least == most { least.to_string() } else { format!("{least} to {most}") };
    format!(
        "{}\nMedians of {rounds} interleaved rounds, a process of its own for each. CPU, system \
         calls,\nallocations and bytes are those of one operation; p50 and p99 are latencies. × is \
         the CPU time\nagainst the first row of the block, round by round: above 1 costs more.",
        with_titles(&table, results)
    )
}

/// The table's lines, each block under its title. A title in a cell would widen its column.
fn with_titles(table: &Table, results: &Results) -> String {
    let mut rows = table.lines();
    let mut lines: Vec<String> = rows.by_ref().take(2).collect(); // the header and its rule
    for (case, outcomes) in results {
        lines.push(format!(" {}, per {}", case.title(), case.workload.op));
        lines.extend(rows.by_ref().take(outcomes.len()));
        lines.extend(notes(outcomes).lines().map(|note| format!("    {note}")));
    }
    lines.join("\n")
}

/// A heading that is no wider than its numbers.
fn short(name: &str) -> &str {
    match name {
        "system calls" => "calls",
        "allocations" => "allocs",
        name => name,
    }
}

/// Tells on standard error what failed, which is more than a metric that does not exist.
pub(crate) fn failures(results: &Results) {
    for (case, outcomes) in results {
        for outcome in outcomes.iter().filter(|outcome| outcome.failed) {
            let mut reasons: Vec<_> = outcome.why.values().collect();
            reasons.sort_unstable();
            reasons.dedup();
            for reason in reasons {
                eprintln!("compare: {} on {}: {reason}", case.title(), outcome.column);
            }
        }
    }
}

fn overview() -> impl Iterator<Item = (&'static str, &'static str, Unit)> {
    let left_out = ["cpu_ns_per_op", "wall_ns_per_op", "rss_bytes", "threads"];
    SHOWN.into_iter().filter(move |(metric, ..)| !left_out.contains(metric))
}

fn shown(outcome: &Outcome, metric: &str, unit: Unit) -> String {
    outcome.summary(metric).map_or("-".to_owned(), |summary| show(summary.median, unit))
}

fn per(metric: &str, op: &str) -> String {
    if metric.ends_with("_per_op") { format!(" per {op}") } else { String::new() }
}

fn table() -> Table {
    let mut table = Table::new();
    table
        .load_preset(NOTHING)
        .set_style(TableComponent::HeaderLines, '─')
        .set_content_arrangement(ContentArrangement::Disabled);
    table
}

fn right(text: &str) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}
