//! The percentile format of HdrHistogram (`.hgrm`), which its plotters read. Values are seconds.

use std::io::{self, Write};

use tarsier_stats::Histogram;

/// Ticks between one half of what is left and the next: 50% to 75%, 75% to 87.5% and so on.
const TICKS_PER_HALF: f64 = 5.0;

pub(crate) fn write(out: &mut dyn Write, histogram: &Histogram) -> io::Result<()> {
    writeln!(out, "{:>16} {:>14} {:>12} {:>16}\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)")?;
    let total = histogram.count();
    let mut seen = 0;
    let mut tick = 0.0;
    for bucket in histogram.iter() {
        seen += bucket.count;
        let share = seen as f64 / total as f64;
        // A bucket that passes a tick stands for all ticks up to where it ends.
        if share >= tick {
            line(out, bucket.high as f64 / 1e9, share, seen)?;
            tick = next_tick(share);
        }
    }
    footer(out, histogram)
}

fn line(out: &mut dyn Write, value_s: f64, share: f64, seen: u64) -> io::Result<()> {
    write!(out, "{value_s:>16.9} {share:>14.12} {seen:>12}")?;
    if share < 1.0 { writeln!(out, " {:>16.2}", 1.0 / (1.0 - share)) } else { writeln!(out) }
}

/// The share from which on the next line is due, closer and closer as less is left.
fn next_tick(share: f64) -> f64 {
    if share >= 1.0 {
        return 1.0;
    }
    let halvings = (1.0 / (1.0 - share)).log2().floor();
    share + 0.5_f64.powi(halvings as i32 + 1) / TICKS_PER_HALF
}

fn footer(out: &mut dyn Write, histogram: &Histogram) -> io::Result<()> {
    let seconds = |nanos: f64| nanos / 1e9;
    let mean = seconds(histogram.mean().unwrap_or(0.0));
    let max = seconds(histogram.max().unwrap_or(0) as f64);
    writeln!(out, "#[Mean    = {mean:>16.9}, StdDeviation   = {:>16.9}]", deviation(histogram))?;
    writeln!(out, "#[Max     = {max:>16.9}, Total count    = {:>16}]", histogram.count())?;
    writeln!(out, "#[Buckets = {:>16}, SubBuckets     = {:>16}]", histogram.iter().count(), 1)
}

/// From the middles of the buckets, in seconds.
fn deviation(histogram: &Histogram) -> f64 {
    let (Some(mean), total) = (histogram.mean(), histogram.count() as f64) else { return 0.0 };
    let squares: f64 = histogram
        .iter()
        .map(|bucket| (bucket.low.midpoint(bucket.high) as f64 - mean).powi(2) * bucket.count as f64)
        .sum();
    (squares / total).sqrt() / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_that_of_hdr_histogram() {
        let mut histogram = Histogram::new();
        [1_000_000_000, 2_000_000_000].into_iter().for_each(|nanos| histogram.record(nanos));
        let mut text = Vec::new();
        write(&mut text, &histogram).expect("memory takes it");
        let text = String::from_utf8(text).expect("UTF-8");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0].split_whitespace().count(), 4);
        assert_eq!(lines[1], "");
        let columns: Vec<&str> = lines[2].split_whitespace().collect();
        assert_eq!(columns[1..], ["0.500000000000", "1", "2.00"]);
        assert!((columns[0].parse::<f64>().expect("a number") - 1.0).abs() < 0.01);
        assert!(lines[3].contains("1.000000000000            2"));
        assert!(lines[4].starts_with("#[Mean    =      1.500000000, StdDeviation   =      0.50"));
        assert!(lines[5].starts_with("#[Max     =      2.000000000, Total count    ="));
    }

    #[test]
    fn lines_are_few_however_many_buckets() {
        let mut histogram = Histogram::new();
        (0..1_000_000).for_each(|n| histogram.record(1_000 + n * 1_000));
        let mut text = Vec::new();
        write(&mut text, &histogram).expect("memory takes it");
        let n_lines = text.iter().filter(|byte| **byte == b'\n').count();
        assert!((20..200).contains(&n_lines), "{n_lines} lines");
    }

    #[test]
    fn nothing_recorded_is_a_file_without_lines() {
        let mut text = Vec::new();
        write(&mut text, &Histogram::new()).expect("memory takes it");
        assert!(String::from_utf8(text).expect("UTF-8").contains("Total count    =                0]"));
    }
}
