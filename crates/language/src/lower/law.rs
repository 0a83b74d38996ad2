//! Distributions of durations, written as text: `2ms + exp(1ms)`, `mix(90%: exp(1ms), 10%: exp(20ms))`.

use std::ops::Range;

use tarsier_model::Arrivals;
use tarsier_random::Law;
use tarsier_units::{UnitError, parse};

use super::context::Context;
use super::family;
use super::nearest::{listed, nearest};
use super::samples;
use super::scalars::bad_quantity;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::keys::{FAMILIES, Family};
use crate::limits::{MAX_LAW_DEPTH, MAX_LAW_PARTS};
use crate::place::Place;
use crate::tree::Node;

const EXPECTED: &str = "a duration or a distribution such as `exp(5ms)`";

/// The first mistake in a distribution; boxed because it is rare and large.
pub(super) type LawResult<T> = Result<T, Box<Diagnostic>>;

impl Context<'_> {
    pub(crate) fn law(&self, node: &Node) -> Option<Law> {
        let text = self.text(node, EXPECTED)?;
        let reader = LawText { cx: self, node, text };
        self.kept(reader.balanced().and_then(|()| reader.sum(0..text.len(), 0)))
    }

    pub(crate) fn arrivals(&self, node: &Node) -> Option<Arrivals> {
        let text = self.text(node, "`poisson`, `regular` or a family such as `gamma(cv=2)`")?;
        match text {
            "poisson" | "exp" | "exp()" => return Some(Arrivals::Poisson),
            "regular" => return Some(Arrivals::Regular),
            _ => {}
        }
        let reader = LawText { cx: self, node, text };
        self.kept(reader.balanced().and_then(|()| reader.arrivals())).map(Arrivals::Law)
    }

    fn kept<T>(&self, result: LawResult<T>) -> Option<T> {
        result.map_err(|diagnostic| self.report(*diagnostic)).ok()
    }
}

/// The text of one distribution; ranges are positions in it.
pub(super) struct LawText<'c, 'n> {
    pub(super) cx: &'c Context<'c>,
    node: &'n Node,
    pub(super) text: &'n str,
}

impl<'n> LawText<'_, 'n> {
    pub(super) fn slice(&self, range: &Range<usize>) -> &'n str {
        &self.text[range.clone()]
    }

    pub(super) fn place(&self, range: &Range<usize>) -> Place {
        self.node.part(range.start, range.end)
    }

    pub(super) fn wrong(&self, range: &Range<usize>, message: impl Into<String>) -> Box<Diagnostic> {
        Box::new(Diagnostic::error(Code::BadLaw, self.place(range), message))
    }

    pub(super) fn wrong_quantity(
        &self,
        range: &Range<usize>,
        expected: &str,
        error: &UnitError,
    ) -> Box<Diagnostic> {
        Box::new(bad_quantity(self.place(range), self.slice(range), expected, error))
    }

    fn balanced(&self) -> LawResult<()> {
        let mut open = Vec::new();
        for (at, byte) in self.text.bytes().enumerate() {
            match byte {
                b'(' => open.push(at),
                b')' if open.pop().is_none() => {
                    return Err(self.wrong(&(at..at + 1), "this `)` closes nothing"));
                }
                _ => {}
            }
        }
        open.pop().map_or(Ok(()), |at| Err(self.wrong(&(at..at + 1), "this `(` is never closed")))
    }

    fn trimmed(&self, range: Range<usize>) -> Range<usize> {
        let text = self.slice(&range);
        let start = range.start + (text.len() - text.trim_start().len());
        start..start + text.trim().len()
    }

    /// Cuts at a character outside parentheses.
    pub(super) fn split(&self, range: Range<usize>, at: u8) -> Vec<Range<usize>> {
        let bytes = self.text.as_bytes();
        let mut depth = 0_usize;
        let mut start = range.start;
        let mut parts = Vec::new();
        for position in range.clone() {
            match bytes[position] {
                b'(' => depth += 1,
                b')' => depth = depth.saturating_sub(1),
                byte if byte == at && depth == 0 && !is_exponent(bytes, position) => {
                    parts.push(self.trimmed(start..position));
                    start = position + 1;
                }
                _ => {}
            }
        }
        parts.push(self.trimmed(start..range.end));
        parts
    }

    fn sum(&self, range: Range<usize>, depth: usize) -> LawResult<Law> {
        if depth > MAX_LAW_DEPTH {
            return Err(self.wrong(&range, "distributions stand inside each other too deep"));
        }
        let parts = self.split(range.clone(), b'+');
        if parts.len() > MAX_LAW_PARTS {
            return Err(self.wrong(&range, format!("a distribution has at most {MAX_LAW_PARTS} parts")));
        }
        let mut laws: Vec<Law> =
            parts.into_iter().map(|part| self.term(part, depth)).collect::<LawResult<_>>()?;
        Ok(if laws.len() == 1 { laws.remove(0) } else { Law::Sum(laws) })
    }

    fn term(&self, range: Range<usize>, depth: usize) -> LawResult<Law> {
        match self.function(&range)? {
            Some((name, arguments)) => self.apply(name, arguments, range, depth),
            None => self.constant(range),
        }
    }

    /// `name(arguments)`, if it has that form.
    fn function(&self, range: &Range<usize>) -> LawResult<Option<(Range<usize>, Range<usize>)>> {
        let text = self.slice(range);
        let Some(open) = text.find('(') else { return Ok(None) };
        let close = matching(text, open);
        let after = self.trimmed(range.start + close + 1..range.end);
        if !after.is_empty() {
            return Err(self.wrong(&after, "nothing can stand here").label_boxed("after the `)`"));
        }
        let name = self.trimmed(range.start..range.start + open);
        Ok(Some((name, range.start + open + 1..range.start + close)))
    }

    fn constant(&self, range: Range<usize>) -> LawResult<Law> {
        let text = self.slice(&range);
        if let Some(family) = FAMILIES.iter().find(|family| family.name == text) {
            let message = format!("`{text}` needs its parameters");
            return Err(self.wrong(&range, message).hint_boxed(format!("write `{}`", family.example)));
        }
        match parse::span(text) {
            Ok(span) => Ok(Law::Constant(span.nanos() as f64)),
            Err(error) => Err(self.wrong_quantity(&range, EXPECTED, &error)),
        }
    }

    fn apply(
        &self,
        name: Range<usize>,
        arguments: Range<usize>,
        whole: Range<usize>,
        depth: usize,
    ) -> LawResult<Law> {
        match self.slice(&name) {
            "mix" => self.mix(arguments, &whole, depth),
            "empirical" => samples::empirical(self, arguments),
            _ => {
                let family = self.family(&name)?;
                family::law(self, family, arguments, &whole)
            }
        }
    }

    fn family(&self, name: &Range<usize>) -> LawResult<&'static Family> {
        let text = self.slice(name);
        if let Some(family) = FAMILIES.iter().find(|family| family.name == text) {
            return Ok(family);
        }
        let names = || FAMILIES.iter().map(|family| family.name).chain(["mix", "empirical"]);
        let diagnostic = self.wrong(name, format!("there is no distribution `{text}`"));
        let synonym = match text {
            "exponential" | "expo" | "poisson" => Some("exp"),
            "gaussian" | "norm" => Some("normal"),
            "deterministic" | "constant" | "const" | "fixed" => {
                return Err(diagnostic.hint_boxed("a bare duration is constant: `5ms`"));
            }
            "lognorm" | "log-normal" => Some("lognormal"),
            _ => nearest(text, names()),
        };
        Err(match synonym {
            Some(near) => diagnostic.label_boxed(format!("did you mean `{near}`?")),
            None => diagnostic.hint_boxed(format!("the distributions are {}", listed(names()))),
        })
    }

    /// `90%: exp(1ms), 10%: exp(20ms)`.
    fn mix(&self, arguments: Range<usize>, whole: &Range<usize>, depth: usize) -> LawResult<Law> {
        let parts = self.split(arguments, b',');
        if parts.len() > MAX_LAW_PARTS {
            return Err(self.wrong(whole, format!("a distribution has at most {MAX_LAW_PARTS} parts")));
        }
        let laws: Vec<(f64, Law)> =
            parts.into_iter().map(|part| self.mix_part(part, depth)).collect::<LawResult<_>>()?;
        let sum: f64 = laws.iter().map(|(share, _)| share).sum();
        if (sum - 1.0).abs() > 1e-6 {
            let message = format!("the shares sum to {}, not to 100%", percent(sum));
            return Err(Box::new(Diagnostic::error(Code::BadSum, self.place(whole), message)));
        }
        Ok(Law::Mix(laws))
    }

    fn mix_part(&self, part: Range<usize>, depth: usize) -> LawResult<(f64, Law)> {
        let halves = self.split(part.clone(), b':');
        let [share, law] = &halves[..] else {
            let diagnostic = self.wrong(&part, "a part of `mix` is a share, a colon and a distribution");
            return Err(diagnostic.hint_boxed("as in `mix(90%: exp(1ms), 10%: exp(20ms))`"));
        };
        let fraction = parse::share(self.slice(share))
            .map_err(|error| self.wrong_quantity(share, "a share such as `90%`", &error))?;
        Ok((fraction.fraction, self.sum(law.clone(), depth + 1)?))
    }

    /// A family without its mean, stretched to a mean of one nanosecond.
    fn arrivals(&self) -> LawResult<Law> {
        let whole = self.trimmed(0..self.text.len());
        let known = || FAMILIES.iter().filter_map(|family| family.as_arrivals).chain(["poisson", "regular"]);
        let law = match self.function(&whole)? {
            Some((name, arguments)) if self.slice(&name) == "empirical" => {
                samples::empirical(self, arguments)?
            }
            Some((name, arguments)) => {
                let family = self.family(&name)?;
                if family.as_arrivals.is_none() {
                    let message = format!("`{}` cannot be a law of arrivals", family.name);
                    return Err(self
                        .wrong(&name, message)
                        .hint_boxed(format!("there are {}", listed(known()))));
                }
                family::arrivals(self, family, arguments, &whole)?
            }
            None => {
                let message = format!("there are no arrivals `{}`", self.slice(&whole));
                return Err(self.wrong(&whole, message).hint_boxed(format!("there are {}", listed(known()))));
            }
        };
        match law.mean().filter(|mean| *mean > 0.0 && mean.is_finite()) {
            Some(mean) => Ok(law.scaled(1.0 / mean)),
            None => Err(self.wrong(&whole, "these gaps have no mean to fit to the rate")),
        }
    }
}

/// The `+` of `1e+3ms` does not add.
fn is_exponent(bytes: &[u8], at: usize) -> bool {
    bytes[at] == b'+'
        && at >= 2
        && matches!(bytes[at - 1], b'e' | b'E')
        && bytes[at - 2].is_ascii_digit()
        && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
}

/// Where the parenthesis ends that opens here; the whole text is known to be balanced.
fn matching(text: &str, open: usize) -> usize {
    let mut depth = 0;
    for (at, byte) in text.bytes().enumerate().skip(open) {
        match byte {
            b'(' => depth += 1,
            b')' if depth == 1 => return at,
            b')' => depth -= 1,
            _ => {}
        }
    }
    text.len() - 1
}

/// `99%`, `33.3333%`: as many digits as a person wants to see.
pub(crate) fn percent(fraction: f64) -> String {
    format!("{}%", (fraction * 1e6).round() / 1e4)
}

/// The builders of a diagnostic, for one that is boxed.
pub(super) trait Boxed {
    fn label_boxed(self, label: impl Into<String>) -> Self;
    fn hint_boxed(self, hint: impl Into<String>) -> Self;
}

impl Boxed for Box<Diagnostic> {
    fn label_boxed(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    fn hint_boxed(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
