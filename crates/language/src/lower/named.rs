//! What a text names where things of several sorts may stand: `users`, `web`, `us-east-1/a`, `kind store`.

use tarsier_model::{Kind, RegionId, ServiceId, ZoneId};
use tarsier_units::Id;

use super::context::Context;
use super::names::{Reference, suggest};
use super::nearest::{listed, nearest};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::keys::PRESETS;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Named {
    /// Of all workloads.
    Users,
    Service(ServiceId),
    Zone(ZoneId),
    Region(RegionId),
    Kind(Kind),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sort {
    Users,
    Service,
    Zone,
    Region,
    Kind,
}

impl Sort {
    /// What may stand before a name to say which is meant.
    fn prefix(self) -> &'static str {
        match self {
            Sort::Users => "all",
            Sort::Service => "service",
            Sort::Zone => "zone",
            Sort::Region => "region",
            Sort::Kind => "kind",
        }
    }
}

impl Context<'_> {
    /// A name, or one with its sort before it: `zone a`.
    pub(super) fn named(&self, reference: Reference<'_>, sorts: &[Sort]) -> Option<Named> {
        self.named_or(reference, sorts, &Vec::new)
    }

    /// Where a name could also have been one of the `others`.
    pub(super) fn named_or(
        &self,
        reference: Reference<'_>,
        sorts: &[Sort],
        others: &dyn Fn() -> Vec<String>,
    ) -> Option<Named> {
        if let Some((prefix, _)) = reference.text.split_once(char::is_whitespace) {
            let name = reference.part(prefix.len(), reference.text.len());
            let Some(sort) = sorts.iter().find(|sort| sort.prefix() == prefix) else {
                self.report(no_such_sort(reference, sorts));
                return None;
            };
            return self.of_sort(name, *sort);
        }
        let found = self.all_named(reference.text, sorts);
        match found[..] {
            [(_, only)] => Some(only),
            [(Sort::Users, _), (Sort::Service, service)] => {
                self.report(meant(reference));
                Some(service)
            }
            [] => {
                self.report_unknown(reference, sorts, others);
                None
            }
            _ => {
                self.report(ambiguous(reference, &found));
                None
            }
        }
    }

    /// Everything of this name. A zone that the file does not name itself yields to what it names.
    pub(super) fn all_named(&self, name: &str, sorts: &[Sort]) -> Vec<(Sort, Named)> {
        let mut found: Vec<(Sort, Named)> =
            sorts.iter().flat_map(|sort| self.all_of_sort(name, *sort)).collect();
        if found.iter().any(|(_, named)| !self.is_usual_zone(*named)) {
            found.retain(|(_, named)| !self.is_usual_zone(*named));
        }
        found
    }

    pub(super) fn is_usual_zone(&self, named: Named) -> bool {
        matches!(named, Named::Zone(zone) if self.names.zones[zone.index()].is_usual)
    }

    /// Kinds are only meant where the word stands before them.
    fn all_of_sort(&self, name: &str, sort: Sort) -> Vec<(Sort, Named)> {
        let found: Vec<Named> = match sort {
            Sort::Users => (name == "users").then_some(Named::Users).into_iter().collect(),
            Sort::Service => self.names.service_id(name).map(Named::Service).into_iter().collect(),
            Sort::Zone => self.names.zones_named(name).iter().map(|zone| Named::Zone(*zone)).collect(),
            Sort::Region => self.names.region_id(name).map(Named::Region).into_iter().collect(),
            Sort::Kind => Vec::new(),
        };
        found.into_iter().map(|named| (sort, named)).collect()
    }

    fn of_sort(&self, name: Reference<'_>, sort: Sort) -> Option<Named> {
        match sort {
            Sort::Users if name.text == "users" => Some(Named::Users),
            Sort::Users => {
                let diagnostic = Diagnostic::error(Code::UnknownName, name.place, "only users come in `all`");
                self.report(diagnostic.label("expected `all users`"));
                None
            }
            Sort::Service => self.service_of(name).map(Named::Service),
            Sort::Zone => self.zone_of(name).map(Named::Zone),
            Sort::Region => self.region_of(name).map(Named::Region),
            Sort::Kind => self.kind_of(name).map(Named::Kind),
        }
    }

    fn kind_of(&self, name: Reference<'_>) -> Option<Kind> {
        let found = PRESETS.iter().find(|preset| preset.name == name.text);
        if found.is_none() {
            let message = format!("there is no kind `{}`", name.text);
            let diagnostic = Diagnostic::error(Code::UnknownWord, name.place, message);
            let kinds: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
            self.report(suggest(diagnostic, name.text, &kinds, "kinds"));
        }
        found.map(|preset| preset.kind)
    }

    fn report_unknown(&self, reference: Reference<'_>, sorts: &[Sort], others: &dyn Fn() -> Vec<String>) {
        if self.sink.is_full() {
            return;
        }
        if reference.text.is_empty() {
            self.report(Diagnostic::error(Code::UnknownName, reference.place, "a name is missing here"));
            return;
        }
        let message = format!("nothing is called `{}`", reference.text);
        let diagnostic = Diagnostic::error(Code::UnknownName, reference.place, message);
        let all = sorts.iter().flat_map(|sort| self.names_of_sort(*sort));
        let mut names: Vec<String> = others().into_iter().chain(all).collect();
        names.dedup();
        self.report(match nearest(reference.text, names.iter().map(String::as_str)) {
            Some(near) => diagnostic.label(format!("did you mean `{near}`?")),
            None => diagnostic.hint(format!("there are {}", listed(names.iter().map(String::as_str)))),
        });
    }

    fn names_of_sort(&self, sort: Sort) -> Vec<String> {
        match sort {
            Sort::Users => vec!["all users".to_owned()],
            Sort::Service => self.names.services.iter().map(|service| service.name.clone()).collect(),
            Sort::Zone => self.names.zone_labels(),
            Sort::Region => self.names.regions.iter().map(|region| region.name.clone()).collect(),
            Sort::Kind => PRESETS.iter().map(|preset| format!("kind {}", preset.name)).collect(),
        }
    }
}

fn no_such_sort(reference: Reference<'_>, sorts: &[Sort]) -> Diagnostic {
    let message = format!("`{}` names nothing", reference.text);
    let prefixes = listed(sorts.iter().filter(|sort| **sort != Sort::Users).map(|sort| sort.prefix()));
    let diagnostic = Diagnostic::error(Code::UnknownName, reference.place, message);
    diagnostic.hint(format!("before a name may stand {prefixes}"))
}

/// What the file names goes before a word of the language, but says so.
fn meant(reference: Reference<'_>) -> Diagnostic {
    let message = "`users` is a service here, not the users of the workloads";
    let diagnostic = Diagnostic::warning(Code::Ambiguous, reference.place, message);
    diagnostic.hint("say which: `service users` or `all users`")
}

fn ambiguous(reference: Reference<'_>, found: &[(Sort, Named)]) -> Diagnostic {
    let message = format!("`{}` is the name of several things", reference.text);
    let mut ways: Vec<String> =
        found.iter().map(|(sort, _)| format!("{} {}", sort.prefix(), reference.text)).collect();
    ways.dedup();
    let diagnostic = Diagnostic::error(Code::Ambiguous, reference.place, message);
    match &ways[..] {
        [_] => diagnostic
            .hint(format!("several regions have it: say which, as in `us-east-1/{}`", reference.text)),
        _ => diagnostic.hint(format!("say which: {}", listed(ways.iter().map(String::as_str)))),
    }
}
