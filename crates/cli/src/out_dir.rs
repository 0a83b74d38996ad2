//! The folder of `--out`.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use tarsier_interop::{GuesstimateWriter, TraceFormat, TraceWriter, VizceralWriter};
use tarsier_model::SealedModel;
use tarsier_report::{Report, SeriesWriter, histogram_files, json, write_hdr_log, write_timeline};
use tarsier_units::Span;

use crate::columns::{self, Columns};
use crate::failure::Failure;

pub(crate) type Series = SeriesWriter<BufWriter<File>>;
/// And where they are written.
pub(crate) type Traffic<'m> = (PathBuf, VizceralWriter<'m, BufWriter<File>>);
pub(crate) type Sheet<'m> = (PathBuf, GuesstimateWriter<'m, BufWriter<File>>);
pub(crate) type Table = (PathBuf, Columns);
pub(crate) type Traces = (PathBuf, TraceWriter<BufWriter<File>>);

pub(crate) struct OutDir {
    root: PathBuf,
}

impl OutDir {
    /// Makes the folder and tries to write there: better before a long run than after it.
    pub(crate) fn create(root: &Path) -> Result<Self, Failure> {
        let it = OutDir { root: root.to_owned() };
        let histograms = it.histograms();
        fs::create_dir_all(&histograms).map_err(|error| Failure::unwritable(&histograms, &error))?;
        let result = it.result();
        // What an earlier run wrote stays until there is something better.
        let tried = OpenOptions::new().write(true).create(true).truncate(false).open(&result);
        tried.map_err(|error| Failure::unwritable(&result, &error))?;
        Ok(it)
    }

    fn histograms(&self) -> PathBuf {
        self.root.join("histograms")
    }

    fn result(&self) -> PathBuf {
        self.root.join("result.json")
    }

    fn series(&self) -> PathBuf {
        self.root.join("series.csv")
    }

    pub(crate) fn begin_series(&self, model: &SealedModel, counted: Span) -> Result<Series, Failure> {
        let file = create(&self.series())?;
        let series = SeriesWriter::new(file, model, &tarsier_lab::calls(model), counted.as_secs_f64());
        series.map_err(|error| Failure::unwritable(&self.series(), &error))
    }

    pub(crate) fn end_series(&self, series: Series) -> Result<(), Failure> {
        series.finish().map_err(|error| Failure::unwritable(&self.series(), &error))
    }

    pub(crate) fn begin_table(&self, model: &SealedModel, counted: Span) -> Result<Table, Failure> {
        let path = self.root.join("series.parquet");
        let columns = columns::begin(&path, model, counted)?;
        Ok((path, columns))
    }

    pub(crate) fn begin_traces(&self, model: &SealedModel, format: TraceFormat) -> Result<Traces, Failure> {
        let path = self.root.join(match format {
            TraceFormat::Zipkin => "traces.zipkin.json",
            TraceFormat::Otlp => "traces.otlp.jsonl",
        });
        let traces = TraceWriter::new(create(&path)?, format, model);
        Ok((path, traces))
    }

    /// Traffic counted from a share of the requests.
    pub(crate) fn begin_traffic<'m>(
        &self,
        model: &'m SealedModel,
        share: f64,
    ) -> Result<Traffic<'m>, Failure> {
        let path = self.root.join("vizceral.jsonl");
        let traffic = VizceralWriter::new(create(&path)?, model, share);
        Ok((path, traffic))
    }

    pub(crate) fn begin_sheet<'m>(&self, model: &'m SealedModel, seed: u64) -> Result<Sheet<'m>, Failure> {
        let path = self.root.join("guesstimate.json");
        let sheet = GuesstimateWriter::new(create(&path)?, model, seed);
        Ok((path, sheet))
    }

    pub(crate) fn write_hdr(&self, report: &Report<'_>) -> Result<(), Failure> {
        let path = self.root.join("histograms.hlog");
        let mut file = create(&path)?;
        let written = write_hdr_log(&mut file, report).and_then(|()| file.flush());
        written.map_err(|error| Failure::unwritable(&path, &error))
    }

    /// Everything but what is written as it comes.
    pub(crate) fn write(&self, report: &Report<'_>) -> Result<(), Failure> {
        let path = self.result();
        fs::write(&path, json(report)).map_err(|error| Failure::unwritable(&path, &error))?;
        let path = self.root.join("timeline.csv");
        let mut file = create(&path)?;
        let written = write_timeline(&mut file, report).and_then(|()| file.flush());
        written.map_err(|error| Failure::unwritable(&path, &error))?;
        for histogram in histogram_files(report) {
            let path = self.histograms().join(&histogram.name);
            let mut file = create(&path)?;
            let written = histogram.write(&mut file).and_then(|()| file.flush());
            written.map_err(|error| Failure::unwritable(&path, &error))?;
        }
        Ok(())
    }
}

fn create(path: &Path) -> Result<BufWriter<File>, Failure> {
    File::create(path).map(BufWriter::new).map_err(|error| Failure::unwritable(path, &error))
}
