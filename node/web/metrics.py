"""Measurements for Prometheus. States and kinds only: no patient, study or user is a label."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from node.domain.caller import Refusal
from node.flow.peers import PeerDesk
from node.ledger import operator
from node.ports import Node

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


class Metrics:
    """The registry of one application."""

    def __init__(self, node: Node, peers: PeerDesk) -> None:
        self.registry = CollectorRegistry()
        self._durations = Histogram(
            "lientuyen_http_request_seconds",
            "Time to answer a request.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.registry.register(_Ledger(node))
        self.registry.register(_Dicom(node, peers))

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


class _Dicom(Collector):
    """The DICOM port: associations that are open, callers that were refused, certificates that end."""

    def __init__(self, node: Node, peers: PeerDesk) -> None:
        self._node = node
        self._peers = peers

    def describe(self) -> Iterator[GaugeMetricFamily]:
        yield from ()

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        now = self._peers.attendance()
        opened = GaugeMetricFamily("lientuyen_dicom_associations", "Associations open now.", labels=("peer",))
        for peer, count in now.open.items():
            opened.add_metric((peer,), count)
        yield opened
        refused = CounterMetricFamily(
            "lientuyen_dicom_refused", "Callers of the DICOM ports that were not let in.", labels=("reason",)
        )
        for reason in Refusal:
            refused.add_metric((reason.value,), now.refusals.get(reason, 0))
        yield refused
        yield self._certificates()

    def _certificates(self) -> GaugeMetricFamily:
        now, soonest = self._node.clock.now(), {}
        for watched in reversed(self._peers.certificates()):
            soonest[watched.name] = (watched.certificate.not_after - now).total_seconds()
        family = GaugeMetricFamily(
            "lientuyen_certificate_expiry_seconds", "Time until a certificate ends, below 0 after.", labels=("name",)
        )
        for name, seconds in soonest.items():
            family.add_metric((name,), seconds)
        return family
