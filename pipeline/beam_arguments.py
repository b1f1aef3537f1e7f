"""Arguments of the Beam pipelines, as TFX gets them."""

from collections.abc import Sequence

from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

# TFX takes any image as the answer to where workers get its code; DirectRunner does not look at it.
_HERE = "--sdk_container_image=none"

# A worker imports this before TensorFlow; `trainer/__init__.py` says what it is good for.
_FIRST = "--beam_plugin=trainer"


def beam_arguments(configured: Sequence[str]) -> list[str]:
    """Returns Beam arguments with which workers of DirectRunner start quickly.

    They are processes of this very environment. Without a word on where workers get their code,
    TFX copies its own installation and makes a source package of it for every Beam step, and leaves
    both behind: 2 seconds and 49 MB. And a process that imports TensorFlow before this project
    spends a third of its start on the collection of garbage.

    Args:
        configured: As the configuration gives them; of another runner they are left as they are.
    """
    runner = PipelineOptions(list(configured)).view_as(StandardOptions).runner or "DirectRunner"
    local = [_HERE, _FIRST] if runner.endswith("DirectRunner") else []
    return [*configured, *local]
