//! The commands that do not run anything.

use tarsier_check::At;
use tarsier_language::{Place, Places};

use crate::catalogue::{self, nearest};
use crate::failure::{Ending, Failure};
use crate::input::Opened;
use crate::{input, print};

pub(crate) fn check(source: &str, as_json: bool) -> Result<Ending, Failure> {
    let Opened { model, places, bytes } = input::open(source)?;
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
    let mut text = String::new();
    for (name, _) in catalogue::entries() {
        let model = input::load(name)?;
        let line = model.description.lines().next().unwrap_or_default();
        text.push_str(format!("{name:<width$}  {line}").trim_end());
        text.push('\n');
    }
    print(&text)?;
    Ok(Ending::Done)
}

pub(crate) fn show(name: &str) -> Result<Ending, Failure> {
    let text = catalogue::text_of(name).ok_or_else(|| {
        let names = catalogue::entries().iter().map(|(name, _)| *name);
        let message = format!("there is no architecture called `{name}`");
        let hint = nearest(name, names).map(|near| format!("did you mean `{near}`?"));
        Failure::with_hint(message, hint.unwrap_or_else(|| "`tarsier list` shows what there is".to_owned()))
    })?;
    print(text)?;
    Ok(Ending::Done)
}
