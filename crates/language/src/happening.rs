//! What somebody does to a run by hand: one happening in the language, outside any file.

use std::collections::BTreeMap;

use tarsier_model::{Happening, Scenario, SealedModel, ServiceId};
use tarsier_units::Span;

use crate::diagnostic::{Diagnostic, Severity, Sink};
use crate::lower;
use crate::tree::{self, Kind, Node};

/// A happening, as it was told.
#[derive(Clone, Debug)]
pub struct Told {
    /// When it is to happen, if that was said.
    pub at: Option<Span>,
    /// At 0 where it was not.
    pub happening: Happening,
    pub warnings: Vec<Diagnostic>,
    node: Node,
}

/// Reads `{ kill: { service: web, count: 1 }, for: 5s }`, with or without `at`, also as JSON. `before` are the instances that
/// services were set to before, at most.
pub fn happening(
    text: &str,
    model: &SealedModel,
    before: &BTreeMap<ServiceId, u32>,
) -> Result<Told, Vec<Diagnostic>> {
    let sink = Sink::default();
    let node = tree::read(text.as_bytes(), &sink).root;
    let told = node.as_ref().and_then(|node| lower::happening(node, model, before, &sink));
    let diagnostics = sink.into_sorted();
    let is_wrong = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    match (node, told) {
        (Some(node), Some((at, happening))) if !is_wrong => {
            Ok(Told { at, happening, warnings: diagnostics, node })
        }
        _ => Err(diagnostics),
    }
}

/// What a scenario of a text lists, one by one as they were read with it.
pub fn told(text: &str, scenario: &Scenario) -> Vec<Told> {
    let root = tree::read(text.as_bytes(), &Sink::default()).root;
    let scenarios = root.as_ref().and_then(|root| root.get("scenarios"));
    let entry = scenarios.and_then(|it| it.value.get(&scenario.name));
    let nodes = entry.map_or(&[][..], |entry| lower::one_or_many(&entry.value));
    let told = |(node, happening): (&Node, &Happening)| Told {
        at: Some(happening.at),
        happening: happening.clone(),
        warnings: Vec::new(),
        node: node.clone(),
    };
    nodes.iter().zip(&scenario.happenings).map(told).collect()
}

impl Told {
    /// The same in one line, at a time, and if it was ended by hand with how long it lasted. (A leak that is ended grows
    /// otherwise than one that was to end then.)
    pub fn text(&self, at: Span, lasted: Option<Span>) -> String {
        let mut parts = vec![format!("at: {at}")];
        let entries = self.node.entries().unwrap_or(&[]);
        for entry in entries.iter().filter(|entry| entry.key.text != "at") {
            match (entry.key.text.as_str(), lasted) {
                ("for", Some(_)) => {}
                // It says the same as `for`.
                ("restart", Some(_)) => {
                    parts.push(format!("restart: {}", flow_without("down", &entry.value)))
                }
                (key, _) => parts.push(format!("{key}: {}", flow(&entry.value))),
            }
        }
        parts.extend(lasted.map(|lasted| format!("for: {lasted}")));
        in_braces(&parts)
    }
}

/// In one line.
pub fn flow(node: &Node) -> String {
    match &node.kind {
        Kind::Null | Kind::Broken => "null".to_owned(),
        Kind::Scalar(scalar) => scalar_text(&scalar.text),
        Kind::List(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Kind::Map(_) => flow_without("", node),
    }
}

fn flow_without(key: &str, map: &Node) -> String {
    let kept = map.entries().unwrap_or(&[]).iter().filter(|entry| entry.key.text != key);
    let parts = kept.map(|entry| format!("{}: {}", scalar_text(&entry.key.text), flow(&entry.value)));
    in_braces(&parts.collect::<Vec<_>>())
}

pub(crate) fn in_braces(parts: &[String]) -> String {
    format!("{{ {} }}", parts.join(", "))
}

/// With quotes only where it needs them.
pub(crate) fn scalar_text(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "%/._- ()=>+".contains(c);
    let starts_plain = text.starts_with(|c: char| c.is_alphanumeric());
    let ends_plain = !text.ends_with(' ') && text != "null";
    if starts_plain && ends_plain && text.chars().all(is_plain) {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use tarsier_model::Trouble;

    use super::*;

    fn model() -> SealedModel {
        let text = "services:\n  web: { instances: 3, do: [ work: 1ms, call: db ] }\n  db: { do: [ work: 1ms ] }\n\
                    workload:\n  people: { rate: 1/s, to: web }\n";
        crate::load("a", text.as_bytes()).model.expect("it is right")
    }

    fn told(text: &str) -> Told {
        happening(text, &model(), &BTreeMap::new())
            .unwrap_or_else(|diagnostics| panic!("{text}: {diagnostics:?}"))
    }

    #[test]
    fn it_happens_now_or_then() {
        let now = told("{ kill: { service: web, count: 1 }, for: 5s }");
        let then = told("{ at: 7s, kill: { service: web, count: 1 }, for: 5s }");
        assert_eq!((now.at, then.at), (None, Some(Span::from_secs(7))));
        assert_eq!(then.happening, Happening { at: Span::from_secs(7), ..now.happening.clone() });
        assert!(matches!(now.happening.trouble, Trouble::Kill { .. }));
        assert_eq!(now.happening.lasts, Some(Span::from_secs(5)));
    }

    #[test]
    fn json_is_understood() {
        let json = told(r#"{"kill": {"service": "web", "count": 1}, "for": "5s"}"#);
        assert_eq!(json.happening, told("{ kill: { service: web, count: 1 }, for: 5s }").happening);
    }

    /// What is written is read as the same.
    #[test]
    fn it_is_told_again_in_one_line() {
        for (text, again) in [
            (
                "kill:\n  service: web\n  zone: us-east-1/a\n",
                "{ at: 1.5s, kill: { service: web, zone: us-east-1/a } }",
            ),
            (
                r#"{"at": "9s", "delay": {"call": "web -> db", "add": "uniform(1ms, 2ms)"}}"#,
                r#"{ at: 1.5s, delay: { call: web -> db, add: "uniform(1ms, 2ms)" } }"#,
            ),
            (
                "{ partition: [us-east-1/a, us-east-1/b] }",
                "{ at: 1.5s, partition: [us-east-1/a, us-east-1/b] }",
            ),
            ("chaos: monkey", "{ at: 1.5s, chaos: monkey }"),
            (
                "set:\n  call: web -> db\n  retry:\n    attempts: 2\n    budget: 10%\n  timeout: none\n",
                "{ at: 1.5s, set: { call: web -> db, retry: { attempts: 2, budget: 10% }, timeout: none } }",
            ),
        ] {
            let first = told(text);
            let written = first.text(Span::from_nanos(1_500_000_000), None);
            assert_eq!(written, again);
            let second = told(&written);
            assert_eq!(second.at, Some(Span::from_nanos(1_500_000_000)));
            assert_eq!(second.happening.trouble, first.happening.trouble);
        }
    }

    #[test]
    fn what_was_ended_by_hand_lasted_so_long() {
        let lasted = Some(Span::from_secs(2));
        let pause = told("{ pause: { service: web }, for: 1h }").text(Span::ZERO, lasted);
        assert_eq!(pause, "{ at: 0s, pause: { service: web }, for: 2s }");
        let restart = told("{ restart: { service: web, down: 1h, cold: { for: 9s, factor: 2 } } }")
            .text(Span::ZERO, lasted);
        assert_eq!(restart, "{ at: 0s, restart: { service: web, cold: { for: 9s, factor: 2 } }, for: 2s }");
        told(&pause);
        told(&restart);
    }

    #[test]
    fn mistakes_have_places_and_doubts_are_told() {
        let text = "{ kill: { service: wbe } }";
        let mistakes = happening(text, &model(), &BTreeMap::new()).expect_err("there is no wbe");
        assert_eq!(mistakes.len(), 1);
        assert_eq!(&text[mistakes[0].place.start..mistakes[0].place.end], "wbe");
        assert_eq!(told("{ kill: { service: web, count: 9 } }").warnings.len(), 1);
        assert_eq!(told("{ delay: { call: db -> web, add: 1s } }").warnings.len(), 1);
        for text in [
            "",
            "web",
            "[]",
            "{}",
            "{ kill: web }",
            "{ kill: { service: web }, pause: { service: web } }",
            "{ deploy: x }",
            "{",
        ] {
            let mistakes = happening(text, &model(), &BTreeMap::new()).expect_err("it says nothing");
            assert!(!mistakes.is_empty(), "{text}");
        }
    }

    /// `db` stands in zone a; its second instance would stand where `web` must not call it.
    #[test]
    fn nobody_joins_where_calls_are_forbidden() {
        let text = "
            services: { web: { do: [ { call: db } ] }, db: { do: [] } }
            workload: { users: { rate: 1/s, to: web } }
            segmentation: { rules: [ { deny: web -> us-east-1/b } ] }";
        let model = crate::load("test", text.as_bytes()).model.expect("it is sound as it is");
        let set = "{ set: { service: db, instances: 2 } }";
        let mistakes = happening(set, &model, &BTreeMap::new()).expect_err("it stands in zone b");
        let [mistake] = mistakes.as_slice() else { panic!("{mistakes:?}") };
        assert_eq!(mistake.code, crate::Code::Forbidden);
        assert_eq!(&set[mistake.place.start..mistake.place.end], "2");
        assert!(happening("{ set: { service: web, instances: 2 } }", &model, &BTreeMap::new()).is_ok());
    }
}
