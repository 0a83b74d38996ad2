//! Runs that are looked at and meddled with, each on a thread of its own.

mod driver;
pub(crate) mod frame;
mod pace;
pub(crate) mod picture;
mod shared;
pub(crate) mod topology;

use std::collections::BTreeMap;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tarsier_model::SealedModel;

use crate::limits;
pub(crate) use driver::Order;
pub(crate) use shared::{Phase, Shared};
use topology::Topology;

/// What to run, and how.
pub(crate) struct Setup {
    pub(crate) model: SealedModel,
    pub(crate) seed: u64,
    pub(crate) pace: f64,
    pub(crate) paused: bool,
    pub(crate) for_s: f64,
    pub(crate) scenario: Option<String>,
}

pub(crate) struct Session {
    pub(crate) id: u64,
    pub(crate) setup: Arc<Setup>,
    pub(crate) topology: Topology,
    pub(crate) shared: Arc<Shared>,
    orders: Mutex<Sender<Order>>,
}

impl Session {
    fn start(id: u64, setup: Setup) -> Session {
        let topology = Topology::of(&setup.model);
        let setup = Arc::new(setup);
        let shared = Arc::new(Shared::new(&setup, topology.n_nodes(), topology.n_edges()));
        let orders = driver::start(Arc::clone(&setup), &topology, Arc::clone(&shared));
        Session { id, setup, topology, shared, orders: Mutex::new(orders) }
    }

    pub(crate) fn order(&self, order: Order) {
        let orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        // A run that has ended takes no orders any more.
        let _ = orders.send(order);
    }

    /// As the API tells it.
    pub(crate) fn value(&self) -> Value {
        let now = self.shared.now();
        json!({
            "id": self.id.to_string(),
            "name": self.setup.model.name,
            "seed": self.setup.seed,
            "state": now.phase.key(),
            "time_s": now.time_s,
            "for_s": self.setup.for_s,
            "pace": now.pace,
            "events": now.events,
            "error": now.error,
            "parent": Value::Null,
            "branched_at_s": Value::Null,
        })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.order(Order::Stop);
    }
}

/// All runs there are, by number.
#[derive(Default)]
pub(crate) struct Sessions {
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    runs: BTreeMap<u64, Arc<Session>>,
    last: u64,
}

impl Sessions {
    /// `None` when there are as many as there may be, and none of them has ended.
    pub(crate) fn start(&self, setup: Setup) -> Option<Arc<Session>> {
        let id = {
            let mut inside = self.inside();
            let ended = inside.runs.values().find(|run| run.shared.now().phase == Phase::Ended);
            let oldest = ended.map(|run| run.id);
            if inside.runs.len() >= limits::RUNS {
                inside.runs.remove(&oldest?);
            }
            inside.last += 1;
            inside.last
        };
        // Outside the lock: where things stand takes a while to compute.
        let session = Arc::new(Session::start(id, setup));
        self.inside().runs.insert(id, Arc::clone(&session));
        Some(session)
    }

    pub(crate) fn get(&self, id: u64) -> Option<Arc<Session>> {
        self.inside().runs.get(&id).cloned()
    }

    pub(crate) fn remove(&self, id: u64) -> Option<Arc<Session>> {
        self.inside().runs.remove(&id)
    }

    pub(crate) fn all(&self) -> Vec<Arc<Session>> {
        self.inside().runs.values().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        self.inside().runs.clear();
    }

    fn inside(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
