"""What stands in the artifacts of a model that is not there, so that the graph runs without it."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from components.statement import Statement, statement_from

ABSENT = "absent_model.json"


@dataclass(frozen=True)
class AbsentModel:
    """No model, and why.

    Attributes:
        reason: Half a sentence for a person: `There is no champion yet`.
        nothing_to_ask: Whether this is as it should be, so that a comparison passes: the first
            model of a registry has no champion. Otherwise a comparison could not be judged.
        model_digest: Of a model that is there and cannot be compared; blank if there is none.
        statement: What `reason` says, for any language; None if an older version wrote it.
    """

    reason: str
    nothing_to_ask: bool = False
    model_digest: str = ""
    statement: Statement | None = None

    def write(self, directory: str) -> None:
        """Writes `absent_model.json` in place of what the directory would hold."""
        Path(directory).mkdir(parents=True, exist_ok=True)
        Path(directory, ABSENT).write_text(json.dumps(dataclasses.asdict(self)) + "\n")


def read_absent(directory: str) -> AbsentModel | None:
    """Returns why an artifact holds nothing; None where it holds what its type says."""
    path = Path(directory, ABSENT)
    if not path.is_file():
        return None
    values = json.loads(path.read_text())
    if values.get("statement"):
        values["statement"] = statement_from(values["statement"])
    return AbsentModel(**values)
