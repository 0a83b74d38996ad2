//! Two runs beside each other, second by second. With the same seed they have the same random numbers where nothing was
//! changed, so most of the noise is in both and leaves the difference.

use std::sync::Arc;

use axum::extract::{Query, State};
use serde_json::{Value, json};

use crate::api::looks::{NODE, Pairs};
use crate::api::query::Asked;
use crate::api::runs::find;
use crate::api::{Answer, Shared, blocking, json as answer};
use crate::session::Session;
use crate::session::history::merged;

/// Seconds that follow each other are alike, so they are put together into so many batches.
const BATCHES: usize = 20;
/// Fewer say too little for an interval.
const LEAST_BATCHES: usize = 10;
const LEVEL: f64 = 0.975;

pub(super) async fn compare(State(context): Shared, Query(asked): Pairs) -> Answer {
    let mut asked = Asked(asked);
    let (a, b) = (asked.wanted("a")?, asked.wanted("b")?);
    asked.end()?;
    let (a, b) = (find(&context, &a)?, find(&context, &b)?);
    blocking(move || {
        let pairs = Paired::of(&a, &b);
        let workloads = a.setup.model.workloads.iter().map(|it| it.name.as_str());
        let services = a.setup.model.services.iter().map(|it| it.name.as_str());
        let value = json!({
            "seconds": pairs.covered_s(),
            "same_seed": a.setup.seed == b.setup.seed,
            "workloads": workloads.filter_map(|name| pairs.of_node(name, true)).collect::<Vec<_>>(),
            "services": services.filter_map(|name| pairs.of_node(name, false)).collect::<Vec<_>>(),
        });
        Ok(answer(&value))
    })
    .await
}

type Picture = Arc<crate::session::picture::Picture>;

/// The seconds that both runs have.
struct Paired<'a> {
    runs: [&'a Session; 2],
    pictures: Vec<[Picture; 2]>,
}

impl<'a> Paired<'a> {
    fn of(a: &'a Session, b: &'a Session) -> Paired<'a> {
        let [first, second] = [a, b].map(|run| run.shared.read().history.pictures().to_vec());
        Paired { runs: [a, b], pictures: paired(first, second) }
    }

    fn covered_s(&self) -> f64 {
        self.pictures.iter().fold(0.0, |sum, [picture, _]| sum + f64::from(picture.covers_s))
    }

    /// `None` if only one of them has it.
    fn of_node(&self, name: &str, users: bool) -> Option<Value> {
        let place = |run: &Session| {
            let model = &run.setup.model;
            if users {
                model.workloads.iter().position(|it| it.name == name)
            } else {
                let at = model.services.iter().position(|it| it.name == name);
                at.map(|at| run.topology.node_of_service(at))
            }
        };
        let [a, b] = [place(self.runs[0])?, place(self.runs[1])?];
        let metrics = NODE.iter().enumerate().filter_map(|(column, metric)| {
            let values = self.pictures.iter().map(|[x, y]| [x.nodes[a][column], y.nodes[b][column]]);
            let values = values.filter(|pair| pair.iter().all(|it| it.is_finite()));
            difference(metric, &values.map(|pair| pair.map(f64::from)).collect::<Vec<_>>())
        });
        Some(json!({ "name": name, "metrics": metrics.collect::<Vec<_>>() }))
    }
}

/// Both begin at zero. Where one of them has been joined to longer stretches already, the other one's are joined, too.
fn paired(first: Vec<Picture>, second: Vec<Picture>) -> Vec<[Picture; 2]> {
    let [mut first, mut second] = [first, second].map(|it| it.into_iter().peekable());
    let mut pairs = Vec::new();
    while let (Some(mut a), Some(mut b)) = (first.next(), second.next()) {
        while a.time_s != b.time_s {
            let (behind, rest) =
                if a.time_s < b.time_s { (&mut a, &mut first) } else { (&mut b, &mut second) };
            let Some(next) = rest.next() else { return pairs };
            *behind = Arc::new(merged(behind, &next));
        }
        pairs.push([a, b]);
    }
    pairs
}

/// `None` of what is never said of such a node.
fn difference(metric: &str, pairs: &[[f64; 2]]) -> Option<Value> {
    if pairs.is_empty() {
        return None;
    }
    let n = pairs.len() as f64;
    let [a, b] = [0, 1].map(|of| pairs.iter().map(|pair| pair[of]).sum::<f64>() / n);
    let differences: Vec<f64> = pairs.iter().map(|[a, b]| b - a).collect();
    let interval = interval(&differences).map(|half| [b - a - half, b - a + half]);
    let metric = if metric.ends_with("_s") || GAUGES.contains(&metric) {
        metric.to_owned()
    } else {
        format!("{metric}_per_s")
    };
    Some(json!({ "metric": metric, "a": a, "b": b, "difference": b - a, "ci95": interval }))
}

/// What is no count.
const GAUGES: [&str; 5] = ["utilization", "queue", "in_flight", "up", "wanted"];

/// Half the width of a t-interval for the mean, over batches of equal length; the last few seconds may be left out.
fn interval(values: &[f64]) -> Option<f64> {
    if values.len() < LEAST_BATCHES {
        return None;
    }
    let each = values.len().div_ceil(BATCHES);
    let k = values.len() / each;
    let means: Vec<f64> =
        values.chunks_exact(each).take(k).map(|batch| batch.iter().sum::<f64>() / each as f64).collect();
    let mean = means.iter().sum::<f64>() / k as f64;
    let variance = means.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / (k - 1) as f64;
    Some(tarsier_stats::t_quantile((k - 1) as f64, LEVEL) * (variance / k as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of ten values 0 to 9 the variance is 55/6, and t(9) at 97.5% is 2.262157.
    #[test]
    fn intervals_are_those_of_the_textbook() {
        let values: Vec<f64> = (0..10).map(f64::from).collect();
        let half = interval(&values).expect("ten are enough");
        assert!((half - 2.262_157 * (55.0 / 6.0 / 10.0_f64).sqrt()).abs() < 1e-5, "{half}");
        assert_eq!(interval(&values[1..]), None);
        assert_eq!(interval(&[3.0; 500]), Some(0.0));
    }

    /// All seconds but at most one batch's count, also where they are no multiple of the batches.
    #[test]
    fn no_half_of_the_seconds_is_left_out() {
        let late = |n: usize| (0..n).map(|at| if at < n / 2 { 0.0 } else { 8.0 }).collect::<Vec<_>>();
        for n in [20, 21, 39, 40, 59, 400] {
            let half = interval(&late(n)).expect("there are enough");
            assert!(half > 1.0, "{n}: {half} is blind to the second half");
        }
    }

    #[test]
    fn who_remembers_longer_stretches_is_compared_by_these() {
        let second = |time: u32, covers: f32| {
            let nodes = vec![[time as f32; crate::session::picture::NODE]];
            Arc::new(crate::session::picture::Picture {
                time_s: f64::from(time),
                covers_s: covers,
                nodes,
                edges: Vec::new(),
            })
        };
        let fine: Vec<_> = (1..=7).map(|time| second(time, 1.0)).collect();
        let coarse: Vec<_> = (1..=2).map(|at| second(4 * at, 4.0)).collect();
        let pairs = paired(fine, coarse);
        assert_eq!(pairs.len(), 1, "the second four are not over in both");
        let [a, b] = &pairs[0];
        assert_eq!((a.time_s, a.covers_s, a.nodes[0][0]), (4.0, 4.0, 2.5));
        assert_eq!((b.time_s, b.covers_s, b.nodes[0][0]), (4.0, 4.0, 4.0));
    }

    #[test]
    fn differences_are_of_pairs() {
        let pairs: Vec<[f64; 2]> = (0..40).map(|n| [f64::from(n), f64::from(n) + 2.0]).collect();
        let found = difference("rate", &pairs).expect("there are pairs");
        assert_eq!(
            found,
            json!({ "metric": "rate_per_s", "a": 19.5, "b": 21.5, "difference": 2.0, "ci95": [2.0, 2.0] })
        );
        assert_eq!(difference("p99_s", &[]), None);
    }
}
