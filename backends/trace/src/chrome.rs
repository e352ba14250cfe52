//! A recording in the Trace Event Format: one JSON object, an event a line.
//!
//! Turns and parks are slices of their threads. Sources, waits and timers are asynchronous spans:
//! from register to deregister, from the first waiter to the event that wakes, from set to expiry.
//! A hand-over is a flow from the end of the last turn to the thread that was sent. The rest are
//! instants. [`KINDS`] says which kind is what; here is what a record cannot say of itself.
//!
//! Spans that had begun before the first record have no beginning and are left out.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};

use crate::recording::{KINDS, Kind, Record, Recording};

impl Recording {
    /// JSON in Chrome's Trace Event Format, for Perfetto and other viewers.
    pub fn to_chrome(&self) -> String {
        let (mut lines, mut threads, mut turned) = (Vec::new(), HashMap::new(), None);
        let mut draw = |record: &Record, subject, phase, of| {
            let new = threads.len();
            let thread = *threads.entry(record.thread.id()).or_insert(new);
            if thread == new {
                lines.push(self.event(record, thread, 0, "M", "thread_name").to_string());
            }
            lines.push(self.event(record, thread, subject, phase, of).to_string());
        };
        // Spans that have begun: of what, of which one, and when it is due if it is a timer.
        let (mut open, mut due) = (BTreeMap::new(), BTreeSet::new());
        for record in &self.records {
            let Record { at, kind, subject, value, .. } = *record;
            let then = at.saturating_add(value);
            for &(phase, of) in KINDS[kind as usize].2 {
                let of = match (kind, value) {
                    (Kind::TurnBegins, 0) => "looks",
                    (Kind::Waits, 2) => "write",
                    _ => of,
                };
                match phase {
                    // It waits already; it began before the recording.
                    "b" if open.insert((of, subject), then).is_some() => {}
                    "e" if open.remove(&(of, subject)).is_none() => {}
                    "f" => turned.into_iter().for_each(|turned| {
                        draw(turned, at, "s", of);
                        draw(record, at, "f", of);
                    }),
                    _ => draw(record, subject, phase, of),
                }
            }
            match kind {
                Kind::TurnEnds | Kind::TurnEndsEmpty => turned = Some(record),
                Kind::TimerSet => _ = due.insert((then, subject)),
                Kind::TimersExpire => {
                    // Timers that were dropped are still among them.
                    let mut due = std::iter::from_fn(|| due.pop_first());
                    for _ in 0..value {
                        let set = due.find(|(then, id)| open.get(&("timer", *id)) == Some(then));
                        let Some((_, id)) = set else { break };
                        open.remove(&("timer", id));
                        draw(record, id, "e", "timer");
                    }
                }
                _ => {}
            }
        }
        let (other, lines) = (json!({"dropped": self.dropped}), lines.join(",\n"));
        format!(r#"{{"displayTimeUnit":"ns","otherData":{other},"traceEvents":[{lines}]}}"#)
    }

    fn event(&self, record: &Record, thread: usize, subject: u64, phase: &str, of: &str) -> Value {
        let Record { at, kind, value, .. } = *record;
        let name = match (of, self.sources.get(&subject)) {
            ("source" | "read" | "write", Some(name)) => format!("{of} {name}"),
            ("source" | "read" | "write" | "timer", _) => format!("{of} {subject}"),
            _ => of.to_owned(),
        };
        let args = match (phase, record.thread.name().unwrap_or("thread")) {
            ("M", name) => json!({"name": format!("{name} ({thread})")}),
            _ => json!({"record": format!("{kind:?}"), KINDS[kind as usize].1: value}),
        };
        json!({
            "ph": phase, "pid": 1, "tid": thread, "ts": at as f64 / 1e3, "name": name, "cat": of,
            // As text: it may be more than a number of JavaScript can tell apart.
            "id": subject.to_string(), "s": "t", "bp": "e", "args": args,
        })
    }
}
