//! What a chart's colours mean, above it.

use plotters::style::RGBColor;

use super::paper::{Paper, Side, crisp, figures, fit, wide};

/// What stands before a word of the legend.
#[derive(Clone, Copy)]
enum Sign {
    None,
    Lost,
    Colour(RGBColor),
}

/// The unit, what was dropped and what the colours mean, in at most two lines; returns where the box may begin.
pub(super) fn legend(paper: &Paper, unit: &str, names: &[&str], hues: &[RGBColor], dropped: f64) -> f64 {
    const LINE: f64 = 18.0;
    const MOST_WIDE: f64 = 170.0;
    const SIGN: f64 = 14.0;
    let mut words: Vec<(Sign, String)> = Vec::new();
    if dropped > 0.0 {
        words.push((Sign::Lost, format!("{} dropped", figures(dropped))));
    }
    words.extend(
        names
            .iter()
            .zip(hues)
            .filter(|(name, _)| !name.is_empty())
            .map(|(name, hue)| (Sign::Colour(*hue), fit(name, MOST_WIDE.min(paper.width - 40.0)))),
    );
    if !unit.is_empty() {
        words.insert(0, (Sign::None, unit.to_owned()));
    }

    let last = if paper.height > 130.0 { 10.0 + LINE } else { 10.0 };
    let (mut x, mut y) = (8.0, 10.0);
    for (n, (sign, text)) in words.iter().enumerate() {
        let before = if matches!(sign, Sign::None) { 0.0 } else { SIGN };
        let fits = |x: f64, y: f64| {
            // On the last line, room stays to say how many more there are.
            let rest = if y >= last && n + 1 < words.len() { 12.0 + wide("+99") } else { 0.0 };
            x + before + wide(text) + rest <= paper.width - 4.0
        };
        if !fits(x, y) && x > 8.0 && y < last {
            (x, y) = (8.0, y + LINE);
        }
        if !fits(x, y) {
            paper.text(x, y, &format!("+{}", words.len() - n), paper.colours.muted, Side::Left);
            break;
        }
        let colour = match sign {
            Sign::None => paper.colours.muted,
            Sign::Lost => {
                paper.polygon(&[(x, y + 4.0), (x + 9.0, y + 4.0), (x + 4.5, y - 4.5)], paper.colours.bad, 1.0);
                paper.colours.bad
            }
            Sign::Colour(hue) => {
                paper.rect(x, y - 4.5, 9.0, 9.0, paper.colours.muted, 1.0);
                paper.rect(x + 0.6, y - 3.9, 7.8, 7.8, *hue, 1.0);
                paper.colours.text
            }
        };
        paper.text(x + before, y, text, colour, Side::Left);
        x += before + wide(text) + 16.0;
    }
    crisp(y + LINE)
}
