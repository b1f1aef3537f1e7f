"""What of a study is finished: a file that grows node by node, from which a report is made."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.study.arms import Arm
from pipeline.study.origins import Origin

FILE = "finished.json"


@dataclass(frozen=True)
class FinishedNode:
    """One finished step.

    Attributes:
        seconds: That it took, in the attempt that ended well.
        output_uris: Directory of each output, by output key.
        made_from: Digest of its settings and inputs; None of a step that an older version ran.
    """

    seconds: float
    output_uris: dict[str, str]
    made_from: str | None = None


class FinishedNodes:
    """The finished steps of a study's folder, by node id; outlives a killed run."""

    def __init__(self, directory: Path, origins: Mapping[str, Origin]) -> None:
        """Reads what is there.

        Args:
            directory: Of the study.
            origins: What each of its steps is made from today.
        """
        self._path = directory / FILE
        self._origins = origins
        values = json.loads(self._path.read_text()) if self._path.is_file() else {}
        self.nodes = {name: FinishedNode(**node) for name, node in values.items()}

    def was_evaluated(self, arm: Arm) -> bool:
        """Whether an arm of that name is evaluated, with whatever settings."""
        return _last_node(arm) in self.nodes

    def has_arm(self, arm: Arm) -> bool:
        """Whether an arm is evaluated, and it and all before it made from what they are today.

        An arm of which an older version ran every step counts: see `is_of_unknown_origin`.
        """
        steps = self._steps_of(arm)
        if not all(step in self.nodes for step in steps):
            return False
        return self.is_of_unknown_origin(arm) or all(
            self.nodes[step].made_from == self._made_from(step) for step in steps
        )

    def is_of_unknown_origin(self, arm: Arm) -> bool:
        """Whether an older version, which did not record origins, ran every step of an arm."""
        steps = [self.nodes.get(step) for step in self._steps_of(arm)]
        return all(step is not None and step.made_from is None for step in steps)

    def add(self, node_id: str, seconds: float, output_uris: dict[str, str], cached: bool) -> None:
        """Records a step after those before it.

        One whose earlier result was taken keeps the seconds of that.
        """
        if cached and node_id in self.nodes:
            seconds = self.nodes[node_id].seconds
        self.nodes[node_id] = FinishedNode(seconds, output_uris, self._made_from(node_id))
        values = {name: asdict(node) for name, node in self.nodes.items()}
        partial = self._path.with_suffix(".partial")
        partial.write_text(json.dumps(values, indent=1) + "\n")
        partial.replace(self._path)

    def _steps_of(self, arm: Arm) -> dict[str, None]:
        """Returns all steps that an arm's evaluation rests on, and it itself."""
        found: dict[str, None] = {}
        waiting = [_last_node(arm)]
        while waiting:
            step = waiting.pop()
            if step not in found:
                found[step] = None
                waiting.extend(producer for producer, _ in self._origins[step].inputs.values())
        return found

    def _made_from(self, node_id: str) -> str:
        origin = self._origins[node_id]
        return origin.made_from(
            {
                key: self.nodes[producer].output_uris.get(output)
                for key, (producer, output) in origin.inputs.items()
            }
        )


def _last_node(arm: Arm) -> str:
    return f"evaluate-{arm.role}"
