//! Traffic as Vizceral shows it (<https://github.com/Netflix/vizceral>, «Graph data format»): one frame a second, each a
//! document with the global view and in it the view of each region.
//!
//! Volumes are attempts a second that ended, counted from the traced ones: all of these that go well at once are normal,
//! retries and hedges that go well are warning, what fails is danger.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};
use tarsier_engine::{Side, SpanEnd, SpanKind, TraceSpan};
use tarsier_model::{RegionId, SealedModel, ServiceId};

use crate::traces::EPOCH_NS;

const USERS: &str = "INTERNET";

/// Who asks: users, or a service in a region.
type From = Option<(RegionId, ServiceId)>;
type To = (RegionId, ServiceId);

/// Normal, warning, danger.
#[derive(Clone, Copy, Default)]
struct Volume([f64; 3]);

impl Volume {
    fn total(self) -> f64 {
        self.0.iter().sum()
    }

    fn add(&mut self, other: Volume) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, more)| *sum += more);
    }

    fn failing(self) -> f64 {
        if self.total() > 0.0 { self.0[2] / self.total() } else { 0.0 }
    }

    fn class(self) -> &'static str {
        match self.failing() {
            share if share > 0.05 => "danger",
            share if share > 0.01 => "warning",
            _ => "normal",
        }
    }

    /// Of what there is; the component complains of slices without an angle.
    fn metrics(self) -> Value {
        let classes = ["normal", "warning", "danger"].into_iter().zip(self.0);
        classes.filter(|(_, rate)| *rate > 0.0).map(|(class, rate)| (class.to_owned(), json!(rate))).collect()
    }

    fn notices(self) -> Value {
        match self.class() {
            "normal" => json!([]),
            class => {
                let title = format!("{:.1}% fail", self.failing() * 100.0);
                json!([{ "title": title, "severity": if class == "danger" { 2 } else { 1 } }])
            }
        }
    }
}

type Links = BTreeMap<(String, String), Volume>;

/// A file of frames, a line each; the first error is told in the end.
pub struct VizceralWriter<'m, W> {
    out: W,
    model: &'m SealedModel,
    /// How many attempts a traced one stands for.
    weight: f64,
    second: Option<u64>,
    flows: BTreeMap<(From, To), Volume>,
    /// The largest volume of a connection so far.
    most: f64,
    result: io::Result<()>,
}

impl<'m, W: Write> VizceralWriter<'m, W> {
    /// `share` of the requests are traced.
    pub fn new(out: W, model: &'m SealedModel, share: f64) -> Self {
        let flows = BTreeMap::new();
        VizceralWriter { out, model, weight: 1.0 / share, second: None, flows, most: 0.0, result: Ok(()) }
    }

    pub fn span(&mut self, span: &TraceSpan) {
        let (from, to) = match span.kind {
            SpanKind::Client => (span.side, span.peer),
            SpanKind::Consumer => (span.peer.unwrap_or(span.side), Some(span.side)),
            _ => return,
        };
        let service = self.model.endpoints[span.endpoint].service;
        // Whoever found nobody to ask would have asked nearby.
        let to = (self.region(to.unwrap_or(from)), service);
        let from = match from {
            Side::Users { .. } => None,
            Side::Instance { service, .. } => Some((self.region(from), service)),
        };
        let class = match span.end {
            SpanEnd::Ok => usize::from(span.attempt > 1 || span.hedge),
            _ => 2,
        };
        self.flows.entry((from, to)).or_default().0[class] += self.weight;
    }

    /// A second is over.
    pub fn second(&mut self, second: u64) {
        if self.second.replace(second) != Some(second) && self.result.is_ok() {
            let frame = self.frame(EPOCH_NS / 1_000_000 + (second + 1) * 1_000);
            self.flows.clear();
            self.result = writeln!(self.out, "{frame}");
        }
    }

    pub fn finish(mut self) -> io::Result<()> {
        self.result?;
        self.out.flush()
    }

    fn region(&self, side: Side) -> RegionId {
        let (Side::Users { zone, .. } | Side::Instance { zone, .. }) = side;
        self.model.zones[zone].region
    }

    fn frame(&mut self, updated_ms: u64) -> Value {
        let name = |region: RegionId| self.model.regions[region].name.clone();
        let mut global = Links::new();
        for ((from, (region, _)), volume) in &self.flows {
            let from = from.map(|(region, _)| region);
            if from != Some(*region) {
                let link = (from.map_or(USERS.to_owned(), name), name(*region));
                global.entry(link).or_default().add(*volume);
            }
        }
        let most = self.flows.values().chain(global.values()).map(|volume| volume.total());
        self.most = most.fold(self.most, f64::max);
        let regions = self.model.regions.ids().map(|region| self.region_view(region, updated_ms));
        let users = json!({ "renderer": "region", "name": USERS, "class": "normal" });
        json!({
            "renderer": "global",
            "name": self.model.name,
            "serverUpdateTime": updated_ms,
            "maxVolume": self.most,
            "nodes": std::iter::once(users).chain(regions).collect::<Vec<_>>(),
            "connections": connections(&global),
        })
    }

    /// The services of a region, and as nodes of their names the other regions that call or are called.
    fn region_view(&self, region: RegionId, updated_ms: u64) -> Value {
        let seen_from_here = |(at, service): (RegionId, ServiceId)| {
            if at == region {
                self.model.services[service].name.clone()
            } else {
                self.model.regions[at].name.clone()
            }
        };
        let mut links = Links::new();
        for ((from, to), volume) in &self.flows {
            if to.0 == region || from.is_some_and(|(at, _)| at == region) {
                let link = (from.map_or(USERS.to_owned(), seen_from_here), seen_from_here(*to));
                links.entry(link).or_default().add(*volume);
            }
        }
        let mut nodes: BTreeMap<String, Volume> = BTreeMap::from([(USERS.to_owned(), Volume::default())]);
        let stands_here = |zone: &tarsier_model::ZoneId| self.model.zones[*zone].region == region;
        for service in self.model.services.iter().filter(|service| service.instances.iter().any(stands_here))
        {
            nodes.entry(service.name.clone()).or_default();
        }
        let mut all = Volume::default();
        for ((from, to), volume) in &links {
            nodes.entry(from.clone()).or_default();
            nodes.entry(to.clone()).or_default().add(*volume);
            all.add(*volume);
        }
        let node = |(name, volume): (&String, &Volume)| json!({ "name": name, "renderer": "focusedChild", "class": volume.class(), "notices": volume.notices() });
        json!({
            "renderer": "region",
            "name": self.model.regions[region].name,
            "updated": updated_ms,
            "maxVolume": self.most,
            "class": all.class(),
            "nodes": nodes.iter().map(node).collect::<Vec<_>>(),
            "connections": connections(&links),
        })
    }
}

fn connections(links: &Links) -> Vec<Value> {
    let connection = |((source, target), volume): (&(String, String), &Volume)| {
        json!({
            "source": source,
            "target": target,
            "metrics": volume.metrics(),
            "class": volume.class(),
            "notices": volume.notices(),
        })
    };
    links.iter().map(connection).collect()
}
