"""The rules a model must meet to be promoted: frozen, checked when they are made."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

from pydantic import TypeAdapter, ValidationError

from trainer.errors import UserError

OVERALL_SLICE = "overall"
IN_DISTRIBUTION_SLICE = "in_distribution"
SHIFTED_SLICE = "shifted"
EACH_SITE = "each_site"
WORST_SITE = "worst_site"
SITE_PREFIX = "site="

# More is better in all of them: calibration error and log loss have no minimum to reach.
# The first two are there for findings too; the last for more than three classes.
SLICE_METRICS = (
    "mean_auc",
    "mean_average_precision",
    "accuracy",
    "balanced_accuracy",
    "top_3_accuracy",
)
CLASS_METRICS = ("auc", "sensitivity", "specificity", "ppv", "npv", "average_precision")
# More is not better above 1, so that a minimum can be asked, and neither a gap nor a comparison.
MINIMUM_CLASS_METRICS = (*CLASS_METRICS, "calibration_slope")

_NAMED_SLICES = (OVERALL_SLICE, IN_DISTRIBUTION_SLICE, SHIFTED_SLICE, EACH_SITE, WORST_SITE)
_FORBID_UNKNOWN_FIELDS = {"extra": "forbid"}


def _check_metric(metric: str, class_metrics: tuple[str, ...] = CLASS_METRICS) -> None:
    name, _, class_name = metric.partition(":")
    if metric not in SLICE_METRICS and not (name in class_metrics and class_name):
        raise ValueError(
            f"metric must be one of {', '.join(SLICE_METRICS)}, or NAME:CLASS with a NAME of "
            f"{', '.join(class_metrics)}. Received: {metric}"
        )


def _check_slice(slice_name: str) -> None:
    is_site = slice_name.startswith(SITE_PREFIX) and slice_name != SITE_PREFIX
    if slice_name not in _NAMED_SLICES and not is_site:
        raise ValueError(
            f"slice must be one of {', '.join(_NAMED_SLICES)}, or site=NAME. Received: {slice_name}"
        )


def _check_bound(name: str, bound: float | None, largest: float = math.inf) -> None:
    if bound is not None and not (math.isfinite(bound) and 0 <= bound <= largest):
        asked = "be 0 or more" if math.isinf(largest) else f"lie between 0 and {largest:g}"
        raise ValueError(f"{name} must {asked}. Received: {bound}")


@dataclass(frozen=True)
class MinimumRule:
    """A metric must reach a bound.

    Attributes:
        metric: One of `SLICE_METRICS`, or of one class `sensitivity:edema` (see
            `MINIMUM_CLASS_METRICS`).
        bound: Least acceptable value.
        slice: `overall`, `in_distribution`, `shifted`, `each_site`, `worst_site` (the site that
            comes out worst), or `site=NAME`.
        use: What must reach the bound: the lower end of the 95% interval, or the value.
    """

    metric: str
    bound: float
    slice: str = OVERALL_SLICE
    use: Literal["lower", "value"] = "lower"

    __pydantic_config__: ClassVar[Any] = _FORBID_UNKNOWN_FIELDS

    def __post_init__(self) -> None:
        _check_metric(self.metric, MINIMUM_CLASS_METRICS)
        _check_slice(self.slice)
        is_slope = self.metric.startswith("calibration_slope:")
        _check_bound("bound", self.bound, math.inf if is_slope else 1)


@dataclass(frozen=True)
class ShiftGapRule:
    """No held-out site may fall too far behind the sites seen in training.

    Attributes:
        metric: As in `MinimumRule`, without the calibration slope.
        bound: Largest acceptable difference, in distribution minus the worst held-out site.
        use: What must stay within the bound: the upper end of the 95% interval, or the value.
    """

    metric: str
    bound: float
    use: Literal["upper", "value"] = "upper"

    __pydantic_config__: ClassVar[Any] = _FORBID_UNKNOWN_FIELDS

    def __post_init__(self) -> None:
        _check_metric(self.metric)
        _check_bound("bound", self.bound, 1)


@dataclass(frozen=True)
class ComparisonRule:
    """The model must hold its own against another one on the same cases.

    The lower end of the 95% interval of the paired difference must be above `margin` for
    `superior`, above minus `margin` for `non_inferior`.

    Attributes:
        against: The `champion` of the registry, or the `baseline` trained beside the model.
        require: What is asked.
        metric: As in `MinimumRule`, without the calibration slope.
        slice: As in `MinimumRule`.
        margin: 0 or more, in units of the metric; `non_inferior` needs one above 0.
    """

    against: Literal["champion", "baseline"]
    require: Literal["superior", "non_inferior"]
    metric: str
    slice: str = OVERALL_SLICE
    margin: float = 0.0

    __pydantic_config__: ClassVar[Any] = _FORBID_UNKNOWN_FIELDS

    def __post_init__(self) -> None:
        _check_metric(self.metric)
        _check_slice(self.slice)
        _check_bound("margin", self.margin, 1)
        if self.require == "non_inferior" and self.margin == 0:
            raise ValueError("margin must be above 0 for non_inferior. Received: 0")


@dataclass(frozen=True)
class CalibrationRule:
    """Probabilities must not be too far from how often what they say is the case.

    Attributes:
        bound: Largest acceptable expected calibration error, by its value, which chance makes
            larger than the true one.
        slice: As in `MinimumRule`.
    """

    bound: float
    slice: str = IN_DISTRIBUTION_SLICE

    __pydantic_config__: ClassVar[Any] = _FORBID_UNKNOWN_FIELDS

    def __post_init__(self) -> None:
        _check_slice(self.slice)
        _check_bound("bound", self.bound, 1)


@dataclass(frozen=True)
class SampleSizeRule:
    """An evaluation must rest on enough cases.

    Attributes:
        count: `cases`, `patients`, or of one class its cases: `positives:edema`, `negatives:edema`.
        bound: Least acceptable number.
        slice: As in `MinimumRule`.
    """

    count: str
    bound: int
    slice: str = OVERALL_SLICE

    __pydantic_config__: ClassVar[Any] = _FORBID_UNKNOWN_FIELDS

    def __post_init__(self) -> None:
        _check_slice(self.slice)
        name, _, class_name = self.count.partition(":")
        of_class = name in ("positives", "negatives") and class_name
        if self.count not in ("cases", "patients") and not of_class:
            raise ValueError(
                "count must be cases, patients, positives:CLASS or negatives:CLASS. "
                f"Received: {self.count}"
            )
        _check_bound("bound", self.bound)


@dataclass(frozen=True)
class DriftRule:
    """The data of a site must not be too far from what training saw; see `SiteDrift`.

    Attributes:
        share: Largest difference of a value's share of views, labels, sexes and other words.
        divergence: Largest Jensen-Shannon divergence of brightness or contrast.
        sites: The `held_out` ones, or `each`: training sites too, each against the others.
    """

    share: float | None = None
    divergence: float | None = None
    sites: Literal["held_out", "each"] = "held_out"

    __pydantic_config__: ClassVar[Any] = _FORBID_UNKNOWN_FIELDS

    def __post_init__(self) -> None:
        if self.share is None and self.divergence is None:
            raise ValueError("share or divergence must be given")
        for name in ("share", "divergence"):
            _check_bound(name, getattr(self, name), 1)


@dataclass(frozen=True)
class SignOff:
    """Persons who must agree before a model that passed is promoted.

    Attributes:
        roles: A signature is needed in each: `clinician`, `safety officer`.
    """

    roles: tuple[str, ...]

    __pydantic_config__: ClassVar[Any] = _FORBID_UNKNOWN_FIELDS

    def __post_init__(self) -> None:
        if not self.roles or not all(role.strip() for role in self.roles):
            raise ValueError(f"roles must be one or more names. Received: {list(self.roles)}")
        if len(set(self.roles)) < len(self.roles):
            raise ValueError(f"roles must differ from each other. Received: {list(self.roles)}")


@dataclass(frozen=True)
class GateRules:
    """All rules; what is None or empty is not asked.

    Attributes:
        minimum: Metrics that must reach a bound.
        max_shift_gap: How far held-out sites may fall behind.
        comparisons: With the champion and with the baseline.
        max_calibration_error: Largest expected calibration error.
        sample_size: How many cases an evaluation must rest on.
        max_quarantined_fraction: Largest share of images left out at ingestion.
        max_schema_anomalies: Most features that may deviate from the data schema.
        max_leaked_cases: Most cases that judge the model although it was trained on nearly the same
            image.
        max_drift: How far the data of a site may be from what training saw.
        max_latency_ms: Longest time to score one case, median, milliseconds.
        max_size_mb: Largest size of the SavedModel, 10^6 bytes.
        max_score_difference: Largest difference between the scores of the model in a process of
            its own and those that were evaluated.
        if_not_judged: What becomes of a rule that no slice has enough cases for, or whose other
            model cannot be compared with.
        sign_off: Persons who must agree.
    """

    minimum: tuple[MinimumRule, ...] = ()
    max_shift_gap: ShiftGapRule | None = None
    comparisons: tuple[ComparisonRule, ...] = ()
    max_calibration_error: CalibrationRule | None = None
    sample_size: tuple[SampleSizeRule, ...] = ()
    max_quarantined_fraction: float | None = None
    max_schema_anomalies: int | None = None
    max_leaked_cases: int | None = None
    max_drift: DriftRule | None = None
    max_latency_ms: float | None = None
    max_size_mb: float | None = None
    max_score_difference: float = 1e-4
    if_not_judged: Literal["fail", "pass"] = "fail"
    sign_off: SignOff | None = None

    __pydantic_config__: ClassVar[Any] = _FORBID_UNKNOWN_FIELDS

    def __post_init__(self) -> None:
        for name in ("max_quarantined_fraction", "max_score_difference"):
            _check_bound(name, getattr(self, name), 1)
        for name in ("max_schema_anomalies", "max_leaked_cases", "max_latency_ms", "max_size_mb"):
            _check_bound(name, getattr(self, name))

    def misfit(self, task: str, classes: Sequence[str]) -> str | None:
        """Returns the first name in a rule that a data set's evaluation does not have, or None.

        Args:
            task: `multi_class` or `multi_label`.
            classes: Of the data set.
        """
        slice_metrics = SLICE_METRICS[: 2 if task == "multi_label" else 4 + (len(classes) > 3)]
        asked = [("minimum", rule.metric) for rule in self.minimum]
        asked += [("comparisons", rule.metric) for rule in self.comparisons]
        if self.max_shift_gap is not None:
            asked.append(("max_shift_gap", self.max_shift_gap.metric))
        for field, metric in asked:
            if ":" not in metric and metric not in slice_metrics:
                return f"{field}: this task has no {metric}; it has {', '.join(slice_metrics)}"
        asked += [("sample_size", rule.count) for rule in self.sample_size]
        for field, name in asked:
            class_name = name.partition(":")[2]
            if class_name and class_name not in classes:
                return f"{field}: {name}: no such class. There are {', '.join(classes)}"
        return None

    def named_sites(self) -> list[str]:
        """Returns the sites that rules name, sorted."""
        slices = [rule.slice for rule in self.minimum]
        slices += [rule.slice for rule in self.comparisons]
        slices += [rule.slice for rule in self.sample_size]
        if self.max_calibration_error is not None:
            slices.append(self.max_calibration_error.slice)
        return sorted({s.removeprefix(SITE_PREFIX) for s in slices if s.startswith(SITE_PREFIX)})


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
