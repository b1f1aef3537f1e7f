"""The steps that a start of a study goes through: pretrainings, and encoders that are there."""

from collections.abc import Collection
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator
from pydantic_core import InitErrorDetails

from pipeline.configuration import Configuration, PretrainingStep, with_preset
from pipeline.yaml_files import matching
from trainer.settings import FineTuneSettings


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SupervisedStep(_Section):
    """One pretraining on labelled natural images; it starts from random weights.

    Attributes:
        data: Always the natural images.
        method: Always `supervised`.
        training: Epochs, batch, learning rate and the rest, as of a fine-tuning.
    """

    data: Literal["natural"] = "natural"
    method: Literal["supervised"]
    training: FineTuneSettings = FineTuneSettings()

    _expand = field_validator("training", mode="before")(with_preset)


class ReadyEncoder(_Section):
    """An encoder that is there: published weights, or another study's. Nothing is trained.

    Attributes:
        method: Always `ready`.
        encoder: Its folder, as `micle import-encoder` and `micle study` leave it.
        cluster_encoder: URI at which a cluster finds the same.
    """

    method: Literal["ready"]
    encoder: str
    cluster_encoder: (
        Annotated[str, matching(r"(gs|s3|minio)://.+", "a gs://, s3:// or minio:// URI")] | None
    ) = None


Step = PretrainingStep | SupervisedStep | ReadyEncoder

_KINDS: dict[str, type[Step]] = {
    "simclr": PretrainingStep,
    "micle": PretrainingStep,
    "supervised": SupervisedStep,
    "ready": ReadyEncoder,
}
_METHODS = "'simclr', 'micle', 'supervised' or 'ready'"


def steps_of_base(base: Configuration, own: Collection[str]) -> dict[str, Step]:
    """Returns the pretraining steps of a base, each by its name `METHOD-DATA`.

    Args:
        base: The configuration.
        own: Names of steps that a study has in place of them.

    Raises:
        ValueError: Two of them have one name, and the study does not say which it means.
    """
    known: dict[str, Step] = {}
    for step in base.pretraining:
        name = f"{step.method}-{step.data}"
        if name in known and name not in own:
            raise ValueError(
                f"base: two of its pretraining steps would be known as {name}. Say in steps.{name} "
                "what it is to be"
            )
        known[name] = step
    return known


def made_steps(values: dict[Any, Any]) -> dict[Any, Step]:
    """Makes each step of its own kind, so that its mistakes are told as of that kind.

    Raises:
        ValidationError: With all mistakes of all steps, each under its step's name.
    """
    made: dict[Any, Step] = {}
    errors: list[InitErrorDetails] = []
    for name, step in values.items():
        try:
            made[name] = _made(step)
        except ValidationError as error:
            errors.extend(
                InitErrorDetails(
                    type=mistake["type"],
                    loc=(name, *mistake["loc"]),
                    input=mistake["input"],
                    ctx=mistake.get("ctx", {}),
                )
                for mistake in error.errors()
            )
    if errors:
        raise ValidationError.from_exception_data("steps", errors)
    return made


def _made(step: Any) -> Step:
    if not isinstance(step, dict):
        return PretrainingStep.model_validate(step)
    method = step.get("method")
    if not isinstance(method, str) or method not in _KINDS:
        expected = {"expected": _METHODS}
        mistake = InitErrorDetails(
            type="literal_error", loc=("method",), input=method, ctx=expected
        )
        raise ValidationError.from_exception_data("step", [mistake])
    return _KINDS[method].model_validate(step)


def what_decides(step: Step) -> str:
    """Returns what the encoder of a step depends on, beside the steps before it and the seed."""
    no_part: dict[str, Any] = {
        "cluster_encoder": True,
        "watch": True,
        "training": {"checkpoint_seconds"},
    }
    if step.method != "micle":
        no_part["pairs"] = True
    return step.model_dump_json(exclude=no_part)
