"""Custom TFX components.

The artifact types are attributes of this package, because Kubeflow imports them by their type
name (`components.Encoder`); they load on first use, so that importing the package stays cheap.
"""

from typing import Any

_ARTIFACT_TYPES = (
    "Encoder",
    "IngestionReport",
    "Leakage",
    "ModelCheck",
    "PairStatistics",
    "SliceReport",
    "StudyReport",
)


def __getattr__(name: str) -> Any:
    if name in _ARTIFACT_TYPES:
        from components import artifact_types

        return getattr(artifact_types, name)
    raise AttributeError(f"module 'components' has no attribute '{name}'")
