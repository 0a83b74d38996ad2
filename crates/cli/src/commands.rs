//! The commands that do not run anything.

use tarsier_check::At;
use tarsier_interop::spigo::Origin;
use tarsier_language::{Place, Places};

use crate::args::{ScaleArgs, SourceArg};
use crate::catalogue;
use crate::failure::{Ending, Failure};
use crate::input::{Opened, Text};
use crate::{input, print};

pub(crate) fn check(source: &SourceArg, as_json: bool) -> Result<Ending, Failure> {
    let Opened { model, places, bytes, .. } = input::open(source)?;
    let found = tarsier_check::examine(&model);
    let line = |at: At| Some(place_of(&places, at).line_column(&bytes));
    let show = if as_json { tarsier_check::json } else { tarsier_check::text };
    print(&show(&model, &found, &line))?;
    Ok(if found.is_independent() { Ending::Done } else { Ending::Failed })
}

fn place_of(places: &Places, at: At) -> Place {
    match at {
        At::Service(id) => places.service(id),
        At::Call { from, number } => places.call(from, number),
        At::Destination { workload, number } => places.destination(workload, number),
        At::Rule(number) => places.rule(number),
    }
}

pub(crate) fn schema() -> Result<Ending, Failure> {
    print(&tarsier_language::schema())?;
    Ok(Ending::Done)
}

pub(crate) fn list() -> Result<Ending, Failure> {
    let width = catalogue::entries().iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut paragraphs = Vec::new();
    for (family, names) in catalogue::families() {
        let mut lines = vec![family.heading.to_owned()];
        for name in names {
            let source = SourceArg { source: name.to_owned(), scaling: ScaleArgs::AS_IT_IS };
            let model = input::load(&source)?;
            let line = model.description.lines().next().unwrap_or_default();
            lines.push(format!("{name:<width$}  {line}").trim_end().to_owned());
        }
        paragraphs.push(lines.join("\n") + "\n");
    }
    print(&paragraphs.join("\n"))?;
    Ok(Ending::Done)
}

/// The text, or how large what it describes is.
pub(crate) fn show(source: &SourceArg, as_json: bool) -> Result<Ending, Failure> {
    if as_json {
        let opened = input::open(source)?;
        let sizes = opened.origin.as_ref().map_or_else(|| opened.graph(None).sizes(), Origin::sizes);
        print(&tarsier_interop::sizes_json(&opened.model.name, &sizes))?;
        return Ok(Ending::Done);
    }
    let text = match input::read(source)? {
        Text::Foreign(translation) => translation.text,
        Text::Own(_) if source.scaling != ScaleArgs::AS_IT_IS => {
            let message = "a text is shown as it is, whatever `--scale` and `--regions` say";
            return Err(Failure::with_hint(message, "add `--json` to see how large it would be"));
        }
        Text::Own(text) => text,
    };
    print(&text)?;
    Ok(Ending::Done)
}

/// What a file of Spigo becomes.
pub(crate) fn import(source: &SourceArg) -> Result<Ending, Failure> {
    print(&input::import(source)?.text)?;
    Ok(Ending::Done)
}
