"""The rules a model must meet to be promoted: frozen, checked when they are made."""

import json
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

from pydantic import TypeAdapter, ValidationError

from trainer.errors import UserError

OVERALL_SLICE = "overall"
IN_DISTRIBUTION_SLICE = "in_distribution"
SHIFTED_SLICE = "shifted"
EACH_SITE = "each_site"
SITE_PREFIX = "site="

SLICE_METRICS = ("mean_auc", "accuracy", "balanced_accuracy")
CLASS_METRICS = ("auc", "sensitivity", "specificity", "ppv", "npv")

_FORBID_UNKNOWN_FIELDS = {"extra": "forbid"}


def _check_metric(metric: str) -> None:
    name, _, class_name = metric.partition(":")
    if metric not in SLICE_METRICS and not (name in CLASS_METRICS and class_name):
        raise ValueError(
            f"metric must be one of {', '.join(SLICE_METRICS)}, or NAME:CLASS with a NAME of "
            f"{', '.join(CLASS_METRICS)}. Received: {metric}"
        )


def _check_slice(slice_name: str) -> None:
    named = (OVERALL_SLICE, IN_DISTRIBUTION_SLICE, SHIFTED_SLICE, EACH_SITE)
    is_site = slice_name.startswith(SITE_PREFIX) and slice_name != SITE_PREFIX
    if slice_name not in named and not is_site:
        raise ValueError(
            f"slice must be one of {', '.join(named)}, or site=NAME. Received: {slice_name}"
        )


@dataclass(frozen=True)
class MinimumRule:
    """A metric must reach a bound.

    Attributes:
        metric: `mean_auc`, `accuracy`, `balanced_accuracy`, or of one class `sensitivity:edema`
            (also `auc`, `specificity`, `ppv`, `npv`).
        bound: Least acceptable value.
        slice: `overall`, `in_distribution`, `shifted`, `each_site`, or `site=NAME`.
        use: What must reach the bound: the lower end of the 95% interval, or the value.
    """

    metric: str
    bound: float
    slice: str = OVERALL_SLICE
    use: Literal["lower", "value"] = "lower"

    __pydantic_config__: ClassVar[Any] = _FORBID_UNKNOWN_FIELDS

    def __post_init__(self) -> None:
        _check_metric(self.metric)
        _check_slice(self.slice)


@dataclass(frozen=True)
class ShiftGapRule:
    """No held-out site may fall too far behind the sites seen in training.

    Attributes:
        metric: As in `MinimumRule`.
        bound: Largest acceptable difference, in distribution minus the worst held-out site.
        use: What must stay within the bound: the upper end of the 95% interval, or the value.
    """

    metric: str
    bound: float
    use: Literal["upper", "value"] = "upper"

    __pydantic_config__: ClassVar[Any] = _FORBID_UNKNOWN_FIELDS

    def __post_init__(self) -> None:
        _check_metric(self.metric)


@dataclass(frozen=True)
class BaselineRule:
    """The model must be better than another one on the same cases.

    Attributes:
        metric: As in `MinimumRule`.
        slice: As in `MinimumRule`.
        margin: The lower end of the 95% interval of the paired difference must be above this;
            below 0 for "not much worse".
    """

    metric: str
    slice: str = OVERALL_SLICE
    margin: float = 0.0

    __pydantic_config__: ClassVar[Any] = _FORBID_UNKNOWN_FIELDS

    def __post_init__(self) -> None:
        _check_metric(self.metric)
        _check_slice(self.slice)


@dataclass(frozen=True)
class GateRules:
    """All rules; what is None or empty is not asked.

    Attributes:
        minimum: Metrics that must reach a bound.
        max_shift_gap: How far held-out sites may fall behind.
        beats_baseline: The comparison with the baseline model.
        max_calibration_error: Largest expected calibration error, in distribution.
        minimum_cases: A slice with fewer cases is too sparse to be judged.
        max_quarantined_fraction: Largest share of images left out at ingestion.
        max_schema_anomalies: Most features that may deviate from the data schema.
    """

    minimum: tuple[MinimumRule, ...] = ()
    max_shift_gap: ShiftGapRule | None = None
    beats_baseline: BaselineRule | None = None
    max_calibration_error: float | None = None
    minimum_cases: int = 20
    max_quarantined_fraction: float | None = None
    max_schema_anomalies: int | None = None

    __pydantic_config__: ClassVar[Any] = _FORBID_UNKNOWN_FIELDS

    def __post_init__(self) -> None:
        if self.minimum_cases < 1:
            raise ValueError(f"minimum_cases must be at least 1. Received: {self.minimum_cases}")


def to_json(rules: GateRules) -> str:
    """Serialises rules; the same rules give the same text."""
    return json.dumps(asdict(rules), sort_keys=True)


def from_json(text: str) -> GateRules:
    """Reads what `to_json` wrote.

    Raises:
        UserError: A rule is malformed.
    """
    try:
        return TypeAdapter(GateRules).validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UserError(f"Gate rules: {where}: {first['msg']}") from error
