//! From the tree of a file to an architecture, with everything that is wrong with it.

use std::collections::{BTreeMap, BTreeSet};

use tarsier_language::tree::{Entry, Kind, Node};
use tarsier_language::{Code, Diagnostic, Place, Sink, limits, listed, name_fault, nearest};

use super::Options;
use super::architecture::{Architecture, Dependency, REGIONS, Service};
use super::package::{self, PACKAGES, Package};

const TOP_KEYS: [&str; 7] = ["arch", "version", "description", "args", "date", "victim", "services"];
const SERVICE_KEYS: [&str; 5] = ["name", "package", "count", "regions", "dependencies"];
/// What Spigo read and then left alone.
const IDLE_KEYS: [&str; 7] = [
    "machine",
    "instance",
    "container",
    "process",
    "useCustomGuesstimate",
    "guesstimateType",
    "guesstimateValue",
];
/// The name by which services register beyond their region; no service can have it.
pub(super) const REGISTRY: &str = "eureka";

pub(super) struct Reader<'a> {
    pub(super) sink: &'a Sink,
    pub(super) options: &'a Options,
}

/// A service whose dependencies are still names.
struct Draft<'n> {
    service: Service,
    dependencies: Option<&'n Node>,
}

impl Reader<'_> {
    /// All services that can be read; whether they make an architecture, the sink knows.
    pub(super) fn architecture(&self, fallback_name: &str, root: &Node) -> Option<Architecture> {
        if !matches!(root.kind, Kind::Map(_)) {
            self.expect("an architecture of Spigo", root);
            return None;
        }
        self.refuse_unknown_keys(root, &TOP_KEYS, "an architecture of Spigo");
        let Some(services) = root.get("services") else {
            self.error(Code::MissingKey, root.place, "an architecture of Spigo needs `services`");
            return None;
        };
        let Kind::List(items) = &services.value.kind else {
            self.expect("a list of services", &services.value);
            return None;
        };
        if items.is_empty() {
            self.error(Code::MissingKey, services.value.place, "an architecture needs at least one service");
        }
        let drafts: Vec<Draft<'_>> = items.iter().filter_map(|item| self.service(item)).collect();
        self.warn_of_idle_keys(items);
        self.refuse_doubles(&drafts);
        let by_name: BTreeMap<String, usize> =
            drafts.iter().enumerate().map(|(at, draft)| (draft.service.name.clone(), at)).collect();
        let services = drafts.into_iter().map(|draft| self.linked(draft, &by_name)).collect();
        let text = |key: &str| root.get(key).and_then(|entry| self.text(&entry.value)).unwrap_or_default();
        let name = if fallback_name.is_empty() { text("arch") } else { fallback_name };
        let victim = root.get("victim").and_then(|entry| self.victim(entry, &by_name));
        Some(Architecture::new(name, text("description"), victim, services))
    }

    fn service<'n>(&self, node: &'n Node) -> Option<Draft<'n>> {
        if !matches!(node.kind, Kind::Map(_)) {
            self.expect("a service with a `name` and a `package`", node);
            return None;
        }
        let known: Vec<&str> = SERVICE_KEYS.into_iter().chain(IDLE_KEYS).collect();
        self.refuse_unknown_keys(node, &known, "a service of Spigo");
        let name = self.required(node, "name")?;
        let package = self.required(node, "package")?;
        self.check_name(self.text(name)?, name.place);
        // A name that others refer to stays known, whatever else is wrong.
        let package = self.package(package).unwrap_or(&PACKAGES[0]);
        let number = |key| node.get(key).map_or(Some((0, name.place)), |entry| self.number(&entry.value));
        // Both are looked at, so that each can be wrong.
        let (regions, count) = (number("regions"), number("count"));
        let (regions, count) = regions.zip(count)?;
        let service = Service {
            name: self.text(name)?.to_owned(),
            place: name.place,
            package: package::meant(package, self.text(name)?),
            called: package.name,
            count: self.scaled(count),
            regions: self.spread(regions),
            dependencies: Vec::new(),
            is_everywhere: false,
        };
        if count.0 > 0 && regions.0 == 0 {
            let message = "a service in no region has one instance for all the world, whatever its count";
            self.warn(Code::NoEffect, count.1, message, "give it `regions`: 1");
        }
        Some(Draft { service, dependencies: node.get("dependencies").map(|entry| &entry.value) })
    }

    pub(super) fn package(&self, node: &Node) -> Option<&'static Package> {
        let name = self.text(node)?;
        let found = package::named(name);
        if found.is_none() {
            self.report(unknown_package(name, node.place));
        }
        found
    }

    fn linked(&self, draft: Draft<'_>, by_name: &BTreeMap<String, usize>) -> Service {
        let mut service = draft.service;
        let items = match draft.dependencies.map(|node| (node, &node.kind)) {
            Some((_, Kind::List(items))) => items.as_slice(),
            None | Some((_, Kind::Null | Kind::Broken)) => &[],
            Some((node, _)) => {
                self.expect("a list of services by their names", node);
                &[]
            }
        };
        let mut seen = BTreeSet::new();
        for item in items {
            let Some(name) = self.text(item) else { continue };
            if name == REGISTRY {
                service.is_everywhere = true;
                continue;
            }
            let Some(on) = self.known(name, item.place, by_name) else { continue };
            if !seen.insert(on) {
                let message = format!("`{}` depends on `{name}` twice", service.name);
                self.warn(Code::NoEffect, item.place, message, "once is enough");
            } else {
                service.dependencies.push(Dependency { on, place: item.place });
            }
        }
        service
    }

    fn known(&self, name: &str, place: Place, by_name: &BTreeMap<String, usize>) -> Option<usize> {
        let on = by_name.get(name).copied();
        if on.is_none() && !self.sink.is_full() {
            let diagnostic =
                Diagnostic::error(Code::UnknownService, place, format!("there is no service `{name}`"));
            let names = || by_name.keys().map(String::as_str);
            self.report(match nearest(name, names()) {
                Some(near) => diagnostic.label(format!("did you mean `{near}`?")),
                None => diagnostic.hint(format!("the services are {}", listed(names()))),
            });
        }
        on
    }

    fn victim(&self, entry: &Entry, by_name: &BTreeMap<String, usize>) -> Option<usize> {
        let name = self.text(&entry.value).filter(|name| !name.is_empty())?;
        self.known(name, entry.value.place, by_name)
    }

    fn refuse_doubles(&self, drafts: &[Draft<'_>]) {
        let mut first: BTreeMap<&str, Place> = BTreeMap::new();
        for Draft { service, .. } in drafts {
            if let Some(first) = first.get(service.name.as_str()) {
                let message = format!("there are two services `{}`", service.name);
                let diagnostic = Diagnostic::error(Code::DuplicateName, service.place, message);
                self.report(diagnostic.label("again here").related(*first, "first given here"));
            } else {
                first.insert(&service.name, service.place);
            }
        }
    }

    fn check_name(&self, name: &str, place: Place) {
        let why = match name {
            REGISTRY => Some("Spigo's own registry is called so"),
            _ if name.contains('.') => Some("Spigo cuts the names of instances at their dots"),
            _ => name_fault(name),
        };
        if let Some(why) = why {
            let message = format!("`{name}` cannot be the name of a service");
            let diagnostic = Diagnostic::error(Code::BadName, place, message).label(why);
            self.report(diagnostic.hint("use letters, digits and hyphens"));
        }
    }

    /// The regions a service stands in, with `--regions`.
    pub(super) fn spread(&self, (written, place): (u64, Place)) -> u64 {
        let regions = written * u64::from(self.options.regions);
        let most = REGIONS.len();
        if regions > most as u64 {
            let message = format!("a service in {regions} regions, of which Spigo knew {most}");
            let diagnostic = Diagnostic::error(Code::OutOfRange, place, message);
            self.report(diagnostic.hint("`--regions` multiplies the `regions` of each service"));
        }
        regions
    }

    /// A count, with `--scale`.
    pub(super) fn scaled(&self, (written, place): (u64, Place)) -> u64 {
        let count = written * u64::from(self.options.scale) / 100;
        if count > limits::MAX_INSTANCES {
            let message =
                format!("{count} instances in a region, of at most {} in all", limits::MAX_INSTANCES);
            self.error(Code::OutOfRange, place, message);
        } else if written > 0 && count == 0 {
            let message = format!("a count of {written} at {}% is 0", self.options.scale);
            let hint = "Spigo then makes one for the region, in no zone, which karyon and zuul did not find";
            self.warn(Code::ScaledAway, place, message, hint);
        }
        count
    }

    fn warn_of_idle_keys(&self, services: &[Node]) {
        for key in IDLE_KEYS {
            let entries: Vec<&Entry> = services.iter().filter_map(|service| service.get(key)).collect();
            if let Some(first) = entries.first() {
                let message = format!("`{key}` of a service says nothing to a run ({} here)", entries.len());
                self.warn(Code::NoEffect, first.key.place, message, "Spigo read it and left it alone");
            }
        }
    }

    fn refuse_unknown_keys(&self, node: &Node, known: &[&str], object: &str) {
        for entry in node.entries().unwrap_or_default() {
            if !known.contains(&entry.key.text.as_str()) && !self.sink.is_full() {
                let message = format!("unknown key `{}` in {object}", entry.key.text);
                let diagnostic = Diagnostic::error(Code::UnknownKey, entry.key.place, message);
                self.report(match nearest(&entry.key.text, known.iter().copied()) {
                    Some(near) => diagnostic.label(format!("did you mean `{near}`?")),
                    None => diagnostic.hint(format!("its keys are {}", listed(known.iter().copied()))),
                });
            }
        }
    }

    fn required<'n>(&self, node: &'n Node, key: &str) -> Option<&'n Node> {
        let found = node.get(key).map(|entry| &entry.value).filter(|value| value.kind != Kind::Null);
        if found.is_none() {
            self.error(Code::MissingKey, node.place, format!("a service needs `{key}`"));
        }
        found
    }

    pub(super) fn text<'n>(&self, node: &'n Node) -> Option<&'n str> {
        let text = node.text();
        if text.is_none() && !matches!(node.kind, Kind::Null) {
            self.expect("a text", node);
        }
        text
    }

    /// A number and where it stands.
    fn number(&self, node: &Node) -> Option<(u64, Place)> {
        let expected = "a whole number, not below zero";
        let Kind::Scalar(scalar) = &node.kind else {
            if node.kind == Kind::Null {
                return Some((0, node.place));
            }
            self.expect(expected, node);
            return None;
        };
        let number = scalar.text.parse().ok().filter(|number| *number <= limits::MAX_COUNT);
        if number.is_none() {
            let message = format!("`{}` is out of range", scalar.text);
            let label = format!("expected {expected} and not above {}", limits::MAX_COUNT);
            self.report(Diagnostic::error(Code::OutOfRange, node.place, message).label(label));
        }
        Some((number?, node.place))
    }

    fn expect(&self, expected: &str, node: &Node) {
        if node.kind != Kind::Broken {
            self.error(Code::WrongShape, node.place, format!("expected {expected}, found {}", node.what()));
        }
    }

    fn error(&self, code: Code, place: Place, message: impl Into<String>) {
        self.report(Diagnostic::error(code, place, message));
    }

    pub(super) fn warn(&self, code: Code, place: Place, message: impl Into<String>, hint: &str) {
        self.report(Diagnostic::warning(code, place, message).hint(hint));
    }

    pub(super) fn report(&self, diagnostic: Diagnostic) {
        self.sink.report(diagnostic);
    }
}

fn unknown_package(given: &str, place: Place) -> Diagnostic {
    let names = || PACKAGES.iter().map(|package| package.name);
    let diagnostic = Diagnostic::error(Code::UnknownWord, place, format!("unknown package `{given}`"));
    match nearest(given, names()) {
        Some(near) => diagnostic.label(format!("did you mean `{near}`?")),
        None => diagnostic.hint(format!("the packages are {}", listed(names()))),
    }
}
