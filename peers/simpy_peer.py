"""The canonical workloads W1 and W2 on SimPy, written as its manual does: a process for each customer
and each call, a Resource for the workers. Times in milliseconds. Prints one line for each:
`name workload customers seconds-of-CPU mean`.
"""

import random
import sys
import time

import simpy


class Tally:
    """Adds up times; its event `all` happens when there are as many as expected."""

    def __init__(self, env, expected):
        self.total, self.left, self.expected = 0.0, expected, expected
        self.all = env.event()

    def add(self, value):
        self.total += value
        self.left -= 1
        if self.left == 0:
            self.all.succeed()

    def mean(self):
        return self.total / self.expected


def w1(customers):
    """M/M/1 at 0.8 with services of 1 ms: the mean wait."""
    rng = random.Random(1)
    env = simpy.Environment()
    server = simpy.Resource(env)
    waits = Tally(env, customers)

    def customer():
        arrived = env.now
        with server.request() as turn:
            yield turn
            waits.add(env.now - arrived)
            yield env.timeout(rng.expovariate(1.0))

    def source():
        for _ in range(customers):
            yield env.timeout(rng.expovariate(0.8))
            env.process(customer())

    env.process(source())
    env.run(until=waits.all)
    return waits.mean()


def w2(requests):
    """One zone of six services at 60%, 12 requests a millisecond: the mean latency."""
    rng = random.Random(1)
    env = simpy.Environment()
    latencies = Tally(env, requests)
    workers = {name: simpy.Resource(env, n) for name, n in
               {"gateway": 4, "a": 4, "b": 4, "c": 4, "cache": 1, "db": 2}.items()}
    mean_work = {"gateway": 0.2, "a": 0.2, "b": 0.2, "c": 0.2, "cache": 0.05, "db": 1.0}

    def wire():
        # The logarithm of 0.1 ms less half the variance: the mean is 0.1 ms.
        return env.timeout(rng.lognormvariate(-2.302585092994046 - 0.125, 0.5))

    def call(name):
        """The answer, or the end of the bound of 1 s, which no call reaches."""
        return env.process(handle(name)) | env.timeout(1000.0)

    def handle(name):
        yield wire()
        with workers[name].request() as turn:
            yield turn
            yield env.timeout(rng.expovariate(1.0 / mean_work[name]))
        if name == "gateway":
            yield call("a")
            yield call("b") & call("c")
        elif name == "a":
            yield call("cache")
            if rng.random() < 0.1:
                yield call("db")
        yield wire()

    def request():
        sent = env.now
        yield call("gateway")
        latencies.add(env.now - sent)

    def source():
        for _ in range(requests):
            yield env.timeout(rng.expovariate(12.0))
            env.process(request())

    env.process(source())
    env.run(until=latencies.all)
    return latencies.mean()


def bench(workload, run, customers, expected, tolerance):
    """Runs three times, checks the mean against theory and prints the fastest."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        mean = run(customers)
        best = min(best, time.process_time() - start)
    name = "SimPy-" + simpy.__version__
    if abs(mean / expected - 1.0) > tolerance:
        sys.exit(f"{name} gives {mean:.4f} ms on {workload}, not {expected} ms")
    print(name, workload, customers, f"{best:.4f}", f"{mean:.4f}", flush=True)


if __name__ == "__main__":
    bench("w1", w1, 200_000, 4.0, 0.1)
    bench("w2", w2, 20_000, 1.93, 0.03)
