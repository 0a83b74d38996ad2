//! Partitions, window by window: in turn on one thread, or on several.
//!
//! In a window every partition runs on its own up to the same limit; no message sent in it arrives
//! before that limit. Then messages change hands, and the next window begins where the earliest
//! event is. A boundary in the middle of a window interrupts it, and it goes on afterwards. So the
//! result depends on the partitions, not on the threads, nor on who stops the clock to look.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::partition::{Message, Partition, World};
use crate::plan::Plan;
use crate::span::TraceSpan;
use crate::tally::Books;
use crate::view::View;

/// Events of a partition between two looks at the watch.
const EVENTS_PER_PULSE: u64 = 1 << 18;

/// What all partitions look at, and only control changes, while they are at rest.
pub(crate) struct Common {
    pub(crate) plan: Plan,
    pub(crate) view: View,
}

impl Common {
    pub(crate) fn world(&self) -> World<'_> {
        World { plan: &self.plan, view: &self.view }
    }
}

pub(crate) struct Windows {
    common: RwLock<Common>,
    /// The plan's.
    look_ahead: u64,
    partitions: Vec<Mutex<Partition>>,
    /// By thread; at rest the first partition has everything.
    books: Vec<Mutex<Books>>,
    /// What was sent to each partition in this window and in the last one.
    inboxes: Vec<[Mutex<Vec<Message>>; 2]>,
    next_times: Vec<AtomicU64>,
    threads: usize,
    limit: AtomicU64,
    /// When the window ends that a boundary has interrupted; 0 if none has.
    open_until: AtomicU64,
    /// Counts windows; its last bit says which inbox is being filled.
    window: AtomicUsize,
    gate: Gate,
    over: AtomicBool,
    /// A partition cannot go on.
    in_trouble: AtomicBool,
    /// Between the two gates of a window.
    in_window: AtomicBool,
    events: AtomicU64,
}

/// How far a run is when it is asked whether to go on, and the spans that have ended since it last was.
pub(crate) struct Moment {
    pub(crate) simulated: u64,
    pub(crate) events: u64,
    pub(crate) spans: Vec<TraceSpan>,
}

const UNPOISONED: &str = "a panic elsewhere has ended the run";

impl Windows {
    pub(crate) fn new(plan: Plan, view: View, mut partitions: Vec<Partition>, threads: usize) -> Windows {
        let threads = threads.clamp(1, partitions.len());
        partitions[0].swap_books(&mut Books::with_all_up(&plan));
        Windows {
            look_ahead: plan.look_ahead,
            inboxes: partitions.iter().map(|_| Default::default()).collect(),
            next_times: partitions.iter().map(|_| AtomicU64::new(0)).collect(),
            partitions: partitions.into_iter().map(Mutex::new).collect(),
            books: (0..threads).map(|_| Mutex::new(Books::new(&plan))).collect(),
            common: RwLock::new(Common { plan, view }),
            threads,
            limit: AtomicU64::new(0),
            open_until: AtomicU64::new(0),
            window: AtomicUsize::new(0),
            gate: Gate::new(threads),
            over: AtomicBool::new(false),
            in_trouble: AtomicBool::new(false),
            in_window: AtomicBool::new(false),
            events: AtomicU64::new(0),
        }
    }

    /// Runs `lead` on this thread with helpers beside it that wait for windows.
    pub(crate) fn with_helpers<T>(&self, lead: impl FnOnce() -> T) -> T {
        if self.threads == 1 {
            return lead();
        }
        std::thread::scope(|scope| {
            for helper in 1..self.threads {
                scope.spawn(move || self.help(helper));
            }
            // Also when the lead panics, or the helpers would wait for ever.
            let _release = Release(self);
            lead()
        })
    }

    fn help(&self, helper: usize) {
        let _alarm = Alarm(&self.gate);
        loop {
            self.gate.wait();
            if self.over.load(Ordering::Acquire) {
                return;
            }
            self.run_share(helper);
            self.gate.wait();
        }
    }

    /// Everything before `end`; `pulse` is asked now and then whether to go on.
    pub(crate) fn run_until(&self, end: u64, pulse: &mut dyn FnMut(Moment) -> bool) -> bool {
        if let [only] = &self.partitions[..] {
            return self.run_alone(&mut only.lock().expect(UNPOISONED), end, pulse);
        }
        let mut events_seen = 0;
        loop {
            let next = self.next_times.iter().map(|time| time.load(Ordering::Acquire)).min();
            let next = next.expect("there is at least one partition");
            let open_until = match self.open_until.load(Ordering::Acquire) {
                0 if next >= end => return true,
                0 => next.saturating_add(self.look_ahead),
                interrupted => interrupted,
            };
            self.limit.store(open_until.min(end), Ordering::Release);
            self.run_window();
            if open_until > end {
                self.open_until.store(open_until, Ordering::Release);
                return !self.in_trouble.load(Ordering::Acquire);
            }
            self.open_until.store(0, Ordering::Release);
            self.window.fetch_add(1, Ordering::AcqRel);
            if self.in_trouble.load(Ordering::Acquire) {
                return false;
            }
            let events = self.events.load(Ordering::Acquire);
            if events - events_seen > EVENTS_PER_PULSE {
                events_seen = events;
                if !pulse(self.moment(next)) {
                    return false;
                }
            }
        }
    }

    fn run_alone(&self, partition: &mut Partition, end: u64, pulse: &mut dyn FnMut(Moment) -> bool) -> bool {
        let common = self.common();
        let world = common.world();
        while !partition.run_until(world, end, EVENTS_PER_PULSE) {
            let (simulated, events) = (partition.now, partition.events);
            let moment = Moment { simulated, events, spans: partition.tracing.take() };
            if !pulse(moment) || partition.trouble.is_some() {
                return false;
            }
        }
        true
    }

    pub(crate) fn common(&self) -> RwLockReadGuard<'_, Common> {
        self.common.read().expect(UNPOISONED)
    }

    /// While no partition runs.
    pub(crate) fn common_mut(&self) -> RwLockWriteGuard<'_, Common> {
        self.common.write().expect(UNPOISONED)
    }

    /// While no partition runs.
    pub(crate) fn moment(&self, simulated: u64) -> Moment {
        let mut spans = Vec::new();
        let mut events = 0;
        for partition in &self.partitions {
            let mut partition = partition.lock().expect(UNPOISONED);
            spans.append(&mut partition.tracing.take());
            events += partition.events;
        }
        Moment { simulated, events, spans }
    }

    fn run_window(&self) {
        if self.threads > 1 {
            self.gate.wait();
            self.in_window.store(true, Ordering::Release);
            self.run_share(0);
            self.in_window.store(false, Ordering::Release);
            self.gate.wait();
        } else {
            self.run_share(0);
        }
    }

    /// A thread's share of the partitions: neighbours, always the same ones, so that they stay in its cache.
    fn run_share(&self, thread: usize) {
        let common = self.common();
        let world = common.world();
        let limit = self.limit.load(Ordering::Acquire);
        let filling = self.window.load(Ordering::Acquire) % 2;
        let begins = self.open_until.load(Ordering::Acquire) == 0;
        let n = self.partitions.len();
        let mut books = self.books[thread].lock().expect(UNPOISONED);
        for at in n * thread / self.threads..n * (thread + 1) / self.threads {
            let mut partition = self.partitions[at].lock().expect(UNPOISONED);
            let mut inbox = self.inboxes[at][1 - filling].lock().expect(UNPOISONED);
            if begins && partition.outbox_first != u64::MAX {
                // What was sent in the last window is in the inboxes now.
                partition.outbox_first = u64::MAX;
                self.next_times[at].store(partition.next_time(), Ordering::Release);
            }
            if inbox.is_empty() && self.next_times[at].load(Ordering::Acquire) >= limit {
                continue;
            }
            partition.swap_books(&mut books);
            partition.receive(&mut inbox);
            drop(inbox);
            let before = partition.events;
            partition.run_until(world, limit, u64::MAX);
            partition.swap_books(&mut books);
            self.events.fetch_add(partition.events - before, Ordering::AcqRel);
            for (to, message) in partition.outbox.drain(..) {
                self.inboxes[to as usize][filling].lock().expect(UNPOISONED).push(message);
            }
            self.next_times[at].store(partition.next_time(), Ordering::Release);
            if partition.trouble.is_some() {
                self.in_trouble.store(true, Ordering::Release);
            }
        }
    }

    /// After a stop in the middle: partitions may have reached different times; the latest counts.
    pub(crate) fn come_to_rest(&self, reached: &mut u64) {
        let latest = self.partitions.iter().map(|partition| partition.lock().expect(UNPOISONED).now).max();
        *reached = latest.unwrap_or(0).max(*reached);
    }

    /// All partitions at rest, and what is on its way between them.
    pub(crate) fn at_rest(&self) -> Vec<MutexGuard<'_, Partition>> {
        let mut partitions: Vec<_> =
            self.partitions.iter().map(|partition| partition.lock().expect(UNPOISONED)).collect();
        let mut all = Books::default();
        partitions[0].swap_books(&mut all);
        self.books.iter().for_each(|books| all.take_over(&mut books.lock().expect(UNPOISONED)));
        all.sum_up(&self.common().plan);
        partitions[0].swap_books(&mut all);
        partitions
    }

    /// Partitions have changed outside of a window.
    pub(crate) fn refresh(&self) {
        // A window that was interrupted goes on filling its inboxes; the next one reads those that the last one filled.
        let is_open = self.open_until.load(Ordering::Acquire) > 0;
        let filled = (self.window.load(Ordering::Acquire) + usize::from(!is_open)) % 2;
        for (time, partition) in self.next_times.iter().zip(&self.partitions) {
            let mut partition = partition.lock().expect(UNPOISONED);
            let outbox: Vec<_> = partition.outbox.drain(..).collect();
            for (to, message) in outbox {
                self.inboxes[to as usize][filled].lock().expect(UNPOISONED).push(message);
            }
            time.store(partition.next_time(), Ordering::Release);
        }
    }

    /// What was sent and has not been received.
    pub(crate) fn count_on_the_way(&self, mut count: impl FnMut(&Message)) {
        for inbox in self.inboxes.iter().flatten() {
            inbox.lock().expect(UNPOISONED).iter().for_each(&mut count);
        }
    }
}

/// Sends the helpers home when the lead is done, or has panicked.
struct Release<'a>(&'a Windows);

impl Drop for Release<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Release);
        if self.0.in_window.load(Ordering::Acquire) {
            // The lead has panicked in the middle: the helpers are on their way to the second gate.
            self.0.gate.wait();
        }
        self.0.gate.wait();
    }
}

/// Tells the others when a helper panics, who would wait for it for ever.
struct Alarm<'a>(&'a Gate);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.broken.store(true, Ordering::Release);
        }
    }
}

/// A barrier that spins a little before it yields: a window lasts some ten microseconds.
struct Gate {
    threads: usize,
    waiting: AtomicUsize,
    generation: AtomicUsize,
    broken: AtomicBool,
}

/// Rounds of spinning before a thread gives its core away.
const SPINS: u32 = 2_000;

impl Gate {
    fn new(threads: usize) -> Gate {
        Gate {
            threads,
            waiting: AtomicUsize::new(0),
            generation: AtomicUsize::new(0),
            broken: AtomicBool::new(false),
        }
    }

    fn wait(&self) {
        let generation = self.generation.load(Ordering::Acquire);
        if self.waiting.fetch_add(1, Ordering::AcqRel) + 1 == self.threads {
            self.waiting.store(0, Ordering::Release);
            self.generation.fetch_add(1, Ordering::AcqRel);
            return;
        }
        let mut spins = 0;
        while self.generation.load(Ordering::Acquire) == generation {
            if spins < SPINS {
                spins += 1;
                std::hint::spin_loop();
            } else {
                assert!(!self.broken.load(Ordering::Acquire) || std::thread::panicking(), "{UNPOISONED}");
                if self.broken.load(Ordering::Acquire) {
                    return;
                }
                std::thread::yield_now();
            }
        }
    }
}
