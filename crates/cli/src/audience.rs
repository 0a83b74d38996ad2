//! Who hears what a run tells as it goes: files, and whoever follows it live.

use std::io;
use std::path::PathBuf;

use tarsier_engine::{SecondRow, TraceSpan};
use tarsier_interop::TraceFormat;
use tarsier_lab::Sample;
use tarsier_model::SealedModel;
use tarsier_units::Span;

use crate::args::{Output, RunArgs};
use crate::failure::Failure;
use crate::live::Live;
use crate::out_dir::{OutDir, Series, Sheet, Table, Traces, Traffic};

/// Without `--traces` one request in a hundred is.
const USUAL_SAMPLE: Sample = Sample::Share(0.01);

pub(crate) struct Audience<'m> {
    files: Option<Files<'m>>,
    live: Option<Live>,
    sample: Sample,
}

/// What is written as it comes.
struct Files<'m> {
    series: Series,
    table: Option<Table>,
    traces: Vec<Traces>,
    traffic: Option<Traffic<'m>>,
    sheet: Option<Sheet<'m>>,
}

impl<'m> Audience<'m> {
    /// Nobody, if nothing was asked for.
    pub(crate) fn gather(
        args: &RunArgs,
        model: &'m SealedModel,
        counted: Span,
        out: Option<&OutDir>,
        live: Option<Live>,
    ) -> Result<Option<Audience<'m>>, Failure> {
        let traces = args.write.iter().filter_map(|output| trace_format(*output));
        let shows_traffic = args.write.contains(&Output::Vizceral);
        let has_sheet = args.write.contains(&Output::Guesstimate);
        let is_written = shows_traffic || has_sheet || traces.clone().next().is_some();
        let is_traced = is_written || !args.send.is_empty();
        if args.traces.is_some() && !is_traced {
            return Err(Failure::with_hint(
                "`--traces` says which requests are traced, but nobody wants to know",
                "write their spans: `--out DIR --write zipkin` or `otlp`; or send them: `--send otlp=URL`",
            ));
        }
        let sample = if is_traced { args.traces.unwrap_or(USUAL_SAMPLE) } else { Sample::None };
        let share = if shows_traffic { Some(share_of("vizceral", sample)?) } else { None };
        if has_sheet {
            share_of("guesstimate", sample)?;
        }
        let begin = |out: &OutDir| {
            let traffic = share.map(|share| out.begin_traffic(model, share)).transpose()?;
            let traces = traces.map(|format| out.begin_traces(model, format)).collect::<Result<_, _>>()?;
            let sheet = has_sheet.then(|| out.begin_sheet(model, args.seed)).transpose()?;
            let is_table = args.write.contains(&Output::Parquet);
            let table = is_table.then(|| out.begin_table(model, counted)).transpose()?;
            Ok(Files { series: out.begin_series(model, counted)?, table, traces, traffic, sheet })
        };
        let files = out.map(begin).transpose()?;
        Ok((files.is_some() || live.is_some()).then_some(Audience { files, live, sample }))
    }

    /// Everything is brought to its end, also after something that could not be.
    pub(crate) fn finish(self, out: Option<&OutDir>) -> Result<(), Failure> {
        let written = out.zip(self.files).map_or(Ok(()), |(out, files)| files.finish(out));
        if let Some(live) = self.live {
            live.finish();
        }
        written
    }
}

impl Files<'_> {
    /// The first thing that went wrong.
    fn finish(self, out: &OutDir) -> Result<(), Failure> {
        let mut ends = vec![out.end_series(self.series)];
        let mut note = |path: PathBuf, end: io::Result<()>| {
            ends.push(end.map_err(|error| Failure::unwritable(&path, &error)));
        };
        self.table.into_iter().for_each(|(path, table)| note(path, table.finish()));
        self.traffic.into_iter().for_each(|(path, traffic)| note(path, traffic.finish()));
        self.sheet.into_iter().for_each(|(path, sheet)| note(path, sheet.finish()));
        self.traces.into_iter().for_each(|(path, traces)| note(path, traces.finish().map(drop)));
        ends.into_iter().collect()
    }
}

/// What counts and what samples wants requests as they come, not the worst of them.
fn share_of(output: &str, sample: Sample) -> Result<f64, Failure> {
    match sample {
        Sample::Share(share) => Ok(share),
        Sample::Slowest(_) | Sample::None => Err(Failure::with_hint(
            format!("the slowest requests do not stand for all, which `--write {output}` shows"),
            format!("`--write {output}` wants a share of the requests, such as `--traces 10%`"),
        )),
    }
}

fn trace_format(output: Output) -> Option<TraceFormat> {
    match output {
        Output::Zipkin => Some(TraceFormat::Zipkin),
        Output::Otlp => Some(TraceFormat::Otlp),
        Output::Hdr | Output::Vizceral | Output::Guesstimate | Output::Parquet => None,
    }
}

impl tarsier_lab::Audience for Audience<'_> {
    fn second(&mut self, row: &SecondRow) {
        if let Some(files) = &mut self.files {
            files.series.row(row);
            files.table.iter_mut().for_each(|(_, table)| table.row(row));
            if let Some((_, traffic)) = &mut files.traffic {
                traffic.second(row.second);
            }
        }
        if let Some(live) = &mut self.live {
            live.row(row);
        }
    }

    fn traces(&self) -> Sample {
        self.sample
    }

    fn span(&mut self, span: &TraceSpan) {
        if let Some(files) = &mut self.files {
            files.traces.iter_mut().for_each(|(_, traces)| traces.span(span));
            files.traffic.iter_mut().for_each(|(_, traffic)| traffic.span(span));
            files.sheet.iter_mut().for_each(|(_, sheet)| sheet.span(span));
        }
        if let Some(live) = &mut self.live {
            live.span(span);
        }
    }
}
