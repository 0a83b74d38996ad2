//! What stands at the place of a part is its name.

use tarsier_language::{Loaded, Place, load_with};

use crate::golden::files;

/// Every part of every valid file; calls are found by their number, so this also holds their order.
#[test]
fn parts_are_found_where_they_are_named() {
    let mut n_calls = 0;
    for folder in ["corpus/valid", "architectures"] {
        for path in files(folder, ".yaml") {
            let source = std::fs::read_to_string(&path).expect("the file is a text");
            let read = |beside: &str| {
                std::fs::read(path.with_file_name(beside)).map_err(|_| "there is no such file".to_owned())
            };
            n_calls += check(&load_with("file.yaml", source.as_bytes(), &read), &source);
        }
    }
    assert!(n_calls > 50, "only {n_calls} calls in all files");
}

fn check(loaded: &Loaded, source: &str) -> usize {
    let model = loaded.model.as_ref().expect("the file is valid");
    let text = |place: Place| source[place.start..place.end].trim_matches(['"', '\'']);
    let places = &loaded.places;
    for (id, service) in model.services.entries() {
        assert_eq!(text(places.service(id)), service.name);
    }
    for (id, workload) in model.workloads.entries() {
        assert_eq!(text(places.workload(id)), workload.name);
        for (number, (_, to)) in workload.mix.iter().enumerate() {
            let path = text(places.destination(id, number));
            assert_eq!(path.split('/').next(), model.endpoint_label(*to).split('/').next());
        }
    }
    let mut n_calls = 0;
    for (id, endpoint) in model.endpoints.entries() {
        let name = endpoint.name.as_deref().unwrap_or(&model.services[endpoint.service].name);
        assert_eq!(text(places.endpoint(id)), name.trim_end_matches(" at a replica"));
        for (number, call) in endpoint.calls().iter().enumerate() {
            let label = model.endpoint_label(call.to);
            let path = text(places.call(id, number));
            // What a replicated store has its replicas do is found at the name of its endpoint.
            let is_made = label == format!("{}/{path} at a replica", model.services[endpoint.service].name);
            let is_named = path == label || label.starts_with(&format!("{path}/"));
            assert!(is_made || is_named, "{path} is not {label}");
            n_calls += 1;
        }
    }
    n_calls
}
