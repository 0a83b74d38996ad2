//! On simcore: a component for the server of W1 and one for each place of W2; messages are events.
//! Its clock is a float, here of nanoseconds.

use std::cell::RefCell;
use std::rc::Rc;

use serde::Serialize;
use simcore::{Event, EventHandler, EventId, Simulation, SimulationContext, cast};

use crate::line::Line;
use crate::zone::{BOUND_NS, CLIENT, PLACES, Place, World};

#[derive(Clone, Serialize)]
struct Arrival {}

#[derive(Clone, Serialize)]
struct Departure {}

struct Server {
    line: Line,
    context: SimulationContext,
}

impl Server {
    fn expect_customer(&mut self) {
        if let Some(gap) = self.line.next_gap() {
            self.context.emit_self(Arrival {}, gap as f64);
        }
    }

    fn expect_departure(&self, work: Option<u64>) {
        if let Some(work) = work {
            self.context.emit_self(Departure {}, work as f64);
        }
    }
}

impl EventHandler for Server {
    fn on(&mut self, event: Event) {
        let now = event.time as u64;
        cast!(match event.data {
            Arrival {} => {
                self.expect_customer();
                let work = self.line.arrive(now);
                self.expect_departure(work);
            }
            Departure {} => {
                let work = self.line.leave(now);
                self.expect_departure(work);
            }
        })
    }
}

/// M/M/1 with so many customers; gives their mean wait in milliseconds.
pub(crate) fn w1(customers: u64) -> f64 {
    let mut simulation = Simulation::new(1);
    let context = simulation.create_context("server");
    let server = Rc::new(RefCell::new(Server { line: Line::new(customers), context }));
    simulation.add_handler("server", server.clone());
    server.borrow_mut().expect_customer();
    simulation.step_until_no_events();
    server.borrow().line.mean_wait()
}

#[derive(Clone, Serialize)]
struct Request {
    call: u32,
}

#[derive(Clone, Serialize)]
struct Reply {
    call: u32,
}

#[derive(Clone, Serialize)]
struct Worked {
    job: u32,
}

#[derive(Clone, Serialize)]
struct Timeout {
    call: u32,
}

/// The components are registered in the order of the places, so their identifiers are the same.
struct Component {
    place: Place<EventId>,
    world: Emitter,
}

struct Emitter {
    context: SimulationContext,
}

impl World for Emitter {
    type Timer = EventId;

    fn now(&self) -> u64 {
        self.context.time() as u64
    }

    fn request(&self, to: usize, call: u32, delay: u64) {
        self.context.emit(Request { call }, to as u32, delay as f64);
    }

    fn reply(&self, to: usize, call: u32, delay: u64) {
        self.context.emit(Reply { call }, to as u32, delay as f64);
    }

    fn work(&self, job: u32, delay: u64) {
        self.context.emit_self(Worked { job }, delay as f64);
    }

    fn arrival(&self, delay: u64) {
        self.context.emit_self(Arrival {}, delay as f64);
    }

    fn arm(&self, call: u32) -> EventId {
        self.context.emit_self(Timeout { call }, BOUND_NS as f64)
    }

    fn disarm(&self, timer: EventId) {
        self.context.cancel_event(timer);
    }
}

impl EventHandler for Component {
    fn on(&mut self, event: Event) {
        let from = event.src as usize;
        cast!(match event.data {
            Request { call } => {
                self.place.requested(from, call, &self.world);
            }
            Worked { job } => {
                self.place.worked(job, &self.world);
            }
            Reply { call } => {
                self.place.replied(call, &self.world);
            }
            Arrival {} => {
                self.place.arrived(&self.world);
            }
            Timeout { call } => {
                panic!("call {call} takes longer than its bound");
            }
        })
    }
}

/// One zone with so many requests; gives their mean latency in milliseconds.
pub(crate) fn w2(requests: u64) -> f64 {
    let mut simulation = Simulation::new(1);
    let components: Vec<_> = (0..PLACES)
        .map(|here| {
            let name = format!("place-{here}");
            let world = Emitter { context: simulation.create_context(&name) };
            let component = Component { place: Place::new(here, requests), world };
            let component = Rc::new(RefCell::new(component));
            let id = simulation.add_handler(&name, component.clone());
            assert_eq!(id as usize, here);
            component
        })
        .collect();
    components[CLIENT].borrow().world.arrival(0);
    simulation.step_until_no_events();
    components[CLIENT].borrow().place.mean_latency()
}
