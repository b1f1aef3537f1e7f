"""YAML files of a user: read, and their mistakes told a line each."""

import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import AfterValidator, ValidationError
from pydantic_core import ErrorDetails

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


def matching(pattern: str, words: str) -> AfterValidator:
    """Returns a check that a text is as a pattern says, whose mistake is told in words.

    Args:
        pattern: Of the whole text.
        words: That go on after "must be".
    """

    def check(text: str) -> str:
        if re.fullmatch(pattern, text) is None:
            raise ValueError(f"must be {words}. Received: {text}")
        return text

    return AfterValidator(check)


def mistakes(path: str, error: ValidationError) -> list[str]:
    """Returns a line for each mistake that pydantic found, with the file and the field."""
    lines = []
    for mistake in error.errors():
        # Pydantic marks a name in a mapping that is wrong itself.
        field = ".".join(str(part) for part in mistake["loc"] if part != "[key]")
        # What concerns several fields names them itself.
        lines.append(": ".join(part for part in (path, field, _in_plain_words(mistake)) if part))
    return lines


_WORDS = {
    **dict.fromkeys(
        ("extra_forbidden", "unexpected_keyword_argument"),
        "unknown field. Check its spelling and indentation.",
    ),
    **dict.fromkeys(("missing", "missing_argument"), "is missing."),
    **dict.fromkeys(
        ("dataclass_type", "model_type", "dict_type"),
        "expected fields below it, as in {{name: value}}.",
    ),
    **dict.fromkeys(("tuple_type", "list_type"), "must be a list, as in [one, another]."),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "must be a whole number."),
    **dict.fromkeys(("float_type", "float_parsing"), "must be a number."),
    **dict.fromkeys(("bool_type", "bool_parsing"), "must be true or false."),
    "string_type": "must be a text.",
    "literal_error": "must be {expected}.",
    "greater_than": "must be above {gt:g}.",
    "greater_than_equal": "must be {ge:g} or more.",
    "less_than": "must be below {lt:g}.",
    "less_than_equal": "must be at most {le:g}.",
    "too_short": "must hold at least {min_length}, and holds {actual_length}.",
    "too_long": "must hold at most {max_length}, and holds {actual_length}.",
}
"""What is said of pydantic's kinds of mistakes; `{...}` is of the mistake's context."""
_WITHOUT_VALUE = ("extra_forbidden", "unexpected_keyword_argument", "missing", "missing_argument")


def _in_plain_words(mistake: ErrorDetails) -> str:
    words = _WORDS.get(mistake["type"])
    if words is None:
        return mistake["msg"].removeprefix("Value error, ")
    said = words.format(**mistake.get("ctx", {}))
    given = mistake["input"]
    if mistake["type"] in _WITHOUT_VALUE or not isinstance(given, str | int | float):
        return said
    return f"{said} Received: {given}"


def resolve(path: str, directory: Path) -> str:
    """Returns a path as seen from a file's directory; URIs such as gs:// stay as they are."""
    if "://" in path:
        return path
    return str((directory / Path(path).expanduser()).resolve())
