//! Numbers as people write them: three digits and a unit.

/// What the numbers of a metric are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Nanoseconds,
    Bytes,
    Count,
    /// A count that is never a fraction.
    Whole,
}

/// Metrics with the words for them, in the order in which to show them.
pub(super) const SHOWN: [(&str, &str, Unit); 9] = [
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

/// `number` with its unit.
pub(super) fn show(number: f64, unit: Unit) -> String {
    match unit {
        Unit::Nanoseconds if number >= 999.5e6 => format!("{} s", digits(number / 1e9)),
        Unit::Nanoseconds if number >= 999.5e3 => format!("{} ms", digits(number / 1e6)),
        Unit::Nanoseconds if number >= 999.5 => format!("{} µs", digits(number / 1e3)),
        Unit::Nanoseconds => format!("{} ns", digits(number)),
        Unit::Bytes if number >= 999.5 * 1024.0 => format!("{} MiB", digits(number / 1048576.0)),
        Unit::Bytes if number >= 9999.5 => format!("{} KiB", digits(number / 1024.0)),
        Unit::Bytes => format!("{} B", digits(number)),
        Unit::Count => digits(number),
        Unit::Whole => format!("{number:.0}"),
    }
}

/// Three significant digits, never in scientific notation, small noise as zero.
pub(super) fn digits(number: f64) -> String {
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
}
