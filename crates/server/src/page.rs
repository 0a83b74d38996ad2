//! The page: embedded and compressed at the start, or read from a folder while it is developed.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, Response, StatusCode};
use flate2::{Compression, write::GzEncoder};

include!(concat!(env!("OUT_DIR"), "/page.rs"));

pub(crate) enum Page {
    Embedded(Vec<File>),
    Folder(PathBuf),
}

pub(crate) struct File {
    name: &'static str,
    bytes: &'static [u8],
    /// Where it is smaller.
    gzip: Option<Vec<u8>>,
    etag: String,
}

impl Page {
    pub(crate) fn embedded() -> Page {
        Page::Embedded(FILES.iter().map(|(name, bytes)| File::new(name, bytes)).collect())
    }

    /// `path` without the slash it begins with.
    pub(crate) fn answer(&self, path: &str, asked: &HeaderMap) -> Option<Response<Body>> {
        let name = if path.is_empty() { "index.html" } else { path };
        match self {
            Page::Embedded(files) => {
                files.iter().find(|file| file.name == name).map(|file| file.answer(asked))
            }
            Page::Folder(folder) => {
                let bytes = fs::read(inside(folder, name)?).ok()?;
                let response = Response::builder().header(CONTENT_TYPE, media_type(name));
                response.header(CACHE_CONTROL, "no-store").body(Body::from(bytes)).ok()
            }
        }
    }
}

/// A file in a folder, however the name tries to lead out of it.
fn inside(folder: &Path, name: &str) -> Option<PathBuf> {
    let folder = folder.canonicalize().ok()?;
    let path = folder.join(name).canonicalize().ok()?;
    (path.starts_with(&folder) && path.is_file()).then_some(path)
}

impl File {
    fn new(name: &'static str, bytes: &'static [u8]) -> File {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let gzip = encoder.write_all(bytes).and_then(|()| encoder.finish()).ok();
        let gzip = gzip.filter(|gzip| gzip.len() < bytes.len());
        File { name, bytes, gzip, etag: format!("\"{:016x}\"", fnv(bytes)) }
    }

    fn answer(&self, asked: &HeaderMap) -> Response<Body> {
        let response = Response::builder()
            .header(ETAG, &self.etag)
            // The names stay the same when the page changes: ask again, and mostly hear that nothing is new.
            .header(CACHE_CONTROL, "no-cache")
            .header(VARY, "accept-encoding");
        let has = |name, value: &str| {
            asked.get(name).and_then(|it| it.to_str().ok()).is_some_and(|it| it.contains(value))
        };
        let response = if has(IF_NONE_MATCH, &self.etag) {
            response.status(StatusCode::NOT_MODIFIED).body(Body::empty())
        } else {
            let response = response.header(CONTENT_TYPE, media_type(self.name));
            match &self.gzip {
                Some(gzip) if has(ACCEPT_ENCODING, "gzip") => {
                    response.header(CONTENT_ENCODING, "gzip").body(Body::from(gzip.clone()))
                }
                _ => response.body(Body::from(self.bytes)),
            }
        };
        response.expect("these headers are sound")
    }
}

/// FNV-1a: whether a file is another one, not whether somebody forged it.
fn fnv(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "json" => "application/json",
        "wasm" => "application/wasm",
        _ => "application/octet-stream",
    }
}
