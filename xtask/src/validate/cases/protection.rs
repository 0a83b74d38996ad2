//! What an instance lets in, and in which order it serves.

use tarsier_model::{
    Bulkhead, BulkheadFrom, Codel, Limit, LimitKind, Order, Priority, RateLimit, ServiceId, Shed,
};
use tarsier_testkit::markov::erlang_b;
use tarsier_units::Span;

use crate::validate::arch::{Arch, arch, call, constant, exp, station, wait, work};
use crate::validate::case::{Case, Expected, percent, within};
use crate::validate::read::{Run, blocked, failed, late_goodput, residence_mean, utilization, wait_mean};

const TURNER: &str = "Turner 1986; the policer as M/D/1/K: its missing tokens are the work";
const ERLANG: &str = "Erlang 1917";
const BOUNDED: &str = "Kleinrock, Queueing Systems I (1975), §3.6";
const CONSERVATION: &str = "Kleinrock, Queueing Systems II (1976), §3.4: conservation of waiting";
const LIFO: &str = "Beyer et al., Site Reliability Engineering (2016), ch. 22; Maurer, Fail at Scale (2015)";
const CHAIN: &str = "birth-and-death chain; Beyer et al., Site Reliability Engineering (2016), ch. 21";
const CODEL: &str = "Nichols, Jacobson 2012; RFC 8289";

pub(super) fn cases() -> Vec<Case> {
    let buckets = BUCKETS.into_iter().map(bucket);
    let rest = [burst(), limit_as_servers(), limit_as_places(), newest_first(), lifo_overload()];
    buckets.chain(rest).chain([shedding(), bulkheads(), codel()]).collect()
}

/// Arrivals, tokens, burst, share refused, tolerance.
const BUCKETS: [(f64, f64, f64, f64, f64); 7] = [
    (8.0, 10.0, 1.0, 0.4444444, 0.002),
    (8.0, 10.0, 5.0, 0.03529040, 0.001),
    (8.0, 10.0, 10.0, 0.003639231, 0.0003),
    (9.0, 10.0, 10.0, 0.01663175, 0.001),
    (10.0, 10.0, 10.0, 0.05084746, 0.002),
    (12.0, 10.0, 10.0, 0.1709108, 0.002),
    (95.0, 100.0, 20.0, 0.008068650, 0.0006),
];

fn bucket((arrival, rate, burst, share, tolerance): (f64, f64, f64, f64, f64)) -> Case {
    let is_p16 = arrival == 10.0;
    let id = if is_p16 { "P16-bucket".to_owned() } else { format!("bucket-{arrival}-{rate}-{burst}") };
    let what = format!("token bucket, {rate}/s, burst {burst}, Poisson arrivals {arrival}/s");
    let case = Case::new(id, what, TURNER)
        .model(move || limited(rate, burst).rate(arrival, 0))
        .seconds(3e6 / arrival)
        .near("share refused", share, within(tolerance), blocked);
    if is_p16 { case.quick(0.1) } else { case }
}

fn limited(per_second: f64, burst: f64) -> Arch {
    arch().service([]).protected(|it| it.rate_limit = Some(RateLimit { per_second, burst }))
}

/// A hundred at once, of which twenty pass.
fn burst() -> Case {
    Case::new("bucket-burst", "token bucket, 10/s, burst 20, 100 at once", TURNER)
        .model(|| limited(10.0, 20.0).rate(1e9, 0).regular().until_ns(100))
        .story(1.0, 1)
        .quick(1.0)
        .check("passed", Expected::Exactly(20.0), |runs: &[Run]| {
            runs[0].outcome.workloads[0].completed as f64
        })
}

fn at_most(places: f64) -> Option<Limit> {
    Some(Limit { start: places, min: places, max: places, kind: LimitKind::Fixed, window: None })
}

fn limit_as_servers() -> Case {
    Case::new("limit-servers", "M/M/10, a = 8, limit of 10", ERLANG)
        .model(|| station(exp(1.0), 8e3).cores(10).protected(|it| it.limit = at_most(10.0)))
        .seconds(2e6 / 8e3)
        .quick(0.2)
        .near("share refused", 0.1216611, within(0.003), blocked)
}

fn limit_as_places() -> Case {
    Case::new("limit-places", "M/M/1, λ = 1.2, S = 1 ms, limit of 10", BOUNDED)
        .model(|| station(exp(1.0), 1.2e3).protected(|it| it.limit = at_most(10.0)))
        .seconds(4e6 / 1.2e3)
        .near("share refused", 0.1925865, within(0.003), blocked)
        .near("mean time in system, ms", 6.926138, percent(2.0), residence_mean)
}

fn newest_first() -> Case {
    Case::new("lifo", "M/M/1, ρ = 0.8, S = 10 ms, the newest first", CONSERVATION)
        .model(|| station(exp(10.0), 80.0).protected(|it| it.order = Order::Lifo))
        .seconds(2e7 / 80.0)
        .near("mean wait, ms", 40.0, percent(2.0), wait_mean)
}

/// What first come, first served loses altogether (see `fifo-overload`).
fn lifo_overload() -> Case {
    Case::new("lifo-overload", "D/D/1, 120/s into 100/s, τ = 1 s, the newest first", LIFO)
        .model(|| {
            let newest_first = station(constant(10.0), 120.0).protected(|it| it.order = Order::Lifo);
            newest_first.regular().timeout(1000)
        })
        .story(60.0, 1)
        .quick(1.0)
        .near("goodput from 7 s on, /s", 100.0, percent(1.0), late_goodput(53))
}

/// Three classes into four workers and six places to wait: the lowest is refused from five present on, the
/// next from nine.
fn shedding() -> Case {
    let rates = [2.0, 2.0, 1.0];
    let [sheddable, normal, critical] = refused_of_each(rates, [5, 9, 10], 4);
    let model = move || {
        let shed = Shed { sheddable: 0.5, normal: 0.9 };
        let service = arch().service([work(exp(1.0))]).cores(4).workers(4).queue(6);
        let classes = [Priority::Sheddable, Priority::Normal, Priority::Critical].into_iter().zip(rates);
        classes.fold(service.protected(|it| it.shed = Some(shed)), |arch, (priority, rate)| {
            arch.rate(rate * 1e3, 0).priority(priority)
        })
    };
    Case::new("shedding", "M/M/4/10, λ = 2, 2, 1, refused from 50%, 90%, 100% on", CHAIN)
        .model(model)
        .seconds(2e6 / 5e3)
        .quick(0.2)
        .near("sheddable refused", sheddable, within(0.005), failed(0))
        .near("normal refused", normal, within(0.003), failed(1))
        .near("critical refused", critical, within(0.003), failed(2))
}

/// The share of each class that finds as many as it must not, with service at rate one.
fn refused_of_each(rates: [f64; 3], most: [usize; 3], servers: usize) -> [f64; 3] {
    let mut weights = vec![1.0];
    for n in 0..most[2] {
        let births: f64 = rates.iter().zip(most).filter(|(_, most)| n < *most).map(|(rate, _)| rate).sum();
        weights.push(weights[n] * births / (n + 1).min(servers) as f64);
    }
    let all: f64 = weights.iter().sum();
    most.map(|most| weights[most..].iter().sum::<f64>() / all)
}

/// Each caller loses as if it were alone, whatever the first one does.
fn bulkheads() -> Case {
    let bulkhead = |from, most| Bulkhead { from, most };
    let model = move || {
        let shared = arch().service([wait(exp(10.0))]).protected(|it| {
            it.bulkheads =
                vec![bulkhead(BulkheadFrom::Service(ServiceId(1)), 10), bulkhead(BulkheadFrom::Others, 5)];
        });
        let callers = shared.service([call(0)]).service([call(0)]).service([call(0)]);
        callers.rate(8e3, 1).rate(500.0, 2).rate(80.0, 3)
    };
    Case::new("bulkheads", "places for 10, 5 and 5, a = 80, 5, 0.8", ERLANG)
        .model(model)
        .seconds(1_000.0)
        .quick(0.2)
        .near("the flood's refused", erlang_b(10, 80.0), percent(0.5), failed(0))
        .near("the second's refused", erlang_b(5, 5.0), percent(1.0), failed(1))
        .near("the third's refused", erlang_b(5, 0.8), within(0.0005), failed(2))
}

/// A tenth more than it can: that much is dropped, and those served wait for about an interval.
fn codel() -> Case {
    let codel = Codel { target: Span::from_millis(5), interval: Span::from_millis(100) };
    Case::new("codel", "M/M/1, ρ = 1.1, S = 1 ms, CoDel 5 ms, 100 ms", CODEL)
        .model(move || station(exp(1.0), 1.1e3).protected(|it| it.codel = Some(codel)))
        .seconds(4e6 / 1.1e3)
        .quick(0.2)
        .near("share dropped", 1.0 - 1.0 / 1.1, within(0.005), blocked)
        .check("utilisation", Expected::AtLeast(0.99), utilization(0))
        .check("mean wait, ms: less than an interval", Expected::AtMost(100.0), wait_mean)
}
