"""How a model is checked before its promotion."""

from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class ModelCheckSettings:
    """Settings of the check; the bounds are rules of the gate.

    Attributes:
        cases: Test cases that are scored.
        process_seconds: After so long the process that scores them is given up.
        serving_endpoint: A TensorFlow Serving model to score through as well:
            `http://host:8501/v1/models/NAME`; None = not done.
        serving_directory: The folder from which that server takes this model's versions; the
            candidate is there for the time of the check.
        serving_seconds: After so long without the candidate, the server is given up.
    """

    cases: int = 32
    process_seconds: int = 600
    serving_endpoint: str | None = None
    serving_directory: str | None = None
    serving_seconds: int = 60

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        for name in ("cases", "process_seconds", "serving_seconds"):
            value = getattr(self, name)
            if value < 1:
                raise ValueError(f"{name} must be at least 1. Received: {value}")
        if (self.serving_endpoint is None) != (self.serving_directory is None):
            raise ValueError("serving_endpoint and serving_directory go together")
        endpoint = self.serving_endpoint or "http://"
        if not endpoint.startswith(("http://", "https://")):
            raise ValueError(
                "serving_endpoint must be like http://host:8501/v1/models/NAME. "
                f"Received: {self.serving_endpoint}"
            )
