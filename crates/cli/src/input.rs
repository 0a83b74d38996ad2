//! From what the user names to a model: a file, standard input, or an architecture of the catalogue.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tarsier_language::Places;
use tarsier_model::SealedModel;

use crate::catalogue::{self, nearest};
use crate::failure::Failure;

/// No file is read further than this, however long it is; the language has narrower limits of its own.
const MAX_BYTES: u64 = 128 << 20;

/// A text and where it came from.
#[derive(Debug)]
struct Source {
    /// As diagnostics call it.
    name: String,
    bytes: Vec<u8>,
    beside: Beside,
}

/// Where files are that it refers to.
#[derive(Debug)]
enum Beside {
    Folder(PathBuf),
    Catalogue,
}

/// A model, and the way back into its file.
pub(crate) struct Opened {
    pub(crate) model: SealedModel,
    pub(crate) places: Places,
    pub(crate) bytes: Vec<u8>,
}

/// Reads a model; whatever is to be said about the file is said to standard error.
pub(crate) fn load(source: &str) -> Result<SealedModel, Failure> {
    open(source).map(|opened| opened.model)
}

pub(crate) fn open(source: &str) -> Result<Opened, Failure> {
    let source = find(source)?;
    let read = |path: &str| source.beside.read(path);
    let loaded = tarsier_language::load_with(&source.name, &source.bytes, &read);
    // Colours are left out where they do not belong by who prints.
    let text = tarsier_language::render(&loaded.diagnostics, &source.name, &source.bytes, true);
    let _ = anstream::stderr().write_all(text.as_bytes());
    let model = loaded.model.ok_or(Failure::Told)?;
    Ok(Opened { model, places: loaded.places, bytes: source.bytes })
}

/// A file before an architecture of the catalogue of that name.
fn find(source: &str) -> Result<Source, Failure> {
    if source == "-" {
        return standard_input();
    }
    let path = Path::new(source);
    if path.is_dir() {
        let inside = path.join("architecture.yaml");
        return Err(Failure::with_hint(
            format!("`{source}` is a folder"),
            format!("name a file in it, such as `{}`", inside.display()),
        ));
    }
    if let (Some(text), false) = (catalogue::text_of(source), path.exists()) {
        let (name, bytes) = (format!("{source}.yaml"), text.as_bytes().to_vec());
        return Ok(Source { name, bytes, beside: Beside::Catalogue });
    }
    let bytes = File::open(path).and_then(bounded).map_err(|error| unreadable(source, &error))?;
    let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
    Ok(Source { name: source.to_owned(), bytes, beside: Beside::Folder(folder) })
}

fn standard_input() -> Result<Source, Failure> {
    let bytes =
        bounded(io::stdin()).map_err(|error| Failure::new(format!("cannot read standard input: {error}")))?;
    Ok(Source { name: "<stdin>".to_owned(), bytes, beside: Beside::Folder(PathBuf::from(".")) })
}

fn bounded(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(source: &str, error: &io::Error) -> Failure {
    if error.kind() != io::ErrorKind::NotFound {
        return Failure::new(format!("cannot read `{source}`: {error}"));
    }
    let names = catalogue::entries().iter().map(|(name, _)| *name);
    // `shp.yaml` is a file that is not there, `shp` may be a name of the catalogue.
    let stem = source.strip_suffix(".yaml").or_else(|| source.strip_suffix(".yml")).unwrap_or(source);
    let hint = match nearest(stem, names) {
        Some(near) => format!("did you mean `{near}`, which comes with Tarsier?"),
        None => "name a file, or one of what `tarsier list` shows".to_owned(),
    };
    Failure::with_hint(format!("there is no file and no architecture called `{source}`"), hint)
}

impl Beside {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        match self {
            Beside::Folder(folder) => {
                File::open(folder.join(path)).and_then(bounded).map_err(|error| error.to_string())
            }
            Beside::Catalogue => catalogue::data(path)
                .map(|text| text.as_bytes().to_vec())
                .ok_or_else(|| "it does not come with Tarsier".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn failure(source: &str) -> String {
        find(source).expect_err("there is nothing of that name").to_string()
    }

    #[test]
    fn unknown_names_get_the_nearest_as_a_hint() {
        assert!(failure("shpo").contains("did you mean `shop`"));
        assert!(failure("shpo.yaml").contains("did you mean `shop`"));
        assert!(failure("/no/such/folder/x.yaml").contains("`tarsier list`"));
        assert!(failure("/").contains("is a folder"));
    }
}
