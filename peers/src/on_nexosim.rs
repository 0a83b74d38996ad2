//! On NeXosim, one thread: a model for the server of W1 and one for each place of W2. A model can delay
//! only its own events, so a message waits at its sender for the time on the wire, then leaves by a port.

use std::time::Duration;

use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::{Output, QuerySource};
use nexosim::simulation::{EventKey, Mailbox, SimInit};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};

use crate::line::Line;
use crate::zone::{BOUND_NS, CLIENT, PLACES, Place, World};

fn nanoseconds(time: MonotonicTime) -> u64 {
    time.as_secs() as u64 * 1_000_000_000 + u64::from(time.subsec_nanos())
}

const BUG: &str = "the model is whole, and the time in the future";

#[derive(Serialize, Deserialize)]
struct Server {
    /// Not stored: nothing here is ever restored.
    #[serde(skip)]
    line: Option<Line>,
}

#[Model]
impl Server {
    #[nexosim(init)]
    async fn init(&mut self, cx: &Context<Self>) {
        self.expect_customer(cx);
    }

    #[nexosim(schedulable)]
    fn arrive(&mut self, _: (), cx: &Context<Self>) {
        self.expect_customer(cx);
        let work = self.line.as_mut().expect(BUG).arrive(nanoseconds(cx.time()));
        self.expect_departure(work, cx);
    }

    #[nexosim(schedulable)]
    fn leave(&mut self, _: (), cx: &Context<Self>) {
        let work = self.line.as_mut().expect(BUG).leave(nanoseconds(cx.time()));
        self.expect_departure(work, cx);
    }

    fn expect_customer(&mut self, cx: &Context<Self>) {
        if let Some(gap) = self.line.as_mut().expect(BUG).next_gap() {
            cx.schedule_event(Duration::from_nanos(gap), schedulable!(Self::arrive), ()).expect(BUG);
        }
    }

    fn expect_departure(&self, work: Option<u64>, cx: &Context<Self>) {
        if let Some(work) = work {
            cx.schedule_event(Duration::from_nanos(work), schedulable!(Self::leave), ()).expect(BUG);
        }
    }

    async fn mean(&mut self) -> f64 {
        self.line.as_ref().expect(BUG).mean_wait()
    }
}

/// M/M/1 with so many customers; gives their mean wait in milliseconds.
pub(crate) fn w1(customers: u64) -> f64 {
    let mut bench = SimInit::with_num_threads(1);
    let mailbox = Mailbox::new();
    let mean = QuerySource::new().connect(Server::mean, &mailbox).register(&mut bench);
    let server = Server { line: Some(Line::new(customers)) };
    let mut simulation = bench.add_model(server, mailbox, "server").init(MonotonicTime::EPOCH).expect(BUG);
    simulation.run().expect("the simulation runs until nothing is left to do");
    simulation.process_query(&mean, ()).expect(BUG)
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Message {
    Request { from: usize, call: u32 },
    Reply { call: u32 },
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Departure {
    to: usize,
    message: Message,
}

#[derive(Serialize, Deserialize)]
struct Node {
    here: usize,
    /// A port to each place.
    ports: Vec<Output<Message>>,
    #[serde(skip)]
    place: Option<Place<EventKey>>,
}

#[Model]
impl Node {
    #[nexosim(init)]
    async fn init(&mut self, cx: &Context<Self>) {
        if self.here == CLIENT {
            Sender { here: self.here, cx }.arrival(1);
        }
    }

    async fn receive(&mut self, message: Message, cx: &Context<Self>) {
        let world = Sender { here: self.here, cx };
        match message {
            Message::Request { from, call } => self.place().requested(from, call, &world),
            Message::Reply { call } => self.place().replied(call, &world),
        }
    }

    #[nexosim(schedulable)]
    async fn depart(&mut self, departure: Departure) {
        self.ports[departure.to].send(departure.message).await;
    }

    #[nexosim(schedulable)]
    fn worked(&mut self, job: u32, cx: &Context<Self>) {
        let world = Sender { here: self.here, cx };
        self.place().worked(job, &world);
    }

    #[nexosim(schedulable)]
    fn arrived(&mut self, _: (), cx: &Context<Self>) {
        let world = Sender { here: self.here, cx };
        self.place().arrived(&world);
    }

    #[nexosim(schedulable)]
    fn expired(&mut self, call: u32) {
        panic!("call {call} takes longer than its bound");
    }

    fn place(&mut self) -> &mut Place<EventKey> {
        self.place.as_mut().expect(BUG)
    }

    async fn mean(&mut self) -> f64 {
        self.place().mean_latency()
    }
}

struct Sender<'a> {
    here: usize,
    cx: &'a Context<Node>,
}

impl Sender<'_> {
    fn send(&self, to: usize, message: Message, delay: u64) {
        let departure = Departure { to, message };
        let delay = Duration::from_nanos(delay);
        self.cx.schedule_event(delay, schedulable!(Node::depart), departure).expect(BUG);
    }
}

impl World for Sender<'_> {
    type Timer = EventKey;

    fn now(&self) -> u64 {
        nanoseconds(self.cx.time())
    }

    fn request(&self, to: usize, call: u32, delay: u64) {
        self.send(to, Message::Request { from: self.here, call }, delay);
    }

    fn reply(&self, to: usize, call: u32, delay: u64) {
        self.send(to, Message::Reply { call }, delay);
    }

    fn work(&self, job: u32, delay: u64) {
        self.cx.schedule_event(Duration::from_nanos(delay), schedulable!(Node::worked), job).expect(BUG);
    }

    fn arrival(&self, delay: u64) {
        self.cx.schedule_event(Duration::from_nanos(delay), schedulable!(Node::arrived), ()).expect(BUG);
    }

    fn arm(&self, call: u32) -> EventKey {
        let bound = Duration::from_nanos(BOUND_NS);
        self.cx.schedule_keyed_event(bound, schedulable!(Node::expired), call).expect(BUG)
    }

    fn disarm(&self, timer: EventKey) {
        timer.cancel();
    }
}

/// One zone with so many requests; gives their mean latency in milliseconds.
pub(crate) fn w2(requests: u64) -> f64 {
    let mut bench = SimInit::with_num_threads(1);
    let mailboxes: Vec<Mailbox<Node>> = (0..PLACES).map(|_| Mailbox::new()).collect();
    let mean = QuerySource::new().connect(Node::mean, &mailboxes[CLIENT]).register(&mut bench);
    let addresses: Vec<_> = mailboxes.iter().map(Mailbox::address).collect();
    for (here, mailbox) in mailboxes.into_iter().enumerate() {
        let port = |address| {
            let mut port = Output::default();
            port.connect(Node::receive, address);
            port
        };
        let ports = addresses.iter().map(port).collect();
        let node = Node { here, ports, place: Some(Place::new(here, requests)) };
        bench = bench.add_model(node, mailbox, &format!("place-{here}"));
    }
    let mut simulation = bench.init(MonotonicTime::EPOCH).expect(BUG);
    simulation.run().expect("the simulation runs until nothing is left to do");
    simulation.process_query(&mean, ()).expect(BUG)
}
