//! Looks on while a run goes: draws the progress bar, hears Ctrl-C.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tarsier_engine::Verdict;
use tarsier_lab::{Observer, Phase, Progress};
use tarsier_report::{bar, number};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// The first Ctrl-C ends the run with what was measured, the second ends the program.
pub(crate) fn hear_interrupts() {
    let handler = || {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    };
    // Without a handler Ctrl-C just kills, which is no reason not to run.
    let _ = ctrlc::set_handler(handler);
}

pub(crate) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

pub(crate) struct Onlooker {
    bar: Option<Mutex<Bar>>,
}

impl Onlooker {
    /// With a bar if there is someone to see it.
    pub(crate) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| Mutex::new(Bar::new()));
        Onlooker { bar }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        let Some(bar) = &self.bar else { return };
        if bar.lock().is_ok_and(|bar| bar.is_drawn) {
            eprint!("\r\x1b[K");
        }
    }
}

impl Observer for Onlooker {
    fn progress(&self, progress: &Progress) -> Verdict {
        // Another thread that is drawing has news enough.
        if let Some(Ok(mut bar)) = self.bar.as_ref().map(Mutex::try_lock) {
            bar.draw(progress);
        }
        if is_interrupted() { Verdict::Stop } else { Verdict::GoOn }
    }
}

/// How often the bar is drawn.
const PERIOD: Duration = Duration::from_millis(100);
const WIDTH: usize = 24;

struct Bar {
    phase: Phase,
    begun: Instant,
    due: Instant,
    is_drawn: bool,
}

impl Bar {
    fn new() -> Self {
        let now = Instant::now();
        // What is over in the twinkling of an eye needs no bar.
        Bar { phase: Phase::Measuring, begun: now, due: now + 2 * PERIOD, is_drawn: false }
    }

    fn draw(&mut self, progress: &Progress) {
        let now = Instant::now();
        if progress.phase != self.phase {
            (self.phase, self.begun) = (progress.phase, now);
        }
        if now < self.due {
            return;
        }
        self.due = now + PERIOD;
        self.is_drawn = true;
        let line = line(progress, now.duration_since(self.begun).as_secs_f64());
        // A terminal that went away is no reason to stop.
        let _ = write!(std::io::stderr(), "\r{line}\x1b[K");
    }
}

/// `████····  34%  21.2 s of 70.0 s  12.4 × real time  6.50 M events/s  3.10 s left`.
fn line(progress: &Progress, elapsed_s: f64) -> String {
    if progress.phase == Phase::Comparing {
        let speed = number::amount(progress.events as f64 / elapsed_s.max(1e-3));
        return format!("comparing  {} simulated  {speed} events/s", number::duration(progress.simulated_s));
    }
    let done = if progress.total_s > 0.0 { (progress.simulated_s / progress.total_s).min(1.0) } else { 1.0 };
    let what = match progress.phase {
        Phase::Pilot => "pilot ",
        Phase::Measuring | Phase::Comparing => "",
    };
    let mut line = format!(
        "{what}{} {:>3.0}%  {} of {} simulated",
        bar(done, WIDTH),
        done * 100.0,
        number::duration(progress.simulated_s),
        number::duration(progress.total_s)
    );
    if elapsed_s > 0.0 && done > 0.0 {
        let pace = number::amount(progress.simulated_s / elapsed_s);
        let speed = number::amount(progress.events as f64 / elapsed_s);
        let left = number::duration(elapsed_s * (1.0 - done) / done);
        line.push_str(&format!("  {pace} × real time  {speed} events/s  {left} left"));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_time_speed_and_what_is_left() {
        let progress =
            Progress { phase: Phase::Measuring, simulated_s: 30.0, total_s: 120.0, events: 5_000_000 };
        assert_eq!(
            line(&progress, 2.0),
            "██████··················  25%  30.0 s of 120 s simulated  15.0 × real time  2.50 M events/s  6.00 s left"
        );
        let start = Progress { phase: Phase::Pilot, simulated_s: 0.0, total_s: 10.0, events: 0 };
        assert_eq!(line(&start, 0.0), "pilot ························   0%  0 s of 10.0 s simulated");
    }
}
