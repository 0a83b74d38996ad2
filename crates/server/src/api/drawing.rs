//! Lines and bars as SVG.

use std::fmt::Write as _;

use tarsier_report::number::duration;

const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 180.0;
const LEFT: f64 = 70.0;
const BOTTOM: f64 = 20.0;
/// More points than this nobody can tell apart: the greatest of some stands for them.
const MOST: usize = 800;
/// Lines of the grid, about.
const GRID: f64 = 4.0;
/// Above the drawing, for the names of its lines.
const HEAD: f64 = 20.0;

pub(super) struct Line {
    pub(super) name: &'static str,
    /// Time and value; a value that is not finite is a gap.
    pub(super) points: Vec<[f64; 2]>,
}

/// From nothing up to a round number above the greatest value, over time.
pub(super) fn lines(lines: &[Line], value: impl Fn(f64) -> String) -> String {
    let all = || lines.iter().flat_map(|line| &line.points).filter(|[_, y]| y.is_finite());
    let greatest = all().map(|[_, y]| *y).fold(0.0, f64::max);
    let end = all().map(|[x, _]| *x).fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let step = round_step(greatest / GRID);
    let n_steps = (greatest / step).ceil().max(1.0);
    let mut svg = open();
    for n in 0..=n_steps as usize {
        grid(&mut svg, n as f64 / n_steps, &value(n as f64 * step));
    }
    for n in 0..=GRID as usize {
        let share = n as f64 / GRID;
        label(&mut svg, LEFT + share * (WIDTH - LEFT), &duration(end * share), n);
    }
    for (at, line) in lines.iter().enumerate() {
        let (x, y) = (LEFT + 110.0 * at as f64, 10.0 - HEAD);
        write!(
            svg,
            "<path class=\"l{at}\" d=\"{}\"/><path class=\"l{at}\" d=\"M{x} {y}h20\"/><text x=\"{}\" y=\"{}\">{}</text>",
            path(&line.points, end, n_steps * step),
            x + 25.0,
            y + 4.0,
            line.name
        )
        .expect("a string takes it");
    }
    svg + "</svg>"
}

/// The next of 1, 2, 5, 10, 20, 50, …
fn round_step(least: f64) -> f64 {
    let least = least.max(1e-9);
    let decade = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|it| it * decade).find(|it| *it >= least).unwrap_or(10.0 * decade)
}

fn path(points: &[[f64; 2]], end: f64, top: f64) -> String {
    let mut path = String::new();
    let mut is_down = false;
    for some in points.chunks(points.len().div_ceil(MOST).max(1)) {
        let greatest = some.iter().map(|[_, y]| *y).filter(|y| y.is_finite()).fold(f64::NAN, f64::max);
        if greatest.is_nan() {
            is_down = false;
            continue;
        }
        let x = LEFT + some[0][0] / end * (WIDTH - LEFT);
        let y = HEIGHT * (1.0 - greatest / top);
        write!(path, "{}{x:.1} {y:.1}", if is_down { 'L' } else { 'M' }).expect("a string takes it");
        is_down = true;
    }
    path
}

/// Twelve bars to a decade, over a log axis.
pub(super) fn bars(buckets: &[(f64, u64)]) -> String {
    const PER_DECADE: f64 = 12.0;
    let bin = |seconds: f64| (seconds.max(1e-9).log10() * PER_DECADE).floor() as i64;
    let Some((first, last)) = buckets.first().zip(buckets.last()).map(|(a, b)| (bin(a.0), bin(b.0))) else {
        return "<p>Nothing was answered.</p>".to_owned();
    };
    let mut counts = vec![0u64; (last - first + 1) as usize];
    buckets.iter().for_each(|(seconds, count)| counts[(bin(*seconds) - first) as usize] += count);
    let top = counts.iter().copied().max().unwrap_or(1).max(1) as f64;
    let width = (WIDTH - LEFT) / counts.len() as f64;
    let mut svg = open();
    grid(&mut svg, 0.0, "0");
    grid(&mut svg, 1.0, &(top as u64).to_string());
    for (at, count) in counts.iter().enumerate() {
        let height = *count as f64 / top * HEIGHT;
        let x = LEFT + at as f64 * width;
        write!(
            svg,
            "<rect class=\"bar\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\"/>",
            HEIGHT - height,
            (width - 1.0).max(0.5)
        )
        .expect("a string takes it");
        if at % counts.len().div_ceil(6) == 0 {
            label(&mut svg, x, &duration(10f64.powf((first + at as i64) as f64 / PER_DECADE)), 1);
        }
    }
    svg + "</svg>"
}

fn open() -> String {
    format!("<svg viewBox=\"0 {} {} {}\" role=\"img\">", -HEAD, WIDTH + 30.0, HEIGHT + BOTTOM + HEAD + 2.0)
}

fn grid(svg: &mut String, share: f64, text: &str) {
    let y = HEIGHT * (1.0 - share);
    write!(svg, "<path class=\"grid\" d=\"M{LEFT} {y}H{WIDTH}\"/><text x=\"{}\" y=\"{}\" text-anchor=\"end\">{text}</text>", LEFT - 6.0, y + 4.0)
        .expect("a string takes it");
}

fn label(svg: &mut String, x: f64, text: &str, n: usize) {
    let anchor = if n == 0 { "start" } else { "middle" };
    write!(svg, "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"{anchor}\">{text}</text>", HEIGHT + 14.0)
        .expect("a string takes it");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_and_not_below_what_is_needed() {
        for (least, step) in [(0.0, 1e-9), (1.0, 1.0), (1.1, 2.0), (0.0213, 0.05), (730.0, 1000.0)] {
            assert!((round_step(least) / step - 1.0).abs() < 1e-9, "{least}: {}", round_step(least));
        }
    }

    #[test]
    fn a_line_breaks_where_nothing_is_known() {
        let points = [[1.0, 1.0], [2.0, f64::NAN], [3.0, 2.0], [4.0, 4.0]];
        assert_eq!(path(&points, 4.0, 4.0), "M252.5 135.0M617.5 90.0L800.0 0.0");
    }

    /// A log axis of twelve bars to a decade: a millisecond and ten are twelve bars apart.
    #[test]
    fn bars_count_what_falls_into_them() {
        let svg = bars(&[(0.001_01, 3), (0.001_02, 4), (0.0101, 1)]);
        assert_eq!(svg.matches("class=\"bar\"").count(), 13);
        assert!(svg.contains("height=\"180.0\"") && svg.contains(">7</text>"), "{svg}");
        assert!(bars(&[]).contains("Nothing"));
    }
}
