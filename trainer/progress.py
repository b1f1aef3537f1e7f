"""Progress of long work, reported through `logging` so that a terminal or a cluster can show it."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

logger = logging.getLogger("micle.progress")


@dataclass(frozen=True)
class Progress:
    """How far one piece of work is.

    Attributes:
        stage: What is being done, for a person: `contrastive pretraining`.
        done: Units finished, those of an earlier, resumed run included.
        total: Units in all.
        unit: What is counted: `images`, `pairs`, `cases`.
        rate: Units per second of this process, lately.
        metrics: Figures worth watching, such as the loss.
    """

    stage: str
    done: int
    total: int
    unit: str
    rate: float
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def seconds_left(self) -> float | None:
        """Estimated seconds to the end, or None before there is a rate."""
        return (self.total - self.done) / self.rate if self.rate > 0 else None


def report(progress: Progress) -> None:
    """Logs one line; the record carries the `Progress` as its attribute `progress`."""
    figures = " ".join(f"{name} {value:.4f}" for name, value in progress.metrics.items())
    logger.info(
        "%s: %d/%d %s, %.1f %s/s %s",
        progress.stage,
        progress.done,
        progress.total,
        progress.unit,
        progress.rate,
        progress.unit,
        figures,
        extra={"progress": progress},
    )
