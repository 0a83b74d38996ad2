"""Runs what `cargo xtask differential DIR` recorded again, in SimPy and by recursion, and demands equal waits.

The same integer arrival times and demands go into all three, in nanoseconds; so every wait, customer by customer, must
be the same integer. Usage: compare.py DIR
"""

import csv
import heapq
import sys
from collections import namedtuple
from pathlib import Path

import simpy

Station = namedtuple("Station", "servers places")
Visit = namedtuple("Visit", "arrived demand wait refused")


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def load(directory):
    """The lines of stations by name, and the visits of each station in the order of arrival."""
    lines = {}
    for row in rows(directory / "lines.csv"):
        places = int(row["places"]) if row["places"] else None
        lines.setdefault(row["line"], []).append(Station(int(row["servers"]), places))
    visits = {name: [[] for _ in stations] for name, stations in lines.items()}
    for name, by_station in visits.items():
        for row in rows(directory / f"{name}.csv"):
            visit = Visit(*(int(row[key]) for key in ("arrived_ns", "demand_ns", "queue_ns", "refused")))
            by_station[int(row["station"])].append(visit)
    return lines, visits


def by_recursion(station, visits):
    """Kiefer and Wolfowitz 1955: who comes takes the server that is free first; `None` is no room."""
    free = [0] * station.servers
    leaving = []
    found = []
    for visit in visits:
        while leaving and leaving[0] <= visit.arrived:
            heapq.heappop(leaving)
        if station.places is not None and len(leaving) >= station.places:
            found.append((visit.arrived, None))
            continue
        start = max(visit.arrived, heapq.heappop(free))
        heapq.heappush(free, start + visit.demand)
        heapq.heappush(leaving, start + visit.demand)
        found.append((visit.arrived, start - visit.arrived))
    return found


def by_simpy(stations, visits):
    """Arrivals at the first station only; the others get those who leave the one before, in that order."""
    environment = simpy.Environment()
    resources = [simpy.Resource(environment, station.servers) for station in stations]
    demands = [iter(each) for each in visits]
    found = [[] for _ in stations]

    def customer():
        for station, resource, demand, out in zip(stations, resources, demands, found):
            arrived, position = environment.now, len(out)
            visit = next(demand)
            if station.places is not None and resource.count + len(resource.queue) >= station.places:
                out.append((arrived, None))
                return
            out.append((arrived, -1))
            with resource.request() as request:
                yield request
                out[position] = (arrived, environment.now - arrived)
                yield environment.timeout(visit.demand)

    def arrivals():
        for visit in visits[0]:
            yield environment.timeout(visit.arrived - environment.now)
            environment.process(customer())

    environment.process(arrivals())
    environment.run()
    return found


def compare(name, station, other, expected, found):
    """Prints a line; the number of customers that differ."""
    differ = [pair for pair in zip(expected, found) if pair[0] != pair[1]]
    n_differ = len(differ) + abs(len(expected) - len(found))
    print(f"{name:8} station {station}  {other:22} {len(expected) - len(differ)} of {len(expected)} equal")
    for ours, theirs in differ[:3]:
        print(f"    (arrived, waited): ours {ours}, theirs {theirs}")
    return n_differ


def main(directory):
    lines, visits = load(Path(directory))
    n_differ = 0
    for name, stations in lines.items():
        simulated = by_simpy(stations, visits[name])
        for index, station in enumerate(stations):
            ours = [(it.arrived, None if it.refused else it.wait) for it in visits[name][index]]
            if len(ours) < 10_000:
                sys.exit(f"{name}: only {len(ours)} customers")
            recursion = by_recursion(station, visits[name][index])
            n_differ += compare(name, index, "Kiefer-Wolfowitz", ours, recursion)
            n_differ += compare(name, index, f"SimPy {simpy.__version__}", ours, simulated[index])
    sys.exit(1 if n_differ else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
