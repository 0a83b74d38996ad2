//! Files of other tools, told by what is in them: one word instead of a hundred about unknown keys.

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::tree::{Kind, Node};

/// What to say of a file that is no architecture, if it is another tool's.
pub(crate) fn recognise(root: &Node) -> Option<Diagnostic> {
    let tool = match &root.kind {
        Kind::Map(_) => tool_of_mapping(root)?,
        Kind::List(items) => tool_of_list(items.first()?)?,
        Kind::Null | Kind::Broken | Kind::Scalar(_) => return None,
    };
    let message = format!("this looks like {tool}, which Tarsier does not read");
    let hint =
        "write an architecture: who calls whom, and how long each works; `tarsier show shop` prints one";
    Some(Diagnostic::error(Code::ForeignFile, root.place, message).hint(hint))
}

fn tool_of_mapping(root: &Node) -> Option<&'static str> {
    let has = |key| root.get(key).is_some();
    let first_of = |key| match &root.get(key)?.value.kind {
        Kind::List(items) => items.first(),
        _ => None,
    };
    if has("apiVersion") && has("kind") {
        Some("a Kubernetes manifest")
    } else if has("resourceSpans") || has("batches") && first_of("batches")?.get("scopeSpans").is_some() {
        Some("a trace of OpenTelemetry")
    } else if is_span_of_jaeger(root)
        || ["data", "spans"].into_iter().filter_map(first_of).any(is_span_of_jaeger)
    {
        Some("a trace of Jaeger")
    } else if has("renderer") && has("nodes") {
        Some("a graph of Vizceral")
    } else if has("space") && root.get("space")?.value.get("graph").is_some() {
        Some("a sheet of Guesstimate")
    } else {
        has_containers(root.get("services").map_or(root, |services| &services.value))
            .then_some("a Docker Compose file")
    }
}

fn tool_of_list(first: &Node) -> Option<&'static str> {
    // In the first version of the format a list of lists, one for each trace.
    let span = match &first.kind {
        Kind::List(spans) => spans.first()?,
        _ => first,
    };
    span.get("traceId").map(|_| "a trace of Zipkin")
}

/// A span, or a trace with its spans: the one API writes `traceID`, the other `traceId`.
fn is_span_of_jaeger(node: &Node) -> bool {
    let has = |key| node.get(key).is_some();
    has("spans") && has("processes") || (has("spanID") || has("spanId")) && has("operationName")
}

/// Services that are made from images, none of which does anything.
fn has_containers(services: &Node) -> bool {
    let services = services.entries().unwrap_or_default();
    let any_has = |keys: [&str; 2]| {
        services.iter().any(|service| keys.iter().any(|key| service.value.get(key).is_some()))
    };
    any_has(["image", "build"]) && !any_has(["do", "endpoints"])
}

#[cfg(test)]
mod tests {
    use crate::{Code, Loaded, load};

    fn codes(loaded: &Loaded) -> Vec<Code> {
        loaded.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
    }

    #[test]
    fn files_of_other_tools_get_one_error_that_names_the_tool() {
        let files = [
            ("services: { web: { image: nginx, ports: [80] }, db: { image: mysql } }", "Docker Compose"),
            ("web: { build: ., links: [db] }\ndb: { image: mysql }", "Docker Compose"),
            ("apiVersion: v1\nkind: Service\n---\napiVersion: v1\nkind: Pod", "Kubernetes"),
            (r#"[{"traceId": "1", "id": "2", "name": "get"}]"#, "Zipkin"),
            (r#"[[{"traceId": "1", "id": "2"}], []]"#, "Zipkin"),
            (r#"{"resourceSpans": [{"scopeSpans": []}]}"#, "OpenTelemetry"),
            (r#"{"batches": [{"scopeSpans": []}]}"#, "OpenTelemetry"),
            (r#"{"data": [{"traceID": "1", "spans": [], "processes": {}}]}"#, "Jaeger"),
            (r#"{"spans": [{"traceId": "1", "spanId": "2", "operationName": "get"}]}"#, "Jaeger"),
            (r#"{"renderer": "global", "nodes": [], "connections": []}"#, "Vizceral"),
            (r#"{"space": {"id": 1, "graph": {"metrics": []}}}"#, "Guesstimate"),
        ];
        for (text, tool) in files {
            let loaded = load("file", text.as_bytes());
            assert_eq!(codes(&loaded), [Code::ForeignFile], "{text}");
            assert!(loaded.diagnostics[0].message.contains(tool), "{text}: {:?}", loaded.diagnostics);
        }
    }

    #[test]
    fn mistakes_of_ours_are_told_one_by_one() {
        for text in [
            "services: { web: { image: nginx, do: [ { work: 1ms } ] } }",
            "services: { web: { do: [] } }\nkind: store",
            "- { call: web }",
            "data: [ { work: 1ms } ]",
            "batches: 7",
        ] {
            let loaded = load("file", text.as_bytes());
            assert!(loaded.has_errors() && !codes(&loaded).contains(&Code::ForeignFile), "{text}");
        }
    }
}
