//! How fast spans are written to a file, and what a run costs whose every request is traced.

use std::fs::File;
use std::io;

use tarsier_engine::{TraceSpan, Traces, Watch};
use tarsier_interop::{TraceFormat, TraceWriter};
use tarsier_model::SealedModel;

use super::memory::live;
use super::{best, models, simulate_under, timed};

/// How often the spans of the run are written.
const TIMES: usize = 8;

/// Keeps all spans.
#[derive(Default)]
struct All(Vec<TraceSpan>);

impl Watch for All {
    fn traces(&self) -> Traces {
        Traces::Share(1.0)
    }
    fn span(&mut self, span: &TraceSpan) {
        self.0.push(span.clone());
    }
}

/// Writes spans as they end.
struct Written(TraceWriter<File>);

impl Watch for Written {
    fn traces(&self) -> Traces {
        Traces::Share(1.0)
    }
    fn span(&mut self, span: &TraceSpan) {
        self.0.span(span);
    }
}

pub(super) fn main() {
    let model = models::two_tier();
    let mut all = All::default();
    simulate_under(&mut all, &model, 1.0, 1);
    for format in [TraceFormat::Zipkin, TraceFormat::Otlp] {
        match write(&model, &all.0, format) {
            Ok(line) => println!("{format:?}: {line}"),
            Err(error) => println!("{format:?}: skipped: {error}"),
        }
    }
    let (plain, _) = best(3, || simulate_under(&mut (), &model, 1.0, 1));
    let (traced, _) = best(3, || {
        let file = tempfile("run").expect("the folder for temporary files takes one");
        simulate_under(&mut Written(TraceWriter::new(file, TraceFormat::Zipkin, &model)), &model, 1.0, 1)
    });
    println!("a run whose every request is traced and written takes {:.2} times as long", traced / plain);
}

fn write(model: &SealedModel, spans: &[TraceSpan], format: TraceFormat) -> io::Result<String> {
    let file = tempfile("spans")?;
    let mut writer = TraceWriter::new(file.try_clone()?, format, model);
    let once = |writer: &mut TraceWriter<File>| spans.iter().for_each(|span| writer.span(span));
    once(&mut writer);
    let before = live();
    let (seconds, ()) = timed(|| (0..TIMES).for_each(|_| once(&mut writer)));
    let grown = live().saturating_sub(before);
    writer.finish()?;
    let n = (spans.len() * TIMES) as f64;
    let bytes = file.metadata()?.len() as f64 / (n + spans.len() as f64);
    let rate = n / seconds / 1e6;
    Ok(format!(
        "{rate:.2} M spans/s, {bytes:.0} bytes a span, {grown} bytes of memory more after {n:.0} spans"
    ))
}

/// Gone when it is closed.
fn tempfile(name: &str) -> io::Result<File> {
    let path = std::env::temp_dir().join(format!("tarsier-bench-{name}-{}", std::process::id()));
    let file = File::create(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}
