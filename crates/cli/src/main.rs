//! The command line of Tarsier. It reads arguments and files, calls what is below, and prints: data to standard
//! output, everything else to standard error.

mod args;
mod audience;
mod catalogue;
mod columns;
mod commands;
mod export;
mod failure;
mod generate;
mod input;
mod live;
mod migration;
mod onlooker;
mod out_dir;
mod run;
mod serve;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command, Format};
use crate::failure::{Ending, Failure};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Printing fails only when nobody reads it.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Ending::BadInput as u8));
        }
    };
    let ending = execute(&cli.command).unwrap_or_else(|failure| {
        let _ = write!(anstream::stderr(), "{failure}");
        match failure {
            // `tarsier … | head` has what it wanted.
            Failure::OutputClosed => Ending::Done,
            Failure::Told | Failure::Message { .. } => Ending::BadInput,
        }
    });
    ExitCode::from(ending as u8)
}

fn execute(command: &Command) -> Result<Ending, Failure> {
    match command {
        Command::Run(args) if migration::is_meant(args) => migration::run(args),
        Command::Run(args) => run::run(args),
        Command::Serve(args) => serve::serve(args),
        Command::Export(args) => export::export(args),
        Command::Check { source, json } => commands::check(source, *json),
        Command::Generate(args) => generate::generate(args),
        Command::Schema => commands::schema(),
        Command::List => commands::list(),
        Command::Show { source, json } => commands::show(source, *json),
        Command::Import { format: Format::Spigo, source } => commands::import(source),
    }
}

/// Prints data; colours are left out where they do not belong.
fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = anstream::stdout().lock();
    let printed = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    printed.map_err(|error| Failure::of_stdout(&error))
}

/// News on standard error.
fn tell(message: &str) {
    let _ = writeln!(anstream::stderr(), "{message}");
}

/// A line on standard error that is not about a place in a file.
fn warn(message: &str) {
    let _ = writeln!(anstream::stderr(), "\x1b[1m\x1b[33mwarning\x1b[0m: {message}");
}
