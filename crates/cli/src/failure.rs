//! How a command can end other than well.

use std::fmt;
use std::io;
use std::path::Path;

/// Exit codes: part of the promise to scripts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    Done = 0,
    /// An objective (slo, independent) of the file was missed, or the verdict is metastable.
    Failed = 1,
    BadInput = 2,
    NothingCompleted = 3,
}

/// What is wrong with the input; always ends with [`Ending::BadInput`].
#[derive(Debug)]
pub(crate) enum Failure {
    /// Told to the user by now.
    Told,
    Message {
        message: String,
        hint: Option<String>,
    },
    /// Nobody reads what is printed any more.
    OutputClosed,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Failure::Message { message: message.into(), hint: None }
    }

    pub(crate) fn with_hint(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Failure::Message { message: message.into(), hint: Some(hint.into()) }
    }

    /// «cannot write `dir/series.csv`: permission denied».
    pub(crate) fn unwritable(path: &Path, error: &io::Error) -> Self {
        Failure::new(format!("cannot write `{}`: {error}", path.display()))
    }

    pub(crate) fn of_stdout(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::OutputClosed,
            _ => Failure::new(format!("cannot write to standard output: {error}")),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure::Message { message, hint } = self else { return Ok(()) };
        writeln!(f, "\x1b[1m\x1b[31merror\x1b[0m: {message}")?;
        match hint {
            Some(hint) => writeln!(f, "  \x1b[36mhint\x1b[0m: {hint}"),
            None => Ok(()),
        }
    }
}
