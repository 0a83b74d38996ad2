//! A run that others look at while it goes: simulated time follows the clock, metrics are served.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tarsier_engine::SecondRow;
use tarsier_model::SealedModel;
use tarsier_report::Exposition;
use tarsier_server::Metrics;

use crate::args::RunArgs;
use crate::failure::Failure;
use crate::onlooker::is_interrupted;
use crate::tell;

/// What goes on beside a run, second by second.
pub(crate) struct Live {
    pace: Option<Pace>,
    scraped: Option<Scraped>,
}

struct Scraped {
    exposition: Arc<Mutex<Exposition>>,
    /// Serves until the run is over.
    _metrics: Metrics,
}

impl Live {
    /// Nothing, if nothing was asked for.
    pub(crate) fn new(args: &RunArgs, model: &SealedModel) -> Result<Option<Self>, Failure> {
        if args.pace.is_none() && args.listen.is_none() {
            return Ok(None);
        }
        if args.reps > 1 {
            return Err(Failure::with_hint(
                "several replications cannot be followed while they run",
                "leave out `--reps`, or `--pace` and `--listen`",
            ));
        }
        let scraped = args.listen.map(|address| Scraped::serve(address, model)).transpose()?;
        Ok(Some(Live { pace: args.pace.map(Pace::new), scraped }))
    }

    pub(crate) fn row(&mut self, row: &SecondRow) {
        if let Some(pace) = &mut self.pace {
            pace.keep(row.second);
        }
        if let Some(scraped) = &self.scraped {
            scraped.exposition.lock().expect("no one panics holding it").row(row);
        }
    }
}

impl Scraped {
    fn serve(address: SocketAddr, model: &SealedModel) -> Result<Self, Failure> {
        let exposition = Arc::new(Mutex::new(Exposition::new(model, &tarsier_lab::calls(model))));
        let shown = Arc::clone(&exposition);
        let metrics = Metrics::serve(address, move || shown.lock().expect("no one panics holding it").text())
            .map_err(|error| Failure::new(format!("cannot listen on {address}: {error}")))?;
        tell(&format!("metrics of the run: http://{}/metrics", metrics.address()));
        Ok(Scraped { exposition, _metrics: metrics })
    }
}

/// Keeps simulated time from running ahead of the clock.
struct Pace {
    /// Simulated seconds to one of the clock.
    speed: f64,
    /// When the first second was over.
    begun: Option<Instant>,
}

impl Pace {
    fn new(speed: f64) -> Self {
        Pace { speed, begun: None }
    }

    /// Waits until a second may be shown, or the run is interrupted.
    fn keep(&mut self, second: u64) {
        let due = self.due(second, Instant::now());
        loop {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() || is_interrupted() {
                return;
            }
            // In slices, so that Ctrl-C is heard.
            std::thread::sleep(left.min(Duration::from_millis(100)));
        }
    }

    fn due(&mut self, second: u64, now: Instant) -> Instant {
        *self.begun.get_or_insert(now) + Duration::from_secs_f64(second as f64 / self.speed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_due_by_the_clock_however_long_each_took() {
        let now = Instant::now();
        let later = |millis| now + Duration::from_millis(millis);
        let mut pace = Pace::new(4.0);
        assert_eq!(pace.due(0, now), now);
        assert_eq!(pace.due(1, later(200)), later(250));
        assert_eq!(pace.due(6, later(9_999)), later(1_500));
    }
}
