"""Where a champion comes from, written beside its files for whoever compares it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_FILE = "champion_lineage.json"


def write_lineage(directory: str, lineage: Mapping[str, Any]) -> None:
    """Writes the lineage of a champion's record into the directory of its artifact."""
    Path(directory, _FILE).write_text(json.dumps(dict(lineage), indent=2) + "\n")


def read_lineage(directory: str) -> dict[str, Any]:
    """Returns it; empty where there is no champion, or an older version took it out."""
    path = Path(directory, _FILE)
    lineage: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    return lineage
