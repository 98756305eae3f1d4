"""What stands in the database, as Prometheus reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from engine.domain.alerts import AlertKind
from engine.domain.executions import State
from engine.domain.stops import Scope
from engine.store.figures import Figures


class Shown(Collector):
    """Figures of one instant; each label that there may be is shown, with 0 where there is none of it."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges."""
        of = self._figures
        yield _by("rapport_executions_standing", "Executions by state", "state", State, of.executions)
        yield _by("rapport_stops", "Stops in force by scope", "scope", Scope, of.stops)
        yield _by("rapport_alerts_open", "Alerts that stand by kind", "kind", AlertKind, of.alerts)
        yield GaugeMetricFamily("rapport_backlog", "Executions overdue by five minutes and not stopped", of.backlog)
        yield GaugeMetricFamily("rapport_differences_open", "Ledger and gateway say different things", of.differences)
        yield GaugeMetricFamily("rapport_alert_messages_waiting", "Messages not delivered yet", of.untold)


def text(figures: Figures) -> bytes:
    """The figures as Prometheus reads them."""
    registry = CollectorRegistry()
    registry.register(Shown(figures))
    return generate_latest(registry)


def _by(
    name: str, said: str, label: str, every: type[State] | type[Scope] | type[AlertKind], counts: Mapping[str, int]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, said, labels=[label])
    for value in dict.fromkeys((*(one.value for one in every), *counts)):
        family.add_metric([value], counts.get(value, 0))
    return family
