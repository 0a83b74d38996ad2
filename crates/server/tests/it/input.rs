//! Bad input, each with a sensible answer.

use serde_json::{Value, json};

use crate::client::{PAIR, lab, next_frame};

/// Whatever is dropped on the page, it is told what is wrong with it, and where.
#[test]
fn a_broken_file_is_told_what_is_wrong() {
    let lab = lab();
    let broken: [&[u8]; 12] = [
        b"",
        b"\0\0\0\0",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"\xff\xfea\0r\0c\0h\0",
        b"{ \"arch\": \"x\", \"services\": [",
        b"{ \"arch\": \"x\", \"services\": [ { \"name\": 3 } ] }",
        b"architecture: [",
        b"architecture: pair\nservices:\n  web: { workk: 1ms }\n",
        b"<html><body>not found</body></html>",
        b"PK\x03\x04\x14\0\0\0",
        &[0xC3; 5000],
        b"&a [*a, *a]",
    ];
    for bytes in broken {
        let name = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).into_owned();
        let answer = lab.ask("POST", "/api/import", &lab.host(), bytes).is(200).json();
        let found = answer["diagnostics"].as_array().expect("a list");
        assert!(found.iter().any(|it| it["severity"] == "error"), "{name:?}: {answer}");
        for one in found {
            let (from, to) = (one["from"].as_u64(), one["to"].as_u64());
            assert!(
                one["message"].as_str().is_some_and(|it| !it.is_empty()) && from <= to,
                "{name:?}: {one}"
            );
        }
        lab.post("/api/layout", &json!({ "text": answer["text"] })).is(422).says("mistake");
        lab.post("/api/runs", &json!({ "text": answer["text"] })).is(422).says("mistake");
    }
}

#[test]
fn files_of_others_and_our_own_are_taken() {
    let lab = lab();
    let spigo = br#"{ "arch": "shop", "version": "arch-0.0", "description": "a shop", "args": "[x]", "date": "2015-04-29T22:09:32Z", "victim": "",
        "services": [
            { "name": "db", "package": "store", "regions": 1, "count": 1, "dependencies": [] },
            { "name": "web", "package": "monolith", "regions": 1, "count": 18, "dependencies": ["db"] },
            { "name": "www", "package": "denominator", "regions": 0, "count": 0, "dependencies": ["web"] } ] }"#;
    let taken = lab.ask("POST", "/api/import", &lab.host(), spigo).is(200).json();
    assert!(taken["text"].as_str().is_some_and(|it| it.contains("architecture: shop")), "{taken}");
    let run = lab.start(&json!({ "text": taken["text"], "paused": true }));
    assert_eq!(lab.value(&run)["name"], taken["name"]);
    let own = lab.ask("POST", "/api/import", &lab.host(), PAIR.as_bytes()).is(200).json();
    assert_eq!(own, json!({ "name": "pair", "text": PAIR, "diagnostics": [] }));
}

#[test]
fn what_names_nothing_is_refused_with_its_place() {
    let lab = lab();
    let start = |more: Value| {
        let mut body = json!({ "name": "pair", "paused": true });
        body.as_object_mut().expect("it is one").extend(more.as_object().expect("fields").clone());
        lab.post("/api/runs", &body)
    };
    start(json!({ "scenario": "nothing" })).is(422).says("no scenario called `nothing`");
    let refused = start(json!({ "done": ["{ at: 1s, kill: { service: nobody } }"] })).is(422);
    refused.says("cannot happen");
    assert_eq!(refused.json()["diagnostics"][0]["from"], 27, "{}", refused.text());
    start(json!({ "done": ["{ kill: { service: web } }"] })).is(400).says("does not say when");
    start(json!({ "name": "nobody" })).is(404).says("no architecture called `nobody`");
    start(json!({ "text": PAIR })).is(400).says("not both");
    let scenario = PAIR.replace("service: db, factor", "service: nobody, factor");
    let refused = lab.post("/api/runs", &json!({ "text": scenario })).is(422);
    assert!(refused.text().contains("nobody"), "{}", refused.text());
    let run = lab.start(&json!({ "name": "pair", "paused": true }));
    let happening =
        lab.post(&format!("{run}/happenings"), &json!({ "kill": { "service": "nobody" } })).is(422);
    let found = happening.json()["diagnostics"][0].clone();
    assert!(
        found["message"].as_str().is_some_and(|it| it.contains("nobody")) && found["line"] == 1,
        "{found}"
    );
    lab.post(&format!("{run}/happenings"), &json!({ "at": "1s", "kill": { "service": "web" } }))
        .is(400)
        .says("no `at`");
    for path in [
        "series?of=nobody",
        "series?of=web-%3Enobody",
        "heat?of=web",
        "services/nobody",
        "traces/1",
        "traces/xyz",
    ] {
        lab.get(&format!("{run}/{path}")).is(404);
    }
    let delete = |n: &str| lab.ask("DELETE", &format!("{run}/happenings/{n}"), &lab.host(), b"");
    for n in ["0", "99", "-1", "x", "18446744073709551616"] {
        delete(n).is(404).says("nothing of this number");
    }
}

#[test]
fn nothing_is_accepted_and_ignored() {
    let lab = lab();
    let run = lab.start(&json!({ "name": "pair", "paused": true }));
    let raw = |path: &str, body: &[u8]| lab.ask("POST", path, &lab.host(), body);
    for path in
        ["/api/runs", "/api/check", "/api/complete", &format!("{run}/control"), &format!("{run}/branch")]
    {
        for body in [&b"{"[..], b"[]", b"3", b"\"\"", b"{\"sedd\":1}", b"\xff", b""] {
            raw(path, body).is(400);
        }
    }
    let control = |what: Value| lab.post(&format!("{run}/control"), &what);
    for wrong in
        [json!({ "pace": -1 }), json!({ "pace": 0.05 }), json!({ "pace": 1e9 }), json!({ "pace": "1" })]
    {
        control(wrong).is(400).says("`pace` is");
    }
    control(json!({ "step_s": 0 })).is(400).says("`step_s` is a number");
    control(json!({ "paused": 1 })).is(400).says("`paused` is true or false");
    lab.post(&format!("{run}/branch"), &json!({ "at_s": 10 })).is(409).says("has got to 0 s");
    lab.post("/api/runs", &json!({ "name": "pair", "for_s": 1e300 })).is(400).says("`for_s` is a number");
    lab.post("/api/runs", &json!({ "name": "pair", "seed": -1 })).is(400).says("`seed` is a whole number");
    lab.get(&format!("{run}/frame")).is(404).says("no second is over yet");
    for path in [
        "frame?at=x",
        "frame?at=NaN",
        "frame?at=-1",
        "events?after=-1",
        "events?after=x",
        "traces?pick=best",
        "series",
        "heat",
        "frame?when=1",
    ] {
        lab.get(&format!("{run}/{path}")).is(400);
    }
    lab.get(&format!("{run}/stream")).is(400).says("WebSocket");
    lab.get("/api/nothing").is(404);
    lab.get("/api/runs/x").is(404);
    lab.ask("PUT", "/", &lab.host(), b"").is(405);
}

/// A hundred services of a thousand instances: seen as services, one by one only when asked for, and then not all.
#[test]
fn a_hundred_thousand_instances_are_shown() {
    let service = |at: usize| format!("  s{at}: {{ instances: 1000, do: [ {{ work: 1ms }} ] }}\n");
    let services: String = (0..100).map(service).collect();
    let calls: String = (0..100).map(|at| format!("{{ call: s{at} }}, ")).collect();
    let text = format!(
        "architecture: swarm\nservices:\n  front: {{ instances: 10, do: [ {calls} ] }}\n{services}workload:\n  users: {{ rate: 100/s, to: front }}\n"
    );
    let lab = lab();
    let run = lab.start(&json!({ "text": text, "pace": 0, "for_s": 5 }));
    let topology = lab.value(&format!("{run}/topology"));
    let instances = topology["nodes"].as_array().expect("a list").iter();
    assert_eq!(instances.map(|it| it["instances"].as_u64().expect("a count")).sum::<u64>(), 100_010);
    let whole = next_frame(&mut lab.stream(&run));
    assert!(whole.is_whole && whole.nodes.len() == 102 && whole.n_edges == 101, "{whole:?}");
    lab.post(&format!("{run}/happenings"), &json!({ "kill": { "service": "s7", "count": 500 } })).is(201);
    // It happens once the run goes on.
    let is_down = |run: &Value| {
        run["instances"].as_array().expect("a list").iter().filter(|it| it["health"] == "down").count()
    };
    let shown = lab.until(&format!("{run}/services/s7"), |shown| is_down(shown) == 500);
    assert_eq!(shown["instances"].as_array().map(Vec::len), Some(1000));
    lab.ask("DELETE", &run, &lab.host(), b"").is(204);
}
