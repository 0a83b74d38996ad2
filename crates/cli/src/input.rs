//! From what the user names to a model: a file, standard input, or an architecture of the catalogue.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tarsier_interop::Graph;
use tarsier_interop::spigo::{self, Origin, Translation};
use tarsier_language::{Diagnostic, Places, Severity, Sink, limits, tree};
use tarsier_model::{Model, Scenario, SealedModel, Service};

use crate::args::{ScaleArgs, SourceArg};
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
    /// In which the places are: of a foreign file, what it became.
    pub(crate) bytes: Vec<u8>,
    /// What it was made from, if it is foreign.
    pub(crate) origin: Option<Origin>,
}

impl Opened {
    /// As the tool drew it from whom the file is; else with those that join in a scenario.
    pub(crate) fn graph(&self, scenario: Option<&Scenario>) -> Graph<'_> {
        match (&self.origin, scenario) {
            (Some(origin), _) => Graph::drawn(&self.model, origin),
            (None, Some(scenario)) => Graph::growing(&self.model, scenario),
            (None, None) => Graph::of(&self.model),
        }
    }
}

pub(crate) enum Text {
    Own(String),
    Foreign(Translation),
}

/// Reads a model; whatever is to be said about the file is said to standard error.
pub(crate) fn load(source: &SourceArg) -> Result<SealedModel, Failure> {
    open(source).map(|opened| opened.model)
}

pub(crate) fn open(source: &SourceArg) -> Result<Opened, Failure> {
    let found = find(&source.source)?;
    match translated(&found, source.scaling)? {
        Some(translation) => open_foreign(&found.name, translation),
        None => open_own(found, source.scaling),
    }
}

/// Its name, and for a file where it is. It is read here once, so that one that cannot be is told at once; what is in
/// it is read when it is asked for.
pub(crate) fn locate(source: &str) -> Result<Located, Failure> {
    let found = find(source)?;
    Ok(match found.beside {
        Beside::Catalogue => Located::Catalogue(source.to_owned()),
        Beside::Folder(_) if source == "-" => {
            Located::Text(String::from_utf8_lossy(&found.bytes).into_owned())
        }
        Beside::Folder(_) => Located::File(PathBuf::from(source)),
    })
}

/// Where a text is that will be read later, and more than once.
pub(crate) enum Located {
    Catalogue(String),
    File(PathBuf),
    Text(String),
}

/// A file beside another, or one that comes with Tarsier.
pub(crate) fn read_beside(folder: Option<&Path>, path: &str) -> Result<Vec<u8>, String> {
    let own = folder.map(|folder| Beside::Folder(folder.to_owned()).read(path));
    match own {
        Some(Ok(bytes)) => Ok(bytes),
        other => Beside::Catalogue.read(path).map_err(|error| other.and_then(Result::err).unwrap_or(error)),
    }
}

/// Only the text.
pub(crate) fn read(source: &SourceArg) -> Result<Text, Failure> {
    let found = find(&source.source)?;
    Ok(match translated(&found, source.scaling)? {
        Some(translation) => Text::Foreign(translation),
        None => Text::Own(String::from_utf8_lossy(&found.bytes).into_owned()),
    })
}

/// A file that is said to be Spigo's.
pub(crate) fn import(source: &SourceArg) -> Result<Translation, Failure> {
    let found = find(&source.source)?;
    if spigo::recognise(&found.bytes) || is_broken(&found.bytes) {
        return translate(&found, source.scaling);
    }
    Err(Failure::with_hint(
        format!("`{}` is not a file of Spigo", found.name),
        "it is a JSON object with `arch` and a list of `services`, or with `arch` and a `graph`",
    ))
}

/// Whether nothing could be read of it.
fn is_broken(bytes: &[u8]) -> bool {
    tree::read(bytes, &Sink::default()).root.is_none()
}

/// What a file of another tool is in our language; `None` if it is ours.
fn translated(source: &Source, scaling: ScaleArgs) -> Result<Option<Translation>, Failure> {
    if spigo::recognise(&source.bytes) { translate(source, scaling).map(Some) } else { Ok(None) }
}

fn translate(source: &Source, scaling: ScaleArgs) -> Result<Translation, Failure> {
    let options = spigo::Options { scale: scaling.scale, regions: scaling.regions };
    let imported = spigo::import(&source.name, &source.bytes, &options);
    say(&imported.diagnostics, &source.name, &source.bytes);
    imported.architecture.ok_or(Failure::Told)
}

/// What is doubtful in a foreign file has been said, about that file; of the translation only errors are news.
fn open_foreign(name: &str, translation: Translation) -> Result<Opened, Failure> {
    let bytes = translation.text.into_bytes();
    let mut loaded = tarsier_language::load(name, &bytes);
    loaded.diagnostics.retain(|diagnostic| diagnostic.severity == Severity::Error);
    say(&loaded.diagnostics, &format!("{name}, imported"), &bytes);
    let model = loaded.model.ok_or(Failure::Told)?;
    Ok(Opened { model, places: loaded.places, bytes, origin: Some(translation.origin) })
}

fn open_own(source: Source, scaling: ScaleArgs) -> Result<Opened, Failure> {
    let read = |path: &str| source.beside.read(path);
    let loaded = tarsier_language::load_with(&source.name, &source.bytes, &read);
    say(&loaded.diagnostics, &source.name, &source.bytes);
    let model = resized(loaded.model.ok_or(Failure::Told)?, scaling)?;
    Ok(Opened { model, places: loaded.places, bytes: source.bytes, origin: None })
}

fn resized(model: SealedModel, scaling: ScaleArgs) -> Result<SealedModel, Failure> {
    if scaling == ScaleArgs::AS_IT_IS {
        return Ok(model);
    }
    if scaling.regions > 1 && model.regions.len() > 1 {
        return Err(Failure::with_hint(
            format!("`{}` has {} regions of its own", model.name, model.regions.len()),
            "`--regions` is for an architecture that has one",
        ));
    }
    let factor = u64::from(scaling.scale) * u64::from(scaling.regions);
    if most_instances(&model).saturating_mul(factor) / 100 > limits::MAX_INSTANCES {
        let message = format!("this would be more than {} instances", limits::MAX_INSTANCES);
        return Err(Failure::with_hint(message, "make `--scale` or `--regions` smaller"));
    }
    let own = model.regions.iter().next().map_or("", |region| region.name.as_str());
    let names = spigo::REGIONS.into_iter().filter(|name| *name != own);
    let names: Vec<&str> = names.take(scaling.regions as usize - 1).collect();
    let larger = Model::clone(&model).scaled(scaling.scale);
    let larger = if names.is_empty() { larger } else { larger.repeated(&names) };
    Ok(larger.seal().expect("no promise is about the number of instances, as long as there is one"))
}

/// How many there are at most, whichever scenario happens.
fn most_instances(model: &Model) -> u64 {
    let own = |service: &Service| service.instances.len() as u64;
    let join = |scenario: &Scenario| -> u64 {
        let most = scenario.most_instances().into_iter();
        most.map(|(service, most)| u64::from(most).saturating_sub(own(&model.services[service]))).sum()
    };
    model.services.iter().map(own).sum::<u64>() + model.scenarios.iter().map(join).max().unwrap_or(0)
}

/// Colours are left out where they do not belong by who prints.
fn say(diagnostics: &[Diagnostic], name: &str, bytes: &[u8]) {
    let text = tarsier_language::render(diagnostics, name, bytes, true);
    let _ = anstream::stderr().write_all(text.as_bytes());
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
    // `shp.yaml` is a file that is not there, `shp` may be a name of the catalogue; so of Spigo's `lamp_arch.json`.
    let endings = [".yaml", ".yml", "_arch.json"];
    let stem = endings.iter().find_map(|ending| source.strip_suffix(ending)).unwrap_or(source);
    if let Some((first, _)) = catalogue::entries().iter().find(|(name, _)| is_below(name, stem)) {
        let message = format!("`{source}` is several architectures, which `tarsier list` shows");
        return Failure::with_hint(message, format!("name one of them, such as `{first}`"));
    }
    let hint = match nearest(stem, names) {
        Some(near) => format!("did you mean `{near}`, which comes with Tarsier?"),
        None => "name a file, or one of what `tarsier list` shows".to_owned(),
    };
    Failure::with_hint(format!("there is no file and no architecture called `{source}`"), hint)
}

/// Whether an architecture of the catalogue is one of such a family, as `lessons/backoff` is one of `lessons`.
fn is_below(name: &str, family: &str) -> bool {
    name.strip_prefix(family).is_some_and(|rest| rest.starts_with('/'))
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
        assert!(failure("lamp_arch.json").contains("did you mean `lamp`"));
        assert!(failure("shpo.yaml").contains("did you mean `shop`"));
        assert!(failure("/no/such/folder/x.yaml").contains("`tarsier list`"));
        assert!(failure("/").contains("is a folder"));
    }
}
