"""YAML files of a user: read, and their mistakes told a line each."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from trainer.errors import UserError


class _UniqueKeys(yaml.SafeLoader):
    """Refuses a key that a mapping has twice, of which YAML would keep the last one silently."""

    def __init__(self, text: str, path: str) -> None:
        super().__init__(text)
        self.name = path

    # Mappings are looked at as they are written: once `<<` is filled in, a key that stands over
    # one of the anchor's would look like a second one.
    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        lines: dict[tuple[str, Any], int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            line = key.start_mark.line + 1
            if (key.tag, key.value) in lines:
                raise UserError(
                    f"{self.name}: line {line}: {key.value} stands here for the second time, after "
                    f"line {lines[key.tag, key.value]}. Keep one of them, or rename it."
                )
            lines[key.tag, key.value] = line
        return node


def read_yaml(path: str) -> dict[str, Any]:
    """Returns the fields of a YAML file.

    Raises:
        UserError: It cannot be read, has a key twice, or holds no fields.
    """
    try:
        text = Path(path).read_text()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}). Check the path.") from error
    try:
        values = _UniqueKeys(text, path).get_single_data()
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise UserError(f"{path}: expected fields such as 'name:' and 'data:' at the top level.")
    return values


def mistakes(path: str, error: ValidationError) -> list[str]:
    """Returns a line for each mistake that pydantic found, with the file and the field."""
    lines = []
    for mistake in error.errors():
        field = ".".join(str(part) for part in mistake["loc"]) or "configuration"
        if mistake["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
            lines.append(f"{path}: {field}: unknown field. Check its spelling and indentation.")
        elif mistake["type"] in ("missing", "missing_argument"):
            lines.append(f"{path}: {field}: is missing.")
        elif mistake["type"] in ("dataclass_type", "model_type"):
            lines.append(f"{path}: {field}: expected fields below it, as in {{name: value}}.")
        else:
            message = mistake["msg"].removeprefix("Value error, ")
            lines.append(f"{path}: {field}: {message}")
    return lines


def resolve(path: str, directory: Path) -> str:
    """Returns a path as seen from a file's directory; URIs such as gs:// stay as they are."""
    if "://" in path:
        return path
    return str((directory / Path(path).expanduser()).resolve())
