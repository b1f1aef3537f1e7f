"""The blessing that TFX's standard Pusher obeys."""

from pathlib import Path

from tfx import types
from tfx.components.evaluator import constants


def bless(blessing: types.Artifact, model: types.Artifact, passed: bool) -> None:
    """Marks the blessing as TFX's own Evaluator does: a file, and the property `blessed`."""
    name = constants.BLESSED_FILE_NAME if passed else constants.NOT_BLESSED_FILE_NAME
    value = constants.BLESSED_VALUE if passed else constants.NOT_BLESSED_VALUE
    Path(blessing.uri).mkdir(parents=True, exist_ok=True)
    Path(blessing.uri, name).touch()
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY, value)
    blessing.set_string_custom_property(
        constants.ARTIFACT_PROPERTY_CURRENT_MODEL_URI_KEY, model.uri
    )
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY, model.id)
