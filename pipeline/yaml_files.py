"""YAML files of a user: read, and their mistakes told a line each."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from trainer.errors import UserError


def read_yaml(path: str) -> dict[str, Any]:
    """Returns the fields of a YAML file.

    Raises:
        UserError: It cannot be read, or holds no fields.
    """
    try:
        text = Path(path).read_text()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}).") from error
    try:
        values = yaml.safe_load(text)
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
