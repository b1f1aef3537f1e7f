"""The conditions that TFX writes, as KFP's driver evaluates them (expression/expression.go).

A small part of CEL: properties of input artifacts, comparisons, && || and !.
"""

import re
from typing import Any

_PROPERTY = re.compile(
    r"inputs\.artifacts\['([^']+)'\]\.artifacts\[(\d+)\]\.(?:metadata\['([^']+)'\]|(uri))"
)


def holds(condition: str, inputs: dict[str, Any]) -> bool:
    """Evaluates a condition.

    Raises:
        KeyError: A property is missing, which CEL takes for an error and not for false.
    """

    def value(match: re.Match[str]) -> str:
        key, index, name, uri = match.groups()
        artifact = inputs["artifacts"][key]["artifacts"][int(index)]
        return repr(artifact["uri"] if uri else artifact["metadata"][name])

    python = _PROPERTY.sub(value, condition)
    python = python.replace("&&", " and ").replace("||", " or ")
    python = re.sub(r"!(?!=)", " not ", python)
    return bool(eval(python, {"__builtins__": {}}))
