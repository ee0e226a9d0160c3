//! Hour by weekday: how many were near, in cividis, which says the same to every eye.

use plotters::style::RGBColor;

use super::super::Look;
use super::super::paper::{Plot, Side, crisp, figures, sheet, wide};
use super::{Placed, nothing};

#[derive(Clone, Debug, Default)]
pub(crate) struct Heat {
    pub title: String,
    pub unit: String,
    /// Rows of 24 values; none: that hour is not in the time that is looked at.
    pub rows: Vec<(&'static str, [Option<f64>; 24])>,
    pub empty: &'static str,
}

/// The map of Nuñez, Anderton and Renslow (2018), every sixteenth part of it.
const CIVIDIS: [RGBColor; 17] = [
    RGBColor(0, 32, 81),
    RGBColor(1, 43, 101),
    RGBColor(17, 54, 108),
    RGBColor(38, 66, 110),
    RGBColor(60, 77, 110),
    RGBColor(81, 88, 110),
    RGBColor(98, 100, 111),
    RGBColor(114, 112, 113),
    RGBColor(127, 124, 117),
    RGBColor(140, 136, 119),
    RGBColor(154, 148, 120),
    RGBColor(169, 161, 119),
    RGBColor(187, 175, 113),
    RGBColor(206, 189, 104),
    RGBColor(226, 203, 92),
    RGBColor(243, 218, 79),
    RGBColor(253, 234, 69),
];

/// The colour of 0..=1.
pub(crate) fn colour_of_share(share: f64) -> RGBColor {
    let at = share.clamp(0.0, 1.0) * (CIVIDIS.len() - 1) as f64;
    let (low, part) = (at.floor() as usize, at.fract());
    let RGBColor(a, b, c) = CIVIDIS.get(low).copied().unwrap_or_default();
    let RGBColor(x, y, z) = CIVIDIS.get(low + 1).copied().unwrap_or(RGBColor(a, b, c));
    let mix = |one: u8, other: u8| (f64::from(one) + (f64::from(other) - f64::from(one)) * part).round() as u8;
    RGBColor(mix(a, x), mix(b, y), mix(c, z))
}

/// The hours share the box's width evenly, the rows its height.
pub(crate) fn draw(chart: &Heat, look: &Look) -> Placed {
    let mut plot: Option<Plot> = None;
    let svg = sheet(look, &chart.title, |paper| {
        let values = || chart.rows.iter().flat_map(|(_, row)| row).flatten();
        let most = values().copied().fold(0.0, f64::max);
        if most <= 0.0 {
            return nothing(paper, chart.empty);
        }
        let (left, top) = (crisp(40.0), crisp(30.0));
        let (right, bottom) = (crisp((paper.width - 12.0).max(left + 24.0)), crisp(paper.height - 20.0));
        let (wide_each, high_each) = ((right - left) / 24.0, (bottom - top) / chart.rows.len().max(1) as f64);
        scale(paper, &chart.unit, most, right);
        for (n, (name, row)) in chart.rows.iter().enumerate() {
            let y = top + n as f64 * high_each;
            paper.text(left - 8.0, y + high_each / 2.0, name, paper.colours.muted, Side::Right);
            for (hour, value) in row.iter().enumerate() {
                let x = left + hour as f64 * wide_each;
                let (w, h) = ((wide_each - 1.0).max(1.0), (high_each - 1.0).max(1.0));
                match value {
                    Some(value) => paper.rect(x, y, w, h, colour_of_share(value / most), 1.0),
                    // Not looked at, which is not the same as nobody.
                    None => paper.line(
                        &[(x + w * 0.3, y + h / 2.0), (x + w * 0.7, y + h / 2.0)],
                        paper.colours.line_strong,
                        1.0,
                    ),
                }
            }
        }
        let every = if wide_each >= 30.0 {
            1
        } else if wide_each >= 16.0 {
            2
        } else {
            6
        };
        for hour in (0..24).step_by(every) {
            let x = left + (hour as f64 + 0.5) * wide_each;
            paper.text(x, bottom + 12.0, &format!("{hour:02}"), paper.colours.muted, Side::Middle);
        }
        plot = Some(Plot::plain(left, right, top, bottom));
    });
    Placed::new(svg, plot)
}

/// What the colours say, in the corner.
fn scale(paper: &super::super::paper::Paper, unit: &str, most: f64, right: f64) {
    const STEPS: usize = 32;
    const WIDE: f64 = 160.0;
    let (words, y) = (figures(most), 12.0);
    let end = right - wide(&words) - 6.0;
    let start = end - WIDE;
    if start < wide(unit) + 40.0 {
        return paper.text(8.0, y, unit, paper.colours.muted, Side::Left);
    }
    paper.text(8.0, y, unit, paper.colours.muted, Side::Left);
    paper.text(start - 6.0, y, "0", paper.colours.muted, Side::Right);
    for n in 0..STEPS {
        let each = WIDE / STEPS as f64;
        let colour = colour_of_share(n as f64 / (STEPS - 1) as f64);
        // A little wide, so that no ground shows between them.
        paper.rect(start + n as f64 * each, y - 5.0, each + 0.6, 10.0, colour, 1.0);
    }
    paper.text(end + 6.0, y, &words, paper.colours.muted, Side::Left);
}
