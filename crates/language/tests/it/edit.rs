//! A scenario put into a file: it is there, and nothing else has changed.

use tarsier_language::{load_with, with_scenario};
use tarsier_model::{Model, Scenario};

use crate::catalogue::catalogue;

fn model(text: &str) -> Model {
    let loaded = load_with("test.yaml", text.as_bytes(), &|_| Ok(b"0.001\n0.002\n".to_vec()));
    let model = loaded.model.unwrap_or_else(|| panic!("{:?}\n{text}", loaded.diagnostics));
    Model::clone(&model)
}

/// The file with the scenario `live`, and what it is otherwise.
#[track_caller]
fn check(text: &str) -> String {
    let before = model(text);
    let service = &before.services.iter().next().expect("there is a service").name;
    let happenings = [
        format!("{{ at: 1.5s, pause: {{ service: {service} }}, for: 2s }}"),
        format!("{{ at: 3s, slow: {{ service: {service}, factor: 2 }} }}"),
    ];
    let edited = with_scenario(text, "live", &happenings);
    let mut after = model(&edited);
    let live = after.scenarios.iter().position(|scenario| scenario.name == "live").expect("it is there");
    assert_eq!(after.scenarios.remove(live).happenings.len(), 2, "{edited}");
    let others = |scenario: &Scenario| scenario.name != "live";
    let kept: Vec<Scenario> = before.scenarios.iter().filter(|it| others(it)).cloned().collect();
    assert_eq!(after, Model { scenarios: kept, ..before }, "{edited}");
    for comment in text.lines().filter(|line| line.trim_start().starts_with('#')) {
        assert!(edited.contains(comment), "{comment}");
    }
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(
        words(&with_scenario(&edited, "live", &happenings)),
        words(&edited),
        "once more changes nothing"
    );
    edited
}

#[test]
fn every_architecture_of_the_catalogue_takes_one() {
    let files = catalogue();
    assert!(files.len() > 50, "the catalogue has {} files", files.len());
    files.iter().for_each(|(_, text)| {
        check(text);
    });
}

const WEB: &str = "services:\n  web: { do: [ work: 1ms ] }\nworkload:\n  people: { rate: 1/s, to: web }\n";

#[test]
fn sections_of_all_styles_take_one() {
    let crash = "[ { at: 1s, kill: { service: web } } ]";
    for section in [
        "",
        "scenarios: {}\n",
        "scenarios: {  }   # none\n",
        &format!("scenarios: {{ crash: {crash} }}\n"),
        &format!("scenarios: {{ crash: {crash}, live: {crash}, }}\n"),
        &format!("scenarios: {{ live: {crash} }}\n"),
        &format!("scenarios:\n  {{ live: {crash},\n    # why\n    crash: {crash} }}\n"),
        &format!("scenarios:\n  # why\n  crash: {crash}\n"),
        &format!("scenarios:\n    crash: {crash}\n\n\n# the end\n"),
        &format!(
            "scenarios:\n  crash:\n  - at: 1s\n    kill: {{ service: web }}\n  live: {crash}\n  # after\n  more: {crash}"
        ),
        &format!("scenarios:\n  live: {crash}\n"),
        &format!("scenarios: &all\n  crash: {crash}\n"),
        &format!("scenarios: &all {{ crash: {crash} }}\n"),
    ] {
        check(&format!("{WEB}{section}"));
        check(&format!("{}\n{WEB}", section.trim_end()));
        check(&format!("---\n{WEB}{section}"));
        if section.ends_with('\n') {
            check(&format!("{WEB}{section}...\n"));
        }
        check(&format!("{WEB}{section}").replace('\n', "\r\n"));
    }
}

/// A section of nothing is a mistake; with a scenario it is none.
#[test]
fn sections_of_nothing_take_one() {
    for section in
        ["scenarios:\n", "scenarios: # later\n", "scenarios: ~\n", "scenarios:\n\n  # later\n", "scenarios:"]
    {
        let texts = [format!("{WEB}{section}"), format!("{}\n{WEB}", section.trim_end())];
        for edited in
            texts.map(|text| with_scenario(&text, "live", &["{ at: 1s, chaos: monkey }".to_owned()]))
        {
            assert_eq!(model(&edited).scenarios.len(), 1, "{edited}");
        }
    }
}

#[test]
fn files_in_brackets_take_one() {
    let web = r#""services": { "web": { "do": [ { "work": "1ms" } ] } }, "workload": { "people": { "rate": "1/s", "to": "web" } }"#;
    check(&format!("{{ {web} }}"));
    check(&format!("{{ {web}, scenarios: {{}} }}"));
    check(&format!("{{ {web}, \"scenarios\": {{ \"live\": [] }} }}"));
    check(&format!(
        "{{ \"scenarios\": {{ \"a\": [{{ \"at\": \"1s\", \"kill\": {{ \"service\": \"web\" }} }}] }},\n {web} }}"
    ));
}

#[test]
fn it_stands_where_one_would_write_it() {
    let edited = check(&format!(
        "{WEB}\nscenarios:\n  # Why.\n  crash: [ {{ at: 1s, kill: {{ service: web }} }} ]\n\n# Bounds.\nslo:\n  - people p99 < 1s\n"
    ));
    let expected = format!(
        "{WEB}\nscenarios:\n  # Why.\n  crash: [ {{ at: 1s, kill: {{ service: web }} }} ]\n  live:\n    - {{ at: 1.5s, pause: {{ service: web }}, for: 2s }}\n    \
         - {{ at: 3s, slow: {{ service: web, factor: 2 }} }}\n\n# Bounds.\nslo:\n  - people p99 < 1s\n"
    );
    assert_eq!(edited, expected);
}

#[test]
fn what_is_no_architecture_does_no_harm() {
    for text in [
        "",
        "# nothing\n",
        "[]",
        "web",
        "a: [",
        "{",
        "{ a: b",
        "scenarios",
        "scenarios:",
        "scenarios: [",
        "&a {",
    ] {
        with_scenario(text, "live", &["{ at: 1s, chaos: monkey }".to_owned()]);
    }
    for (_, text) in catalogue().iter().step_by(7) {
        for end in (0..text.len()).step_by(61).filter(|end| text.is_char_boundary(*end)) {
            with_scenario(&text[..end], "live", &["kill:\n  service: web".to_owned()]);
        }
    }
}
