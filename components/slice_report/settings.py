"""What a person decides about the report, and which run it belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from components.site_evaluator.sufficiency import SampleLimits
from components.slice_report.message_catalogue import Language

_FORBID_UNKNOWN_FIELDS = {"extra": "forbid"}


@dataclass(frozen=True)
class ReportSettings:
    """Words and limits of the report, from the configuration file.

    Attributes:
        title: Heading of the page.
        intended_use: What the model is for: which cases, which users, which decision.
        population: Which patients it is for, a line each.
        not_intended_for: What it must not be used for, a line each.
        owner: Who answers for the model; blank = not stated, as are the lists where they are empty.
        limits: Known limits of the model and of this evaluation, a line each.
        min_positives: With positive cases of fewer patients a rate over them is not shown.
        min_negatives: With negative cases of fewer patients a rate over them is not shown.
        min_cases: With fewer cases no metric of a slice is shown.
        held_out_sites: Sites that training never saw.
        deployment_prevalence: Per class, its share of the cases where the model will be used,
            above 0 and below 1; the report adds PPV and NPV at it.
        suppress_counts_below: Counts of cases from 1 to below this are withheld, with all that
            would give them away; 0 shows every count.
        error_gallery: How many of the most confident errors of each site the page shows, with their
            images: of missed findings and of false alarms so many each. 0 shows none and keeps
            images of patients out of the page.
        language: Of the page: `en` or `zh` (Simplified Chinese).
    """

    title: str
    intended_use: str
    population: tuple[str, ...] = ()
    not_intended_for: tuple[str, ...] = ()
    owner: str = ""
    limits: tuple[str, ...] = ()
    min_positives: int = 10
    min_negatives: int = 10
    min_cases: int = 20
    held_out_sites: tuple[str, ...] = ()
    deployment_prevalence: Mapping[str, float] = field(default_factory=dict)
    suppress_counts_below: int = 0
    error_gallery: int = 0
    language: Language = "en"

    __pydantic_config__: ClassVar[Any] = _FORBID_UNKNOWN_FIELDS

    def __post_init__(self) -> None:
        for name in ("title", "intended_use"):
            if not getattr(self, name).strip():
                raise ValueError(f"{name} must be a text that is not empty")
        if self.error_gallery < 0:
            raise ValueError(f"error_gallery must be at least 0. Received: {self.error_gallery}")
        if self.suppress_counts_below < 0 or self.suppress_counts_below == 1:
            raise ValueError(
                "suppress_counts_below must be 0 (show every count) or at least 2. Received: "
                f"{self.suppress_counts_below}"
            )
        if self.suppress_counts_below and self.error_gallery:
            raise ValueError(
                "error_gallery shows single cases, which suppress_counts_below forbids: leave one "
                "of the two out"
            )
        for name, share in self.deployment_prevalence.items():
            if not 0 < share < 1:
                raise ValueError(
                    f"deployment_prevalence of {name} must lie between 0 and 1. Received: {share}"
                )
        # Checks the three numbers.
        _ = self.sample_limits

    @property
    def sample_limits(self) -> SampleLimits:
        """The fewest cases from which a metric is shown; the gate judges by the same."""
        return SampleLimits(self.min_cases, self.min_positives, self.min_negatives)


@dataclass(frozen=True)
class RunFields:
    """Where the report comes from.

    Attributes:
        pipeline_name: Name of the pipeline.
        data_fingerprint: Digest of the manifest and the images.
        package_version: Version of `micle-tfx`, with its commit where it runs from a checkout.
        configuration_digest: Digest of the configuration that made the run.
        run_id: Of the run that made the report: on Kubeflow its UUID, here the time when it began;
            blank where that is not known. Not a fixed field of a pipeline either.
        created: Date of the report, ISO 8601; blank = the day it is made. Not a fixed field of a
            pipeline, since a new value makes a new report.
        training_digest: Digest of what decides the model; blank of a run of an older version.
        code_digest: Digest of the source files that made the run; blank of an older version.
    """

    pipeline_name: str
    data_fingerprint: str
    package_version: str
    configuration_digest: str
    run_id: str = ""
    created: str = ""
    training_digest: str = ""
    code_digest: str = ""

    __pydantic_config__: ClassVar[Any] = _FORBID_UNKNOWN_FIELDS
