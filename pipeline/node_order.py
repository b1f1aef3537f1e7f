"""Which node comes next where several could."""

from collections.abc import Collection, Mapping


class WaitingNodes:
    """The nodes of a pipeline that have not begun.

    Of those that could begin, the one furthest from the sources of the graph does: what was begun
    is brought to its end before something else is, so that a study has whole arms early. Of equals
    the one that most nodes wait for, one behind the other, so that no long chain begins last.
    """

    def __init__(self, upstream: Mapping[str, Collection[str]]) -> None:
        """Takes all nodes.

        Args:
            upstream: By node, those that it needs; every node comes after all that it needs.
        """
        self._upstream = {name: set(needed) for name, needed in upstream.items()}
        self._before: dict[str, int] = {}
        for name, needed in upstream.items():
            self._before[name] = max((self._before[single] + 1 for single in needed), default=0)
        self._behind = dict.fromkeys(upstream, 0)
        for name, needed in reversed(list(upstream.items())):
            for single in needed:
                self._behind[single] = max(self._behind[single], self._behind[name] + 1)

    def take(self, done: Collection[str]) -> str | None:
        """Removes the next node and returns it; None where all others need nodes that are not done.

        Args:
            done: The nodes that have ended.
        """
        ended = set(done)
        ready = [name for name, needed in self._upstream.items() if needed <= ended]
        if not ready:
            return None
        # The first of equals, as the pipeline names them.
        chosen = max(ready, key=lambda name: (self._before[name], self._behind[name]))
        del self._upstream[chosen]
        return chosen
