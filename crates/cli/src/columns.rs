//! `--write parquet`: only in builds that have it, since what it needs takes minutes to compile.

#[cfg(feature = "parquet")]
mod built {
    use std::fs::File;
    use std::io::BufWriter;
    use std::path::Path;

    use tarsier_model::SealedModel;
    use tarsier_report::ParquetWriter;
    use tarsier_units::Span;

    use crate::failure::Failure;

    pub(crate) type Columns = ParquetWriter<BufWriter<File>>;

    pub(crate) fn begin(path: &Path, model: &SealedModel, counted: Span) -> Result<Columns, Failure> {
        let file = File::create(path).map(BufWriter::new);
        let calls = tarsier_lab::calls(model);
        let columns = file.and_then(|file| ParquetWriter::new(file, model, &calls, counted.as_secs_f64()));
        columns.map_err(|error| Failure::unwritable(path, &error))
    }
}

#[cfg(not(feature = "parquet"))]
mod built {
    use std::io;
    use std::path::Path;

    use tarsier_engine::SecondRow;
    use tarsier_model::SealedModel;
    use tarsier_units::Span;

    use crate::failure::Failure;

    /// There are none.
    pub(crate) enum Columns {}

    impl Columns {
        pub(crate) fn row(&mut self, _: &SecondRow) {
            match *self {}
        }

        pub(crate) fn finish(self) -> io::Result<()> {
            match self {}
        }
    }

    pub(crate) fn begin(_: &Path, _: &SealedModel, _: Span) -> Result<Columns, Failure> {
        Err(Failure::with_hint(
            "this tarsier was built without Parquet",
            "build it with `cargo build --release --features parquet`; series.csv has the same rows",
        ))
    }
}

pub(crate) use built::{Columns, begin};
