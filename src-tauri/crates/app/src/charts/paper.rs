//! What all charts share: the sheet that they are drawn on, its text, its axes.

use plotters::coord::Shift;
use plotters::element::{Drawable, PointCollection};
use plotters::prelude::{Circle, DrawingArea, IntoDrawingArea, PathElement, Polygon, Rectangle, SVGBackend, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontFamily, FontStyle, RGBColor, ShapeStyle};

use super::colours::{Palette, palette};
use super::{Look, Unit, ticks};

/// plotters draws on whole units: they are tenths of a CSS pixel, so that a curve has no steps.
const FINE: f64 = 10.0;
/// CSS pixels.
pub(super) const TEXT: f64 = 11.0;
const LEAST: u32 = 60;
const LARGEST: u32 = 8192;
/// As the page has it; in an image only what the system has is there.
const FONTS: &str =
    "'Segoe UI', -apple-system, BlinkMacSystemFont, Inter, 'Noto Sans', Cantarell, Ubuntu, system-ui, sans-serif";

/// A sheet; places on it are in CSS pixels.
pub(super) struct Paper<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
    pub colours: Palette,
    pub width: f64,
    pub height: f64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Middle,
    Right,
}

/// What `pen` draws, as an SVG that says `title` to those who don't see it.
pub(super) fn sheet(look: &Look, title: &str, pen: impl FnOnce(&Paper)) -> String {
    let (width, height) = (look.width.clamp(LEAST, LARGEST), look.height.clamp(LEAST, LARGEST));
    let units = |pixels: u32| pixels * FINE as u32;
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (units(width), units(height))).into_drawing_area();
        let colours = palette(look.theme);
        let paper = Paper { area, colours, width: f64::from(width), height: f64::from(height) };
        paper.rect(0.0, 0.0, paper.width, paper.height, colours.panel, 1.0);
        pen(&paper);
        paper.area.present().ok();
    }
    // In plotters' own tag its units would be pixels; fonts and opacity stand once for all.
    let body = svg.split_once('\n').map_or("", |(_, body)| body);
    let body =
        body.replace(" font-family=\"sans-serif\"", "").replace(" opacity=\"1\"", "").replace("\n</text>", "</text>");
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {} {}\" role=\"img\" \
         font-family=\"{FONTS}\" font-variant=\"tabular-nums\" stroke-linejoin=\"round\" stroke-linecap=\"round\">\n<title>{}</title>\n{body}",
        units(width),
        units(height),
        escape(&clean(title)),
    )
}

impl<'a> Paper<'a> {
    pub fn line(&self, points: &[(f64, f64)], colour: RGBColor, width: f64) {
        let style = ShapeStyle { color: colour.to_rgba(), filled: false, stroke_width: (width * FINE) as u32 };
        self.put(&PathElement::new(points.iter().map(|point| fine(*point)).collect::<Vec<_>>(), style));
    }

    pub fn polygon(&self, points: &[(f64, f64)], colour: RGBColor, opacity: f64) {
        self.put(&Polygon::new(points.iter().map(|point| fine(*point)).collect::<Vec<_>>(), colour.mix(opacity)));
    }

    pub fn rect(&self, x: f64, y: f64, width: f64, height: f64, colour: RGBColor, opacity: f64) {
        let corners = [fine((x, y)), fine((x + width.max(0.0), y + height.max(0.0)))];
        self.put(&Rectangle::new(corners, colour.mix(opacity).filled()));
    }

    pub fn dot(&self, x: f64, y: f64, radius: f64, colour: RGBColor) {
        self.put(&Circle::new(fine((x, y)), (radius * FINE) as i32, colour.filled()));
    }

    /// One line, its middle at `y`.
    pub fn text(&self, x: f64, y: f64, text: &str, colour: RGBColor, side: Side) {
        let side = match side {
            Side::Left => HPos::Left,
            Side::Middle => HPos::Center,
            Side::Right => HPos::Right,
        };
        // plotters gives the size that it is asked for by 1.24.
        let font = plotters::style::FontDesc::new(FontFamily::SansSerif, TEXT * FINE * 1.24, FontStyle::Normal);
        self.put(&Text::new(clean(text), fine((x, y)), font.color(&colour).pos(Pos::new(side, VPos::Center))));
    }

    /// Writing to a string does not fail.
    fn put<E>(&self, element: &E)
    where
        for<'b> &'b E: PointCollection<'b, (i32, i32)>,
        E: Drawable<SVGBackend<'a>>,
    {
        self.area.draw(element).ok();
    }
}

fn fine((x, y): (f64, f64)) -> (i32, i32) {
    let unit = |pixels: f64| (pixels * FINE).round().clamp(-1e6, 1e6) as i32;
    (unit(x), unit(y))
}

/// The middle of a pixel, where a thin line is sharp.
pub(super) fn crisp(pixels: f64) -> f64 {
    pixels.floor() + 0.5
}

/// About how wide text is, rather too wide than too narrow: which font draws it is not known here.
pub(super) fn wide(text: &str) -> f64 {
    let share = |c: char| match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.36,
        ' ' | '\u{202f}' | '(' | ')' | '[' | ']' | '/' | 'f' | 't' | 'r' => 0.4,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.98,
        'A'..='Z' => 0.76,
        '+' | '−' | '=' | '<' | '>' => 0.86,
        '\0'..='\u{2e7f}' => 0.64,
        _ => 1.05,
    };
    text.chars().map(share).sum::<f64>() * TEXT
}

/// As much of a text as there is room for.
pub(super) fn fit(text: &str, room: f64) -> String {
    let text = clean(text);
    if wide(&text) <= room {
        return text;
    }
    let mut kept = String::new();
    for c in text.chars() {
        if wide(&kept) + wide(&c.to_string()) + wide("…") > room {
            break;
        }
        kept.push(c);
    }
    kept + "…"
}

/// Text as it may stand in an image: what XML forbids, and what turns the direction of writing round, stands as `\u{fffd}`.
pub(super) fn clean(text: &str) -> String {
    const MOST: usize = 200;
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let forbidden =
        |c: char| c.is_control() || turns(c) || matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{2028}' | '\u{2029}');
    text.chars().take(MOST).map(|c| if forbidden(c) { '\u{fffd}' } else { c }).collect()
}

/// For what plotters doesn't write.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Where time and values go: a box on the paper, its axes drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plot {
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
    from: i64,
    to: i64,
    least: f64,
    most: f64,
}

impl Plot {
    /// A box without time or values.
    pub fn plain(left: f64, right: f64, top: f64, bottom: f64) -> Plot {
        Plot { left, right, top, bottom, from: 0, to: 1, least: 0.0, most: 1.0 }
    }

    /// Where a time lies; far outside where it is outside.
    pub fn x(&self, at: i64) -> f64 {
        let span = (i128::from(self.to) - i128::from(self.from)).max(1) as f64;
        self.left + (i128::from(at) - i128::from(self.from)) as f64 / span * (self.right - self.left)
    }

    pub fn y(&self, value: f64) -> f64 {
        self.bottom - (value - self.least) / (self.most - self.least) * (self.bottom - self.top)
    }

    pub fn holds(&self, at: i64) -> bool {
        (self.from..=self.to).contains(&at)
    }

    /// The nearest place in the box.
    pub fn across(&self, x: f64) -> f64 {
        x.clamp(self.left, self.right)
    }
}

/// The grid with its words: values up to `most` on the left, the zone's time below, the zone in the corner. `top` is where the box begins.
pub(super) fn axes(paper: &Paper, look: &Look, span: (i64, i64), most: f64, unit: Unit, top: f64) -> Plot {
    axes_between(paper, look, span, (0.0, most), unit, top)
}

/// The same with values from `least`, which may be below zero; where there is a zero, its line is the strong one.
pub(super) fn axes_between(
    paper: &Paper,
    look: &Look,
    (from, to): (i64, i64),
    (least, most): (f64, f64),
    unit: Unit,
    top: f64,
) -> Plot {
    let Palette { line, line_strong, muted, .. } = paper.colours;
    let bottom = crisp(paper.height - 20.0);
    let scale = scale(unit, most);
    let step = ticks::value_step((most - least) / scale.by, ((bottom - top) / 30.0) as usize);
    let first = (least / scale.by / step).floor();
    let steps = (most / scale.by / step - first).ceil().clamp(1.0, 1_000.0) as usize;
    let value = |n: usize| (first + n as f64) * step;
    let label = |value: f64| if value < 0.0 { format!("−{}", figures(-value)) } else { figures(value) };
    let labels: Vec<String> = (0..=steps).map(|n| label(value(n))).collect();

    let corner = ticks::offset_text(&look.zone, from, to);
    let margin = labels.iter().map(|label| wide(label)).chain([wide(&corner)]).fold(0.0, f64::max) + 10.0;
    let told = margin < paper.width / 2.0; // else there is room for the drawing alone
    let left = crisp(if told { margin } else { 4.0 });
    let right = crisp((paper.width - 12.0).max(left + 1.0));
    let (least, most) = (value(0) * scale.by, value(steps) * scale.by);
    let plot = Plot { left, right, top, bottom, from, to, least, most };

    let strong = if least < 0.0 && most >= 0.0 { 0.0 } else { least };
    for (n, label) in labels.iter().enumerate() {
        let y = crisp(plot.y(value(n) * scale.by));
        paper.line(&[(left, y), (right, y)], if value(n) * scale.by == strong { line_strong } else { line }, 1.0);
        if told {
            paper.text(left - 6.0, y, label, muted, Side::Right);
        }
    }
    if told {
        paper.text(left - 6.0, bottom + 12.0, &corner, muted, Side::Right);
    }
    time_axis(paper, look, &plot, &[bottom + 12.0]);
    plot
}

/// A box whose rows are no values: the margin on the left belongs to whoever draws them. Times stand below, and above where there is room.
pub(super) fn time_box(paper: &Paper, look: &Look, (from, to): (i64, i64), (left, top): (f64, f64)) -> Plot {
    let (left, bottom) = (crisp(left), crisp(paper.height - 20.0));
    let right = crisp((paper.width - 12.0).max(left + 1.0));
    let plot = Plot { left, right, top, bottom, from, to, least: 0.0, most: 1.0 };
    paper.line(&[(left, bottom), (right, bottom)], paper.colours.line_strong, 1.0);
    let corner = ticks::offset_text(&look.zone, from, to);
    let beside: &[f64] = if top >= 20.0 { &[top - 10.0, bottom + 12.0] } else { &[bottom + 12.0] };
    if wide(&corner) + 10.0 < left {
        beside.iter().for_each(|y| paper.text(left - 8.0, *y, &corner, paper.colours.muted, Side::Right));
    }
    time_axis(paper, look, &plot, beside);
    plot
}

/// Lines at round times, and their words at each of the heights.
fn time_axis(paper: &Paper, look: &Look, plot: &Plot, words: &[f64]) {
    let Palette { line, line_strong, text, muted, .. } = paper.colours;
    let Plot { left, right, top, bottom, from, to, .. } = *plot;
    let mut free = left - 2.0;
    for tick in ticks::times(&look.zone, from, to, ((right - left) / 84.0) as usize) {
        let x = crisp(plot.x(tick.at));
        paper.line(&[(x, top), (x, bottom)], if tick.major { line_strong } else { line }, 1.0);
        let half = wide(&tick.text) / 2.0;
        if x - half >= free && x + half <= paper.width {
            let colour = if tick.major { text } else { muted };
            words.iter().for_each(|y| paper.text(x, *y, &tick.text, colour, Side::Middle));
            free = x + half + 8.0;
        }
    }
}

/// In which unit an axis counts.
pub(super) struct Scale {
    pub by: f64,
    pub name: String,
}

pub(super) fn scale(unit: Unit, most: f64) -> Scale {
    let (suffix, names) = match unit {
        Unit::Count(name) => return Scale { by: 1.0, name: name.into() },
        Unit::BytesPerSecond => ("/s", BYTES),
    };
    let thousands = (0..names.len() - 1).take_while(|n| most >= 1000_f64.powi(*n as i32 + 1)).count();
    Scale { by: 1000_f64.powi(thousands as i32), name: format!("{}{suffix}", names[thousands]) }
}

const BYTES: &[&str] = &["B", "kB", "MB", "GB", "TB", "PB"];

/// `12 481`, in groups of three; two digits after the point at most.
pub(super) fn figures(value: f64) -> String {
    let text = format!("{value:.2}");
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let mut out = String::new();
    for (n, digit) in whole.chars().enumerate() {
        if n > 0 && (whole.len() - n).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    match rest.trim_end_matches('0') {
        "" => out,
        rest => format!("{out}.{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_come_in_groups() {
        let shown: Vec<String> = [0.0, 7.0, 1234.0, 1e6, 2.5, 0.25, 2.999].into_iter().map(figures).collect();
        assert_eq!(shown.join(" | ").replace('\u{202f}', "_"), "0 | 7 | 1_234 | 1_000_000 | 2.5 | 0.25 | 3");
    }

    #[test]
    fn bytes_are_counted_in_si() {
        for (most, name) in [(0.0, "B/s"), (999.0, "B/s"), (1000.0, "kB/s"), (2.5e6, "MB/s"), (1e30, "PB/s")] {
            assert_eq!(scale(Unit::BytesPerSecond, most).name, name);
        }
        assert_eq!(scale(Unit::BytesPerSecond, 1e9).name, "GB/s");
        assert_eq!(scale(Unit::Count("packets/s"), 1e9).name, "packets/s");
    }

    #[test]
    fn text_fits_or_is_cut() {
        assert_eq!(fit("lamp", 100.0), "lamp");
        let cut = fit("a very long name of a device in the hall", 100.0);
        assert!(cut.ends_with('…') && wide(&cut) <= 100.0, "{cut}");
        assert_eq!(clean("a\0b\u{202e}c\nd"), "a\u{fffd}b\u{fffd}c\u{fffd}d");
        assert_eq!(clean(&"x".repeat(9999)).len(), 200);
    }
}
