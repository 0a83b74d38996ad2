//! What well-known clients do by default, written in the language itself.

/// A set of options of calls by the name of the system that has them.
pub(crate) struct CallPreset {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
    /// The options, as they would stand beside a call.
    pub(crate) options: &'static str,
    /// Whether a deadline, where one is given, travels with the request.
    pub(crate) deadlines_travel: bool,
}

pub(crate) static CALL_PRESETS: &[CallPreset] = &[
    CallPreset {
        name: "envoy",
        doc: "A route with `retry_on` and outlier detection of an Envoy proxy: 15 s for all attempts together, one retry after \
              25 ms to 250 ms with full jitter, at most 3 retries in flight, 5 s to connect, connections closed when idle \
              for an hour (Envoy documentation: «Route timeout», «x-envoy-max-retries», «Circuit breaking», «Outlier detection», \
              `connect_timeout`)",
        options: "\
deadline: 15s
retry: { attempts: 1, backoff: { base: 25ms, factor: 2, max: 250ms }, jitter: full, budget: { concurrent: 0%, least: 3 } }
outlier: { consecutive: 5, deviations: 1.9, volume: 100, hosts: 5, interval: 10s, base: 30s, max: 300s, ejected: 10%, panic: 50% }
connect: { timeout: 5s, cost: 1 round trip, keep: 1h }
",
        deadlines_travel: false,
    },
    CallPreset {
        name: "istio",
        doc: "A sidecar of an Istio mesh without a `VirtualService` of its own: no bound on the route, two retries elsewhere \
              when nobody answered or the request was refused, 10 s to connect, the less busy of two instances (Istio \
              documentation: «Traffic management», `HTTPRetry`, `ConnectionPoolSettings`, `LEAST_REQUEST`)",
        options: "\
retry: { attempts: 2, on: [refused, unreachable], backoff: { base: 25ms, factor: 2, max: 250ms }, jitter: full, elsewhere: true }
balance: p2c
connect: { timeout: 10s, cost: 1 round trip, keep: 1h }
",
        deadlines_travel: false,
    },
    CallPreset {
        name: "hystrix",
        doc: "A command of Netflix Hystrix: 1 s, and a breaker that opens for 5 s when half of at least 20 calls in 10 s have \
              failed, and lets one probe through (Hystrix wiki: «Configuration»)",
        options: "\
timeout: 1s
breaker: { failures: 50%, window: 10s, least: 20, open: 5s, probes: 1 }
",
        deadlines_travel: false,
    },
    CallPreset {
        name: "resilience4j",
        doc: "A call decorated with resilience4j's `Retry`, `CircuitBreaker` and `TimeLimiter`: 1 s, three attempts 500 ms apart, \
              a breaker over the last 100 calls that opens for 60 s when half have failed, and lets 10 probes through \
              (resilience4j documentation: «CircuitBreaker», «Retry», «TimeLimiter»)",
        options: "\
timeout: 1s
retry: { attempts: 2, backoff: { base: 500ms, factor: 1 } }
breaker: { failures: 50%, window: 100, least: 100, open: 60s, probes: 10 }
",
        deadlines_travel: false,
    },
    CallPreset {
        name: "finagle",
        doc: "A Finagle client: requests that were never served are tried again at once, within a budget of 20% of the \
              requests and 10 a second with 10 s of reserve; the better of two instances; one that fails 5 times in a row is \
              left alone for 5 s, then longer, up to 300 s (Finagle user guide: «Clients», `RetryBudget`, `FailureAccrualFactory`)",
        options: "\
retry: { attempts: 20, on: [refused, unreachable], budget: { share: 20%, per-second: 10, tokens: 100 } }
balance: p2c
outlier: { consecutive: 5, deviations: none, base: 5s, max: 300s, ejected: 100%, panic: 0% }
",
        deadlines_travel: false,
    },
    CallPreset {
        name: "grpc",
        doc: "A gRPC channel with the service configuration of its proposal on retries: four attempts while nobody served the \
              request, 100 ms to 1 s apart and 20% up or down, fewer when half of the 10 tokens are gone; a caller that gives up \
              cancels, and a `deadline` that is given travels with the request (gRPC proposal A6; gRPC documentation: \
              «Deadlines», «Cancellation»)",
        options: "\
retry:
  attempts: 3
  on: [refused, unreachable]
  backoff: { base: 100ms, factor: 2, max: 1s }
  jitter: 20%
  budget: { tokens: 10, per-failure: 1, per-success: 0.1, above: 5 }
cancel: true
",
        deadlines_travel: true,
    },
    CallPreset {
        name: "aws-sdk",
        doc: "An AWS SDK in its standard mode: three attempts, waiting up to 1 s, 2 s and so on to 20 s with full jitter, and a \
              quota of 500 tokens, of which a retry takes 5 (10 after a timeout) and returns them when it succeeds; a call that \
              succeeds at once adds 1 (AWS SDKs and Tools Reference Guide: «Retry behavior»)",
        options: "\
retry:
  attempts: 2
  backoff: { base: 1s, factor: 2, max: 20s }
  jitter: full
  budget: { tokens: 500, cost: 5, timeout-cost: 10, per-success: 1, refund: 5, timeout-refund: 10 }
",
        deadlines_travel: false,
    },
];
