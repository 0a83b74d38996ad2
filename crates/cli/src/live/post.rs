//! What is sent to a collector.

use std::time::{SystemTime, UNIX_EPOCH};

use tarsier_interop::Meters;
use tarsier_telemetry::{Batch, Delivered, Sender};
use tarsier_units::NANOS_PER_SECOND;

use crate::args::{Collector, RunArgs};
use crate::failure::Failure;
use crate::onlooker::is_interrupted;
use crate::{tell, warn};

pub(super) struct Post {
    collector: Collector,
    sender: Sender,
    /// What the start of the counted time is called, in nanoseconds since 1970.
    origin_ns: u64,
}

impl Post {
    pub(super) fn open(collector: &Collector, args: &RunArgs) -> Result<Self, Failure> {
        let sender = Sender::start(&collector.url)
            .map_err(|error| Failure::new(format!("cannot send to {}: {error}", collector.url)))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
        let origin_ns = origin_ns(now, args.duration.nanos(), args.pace);
        Ok(Post { collector: collector.clone(), sender, origin_ns })
    }

    /// As they were at the end of a second.
    pub(super) fn metrics(&self, meters: &Meters, second: u64) {
        let now_ns = self.origin_ns + (second + 1) * NANOS_PER_SECOND;
        let (body, items) = meters.otlp(self.origin_ns, now_ns);
        self.mind_interrupts();
        self.sender.send(Batch { path: "/v1/metrics", body, items });
    }

    /// Who wants to leave does not wait for a collector that is down.
    fn mind_interrupts(&self) {
        if is_interrupted() {
            self.sender.hurry();
        }
    }

    pub(super) fn close(self) {
        self.mind_interrupts();
        let delivered = self.sender.finish();
        let line = account(&self.collector, &delivered);
        let is_all_well = delivered.rejected + delivered.dropped == 0;
        if is_all_well { tell(&line) } else { warn(&line) }
    }
}

/// Telemetry of the future is refused by many: the run ends now, or when its pace lets it end.
fn origin_ns(now: u64, duration: u64, pace: Option<f64>) -> u64 {
    let ahead = pace.map_or(1.0, |pace| (1.0 - 1.0 / pace).max(0.0));
    // The first second is told as soon as it begins by the clock.
    now.saturating_sub((duration as f64 * ahead) as u64).saturating_sub(NANOS_PER_SECOND)
}

/// «otlp=http://…: 120 accepted, 0 rejected, 3 dropped, 2 retries; connection refused».
fn account(collector: &Collector, delivered: &Delivered) -> String {
    let Delivered { accepted, rejected, dropped, retries, trouble } = delivered;
    let counts = format!("{accepted} accepted, {rejected} rejected, {dropped} dropped, {retries} retries");
    let trouble = trouble.as_ref().map_or(String::new(), |why| format!("; {why}"));
    format!("sent to {collector}: {counts}{trouble}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600 * NANOS_PER_SECOND;

    #[test]
    fn nothing_is_told_of_the_future() {
        let now = 1_000 * HOUR;
        let before = |span: u64| now - span - NANOS_PER_SECOND;
        assert_eq!(origin_ns(now, HOUR, None), before(HOUR), "all of it is over");
        assert_eq!(origin_ns(now, HOUR, Some(1.0)), before(0));
        assert_eq!(origin_ns(now, HOUR, Some(4.0)), before(HOUR / 4 * 3), "ends in a quarter of an hour");
        assert_eq!(origin_ns(now, HOUR, Some(0.5)), before(0), "lags behind");
    }
}
