//! `series.parquet`: the rows of `series.csv` as a table that DuckDB, Polars and their like read without parsing.

use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::builder::{Float64Builder, StringDictionaryBuilder, UInt64Builder};
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, RecordBatch};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use tarsier_engine::SecondRow;
use tarsier_model::{EndpointId, Model};

use crate::series::Subjects;

/// Rows handed over together; they are packed then, and written when there are a million.
const ROWS_AT_ONCE: usize = 64 * 1024;

/// Writes rows as they come, a batch at a time.
pub struct ParquetWriter<W: Write + Send> {
    file: ArrowWriter<W>,
    subjects: Subjects,
    columns: Columns,
    n_rows: usize,
    /// The first thing that went wrong; nothing is written after it.
    failed: Option<io::Error>,
}

#[derive(Default)]
struct Columns {
    time_s: UInt64Builder,
    kind: StringDictionaryBuilder<Int32Type>,
    name: StringDictionaryBuilder<Int32Type>,
    metric: StringDictionaryBuilder<Int32Type>,
    value: Float64Builder,
}

impl<W: Write + Send> ParquetWriter<W> {
    /// `calls` in the order of the outcome.
    pub fn new(
        out: W,
        model: &Model,
        calls: &[(EndpointId, EndpointId)],
        counted_s: f64,
    ) -> io::Result<Self> {
        let subjects = Subjects::new(model, calls, counted_s, str::to_owned);
        let mut columns = Columns::default();
        let packed = Compression::ZSTD(ZstdLevel::default());
        let properties = WriterProperties::builder().set_compression(packed).build();
        let file = ArrowWriter::try_new(out, columns.take().schema(), Some(properties)).map_err(into_io)?;
        Ok(ParquetWriter { file, subjects, columns, n_rows: 0, failed: None })
    }

    /// Takes the row of one second of one thing. What goes wrong is told by [`Self::finish`].
    pub fn row(&mut self, row: &SecondRow) {
        let (kind, name) = self.subjects.of(row);
        for (metric, value) in self.subjects.metrics(row) {
            self.columns.time_s.append_value(row.second);
            self.columns.kind.append_value(kind);
            self.columns.name.append_value(name);
            self.columns.metric.append_value(metric);
            self.columns.value.append_option(value);
            self.n_rows += 1;
        }
        if self.n_rows >= ROWS_AT_ONCE && self.failed.is_none() {
            self.failed = self.write().err();
        }
    }

    pub fn finish(mut self) -> io::Result<()> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        self.write()?;
        self.file.close().map(drop).map_err(into_io)
    }

    fn write(&mut self) -> io::Result<()> {
        self.n_rows = 0;
        self.file.write(&self.columns.take()).map_err(into_io)
    }
}

impl Columns {
    /// What has been collected; the columns are empty after it.
    fn take(&mut self) -> RecordBatch {
        let columns: [(&str, ArrayRef, bool); 5] = [
            ("time_s", Arc::new(self.time_s.finish()), false),
            ("kind", Arc::new(self.kind.finish()), false),
            ("name", Arc::new(self.name.finish()), false),
            ("metric", Arc::new(self.metric.finish()), false),
            ("value", Arc::new(self.value.finish()), true),
        ];
        RecordBatch::try_from_iter_with_nullable(columns).expect("columns of one length")
    }
}

fn into_io(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        error => io::Error::other(error),
    }
}
