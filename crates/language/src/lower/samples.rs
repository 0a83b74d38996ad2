//! `empirical(file.csv)`: measured durations, one a line, from a file beside the architecture.

use std::ops::Range;
use std::sync::Arc;

use tarsier_random::Law;
use tarsier_units::parse;

use super::context::{Context, Samples};
use super::law::{Boxed, LawResult, LawText};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::limits::{MAX_SAMPLE_FILES, MAX_SAMPLES_BYTES};

pub(super) fn empirical(reader: &LawText<'_, '_>, argument: Range<usize>) -> LawResult<Law> {
    let path = reader.slice(&argument).trim();
    let unusable = |why: String| {
        let message = format!("`{path}` cannot be used: {why}");
        Box::new(Diagnostic::error(Code::BadFile, reader.place(&argument), message))
    };
    if let Some(why) = forbidden(path) {
        let hint = "name a file beside the architecture, as in `empirical(latencies.csv)`";
        return Err(unusable(why.to_owned()).hint_boxed(hint));
    }
    let samples = cached(reader.cx, path).map_err(unusable)?;
    Ok(Law::Empirical(samples))
}

/// A file is read once, however many distributions come from it.
fn cached(cx: &Context<'_>, path: &str) -> Samples {
    let mut samples = cx.samples.borrow_mut();
    if let Some(known) = samples.get(path) {
        return known.clone();
    }
    if samples.len() >= MAX_SAMPLE_FILES {
        return Err(format!("an architecture has at most {MAX_SAMPLE_FILES} such files"));
    }
    let read = (cx.files)(path).and_then(|bytes| read_samples(&bytes)).map(Arc::from);
    samples.insert(path.to_owned(), read.clone());
    read
}

/// The shell resolves paths; what could lead it elsewhere never reaches it.
fn forbidden(path: &str) -> Option<&'static str> {
    let drive = path.as_bytes().get(1) == Some(&b':');
    if path.is_empty() {
        Some("it has no name")
    } else if path.starts_with(['/', '\\', '~']) || drive {
        Some("the path must be relative")
    } else if path.split(['/', '\\']).any(|part| part == "..") {
        Some("the path must not lead out of the folder")
    } else {
        None
    }
}

/// Durations with their units, one a line; a first line that is none is a heading, and may give
/// the unit of bare numbers by its ending: `latency_ms`.
fn read_samples(bytes: &[u8]) -> Result<Vec<f64>, String> {
    if bytes.len() > MAX_SAMPLES_BYTES {
        return Err(format!("it has more than {MAX_SAMPLES_BYTES} bytes"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not text".to_owned())?;
    let text = text.trim_start_matches('\u{feff}');
    let mut unit = None;
    let mut samples = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match sample(line, unit) {
            Ok(sample) => samples.push(sample),
            Err(_) if samples.is_empty() && !line.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
                unit = line.trim_matches('"').rsplit('_').next();
            }
            Err(why) => return Err(format!("line {}: {why}", number + 1)),
        }
    }
    if samples.is_empty() { Err("there are no durations in it".to_owned()) } else { Ok(samples) }
}

fn sample(line: &str, unit: Option<&str>) -> Result<f64, String> {
    let with_unit = match (parse::number(line), unit) {
        (Ok(_), Some(unit)) => &format!("{line}{unit}"),
        _ => line,
    };
    parse::span(with_unit).map(|span| span.nanos() as f64).map_err(|error| format!("`{line}`: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_read_with_and_without_a_heading() {
        assert_eq!(read_samples(b"1ms\n2ms\n"), Ok(vec![1e6, 2e6]));
        assert_eq!(read_samples(b"latency\r\n1ms\r\n\r\n# more\r\n3us\r\n"), Ok(vec![1e6, 3e3]));
        assert_eq!(read_samples(b"latency_ms\n1\n2.5\n"), Ok(vec![1e6, 2.5e6]));
        assert!(read_samples(b"1\n").is_err_and(|why| why.contains("line 1")));
        assert!(read_samples(b"heading\n").is_err());
        assert!(read_samples(b"\xff\xfe").is_err());
        assert!(read_samples(b"1ms\nheading\n").is_err());
    }

    #[test]
    fn paths_stay_in_the_folder() {
        assert_eq!(forbidden("a/b.csv"), None);
        for path in ["", "/etc/passwd", "../a.csv", "a/../../b", "C:\\a", "\\\\host\\a", "~/a"] {
            assert!(forbidden(path).is_some(), "{path}");
        }
    }
}
