//! Single values: durations, rates, shares, counts, words. Whatever is wrong is reported, and the
//! value is `None`.

use tarsier_units::{Bytes, Rate, Span, UnitError, parse};

use super::context::Context;
use super::nearest::{listed, nearest};
use super::slo::{QUANTILES, meant_quantile, quantile};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::keys::{Object, Shape, Word};
use crate::limits::{MAX_COUNT, MAX_FACTOR};
use crate::place::Place;
use crate::tree::{Kind, Node};

const DURATION: &str = "a duration such as `250ms` or `2s`";
const SHARE: &str = "a share such as `10%` or `0.1`";

impl Context<'_> {
    /// The text of a single value; otherwise says what was expected.
    pub(crate) fn text<'n>(&self, node: &'n Node, expected: &str) -> Option<&'n str> {
        match &node.kind {
            Kind::Scalar(scalar) => Some(&scalar.text),
            Kind::Broken => None,
            Kind::Null | Kind::List(_) | Kind::Map(_) => {
                let message = format!("expected {expected}, found {}", node.what());
                self.report(Diagnostic::error(Code::WrongShape, node.place, message));
                None
            }
        }
    }

    fn quantity<T>(
        &self,
        node: &Node,
        expected: &str,
        read: impl Fn(&str) -> Result<T, UnitError>,
    ) -> Option<T> {
        let text = self.text(node, expected)?;
        read(text).map_err(|error| self.report(bad_quantity(node.place, text, expected, &error))).ok()
    }

    pub(crate) fn duration(&self, node: &Node) -> Option<Span> {
        let text = self.text(node, DURATION)?;
        if text.contains('(') && parse::span(text).is_err() {
            let message = format!("expected a fixed duration, found the distribution `{text}`");
            let diagnostic = Diagnostic::error(Code::BadQuantity, node.place, message);
            self.report(diagnostic.label(format!("expected {DURATION}")));
            return None;
        }
        self.quantity(node, DURATION, parse::span)
    }

    /// A duration above zero.
    pub(crate) fn positive_duration(&self, node: &Node) -> Option<Span> {
        let span = self.duration(node)?;
        if span.is_zero() {
            self.out_of_range(node, "this must be longer than nothing", "a duration above zero");
            return None;
        }
        Some(span)
    }

    pub(crate) fn rate(&self, node: &Node) -> Option<Rate> {
        self.quantity(node, "a rate such as `500/s` or `30/m`", parse::rate)
    }

    pub(crate) fn share(&self, node: &Node) -> Option<f64> {
        self.quantity(node, SHARE, parse::share).map(|share| share.fraction)
    }

    /// A share written as a key.
    pub(crate) fn share_key(&self, key: &crate::tree::Key) -> Option<f64> {
        let read = parse::share(&key.text);
        read.map(|share| share.fraction)
            .map_err(|error| self.report(bad_quantity(key.place, &key.text, SHARE, &error)))
            .ok()
    }

    pub(crate) fn size(&self, node: &Node) -> Option<Bytes> {
        self.quantity(node, "a size such as `512B` or `4KiB`", parse::bytes)
    }

    pub(crate) fn bandwidth(&self, node: &Node) -> Option<Rate> {
        let rate = self.quantity(node, "a bandwidth such as `10Gbit/s` or `100MB/s`", parse::bandwidth)?;
        if rate.per_second <= 0.0 {
            self.out_of_range(node, "a bandwidth of nothing lets nothing through", "a bandwidth above zero");
            return None;
        }
        Some(rate)
    }

    /// A factor: a number above zero, or zero where that makes sense.
    pub(crate) fn factor(&self, node: &Node, zero_is_fine: bool) -> Option<f64> {
        let factor = self.quantity(node, "a number such as `2` or `0.5`", parse::number)?;
        if factor > MAX_FACTOR || (factor == 0.0 && !zero_is_fine) {
            let expected = format!("a number above 0, at most {MAX_FACTOR}");
            self.out_of_range(node, "this factor is out of range", &expected);
            return None;
        }
        Some(factor)
    }

    /// A number of things that need not be whole.
    pub(crate) fn amount(&self, node: &Node) -> Option<f64> {
        let amount = self.quantity(node, "a number such as `5` or `0.1`", parse::number)?;
        if amount > MAX_COUNT as f64 {
            self.out_of_range(node, "this is too much", &format!("a number of at most {MAX_COUNT}"));
            return None;
        }
        Some(amount)
    }

    /// `p95`.
    pub(crate) fn quantile(&self, node: &Node) -> Option<f64> {
        let expected = "a quantile such as `p95` or `p99.9`";
        let text = self.text(node, expected)?;
        let read = quantile(text);
        if read.is_none() {
            let diagnostic =
                Diagnostic::error(Code::BadQuantity, node.place, format!("`{text}` cannot be read"));
            self.report(match meant_quantile(text) {
                Some(meant) => diagnostic.label(format!("did you mean `{meant}`?")).hint(QUANTILES),
                None => diagnostic.label(format!("expected {expected}")),
            });
        }
        read
    }

    pub(crate) fn count(&self, node: &Node, least: u64, most: u64) -> Option<u64> {
        let expected = "a whole number";
        let text = self.text(node, expected)?;
        let Ok(number) = parse::number(text) else {
            let error = parse::number(text).expect_err("it was no number a moment ago");
            self.report(bad_quantity(node.place, text, expected, &error));
            return None;
        };
        // A float holds every whole number that any limit here allows.
        if number.fract() != 0.0 || number < least as f64 || number > most as f64 {
            let message = format!("`{text}` is out of range");
            self.out_of_range(node, &message, &format!("a whole number from {least} to {most}"));
            return None;
        }
        Some(number as u64)
    }

    pub(crate) fn count32(&self, node: &Node, least: u64, most: u64) -> Option<u32> {
        self.count(node, least, most)
            .map(|count| u32::try_from(count).expect("the limits of counts fit 32 bits"))
    }

    fn out_of_range(&self, node: &Node, message: &str, expected: &str) {
        let diagnostic = Diagnostic::error(Code::OutOfRange, node.place, message);
        self.report(diagnostic.label(format!("expected {expected}")));
    }

    pub(crate) fn flag(&self, node: &Node) -> Option<bool> {
        match self.text(node, "`true` or `false`")? {
            "true" => Some(true),
            "false" => Some(false),
            other => {
                let message = format!("expected `true` or `false`, found `{other}`");
                let meant = match other.to_lowercase().as_str() {
                    "yes" | "on" | "y" | "1" | "true" => Some("write `true`"),
                    "no" | "off" | "n" | "0" | "false" => Some("write `false`"),
                    _ => None,
                };
                let diagnostic = Diagnostic::error(Code::UnknownWord, node.place, message);
                self.report(diagnostic.maybe_hint(meant.map(str::to_owned)));
                None
            }
        }
    }

    /// One of the words; their table is the same that the schema is made from.
    pub(crate) fn word(&self, node: &Node, words: &'static [Word]) -> Option<&'static str> {
        let all = listed(words.iter().map(|word| word.name));
        let text = self.text(node, &format!("one of {all}"))?;
        let found = words.iter().find(|word| word.name == text).map(|word| word.name);
        if found.is_none() {
            let diagnostic =
                Diagnostic::error(Code::UnknownWord, node.place, format!("unknown word `{text}`"));
            self.report(match nearest(text, words.iter().map(|word| word.name)) {
                Some(near) => diagnostic.label(format!("did you mean `{near}`?")),
                None => diagnostic.label(format!("expected one of {all}")),
            });
        }
        found
    }
}

impl Context<'_> {
    /// One of the words that the table gives this key.
    pub(crate) fn word_of(&self, node: &Node, object: &Object, key: &str) -> Option<&'static str> {
        match object.key(key).map(|key| key.shape) {
            Some(Shape::Word(words)) => self.word(node, words),
            _ => unreachable!("`{key}` of {} is a word", object.name),
        }
    }

    /// Whether a file has no more of something than it may have; otherwise says so.
    pub(crate) fn few_enough(&self, n: usize, most: usize, what: &str, place: Place) -> bool {
        if n > most {
            let message = format!("an architecture has at most {most} {what}, this one has {n}");
            self.report(Diagnostic::error(Code::OutOfRange, place, message));
        }
        n <= most
    }
}

/// `none` turns off what the defaults turned on.
pub(crate) fn is_none(node: &Node) -> bool {
    node.text() == Some("none")
}

/// A text that is not the quantity it should be.
pub(crate) fn bad_quantity(place: Place, text: &str, expected: &str, error: &UnitError) -> Diagnostic {
    let message = match error {
        UnitError::NotANumber if text.is_empty() => "something is missing here".to_owned(),
        UnitError::NotANumber => format!("`{text}` cannot be read"),
        UnitError::MissingUnit(_) => format!("`{text}` has no unit"),
        UnitError::UnknownUnit { known: "none", .. } => format!("`{text}` is not a plain number"),
        UnitError::UnknownUnit { unit, .. } => format!("`{unit}` is not a unit"),
        UnitError::Negative => format!("`{text}` is negative"),
        UnitError::AboveOne => format!("`{text}` is more than 100%"),
        UnitError::TooLarge => format!("`{text}` is too large"),
    };
    let hint = match error {
        UnitError::UnknownUnit { known: "none", .. } => None,
        UnitError::MissingUnit(known) | UnitError::UnknownUnit { known, .. } => {
            Some(format!("the units are {known}"))
        }
        UnitError::AboveOne => percent_meant(text).map(|meant| format!("did you mean `{meant}`?")),
        _ => None,
    };
    Diagnostic::error(code_of(error), place, message).label(format!("expected {expected}")).maybe_hint(hint)
}

/// `95` of somebody who thinks in percent.
fn percent_meant(text: &str) -> Option<String> {
    text.parse().ok().filter(|number: &f64| *number <= 100.0).map(|_| format!("{text}%"))
}

fn code_of(error: &UnitError) -> Code {
    match error {
        UnitError::NotANumber | UnitError::MissingUnit(_) | UnitError::UnknownUnit { .. } => {
            Code::BadQuantity
        }
        UnitError::Negative | UnitError::AboveOne | UnitError::TooLarge => Code::OutOfRange,
    }
}
