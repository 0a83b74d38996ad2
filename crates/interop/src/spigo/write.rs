//! An architecture of Spigo in the language of Tarsier: readable, commented, and what is run.

use super::Options;
use super::architecture::{Architecture, REGIONS, Service, ZONES};
use super::steps::endpoints;

/// What Spigo's root sent: a request every 10 ms, a third of them to store something.
const WORKLOAD: &str = "arrivals: regular";
const REQUESTS_PER_S: u32 = 100;
const READS: &str = "66.7%";
const WRITES: &str = "33.3%";

pub(super) fn text(architecture: &Architecture, file: &str, options: &Options) -> String {
    let mut text = head(architecture, file, options);
    text.push_str("services:\n");
    for at in (0..architecture.services.len()).rev() {
        text.push_str(&service(architecture, at));
        text.push('\n');
    }
    text.push_str(&workload(architecture));
    text.push_str(&chaos(architecture));
    text
}

fn head(architecture: &Architecture, file: &str, options: &Options) -> String {
    let mut text = format!(
        "# Made from {}, an architecture of Spigo (github.com/adrianco/spigo){}.\n\
         # Services, numbers, places and dependencies are Spigo's. It had no times: those here are typical of each\n\
         # package, which is named beside its service. Put in yours.\n\n",
        one_line(file),
        how(options),
    );
    text.push_str(&format!("architecture: {}\n", quoted(&architecture.name)));
    if !architecture.description.trim().is_empty() {
        text.push_str(&format!("description: {}\n", in_quotes(&architecture.description)));
    }
    text.push_str("\nregions:\n");
    for region in &REGIONS[..architecture.n_regions] {
        text.push_str(&format!("  {region}: {{ zones: [{}] }}\n", ZONES.join(", ")));
    }
    if architecture.n_regions > 1 {
        text.push_str(
            "\n# In Spigo a service knew the instances of its own region only; here it goes to another when there are none.\n\
             defaults:\n  call: { balance: region-aware }\n",
        );
    }
    text.push('\n');
    text
}

fn how(options: &Options) -> String {
    let scale = (options.scale != 100).then(|| format!("--scale {}%", options.scale));
    let regions = (options.regions != 1).then(|| format!("--regions {}", options.regions));
    let given: Vec<String> = scale.into_iter().chain(regions).collect();
    if given.is_empty() { String::new() } else { format!(", with {}", given.join(" ")) }
}

fn service(architecture: &Architecture, at: usize) -> String {
    let service = &architecture.services[at];
    let package = service.package;
    let mut lines = vec![
        format!("  # {}, {}.", package.name, package.meaning),
        format!("  {}:", quoted(&service.name)),
        format!("    kind: {}", package.kind),
    ];
    lines.extend(placement(architecture, service));
    lines.extend(package.cores.map(|cores| format!("    cores: {cores}")));
    lines.push("    endpoints:".to_owned());
    for (name, steps) in endpoints(architecture, at) {
        if steps.is_empty() {
            lines.push(format!("      {name}: []"));
            continue;
        }
        lines.push(format!("      {name}:"));
        lines.extend(steps.iter().map(|line| format!("        {line}")));
    }
    lines.join("\n") + "\n"
}

/// An instance that Spigo put in no zone stands in the first one; one for all the world in the first region.
fn placement(architecture: &Architecture, service: &Service) -> Vec<String> {
    let n = service.per_region();
    if service.is_global() {
        return vec!["    instances: 1                   # one for all the world".to_owned()];
    }
    let number = if architecture.n_regions == 1 { n.to_string() } else { format!("{{ per-region: {n} }}") };
    let remark =
        if service.count == 0 { "                   # one in each region, for all of its zones" } else { "" };
    let mut lines = vec![format!("    instances: {number}{remark}")];
    if (service.regions as usize) < architecture.n_regions {
        lines.push(format!("    regions: [{}]", REGIONS[..service.regions as usize].join(", ")));
    }
    lines
}

fn workload(architecture: &Architecture) -> String {
    let root = architecture.services.last().expect("there is a service");
    let [get, put] = ["get", "put"].map(|verb| target(&root.name, verb));
    // An instance for all the world stands in the first region, and so do those who ask it.
    let from = if root.is_global() && architecture.n_regions > 1 {
        format!("\n    from: {}", REGIONS[0])
    } else {
        String::new()
    };
    format!(
        "# Spigo's root, the last service of its file, sent a request every 10 ms; every third stored something.\n\
         workload:\n  clients:\n    rate: {REQUESTS_PER_S}/s\n    {WORKLOAD}\n    \
         mix: {{ {get}: {READS}, {put}: {WRITES} }}{from}\n"
    )
}

fn chaos(architecture: &Architecture) -> String {
    let Some(victim) = architecture.victim else { return String::new() };
    let victim = quoted(&architecture.services[victim].name);
    format!(
        "\n# Spigo's chaos monkey: one instance is gone at half time of the usual 60 s.\n\
         scenarios:\n  chaos-monkey:\n    - {{ at: 30s, kill: {{ service: {victim}, count: 1 }} }}\n"
    )
}

/// `web/get`, for whoever calls it.
pub(super) fn target(service: &str, endpoint: &str) -> String {
    quoted(&format!("{service}/{endpoint}"))
}

/// A text as a YAML value: bare where nothing can go wrong.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/');
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic());
    if starts_well && text.chars().all(is_plain) && text != "null" {
        text.to_owned()
    } else {
        in_quotes(text)
    }
}

fn in_quotes(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                quoted.push_str(&format!("\\u{:04x}", c as u32));
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// Of a name from outside, for a comment.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}
