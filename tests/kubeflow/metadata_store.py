"""What KFP's metadata store makes of an artifact: its promises, and what it loses.

As backend/src/v2/metadata/{converter,client}.go: lists and structs are wrapped, a null is an
error, the type's schema is not given back, and the launcher adds entries of its own.
"""

from typing import Any


class UnsupportedValueError(Exception):
    """`StructValueToMLMDValue` has no case for it."""


class MetadataStore:
    """Artifacts by the number that the store gave them."""

    def __init__(self) -> None:
        self._artifacts: dict[int, dict[str, Any]] = {}

    def record(self, output: str, artifact: dict[str, Any]) -> int:
        """RecordArtifact: keeps an artifact, and returns its number."""
        schema = artifact["type"].get("instanceSchema") or artifact["type"].get("schemaTitle")
        assert schema, f"output {output}: No title specified"
        stored = {name: to_stored(value) for name, value in artifact.get("metadata", {}).items()}
        stored.setdefault("display_name", output)
        stored.setdefault("store_session_info", '{"Provider":"minio","Params":{"fromEnv":"true"}}')
        number = len(self._artifacts) + 1
        self._artifacts[number] = {"uri": artifact["uri"], "metadata": stored}
        return number

    def as_input(self, number: int) -> dict[str, Any]:
        """ToRuntimeArtifact: as a later step receives it."""
        artifact = self._artifacts[number]
        return {
            "name": str(number),
            "uri": artifact["uri"],
            "metadata": artifact["metadata"],
            # "TODO(Bobgy): figure out how to get schema"
            "type": {"instanceSchema": ""},
        }


def to_stored(value: Any) -> Any:
    """There and back: StructValueToMLMDValue, then toRuntimeArtifact."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, list):
        return {"list": value}
    if isinstance(value, dict):
        return {"struct": value}
    if value is None:
        raise UnsupportedValueError("unknown/unsupported value type null")
    return value
