//! The page: self-contained, no script, light or dark as the reader's browser is.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use super::plots;
use super::units::{SHOWN, Unit, digits, show};
use crate::measure::Case;
use crate::measure::result::Outcome;

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1f2937;--soft:#6b7280;--line:#e5e7eb;--paper:#fff}\
@media(prefers-color-scheme:dark){\
:root{--ink:#e5e7eb;--soft:#9ca3af;--line:#374151;--paper:#111827}}\
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);\
max-width:80rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.6rem}h2{font-size:1.15rem;margin:2.5rem 0 .25rem}p{max-width:46rem}\
.soft{color:var(--soft)}svg{max-width:100%;height:auto;display:block}\
.plots{display:flex;flex-wrap:wrap;gap:1rem 2rem;margin:.75rem 0}\
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;padding:0;list-style:none}\
.legend i{display:inline-block;width:.8em;height:.8em;border-radius:50%;margin-right:.4em}\
.wide{overflow-x:auto}\
table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}\
td,th{padding:.2rem .8rem .2rem 0;text-align:right;\
white-space:nowrap;border-bottom:1px solid var(--line)}\
td:first-child,th:first-child{text-align:left}th{font-weight:600}";

/// Writes `report.html` into the folder `compare` of the target folder; returns where. `warning`
/// says what speaks against the figures.
///
/// # Errors
///
/// What the file system says.
pub(crate) fn write(
    results: &[(Case, Vec<Outcome>)],
    warning: Option<&str>,
) -> io::Result<PathBuf> {
    let folder = target_folder()?.join("compare");
    fs::create_dir_all(&folder)?;
    let path = folder.join("report.html");
    fs::write(&path, page(results, warning)?)?;
    Ok(path)
}

/// The target folder: the one that cargo was told of, else the one that this program is in (cargo
/// marks it with `CACHEDIR.TAG`), else `target` here.
fn target_folder() -> io::Result<PathBuf> {
    if let Some(folder) = env::var_os("CARGO_TARGET_DIR") {
        return Ok(folder.into());
    }
    let program = env::current_exe()?;
    let marked = |folder: &&Path| folder.join("CACHEDIR.TAG").exists();
    Ok(program.ancestors().skip(1).find(marked).map_or("target".into(), Path::to_owned))
}

fn page(results: &[(Case, Vec<Outcome>)], warning: Option<&str>) -> io::Result<String> {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>compare</title>\n\
         <style>{STYLE}{}</style>\n",
        plots::style()
    );
    page.push_str("<h1>Executors and reactors, compared</h1>\n");
    add(&mut page, &format!("<p class=\"soft\">{}</p>\n", escape(&machine())));
    page.push_str(
        "<p>Each dot is the CPU time that one operation takes, against the first column: left of the \
         line is cheaper. Medians of interleaved rounds with small settings, a process of its own \
         for each: look for factors here. <code>compare measure</code> is for percents. The line \
         over a bar goes from the least round to the greatest.</p>\n",
    );
    if let Some(warning) = warning {
        add(&mut page, &format!("<p><strong>{}</strong></p>\n", escape(warning)));
    }
    let (reactors, peers): (Vec<_>, Vec<_>) =
        results.iter().partition(|(case, _)| case.compares_reactors());
    part(&mut page, &peers)?;
    if !reactors.is_empty() {
        page.push_str(
            "<h1>The same program on each reactor</h1>\n<p>One executor, one program: only what \
             waits for it is another.</p>\n",
        );
        part(&mut page, &reactors)?;
    }
    Ok(page)
}

/// Cases that have their columns in common: a picture of all, then each.
fn part(page: &mut String, results: &[&(Case, Vec<Outcome>)]) -> io::Result<()> {
    let longest =
        results.iter().map(|(_, outcomes)| outcomes).max_by_key(|outcomes| outcomes.len());
    page.push_str(&legend(longest.map_or(&[], Vec::as_slice)));
    page.push_str(&plots::overview(results)?);
    results.iter().try_for_each(|(case, outcomes)| section(page, case, outcomes))
}

fn section(page: &mut String, case: &Case, outcomes: &[Outcome]) -> io::Result<()> {
    add(page, &format!("<h2>{}</h2>\n", escape(&case.title())));
    let about = escape(case.workload.about);
    let rounds = outcomes.iter().map(|outcome| outcome.rounds).max().unwrap_or(0);
    add(page, &format!("<p class=\"soft\">{about}. {rounds} rounds.</p>\n"));
    for outcome in outcomes {
        let Some(note) = &outcome.note else { continue };
        let note = escape(&format!("{}: {note}.", outcome.column));
        add(page, &format!("<p><strong>{note}</strong></p>\n"));
    }
    page.push_str("<div class=\"plots\">\n");
    let cpu = format!("CPU per {}", case.workload.op);
    page.push_str(&plots::bars(outcomes, "cpu_ns_per_op", &cpu, Unit::Nanoseconds)?);
    if case.workload.counts_live {
        let bytes = format!("bytes kept per {}", case.workload.op);
        page.push_str(&plots::bars(outcomes, "bytes_per_op", &bytes, Unit::Bytes)?);
    } else if outcomes.iter().any(|outcome| outcome.summary("p50_ns").is_some()) {
        let what = case.workload.latency.unwrap_or_default();
        page.push_str(&plots::latencies(outcomes, &format!("p50 … p99 {what}"))?);
    }
    let calls = format!("system calls per {}", case.workload.op);
    page.push_str(&plots::bars(outcomes, "syscalls_per_op", &calls, Unit::Count)?);
    page.push_str("</div>\n");
    table(page, outcomes);
    Ok(())
}

fn table(page: &mut String, outcomes: &[Outcome]) {
    let shown: Vec<_> = SHOWN
        .into_iter()
        .filter(|(metric, ..)| outcomes.iter().any(|outcome| outcome.summary(metric).is_some()))
        .collect();
    page.push_str("<div class=\"wide\"><table><tr><th>column<th>CPU ratio");
    for (_, name, _) in &shown {
        add(page, &format!("<th>{name}"));
    }
    for outcome in outcomes {
        let ratio = outcome.ratio("cpu_ns_per_op");
        let ratio = ratio.map_or("–".to_owned(), |ratio| format!("×{}", digits(ratio.median)));
        add(page, &format!("\n<tr><td>{}<td>{ratio}", escape(&outcome.column)));
        for (metric, _, unit) in &shown {
            match outcome.summary(metric) {
                Some(summary) => add(page, &format!("<td>{}", show(summary.median, *unit))),
                None => {
                    let why = outcome.why.get(metric).map_or("", String::as_str);
                    add(page, &format!("<td title=\"{}\">–", escape(why)));
                }
            }
        }
    }
    page.push_str("\n</table></div>\n");
}

fn legend(outcomes: &[Outcome]) -> String {
    let mut legend = "<ul class=\"legend\">".to_owned();
    for (index, outcome) in outcomes.iter().enumerate() {
        let (light, dark) = (plots::colour(index, false), plots::colour(index, true));
        let column = escape(&outcome.column);
        add(
            &mut legend,
            &format!("<li><i style=\"background:light-dark({light},{dark})\"></i>{column}"),
        );
    }
    legend.push_str("</ul>\n");
    legend
}

/// The processor, its cores, and the kernel.
fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or("unknown processor", |(_, model)| model.trim());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let today = httpdate::fmt_http_date(std::time::SystemTime::now());
    format!("{model}, {cores} cores, Linux {}, {today}", kernel.trim())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn add(page: &mut String, text: &str) {
    page.write_str(text).expect("writing to a String cannot fail");
}
