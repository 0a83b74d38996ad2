//! All runs there are, by number.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::limits;
use crate::session::topology::Topology;
use crate::session::{Phase, Session, Setup};

#[derive(Default)]
pub(crate) struct Sessions {
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    runs: BTreeMap<u64, Arc<Session>>,
    last: u64,
    /// Places taken by runs that are about to start.
    starting: usize,
}

impl Sessions {
    /// `None` when there are as many as there may be, and none of them has ended. A topology that is known need not be
    /// worked out again.
    pub(crate) fn start(&self, setup: Setup, topology: Option<Arc<Topology>>) -> Option<Arc<Session>> {
        let id = self.take_place(setup.parent)?;
        // Outside the lock: where things stand takes a while to compute.
        let session = Arc::new(Session::start(id, setup, topology));
        let mut inside = self.inside();
        inside.starting -= 1;
        inside.runs.insert(id, Arc::clone(&session));
        Some(session)
    }

    /// The oldest that has ended makes room, but not the one that this one comes from.
    fn take_place(&self, parent: Option<u64>) -> Option<u64> {
        let mut inside = self.inside();
        if inside.runs.len() + inside.starting >= limits::RUNS {
            let may_go =
                |run: &&Arc<Session>| run.shared.now().phase == Phase::Ended && Some(run.id) != parent;
            let oldest = inside.runs.values().find(may_go)?.id;
            inside.runs.remove(&oldest);
        }
        inside.starting += 1;
        inside.last += 1;
        Some(inside.last)
    }

    /// Another run in the place of this one.
    pub(crate) fn replace(&self, old: &Session, setup: Setup) -> Arc<Session> {
        let session = Arc::new(Session::start(old.id, setup, Some(Arc::clone(&old.topology))));
        let replaced = self.inside().runs.insert(old.id, Arc::clone(&session));
        if let Some(replaced) = replaced {
            replaced.shared.give_up();
        }
        session
    }

    pub(crate) fn get(&self, id: u64) -> Option<Arc<Session>> {
        self.inside().runs.get(&id).cloned()
    }

    pub(crate) fn remove(&self, id: u64) -> Option<Arc<Session>> {
        let removed = self.inside().runs.remove(&id);
        removed.inspect(|session| session.shared.give_up())
    }

    pub(crate) fn all(&self) -> Vec<Arc<Session>> {
        self.inside().runs.values().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        let runs = std::mem::take(&mut self.inside().runs);
        runs.values().for_each(|session| session.shared.give_up());
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
