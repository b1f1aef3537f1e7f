"""Types of the outputs that a Beam transform has beside its main one."""

import apache_beam as beam
from apache_beam.typehints.native_type_compatibility import convert_to_beam_type


def typed(collection: beam.PCollection, element_type: object) -> beam.PCollection:
    """Gives a tagged output the type of its elements, which Beam takes for `Any`.

    Args:
        collection: That nothing reads yet: who reads it is checked against the type.
        element_type: Such as `int`, `tuple[str, str]`.

    Returns:
        The same collection.
    """
    collection.element_type = convert_to_beam_type(element_type)
    return collection
