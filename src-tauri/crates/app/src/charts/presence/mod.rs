//! Charts of presence: who was near when, how many, how loud, how long. Each gives its SVG and where in it the figures lie.

mod band;
mod bars;
mod classes;
mod heat;
mod lanes;
#[cfg(test)]
mod tests;

use plotters::style::RGBColor;

pub(crate) use band::{Band, Bands, draw as draw_bands};
pub(crate) use bars::{Bar, Bars, draw as draw_bars};
pub(crate) use classes::{Class, Classes, draw as draw_classes};
pub(crate) use heat::{Heat, draw as draw_heat};
pub(crate) use lanes::{Lane, Lanes, ROW, draw as draw_lanes};

use super::paper::{Paper, Plot, Side, fit};
use super::{Look, Theme};

/// A chart, drawn, and the box in it that the axes go along, in CSS pixels.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Placed {
    pub svg: String,
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
}

impl Placed {
    fn new(svg: String, plot: Option<Plot>) -> Placed {
        let (left, right, top, bottom) = plot.map_or((0.0, 0.0, 0.0, 0.0), |p| (p.left, p.right, p.top, p.bottom));
        Placed { svg, left, right, top, bottom }
    }
}

/// Okabe-Ito: addresses that stay, and addresses that are made up; arrivals, and departures.
pub(crate) const STAYING: RGBColor = RGBColor(0x00, 0x72, 0xb2);
pub(crate) const MADE_UP: RGBColor = RGBColor(0xe6, 0x9f, 0x00);
pub(crate) const ARRIVING: RGBColor = RGBColor(0x00, 0x9e, 0x73);
pub(crate) const LEAVING: RGBColor = RGBColor(0xd5, 0x5e, 0x00);

/// Blue is too dark on the dark ground: there it is the sky blue of the same palette.
fn on_ground(colour: RGBColor, theme: Theme) -> RGBColor {
    match theme {
        Theme::Dark if colour == STAYING => RGBColor(0x56, 0xb4, 0xe9),
        _ => colour,
    }
}

/// The one sentence of a chart without figures.
fn nothing(paper: &Paper, sentence: &str) {
    let text = fit(sentence, paper.width - 16.0);
    paper.text(paper.width / 2.0, paper.height / 2.0, &text, paper.colours.muted, Side::Middle);
}

/// The same chart in a window of any size: what all of them are asked for.
fn resized(look: &Look, height: u32) -> Look {
    Look { height, ..look.clone() }
}
