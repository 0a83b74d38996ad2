//! What somebody did to a run by hand.

use tarsier_language::tree::{self, Kind, Node};
use tarsier_language::{Sink, Told, flow, happening};
use tarsier_model::{Happening, SealedModel};
use tarsier_units::Span;

#[derive(Clone)]
pub(crate) struct Deed {
    pub(crate) told: Told,
    pub(crate) at: Span,
    /// When it was ended by hand.
    pub(crate) ended: Option<Span>,
}

/// What a scenario of a file lists.
pub(crate) fn listed(text: &str, scenario: &str, model: &SealedModel) -> Vec<Deed> {
    let root = tree::read(text.as_bytes(), &Sink::default()).root;
    let scenarios = root.as_ref().and_then(|root| root.get("scenarios"));
    let Some(entry) = scenarios.and_then(|it| it.value.get(scenario)) else { return Vec::new() };
    let nodes = match &entry.value.kind {
        Kind::List(nodes) => nodes.iter().collect(),
        _ => vec![&entry.value],
    };
    let read =
        |node: &Node| happening(&flow(node), model).ok().map(|told| Deed::at_its_time(told, Span::ZERO));
    nodes.into_iter().filter_map(read).collect()
}

impl Deed {
    /// Where it does not say when, at another time.
    pub(crate) fn at_its_time(told: Told, otherwise: Span) -> Deed {
        Deed { at: told.at.unwrap_or(otherwise), told, ended: None }
    }

    fn lasted(&self) -> Option<Span> {
        self.ended.map(|ended| Span::from_nanos(ended.nanos() - self.at.nanos()))
    }

    pub(crate) fn happening(&self) -> Happening {
        let lasts = self.lasted().or(self.told.happening.lasts);
        Happening { at: self.at, lasts, trouble: self.told.happening.trouble.clone() }
    }

    /// In the language, in one line.
    pub(crate) fn text(&self) -> String {
        self.told.text(self.at, self.lasted())
    }

    /// As it was known at a moment after it began: it may have been ended later.
    pub(crate) fn known_at(&self, moment: Span) -> Deed {
        Deed { ended: self.ended.filter(|ended| *ended < moment), ..self.clone() }
    }
}
