//! Counts in steps of time: bars upon each other, and others below the line.

use plotters::style::RGBColor;

use super::super::legend::legend;
use super::super::paper::{Plot, axes_between, sheet};
use super::super::{Look, Unit};
use super::{Placed, nothing, on_ground};

#[derive(Clone, Debug, Default)]
pub(crate) struct Bars {
    pub title: String,
    /// Nanoseconds since 1970 UTC.
    pub span: (i64, i64),
    pub unit: &'static str,
    /// What is counted upwards, then downwards, with its colour.
    pub up: Vec<(&'static str, RGBColor)>,
    pub down: Vec<(&'static str, RGBColor)>,
    pub bars: Vec<Bar>,
    pub empty: &'static str,
}

/// A step of time; its counts in the order of the chart's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bar {
    pub from: i64,
    pub to: i64,
    pub up: Vec<f64>,
    pub down: Vec<f64>,
}

pub(crate) fn draw(chart: &Bars, look: &Look) -> Placed {
    let mut plot: Option<Plot> = None;
    let svg = sheet(look, &chart.title, |paper| {
        let sum = |counts: &[f64]| counts.iter().sum::<f64>();
        let (up, down) = (|bar: &Bar| sum(&bar.up), |bar: &Bar| sum(&bar.down));
        if chart.bars.iter().all(|bar| up(bar) + down(bar) <= 0.0) || chart.span.0 >= chart.span.1 {
            return nothing(paper, chart.empty);
        }
        let series: Vec<_> =
            chart.up.iter().chain(&chart.down).map(|(name, hue)| (*name, on_ground(*hue, look.theme))).collect();
        let names: Vec<&str> = series.iter().map(|(name, _)| *name).collect();
        let hues: Vec<RGBColor> = series.iter().map(|(_, hue)| *hue).collect();
        let top = legend(paper, chart.unit, &names, &hues, 0.0);
        let most = chart.bars.iter().map(up).fold(1.0, f64::max);
        let least = if chart.down.is_empty() { 0.0 } else { -chart.bars.iter().map(down).fold(1.0, f64::max) };
        let drawn = axes_between(paper, look, chart.span, (least, most), Unit::Count(chart.unit), top);
        for bar in &chart.bars {
            let (left, right) = (drawn.across(drawn.x(bar.from)), drawn.across(drawn.x(bar.to)));
            // What is there is seen, at the very end, too.
            let left = left.min(drawn.right - 1.0).max(drawn.left);
            let room = right - left;
            let width = (room - if room > 4.0 { 1.0 } else { 0.0 }).max(1.0).min(drawn.right - left);
            let stack = |counts: &[f64], hues: &[RGBColor], sign: f64| {
                let mut base = 0.0;
                for (count, hue) in counts.iter().zip(hues).filter(|(count, _)| **count > 0.0) {
                    let (a, b) = (drawn.y(sign * base), drawn.y(sign * (base + count)));
                    paper.rect(left, a.min(b), width, (a - b).abs().max(1.0), *hue, 1.0);
                    base += count;
                }
            };
            stack(&bar.up, &hues, 1.0);
            stack(&bar.down, hues.get(chart.up.len()..).unwrap_or_default(), -1.0);
        }
        plot = Some(drawn);
    });
    Placed::new(svg, plot)
}
