"""Turns the steps of a loop into progress reports, a few a second at most."""

import time
from collections.abc import Callable, Mapping

from trainer.progress import Progress, report

_SECONDS_BETWEEN_REPORTS = 0.5
_WEIGHT_OF_THE_LATEST_RATE = 0.3


class ProgressMeter:
    """Counts units, measures the rate lately, and reports."""

    def __init__(
        self,
        stage: str,
        unit: str,
        *,
        total: int,
        done: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Starts the measurement.

        Args:
            stage: What is being done, for a person.
            unit: What is counted.
            total: Units in all.
            done: Units finished by an earlier run.
            clock: Seconds since any moment.
        """
        self._stage, self._unit, self._total = stage, unit, total
        self._clock = clock
        self._reported_units = done
        self._reported_at = clock()
        self._rate = 0.0

    def update(self, done: int, metrics: Mapping[str, float]) -> None:
        """Reports unless the last report is fresh.

        Args:
            done: Units finished, those of an earlier run included.
            metrics: Figures worth watching.
        """
        if self._clock() - self._reported_at >= _SECONDS_BETWEEN_REPORTS:
            self._report(done, self._total, metrics)

    def finish(self, done: int, metrics: Mapping[str, float]) -> None:
        """Reports the end; a training that stopped early is complete all the same."""
        self._report(done, done, metrics)

    def _report(self, done: int, total: int, metrics: Mapping[str, float]) -> None:
        now = self._clock()
        elapsed = now - self._reported_at
        if elapsed > 0 and done > self._reported_units:
            latest = (done - self._reported_units) / elapsed
            weight = _WEIGHT_OF_THE_LATEST_RATE if self._rate else 1.0
            self._rate += weight * (latest - self._rate)
        self._reported_units, self._reported_at = done, now
        report(Progress(self._stage, done, total, self._unit, self._rate, metrics))
