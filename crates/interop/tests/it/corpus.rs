//! The corpus: for each file of Spigo what is said of it, and what it becomes.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use tarsier_interop::spigo::{Imported, Options, Translation, import, recognise};
use tarsier_interop::{Graph, GraphFormat, export};
use tarsier_language::{Code, Severity, load, render};

use crate::golden::{assert_no_failures, check, files};

/// `shrunk.scale-10.json` is to be read with `--scale 10%`.
fn options(name: &str) -> Options {
    let given = |flag: &str| {
        let mut parts = name.split('.');
        parts.find_map(|part| part.strip_prefix(flag)).map(|number| number.parse().expect("a number"))
    };
    Options { scale: given("scale-").unwrap_or(100), regions: given("regions-").unwrap_or(1) }
}

fn import_file(path: &Path) -> (String, Vec<u8>, Imported) {
    let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
    let source = std::fs::read(path).expect("the file can be read");
    let imported = import(&name, &source, &options(&name));
    let is_broken = imported.diagnostics.iter().any(|it| it.code == Code::Syntax);
    assert!(is_broken || recognise(&source), "{name} is Spigo's");
    (name, source, imported)
}

#[test]
fn files_get_their_diagnostics_and_texts() {
    let mut failures = Vec::new();
    for path in files("corpus/spigo", ".json") {
        let (name, source, imported) = import_file(&path);
        let said = render(&imported.diagnostics, &name, &source, false);
        let has_errors = imported.diagnostics.iter().any(|it| it.severity == Severity::Error);
        assert_eq!(imported.architecture.is_none(), has_errors, "{name}");
        failures.extend(check(&path.with_extension("err"), &said));
        let Some(translation) = imported.architecture else { continue };
        let mut text = translation.text.clone();
        for size in translation.origin.sizes() {
            let _ = writeln!(text, "# {}: {} instances, {} edges", size.service, size.instances, size.edges);
        }
        failures.extend(check(&path.with_extension("yaml"), &text));
        let loaded = load("translation", translation.text.as_bytes());
        let said = render(&loaded.diagnostics, &name, translation.text.as_bytes(), false);
        let model = loaded.model.unwrap_or_else(|| panic!("{name}: what it becomes is wrong:\n{said}"));
        let instances: usize = model.services.iter().map(|service| service.instances.len()).sum();
        let expected: u64 = translation.origin.sizes().iter().map(|size| size.instances).sum();
        assert_eq!(instances as u64, expected, "{name}: as many run as Spigo had");
    }
    assert_no_failures(&failures);
}

/// What Spigo's files become is drawn as Spigo would, so that it can be read again: the same services, as large, and
/// each instance knows as many.
#[test]
fn what_was_imported_can_be_exported_and_imported() {
    for path in files("corpus/spigo", ".json") {
        let (name, _, imported) = import_file(&path);
        let Some(first) = imported.architecture else { continue };
        let model = load("translation", first.text.as_bytes()).model.expect("what a file becomes can run");
        let mut drawn = Vec::new();
        export(GraphFormat::Spigo, &Graph::drawn(&model, &first.origin), None, &mut drawn)
            .expect("memory takes it");
        let again = import(&name, &drawn, &Options { scale: 100, regions: 1 });
        let second = again.architecture.unwrap_or_else(|| panic!("{name}: {:?}", again.diagnostics));
        let sizes = |translation: &Translation| -> BTreeMap<String, (u64, u64)> {
            let sizes = translation.origin.sizes().into_iter();
            sizes.map(|size| (size.service, (size.instances, size.edges))).collect()
        };
        assert_eq!(sizes(&second), sizes(&first), "{name}");
    }
}

#[test]
fn other_files_are_not_spigos() {
    for other in ["", "{}", "[]", "services: { a: { do: [] } }", r#"{ "services": { "arch": {} } }"#] {
        assert!(!recognise(other.as_bytes()), "{other}");
    }
    for path in files("corpus/valid", ".yaml") {
        assert!(!recognise(&std::fs::read(&path).expect("it can be read")), "{}", path.display());
    }
}

/// Whatever is cut off or turned round, there is a translation or an error, and no panic.
#[test]
fn broken_files_are_refused_with_reasons() {
    for path in files("corpus/spigo", ".json") {
        let source = std::fs::read(&path).expect("it can be read");
        for cut in (0..source.len()).step_by(7) {
            let options = Options { scale: 100, regions: 1 };
            for broken in [&source[..cut], &source[cut..]] {
                let imported = import("x.json", broken, &options);
                let has_errors = imported.diagnostics.iter().any(|it| it.severity == Severity::Error);
                assert!(imported.architecture.is_some() || has_errors, "{} at {cut}", path.display());
            }
        }
    }
}
