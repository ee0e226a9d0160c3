//! Swim lanes: a row for each device, a bar for each time that it was near.

use plotters::style::RGBColor;

use super::super::Look;
use super::super::paper::{Plot, Side, crisp, fit, sheet, time_box, wide};
use super::{Placed, nothing, on_ground, resized};

/// CSS pixels.
pub(crate) const ROW: u32 = 22;
const TOP: f64 = 6.0;
/// With more lanes than this, times stand above them, too.
const FEW: usize = 8;
const TOP_WITH_TIMES: f64 = 22.0;
const MOST_WIDE: f64 = 190.0;
const LEAST: f64 = 2.0;

#[derive(Clone, Debug, Default)]
pub(crate) struct Lanes {
    pub title: String,
    /// Nanoseconds since 1970 UTC.
    pub span: (i64, i64),
    pub lanes: Vec<Lane>,
    pub empty: &'static str,
}

#[derive(Clone, Debug)]
pub(crate) struct Lane {
    /// May come from evidence.
    pub name: String,
    pub colour: RGBColor,
    /// From, to, and how sure it is (0..=1).
    pub bars: Vec<(i64, i64, f64)>,
}

/// As high as its lanes need; the lanes lie one below the other from the box's top, [`ROW`] each.
pub(crate) fn draw(lanes: &Lanes, look: &Look) -> Placed {
    let mut plot: Option<Plot> = None;
    let top = if lanes.lanes.len() > FEW { TOP_WITH_TIMES } else { TOP };
    let height = if lanes.lanes.is_empty() { look.height } else { lanes.lanes.len() as u32 * ROW + top as u32 + 20 };
    let svg = sheet(&resized(look, height), &lanes.title, |paper| {
        if lanes.lanes.is_empty() || lanes.span.0 >= lanes.span.1 {
            return nothing(paper, lanes.empty);
        }
        let widest = lanes.lanes.iter().map(|lane| wide(&lane.name)).fold(60.0, f64::max);
        let margin = widest.min(MOST_WIDE).min(paper.width / 3.0) + 14.0;
        let row = f64::from(ROW);
        for n in (0..lanes.lanes.len()).filter(|n| n % 2 == 1) {
            let y = crisp(top) + n as f64 * row;
            paper.rect(0.0, y, paper.width, row, paper.colours.line, 0.28);
        }
        let drawn = time_box(paper, look, lanes.span, (margin, crisp(top)));
        for (n, lane) in lanes.lanes.iter().enumerate() {
            let y = drawn.top + n as f64 * row;
            let name = fit(&lane.name, margin - 14.0);
            paper.text(margin - 8.0, y + row / 2.0, &name, paper.colours.text, Side::Right);
            let colour = on_ground(lane.colour, look.theme);
            for (from, to, sure) in
                lane.bars.iter().filter(|(from, to, _)| *to >= lanes.span.0 && *from <= lanes.span.1)
            {
                let (left, right) = (drawn.across(drawn.x(*from)), drawn.across(drawn.x(*to)));
                // A moment is seen, at the very end, too.
                let left = left.min(drawn.right - LEAST).max(drawn.left);
                let width = (right - left).max(LEAST).min(drawn.right - left);
                let sure = if sure.is_finite() { sure.clamp(0.0, 1.0) } else { 0.0 };
                // However unsure, it is seen.
                paper.rect(left, y + 4.0, width, row - 8.0, colour, 0.25 + 0.75 * sure);
            }
        }
        plot = Some(drawn);
    });
    Placed::new(svg, plot)
}
