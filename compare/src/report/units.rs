//! Numbers as people write them: three digits and a unit.

/// What the numbers of a metric are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Nanoseconds,
    Bytes,
    Count,
    /// A count that is never a fraction.
    Whole,
}

/// Metrics with the words for them, in the order in which to show them.
pub(crate) const SHOWN: [(&str, &str, Unit); 9] = [
    ("cpu_ns_per_op", "CPU", Unit::Nanoseconds),
    ("wall_ns_per_op", "wall", Unit::Nanoseconds),
    ("p50_ns", "p50", Unit::Nanoseconds),
    ("p99_ns", "p99", Unit::Nanoseconds),
    ("syscalls_per_op", "system calls", Unit::Count),
    ("allocs_per_op", "allocations", Unit::Count),
    ("bytes_per_op", "bytes", Unit::Bytes),
    ("rss_bytes", "resident", Unit::Bytes),
    ("threads", "threads", Unit::Whole),
];

/// The unit of a metric.
///
/// # Panics
///
/// If there is no such metric.
pub(crate) fn unit(metric: &str) -> Unit {
    let found = SHOWN.iter().find(|(shown, ..)| *shown == metric);
    found.unwrap_or_else(|| panic!("no metric {metric}")).2
}

/// `number` with its unit.
pub(crate) fn show(number: f64, unit: Unit) -> String {
    let (scale, name) = scale(number, unit);
    match unit {
        Unit::Whole => format!("{number:.0}"),
        Unit::Bytes if scale == 1.0 => format!("{number:.0}{name}"),
        _ => format!("{}{name}", digits(number / scale)),
    }
}

/// From `low` to `high`, with the unit of `high`.
pub(crate) fn range((low, high): (f64, f64), unit: Unit) -> String {
    let (scale, name) = scale(high, unit);
    match unit {
        Unit::Whole => format!("{low:.0}–{high:.0}"),
        Unit::Bytes if scale == 1.0 => format!("{low:.0}–{high:.0}{name}"),
        _ => format!("{}–{}{name}", digits(low / scale), digits(high / scale)),
    }
}

/// What a number like this is divided by, and what it then is.
fn scale(number: f64, unit: Unit) -> (f64, &'static str) {
    match unit {
        Unit::Nanoseconds if number >= 999.5e6 => (1e9, " s"),
        Unit::Nanoseconds if number >= 999.5e3 => (1e6, " ms"),
        Unit::Nanoseconds if number >= 999.5 => (1e3, " µs"),
        Unit::Nanoseconds => (1.0, " ns"),
        Unit::Bytes if number >= 999.5 * 1024.0 => (1048576.0, " MiB"),
        Unit::Bytes if number >= 9999.5 => (1024.0, " KiB"),
        Unit::Bytes => (1.0, " B"),
        Unit::Count | Unit::Whole => (1.0, ""),
    }
}

/// Three significant digits, never in scientific notation, small noise as zero.
pub(crate) fn digits(number: f64) -> String {
    let size = number.abs();
    if size >= 99.95 {
        format!("{number:.0}")
    } else if size >= 9.995 {
        format!("{number:.1}")
    } else if size >= 0.005 {
        format!("{number:.2}")
    } else {
        "0".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_and_a_unit() {
        assert_eq!(show(61.64, Unit::Nanoseconds), "61.6 ns");
        assert_eq!(show(1234.0, Unit::Nanoseconds), "1.23 µs");
        assert_eq!(show(999_600.0, Unit::Nanoseconds), "1.00 ms");
        assert_eq!(show(2.5e9, Unit::Nanoseconds), "2.50 s");
        assert_eq!(show(3.0004, Unit::Count), "3.00");
        assert_eq!(show(0.0003, Unit::Count), "0");
        assert_eq!(show(2.0, Unit::Whole), "2");
        assert_eq!(show(640.0, Unit::Bytes), "640 B");
        assert_eq!(show(3.0 * 1048576.0, Unit::Bytes), "3.00 MiB");
    }

    #[test]
    fn ranges_name_their_unit_once() {
        assert_eq!(range((5330.0, 7540.0), Unit::Nanoseconds), "5.33–7.54 µs");
        assert_eq!(range((814e3, 1.1e6), Unit::Nanoseconds), "0.81–1.10 ms");
        assert_eq!(range((0.93, 1.012), Unit::Count), "0.93–1.01");
        assert_eq!(range((0.0, 1.0), Unit::Whole), "0–1");
    }
}
