//! The tables of the text that only some models have.

use tarsier_model::{Model, ServiceId};

use crate::crossing::Crossing;
use crate::examination::Examination;
use crate::independence::{Independence, Resilience};
use crate::settings::listed;
use crate::stores::StoreAccess;
use crate::storm::Storm;
use crate::text::{aligned, counted, number, percent, rate, three};

/// Rows of a table; what stands in the JSON need not all be read here.
const ROWS: usize = 20;

/// What retries make of the load when everything fails.
pub(crate) fn storms(model: &Model, storms: &[Storm]) -> String {
    if storms.is_empty() {
        return String::new();
    }
    let mut rows = vec![["retries", "offered", "if all fails", "capacity", "safe below"].map(str::to_owned)];
    rows.extend(storms.iter().take(ROWS).map(|storm| {
        [
            model.services[storm.service].name.clone(),
            rate(storm.offered_per_s),
            rate(storm.failing_per_s),
            rate(storm.capacity_per_s),
            rate(storm.safe_below_per_s()),
        ]
    }));
    aligned(&rows) + &left_out(storms.len())
}

fn left_out(n: usize) -> String {
    if n > ROWS { format!("… and {} more\n", n - ROWS) } else { String::new() }
}

/// How many requests succeed, and how many meet what is slow; where there is anything to say.
pub(crate) fn promises(model: &Model, found: &Examination) -> String {
    let fans_out = found.fan_outs.iter().any(|it| it.leaves > 1.0);
    if found.availabilities.is_empty() && !fans_out {
        return String::new();
    }
    let computed = found.availabilities.iter().map(Some).chain(std::iter::repeat(None));
    let mut rows: Vec<Vec<String>> =
        vec![["request", "leaves", "slowest 1% met"].map(str::to_owned).to_vec()];
    if !found.availabilities.is_empty() {
        rows[0].extend(["available", "down a year"].map(str::to_owned));
    }
    for (fan_out, availability) in found.fan_outs.iter().zip(computed).take(ROWS) {
        let workload = &model.workloads[fan_out.workload].name;
        let request = format!("{workload} {}", model.endpoint_label(fan_out.to));
        let mut row = vec![request, number(fan_out.leaves), percent(fan_out.slow)];
        row.extend(availability.map(|it| available(it.share, it.exact)).into_iter().flatten());
        rows.push(row);
    }
    aligned(&rows) + &left_out(found.fan_outs.len())
}

/// `99.98%` and `105 min`: as many digits as the share of failures has.
fn available(share: f64, exact: bool) -> [String; 2] {
    let down = three(1.0 - share);
    let digits = (2.0 - down.max(1e-12).log10().floor()).clamp(2.0, 14.0) as usize;
    let shown = format!("{:.*}", digits - 2, 100.0 * (1.0 - down));
    let shown = if shown.contains('.') { shown.trim_end_matches('0').trim_end_matches('.') } else { &shown };
    let about = if exact { "" } else { "about " };
    [format!("{about}{shown}%"), in_a_year(1.0 - share)]
}

/// What consistency costs, level by level.
pub(crate) fn stores(model: &Model, accesses: &[StoreAccess]) -> String {
    let mut columns = vec!["store", "", "level", "answers"];
    if accesses.iter().any(|access| access.available.is_some()) {
        columns.extend(["available", "down a year"]);
    }
    let mut rows = vec![columns.into_iter().map(str::to_owned).collect::<Vec<_>>()];
    rows.extend(accesses.iter().take(ROWS).map(|access| {
        let store = model.endpoint_label(access.endpoint);
        let mut row = vec![store, access.verb().to_owned(), access.level.to_string(), access.answers()];
        row.extend(access.available.map(|share| available(share, true)).into_iter().flatten());
        row
    }));
    if accesses.is_empty() { String::new() } else { aligned(&rows) + &left_out(accesses.len()) }
}

/// A share of a year of 365.25 days.
fn in_a_year(share: f64) -> String {
    const MINUTES: f64 = 525_960.0;
    match share * MINUTES {
        minutes if minutes < 1.0 => format!("{} s", number(minutes * 60.0)),
        minutes if minutes < 180.0 => format!("{} min", number(minutes)),
        minutes if minutes < 6_000.0 => format!("{} h", number(minutes / 60.0)),
        minutes => format!("{} days", number(minutes / 1_440.0)),
    }
}

/// Who may talk to whom.
pub(crate) fn crossings(model: &Model, crossings: &[Crossing]) -> String {
    const MOST_COLUMNS: usize = 15;
    if crossings.is_empty() || model.services.len() > MOST_COLUMNS {
        return String::new();
    }
    let name = |service: ServiceId| model.services[service].name.clone();
    let mut rows =
        vec![std::iter::once("may call".to_owned()).chain(model.services.ids().map(name)).collect()];
    for row in crossings.chunk_by(|a, b| a.from == b.from) {
        let caller = row[0].from.map_or_else(|| "users".to_owned(), name);
        let cells = row.iter().map(|crossing| word_of(crossing).to_owned());
        rows.push(std::iter::once(caller).chain(cells).collect::<Vec<String>>());
    }
    aligned(&rows)
}

/// How a pair is called in the table and in JSON.
pub(crate) fn word_of(crossing: &Crossing) -> &'static str {
    match (crossing.passage.is_open(), crossing.passage.is_closed(), crossing.is_made) {
        (true, _, true) => "calls",
        (true, _, false) => "may",
        (_, true, true) => "refused",
        (_, true, false) => "no",
        (_, false, _) => "partly",
    }
}

/// What holds; what does not is told among the doubts.
pub(crate) fn independence(model: &Model, resilience: &Resilience) -> String {
    let holding = resilience.independence.iter().filter(|list| list.holds());
    holding.map(|list| format!("{}\n", independent(model, list, resilience))).collect()
}

fn independent(model: &Model, list: &Independence, resilience: &Resilience) -> String {
    let names: Vec<&str> =
        list.services.iter().map(|service| model.services[*service].name.as_str()).collect();
    let mut parts = vec!["service"];
    parts.extend((model.zones.len() > 1).then_some("zone"));
    parts.extend((model.regions.len() > 1).then_some("region"));
    let examined = if resilience.n_examined < resilience.n_parts {
        format!(" of the first {} examined, of {}", resilience.n_examined, resilience.n_parts)
    } else {
        format!(" of {}", counted(resilience.n_parts, "part"))
    };
    format!(
        "{} are independent: losing a single instance, {} takes down no two of them (none{examined})",
        listed(&names),
        parts.join(" or "),
    )
}
