//! Whatever the bytes are, importing them does not panic, diagnostics point inside the file, and what comes of it loads.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tarsier_interop::spigo::{self, Options};

fuzz_target!(|source: &[u8]| {
    let imported = spigo::import("fuzz_arch.json", source, &Options { scale: 100, regions: 2 });
    for diagnostic in &imported.diagnostics {
        let place = diagnostic.place;
        assert!(place.start <= place.end && place.end <= source.len(), "{place:?} is inside the file");
    }
    if let Some(translation) = imported.architecture {
        let loaded = tarsier_language::load("fuzz.yaml", translation.text.as_bytes());
        let text = tarsier_language::render(&loaded.diagnostics, "fuzz.yaml", translation.text.as_bytes(), false);
        assert!(loaded.model.is_some(), "{text}\n{}", translation.text);
    }
});
