"""Another collection on which a model is tested as it is, without tuning (paper section 5.3)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

_NAME = re.compile(r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")


@dataclass(frozen=True)
class ExternalSet:
    """A collection whose cases are evaluated only: one more held-out site.

    Attributes:
        name: Stands as the site of all its cases.
        manifest: Path of its CSV.
        labels: By class of the data set that the model learns from, what this collection calls it:
            a column (multi-label) or a name in the label column (multi-class). A class left out is
            unknown here (multi-label); a case of any other label counts as unlabelled
            (multi-class).
        label_column: Multi-class: its column with the class name.
    """

    name: str
    manifest: str
    labels: Mapping[str, str]
    label_column: str = "label"

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise ValueError(
                f"name must be lower-case letters, digits and hyphens. Received: {self.name}"
            )
        if not self.labels:
            raise ValueError("labels must say what the collection calls at least one class")
        if len(set(self.labels.values())) != len(self.labels):
            raise ValueError(f"labels must differ from each other. Received: {dict(self.labels)}")

    def class_of(self, label: str) -> str | None:
        """Returns the class that a name in the label column stands for; None for any other."""
        return next((name for name, theirs in self.labels.items() if theirs == label), None)
