//! One API, said three times: what is routed, what the OpenAPI document says, and what docs/reference/api.md says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::client::lab;

/// As `GET /api/runs/{}`: a method and a path whose parts to be filled in have no names.
type Operations = BTreeSet<String>;

fn operation(method: &str, path: &str) -> String {
    let nameless = |part: &str| if part.starts_with('{') { "{}".to_owned() } else { part.to_owned() };
    let parts: Vec<String> = path.split('/').map(nameless).collect();
    format!("{} {}", method.to_uppercase(), parts.join("/"))
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn routed() -> Operations {
    let source = read("src/api/mod.rs");
    let routes = source.lines().filter_map(|line| line.trim().strip_prefix(".route(\""));
    let operations = routes.flat_map(|line| {
        let (path, handlers) = line.split_once("\", ").expect("a route has a handler");
        let methods = ["get", "post", "delete", "put", "patch"];
        let here: Vec<&str> =
            methods.into_iter().filter(|method| handlers.contains(&format!("{method}("))).collect();
        assert!(!here.is_empty(), "{line}");
        here.into_iter().map(move |method| operation(method, path))
    });
    operations.collect()
}

fn described(document: &Value) -> Operations {
    let paths = document["paths"].as_object().expect("it has paths");
    let operations = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("by method");
        methods.keys().map(move |method| operation(method, path))
    });
    operations.collect()
}

/// What stands in code as `GET /api/…`.
fn told() -> Operations {
    let text = read("../../docs/reference/api.md");
    let codes = text.split('`').skip(1).step_by(2);
    let operations = codes.filter_map(|code| {
        let (method, rest) = code.split_once(' ')?;
        let path = rest.split(['?', ' ']).next().filter(|path| path.starts_with("/api/"))?;
        Some(operation(method, path))
    });
    operations.collect()
}

#[test]
fn the_document_has_what_is_routed_and_what_is_told() {
    let document = lab().value("/api/openapi.json");
    assert_eq!(described(&document), routed());
    assert_eq!(told(), routed());
}

/// What the page asks for: every call in the one file of it that asks.
fn asked() -> Operations {
    let source = read("../../ui/src/api/client.ts");
    let calls = source.split("export const ").filter_map(|code| {
        let call = ["get<", "post<", "answer("].iter().filter_map(|it| code.find(it)).min()?;
        let (_, argument) = code[call..].split_once('(')?;
        let path = if argument.starts_with("ofRun(id)") { "${ofRun(id)}" } else { quoted(argument)? };
        let method = match () {
            () if code[call..].starts_with("post") || code.contains("method: 'POST'") => "POST",
            () if code.contains("method: 'DELETE'") => "DELETE",
            () => "GET",
        };
        Some(operation(method, &format!("/api/{}", filled(path))))
    });
    let addresses = source.split("`/api/${ofRun").skip(1).filter_map(|rest| rest.split('`').next());
    let addresses = addresses.map(|rest| operation("GET", &filled(&format!("/api/${{ofRun{rest}"))));
    calls.chain(addresses).collect()
}

fn quoted(code: &str) -> Option<&str> {
    let quote = code.chars().next().filter(|it| "'`".contains(*it))?;
    code[1..].split(quote).next()
}

/// `${ofRun(id)}/services/${part(of)}?x=1` is `runs/{}/services/{}`.
fn filled(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default().replace("${ofRun(id)}", "runs/{}");
    let mut parts = path.split("${");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |path, part| path + "{}" + part.split_once('}').map_or("", |(_, rest)| rest))
}

#[test]
fn what_the_page_asks_for_is_answered() {
    let (asked, routed) = (asked(), routed());
    assert!(asked.len() >= 28, "{asked:#?}");
    assert_eq!(asked.difference(&routed).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn every_reference_of_the_document_leads_somewhere() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str));
                map.values().for_each(|it| references(it, found));
            }
            Value::Array(list) => list.iter().for_each(|it| references(it, found)),
            _ => {}
        }
    }
    let document = lab().value("/api/openapi.json");
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 100, "{}", found.len());
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("it stays within");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn every_refusal_is_json() {
    let lab = lab();
    for (method, path, status) in [
        ("PUT", "/api/runs", 405),
        ("POST", "/api/architectures", 405),
        ("GET", "/api/runs/%ff", 400),
        ("GET", "/api/runs/1/frame?at=%ff", 404),
        ("GET", "/api", 404),
        ("POST", "/index.html", 405),
    ] {
        let answer = lab.ask(method, path, &lab.host(), b"").is(status);
        assert!(answer.head.contains("content-type: application/json"), "{answer:?}");
        assert!(answer.json()["error"].as_str().is_some_and(|it| !it.is_empty()), "{}", answer.text());
    }
    assert!(lab.ask("PUT", "/api/runs", &lab.host(), b"").head.contains("allow: get,head,post"));
}
