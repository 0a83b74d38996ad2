//! What can be said on the command line.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::builder::TypedValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use tarsier_generate::{MOST_CONTINENTS, MOST_INSTANCES, MOST_REGIONS, MOST_SERVICES, MOST_ZONES};
use tarsier_interop::TraceFormat;
use tarsier_lab::Sample;
use tarsier_units::{Span, parse};

const EXAMPLES: &str = "\
Examples:
  tarsier list                                     what there is to try
  tarsier run shop                                 run one of these
  tarsier run shop.yaml --for 10m --seed 7         run a file for ten simulated minutes
  tarsier run shop --scenario zone-loss --out dir  with what may happen, written to files
  tarsier run shop --scenario zone-loss --verdict  and whether it recovers from that
  tarsier run migration                            from a LAMP stack to three regions, step by step
  tarsier check shop.yaml                          read a file and draw its calls, without running it

Exit codes:
  0  done
  1  an objective (slo, independent) of the file was missed, or the verdict is metastable
  2  the input is wrong: the file, the arguments, or a place that cannot be written
  3  no request was completed";

/// Simulates microservice architectures: what will it do, and why is it slow?
#[derive(Parser, Debug)]
#[command(name = "tarsier", version, after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Run an architecture and show how it did
    #[command(after_help = EXAMPLES)]
    Run(RunArgs),
    /// Open the live lab in a browser: look at an architecture while it runs, break it, and see why
    Serve(ServeArgs),
    /// Read an architecture without running it: mistakes, call tree, load, what failures do
    Check {
        #[command(flatten)]
        source: SourceArg,

        /// Write what was found as one JSON document to standard output
        #[arg(long)]
        json: bool,
    },
    /// Write an architecture of a chosen size and shape to standard output
    #[command(after_help = GENERATE_HELP)]
    Generate(GenerateArgs),
    /// Print the JSON Schema of architecture files, for editors
    Schema,
    /// List the architectures that come with Tarsier
    List,
    /// Print the file of an architecture, or how large it is
    Show {
        #[command(flatten)]
        source: SourceArg,

        /// Write how many services, instances and edges there are as one JSON document to standard output
        #[arg(long)]
        json: bool,
    },
    /// Write the graph of an architecture as another tool's file
    Export(ExportArgs),
    /// Print what a file of another tool is in the language of Tarsier: that is what runs
    Import {
        /// Whose file it is
        format: Format,

        #[command(flatten)]
        source: SourceArg,
    },
}

#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// What is open at first: a file, or a name of the catalogue (see `tarsier list`)
    #[arg(value_name = "FILE|NAME")]
    pub(crate) source: Option<String>,

    /// Where to listen; port 0 picks a free one. What is not this machine alone requires a token
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7878")]
    pub(crate) bind: SocketAddr,

    /// Open it in the browser
    #[arg(long)]
    pub(crate) open: bool,

    /// Who does not have this token gets no answer; one is made up where it is required
    #[arg(long, value_name = "TOKEN", value_parser = token)]
    pub(crate) token: Option<String>,

    /// Read the page from this folder instead of the one that is built in
    #[arg(long, value_name = "DIR")]
    pub(crate) ui_dir: Option<PathBuf>,
}

/// It stands in an address and in a cookie.
fn token(text: &str) -> Result<String, String> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let is_token = is_plain && (16..=200).contains(&text.len());
    is_token
        .then(|| text.to_owned())
        .ok_or_else(|| "a token has 16 to 200 letters, digits, `-`, `_` and `.`".to_owned())
}

#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    /// Whose file: services as a picture (dot, mermaid), or every instance (the others)
    #[arg(value_enum)]
    pub(crate) format: Graph,

    #[command(flatten)]
    pub(crate) source: SourceArg,

    /// Write it here instead of to standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Say when instances go and come in this scenario: runs it (gexf, spigo)
    #[arg(long, value_name = "NAME")]
    pub(crate) scenario: Option<String>,

    /// Simulated time of that run
    #[arg(long = "for", value_name = "TIME", default_value = "60s", requires = "scenario", allow_hyphen_values = true, value_parser = positive_span)]
    pub(crate) duration: Span,

    /// Of that run: chaos strikes others with another
    #[arg(long, value_name = "N", default_value_t = 1, requires = "scenario", allow_hyphen_values = true, value_parser = seed)]
    pub(crate) seed: u64,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Graph {
    /// A picture for browsers and paper
    Svg,
    /// Graphviz
    Dot,
    /// A flowchart of Mermaid
    Mermaid,
    Graphml,
    /// Gephi's
    Gexf,
    /// Statements for Neo4j
    Cypher,
    /// What Spigo draws
    Spigo,
}

#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    /// An architecture of Spigo, or a graph that it drew
    Spigo,
}

const GENERATE_HELP: &str = "\
Of --instances and --rate the one that is not given follows from the other: services are half busy. Where both are, cores
are as fast as it takes.

Examples:
  tarsier generate netflixoss --instances 300 > oss.yaml
  tarsier generate hierarchy --seed 7 > world.yaml
  tarsier generate alibaba --services 500 --rate 2000/s | tarsier run - --for 10s";

#[derive(Args, Debug)]
pub(crate) struct GenerateArgs {
    #[command(subcommand)]
    pub(crate) shape: ShapeArg,
}

#[derive(Subcommand, Debug)]
pub(crate) enum ShapeArg {
    /// An edge, pages, lookups, and behind each a data access layer, a cache and a Cassandra cluster
    Netflixoss {
        #[command(flatten)]
        size: SizeArgs,

        /// How many regions
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = count(1, MOST_REGIONS))]
        regions: u32,

        /// How many zones in each region
        #[arg(long, value_name = "N", default_value_t = 3, value_parser = count(1, MOST_ZONES))]
        zones: u32,
    },
    /// The same on several continents, with several versions of its services
    Hierarchy {
        #[command(flatten)]
        size: SizeArgs,

        /// How many continents; 3 to 5 by chance if not given
        #[arg(long, value_name = "N", value_parser = count(1, MOST_CONTINENTS))]
        continents: Option<u32>,

        /// How many regions on each; 2 to 4 by chance
        #[arg(long, value_name = "N", value_parser = count(1, MOST_REGIONS))]
        regions: Option<u32>,

        /// How many zones in each region; 1 to 5 by chance
        #[arg(long, value_name = "N", value_parser = count(1, MOST_ZONES))]
        zones: Option<u32>,
    },
    /// A call graph after the statistics that Alibaba published
    Alibaba {
        #[command(flatten)]
        size: SizeArgs,
    },
    /// A call graph after the statistics that Meta published
    Meta {
        #[command(flatten)]
        size: SizeArgs,
    },
}

#[derive(Args, Debug)]
pub(crate) struct SizeArgs {
    /// How many services: 40 by default, of a hierarchy 200, of a call graph 300
    #[arg(long, value_name = "N", value_parser = count(1, MOST_SERVICES))]
    pub(crate) services: Option<u32>,

    /// How many instances of all services together; where callers stay in their zone, whole zones of them
    #[arg(long, value_name = "N", value_parser = count(1, MOST_INSTANCES))]
    pub(crate) instances: Option<u32>,

    /// How many requests users make, such as 500/s
    #[arg(long, value_name = "RATE", value_parser = rate)]
    pub(crate) rate: Option<f64>,

    /// The same command and seed give the same file
    #[arg(long, value_name = "N", default_value_t = 1, allow_hyphen_values = true, value_parser = seed)]
    pub(crate) seed: u64,
}

fn count(least: u32, most: u32) -> impl TypedValueParser<Value = u32> {
    clap::value_parser!(u32).range(i64::from(least)..=i64::from(most))
}

fn rate(text: &str) -> Result<f64, String> {
    parse::rate(text)
        .map(|rate| rate.per_second)
        .map_err(|error| format!("{error}; a rate is written like 500/s"))
}

#[derive(Args, Clone, PartialEq, Debug)]
pub(crate) struct SourceArg {
    /// A YAML or JSON file, `-` for standard input, or a name of the catalogue (see `tarsier list`)
    #[arg(value_name = "FILE|NAME")]
    pub(crate) source: String,

    #[command(flatten)]
    pub(crate) scaling: ScaleArgs,
}

#[derive(Args, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ScaleArgs {
    /// So much of each service's instances in a region, rounded down
    #[arg(long, value_name = "PERCENT", default_value = "100%", allow_hyphen_values = true, value_parser = percent)]
    pub(crate) scale: u32,

    /// The same in so many regions
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=6))]
    pub(crate) regions: u32,
}

impl ScaleArgs {
    pub(crate) const AS_IT_IS: ScaleArgs = ScaleArgs { scale: 100, regions: 1 };
}

/// Larger ones would not fit anywhere.
const LARGEST_SCALE: u32 = 1_000_000;

fn percent(text: &str) -> Result<u32, String> {
    let number = text.strip_suffix('%').and_then(|number| number.parse().ok());
    let possible = number.filter(|number| (1..=LARGEST_SCALE).contains(number));
    possible.ok_or_else(|| format!("a scale is a whole number of percent, from 1% to {LARGEST_SCALE}%"))
}

#[derive(Args, PartialEq, Debug)]
#[command(args_override_self = true)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) source: SourceArg,

    /// Write the result as one JSON document to standard output, and nothing else there
    #[arg(long)]
    pub(crate) json: bool,

    /// Write result.json, series.csv, timeline.csv and histograms/ into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// Write these into the folder as well: spans for Zipkin or in OpenTelemetry's JSON, histograms for HdrHistogram, traffic for Vizceral, a sheet for Guesstimate, the series as Parquet
    #[arg(long, value_name = "LIST", value_enum, value_delimiter = ',', requires = "out")]
    pub(crate) write: Vec<Output>,

    /// Which requests are traced: a share of all, or the slowest so many of each workload (default 1%)
    #[arg(long, value_name = "SHARE|slowest:N", value_parser = sample)]
    pub(crate) traces: Option<Sample>,

    /// The same file and seed give the same result
    #[arg(long, value_name = "N", default_value_t = 1, allow_hyphen_values = true, value_parser = seed)]
    pub(crate) seed: u64,

    /// Simulated time that counts
    #[arg(long = "for", value_name = "TIME", default_value = "60s", allow_hyphen_values = true, value_parser = positive_span)]
    pub(crate) duration: Span,

    /// Simulated time before that, or `auto` to find out how long it takes to settle
    #[arg(long, value_name = "TIME|auto", default_value = "10s", allow_hyphen_values = true, value_parser = warmup)]
    pub(crate) warmup: WarmupArg,

    /// Independent replications, for tighter and more honest intervals
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub(crate) reps: u64,

    /// Threads at most; all cores by default. The result does not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) threads: Option<u32>,

    /// With `migration`: only this step of it, like any other architecture
    #[arg(long, value_name = "N")]
    pub(crate) step: Option<u32>,

    /// Let this scenario of the file happen
    #[arg(long, value_name = "NAME")]
    pub(crate) scenario: Option<String>,

    /// Say whether it recovers from the scenario, beside the same run without it
    #[arg(long, requires = "scenario")]
    pub(crate) verdict: bool,

    /// Search for the smallest form of the scenario that it does not recover from
    #[arg(long, requires = "verdict")]
    pub(crate) smallest: bool,

    /// Let the counted time follow the clock: `1x` is real time, `10x` ten times as fast; default as fast as it goes
    #[arg(long, value_name = "FACTOR", allow_hyphen_values = true, value_parser = pace)]
    pub(crate) pace: Option<f64>,

    /// Serve the metrics of the run to Prometheus while it goes, as http://ADDRESS:PORT/metrics
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = listen)]
    pub(crate) listen: Option<SocketAddr>,

    /// Send to a collector while the run goes: `otlp=http://127.0.0.1:4318` metrics and spans, `zipkin=http://127.0.0.1:9411`
    /// spans
    #[arg(long, value_name = "FORMAT=URL", value_parser = collector, action = clap::ArgAction::Append)]
    pub(crate) send: Vec<Collector>,
}

/// A port alone is one of this machine, for itself.
fn listen(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix("localhost:").unwrap_or(text);
    let local = port.parse().map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    local.or_else(|_| text.parse()).map_err(|_| {
        "where to listen is written like 127.0.0.1:9464, [::1]:9464, localhost:9464 or 9464; a name is not looked up"
            .to_owned()
    })
}

/// Where telemetry goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Collector {
    pub(crate) format: TraceFormat,
    /// What paths of the protocol are below.
    pub(crate) url: String,
}

impl fmt::Display for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = match self.format {
            TraceFormat::Otlp => "otlp",
            TraceFormat::Zipkin => "zipkin",
        };
        write!(f, "{format}={}", self.url)
    }
}

/// Paths below the address of a collector, by which one may call it.
const ADDED: [&str; 3] = ["/v1/traces", "/v1/metrics", "/api/v2/spans"];

fn collector(text: &str) -> Result<Collector, String> {
    let format = |name| match name {
        "otlp" => Some(TraceFormat::Otlp),
        "zipkin" => Some(TraceFormat::Zipkin),
        _ => None,
    };
    let parts = text.split_once('=').and_then(|(name, url)| Some((format(name)?, url)));
    match parts {
        Some((_, url)) if ADDED.iter().any(|path| url.trim_end_matches('/').ends_with(path)) => {
            Err("leave out the path: each kind of telemetry has its own, which is added".to_owned())
        }
        Some((format, url)) if tarsier_telemetry::can_be_sent_to(url) => {
            Ok(Collector { format, url: url.to_owned() })
        }
        Some((_, url)) if url.starts_with("https://") => {
            Err("only http:// is spoken; put a local collector in between".to_owned())
        }
        _ => Err("a collector is written like otlp=http://127.0.0.1:4318 or zipkin=http://127.0.0.1:9411"
            .to_owned()),
    }
}

/// What `--write` knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Output {
    Zipkin,
    Otlp,
    // The histograms as a log of HdrHistogram.
    Hdr,
    Vizceral,
    Guesstimate,
    // The series as a table.
    Parquet,
}

fn sample(text: &str) -> Result<Sample, String> {
    if let Some(n) = text.strip_prefix("slowest:") {
        let n = n.parse().ok().filter(|n| (1..=MOST_SLOWEST).contains(n));
        return n
            .map(Sample::Slowest)
            .ok_or_else(|| format!("`slowest:` takes a number from 1 to {MOST_SLOWEST}"));
    }
    match parse::share(text) {
        Ok(share) if share.fraction == 0.0 => Err("this traces no request at all".to_owned()),
        Ok(share) => Ok(Sample::Share(share.fraction)),
        Err(error) => Err(format!("{error}; a sample is written like 1%, 0.01 or slowest:20")),
    }
}

/// Requests of a workload that can be asked for as its slowest.
const MOST_SLOWEST: usize = 1_000_000;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum WarmupArg {
    Given(Span),
    Auto,
}

fn warmup(text: &str) -> Result<WarmupArg, String> {
    if text == "auto" { Ok(WarmupArg::Auto) } else { span(text).map(WarmupArg::Given) }
}

/// Slower than a thousandth nobody waits for, faster than a million times no run is.
const PACES: std::ops::RangeInclusive<f64> = 1e-3..=1e6;

fn pace(text: &str) -> Result<f64, String> {
    let factor = text.strip_suffix('x').and_then(|number| number.parse().ok());
    factor.filter(|factor| PACES.contains(factor)).ok_or_else(|| {
        format!("a pace is written like 1x, 0.5x or 10x, from {}x to {}x", PACES.start(), PACES.end())
    })
}

fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("a seed is a whole number from 0 to {}", u64::MAX))
}

fn positive_span(text: &str) -> Result<Span, String> {
    let span = span(text)?;
    if span.is_zero() { Err("this must be more than no time".to_owned()) } else { Ok(span) }
}

fn span(text: &str) -> Result<Span, String> {
    parse::span(text).map_err(|error| format!("{error}; a time is written like 500ms, 60s or 5m"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn paces_are_multiples_of_real_time() {
        assert_eq!(pace("1x"), Ok(1.0));
        assert_eq!(pace("0.5x"), Ok(0.5));
        for wrong in ["1", "x", "0x", "-1x", "NaNx", "infx", "1e9x", "fast"] {
            assert!(pace(wrong).is_err_and(|error| error.contains("1x")), "{wrong}");
        }
    }

    #[test]
    fn a_port_alone_is_this_machines() {
        let local = Ok(SocketAddr::from(([127, 0, 0, 1], 9464)));
        assert!(["9464", "localhost:9464", "127.0.0.1:9464"].iter().all(|text| listen(text) == local));
        assert_eq!(listen("[::1]:0").map(|address| address.to_string()).as_deref(), Ok("[::1]:0"));
        for wrong in ["", "localhost", "127.0.0.1", "99999", "-1", "example.org:80"] {
            assert!(listen(wrong).is_err_and(|error| error.contains("localhost:9464")), "{wrong}");
        }
    }

    #[test]
    fn collectors_are_formats_and_addresses() {
        let here = collector("otlp=http://127.0.0.1:4318").expect("it is one");
        assert_eq!(here.to_string(), "otlp=http://127.0.0.1:4318");
        let zipkin = collector("zipkin=http://here:9411").expect("it is one");
        assert_eq!((zipkin.format, zipkin.url.as_str()), (TraceFormat::Zipkin, "http://here:9411"));
        assert!(collector("otlp=https://127.0.0.1").is_err_and(|error| error.contains("only http://")));
        let wrong = ["", "otlp", "otlp=", "otlp=http://", "127.0.0.1:4318", "statsd=http://127.0.0.1"];
        let no_hosts = ["otlp=http://:4318", "otlp=http://a b", "otlp=http://a:99999", "otlp=http://a?b=c"];
        for wrong in wrong.into_iter().chain(no_hosts) {
            assert!(collector(wrong).is_err_and(|error| error.contains("like otlp=")), "{wrong}");
        }
    }

    #[test]
    fn times_are_read_as_in_files() {
        assert_eq!(warmup("auto"), Ok(WarmupArg::Auto));
        assert_eq!(warmup("0s"), Ok(WarmupArg::Given(Span::ZERO)));
        assert_eq!(positive_span("1.5ms"), Ok(Span::from_micros(1_500)));
        assert!(positive_span("0s").is_err());
        assert_eq!(percent("250%"), Ok(250));
        for wrong in ["250", "0%", "-5%", "2.5%", "%", "1000001%"] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
        assert!(span("10").is_err_and(|error| error.contains("unit is missing")));
    }
}
