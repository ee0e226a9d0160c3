//! How many of each class: bars beside each other, each with its number on top, and below where it begins.

use plotters::style::RGBColor;

use super::super::Look;
use super::super::legend::legend;
use super::super::paper::{Plot, Side, crisp, figures, fit, sheet, wide};
use super::super::ticks::value_step;
use super::{Placed, nothing, on_ground};

#[derive(Clone, Debug, Default)]
pub(crate) struct Classes {
    pub title: String,
    pub unit: &'static str,
    pub series: Vec<(&'static str, RGBColor)>,
    pub classes: Vec<Class>,
    pub empty: &'static str,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Class {
    /// Where it begins.
    pub from: String,
    /// In the order of the series.
    pub counts: Vec<f64>,
}

/// The classes share the box's width evenly.
pub(crate) fn draw(chart: &Classes, look: &Look) -> Placed {
    let mut plot: Option<Plot> = None;
    let svg = sheet(look, &chart.title, |paper| {
        let most = chart.classes.iter().map(|class| class.counts.iter().sum::<f64>()).fold(0.0, f64::max);
        if most <= 0.0 {
            return nothing(paper, chart.empty);
        }
        let names: Vec<&str> = chart.series.iter().map(|(name, _)| *name).collect();
        let hues: Vec<RGBColor> = chart.series.iter().map(|(_, hue)| on_ground(*hue, look.theme)).collect();
        let top = legend(paper, chart.unit, &names, &hues, 0.0) + 10.0;
        let bottom = crisp(paper.height - 20.0);
        let step = value_step(most, ((bottom - top) / 30.0) as usize);
        let steps = (most / step).ceil().max(1.0) as usize;
        let left = crisp(wide(&figures(steps as f64 * step)) + 12.0);
        let right = crisp((paper.width - 12.0).max(left + 1.0));
        let y = |count: f64| bottom - count / (steps as f64 * step) * (bottom - top);
        for n in 0..=steps {
            let at = crisp(y(n as f64 * step));
            let line = if n == 0 { paper.colours.line_strong } else { paper.colours.line };
            paper.line(&[(left, at), (right, at)], line, 1.0);
            paper.text(left - 6.0, at, &figures(n as f64 * step), paper.colours.muted, Side::Right);
        }
        let each = (right - left) / chart.classes.len().max(1) as f64;
        for (n, class) in chart.classes.iter().enumerate() {
            let x = left + n as f64 * each;
            let mut base = 0.0;
            for (count, hue) in class.counts.iter().zip(&hues).filter(|(count, _)| **count > 0.0) {
                let (low, high) = (y(base), y(base + count));
                paper.rect(x + each * 0.12, high.min(low - 1.0), each * 0.76, (low - high).max(1.0), *hue, 1.0);
                base += count;
            }
            if base > 0.0 {
                paper.text(x + each / 2.0, y(base) - 8.0, &figures(base), paper.colours.text, Side::Middle);
            }
            paper.line(&[(x, bottom), (x, bottom + 4.0)], paper.colours.line_strong, 1.0);
            paper.text(x, bottom + 12.0, &fit(&class.from, each - 2.0), paper.colours.muted, Side::Middle);
        }
        plot = Some(Plot::plain(left, right, top, bottom));
    });
    Placed::new(svg, plot)
}
