"""What of a study is finished: a file that grows node by node, from which a report is made."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.study.arms import Arm

FILE = "finished.json"


@dataclass(frozen=True)
class FinishedNode:
    """One finished step.

    Attributes:
        seconds: That it took, in the attempt that ended well.
        output_uris: Directory of each output, by output key.
    """

    seconds: float
    output_uris: dict[str, str]


class FinishedNodes:
    """The finished steps of a study's folder, by node id; outlives a killed run."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE
        values = json.loads(self._path.read_text()) if self._path.is_file() else {}
        self.nodes = {name: FinishedNode(**node) for name, node in values.items()}

    def has_arm(self, arm: Arm) -> bool:
        """Whether an arm is evaluated, and every encoder before it trained.

        Where the study has changed, an arm may be left of a chain that is no more.
        """
        trained = [encoder.node_id for encoder in arm.lineage if not encoder.is_ready]
        return all(node in self.nodes for node in [*trained, f"evaluate-{arm.role}"])

    def add(self, node_id: str, seconds: float, output_uris: dict[str, str], cached: bool) -> None:
        """Records a step; one whose earlier result was taken keeps the seconds of that."""
        if cached and node_id in self.nodes:
            seconds = self.nodes[node_id].seconds
        self.nodes[node_id] = FinishedNode(seconds, output_uris)
        values = {name: asdict(node) for name, node in self.nodes.items()}
        partial = self._path.with_suffix(".partial")
        partial.write_text(json.dumps(values, indent=1) + "\n")
        partial.replace(self._path)
