//! From the tree to a model: every part reports its own mistakes and goes on, so that all of them
//! come at once.

mod bulkheads;
mod call;
mod context;
mod contradictions;
mod doubts;
mod family;
mod faults;
mod fields;
mod forbidden;
mod guard;
mod law;
mod layers;
mod locks;
mod named;
mod names;
mod nearest;
mod network;
mod placement;
mod presets;
mod protection;
mod replication;
mod retry;
mod samples;
mod scalars;
mod scenario;
mod segmentation;
mod service;
mod settings;
mod slo;
mod steps;
mod whole;
mod workload;

use std::collections::BTreeMap;

use tarsier_model::{Happening, Model, SealedModel, ServiceId};
use tarsier_units::Span;

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Sink};
use crate::keys::{DEFAULTS, STRIKE, TOP};
use crate::places::Places;
use crate::tree::{Kind, Node};
use context::Context;
use fields::Fields;
use names::Names;

pub(crate) use call::one_or_many;
pub use context::FileReader;
pub(crate) use family::written;
pub(crate) use law::percent;
pub use names::name_fault;
pub use nearest::{listed, nearest};
pub(crate) use protection::usual_breaker;
pub(crate) use retry::{PLAIN, doubling};

/// The model, if nothing is wrong with it.
pub(crate) fn lower(
    root: &Node,
    fallback_name: &str,
    files: FileReader<'_>,
    sink: &Sink,
) -> Option<(SealedModel, Places)> {
    let mut cx = Context::new(sink, files, Names::default());
    if !matches!(root.kind, Kind::Map(_)) {
        not_a_mapping(&cx, root);
        return None;
    }
    let top = Fields::open(&cx, root, &TOP, root.place)?;
    defaults(&mut cx, top.get("defaults"));
    let [regions, services, workloads] = ["regions", "services", "workload"].map(|name| top.get(name));
    placement::declare(&mut cx, regions);
    service::declare(&mut cx, services);
    workload::declare(&mut cx, workloads);
    let cx = cx;
    let mut model = Model {
        name: title(&cx, &top, "architecture").unwrap_or_else(|| fallback_name.to_owned()),
        description: title(&cx, &top, "description").unwrap_or_default(),
        network: network::network(&cx, top.get("network")),
        ..Model::empty()
    };
    placement::fill(&cx.names, &mut model);
    call::check_defaults(&cx);
    service::lower(&cx, services, &mut model);
    workload::lower(&cx, workloads, &mut model);
    let scenarios = top.get("scenarios");
    scenario::lower(&cx, scenarios, &mut model);
    slo::lower(&cx, top.get("slo"), &mut model);
    model.segmentation =
        top.get("segmentation").and_then(|node| segmentation::segmentation(&cx, node, &model));
    let model = whole::seal(&cx, model, scenarios)?;
    Some((model, cx.into_places()))
}

/// One happening of a scenario against a model that was loaded before, and when if it says so. It may speak of no files.
pub(crate) fn happening(
    node: &Node,
    model: &SealedModel,
    before: &BTreeMap<ServiceId, u32>,
    sink: &Sink,
) -> Option<(Option<Span>, Happening)> {
    let no_files: FileReader<'_> =
        &|_| Err("what is done by hand has no folder to read files from".to_owned());
    let cx = Context::new(sink, no_files, Names::of(model));
    let happening = scenario::happening(&cx, node, &STRIKE, node.place);
    doubts::judge(&cx, model, before);
    forbidden::report_set(&cx, model);
    whole::calls_nobody_makes(&cx, model, &scenario::named_call(node).into_iter().collect::<Vec<_>>());
    happening.filter(|_| !sink.has_errors())
}

fn not_a_mapping(cx: &Context<'_>, root: &Node) {
    let (code, message) = match root.kind {
        Kind::Null => (Code::Empty, "there is no architecture in this file".to_owned()),
        _ => (Code::WrongShape, format!("expected a mapping with `services`, found {}", root.what())),
    };
    if root.kind != Kind::Broken {
        let diagnostic = Diagnostic::error(code, root.place, message);
        cx.report(diagnostic.hint("an architecture has at least `services:` with one service"));
    }
}

fn title(cx: &Context<'_>, top: &Fields<'_>, key: &str) -> Option<String> {
    let text = cx.text(top.get(key)?, "a text")?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn defaults<'n>(cx: &mut Context<'n>, node: Option<&'n Node>) {
    let Some(node) = node else { return };
    let Some(fields) = Fields::open(cx, node, &DEFAULTS, node.place) else { return };
    cx.call_defaults = fields.get("call");
    cx.service_defaults = fields.get("service");
}
