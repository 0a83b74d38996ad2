//! What somebody did to a run by hand.

use tarsier_language::Told;
use tarsier_model::{Happening, Scenario};
use tarsier_units::Span;

#[derive(Clone)]
pub(crate) struct Deed {
    pub(crate) told: Told,
    pub(crate) at: Span,
    /// When it was ended by hand.
    pub(crate) ended: Option<Span>,
}

/// What a scenario of a file lists.
pub(crate) fn listed(text: &str, scenario: &Scenario) -> Vec<Deed> {
    let told = tarsier_language::told(text, scenario);
    told.into_iter().map(|told| Deed::at_its_time(told, Span::ZERO)).collect()
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
