//! Who hears what a run tells as it goes: files, and whoever follows it live.

use tarsier_engine::{SecondRow, TraceSpan};
use tarsier_interop::TraceFormat;
use tarsier_lab::Sample;
use tarsier_model::SealedModel;
use tarsier_units::Span;

use crate::args::{Output, RunArgs};
use crate::failure::Failure;
use crate::live::Live;
use crate::out_dir::{OutDir, Series, Traces};

/// Without `--traces` one request in a hundred is.
const USUAL_SAMPLE: Sample = Sample::Share(0.01);

pub(crate) struct Audience {
    files: Option<Files>,
    live: Option<Live>,
    sample: Sample,
}

/// What is written as it comes.
struct Files {
    series: Series,
    traces: Vec<Traces>,
}

impl Audience {
    /// Nobody, if nothing was asked for.
    pub(crate) fn gather(
        args: &RunArgs,
        model: &SealedModel,
        counted: Span,
        out: Option<&OutDir>,
        live: Option<Live>,
    ) -> Result<Option<Audience>, Failure> {
        let traces = args.write.iter().filter_map(|output| trace_format(*output));
        let is_traced = traces.clone().next().is_some() || !args.send.is_empty();
        if args.traces.is_some() && !is_traced {
            return Err(Failure::with_hint(
                "`--traces` says which requests are traced, but nobody wants to know",
                "write their spans: `--out DIR --write zipkin` or `otlp`; or send them: `--send otlp=URL`",
            ));
        }
        let begin = |out: &OutDir| {
            let traces = traces.map(|format| out.begin_traces(model, format)).collect::<Result<_, _>>()?;
            Ok(Files { series: out.begin_series(model, counted)?, traces })
        };
        let files = out.map(begin).transpose()?;
        let sample = if is_traced { args.traces.unwrap_or(USUAL_SAMPLE) } else { Sample::None };
        Ok((files.is_some() || live.is_some()).then_some(Audience { files, live, sample }))
    }

    pub(crate) fn finish(self, out: Option<&OutDir>) -> Result<(), Failure> {
        if let Some((out, files)) = out.zip(self.files) {
            out.end_series(files.series)?;
            for (path, traces) in files.traces {
                traces.finish().map_err(|error| Failure::unwritable(&path, &error))?;
            }
        }
        if let Some(live) = self.live {
            live.finish();
        }
        Ok(())
    }
}

fn trace_format(output: Output) -> Option<TraceFormat> {
    match output {
        Output::Zipkin => Some(TraceFormat::Zipkin),
        Output::Otlp => Some(TraceFormat::Otlp),
        Output::Hdr => None,
    }
}

impl tarsier_lab::Audience for Audience {
    fn second(&mut self, row: &SecondRow) {
        if let Some(files) = &mut self.files {
            files.series.row(row);
        }
        if let Some(live) = &mut self.live {
            live.row(row);
        }
    }

    fn traces(&self) -> Sample {
        self.sample
    }

    fn span(&mut self, span: &TraceSpan) {
        for (_, traces) in self.files.iter_mut().flat_map(|files| &mut files.traces) {
            traces.span(span);
        }
        if let Some(live) = &mut self.live {
            live.span(span);
        }
    }
}
