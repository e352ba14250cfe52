//! The plots of the page: SVG, drawn with plotters in pixels, coloured by the page's style sheet.
//!
//! Colours are written as the constants below and given their real values, for light and for dark,
//! by rules on the attributes (see [`style`]): so one picture serves both.

use plotters::backend::SVGBackend;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoFont, RGBColor, ShapeStyle, TextStyle};

use super::units::{Unit, digits, show};
use crate::measure::Case;
use crate::measure::result::Outcome;
use crate::measure::stats::Summary;

/// Text and whiskers; lines in the background. No plot has these as colours of its own.
const INK: RGBColor = RGBColor(1, 2, 3);
const GRID: RGBColor = RGBColor(4, 5, 6);

/// Columns by place: as drawn, in light, in dark. The first is ours, and stands out.
const SERIES: [(RGBColor, &str, &str); 8] = [
    (RGBColor(10, 0, 1), "#c2410c", "#fb923c"),
    (RGBColor(10, 0, 2), "#1d4ed8", "#60a5fa"),
    (RGBColor(10, 0, 3), "#7c3aed", "#c4a5ff"),
    (RGBColor(10, 0, 4), "#0f766e", "#2dd4bf"),
    (RGBColor(10, 0, 5), "#6b7280", "#9ca3af"),
    (RGBColor(10, 0, 6), "#a16207", "#facc15"),
    (RGBColor(10, 0, 7), "#be185d", "#f472b6"),
    (RGBColor(10, 0, 8), "#3f6212", "#a3e635"),
];

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

/// The style sheet's part about plots.
pub(super) fn style() -> String {
    let rules = |dark: bool| {
        let mut rules = String::new();
        let mut rule = |drawn: RGBColor, colour: &str| {
            let RGBColor(r, g, b) = drawn;
            for attribute in ["fill", "stroke"] {
                let drawn = format!("#{r:02X}{g:02X}{b:02X}");
                rules.push_str(&format!("svg [{attribute}=\"{drawn}\"]{{{attribute}:{colour}}}"));
            }
        };
        rule(INK, if dark { "#e5e7eb" } else { "#1f2937" });
        rule(GRID, if dark { "#374151" } else { "#e5e7eb" });
        for (drawn, light, night) in SERIES {
            rule(drawn, if dark { night } else { light });
        }
        rules
    };
    format!("{}@media(prefers-color-scheme:dark){{{}}}", rules(false), rules(true))
}

/// The colour of a column, for the page's legend.
pub(super) fn colour(index: usize, dark: bool) -> &'static str {
    let (_, light, night) = SERIES[index % SERIES.len()];
    if dark { night } else { light }
}

fn series(index: usize) -> ShapeStyle {
    SERIES[index % SERIES.len()].0.filled()
}

fn text(x: HPos, size: i32) -> TextStyle<'static> {
    ("system-ui, sans-serif", size).into_font().color(&INK).pos(Pos::new(x, VPos::Center))
}

/// From numbers to pixels.
#[derive(Clone, Copy)]
struct Scale {
    low: f64,
    high: f64,
    logarithmic: bool,
    left: i32,
    right: i32,
}

impl Scale {
    fn x(self, number: f64) -> i32 {
        let map = |number: f64| if self.logarithmic { number.max(1e-12).ln() } else { number };
        let part = (map(number) - map(self.low)) / (map(self.high) - map(self.low));
        self.left + (part.clamp(0.0, 1.0) * f64::from(self.right - self.left)).round() as i32
    }
}

fn draw(width: u32, height: u32, plot: impl FnOnce(&Area<'_>) -> Drawn) -> std::io::Result<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
        plot(&area).map_err(|error| std::io::Error::other(error.to_string()))?;
        area.present().map_err(|error| std::io::Error::other(error.to_string()))?;
    }
    Ok(svg)
}

/// All cases in one picture: the CPU time of each column against the first, on a logarithmic scale.
pub(super) fn overview(results: &[&(Case, Vec<Outcome>)]) -> std::io::Result<String> {
    const ROW: i32 = 26;
    const LABELS: i32 = 190;
    let ratios = || {
        let outcomes = results.iter().flat_map(|(_, outcomes)| outcomes);
        outcomes.filter_map(|outcome| Some(outcome.ratio("cpu_ns_per_op")?.median))
    };
    let low = ratios().fold(0.5, f64::min).max(1.0 / 64.0) / 1.2;
    let high = ratios().fold(2.0, f64::max).min(64.0) * 1.2;
    let scale = Scale { low, high, logarithmic: true, left: LABELS, right: 920 };
    let height = results.len() as i32 * ROW + 40;
    draw(940, height as u32, |area| {
        for exponent in -6..=6 {
            let ratio = 2f64.powi(exponent);
            if ratio < low || ratio > high {
                continue;
            }
            let (x, ink) = (scale.x(ratio), if exponent == 0 { INK } else { GRID });
            line(area, ink, (x, 8), (x, height - 30))?;
            put(area, &format!("×{}", digits(ratio)), (x, height - 16), text(HPos::Center, 12))?;
        }
        for (row, (case, outcomes)) in results.iter().enumerate() {
            let y = row as i32 * ROW + ROW / 2 + 6;
            put(area, &case.title(), (LABELS - 14, y), text(HPos::Right, 13))?;
            line(area, GRID, (LABELS, y), (scale.right, y))?;
            for (index, outcome) in outcomes.iter().enumerate().rev() {
                let Some(ratio) = outcome.ratio("cpu_ns_per_op") else { continue };
                area.draw(&Circle::new((scale.x(ratio.median), y), 5, series(index)))?;
            }
        }
        Ok(())
    })
}

/// One metric of one case: a bar per column, with a whisker from the least to the greatest round.
pub(super) fn bars(
    outcomes: &[Outcome],
    metric: &str,
    title: &str,
    unit: Unit,
) -> std::io::Result<String> {
    let greatest = outcomes.iter().filter_map(|outcome| Some(outcome.summary(metric)?.max));
    let high = greatest.fold(0.0, f64::max).max(1e-9);
    let scale = Scale { low: 0.0, high, logarithmic: false, left: 150, right: 320 };
    rows(outcomes, title, |area, index, y| {
        let Some(Summary { median, min, max, .. }) = outcomes[index].summary(metric).copied()
        else {
            return put(area, "not measured", (scale.left + 4, y), text(HPos::Left, 12));
        };
        let corners = [(scale.left, y - 7), (scale.x(median).max(scale.left + 1), y + 7)];
        area.draw(&Rectangle::new(corners, series(index)))?;
        if min < max {
            line(area, INK, (scale.x(min), y), (scale.x(max), y))?;
        }
        put(area, &show(median, unit), (scale.x(max) + 8, y), text(HPos::Left, 12))
    })
}

/// Latencies of one case: from the median to the 99th percentile, on a logarithmic scale.
pub(super) fn latencies(outcomes: &[Outcome], title: &str) -> std::io::Result<String> {
    let both = |outcome: &Outcome| {
        Some((outcome.summary("p50_ns")?.median, outcome.summary("p99_ns")?.median))
    };
    let low = outcomes.iter().filter_map(both).fold(f64::INFINITY, |low, (p50, _)| low.min(p50));
    let high = outcomes.iter().filter_map(both).fold(0.0, |high: f64, (_, p99)| high.max(p99));
    let (low, high) = (low / 1.5, high * 1.1);
    let scale = Scale { low, high, logarithmic: true, left: 150, right: 280 };
    rows(outcomes, title, |area, index, y| {
        let Some((p50, p99)) = both(&outcomes[index]) else {
            return put(area, "not measured", (scale.left + 4, y), text(HPos::Left, 12));
        };
        area.draw(&Rectangle::new([(scale.x(p50), y - 2), (scale.x(p99), y + 2)], series(index)))?;
        area.draw(&Circle::new((scale.x(p50), y), 6, series(index)))?;
        area.draw(&Circle::new((scale.x(p99), y), 4, series(index)))?;
        let label = format!("{} … {}", show(p50, Unit::Nanoseconds), show(p99, Unit::Nanoseconds));
        put(area, &label, (scale.x(p99) + 10, y), text(HPos::Left, 12))
    })
}

/// A title and a row per column.
fn rows(
    outcomes: &[Outcome],
    title: &str,
    mut row: impl FnMut(&Area<'_>, usize, i32) -> Drawn,
) -> std::io::Result<String> {
    const ROW: i32 = 24;
    let height = outcomes.len() as i32 * ROW + 36;
    draw(400, height as u32, |area| {
        put(area, title, (0, 12), text(HPos::Left, 13))?;
        for (index, outcome) in outcomes.iter().enumerate() {
            let y = 28 + index as i32 * ROW + ROW / 2;
            put(area, &outcome.column, (140, y), text(HPos::Right, 12))?;
            row(area, index, y)?;
        }
        Ok(())
    })
}

fn line(area: &Area<'_>, colour: RGBColor, from: (i32, i32), to: (i32, i32)) -> Drawn {
    Ok(area.draw(&PathElement::new([from, to], colour.stroke_width(1)))?)
}

fn put(area: &Area<'_>, words: &str, at: (i32, i32), style: TextStyle<'_>) -> Drawn {
    let drawn: Result<_, DrawingAreaErrorKind<_>> = area.draw(&Text::new(words, at, style));
    Ok(drawn?)
}
