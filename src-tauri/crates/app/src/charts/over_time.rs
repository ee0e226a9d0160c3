//! Values over time: lines, areas, stacks; what was dropped in red, bookmarks as flags.

use std::collections::BTreeMap;

use plotters::style::RGBColor;

use super::colours::colours;
use super::legend::legend;
use super::paper::{Paper, Plot, Side, TEXT, axes, crisp, fit, scale, sheet, wide};
use super::{Chart, Look, MOST_SERIES, Shape};

/// Of each time, the values of all series upon each other or beside each other.
type Values = BTreeMap<i64, Vec<Option<f64>>>;

/// The chart as SVG.
pub(crate) fn draw(chart: &Chart, look: &Look) -> String {
    sheet(look, &chart.title, |paper| on(paper, chart, look))
}

fn on(paper: &Paper, chart: &Chart, look: &Look) {
    let series = &chart.series[..chart.series.len().min(MOST_SERIES)];
    let names: Vec<&str> = series.iter().map(|one| one.name.as_str()).collect();
    let hues = colours(&names, &paper.colours);
    let stacked = matches!(chart.shape, Shape::StackedAreas | Shape::StackedBars);

    let values = gather(chart, series.len());
    let Some(((first, _), (last, _))) = values.first_key_value().zip(values.last_key_value()) else {
        return paper.text(
            paper.width / 2.0,
            paper.height / 2.0,
            &fit(chart.empty, paper.width - 16.0),
            paper.colours.muted,
            Side::Middle,
        );
    };
    let step = values.keys().zip(values.keys().skip(1)).map(|(a, b)| b.saturating_sub(*a)).min().unwrap_or(SECOND);
    let span = chart.span.filter(|(from, to)| from < to).unwrap_or_else(|| around(*first, *last, step, chart.shape));
    let total = |row: &Vec<Option<f64>>| {
        let each = row.iter().flatten();
        if stacked { each.sum::<f64>() } else { each.fold(0.0, |most: f64, one| most.max(*one)) }
    };
    let most = values.range(span.0..=span.1).map(|(_, row)| total(row)).fold(1.0, f64::max);

    let dropped: f64 = chart.drops.iter().map(|(_, count)| count.max(0.0)).filter(|count| count.is_finite()).sum();
    let top = legend(paper, &scale(chart.unit, most).name, &names, &hues, dropped);
    let plot = axes(paper, look, span, most, chart.unit, top);
    let values = thinned(values, &plot, total);

    drops(paper, &plot, chart, step);
    match chart.shape {
        Shape::StackedBars => bars(paper, &plot, &values, &hues, step),
        Shape::StackedAreas => stack(paper, &plot, &values, &hues),
        shape => lines(paper, &plot, &values, &hues, shape == Shape::Areas),
    }
    // What is beyond the axis was drawn beyond the box: no farther than one value.
    paper.rect(plot.right + 1.0, 0.0, paper.width - plot.right - 1.0, plot.bottom + 2.0, paper.colours.panel, 1.0);
    marks(paper, &plot, chart);
}

const SECOND: i64 = 1_000_000_000;

/// From the first value to the last; to the end of the last bar; half a minute around a single one.
fn around(first: i64, last: i64, step: i64, shape: Shape) -> (i64, i64) {
    match shape {
        Shape::StackedBars => (first, last.saturating_add(step.max(1))),
        _ if first == last => (first.saturating_sub(30 * SECOND), last.saturating_add(30 * SECOND)),
        _ => (first, last),
    }
}

fn gather(chart: &Chart, count: usize) -> Values {
    let mut values = Values::new();
    let (from, to) = chart.span.filter(|(from, to)| from < to).unwrap_or((i64::MIN, i64::MAX));
    for (n, one) in chart.series.iter().take(count).enumerate() {
        for (at, value) in one.points.iter().filter(|(at, value)| value.is_finite() && (from..=to).contains(at)) {
            values.entry(*at).or_insert_with(|| vec![None; count])[n] = Some(value.clamp(0.0, 1e18));
        }
    }
    values
}

/// No more times than there are pixels: of those that fall on one, the one with most.
fn thinned(values: Values, plot: &Plot, total: impl Fn(&Vec<Option<f64>>) -> f64) -> Values {
    if (values.len() as f64) < plot.right - plot.left {
        return values;
    }
    let mut kept: BTreeMap<i64, (i64, Vec<Option<f64>>)> = BTreeMap::new();
    for (at, row) in values {
        let pixel = plot.x(at) as i64;
        match kept.get(&pixel) {
            Some((_, other)) if total(other) >= total(&row) => {}
            _ => drop(kept.insert(pixel, (at, row))),
        }
    }
    kept.into_values().collect()
}

fn lines(paper: &Paper, plot: &Plot, values: &Values, hues: &[RGBColor], filled: bool) {
    for (n, hue) in hues.iter().enumerate().rev() {
        let points: Vec<(f64, f64)> =
            values.iter().filter_map(|(at, row)| row[n].map(|value| (plot.x(*at), plot.y(value)))).collect();
        let (Some(first), Some(last)) = (points.first(), points.last()) else { continue };
        if filled {
            let ground = [(last.0, plot.bottom), (first.0, plot.bottom)];
            paper.polygon(&points.iter().copied().chain(ground).collect::<Vec<_>>(), *hue, 0.18);
        }
        match points.as_slice() {
            [(x, y)] => paper.dot(*x, *y, 3.0, *hue),
            points => paper.line(points, *hue, 1.5),
        }
    }
}

fn stack(paper: &Paper, plot: &Plot, values: &Values, hues: &[RGBColor]) {
    if values.len() == 1 {
        return bars(paper, plot, values, hues, SECOND);
    }
    let mut base: Vec<f64> = vec![0.0; values.len()];
    for (n, hue) in hues.iter().enumerate() {
        let below = base.clone();
        for (sum, row) in base.iter_mut().zip(values.values()) {
            *sum += row[n].unwrap_or(0.0);
        }
        if base == below {
            continue;
        }
        let edge = |sums: &[f64]| -> Vec<(f64, f64)> {
            values.keys().zip(sums).map(|(at, sum)| (plot.x(*at), plot.y(*sum))).collect()
        };
        let (above, mut under) = (edge(&base), edge(&below));
        under.reverse();
        paper.polygon(&above.iter().copied().chain(under).collect::<Vec<_>>(), *hue, 1.0);
        paper.line(&above, paper.colours.panel, 0.8);
    }
}

fn bars(paper: &Paper, plot: &Plot, values: &Values, hues: &[RGBColor], step: i64) {
    for (at, row) in values {
        let left = plot.x(*at);
        let room = plot.x(at.saturating_add(step)) - left;
        let width = (room - if room > 4.0 { 1.0 } else { 0.0 }).max(1.0);
        let mut sum = 0.0;
        for (value, hue) in row.iter().zip(hues) {
            let Some(value) = value.filter(|value| *value > 0.0) else { continue };
            let (low, high) = (plot.y(sum), plot.y(sum + value));
            // What is there is seen.
            paper.rect(left, high.min(low - 1.0), width.min(plot.right - left), (low - high).max(1.0), *hue, 1.0);
            sum += value;
        }
    }
}

/// Behind the values, so that nothing is hidden; a bar on top says where even when it is narrow.
fn drops(paper: &Paper, plot: &Plot, chart: &Chart, step: i64) {
    for (at, _) in chart.drops.iter().filter(|(_, count)| *count > 0.0) {
        let (left, right) = (plot.across(plot.x(*at)), plot.across(plot.x(at.saturating_add(step))));
        if !plot.holds(*at) || left >= plot.right {
            continue;
        }
        let width = (right - left).max(2.0).min(plot.right - left);
        paper.rect(left, plot.top, width, plot.bottom - plot.top, paper.colours.bad, 0.2);
        paper.rect(left, plot.top, width, 4.0, paper.colours.bad, 1.0);
    }
}

/// Flags with numbers, counted in order of time; the words are in the table.
fn marks(paper: &Paper, plot: &Plot, chart: &Chart) {
    let mut times: Vec<i64> = chart.marks.iter().map(|mark| mark.at).collect();
    times.sort_unstable();
    let mut free = plot.left;
    for (n, at) in times.into_iter().enumerate().filter(|(_, at)| plot.holds(*at)) {
        let x = crisp(plot.x(at));
        paper.line(&[(x, plot.top), (x, plot.bottom)], paper.colours.text, 1.0);
        let number = (n + 1).to_string();
        let width = wide(&number) + 6.0;
        let flag = if x + width <= plot.right { x } else { x - width };
        if flag < free {
            continue;
        }
        paper.rect(flag, plot.top, width, TEXT + 3.0, paper.colours.text, 1.0);
        paper.text(flag + width / 2.0, plot.top + TEXT / 2.0 + 1.5, &number, paper.colours.panel, Side::Middle);
        free = flag + width + 2.0;
    }
}

#[cfg(test)]
mod tests;
