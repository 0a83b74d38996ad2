//! Histograms as a log of HdrHistogram (version 1.3 of its log format, histograms in its compressed V2 encoding), which
//! its library in any language reads: <https://github.com/HdrHistogram/HdrHistogram>.
//!
//! Ours are cut as its are with two significant digits, so that every count has exactly one place there.

use std::io::{self, Write};

use tarsier_stats::Histogram;

use crate::{Report, counted_s, files};

/// The highest value that two digits give a place of its own is 2·10², so there are 256 places to begin with.
const DIGITS: u32 = 2;
const HALF: u64 = 128;

/// Each histogram of a run is a line with a tag; its interval is all of the counted time.
pub fn write_hdr_log(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    writeln!(out, "#[Histogram log format version 1.3]")?;
    writeln!(out, "#[StartTime: 1767225600.000 (seconds since epoch), 2026-01-01T00:00:00Z]")?;
    writeln!(
        out,
        "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\""
    )?;
    let seconds = counted_s(report.outcome);
    for (tag, histogram) in files::named_histograms(report, "") {
        let max_ms = histogram.max().unwrap_or(0) as f64 / 1e6;
        writeln!(out, "Tag={tag},0.000,{seconds:.3},{max_ms:.3},{}", base64(&compressed(histogram)))?;
    }
    Ok(())
}

/// A V2 histogram in a stream of zlib whose blocks are stored as they are.
fn compressed(histogram: &Histogram) -> Vec<u8> {
    const COOKIE: u32 = 0x1c84_9304 | 0x10;
    let zlib = zlib_stored(&encoded(histogram));
    let mut bytes = COOKIE.to_be_bytes().to_vec();
    bytes.extend((zlib.len() as u32).to_be_bytes());
    bytes.extend(zlib);
    bytes
}

fn encoded(histogram: &Histogram) -> Vec<u8> {
    const COOKIE: u32 = 0x1c84_9303 | 0x10;
    let counts = counts(histogram);
    let highest = histogram.max().unwrap_or(0).max(2);
    let mut bytes = COOKIE.to_be_bytes().to_vec();
    bytes.extend((counts.len() as u32).to_be_bytes());
    // No shift of the counts; digits, the lowest value that is told from zero, the highest, no ratio.
    bytes.extend(0_u32.to_be_bytes());
    bytes.extend(DIGITS.to_be_bytes());
    bytes.extend(1_u64.to_be_bytes());
    bytes.extend(highest.to_be_bytes());
    bytes.extend(1.0_f64.to_be_bytes());
    bytes.extend(counts);
    bytes
}

/// Counts in order of their places; a run of empty places is its negative length.
fn counts(histogram: &Histogram) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut next = 0;
    for bucket in histogram.iter() {
        let at = place(bucket.low);
        match at - next {
            0 => {}
            empty => zigzag(&mut bytes, -(empty as i64)),
        }
        zigzag(&mut bytes, bucket.count as i64);
        next = at + 1;
    }
    bytes
}

fn place(value: u64) -> u64 {
    let octave = u64::from((value | (2 * HALF - 1)).ilog2() - HALF.ilog2());
    octave * HALF + (value >> octave)
}

/// LEB128 of the zigzag of a number; the ninth byte has eight bits.
fn zigzag(bytes: &mut Vec<u8>, number: i64) {
    let mut rest = ((number << 1) ^ (number >> 63)) as u64;
    for _ in 0..8 {
        if rest < 0x80 {
            break;
        }
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

fn zlib_stored(data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x78, 0x01];
    let mut blocks = data.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        bytes.push(u8::from(blocks.peek().is_none()));
        bytes.extend(length.to_le_bytes());
        bytes.extend((!length).to_le_bytes());
        bytes.extend(block);
    }
    let (a, b) = data.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    bytes.extend((b << 16 | a).to_be_bytes());
    bytes
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for n in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * n) & 63) as usize];
            text.push(if n <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_rfc_4648() {
        let table = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        table.iter().for_each(|(bytes, text)| assert_eq!(base64(bytes.as_bytes()), *text));
    }

    #[test]
    fn places_follow_each_other() {
        // The first octave has 256 places, each further one half as many.
        let table =
            [(0, 0), (255, 255), (256, 256), (257, 256), (258, 257), (511, 383), (512, 384), (515, 384)];
        table.iter().for_each(|(value, at)| assert_eq!(place(*value), *at, "{value}"));
    }

    #[test]
    fn numbers_are_those_of_the_specification() {
        let bytes = |number| {
            let mut bytes = Vec::new();
            zigzag(&mut bytes, number);
            bytes
        };
        assert_eq!((bytes(0), bytes(-1), bytes(1), bytes(64)), (vec![0], vec![1], vec![2], vec![0x80, 1]));
        assert_eq!(bytes(i64::MIN), [0xff; 9]);
    }
}
