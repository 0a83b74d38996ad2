//! Whatever the bytes are, loading them does not panic, and diagnostics point inside the file.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|source: &[u8]| {
    let loaded = tarsier_language::load("fuzz.yaml", source);
    for diagnostic in &loaded.diagnostics {
        let related = diagnostic.related.iter().map(|(place, _)| *place);
        for place in related.chain([diagnostic.place]) {
            assert!(place.start <= place.end && place.end <= source.len(), "{place:?} is inside the file");
        }
    }
    tarsier_language::render(&loaded.diagnostics, "fuzz.yaml", source, false);
});
