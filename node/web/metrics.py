"""Measurements for Prometheus. States and kinds only: no patient, study or user is a label."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from node.ledger import operator
from node.ports import Node

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


class Metrics:
    """The registry of one application."""

    def __init__(self, node: Node) -> None:
        self.registry = CollectorRegistry()
        self._durations = Histogram(
            "lientuyen_http_request_seconds",
            "Time to answer a request.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.registry.register(_Ledger(node))

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request; `route` is the template of the path, never the path."""
        known = method if method in _METHODS else "other"
        self._durations.labels(known, route, str(status)).observe(seconds)

    def text(self) -> bytes:
        return generate_latest(self.registry)


class _Ledger(Collector):
    def __init__(self, node: Node) -> None:
        self._node = node

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing is read from the ledger when the collector is registered."""
        yield from ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        with self._node.ledger.read() as tx:
            waiting = operator.open_jobs(tx)
            counts = operator.count_by_state(tx)
        jobs = GaugeMetricFamily("lientuyen_jobs", "Jobs that are not done.", labels=("kind", "state"))
        for (kind, state), count in waiting.items():
            jobs.add_metric((kind, state), count)
        yield jobs
        for name, help_text in (
            ("deliveries", "Deliveries by state."),
            ("studies", "Studies by state."),
            ("tasks", "Reading tasks by state."),
        ):
            family = GaugeMetricFamily(f"lientuyen_{name}", help_text, labels=("state",))
            for state, count in counts[name].items():
                family.add_metric((state,), count)
            yield family
        since = self._node.intake.waiting_since()
        yield GaugeMetricFamily(
            "lientuyen_spool_oldest_seconds",
            "Age of the oldest received object that is not in the ledger yet; 0 when there is none.",
            value=(self._node.clock.now() - since).total_seconds() if since else 0.0,
        )
