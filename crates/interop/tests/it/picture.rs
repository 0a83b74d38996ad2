//! The pictures of the whole catalogue: everybody is there, nobody's name is over another's, and it is XML.

use tarsier_interop::{Graph, GraphFormat, export};
use tarsier_model::SealedModel;

use crate::catalogue::catalogue;

fn models() -> impl Iterator<Item = SealedModel> {
    catalogue().into_iter().map(|(path, text)| {
        let no_samples = |_: &str| Ok(b"0.001\n0.002\n".to_vec());
        let loaded = tarsier_language::load_with("a", text.as_bytes(), &no_samples);
        loaded.model.unwrap_or_else(|| panic!("{}", path.display()))
    })
}

fn picture(model: &SealedModel) -> String {
    let mut svg = Vec::new();
    export(GraphFormat::Svg, &Graph::of(model), None, &mut svg).expect("memory takes it");
    String::from_utf8(svg).expect("it is text")
}

fn attribute(element: &str, name: &str) -> f64 {
    let (_, rest) = element.split_once(&format!(" {name}=\"")).expect("it has it");
    rest.split('"').next().and_then(|number| number.parse().ok()).expect("it is a number")
}

/// Of each label: its middle, its base line and how long it is at most.
fn labels(svg: &str) -> Vec<(f64, f64, f64)> {
    let lines = svg
        .lines()
        .filter(|line| line.starts_with("<text class=\"\"") || line.starts_with("<text class=\"small\""));
    lines
        .map(|line| {
            let text = line.split(['>', '<']).nth(2).expect("it has a text");
            let letter = if line.contains("small") { 5.5 } else { 6.6 };
            (attribute(line, "x"), attribute(line, "y"), text.chars().count() as f64 * letter)
        })
        .collect()
}

#[test]
fn no_label_is_over_another() {
    for model in models() {
        let svg = picture(&model);
        let labels = labels(&svg);
        assert_eq!(labels.len(), 2 * (model.services.len() + model.workloads.len()), "{}", model.name);
        let [width, height] = ["width", "height"].map(|name| attribute(&svg, name));
        for (at, (x, y, length)) in labels.iter().enumerate() {
            assert!(x - length / 2.0 > 0.0 && x + length / 2.0 < width && *y < height, "{}", model.name);
            for (other_x, other_y, other) in &labels[at + 1..] {
                let apart = (x - other_x).abs() >= (length + other) / 2.0 || (y - other_y).abs() >= 10.0;
                assert!(apart, "{}: {x} {y} and {other_x} {other_y}", model.name);
            }
        }
    }
}

/// Each element is closed, in the right order, and nothing stands bare that XML means otherwise.
#[test]
fn it_is_well_formed() {
    for model in models() {
        let svg = picture(&model);
        let mut open: Vec<&str> = Vec::new();
        for tag in svg.split('<').skip(1) {
            let (tag, text) = tag.split_once('>').expect("it is closed");
            assert!(!text.contains('>') || open.last() == Some(&"style"), "{text}");
            assert!(text.split('&').skip(1).all(|rest| rest.contains(';')), "{text}");
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            let name = tag.split([' ', '/']).next().unwrap_or("");
            match tag.strip_prefix('/') {
                Some(closed) => assert_eq!(open.pop(), Some(closed)),
                None if tag.ends_with('/') => {}
                None => open.push(name),
            }
        }
        assert!(open.is_empty(), "{open:?}");
        let paths = svg.matches("class=\"edge").count();
        assert_eq!(paths, tarsier_interop::topology::Topology::of(&model).edges.len());
    }
}
