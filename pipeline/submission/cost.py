"""What a run costs: the hours of its steps at the prices of their pools."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class PoolCost:
    """What the steps of one pool cost.

    Attributes:
        hours: Of all its steps together; each has a node of its own.
        price_per_hour: Of a node; None if the configuration does not say.
    """

    hours: float
    price_per_hour: float | None

    @property
    def cost(self) -> float | None:
        """Hours times price; None without a price."""
        return None if self.price_per_hour is None else self.hours * self.price_per_hour


@dataclass(frozen=True)
class CostEstimate:
    """What a run costs, in the currency of the prices.

    Attributes:
        pools: By their names, sorted.
    """

    pools: Mapping[str, PoolCost]

    @property
    def total(self) -> float:
        """Of the pools that have a price."""
        return sum(pool.cost or 0.0 for pool in self.pools.values())

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Pools that were used and have no price."""
        return tuple(name for name, pool in self.pools.items() if pool.price_per_hour is None)

    def line(self) -> str:
        """Returns it for a person."""
        if not self.pools:
            return "0.00 (no step has run)"
        parts = [
            f"{name} {pool.hours:.2f} h x {pool.price_per_hour:.2f}"
            for name, pool in self.pools.items()
            if pool.price_per_hour is not None
        ]
        text = f"{self.total:.2f} ({', '.join(parts) or 'no pool has a price'})"
        if self.unpriced:
            text += f"; without a price_per_hour: {', '.join(self.unpriced)}"
        return text


def estimate_cost(
    seconds: Mapping[str, float],
    pool_of: Callable[[str], str],
    prices: Mapping[str, float | None],
) -> CostEstimate:
    """Returns what steps cost.

    Args:
        seconds: Of each step, by its name.
        pool_of: Name of the pool that a step runs in.
        prices: Per hour of a node, by the pool's name; None where it is not known.
    """
    hours: dict[str, float] = {}
    for step, duration in seconds.items():
        pool = pool_of(step)
        hours[pool] = hours.get(pool, 0.0) + duration / SECONDS_PER_HOUR
    return CostEstimate({name: PoolCost(hours[name], prices.get(name)) for name in sorted(hours)})
