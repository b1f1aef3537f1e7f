"""What each step of a study is made from: tells a result of other settings or data from today's."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.places import Places
from pipeline.study.settings import Study

# A result is the same wherever it is kept. Of the data the steps that read them tell: where an
# image has changed they run anew, and what is made from their new output has another origin.
_NOWHERE = Places("", "", "", {"natural": "", "medical": ""}, "", "")


@dataclass(frozen=True)
class Origin:
    """What a step is made from.

    Attributes:
        settings: Digest of the component and its settings.
        inputs: By key of an input, the step that yields it and the key of its output there.
    """

    settings: str
    inputs: Mapping[str, tuple[str, str]]

    def made_from(self, uris: Mapping[str, str | None]) -> str:
        """Returns the digest of the settings and of the directories of the inputs, by key."""
        return _digest([self.settings, dict(uris)])


def origins_of(study: Study) -> dict[str, Origin]:
    """Returns the origin of every step of a study by its node id."""
    from pipeline.study.graph import build_study_nodes

    return {
        node.id: Origin(
            _digest([type(node).__name__, node.exec_properties]),
            {
                key: (channel.producer_component_id, channel.output_key)
                for key, channel in node.inputs.items()
            },
        )
        for node in build_study_nodes(study, _NOWHERE)
    }


def _digest(values: list[object]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
