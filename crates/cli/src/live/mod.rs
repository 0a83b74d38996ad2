//! A run that others look at while it goes: simulated time follows the clock, metrics are served, telemetry is sent.

mod pace;
mod post;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tarsier_engine::{SecondRow, TraceSpan};
use tarsier_interop::Meters;
use tarsier_model::SealedModel;
use tarsier_server::Metrics;

use crate::args::RunArgs;
use crate::failure::Failure;
use crate::tell;

use pace::Pace;
use post::Post;

/// What goes on beside a run, second by second.
pub(crate) struct Live {
    pace: Option<Pace>,
    meters: Arc<Mutex<Meters>>,
    /// The last second that a row was of; its numbers are told when the next begins.
    second: u64,
    post: Vec<Post>,
    /// Serves until the run is over.
    _metrics: Option<Metrics>,
}

impl Live {
    /// Nothing, if nothing was asked for.
    pub(crate) fn new(args: &RunArgs, model: &SealedModel) -> Result<Option<Self>, Failure> {
        if args.pace.is_none() && args.listen.is_none() && args.send.is_empty() {
            return Ok(None);
        }
        if args.reps > 1 {
            return Err(Failure::with_hint(
                "several replications cannot be followed while they run",
                "leave out `--reps`, or `--pace`, `--listen` and `--send`",
            ));
        }
        let meters = Arc::new(Mutex::new(Meters::new(model, &tarsier_lab::calls(model))));
        let metrics = args.listen.map(|address| serve(address, &meters)).transpose()?;
        let post = args.send.iter().map(|to| Post::open(to, args, model)).collect::<Result<_, _>>()?;
        Ok(Some(Live { pace: args.pace.map(Pace::new), meters, second: 0, post, _metrics: metrics }))
    }

    pub(crate) fn row(&mut self, row: &SecondRow) {
        if row.second != self.second {
            self.send();
            self.second = row.second;
        }
        if let Some(pace) = &mut self.pace {
            pace.keep(row.second);
        }
        self.meters.lock().expect("no one panics holding it").row(row);
    }

    pub(crate) fn span(&mut self, span: &TraceSpan) {
        self.post.iter_mut().for_each(|post| post.span(span));
    }

    /// The last second is sent as well; then everything has to arrive.
    pub(crate) fn finish(mut self) {
        self.send();
        for post in self.post {
            post.close();
        }
    }

    fn send(&mut self) {
        for post in &mut self.post {
            post.second(&self.meters, self.second);
        }
    }
}

fn serve(address: SocketAddr, meters: &Arc<Mutex<Meters>>) -> Result<Metrics, Failure> {
    let shown = Arc::clone(meters);
    let text = move || shown.lock().expect("no one panics holding it").prometheus();
    let metrics = Metrics::serve(address, text)
        .map_err(|error| Failure::new(format!("cannot listen on {address}: {error}")))?;
    tell(&format!("metrics of the run: http://{}/metrics", metrics.address()));
    Ok(metrics)
}
