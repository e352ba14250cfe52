//! What is written can be read again, and needs nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use mini_reactor::{Deadline, Direction, Directions, GlobalReactor};
use mini_reactor_trace::Recording;
use serde_json::Value;

use crate::virtual_backend::{World, wait};

const PERIL: &str = "</script><!-- \"quoted\" \\ and \u{1f980}";

/// Something of every kind, on a thread whose name is a trap for who writes pages.
fn recorded() -> Recording {
    let body = || {
        let world = World::new();
        world.trace().start(1000);
        let objects = [1, 2].map(|number| world.object(number));
        for object in &objects {
            assert!(wait(object, Direction::Read).is_pending());
            assert!(wait(object, Direction::Read).is_pending());
        }
        let cx = &mut Context::from_waker(Waker::noop());
        let ms = |ms| Deadline::after_in(Duration::from_millis(ms), &world.reactor);
        let mut timers = [ms(2), ms(7), ms(3), ms(9)];
        for timer in &mut timers {
            assert!(timer.poll(cx).is_pending());
        }
        world.inner().report(1, Directions::BOTH, Directions::READ);
        world.reactor.poll_once().unwrap();
        world.reactor.block_on(std::future::poll_fn(|cx| timers[2].poll(cx)));
        world.trace().notify();
        world.inner().fail(5);
        world.reactor.poll_once().unwrap_err();
        drop(objects);
        let [_, seven, ..] = timers;
        drop(seven);
        world.trace().stop().unwrap()
    };
    thread::Builder::new().name(PERIL.to_owned()).spawn(body).unwrap().join().unwrap()
}

fn chrome(recording: &Recording) -> Value {
    serde_json::from_str(&recording.to_chrome()).expect("it is JSON")
}

#[test]
fn the_page_is_whole_and_has_the_recording_in_it() {
    let recording = recorded();
    let page = recording.to_html();
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    let (_, data) = page.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    let (data, _) = data.split_once("</script>").unwrap();
    let data: Value = serde_json::from_str(data).expect("what a browser reads there is JSON");
    assert_eq!(data, chrome(&recording));
}

#[test]
fn the_page_needs_no_other_file_and_no_network() {
    let page = recorded().to_html();
    // What a browser would fetch, it refuses to; and there is nothing of the kind.
    assert!(page.contains("Content-Security-Policy\" content=\"default-src 'none';"));
    for way_out in ["://", " src=", "href=", "import", "fetch(", "url(", "XMLHttp", "@font"] {
        let found: Vec<_> = page.lines().filter(|line| line.contains(way_out)).collect();
        assert!(found.is_empty(), "{way_out}: {found:?}");
    }
}

#[test]
fn every_event_has_what_the_format_demands() {
    let json = chrome(&recorded());
    assert_eq!(json["otherData"]["dropped"], 0);
    let events = json["traceEvents"].as_array().unwrap();
    let phases: BTreeSet<_> = events.iter().map(|event| event["ph"].as_str().unwrap()).collect();
    assert_eq!(phases.into_iter().collect::<Vec<_>>(), ["B", "E", "M", "b", "e", "i"]);
    for event in events {
        assert!(event["pid"].is_u64() && event["tid"].is_u64(), "{event}");
        assert!(event["ts"].is_number() && event["name"].is_string(), "{event}");
        if matches!(event["ph"].as_str(), Some("b" | "e")) {
            assert!(event["cat"].is_string() && event["id"].is_string(), "{event}");
        }
    }
    let named = events.iter().filter(|event| event["ph"] == "M");
    let mut names = named.map(|event| event["args"]["name"].as_str().unwrap());
    assert!(names.any(|name| name.starts_with(PERIL)));
}

#[test]
fn spans_begin_once_end_once_and_turns_nest() {
    let json = chrome(&recorded());
    let mut depth = 0;
    let mut open = BTreeMap::new();
    let mut spans = Vec::new();
    for event in json["traceEvents"].as_array().unwrap() {
        let key = format!("{} {}", event["cat"], event["id"]);
        let at = event["ts"].as_f64().unwrap();
        match event["ph"].as_str().unwrap() {
            "B" => depth += 1,
            "E" => depth -= 1,
            "b" => assert!(open.insert(key, at).is_none(), "{event}"),
            "e" => {
                let began = open.remove(&key).unwrap_or_else(|| panic!("{event}"));
                spans.push((event["cat"].as_str().unwrap().to_owned(), at - began));
            }
            _ => {}
        }
        assert!((0..=1).contains(&depth), "{event}");
    }
    assert_eq!(depth, 0);
    let lasted = |what: &str| -> Vec<f64> {
        spans.iter().filter(|(cat, _)| cat == what).map(|(_, lasted)| *lasted).collect()
    };
    // 2 and 3 ms expire, in this order; 7 is dropped; 9 is still set.
    assert_eq!(lasted("timer"), [2000.0, 3000.0, 3000.0]);
    assert_eq!(lasted("read"), [0.0, 3000.0], "until its event; until it was deregistered");
    assert_eq!(lasted("source").len(), 2);
    assert_eq!(open.len(), 1, "a timer: {open:?}");
}
