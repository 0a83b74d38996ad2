//! What every part of the lowering has at hand: the sink, the names of the file, the files beside it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Sink};
use crate::limits::{MAX_DEFAULT_FALLBACKS, MAX_INSTANCES};
use crate::lower::doubts::Doubted;
use crate::lower::locks::Locks;
use crate::lower::names::Names;
use crate::places::Places;
use crate::tree::Node;

/// Reads a file given by its path relative to the architecture; the error is a fragment for people.
pub type FileReader<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>, String>;

/// The durations of a file, or why there are none.
pub(crate) type Samples = Result<Arc<[f64]>, String>;

pub(crate) struct Context<'a> {
    pub(crate) sink: &'a Sink,
    pub(crate) files: FileReader<'a>,
    pub(crate) names: Names,
    /// Where the calls stand that were lowered so far.
    pub(crate) places: RefCell<Places>,
    /// To be judged when the model is whole.
    pub(crate) doubts: RefCell<Vec<Doubted>>,
    /// The scenario that is being lowered, by its number.
    pub(crate) scenario: Cell<Option<usize>>,
    /// Those of the service that is being lowered.
    pub(crate) locks: RefCell<Locks>,
    /// `defaults: { call: … }`, if the file has them.
    pub(crate) call_defaults: Option<&'a Node>,
    /// `defaults: { service: … }`.
    pub(crate) service_defaults: Option<&'a Node>,
    /// Inside the steps of the default `fallback`.
    pub(crate) in_default_fallback: Cell<bool>,
    /// How many values the default fallback may still add.
    pub(crate) fallbacks_left: Cell<u64>,
    /// Files of measured durations by their paths.
    pub(crate) samples: RefCell<BTreeMap<String, Samples>>,
    /// How many instances the file may still have.
    pub(crate) instances_left: Cell<u64>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(sink: &'a Sink, files: FileReader<'a>, names: Names) -> Context<'a> {
        Context {
            sink,
            files,
            names,
            places: RefCell::default(),
            doubts: RefCell::default(),
            scenario: Cell::default(),
            locks: RefCell::default(),
            call_defaults: None,
            service_defaults: None,
            in_default_fallback: Cell::new(false),
            fallbacks_left: Cell::new(MAX_DEFAULT_FALLBACKS),
            samples: RefCell::default(),
            instances_left: Cell::new(MAX_INSTANCES),
        }
    }

    pub(crate) fn report(&self, diagnostic: Diagnostic) {
        self.sink.report(diagnostic);
    }

    /// Where everything stands, once all is lowered.
    pub(crate) fn into_places(self) -> Places {
        Places {
            services: self.names.services.iter().map(|service| service.place).collect(),
            endpoints: self.names.endpoints.iter().map(|endpoint| endpoint.place).collect(),
            workloads: self.names.workloads.iter().map(|workload| workload.place).collect(),
            ..self.places.into_inner()
        }
    }
}
