//! Runs that are looked at and meddled with, each on a thread of its own.

mod deeds;
mod driver;
pub(crate) mod frame;
pub(crate) mod heat;
pub(crate) mod history;
mod pace;
pub(crate) mod picture;
mod sessions;
mod shared;
mod sight;
pub(crate) mod spans;
mod stride;
pub(crate) mod topology;
pub(crate) mod totals;

use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde_json::{Value, json};
use tarsier_model::{Scenario, SealedModel};
use tarsier_units::Span;
use tokio::sync::oneshot;

pub(crate) use deeds::{Deed, listed};
pub(crate) use driver::Order;
pub(crate) use sessions::Sessions;
pub(crate) use shared::{Phase, Shared};
pub(crate) use sight::Sight;
use topology::Topology;

/// What to run, and how.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) model: Arc<SealedModel>,
    pub(crate) text: Arc<str>,
    pub(crate) seed: u64,
    pub(crate) pace: f64,
    pub(crate) paused: bool,
    pub(crate) for_s: f64,
    /// What the file's scenario lists, then what was done before it began and is done again.
    pub(crate) done: Vec<Deed>,
    /// How much of that is the file's.
    pub(crate) n_listed: usize,
    /// How much of that was given before anything was done by hand, some of it for later.
    pub(crate) n_given: usize,
    /// Until there it goes as fast as it can.
    pub(crate) replay_to: Span,
    pub(crate) parent: Option<u64>,
}

impl Setup {
    pub(crate) fn duration(&self) -> Span {
        Span::from_secs_f64(self.for_s)
    }

    /// All that is known to happen.
    pub(crate) fn scenario(&self) -> Scenario {
        scenario(&self.done)
    }
}

pub(crate) struct Session {
    pub(crate) id: u64,
    pub(crate) setup: Arc<Setup>,
    pub(crate) topology: Arc<Topology>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) began: Instant,
    /// What the file's scenario has and what was done by hand, by their numbers.
    deeds: Mutex<Vec<Deed>>,
    orders: Mutex<Sender<Order>>,
}

impl Session {
    fn start(id: u64, setup: Setup, topology: Option<Arc<Topology>>) -> Session {
        let topology = topology.unwrap_or_else(|| Arc::new(Topology::of(&setup.model)));
        let setup = Arc::new(setup);
        let shared = Arc::new(Shared::new(&setup, &topology));
        let orders = driver::start(Arc::clone(&setup), Arc::clone(&topology), Arc::clone(&shared));
        let deeds = Mutex::new(setup.done.clone());
        let (began, orders) = (Instant::now(), Mutex::new(orders));
        Session { id, setup, topology, shared, began, deeds, orders }
    }

    pub(crate) fn order(&self, order: Order) {
        let orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        // A run whose thread is gone takes no orders any more.
        let _ = orders.send(order);
    }

    /// Asked on the run's thread at the next look; `None` if there is no run any more.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl for<'a, 's, 'r> FnOnce(&mut Sight<'a, 's, 'r>) -> T + Send + 'static,
    ) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        self.order(Order::Ask(Box::new(move |sight| {
            // Who asked may have gone.
            let _ = answer.send(question(sight));
        })));
        answered.await.ok()
    }

    pub(crate) fn deeds(&self) -> MutexGuard<'_, Vec<Deed>> {
        self.deeds.lock().unwrap_or_else(PoisonError::into_inner)
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
            "parent": self.setup.parent.map(|id| id.to_string()),
            "branched_at_s": self.setup.parent.map(|_| self.setup.replay_to.as_secs_f64()),
        })
    }
}

/// As the file that is saved has it.
pub(crate) const LIVE: &str = "live";

pub(crate) fn scenario(deeds: &[Deed]) -> Scenario {
    Scenario { name: LIVE.to_owned(), happenings: deeds.iter().map(Deed::happening).collect() }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.shared.give_up();
        self.order(Order::Stop);
    }
}
