//! Lines and bars as SVG.

use std::fmt::Write as _;

use tarsier_report::number::duration;

const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 180.0;
const LEFT: f64 = 70.0;
const BOTTOM: f64 = 20.0;
/// More points than this nobody can tell apart: the greatest of some stands for them.
const MOST: usize = 800;
const GRID: usize = 4;

pub(super) struct Line {
    pub(super) name: &'static str,
    /// Time and value; a value that is not finite is a gap.
    pub(super) points: Vec<[f64; 2]>,
}

/// From nothing up to the greatest value, over time.
pub(super) fn lines(lines: &[Line], value: impl Fn(f64) -> String) -> String {
    let all = || lines.iter().flat_map(|line| &line.points).filter(|[_, y]| y.is_finite());
    let top = all().map(|[_, y]| *y).fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let end = all().map(|[x, _]| *x).fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let mut svg = open();
    for n in 0..=GRID {
        let share = n as f64 / GRID as f64;
        grid(&mut svg, share, &value(top * share));
        label(&mut svg, LEFT + share * (WIDTH - LEFT), &duration(end * share), n);
    }
    for (at, line) in lines.iter().enumerate() {
        write!(svg, "<path class=\"l{at}\" d=\"{}\"/>", path(&line.points, end, top))
            .expect("a string takes it");
        let x = LEFT + 10.0 + 110.0 * at as f64;
        write!(
            svg,
            "<path class=\"l{at}\" d=\"M{x} 8h20\"/><text x=\"{}\" y=\"12\">{}</text>",
            x + 25.0,
            line.name
        )
        .expect("a string takes it");
    }
    svg + "</svg>"
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
    format!("<svg viewBox=\"0 -2 {} {}\" role=\"img\">", WIDTH + 30.0, HEIGHT + BOTTOM + 4.0)
}

fn grid(svg: &mut String, share: f64, text: &str) {
    let y = HEIGHT * (1.0 - share);
    write!(svg, "<path class=\"grid\" d=\"M{LEFT} {y}H{WIDTH}\"/><text x=\"{}\" y=\"{}\" text-anchor=\"end\">{text}</text>", LEFT - 6.0, y + if share == 1.0 { 9.0 } else { 4.0 })
        .expect("a string takes it");
}

fn label(svg: &mut String, x: f64, text: &str, n: usize) {
    let anchor = if n == 0 { "start" } else { "middle" };
    write!(svg, "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"{anchor}\">{text}</text>", HEIGHT + 14.0)
        .expect("a string takes it");
}
