//! Signal over time: the mean as a line, from the weakest to the strongest as a band, a colour for each observer.

use super::super::colours::colours;
use super::super::legend::legend;
use super::super::paper::{Plot, axes_between, sheet};
use super::super::{Look, MOST_SERIES, Unit};
use super::{Placed, nothing};

#[derive(Clone, Debug, Default)]
pub(crate) struct Bands {
    pub title: String,
    /// Nanoseconds since 1970 UTC.
    pub span: (i64, i64),
    /// Two points farther apart than this are not joined by a line.
    pub gap: i64,
    /// At most [`MOST_SERIES`] are drawn.
    pub bands: Vec<Band>,
    pub empty: &'static str,
}

#[derive(Clone, Debug)]
pub(crate) struct Band {
    pub name: String,
    /// Time, weakest, mean, strongest; in order of time.
    pub points: Vec<(i64, f64, f64, f64)>,
}

pub(crate) fn draw(chart: &Bands, look: &Look) -> Placed {
    let mut plot: Option<Plot> = None;
    let svg = sheet(look, &chart.title, |paper| {
        let bands = &chart.bands[..chart.bands.len().min(MOST_SERIES)];
        let values = || bands.iter().flat_map(|band| &band.points);
        if values().next().is_none() || chart.span.0 >= chart.span.1 {
            return nothing(paper, chart.empty);
        }
        let names: Vec<&str> = bands.iter().map(|band| band.name.as_str()).collect();
        let hues = colours(&names, &paper.colours);
        let top = legend(paper, "dBm", &names, &hues, 0.0);
        let least = values().map(|(_, weakest, ..)| *weakest).fold(0.0, f64::min);
        let most = values().map(|(.., strongest)| *strongest).fold(f64::MIN, f64::max);
        let drawn =
            axes_between(paper, look, chart.span, (least - 2.0, (most + 2.0).max(least)), Unit::Count("dBm"), top);
        let at = |time: i64| drawn.across(drawn.x(time));
        for (band, hue) in bands.iter().zip(&hues).rev() {
            for part in band.points.chunk_by(|a, b| b.0.saturating_sub(a.0) <= chart.gap) {
                let strongest = part.iter().map(|(time, .., strongest)| (at(*time), drawn.y(*strongest)));
                let weakest = part.iter().rev().map(|(time, weakest, ..)| (at(*time), drawn.y(*weakest)));
                let mean: Vec<(f64, f64)> = part.iter().map(|(time, _, mean, _)| (at(*time), drawn.y(*mean))).collect();
                match (part, mean.as_slice()) {
                    ([(_, low, _, high)], [(x, y)]) => {
                        paper.line(&[(*x, drawn.y(*low)), (*x, drawn.y(*high))], *hue, 1.0);
                        paper.dot(*x, *y, 2.0, *hue);
                    }
                    (_, mean) => {
                        paper.polygon(&strongest.chain(weakest).collect::<Vec<_>>(), *hue, 0.16);
                        paper.line(mean, *hue, 1.5);
                    }
                }
            }
        }
        plot = Some(drawn);
    });
    Placed::new(svg, plot)
}
