"""What a data set is: where its manifest lies, its task and classes, and how it is split."""

import json
import re
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from components.case_example_gen.external_set import ExternalSet

_FEATURE_NAME = re.compile(r"^[a-z][a-z0-9_]{0,39}$")
_TAKEN = frozenset(
    (
        *(
            "image",
            "case_id",
            "patient_id",
            "site",
            "view",
            "visit",
            "sex",
            "age",
            "age_group",
            "split",
            "text_in_pixels",
        ),
        *("label", "label_weight", "score", "distribution", "image_count"),
    )
)


@dataclass(frozen=True)
class DataSettings:
    """One data set, described by a manifest CSV (docs/data.md).

    Attributes:
        manifest: Path of the CSV; image paths in it are relative to its directory.
        task: `unlabelled` sets serve pretraining only and lie wholly in the training split.
        classes: Class names (multi-class) or finding columns (multi-label); the order of scores.
        case_features: Further columns that describe a case, such as a scanner or a skin type; the
            evaluation has a slice for each of their values.
        label_column: Multi-class: the column with the class name; blank = unlabelled.
        shifted_sites: Sites held out of training, to measure distribution shift.
        external: Other collections that are evaluated only, each as one more held-out site.
        validation_fraction: Share of the other sites' patients.
        test_fraction: Share of the other sites' patients.
        split_seed: Patients are drawn by a hash of this and their identifier, so that a patient
            stays in its split as the data grow.
        max_bad_fraction: Largest share of images that may be quarantined before the run stops.
    """

    manifest: str
    task: Literal["multi_class", "multi_label", "unlabelled"] = "unlabelled"
    classes: tuple[str, ...] = ()
    case_features: tuple[str, ...] = ()
    label_column: str = "label"
    shifted_sites: tuple[str, ...] = ()
    external: tuple[ExternalSet, ...] = ()
    validation_fraction: float = 0.15
    test_fraction: float = 0.2
    split_seed: int = 0
    max_bad_fraction: float = 0.01

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    @property
    def held_out_sites(self) -> tuple[str, ...]:
        """The sites that training never sees: shifted ones and external collections."""
        return (*self.shifted_sites, *(external.name for external in self.external))

    def __post_init__(self) -> None:
        self._check_external()
        if self.task == "unlabelled" and self.classes:
            raise ValueError("classes must be empty for an unlabelled data set")
        smallest = {"unlabelled": 0, "multi_class": 2, "multi_label": 1}[self.task]
        if len(self.classes) < smallest:
            raise ValueError(f"classes must name at least {smallest}. Received: {self.classes}")
        if len(set(self.classes)) != len(self.classes):
            raise ValueError(f"classes must differ from each other. Received: {self.classes}")
        for name in self.case_features:
            if not _FEATURE_NAME.match(name) or name in _TAKEN or name in self.classes:
                raise ValueError(
                    "case_features must be columns in lower-case letters, digits and _, and none "
                    f"that has a meaning already. Received: {name}"
                )
        if len(set(self.case_features)) != len(self.case_features):
            raise ValueError(f"case_features must differ. Received: {self.case_features}")
        for name in ("validation_fraction", "test_fraction", "max_bad_fraction"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must be within 0..1. Received: {getattr(self, name)}")
        if self.validation_fraction + self.test_fraction >= 1:
            raise ValueError("validation_fraction + test_fraction must leave patients to train on")

    def _check_external(self) -> None:
        if self.external and self.task == "unlabelled":
            raise ValueError("external collections are evaluated: they need a labelled task")
        if len(set(self.held_out_sites)) != len(self.held_out_sites):
            raise ValueError(
                "external names and shifted_sites must differ from each other. "
                f"Received: {self.held_out_sites}"
            )
        for external in self.external:
            unknown = sorted(set(external.labels) - set(self.classes))
            if unknown:
                raise ValueError(
                    f"external {external.name}: labels names {', '.join(unknown)}, which is not "
                    f"among the classes {', '.join(self.classes)}"
                )


def read_settings(text: str) -> DataSettings:
    """Reads the settings from the JSON text of `dataclasses.asdict`."""
    values = json.loads(text)
    for name in ("classes", "shifted_sites", "case_features"):
        values[name] = tuple(values[name])
    values["external"] = tuple(ExternalSet(**external) for external in values["external"])
    return DataSettings(**values)
