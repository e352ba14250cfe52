//! A recording in the Trace Event Format: one JSON object, an event a line.
//!
//! Turns and parks are slices of their threads. Sources, waits and timers are asynchronous spans:
//! from register to deregister, from the first waiter to the event that wakes, from set to expiry.
//! A hand-over is a flow from the end of the last turn to the thread that was sent. The rest are
//! instants. Spans that had begun before the first record have no beginning and are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::time::Duration;

use crate::recording::{Kind, Record, Recording};

pub(crate) fn write(recording: &Recording, mut out: impl Write) -> io::Result<()> {
    let mut chrome =
        Chrome { names: recording.objects.iter().cloned().collect(), ..Chrome::default() };
    for (thread, name) in (0..).zip(&recording.threads) {
        let named = Record { at: 0, thread, kind: Kind::Parks, subject: 0, value: 0 };
        let args = format!("\"args\":{{\"name\":{}}}", json(&format!("{name} ({thread})")));
        chrome.line(&named, "M", "thread_name", &args);
    }
    recording.records.iter().for_each(|record| chrome.record(record));
    let (dropped, lines) = (recording.dropped, chrome.lines.join(",\n"));
    writeln!(out, "{{\"displayTimeUnit\":\"ns\",\"otherData\":{{\"dropped\":{dropped}}},")?;
    writeln!(out, "\"traceEvents\":[\n{lines}\n]}}")?;
    out.flush()
}

/// A span: what it is of, and which one.
type Span = (&'static str, u64);

#[derive(Default)]
struct Chrome {
    lines: Vec<String>,
    names: BTreeMap<u64, String>,
    /// Spans that have begun, and what they are called.
    open: BTreeMap<Span, String>,
    /// Timers that are set: by when they are due, and when each is.
    due: BTreeSet<(u64, u64)>,
    timers: BTreeMap<u64, u64>,
    /// When and where a turn ended last.
    turned: Option<Record>,
}

impl Chrome {
    fn record(&mut self, record: &Record) {
        let Record { kind, subject, value, .. } = *record;
        match kind {
            Kind::TurnBegins => {
                let name = if value == 0 { "looks" } else { "drives" };
                self.line(record, "B", name, &format!("\"args\":{{\"timeout_ns\":{value}}}"));
            }
            Kind::TurnEnds | Kind::TurnEndsEmpty => {
                self.turned = Some(*record);
                self.line(record, "E", "", &format!("\"args\":{{\"events\":{value}}}"));
            }
            Kind::Parks => self.line(record, "B", "parked", "\"args\":{}"),
            Kind::Unparks => self.line(record, "E", "", "\"args\":{\"by\":\"a wake\"}"),
            Kind::HandedOver => {
                self.line(record, "E", "", "\"args\":{\"by\":\"the driver that left\"}");
                let flow = format!("\"cat\":\"hand-over\",\"bp\":\"e\",\"id\":{}", record.at);
                if let Some(turned) = self.turned {
                    self.line(&turned, "s", "hand-over", &flow);
                    self.line(record, "f", "hand-over", &flow);
                }
            }
            Kind::Registers => self.begin(record, "source", self.name(subject)),
            Kind::Deregisters => {
                ["read", "write", "source"].into_iter().for_each(|of| self.end(record, of));
            }
            Kind::Waits => {
                let direction = if value == 1 { "read" } else { "write" };
                self.begin(record, direction, format!("{direction} {}", self.name(subject)));
            }
            Kind::Readable | Kind::Writable => {
                let direction = if kind == Kind::Readable { "read" } else { "write" };
                self.end(record, direction);
                self.mark(record);
            }
            Kind::TimerSet => {
                let due = record.at.saturating_add(value);
                self.due.insert((due, subject));
                self.timers.insert(subject, due);
                self.begin(record, "timer", format!("timer of {:?}", Duration::from_nanos(value)));
            }
            Kind::TimerDropped => self.timer_ends(record),
            Kind::TimersExpire => {
                for _ in 0..value {
                    let Some((_, timer)) = self.due.first().copied() else { break };
                    self.timer_ends(&Record { subject: timer, ..*record });
                }
                self.mark(record);
            }
            _ => self.mark(record),
        }
    }
    fn name(&self, source: u64) -> String {
        self.names.get(&source).cloned().unwrap_or_else(|| format!("source {source}"))
    }

    fn timer_ends(&mut self, record: &Record) {
        if let Some(due) = self.timers.remove(&record.subject) {
            self.due.remove(&(due, record.subject));
        }
        self.end(record, "timer");
    }

    fn begin(&mut self, record: &Record, of: &'static str, name: String) {
        let (span, known) = ((of, record.subject), self.open.len());
        self.open.entry(span).or_insert_with(|| name.clone());
        if self.open.len() > known {
            self.span(record, "b", of, &name);
        }
    }

    fn end(&mut self, record: &Record, of: &'static str) {
        if let Some(name) = self.open.remove(&(of, record.subject)) {
            self.span(record, "e", of, &name);
        }
    }

    fn span(&mut self, record: &Record, phase: &str, of: &str, name: &str) {
        // As text: it may be more than a number of JavaScript can tell apart.
        let (id, value) = (record.subject, record.value);
        let rest = format!("\"cat\":\"{of}\",\"id\":\"{id}\",\"args\":{{\"value\":{value}}}");
        self.line(record, phase, name, &rest);
    }

    fn mark(&mut self, record: &Record) {
        let Record { kind, subject, value, .. } = record;
        let rest = format!("\"s\":\"t\",\"args\":{{\"source\":{subject},\"value\":{value}}}");
        self.line(record, "i", &format!("{kind:?}"), &rest);
    }

    /// One event. Its time is in microseconds, with the nanoseconds behind the point.
    fn line(&mut self, record: &Record, phase: &str, name: &str, rest: &str) {
        let (us, ns, thread) = (record.at / 1000, record.at % 1000, record.thread);
        let name = json(name);
        self.lines.push(format!(
            "{{\"ph\":\"{phase}\",\"pid\":1,\"tid\":{thread},\"ts\":{us}.{ns:03},\"name\":{name},{rest}}}"
        ));
    }
}

/// `text` in quotes, safe inside of a `<script>` too.
fn json(text: &str) -> String {
    let mut out = String::from('"');
    for char in text.chars() {
        match char {
            '"' | '\\' | '<' | '\0'..'\u{20}' => out += &format!("\\u{:04x}", u32::from(char)),
            char => out.push(char),
        }
    }
    out + "\""
}
