"""A compiled pipeline as it is submitted: its name, digest, steps and runtime parameters."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

from trainer.errors import UserError

_MALFORMED = (yaml.YAMLError, StopIteration, KeyError, TypeError, AttributeError, CycleError)

SHORT_DIGEST = 12
"""Hexadecimal digits of a version's name."""

_NAMES = {
    "NUMBER_INTEGER": "a whole number",
    "NUMBER_DOUBLE": "a number",
    "STRING": "text",
    "BOOLEAN": "true or false",
    "LIST": "a JSON list",
    "STRUCT": "a JSON object",
}


@dataclass(frozen=True)
class Parameter:
    """A value that may be set at submission.

    Attributes:
        kind: Kubeflow's type: `NUMBER_INTEGER`, `NUMBER_DOUBLE`, `STRING`, `BOOLEAN`, `LIST`,
            `STRUCT`.
        required: Whether it has no default.
    """

    kind: str
    required: bool


@dataclass(frozen=True)
class Package:
    """A compiled pipeline.

    Attributes:
        path: Its YAML file.
        name: The pipeline's.
        digest: SHA-256 of the file.
        parameters: That may be set at submission.
        steps: Names of its tasks, each after those it needs.
    """

    path: Path
    name: str
    digest: str
    parameters: Mapping[str, Parameter]
    steps: tuple[str, ...]

    @property
    def version(self) -> str:
        """Name of its version on a server: the same content has the same name."""
        return self.digest[:SHORT_DIGEST]


def read_package(path: Path) -> Package:
    """Reads a compiled pipeline.

    Args:
        path: YAML; its first document is the pipeline specification.

    Raises:
        UserError: The file is none.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}).") from error
    try:
        specification = next(yaml.safe_load_all(content))
        name = specification["pipelineInfo"]["name"]
        inputs = specification["root"].get("inputDefinitions", {}).get("parameters", {})
        steps = step_names(specification)
    except _MALFORMED as error:
        raise UserError(f"{path}: is no compiled pipeline. Make one by 'micle compile'.") from error
    parameters = {
        key: Parameter(
            kind=values["parameterType"],
            required="defaultValue" not in values and not values.get("isOptional", False),
        )
        for key, values in inputs.items()
    }
    return Package(path, name, hashlib.sha256(content).hexdigest(), parameters, steps)


def step_names(specification: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns the names of the tasks of a pipeline specification, each after those it needs."""
    tasks = specification["root"]["dag"]["tasks"]
    needs = {name: task.get("dependentTasks", []) for name, task in tasks.items()}
    return tuple(TopologicalSorter(needs).static_order())


def parse_parameters(package: Package, assignments: Sequence[str]) -> dict[str, Any]:
    """Returns the values of runtime parameters, each of its declared type.

    Args:
        package: That declares them.
        assignments: `NAME=VALUE` each.

    Raises:
        UserError: One is unknown, of another type, given twice, or a required one is missing.
    """
    values: dict[str, Any] = {}
    for assignment in assignments:
        name, sign, text = assignment.partition("=")
        if not sign:
            raise UserError(f"--set {assignment}: must be NAME=VALUE.")
        if name not in package.parameters:
            known = ", ".join(package.parameters) or "none; compile other settings instead"
            raise UserError(f"--set {name}: is no runtime parameter of {package.name} ({known}).")
        if name in values:
            raise UserError(f"--set {name}: is given twice.")
        values[name] = _value(name, package.parameters[name].kind, text)
    for name, parameter in package.parameters.items():
        if parameter.required and name not in values:
            kind = _NAMES.get(parameter.kind, parameter.kind)
            raise UserError(f"--set {name}=VALUE is missing: {kind}, without a default.")
    return values


def _value(name: str, kind: str, text: str) -> Any:
    if kind == "STRING":
        return text
    try:
        value = json.loads(text, parse_constant=_refuse)
    except ValueError:
        value = None
    fits = {
        "NUMBER_INTEGER": isinstance(value, int) and not isinstance(value, bool),
        "NUMBER_DOUBLE": isinstance(value, int | float) and not isinstance(value, bool),
        "BOOLEAN": isinstance(value, bool),
        "LIST": isinstance(value, list),
        "STRUCT": isinstance(value, dict),
    }
    if not fits.get(kind, False):
        raise UserError(f"--set {name}={text}: must be {_NAMES.get(kind, kind)}.")
    return value


def _refuse(constant: str) -> None:
    raise ValueError(constant)
