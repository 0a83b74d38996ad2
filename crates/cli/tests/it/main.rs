//! The command as its users meet it: arguments in, exit code and two streams out.

mod catalogue;
mod commands;
mod docs;
mod everywhere;
mod generate;
mod lessons;
mod live;
mod migration;
mod mistakes;
mod outputs;
mod readme;
mod run;
mod serve;
mod spigo;
mod support;
