//! `compare list`.

use crate::columns;
use crate::params::Allowed;
use crate::workloads;

/// Workloads with their settings, and columns.
pub(super) fn text() -> String {
    let mut text = "Workloads (compare measure WORKLOAD --set NAME=VALUE):\n\n".to_owned();
    for workload in workloads::ALL {
        text.push_str(&format!("  {:<11} {}\n", workload.name, workload.about));
        let latency = workload.latency.map(|what| format!("; p50, p99: {what}"));
        let latency = latency.unwrap_or_default();
        text.push_str(&format!("  {:<11} an operation is a {}{latency}\n", "", workload.op));
        for setting in workload.settings {
            let allowed = match setting.allowed {
                Allowed::Number { default, .. } => format!("{}={default}", setting.name),
                Allowed::Word(words) => format!("{}={}", setting.name, words.join("|")),
            };
            text.push_str(&format!("  {:<13} {allowed:<28} {}\n", "", setting.about));
        }
        text.push('\n');
    }
    text.push_str("Columns (--on COLUMN):\n\n");
    for (column, about) in columns::all() {
        text.push_str(&format!("  {:<22} {about}\n", column.to_string()));
    }
    text
}
