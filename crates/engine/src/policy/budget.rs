//! Retry budgets: how many retries a client may make.
//!
//! One bucket of tokens covers most of them. A share of requests: the SRE book's per-client budget and
//! Brooker's simulations («What is backoff for?», 2022). With tokens a second: Finagle's `RetryBudget`
//! (20% of requests and ten a second; its tokens expire, here they are capped). Tokens taken out by a
//! retry and put back when it succeeds, as many: the standard mode of the AWS SDKs (botocore's `RetryQuotaChecker`). Tokens taken out by failures,
//! retries only above half: gRPC's throttling (proposal A6). The other kind bounds retries in flight by
//! a share of the requests in flight: Envoy's `retry_budget`; a retry counts from when it is decided on.

use tarsier_model::{Bucket, Budget as Rule};

use super::episode::Episode;

/// A little slack: ten deposits of 10% make one retry in spite of rounding.
const SLACK: f64 = 1e-9;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Attempt {
    First,
    Retry { after_timeout: bool },
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Budget {
    tokens: f64,
    as_of: u64,
    in_flight: u32,
    retries_in_flight: u32,
    refusals: Episode,
}

impl Budget {
    pub(crate) fn starting(rule: &Rule, now: u64) -> Budget {
        let tokens = match rule {
            Rule::Bucket(bucket) => bucket.start.min(bucket.most),
            Rule::Concurrent { .. } => 0.0,
        };
        Budget { tokens, as_of: now, ..Budget::default() }
    }

    /// The same for requests that are under way already, so many of them on a retry.
    pub(crate) fn renewed(rule: &Rule, now: u64, in_flight: u32, retries_in_flight: u32) -> Budget {
        Budget { in_flight, retries_in_flight, ..Budget::starting(rule, now) }
    }

    /// A request is made for the first time.
    pub(crate) fn begin(&mut self, rule: &Rule) {
        self.in_flight += 1;
        if let Rule::Bucket(bucket) = rule {
            self.put(bucket, bucket.per_request);
        }
    }

    /// A request has ended for good, its last attempt being a retry or not.
    pub(crate) fn end(&mut self, was_retry: bool) {
        self.in_flight -= 1;
        self.retries_in_flight -= u32::from(was_retry);
    }

    /// An attempt has ended well.
    pub(crate) fn succeed(&mut self, rule: &Rule, attempt: Attempt) {
        if let Rule::Bucket(bucket) = rule {
            let refund = match attempt {
                Attempt::First => 0.0,
                Attempt::Retry { after_timeout: false } => bucket.refund,
                Attempt::Retry { after_timeout: true } => bucket.timeout_refund,
            };
            self.put(bucket, bucket.per_success.max(refund));
        }
    }

    /// An attempt has failed.
    pub(crate) fn fail(&mut self, rule: &Rule) {
        if let Rule::Bucket(bucket) = rule {
            self.tokens = (self.tokens - bucket.per_failure).max(0.0);
        }
    }

    /// Whether a retry may be made now; if so, it is. `again` is one of a request that is on a retry already.
    pub(crate) fn allows(&mut self, rule: &Rule, now: u64, after_timeout: bool, again: bool) -> bool {
        let allowed = match rule {
            Rule::Bucket(bucket) => {
                self.fill(bucket, now);
                self.take(bucket, if after_timeout { bucket.timeout_cost } else { bucket.cost })
            }
            Rule::Concurrent { share, least } => {
                let others = self.retries_in_flight - u32::from(again);
                others < ((share * f64::from(self.in_flight) + SLACK) as u32).max(*least)
            }
        };
        self.retries_in_flight += u32::from(allowed && !again);
        allowed
    }

    /// Whether a refusal is the first for a while: a budget that is filled bit by bit is used up again and again.
    pub(crate) fn is_news(&mut self, now: u64) -> bool {
        self.refusals.is_over(now);
        self.refusals.happens(now)
    }

    fn fill(&mut self, bucket: &Bucket, now: u64) {
        let seconds = (now - self.as_of) as f64 / 1e9;
        self.as_of = now;
        self.put(bucket, bucket.per_second * seconds);
    }

    fn put(&mut self, bucket: &Bucket, tokens: f64) {
        self.tokens = (self.tokens + tokens).min(bucket.most);
    }

    fn take(&mut self, bucket: &Bucket, cost: f64) -> bool {
        let is_there = self.tokens > bucket.above + SLACK && self.tokens >= cost - SLACK;
        if is_there {
            self.tokens = (self.tokens - cost).max(0.0);
        }
        is_there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn allowed(budget: &mut Budget, rule: &Rule, now: u64, times: u32) -> u32 {
        (0..times).map(|_| u32::from(budget.allows(rule, now, false, true))).sum()
    }

    fn requests(budget: &mut Budget, rule: &Rule, n: u32) {
        (0..n).for_each(|_| budget.begin(rule));
    }

    #[test]
    fn a_share_of_requests_of_which_ten_are_saved_up() {
        let rule = Rule::Bucket(Bucket::share(0.1));
        let mut budget = Budget::starting(&rule, 0);
        requests(&mut budget, &rule, 9);
        assert!(!budget.allows(&rule, 0, false, true));
        requests(&mut budget, &rule, 1);
        assert!(budget.allows(&rule, 0, false, true));
        requests(&mut budget, &rule, 1_000);
        assert_eq!(allowed(&mut budget, &rule, 0, 100), 10);
    }

    #[test]
    fn finagle_adds_ten_a_second() {
        let bucket = Bucket { per_second: 10.0, most: 100.0, ..Bucket::share(0.2) };
        let rule = Rule::Bucket(bucket);
        let mut budget = Budget::starting(&rule, 0);
        assert_eq!(allowed(&mut budget, &rule, SECOND, 100), 10);
        assert_eq!(allowed(&mut budget, &rule, SECOND + SECOND / 2, 100), 5);
        requests(&mut budget, &rule, 50);
        assert_eq!(allowed(&mut budget, &rule, 2 * SECOND, 100), 15);
        assert_eq!(allowed(&mut budget, &rule, 100 * SECOND, 1_000), 100);
    }

    /// 500 tokens, 5 a retry and 10 after a timeout; a success puts 1 in, that of a retry what it took.
    #[test]
    fn the_aws_quota() {
        let rule = Rule::Bucket(Bucket {
            start: 500.0,
            most: 500.0,
            per_request: 0.0,
            per_success: 1.0,
            cost: 5.0,
            timeout_cost: 10.0,
            refund: 5.0,
            timeout_refund: 10.0,
            ..Bucket::share(0.0)
        });
        let mut budget = Budget::starting(&rule, 0);
        assert_eq!(allowed(&mut budget, &rule, 0, 1_000), 100);
        let retry = |after_timeout| Attempt::Retry { after_timeout };
        (0..4).for_each(|_| budget.succeed(&rule, Attempt::First));
        assert_eq!(allowed(&mut budget, &rule, 0, 10), 0);
        budget.succeed(&rule, retry(false));
        assert_eq!(allowed(&mut budget, &rule, 0, 10), 1);
        budget.succeed(&rule, retry(false));
        assert!(!budget.allows(&rule, 0, true, true), "9 tokens are too few after a timeout");
        budget.succeed(&rule, retry(true));
        assert_eq!(allowed(&mut budget, &rule, 0, 10), 3, "it brings the ten back that it took");
    }

    /// Ten tokens, each failure takes one, each success puts 0.1 in; retries while more than five are left.
    #[test]
    fn grpc_retries_above_half() {
        let rule = Rule::Bucket(Bucket {
            start: 10.0,
            most: 10.0,
            per_success: 0.1,
            per_failure: 1.0,
            cost: 0.0,
            timeout_cost: 0.0,
            above: 5.0,
            ..Bucket::share(0.0)
        });
        let mut budget = Budget::starting(&rule, 0);
        let mut retries = 0;
        for _ in 0..8 {
            budget.fail(&rule);
            retries += allowed(&mut budget, &rule, 0, 1);
        }
        assert_eq!(retries, 4, "at 9, 8, 7 and 6 tokens");
        // Two are left: 31 successes make 5.1.
        (0..30).for_each(|_| budget.succeed(&rule, Attempt::First));
        assert_eq!(allowed(&mut budget, &rule, 0, 1), 0);
        budget.succeed(&rule, Attempt::First);
        assert_eq!(allowed(&mut budget, &rule, 0, 1), 1);
    }

    #[test]
    fn envoy_bounds_retries_in_flight() {
        let rule = Rule::Concurrent { share: 0.2, least: 3 };
        let mut budget = Budget::starting(&rule, 0);
        requests(&mut budget, &rule, 10);
        let new = |budget: &mut Budget| (0..10).filter(|_| budget.allows(&rule, 0, false, false)).count();
        assert_eq!(new(&mut budget), 3);
        requests(&mut budget, &rule, 15);
        assert_eq!(new(&mut budget), 2, "a fifth of 25 in flight");
        assert!(budget.allows(&rule, 0, false, true), "one that retries already takes no other's place");
        budget.end(true);
        budget.end(true);
        budget.end(false);
        // 22 are in flight, three of them on a retry: one more makes four, the whole part of 4.4.
        assert_eq!(new(&mut budget), 1);
    }

    #[test]
    fn a_refusal_is_news_once() {
        let rule = Rule::Bucket(Bucket::share(0.5));
        let mut budget = Budget::starting(&rule, 0);
        assert!(!budget.allows(&rule, 0, false, false) && budget.is_news(0));
        requests(&mut budget, &rule, 2);
        assert!(budget.allows(&rule, 1, false, false));
        assert!(!budget.allows(&rule, 1, false, false) && !budget.is_news(1));
        assert!(!budget.allows(&rule, 2_000_000_000, false, false) && budget.is_news(2_000_000_000));
    }
}
